"""What the steps of T10 check: activation patterns and matches of shallow ReLU networks."""
