"""Bases of the Jacobian's columns: which weights to learn, by an explicit order of preference.

An *entry* is one weight: its matrix's name and its index, `("W1", (0, 3))`. Generic independence of
the entries' columns dY/dw is a matroid, so the greedy choice along any order is a basis, and the
order expresses the preference: the basis is the lexicographically first one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike

from ..computing.arrays import Array
from ..computing.deadline import NEVER, Deadline
from ..errors import InputError, SizeError, shown
from ..field.elimination import Elimination
from ..problem.allocation import Allocation
from ..problem.masks import Entry, Mask
from ..problem.networks.base import Network, positive_integer
from .generic_rank import BLOCK, Given, jacobian_of_trial, required_bytes
from .given_weights import GivenWeights
from .jacobian import Jacobian
from .oracle_jacobian import OracleJacobian


def greedy_basis(
    network: Network,
    present: Mapping[str, ArrayLike] | None,
    samples: int,
    entries_in_order: Sequence[Entry],
    seed: int = 0,
    *,
    most: int | None = None,
    trial: int = 0,
    memory_limit: int = 8 * 2**30,
    xp: ModuleType = np,
    given: Given | None = None,
    deadline: Deadline = NEVER,
    frozen: GivenWeights | None = None,
) -> list[Entry]:
    """The lexicographically first basis of the span of `entries_in_order`, in that order.

    One trial, at the random point modulo a random prime that (`seed`, `trial`) fix, decides. That
    the entries returned are independent is proved by the trial's minor; that no entry could be
    added (and that the basis is the first one) is only as sure as the trial, whose failure
    `ranks.generic_rank.trial_error` bounds. The search ends early with `most` entries, an upper
    bound on the rank if one is known. With `given` inputs `samples` is their rank.
    `frozen` weights that are given are not random.

    Raises `InputError` for networks that are not analytic and for absent or unknown entries,
    `SizeError` if the trial needs more than `memory_limit` bytes, `OutOfTimeError` after the
    deadline.

    >>> from theorycheck import LinearFeedforward
    >>> order = [("W2", (0, 0)), ("W1", (0, 0)), ("W1", (1, 0))]
    >>> greedy_basis(LinearFeedforward([1, 2, 1]), None, 1, order)
    [('W2', (0, 0))]
    """
    if not network.is_analytic:
        raise InputError(f"bases are those of analytic networks, not of a {network.describe()}")
    samples = positive_integer(samples, "samples")
    empty = Allocation.none(network, present)
    _check_entries(empty, entries_in_order)
    needed = required_bytes(empty, samples, len(entries_in_order))
    if needed > memory_limit:
        gib = f"{needed / 2**30:.3g} GiB, more than the limit of {memory_limit / 2**30:.3g} GiB"
        raise SizeError(f"a basis among {len(entries_in_order)} weights needs about {gib}")
    prime, source = jacobian_of_trial(empty, samples, seed, trial, xp, given, deadline, frozen)
    return first_basis(source, prime, entries_in_order, most, xp, deadline)


def first_basis(
    source: Jacobian | OracleJacobian,
    prime: int,
    entries_in_order: Sequence[Entry],
    most: int | None = None,
    xp: ModuleType = np,
    deadline: Deadline = NEVER,
) -> list[Entry]:
    """The lexicographically first basis of the columns of a Jacobian modulo a prime."""
    elimination = Elimination(source.n_equations, prime, xp, deadline)
    limit = source.n_equations if most is None else min(most, source.n_equations)
    for start in range(0, len(entries_in_order), BLOCK):
        if elimination.rank >= limit:
            break
        block = entries_in_order[start : start + BLOCK]
        elimination.extend(_columns(source, block, xp))
    return [entries_in_order[column] for column in elimination.pivot_columns[:limit]]


def _columns(source: Jacobian | OracleJacobian, block: Sequence[Entry], xp: ModuleType) -> Array:
    """The Jacobian's columns of entries of any weights, in their order, (equations, entries)."""
    positions: dict[str, list[int]] = {}
    for position, (name, _) in enumerate(block):
        positions.setdefault(name, []).append(position)
    columns = xp.empty((source.n_equations, len(block)))
    for name, own in positions.items():
        columns[:, xp.asarray(own)] = source.columns(name, np.array([block[i][1] for i in own]))
    return columns


def _check_entries(empty: Allocation, entries: Iterable[Entry]) -> None:
    shapes = empty.network.weight_shapes
    for name, index in entries:
        shape = shapes.get(name, ())
        inside = len(index) == len(shape) and all(
            0 <= i < size for i, size in zip(index, shape, strict=True)
        )
        if not inside or not empty.present_mask(name)[index]:
            raise InputError(f"{shown((name, index))} is not a present weight of the network")


def masks_with(network: Network, entries: Iterable[Entry]) -> dict[str, Mask]:
    """Masks with only `entries` set, for the weights that have some; the inverse of `entries_of`.

    >>> from theorycheck import LinearFeedforward
    >>> masks_with(LinearFeedforward([2, 1]), [("W1", (0, 1))])
    {'W1': array([[False,  True]])}
    """
    by_name: dict[str, list[tuple[int, ...]]] = {}
    for name, index in entries:
        by_name.setdefault(name, []).append(index)
    masks = {name: np.zeros(network.weight_shapes[name], dtype=bool) for name in by_name}
    for name, indices in by_name.items():
        masks[name][tuple(np.array(indices).T)] = True
    return masks
