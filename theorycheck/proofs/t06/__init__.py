"""What the steps of T6 check: bounds on degrees."""
