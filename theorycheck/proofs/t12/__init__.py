"""What the proof of T12 checks by machine."""
