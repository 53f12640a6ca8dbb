"""Tests of paths and loops of solutions in floating point."""
