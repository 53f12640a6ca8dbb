"""Matches of students over budget: some learnables get random values, until the rest is square.

All solutions of the square rest are followed (homotopy); a real one is a match. That there is none
says nothing, for other values may have one: so several values are tried, and several rests.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from ..computing.arrays import Array, on_host
from ..computing.deadline import Deadline
from ..errors import OutOfTimeError
from ..numeric.instances import Instance
from ..problem.allocation import Allocation
from .homotopy import Start, decide, find_start
from .least_squares import MATCH
from .trials import LinearTrials

Entries: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]
_PARTS = 3  # square parts at most
_VALUES = 12  # of the other learnables, for each part


@dataclass(frozen=True)
class SquarePart:
    """As many learnables as independent equations; the `others` are given random values."""

    trials: LinearTrials
    start: Start
    others: Entries


def square_parts(
    trials: LinearTrials, rank: int, seed: int, *, most: int, deadline: Deadline
) -> list[SquarePart]:
    """Some square parts of full rank whose solutions, `most` at most, could all be counted.

    `rank` is that of the equations in all learnables. What the deadline cuts is left out.
    """
    rng = trials.generator(seed, 15)
    found: dict[Entries, SquarePart] = {}
    try:
        for number in range(_PARTS):
            basis = _random_basis(trials, rank, rng)
            if basis in found:
                continue
            part = _with_learnables(trials, basis)
            start = find_start(part, seed + number, most=most, deadline=deadline)
            if start is not None:
                others = tuple(entry for entry in trials.entries if entry not in set(basis))
                found[basis] = SquarePart(part, start, others)
    except OutOfTimeError:
        pass
    return list(found.values())


def matched(
    parts: list[SquarePart], instances: Instance, rng: np.random.Generator, deadline: Deadline
) -> Array:
    """Which instances a part matches with some random values of its other learnables."""
    answer = np.zeros(len(instances), dtype=bool)
    for _ in range(_VALUES):
        for number, part in enumerate(parts):
            left = np.flatnonzero(~answer)
            if not len(left) or deadline.has_passed:
                return answer
            chosen = instances.take(part.trials.xp.asarray(left))
            some = _with_random(chosen, part.others, rng)
            seed = [*rng.integers(2**31, size=2).tolist(), number]
            answer[left] = decide(part.trials, part.start, some, seed) == MATCH
    return answer


def _with_random(instances: Instance, entries: Entries, rng: np.random.Generator) -> Instance:
    weights = {name: value.copy() for name, value in instances.weights.items()}
    for name, index in entries:
        weights[name][(slice(None), *index)] = rng.standard_normal(len(instances))
    return replace(instances, weights=weights)


def _random_basis(trials: LinearTrials, rank: int, rng: np.random.Generator) -> Entries:
    """Learnables whose columns of the Jacobian are independent at a random point."""
    from scipy.linalg import qr

    theta = rng.standard_normal((1, len(trials.entries)))
    _, jacobian = trials.equations().residual(theta, trials.draw(rng, 1).instance)
    # Pivoting takes the longest columns first: random lengths make it take others each time.
    lengths = np.exp(on_host(rng.standard_normal(len(trials.entries))))
    found = on_host(jacobian[0])
    columns = found / np.linalg.norm(found, axis=0).clip(1e-300) * lengths
    _, pivots = qr(columns, mode="r", pivoting=True)  # type: ignore[misc]
    return tuple(trials.entries[k] for k in sorted(int(k) for k in pivots[:rank]))


def _with_learnables(trials: LinearTrials, entries: Entries) -> LinearTrials:
    return LinearTrials(replace(trials.source, allocation=_learning(trials, entries)), trials.xp)


def _learning(trials: LinearTrials, entries: Entries) -> Allocation:
    whole = trials.source.allocation
    shapes = whole.network.weight_shapes
    masks = {name: np.zeros(shapes[name], dtype=bool) for name, _ in entries}
    for name, index in entries:
        masks[name][index] = True
    return Allocation(whole.network, masks, whole.given_present())
