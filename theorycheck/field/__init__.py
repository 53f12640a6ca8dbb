"""Arithmetic and elimination modulo a prime; nothing here knows a network."""
