"""Exact generic ranks of networks, modulo random primes at random points."""
