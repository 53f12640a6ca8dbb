"""Bounds of the entries of an oracle's Jacobian against the polynomials that they are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sympy import ZZ
from sympy.polys.fields import field

import theorycheck as tc
from tests.ranks.high_precision import ANALYTIC
from theorycheck.problem.networks.activations import ACTIVATIONS
from theorycheck.problem.networks.base import Network
from theorycheck.proofs.shared.nonlinear import jacobian_columns
from theorycheck.ranks.sizes import Size, collision_sizes, entry_size

_, *SYMBOLS = field([f"x{k}" for k in range(40)], ZZ)


def entries(network: Network, samples: int = 1) -> Iterator[Any]:
    """The entries of the Jacobian of one sample, freed of the divisors of its units."""
    fresh = iter(SYMBOLS)
    divisors: list[Any] = []

    def activate(name: str, z: Any) -> tuple[Any, Any]:
        row = ACTIVATIONS[name]
        variables = [next(fresh) for _ in range(row.n_variables)]
        if name == "sin":
            divisors.append(1 + variables[0] ** 2)
        if name == "arctan":
            divisors.append(1 + z**2)
        return row.oracle(z, *variables)  # type: ignore[misc]

    present = {name: np.ones(shape, bool) for name, shape in network.weight_shapes.items()}
    columns = jacobian_columns(network, present, samples, lambda: next(fresh), activate)
    product = math.prod(divisors, start=SYMBOLS[0] ** 0)
    for column in columns.values():
        for entry in column:
            yield product * entry


def sizes(polynomial: Any) -> tuple[int, float]:
    """Degree and log2 of the norm; the divisors have cancelled."""
    assert polynomial.denom.is_ground
    assert abs(polynomial.denom.coeff(1)) == 1
    terms = polynomial.numer.terms()
    norm = sum(abs(int(coefficient)) for _, coefficient in terms)
    return max((sum(powers) for powers, _ in terms), default=0), math.log2(norm) if norm else 0.0


def networks(name: str) -> Iterator[Network]:
    """Small ones of all kinds, with `name` in one layer at least."""
    for bias in (False, True):
        yield tc.Feedforward([1, 1, 1], activation=name, bias=bias)
        yield tc.Feedforward([2, 2, 1], activation=name, bias=bias)
        yield tc.Recurrent(1, 1, 1, 2, activation=name, bias=bias)
    yield tc.Feedforward([1, 1, 1, 1], activation=name)
    yield tc.Feedforward([1, 1, 1, 1], activation=["tanh", name])
    yield tc.Feedforward([1, 2, 1, 1], activation=[name, "tanh"])
    yield tc.Feedforward([1, 1, 1, 1], activation=[name, "square"])
    yield tc.Feedforward([1, 1, 1, 1, 1], activation=[name, "linear", "softplus"])
    if name != "arctan":  # its divisors make large polynomials
        yield tc.Recurrent(1, 2, 1, 2, "all", activation=name)


def largest(network: Network) -> tuple[int, float]:
    """The largest degree and norm of an entry."""
    degrees, norms = zip(*map(sizes, entries(network)), strict=True)
    return max(degrees), max(norms)


@pytest.mark.parametrize("name", ANALYTIC)
def test_sizes_bound_the_entries_and_degrees_are_reached(name: str):
    reached, unknown = [], 0
    for network in networks(name):
        if network.is_linear:
            continue
        bound = entry_size(network)
        if math.isinf(bound.degree):
            unknown += 1
            assert "sin" in network.activations
            assert math.isinf(bound.log_norm)
            continue
        degree, log_norm = largest(network)
        assert degree <= bound.degree, network
        assert log_norm <= bound.log_norm + 1e-9, network
        reached.append(degree == bound.degree)
    assert unknown == (1 if name == "sin" else 0)
    assert len(reached) >= 3
    if name not in ("sin", "arctan"):  # there divisors are multiplied that an entry does not need
        assert all(reached)


def arguments(network: Network, samples: int) -> list[list[Any]]:
    """The arguments of the activations with free variables, level by level, of all samples."""
    fresh, found = iter(SYMBOLS), []

    def activate(name: str, z: Any) -> tuple[Any, Any]:
        row = ACTIVATIONS[name]
        if row.n_variables:
            found.append(z)
        return row.oracle(z, *[next(fresh) for _ in range(row.n_variables)])  # type: ignore[misc]

    present = {name: np.ones(shape, bool) for name, shape in network.weight_shapes.items()}
    jacobian_columns(network, present, samples, lambda: next(fresh), activate)
    sizes_of_levels = [
        level.size
        for level in network.unrolled.levels
        if level.terms and ACTIVATIONS[level.activation].n_variables
    ]
    of_samples = np.array(found, dtype=object).reshape(samples, -1)
    ends = np.cumsum([0, *sizes_of_levels])
    return [of_samples[:, a:b].ravel().tolist() for a, b in pairwise(ends)]


@pytest.mark.parametrize("name", ANALYTIC)
def test_differences_of_arguments_are_no_larger_than_their_bounds(name: str):
    compared = 0
    for network in networks(name):
        if network.is_linear or max(network.widths) > 2 or math.isinf(entry_size(network).degree):
            continue
        before: list[Any] = []
        bounds = list(collision_sizes(network))
        for (units, bound), level in zip(bounds, arguments(network, 2), strict=True):
            assert len(level) == 2 * units
            before += level
            for one in level:
                for difference in [one - other for other in before] + [one + z for z in before]:
                    degree, log_norm = sizes(difference.numer / SYMBOLS[0] ** 0)
                    assert degree <= bound.degree
                    assert log_norm <= bound.log_norm + 1e-9
                    compared += 1
    assert compared > 20


def test_sizes_of_expressions():
    """Against polynomials with as many terms as there can be: no coefficient cancels."""
    x, y, z = SYMBOLS[:3]
    one = Size(1, 0.0)
    for expression in (
        lambda a, b, c: a * b + c,
        lambda a, b, c: (a + b) * (b + c + 1) * 3,
        lambda a, b, c: 1 + a * a * a + 2 * b,
        lambda a, b, c: (a + 1) * (a + 1) * (c + 5),
    ):
        size = expression(one, one, one)
        assert sizes(expression(x, y, z)) == (size.degree, pytest.approx(size.log_norm))
    assert entry_size(tc.Feedforward([2, 3, 1], activation="tanh")).degree == 4
