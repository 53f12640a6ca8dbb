"""What the steps of several proofs are made of; no proof is here, and nothing that decides."""
