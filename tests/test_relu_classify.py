"""`classify` of shallow ReLU networks: against floats, measurements, known counts and itself."""

import json
import math
from dataclasses import replace
from fractions import Fraction
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.strategies import allocations, seeds
from theorycheck.analysis import Analysis
from theorycheck.comparison import judge
from theorycheck.errors import SizeError
from theorycheck.exact.relu_patterns import PatternList, relevant_units
from theorycheck.exact.relu_search import ReluSearch
from theorycheck.masks import cells_of
from theorycheck.strategies import relu_networks
from theorycheck.theorems import t10_shallow_relu
from theorycheck.theorems.relu_closed_forms import one_sample, regular_match_probability

RELU = tc.ShallowReLU
networks = relu_networks(bias=None)
problems = st.tuples(allocations(networks), st.integers(1, 4))
ORDER = {"minimal": 0, "positive": 1, "intermediate": 1, "maximal": 2}


def classified(allocation, m, **options) -> tc.Verdict:
    return tc.classify(allocation, m, cross_check=True, **options)


def drawn(allocation, m, rng, count):
    """Weights (absent ones 0) and inputs of `count` draws, of any order of magnitude."""
    shapes = allocation.network.weight_shapes
    weights = {
        name: rng.normal(size=(count, *shape))
        * np.exp(rng.normal(size=(count, *shape)))
        * allocation.present_mask(name)
        for name, shape in shapes.items()
    }
    return weights, rng.normal(size=(count, allocation.network.inputs, m))


def jacobians(allocation, weights, inputs, which):
    """By central differences, written without the library's formulas."""

    def answers(values):
        before = values["W1"] @ inputs
        if "b1" in values:
            before = before + values["b1"][..., None]
        result = values["W2"] @ np.maximum(before, 0)
        return result + values["b2"][..., None] if "b2" in values else result

    columns = []
    for name, index in cells_of(dict(allocation.masks(which))):
        step = np.zeros((1, *weights[name].shape[1:]))
        step[0, *index] = 1e-6
        up, down = (answers({**weights, name: weights[name] + s * step}) for s in (1, -1))
        columns.append(((up - down) / 2e-6).reshape(len(inputs), -1))
    shape = (len(inputs), allocation.network.outputs * inputs.shape[-1], 0)
    return np.stack(columns, axis=-1) if columns else np.zeros(shape)


def largest_rank(allocation, m, which, seed=0, count=400) -> int:
    """The largest rank over random points, by singular values well apart from rounding."""
    weights, inputs = drawn(allocation, m, np.random.default_rng(seed), count)
    values = jacobians(allocation, weights, inputs, which)
    if not values.size:
        return 0
    sizes = np.linalg.svd(values, compute_uv=False)
    return int((sizes > 1e-5 * sizes[:, :1].clip(1e-9)).sum(axis=1).max())


@settings(max_examples=120)
@given(problems)
def test_t10_agrees_with_ranks_in_floating_point(problem):
    allocation, m = problem
    verdict, full = classified(allocation, m), allocation.network.outputs * m
    found = largest_rank(allocation, m, "learnable")
    if verdict.expressivity == "minimal":
        assert found < full
    elif verdict.expressivity == "undecided":
        assert largest_rank(allocation, m, "present") < full
    if found == full:
        assert verdict.expressivity in ("positive", "intermediate", "maximal")
