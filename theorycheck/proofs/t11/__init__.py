"""What the steps of T11 check: the oracle, its ranks and true ones."""
