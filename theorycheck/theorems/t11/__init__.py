"""The parts of T11."""
