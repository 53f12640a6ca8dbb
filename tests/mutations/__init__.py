"""Certificates changed at random or forged on purpose, and an oracle that knows what is true.

python -m tests.mutations --count 20000 prints, for every kind, how many are accepted and true.
"""
