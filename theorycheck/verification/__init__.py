"""Property-based verification: every statement as properties that random cases may refute."""
