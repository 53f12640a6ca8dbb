"""What the readout decides in nonlinear networks (T12): one rule, one module."""
