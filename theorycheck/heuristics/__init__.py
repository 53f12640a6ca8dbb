"""Estimates of the match probability where no theorem tells it: heuristic, they never decide."""
