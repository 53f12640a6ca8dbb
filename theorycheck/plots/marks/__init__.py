"""What a certificate says, drawn into the masks: one drawing for each kind."""
