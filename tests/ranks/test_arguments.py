"""Equal and opposite pre-activations by structure, against their residues modulo two primes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import theorycheck as tc
from tests.ranks.high_precision import ANALYTIC, random_network, random_present
from theorycheck.problem.networks.activations import ACTIVATIONS
from theorycheck.ranks import arguments, oracle
from theorycheck.ranks.arguments import arguments_of, has_formal_arguments
from theorycheck.ranks.given_points import GivenPoints, given_points


def random_points(rng: np.random.Generator, m: int, width: int) -> NDArray[np.float64]:
    """Points with duplicates, antipodes, multiples, sums and zeros, or none of them."""
    points = rng.integers(-2, 3, (m, width)) / 2
    kind = rng.integers(5)
    if kind == 0:
        points = rng.normal(size=(m, width))
    elif kind == 1:
        points = np.concatenate([points[:1], -points[:1], 2 * points[:1], points])[:m]
    elif kind == 2:
        some = rng.normal(size=(1 + m // 3, width))
        points = np.concatenate([some, -some, some, some + some[::-1]])[:m]
    elif kind == 3:
        points[rng.random(m) < 0.4] = 0
    return points[rng.permutation(len(points))]


def residues_of(allocation: tc.Allocation, m: int, given: GivenPoints | None) -> dict[int, Any]:
    """The pre-activations modulo two primes, by level, where residues tell which are equal."""
    found: dict[int, Any] = {}
    activated = oracle._Evaluation.activated

    def recorded(self: Any, number: int, level: Any, z: list[Any]) -> Any:
        found[number] = np.array(z)
        return activated(self, number, level, z)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oracle._Evaluation, "activated", recorded)
        patch.setattr(oracle, "has_formal_arguments", lambda network: False)
        oracle.oracle_point(allocation, m, 0, 0, given=given)
    return found


def differences(allocation: tc.Allocation, m: int, given: GivenPoints | None) -> int:
    """Pairs of pre-activations of a group that numbers and residues compare in different ways."""
    found, count = arguments_of(allocation, m, given), 0
    levels = allocation.network.unrolled.levels
    groups: dict[Any, list[int]] = {}
    residues = residues_of(allocation, m, given)
    for number in residues:
        groups.setdefault(levels[number].group, []).append(number)
    for group, numbers in groups.items():
        named = np.concatenate([found.of_units(k, group) for k in numbers], axis=1)
        z = np.concatenate([residues[k] for k in numbers], axis=2)
        is_zero = np.asarray(~z.any(axis=0))
        count += int((is_zero != (named == 0)).sum())
        for unit in range(len(named)):
            for sign in (1, -1):
                same = (z[:, unit, :, None] == sign * z[:, unit, None, :]).all(axis=0)
                count += int((same != (named[unit, :, None] == sign * named[unit])).sum())
        # Different units have different sums, but for 0.
        for sign in (1, -1):
            one, other = z[:, :, :, None, None], sign * z[:, None, None, :, :]
            across = (one == other).all(axis=0) & ~is_zero[:, :, None, None]
            units = range(len(named))
            count += sum(int(across[i, :, j].sum()) for i in units for j in units if i != j)
    return count


def cases(seed: int, count: int) -> Any:
    rng = np.random.default_rng(seed)
    while count:
        network = random_network(rng, ANALYTIC)
        if not has_formal_arguments(network):
            continue
        allocation = tc.Allocation(network, {}, random_present(rng, network))
        m, given = int(rng.integers(1, 8)), None
        if rng.random() < 0.7:
            points = random_points(rng, m, network.inputs * network.steps)
            given = given_points(network, m, points)
        count -= 1
        yield allocation, m, given


def test_numbers_are_equal_where_residues_are():
    seen: Counter[str] = Counter()
    for allocation, m, given in cases(0, 400):
        assert differences(allocation, m, given) == 0, allocation
        found = arguments_of(allocation, m, given).numbers.values()
        numbers = np.concatenate([part.ravel() for part in found])
        seen["zero"] += bool((numbers == 0).any())
        seen["opposite"] += bool((numbers < 0).any())
        seen["recurrent"] += allocation.network.is_recurrent
        seen["given"] += given is not None
    assert min(seen.values()) > 20, seen


def signed(activation: str, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    return numbers


def unsigned(activation: str, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.abs(numbers)


def always_0_at_0(activation: str, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    return numbers * (1 if ACTIVATIONS[activation].is_odd else 2**20)


@pytest.mark.parametrize("wrong", [signed, unsigned, always_0_at_0])
def test_wrong_structures_are_caught(monkeypatch: Any, wrong: Any):
    monkeypatch.setattr(arguments, "_values", wrong)
    assert any(differences(*case) for case in cases(1, 200))


def test_recurrent_values_that_hold_weights_are_left_to_residues():
    for name in ANALYTIC:
        network = tc.Recurrent(1, 2, 1, 3, activation=name, bias=True)
        free = {"tanh", "sigmoid", "erf", "sin", "exp", "arctan"}
        assert has_formal_arguments(network) == (name in free)
