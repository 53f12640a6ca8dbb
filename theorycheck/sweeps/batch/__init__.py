"""Decisions about many allocations of one network at once."""
