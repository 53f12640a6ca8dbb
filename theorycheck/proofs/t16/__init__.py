"""What the steps of T16 check."""
