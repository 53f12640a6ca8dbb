"""Constructions: proofs of maximality executed on one teacher, which gives a student's weights."""
