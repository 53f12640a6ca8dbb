"""The linear systems of T16 for three layers of 2-2-2-2, once more and in plain integers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..shared import exhaustive
from ..shared.polynomial_systems import PRIME
from ..t14.orders import Row, solve

Masks = NDArray[np.bool_]  # (3, 2, 2): of W1, W2, W3


@dataclass(frozen=True)
class Chains:
    """What is asked: `regular` infinite columns, and `room` for finite ones."""

    regular: bool = True
    room: bool = True


class Chain:
    """y = C (A + U) (B + V) at random data; one functional z is to be 0 on C."""

    def __init__(self, masks: Masks, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.v, self.u, self.w = masks
        self.b, self.a, self.c, self.y = (
            rng.integers(1, PRIME, (2, 2)).astype(object) for _ in range(4)
        )
        self.z: Row = rng.integers(1, PRIME, 2).tolist()
        self.other: Row = rng.integers(1, PRIME, 2).tolist()
        self.p: Row = []  # E C

    def build(self, units: tuple[int, ...], columns: tuple[int | None, ...], room: bool) -> bool:
        """z, C, then levels of one row: units of level 1 become 0, finite columns of level 0 or 1.

        Without `room` z is 0 on the first finite column alone.
        """
        finite = [t for t in range(2) if columns[t] is not None]
        if room or finite:
            asked = [self.y[:, t].tolist() for t in (finite if room else finite[:1])]
            z, rank = solve(asked, [0] * len(asked), self.z)
            if z is None or rank < len(asked) or not any(z):
                return False
            self.z = z
        for j in range(2):
            if not self._behind(j):
                return False
        self.p = [sum(self.other[i] * self.c[i, j] for i in range(2)) % PRIME for j in range(2)]
        if not self._upper(units, columns):
            return False
        return all(self._column(t, units, columns[t]) for t in range(2))

    def _behind(self, j: int) -> bool:
        """Column j of C: z is 0 on it."""
        entries = [i for i in range(2) if self.w[i, j]]
        made = sum(self.z[i] * self.c[i, j] for i in range(2) if i not in entries)
        values, rank = solve([[self.z[i] for i in entries]], [-made % PRIME],
                             [self.c[i, j] for i in entries])  # fmt: skip
        if values is None or not rank:
            return False
        for i, value in zip(entries, values, strict=True):
            self.c[i, j] = value
        return True

    def _upper(self, units: tuple[int, ...], columns: tuple[int | None, ...]) -> bool:
        """In A: units of level 1 are 0 under E C, finite columns of level 1 are met."""
        places = [(i, k) for k in range(2) for i in range(2) if self.u[i, k]]
        rows, right = [], []
        wanted = [([int(k == unit) for k in range(2)], 0) for unit in range(2) if units[unit]]
        for t in (t for t in range(2) if columns[t] == 1):
            wanted.append((self.b[:, t].tolist(), self._target(t)))
        for factors, value in wanted:
            rows.append([self.p[i] * factors[k] % PRIME for i, k in places])
            made = sum(self.p[i] * self.a[i, k] * factors[k] for i in range(2) for k in range(2)
                       if (i, k) not in places)  # fmt: skip
            right.append((value - made) % PRIME)
        values, rank = solve(rows, right, [self.a[place] for place in places])
        if values is None or rank < len(rows):
            return False
        for place, value in zip(places, values, strict=True):
            self.a[place] = value
        return True

    def _target(self, t: int) -> int:
        return sum(self.other[i] * self.y[i, t] for i in range(2)) % PRIME

    def _column(self, t: int, units: tuple[int, ...], level: int | None) -> bool:
        """B: a finite column of level 0 is met, an infinite one becomes a kernel vector."""
        own = [k for k in range(2) if self.v[k, t]]
        through = [sum(self.p[i] * self.a[i, k] for i in range(2)) % PRIME for k in range(2)]
        if level == 1:
            return True
        if level == 0:
            made = sum(through[k] * self.b[k, t] for k in range(2) if k not in own)
            wanted, needed, start = self._target(t) - made, 1, [self.b[k, t] for k in own]
        else:
            self.b[:, t], wanted, start = 0, 0, [1 + k for k in range(len(own))]
            needed = int(any(not units[k] for k in own))
        values, rank = solve([[through[k] for k in own]], [wanted % PRIME], start)
        if values is None or rank < needed:
            return False
        for k, value in zip(own, values, strict=True):
            self.b[k, t] = value
        return True

    def rank(self) -> int:
        """That of the derivatives of C A B by all learnables."""
        columns: list[Row] = []
        eye = np.eye(2, dtype=int)
        parts: list[tuple[Any, Any, Masks]] = [
            (self.c @ self.a, eye, self.v), (self.c, self.b, self.u), (eye, self.a @ self.b, self.w)
        ]  # fmt: skip
        for left, right, mask in parts:
            for i, j in np.argwhere(mask):
                columns.append((np.outer(left[:, i], right[j]).ravel() % PRIME).tolist())
        return solve(columns, [0] * len(columns), [0] * 4)[1]


def works(chains: Chains, masks: Masks) -> bool:
    """Whether some levels work for the last layer behind the first two."""
    units = product(*(range(1 + masks[1][:, k].any()) for k in range(2)))
    for levels, columns in product(units, product((None, 0, 1), repeat=2)):
        finite = sum(level is not None for level in columns)
        if chains.room and finite > 1:
            continue
        chain = Chain(masks)
        if chain.build(levels, columns, chains.room) and (
            finite == 2 or not chains.regular or chain.rank() == 4
        ):
            return True
    return False


def only_of_full_rank(chains: Chains) -> Iterator[str | None]:
    """Allocations of 2-2-2-2 with four or five learnables on which levels work have rank 4.

    With as many learnables as equations none do: each infinite column may be scaled.
    """
    (network,) = (
        net for net in exhaustive.feedforward_networks((2,), (3,), 12) if net.n_weights == 12
    )
    names = list(network.weight_shapes)
    for size in (4, 5):
        found = [mask for mask in exhaustive.all_masks(12, size)
                 if works(chains, mask.reshape(3, 2, 2))]  # fmt: skip
        if not found:
            continue
        masks = np.array(found)
        ranks = exhaustive.ranks(network, 2, names, masks)
        wrong = (ranks < 4) | (size == 4)
        yield from exhaustive.outcomes(wrong, network, 2, names, masks)
