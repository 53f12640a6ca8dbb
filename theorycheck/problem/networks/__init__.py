"""Network architectures, one file for each family, and the one way to unroll them."""
