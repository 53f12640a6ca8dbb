"""Lower bounds of ranks at real points: enclosures that hold, minors that are none too large.

`python -m tests.ranks.test_real_minor COUNT SEED` compares more networks with ranks in high
precision, and counts what was found.
"""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress
from fractions import Fraction
from itertools import islice
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

import theorycheck as tc
from tests.ranks.high_precision import ANALYTIC, random_comparisons
from theorycheck.problem.networks.base import Network
from theorycheck.proofs.shared.nonlinear import TRUE, TooFewDigits, jacobian_columns
from theorycheck.ranks.enclosures import BALL_ACTIVATIONS, Balls, Enclosure
from theorycheck.ranks.given_points import given_points
from theorycheck.ranks.given_weights import GivenWeights
from theorycheck.ranks.real_jacobian import RealPoint, enclosed_jacobian
from theorycheck.ranks.real_minor import real_minor, real_point
from theorycheck.ranks.regular import is_regular, regular_minor
from theorycheck.theorems.t11_analytic import THEOREM as T11


def _cdf(z: Any) -> Any:
    return (1 + mpmath.erf(z / mpmath.sqrt(2))) / 2


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + mpmath.exp(-z))


DEFINED = {
    "tanh": mpmath.tanh,
    "sigmoid": _sigmoid,
    "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "silu": lambda z: z * _sigmoid(z),
    "gelu": lambda z: z * _cdf(z),
    "erf": mpmath.erf,
    "sin": mpmath.sin,
    "exp": mpmath.exp,
    "arctan": mpmath.atan,
    "square": lambda z: z * z,
    "cube": lambda z: z**3,
}


def holds(found: Enclosure, true: Any, k: int = 0) -> bool:
    """Whether a number is inside."""
    return abs(mpmath.mpf(float(found.mid[k])) - true) <= mpmath.mpf(float(found.rad[k]))


@pytest.mark.parametrize("name", DEFINED)
@given(
    st.floats(-12, 12, allow_subnormal=False),
    st.sampled_from([0.0, 1e-16, 1e-9, 1e-3]),
    st.floats(-1, 1),
)
def test_values_and_slopes_are_enclosed(name: str, mid: float, rad: float, place: float):
    with mpmath.workdps(250):
        z = mpmath.mpf(mid) + mpmath.mpf(rad) * mpmath.mpf(place)
        value, slope = Enclosure(np.array([mid]), np.array([rad])).activated(name)
        assert holds(value, DEFINED[name](z))
        assert holds(slope, mpmath.diff(DEFINED[name], z))
        if not rad:
            assert value.rad[0] <= 1e-15 * abs(value.mid[0]) + 1e-289


def test_every_activation_is_here():
    assert {*ANALYTIC} - {"linear"} == DEFINED.keys() == BALL_ACTIVATIONS.keys()


def exact(array: np.ndarray) -> np.ndarray:
    found = np.empty(array.shape, dtype=object)
    found[...] = np.vectorize(Fraction, otypes=[object])(array)
    return found


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1e-17, 1e-3, 1.0]))
def test_sums_and_products_are_enclosed(seed: int, radius: float):
    """Of numbers of very different sizes, at points anywhere inside."""
    rng = np.random.default_rng(seed)
    a, b = (rng.normal(size=(3, 3)) * 10.0 ** rng.integers(-12, 12, (3, 3)) for _ in range(2))
    rads = [radius * abs(x) for x in (a, b)]
    one, other = Enclosure(a, rads[0]), Enclosure(b, rads[1])
    x, y = (
        exact(m) + exact(r) * exact(rng.choice([-1.0, 0.5, 1.0], m.shape))
        for m, r in zip((a, b), rads, strict=True)
    )
    for found, true in ((one + other, x + y), (one * other, x * y), (one @ other, x @ y)):
        assert (abs(exact(found.mid) - true) <= exact(found.rad)).all()


def test_what_overflows_is_not_known():
    with np.errstate(all="ignore"):
        huge = Enclosure.exact(np.array([[1e200]]))
        assert not np.isfinite((huge * huge).rad).any()
        assert np.isnan((huge @ huge).activated("tanh")[0].mid).all()


