"""Measurements that know no theorem: batched fits of random draws, on NumPy or CuPy arrays."""
