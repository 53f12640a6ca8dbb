"""The oracle of T11 in plain Python, modulo one large prime, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, combinations
from random import Random
from typing import Any, TypeAlias

import numpy as np
from flint import nmod, nmod_mat

from ...problem.masks import Mask
from ...problem.networks.activations import ACTIVATIONS
from ...problem.networks.base import Network
from ..shared.nonlinear import Columns, Number, jacobian_columns, proved_rank, true_columns

PRIME = 2**61 - 1  # leaves 3 when divided by 4: no 1 + z^2 is divisible by it
Entry: TypeAlias = tuple[str, tuple[int, ...]]


@dataclass
class Oracle:
    """Values and slopes by free variables, new ones for each argument that is new up to sign.

    Wrong ones: `same` takes all arguments for one, `fresh` takes equal ones for different ones,
    with `zero` 0 is an argument like any other; `slopes` are in place of the right ones.
    """

    seed: int
    same: bool = False
    fresh: bool = False
    zero: bool = False
    slopes: Mapping[str, Callable[..., Number]] = field(default_factory=dict)
    arguments: list[int] = field(default_factory=list)
    _seen: dict[tuple[str, int], list[nmod]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = Random(f"oracle {self.seed}")

    def draw(self) -> nmod:
        """A random residue that is not 0."""
        return nmod(self._random.randrange(1, PRIME), PRIME)

    def __call__(self, name: str, z: Number) -> tuple[Number, Number]:
        """Value and slope of the activation `name` at z."""
        row, z = ACTIVATIONS[name], nmod(int(z), PRIME)
        residue = int(z)
        if residue == 0 and not self.zero:
            return self._at_zero(name, 0), self._at_zero(name, 1)
        least = min(residue, PRIME - residue)
        key = -1 if self.same else len(self._seen) if self.fresh else least
        if (name, key) not in self._seen:
            self.arguments.append(residue)
            self._seen[name, key] = [self.draw() for _ in range(row.n_variables)]
        variables: Sequence[nmod] = self._seen[name, key]
        if residue != least:
            variables = row.reflected(-z, *variables)
        value, slope = row.oracle(z, *variables)  # type: ignore[misc]
        return value, self.slopes[name](z, *variables) if name in self.slopes else slope

    def _at_zero(self, name: str, what: int) -> nmod:
        true = ACTIVATIONS[name].at_zero[what]
        if true is not None:
            ratio = Fraction(true)
            return nmod(ratio.numerator, PRIME) / nmod(ratio.denominator, PRIME)
        key = (f"{name} at 0", what)
        self._seen.setdefault(key, [self.draw()])
        return self._seen[key][0]

    def columns(self, network: Network, present: Mapping[str, Mask], samples: int) -> Columns:
        """The Jacobian at a random point."""
        return jacobian_columns(network, present, samples, self.draw, self)


def rank_of(columns: Sequence[Sequence[Number]]) -> int:
    """The rank modulo the prime.

    >>> rank_of([[nmod(1, PRIME), 2], [2, 4]])
    1
    """
    rows = [[int(value) for value in column] for column in columns]
    return nmod_mat(rows, PRIME).rank() if rows else 0


def everything(network: Network, **absent: Any) -> dict[str, Mask]:
    """Which weights are present: all but those at the indices of `absent`."""
    present = {name: np.ones(shape, dtype=bool) for name, shape in network.weight_shapes.items()}
    for name, index in absent.items():
        present[name][index] = False
    return present


def every_mask(columns: Columns, most: int = 256) -> Iterator[tuple[Entry, ...]]:
    """All sets of weights, smallest first; if there are more than `most`, the first `most`."""
    entries = list(columns)
    sets = chain.from_iterable(combinations(entries, k) for k in range(1, len(entries) + 1))
    if 2 ** len(entries) - 1 <= most:
        yield from sets
        return
    random = Random(0)
    for _ in range(most):
        yield tuple(one for one in entries if random.random() < 0.75) or tuple(entries)


def compared(
    network: Network, present: Mapping[str, Mask], samples: int, make: Callable[[int], Oracle]
) -> Iterator[str | None]:
    """The oracle's rank and that at a real point, of every mask."""
    oracle = make(0).columns(network, present, samples)
    true = true_columns(network, present, samples, seed=0)
    for entries in every_mask(true):
        modular = rank_of([oracle[entry] for entry in entries])
        real = proved_rank([true[entry] for entry in entries])
        what = f"{network.describe()}, m = {samples}, {entries}: oracle {modular}, true {real}"
        yield None if modular == real else what
