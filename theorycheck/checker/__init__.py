"""The checks behind `checker.check`, by family: counts and graphs, ranks."""
