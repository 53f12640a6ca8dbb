"""Floating-point arithmetic on batches: forward passes, path tracking, monodromy. No theorems."""
