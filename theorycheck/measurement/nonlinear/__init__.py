"""Measurements of nonlinear networks: a search in floats, and proofs in ball arithmetic."""
