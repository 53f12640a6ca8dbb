"""What the steps of T4 check: rules of one layer against ranks."""
