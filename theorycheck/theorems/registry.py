"""All theorems, the cheapest first; `asking` takes counts and graphs of all before ranks."""

from __future__ import annotations

from . import (
    t00_monotonicity,
    t01_positivity,
    t02_dichotomy,
    t03_rows,
    t04_one_layer,
    t05_recurrent,
    t06_odd_degree,
    t07_witness,
    t09_peeling,
    t10_shallow_relu,
    t11_analytic,
    t12_readout,
    t13_staged_plans,
    t14_levels,
    t15_graded_points,
    t16_deep_levels,
    t18_given_inputs,
    t19_parametrised,
)
from .base import Theorem

THEOREMS: tuple[Theorem, ...] = (
    t03_rows.THEOREM,
    t04_one_layer.THEOREM,
    t05_recurrent.THEOREM,
    t09_peeling.THEOREM,
    t13_staged_plans.THEOREM,
    t14_levels.THEOREM,
    t16_deep_levels.THEOREM,
    t00_monotonicity.THEOREM,
    t02_dichotomy.THEOREM,
    t18_given_inputs.THEOREM,
    t12_readout.THEOREM,
    t15_graded_points.THEOREM,
    t06_odd_degree.THEOREM,
    t07_witness.THEOREM,
    t01_positivity.THEOREM,
    t10_shallow_relu.THEOREM,
    t11_analytic.THEOREM,
    t19_parametrised.THEOREM,
)
