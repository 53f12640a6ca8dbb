"""Pictures: masks with their certificates, networks, match probabilities, sweeps."""
