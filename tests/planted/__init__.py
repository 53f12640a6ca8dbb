"""Planted wrong theorems: `verify` must find a counterexample to each."""