FILTER = {"channels": 2, "kernel": 2, "padding": 1}
NETWORKS: list[Network] = [
    tc.Feedforward([2, 3, 2, 2], activation=["tanh", "erf"], bias=True),
    tc.Feedforward([2, 2, 3, 1], activation=["gelu", "sin"], skip=True, bias=True),
    tc.Feedforward([1, 2, 2, 1], activation=["softplus", "arctan"]),
    tc.Recurrent(2, 2, 2, 3, "all", activation="silu", bias=True),
    tc.Recurrent(1, 3, 1, 2, activation="exp"),
    tc.Convolutional([1, 4], [{**FILTER, "pool": 3}], 2, activation="sigmoid", bias=True),
    tc.Convolutional([2, 2, 2], [{"channels": 1, "kernel": 2, "padding": 1}, {"channels": 1,
                     "kernel": 1}], 1, activation=["cube", "square"]),
]  # fmt: skip


def true_jacobian(network: Network, point: RealPoint, present: Any) -> np.ndarray:
    """In balls, by the loops of the proofs, equations in the order of ranks."""
    samples, inputs = point.inputs.shape[1], point.inputs
    weights = [x for name, mask in present.items() for x in point.weights[name][mask != 0]]
    numbers = iter([*map(float, weights), *map(float, inputs.T.ravel())])
    columns = jacobian_columns(
        network, present, samples, lambda: arb(next(numbers)), lambda name, z: TRUE[name](arb(z))
    )
    shape = samples, network.n_equations(1)
    return np.array([np.array(c).reshape(shape).T.ravel() for c in columns.values()]).T


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.describe())
@pytest.mark.parametrize("kind", [Enclosure, Balls])
def test_true_jacobians_are_enclosed(network: Network, kind: Any):
    allocation = tc.Allocation.full(network)
    point = real_point(allocation, 3, 1, 0)
    present = {name: np.ones(shape, dtype=bool) for name, shape in network.weight_shapes.items()}
    blocks = [(name, np.argwhere(mask)) for name, mask in present.items()]
    with ctx.workprec(400):
        true: Any = true_jacobian(network, point, present)
    with ctx.workprec(100):
        found: Any = enclosed_jacobian(network, point, blocks, kind)
    for place in np.ndindex(*true.shape):
        if kind is Balls:
            assert arb(found.array[place]).overlaps(arb(true[place]))
            continue
        mid, rad = found.mid[place], found.rad[place]
        assert arb(float(mid), float(rad)).overlaps(arb(true[place]))
        assert rad < 1e-9 * max(1, abs(mid))


@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_singular_matrices_are_not_taken_for_regular(seed: int, n: int):
    """With any radius around matrices of integers, whose rank is exact, that reaches them."""
    rng = np.random.default_rng(seed)
    rank = int(rng.integers(0, n))
    true: Any = rng.integers(-9, 10, (n, rank)) @ rng.integers(-9, 10, (rank, n))
    scale = 2.0 ** rng.integers(-300, 300, n)
    radius = 2.0 ** -int(rng.integers(0, 60))
    mid = true + radius * rng.uniform(-1, 1, (n, n))
    rad: Any = np.maximum(radius, abs(mid) * 2.0**-52)
    assert not is_regular(mid * scale, rad * scale)
    assert regular_minor(mid * scale, rad * scale, rank + 1) is None


def comparisons(seed: int) -> Any:
    """Lower bounds, true ranks and what the oracle says of random networks of mixed families."""
    for one in random_comparisons(seed, per_network=2):
        sizes = [one.true, one.true + 1]
        found = [
            real_minor(one.allocation, one.samples, size, seed=seed)
            for size in sizes
            if size <= one.oracle
        ]
        yield one, found


def test_minors_are_as_large_as_true_ranks_and_no_larger():
    seen: Counter[str] = Counter()
    for one, (found, *larger) in islice(comparisons(3), 60):
        seen["found"] += found is not None
        assert not any(larger), one
        if found is not None:
            assert len({*found.rows}) == len({*found.columns}) == one.true
            assert max((*found.columns, 0)) < max(one.allocation.n_learnable, 1)
    assert seen["found"] > 55


def frozen(allocation, given):
    """The values that are given, at frozen entries."""
    found = {name: np.where(allocation.mask(name), np.nan, given[name]) for name in given}
    return GivenWeights(found)


