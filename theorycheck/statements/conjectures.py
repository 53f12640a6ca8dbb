"""Conjectures: tested and not proved, so that they never decide a verdict."""

from .base import Statement

STATEMENTS = (
    Statement(
        "C1",
        "Input weights of long recurrent networks",
        "conjecture: with many steps any d m_e input weights are maximal",
        "Dense linear recurrent network read at the end, N >= d and T >= max(d, m_e): every "
        "allocation of d m_e input weights is maximal.",
        "c01_input_weights",
    ),
    Statement(
        "C2",
        "Recurrent weights of long recurrent networks",
        "conjecture: with many steps recurrent weights have rank min(r, d m)",
        "Dense linear recurrent network read at the end, n_in >= m, N >= max(d, m), "
        "T >= 1 + max(d, m), learnables in the recurrent weights only: rank(A) = min(r, d m).",
        "c02_recurrent_weights",
    ),
)
