"""Given inputs on which the oracle is claimed to be right, against ranks in high precision.

`python -m tests.ranks.test_given_exactness COUNT SEED` compares more masks, and prints what was
seen.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx

import theorycheck as tc
from tests.ranks.high_precision import random_entries
from tests.ranks.test_arguments import random_points
from theorycheck.problem.networks.base import Network
from theorycheck.proofs.shared.nonlinear import (
    TRUE,
    Columns,
    TooFewDigits,
    jacobian_columns,
    proved_rank,
)
from theorycheck.ranks import given_exactness
from theorycheck.ranks.bases import masks_with
from theorycheck.ranks.exactness import why_not_exact
from theorycheck.ranks.generic_rank import generic_rank
from theorycheck.ranks.given_exactness import find_separation
from theorycheck.ranks.given_points import GivenPoints, given_points

BITS = 1200
EXPONENTIAL = ("tanh", "sigmoid", "sin", "exp", "silu", "softplus")


def columns_at(network: Network, present: Any, given: GivenPoints, seed: int, bits: int) -> Columns:
    """The true Jacobian on given inputs, at random weights."""
    rng, n_present = np.random.default_rng(seed), sum(int(m.sum()) for m in present.values())
    with ctx.workprec(bits):
        drawn = [arb(float(rng.uniform(-0.5, 0.5))) for _ in range(n_present)]
        inputs = [arb(value) for point in given.points for value in point]
        numbers = iter([*drawn, *inputs])  # in this order they are asked for
        activate = lambda name, z: TRUE[name](arb(z))  # noqa: E731
        samples = len(given.points)
        return jacobian_columns(network, present, samples, lambda: next(numbers), activate)


def random_network(rng: np.random.Generator, names: Sequence[str]) -> Network:
    bias = bool(rng.integers(2))
    if rng.random() < 0.35:
        inputs, hidden, outputs, steps = (int(rng.integers(1, most + 1)) for most in (2, 3, 2, 3))
        readout: Any = rng.choice(["final", "all"])
        name = str(rng.choice(names))
        return tc.Recurrent(inputs, hidden, outputs, steps, readout, activation=name, bias=bias)
    depth = int(rng.integers(2, 4))
    widths = rng.integers(1, 4, depth + 1).tolist()
    return tc.Feedforward(widths, activation=rng.choice(names, depth - 1).tolist(), bias=bias)


def comparisons(seed: int, names: Sequence[str], only_claimed: bool = True) -> Iterator[Any]:
    """Endless: oracle and true rank of masks on given data, and what is claimed."""
    rng = np.random.default_rng(seed)
    while True:
        network = random_network(rng, names)
        density = rng.choice([1.0, 1.0, 0.8, 0.5])
        present = {n: rng.random(s) < density for n, s in network.weight_shapes.items()}
        entries = [(n, i) for n, mask in present.items() for i in np.ndindex(*mask.shape)
                   if mask[i]]  # fmt: skip
        if not entries:
            continue
        m = int(rng.integers(1, min(len(entries) // network.n_equations(1) + 2, 7)))
        data = random_points(rng, m, network.inputs * network.steps)
        m = len(data)
        given = given_points(network, m, data)
        empty = tc.Allocation(network, {}, present)
        why, separation = why_not_exact(empty, given), find_separation(empty, given)
        if only_claimed and why is not None:
            continue
        with suppress(TooFewDigits):
            columns = columns_at(network, present, given, int(rng.integers(2**31)), BITS)
            for _ in range(8):
                chosen = random_entries(rng, entries)
                allocation = tc.Allocation(network, masks_with(network, chosen), present)
                upper = min(len(chosen), network.n_equations(m))
                oracle = generic_rank(allocation, m, upper=upper, given=given).value
                true = proved_rank([columns[entry] for entry in chosen], BITS)
                for again in range(4 if true < oracle else 0):
                    other = columns_at(network, present, given, again, 4 * BITS)
                    true = max(true, proved_rank([other[one] for one in chosen], 4 * BITS))
                yield allocation, given, oracle, true, why, separation, upper


def counts(total: int, seed: int, names: Sequence[str]) -> Counter[str]:
    seen: Counter[str] = Counter()
    for one in comparisons(seed, names):
        allocation, given, oracle, true, _, separation, upper = one
        assert oracle == true, (allocation, given.points)
        seen["masks"] += 1
        seen["deficient"] += oracle < upper
        seen["by forms"] += bool(separation.forms)
        seen["recurrent"] += allocation.network.is_recurrent
        distinct = {tuple(point) for point in given.points}
        seen["duplicates"] += len(distinct) < len(given.points)
        opposite = {tuple(-x for x in point) for point in distinct}
        seen["antipodes"] += bool(distinct & opposite)
        if seen["masks"] == total:
            break
    return seen


@pytest.mark.parametrize("names", [("tanh",), ("sigmoid",), ("tanh", "sigmoid")])
def test_t11_ranks_on_given_data_are_true_where_it_is_claimed(names: tuple[str, ...]):
    seen = counts(160, len(names[0]), names)
    assert min(seen[key] for key in ("deficient", "by forms", "recurrent", "duplicates")) >= 8, seen


@pytest.mark.long
def test_t11_ranks_on_given_data_of_the_whole_family_are_true_where_it_is_claimed():
    seen = counts(700, 5, EXPONENTIAL)
    assert min(seen.values()) > 15, seen


def claimed(network: Network, points: Any, present: Any = None) -> bool:
    empty = tc.Allocation(network, {}, present or {})
    return find_separation(empty, given_points(network, len(points), points)).why is None


def test_duplicates_count_as_often_as_they_occur():
    """D_c is 2 d times the number of samples at a point: 5 x_1 = x_2 is short for three."""
    network = tc.Feedforward([1, 1, 1], activation="tanh")
    assert claimed(network, [[1], [5]])
    assert claimed(network, [[1], [1], [5]])
    assert not claimed(network, [[1], [1], [1], [5]])
    assert not claimed(network, [[1], [2]])
    assert not claimed(tc.Feedforward([1, 1, 2], activation="tanh"), [[1], [4]])
    assert claimed(tc.Feedforward([1, 1, 2], activation="tanh"), [[1], [5]])
    every = tc.Recurrent(1, 1, 1, 3, "all", activation="tanh")
    assert not claimed(every, [[6, 0, 0], [1, 0, 0]])
    assert claimed(every, [[7, 0, 0], [1, 0, 0]])


@pytest.mark.parametrize(
    ("name", "bias", "points", "expected"),
    [
        ("sigmoid", False, [[1], [-1], [100]], True),
        ("sigmoid", False, [[1], [-1], [100], [-100]], False),
        ("sigmoid", False, [[1], [-1], [0]], False),
        ("tanh", False, [[1], [-1], [100], [-100], [0]], True),
        ("tanh", True, [[1], [-1], [100]], True),
        ("sigmoid", True, [[1], [-1], [100], [-90]], True),  # with biases points like others
        ("tanh", True, [[1], [-1], [0]], False),
        ("sin", False, [[1], [-1]], True),
        ("sin", False, [[1], [2]], False),
    ],
)
def test_antipodes_may_occur_once(name: str, bias: bool, points: Any, expected: bool):
    network = tc.Feedforward([1, 2, 2, 1], bias, activation=name)
    assert claimed(network, points) == expected


def test_units_behind_the_first_must_tell_samples_apart():
    """Of two first units one sees the first input, the other the second: sums on a grid depend."""
    network = tc.Feedforward([2, 2, 1, 1], activation="tanh")
    grid = [[1, 1], [1, 100], [100, 1], [100, 100]]
    present = {"W1": np.eye(2, dtype=bool)}
    assert not claimed(network, grid, present)
    assert claimed(network, grid[:3], present)
    reason = find_separation(tc.Allocation(network, {}, present), GivenPoints(grid)).why
    assert reason is not None
    assert "behind the first ones" in reason


@pytest.mark.parametrize("what", ["antipodes as often as they like", "no rank of the others"])
def test_planted_faults_are_caught(monkeypatch: pytest.MonkeyPatch, what: str):
    """Claims that sums are independent which are not: the arguments of a deep unit are related."""
    grid = [[1], [-1], [100], [-100]]
    network = tc.Feedforward([1, 1, 1, 1], activation="sigmoid")
    assert not claimed(network, grid)
    wrong = {
        "antipodes as often as they like": ("_atoms", lambda row, name: row),
        "no rank of the others": ("_rank", lambda columns, unit: columns.shape[1]),
    }[what]
    monkeypatch.setattr(given_exactness, *wrong)
    assert claimed(network, grid)
    w, v = 0.3, 0.7  # the sums of the second unit at x and -x are v together, for every x
    sums = [v / (1 + np.exp(-w * x)) for (x,) in grid]
    assert sums[0] + sums[1] == pytest.approx(sums[2] + sums[3])


if __name__ == "__main__":
    for key, value in counts(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split(",")).items():
        print(f"{value:8d} {key}")
