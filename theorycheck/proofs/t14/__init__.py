"""What the steps of the proof of T14 check."""