def test_values_that_are_related_show_no_larger_rank():
    """Frozen rows (1, 0), (0, 1), (1, 1) of tanh: t3 + t1 t2 t3 = t1 + t2, one cubic less."""
    network = tc.Feedforward([2, 3, 20, 1], activation=["tanh", "cube"], bias=True)
    given = {name: np.zeros(shape) for name, shape in network.weight_shapes.items()}
    rng = np.random.default_rng(0)
    given["W1"][:] = [[1, 0], [0, 1], [1, 1]]
    given["W2"], given["b2"] = rng.normal(size=(20, 3)), rng.normal(size=20)
    allocation = tc.Allocation(network, {"W3": np.ones((1, 20))})
    assert real_minor(allocation, 20, 20, weights=frozen(allocation, given)) is None
    assert real_minor(allocation, 20, 19, weights=frozen(allocation, given)) is not None
    given["W1"][2] = [1, 2]  # t3 (1 + t2^2 + 2 t1 t2) = t1 (1 + t2^2) + 2 t2
    assert real_minor(allocation, 20, 20, weights=frozen(allocation, given)) is None
    given["W1"][2] = [1, 1.375]  # relations are of higher degree
    assert real_minor(allocation, 20, 20, weights=frozen(allocation, given)) is not None


@pytest.mark.parametrize(("row", "rank"), [([0.5], 1), ([0.25], 2)])
def test_exponentials_of_equal_rows_are_multiples_of_each_other(row: list[float], rank: int):
    network = tc.Feedforward([1, 2, 1], activation="exp", bias=True)
    given = {name: np.ones(shape) for name, shape in network.weight_shapes.items()}
    given["W1"][:] = [[0.5], row]
    allocation = tc.Allocation(network, {"b1": [1, 1]})
    found = [
        real_minor(allocation, 3, size, weights=frozen(allocation, given)) is not None
        for size in (1, 2)
    ]
    assert found == [True, rank == 2]


def test_given_inputs_are_taken_as_they_are():
    """Two samples that are opposite: an odd network without biases moves both alike."""
    network = tc.Feedforward([2, 3, 1], activation="erf")
    allocation = tc.Allocation.full(network)
    for data, rank in (([[1, 2], [-1, -2]], 1), ([[1, 2], [-1, -2.5]], 2), ([[3, 3], [3, 3]], 1)):
        points = given_points(network, 2, data)
        sizes = [
            size for size in (1, 2) if real_minor(allocation, 2, size, given=points) is not None
        ]
        assert max(sizes) == rank


def test_a_few_of_very_many_columns_are_enough():
    network = tc.Feedforward([300, 40, 2], activation="tanh", bias=True)
    minor = real_minor(tc.Allocation.full(network), 30, 60)
    assert minor is not None
    assert len({*minor.rows}) == len({*minor.columns}) == 60


@pytest.mark.parametrize("seed", range(3))
def test_t11_real_points_decide_what_independence_leaves_open(seed: int):
    """Against ranks in high precision: mixed families, and recurrent ones that read no inputs."""
    seen: Counter[str] = Counter()
    for one in islice(random_comparisons(seed + 10, per_network=3, names=("tanh", "erf")), 40):
        if one.is_exact:
            continue
        verdict = tc.classify(one.allocation, one.samples, theorems=[T11])
        seen[str(verdict.expressivity)] += 1
        full = tc.Allocation.full(one.allocation.network, one.allocation.given_present())
        if verdict.certificate is not None and verdict.certificate.kind.startswith("real"):
            assert tc.check(verdict.certificate)
        if str(verdict.expressivity) == "positive":
            assert one.true == verdict.target_dimension
        assert full.n_present == one.allocation.n_present
    assert seen["undecided"] * 5 <= sum(seen.values())


def main(count: int, seed: int) -> int:
    """Print what was found; the status is 1 if a lower bound is larger than the true rank."""
    seen: Counter[str] = Counter()
    source = comparisons(seed)
    while seen["compared"] < count:
        with suppress(TooFewDigits):
            one, (found, *larger) = next(source)
            seen["compared"] += 1
            seen["lower bound is the true rank"] += found is not None
            seen["true rank below the oracle's"] += one.true < one.oracle
            seen["not known to be exact"] += not one.is_exact
            seen["of these lower = oracle"] += (
                not one.is_exact and found is not None and one.true == one.oracle
            )
            if any(larger):
                seen["WRONG"] += 1
                print("WRONG", one, larger)
    for name, number in sorted(seen.items()):
        print(f"{number:8d} {name}")
    return int(seen["WRONG"] > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
