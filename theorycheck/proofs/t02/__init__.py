"""What the steps of T2 check: paths of the unrolled network, listed one by one."""
