"""All masks of a network up to symmetry, and random ones."""
