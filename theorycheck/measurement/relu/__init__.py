"""Whether shallow ReLU networks can match given outputs, with proofs in floats and rationals."""
