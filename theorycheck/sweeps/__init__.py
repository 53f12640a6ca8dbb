"""Sweeps: many allocations of one network, classified, stored and resumed."""
