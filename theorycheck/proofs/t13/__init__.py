"""What the steps of the proof of T13 check."""
