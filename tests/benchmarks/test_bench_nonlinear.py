"""Generic ranks of nonlinear networks beside singular values of the same Jacobian in floats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.benchmarks.convention import Reference, measure, note
from theorycheck.measurement.nonlinear.passes import NonlinearEquations
from theorycheck.numeric.instances import Instance
from theorycheck.problem.masks import entries_of
from theorycheck.ranks.generic_rank import GenericRank, generic_rank
from theorycheck.ranks.piecewise_search import PiecewiseSearch

pytestmark = pytest.mark.benchmark(group="Ranks of nonlinear networks")

MEMORY = 8 * 2**30


def spread(widths: list[int], activation: str, budget: int) -> tc.Allocation:
    network = tc.Feedforward(widths, activation=activation, bias=True)
    return tc.Allocation.spread(network, budget, np.random.default_rng(0))


def plastic(hidden: int, steps: int) -> tc.Allocation:
    """A recurrent network with 3 % of all connections, of which one in twenty is learnable."""
    rng = np.random.default_rng(0)
    network = tc.Recurrent(inputs=3, hidden=hidden, outputs=3, steps=steps, activation="tanh")
    present = {"recurrent": rng.random((hidden, hidden)) < 0.03}
    budget = int(present["recurrent"].sum()) // 20
    return tc.Allocation.random(network, budget, rng, within=present, present=present)


def rank_in_floats(allocation: tc.Allocation, samples: int) -> int:
    """The rank at a Gaussian point, by singular values; weights keep the size of what they read."""
    rng, network = np.random.default_rng(1), allocation.network
    weights = {}
    for name, shape in network.weight_shapes.items():
        present = allocation.present_mask(name)
        reads = max(float(present.sum(axis=1).mean()), 1.0) if len(shape) > 1 else 1.0
        weights[name] = (rng.normal(size=shape) * present / math.sqrt(reads))[None]
    shape = (network.inputs, samples)
    inputs = rng.normal(size=(1, network.steps, *shape) if network.is_recurrent else (1, *shape))
    entries = entries_of({name: allocation.mask(name) for name in allocation.counts})
    equations = NonlinearEquations(network, samples, entries)
    theta = np.array([[weights[name][0][index] for name, index in entries]])
    _, jacobian = equations.residual(theta, Instance(weights, inputs, np.zeros((1, 1))))
    return int(np.linalg.matrix_rank(jacobian[0]))


def rank_modulo(allocation: tc.Allocation, samples: int) -> GenericRank:
    """The exact rank, at points modulo primes."""
    upper = min(allocation.n_learnable, allocation.network.n_equations(samples))
    return generic_rank(allocation, samples, upper=upper)


def floats(allocation: tc.Allocation, samples: int) -> Reference:
    name = "numpy, singular values of the Jacobian at one point in float64"
    return Reference(name, lambda: rank_in_floats(allocation, samples))


def rank_beside_floats(benchmark: Any, case: str, allocation: tc.Allocation, samples: int) -> int:
    """The exact rank, timed beside that in floating point, with which it must agree."""
    own, other = measure(
        benchmark,
        case,
        lambda: rank_modulo(allocation, samples),
        floats(allocation, samples),
        rounds=5,
    )
    assert own.value == other
    return own.value


CASES = {
    "tanh 784-256-128-10 with biases, 100 samples, 2,000 learnables spread": (
        ([784, 256, 128, 10], "tanh", 2000),
        100,
    ),
    "softplus 64-64-64-8 with biases, 60 samples, 700 learnables spread": (
        ([64, 64, 64, 8], "softplus", 700),
        60,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_rank_of_a_deep_analytic_network(benchmark: Any, case: str):
    sizes, samples = CASES[case]
    if benchmark.disabled:
        sizes, samples = ([20, 12, 12, 3], sizes[1], 80), 20
    allocation = spread(*sizes)
    rank = rank_beside_floats(benchmark, case, allocation, samples)
    note(benchmark, f"rank {rank:,} of {allocation.network.n_equations(samples):,} equations")


def test_rank_of_a_recurrent_network_with_few_plastic_synapses(benchmark: Any):
    hidden, steps, samples = (40, 4, 10) if benchmark.disabled else (281, 10, 50)
    allocation = plastic(hidden, steps)
    case = f"tanh recurrent, {hidden} units, 1 synapse in 20 learnable, 10 steps, 50 samples"
    rank = rank_beside_floats(benchmark, case, allocation, samples)
    note(benchmark, f"rank {rank} of {allocation.n_learnable} learnables")


def test_rank_of_a_deep_relu_network_in_its_best_pattern(benchmark: Any):
    widths, samples, budget = [64, 64, 64, 8], 60, 700
    if benchmark.disabled:
        widths, samples, budget = [12, 12, 12, 3], 20, 90
    allocation = spread(widths, "relu", budget)

    def search() -> int:
        point = PiecewiseSearch(allocation, samples, 0, MEMORY).point
        return 0 if point is None else point.rank

    case = "relu 64-64-64-8 with biases, 60 samples, 700 learnables spread, a pattern of full rank"
    own, other = measure(benchmark, case, search, floats(allocation, samples), rounds=5)
    assert own == allocation.network.n_equations(samples)
    assert other <= own  # at one point, whose pattern need not be the best
    note(benchmark, f"rank {own:,}; at the point of the reference {other:,}")
