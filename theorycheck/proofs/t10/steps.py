"""Steps of the proof of T10 about outputs that are bounded, or fit all values."""

from __future__ import annotations

from fractions import Fraction

from ..base import ProofStep
from .outputs import (
    any_unit,
    bounded,
    interpolated,
    lone_unit,
    missed,
    no_unit_on_both_sides,
    rich_units,
    turned_output,
    turned_units,
    turned_weight,
    turning,
    two_sample_formula,
    two_sample_means,
    with_learnable_bias,
)
from .probabilities import rank_two_probability

OUTPUT_STEPS = (
    ProofStep(
        "an output without a unit on both sides stays above its frozen bias",
        bounded,
        no_unit_on_both_sides,
        {
            "units on both sides do no harm": lambda masks: ~masks["b2"],
            "neither does a learnable bias": lambda masks: no_unit_on_both_sides(
                {**masks, "b2": masks["b2"] & False}
            ),
        },
        "every allocation of (2, 2, 1), (1, 2, 2), (1, 3, 1) with biases",
    ),
    ProofStep(
        "a lone unit on both sides leaves the output above its bias on one of |L| + 1 samples",
        missed,
        lone_unit,
        {"several units on both sides": any_unit, "its bias learnable": with_learnable_bias},
        "every allocation of (2, 2, 1), (1, 2, 2), (1, 3, 1) with biases",
    ),
    ProofStep(
        "changing the signs of an output's weights turns it and keeps the Jacobian's rank",
        turning,
        turned_output,
        {
            "the signs of the units' weights": turned_units,
            "the sign of one weight to the output": turned_weight,
        },
    ),
    ProofStep(
        "m units of m learnable inputs, or m - 1 and a bias, fit an output",
        interpolated,
        rich_units,
        {
            "m - 1 units are enough": lambda masks, m: rich_units(masks, m, fewer=1),
            "m - 1 learnable inputs are enough": lambda masks, m: rich_units(masks, m, m - 1),
        },
        "every allocation of (2, 2, 1), (1, 2, 2) with biases, m = 1, 2, among others",
    ),
    ProofStep(
        "(2, n, 1), m = 2, s learnables of W_2: MP_reg in closed form, integrated exactly",
        two_sample_means,
        two_sample_formula,
        {
            "independent of the teacher": lambda n, s: Fraction(str(rank_two_probability(s))),
            "all of W_2": lambda n, s: two_sample_formula(n, n),
        },
        "n up to 5",
    ),
)
