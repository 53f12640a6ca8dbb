"""Checks about piecewise linear networks (T11): exact ranks at rational points of many patterns.

Plain loops over rational numbers; of the code that finds verdicts nothing is used.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise, product
from typing import Any, TypeAlias

from flint import fmpq, nmod, nmod_mat

from ...problem.networks.base import Network
from ...problem.networks.feedforward import Feedforward
from ...problem.networks.recurrent import Recurrent
from ..shared.nonlinear import Columns, jacobian_columns
from .oracle import every_mask, everything

PRIME = 2**61 - 1
PIECEWISE = ("relu", "leaky_relu", "hardtanh")
_SIZE = 10**6
_TRIED, _SOUGHT = 12, 600  # points
Bound: TypeAlias = Callable[[tuple[int, ...], bool, int, str], int]


def exactly(name: str, z: fmpq) -> tuple[fmpq, fmpq]:
    """Value and slope of a piecewise linear activation at a rational number.

    >>> exactly("leaky_relu", fmpq(-1))
    (-1/100, 1/100)
    """
    if name == "hardtanh":
        return (z, fmpq(1)) if -1 < z < 1 else (fmpq(1 if z > 0 else -1), fmpq(0))
    slope = fmpq(1) if z > 0 else fmpq(1, 100) if name == "leaky_relu" else fmpq(0)
    return slope * z, slope


def columns_at(network: Network, present: Any, samples: int, seed: int) -> Columns:
    """The Jacobian modulo a prime at a random rational point, in the pattern that it shows.

    Numbers have any order of magnitude, and are of many digits: no sum is 0 by chance.
    """
    rng = random.Random(seed)

    def draw() -> fmpq:
        size = 10 ** rng.randint(0, 2)
        return fmpq(rng.choice([-1, 1]) * rng.randrange(1, _SIZE), _SIZE) * size

    columns = jacobian_columns(
        network, present, samples, draw, lambda name, z: exactly(name, fmpq(z))
    )
    return {entry: [_residue(fmpq(x)) for x in column] for entry, column in columns.items()}


def _residue(x: fmpq) -> int:
    return int(nmod(int(x.p), PRIME) / nmod(int(x.q), PRIME))


def rank_modulo(columns: list[list[int]]) -> int:
    """The rank of columns of residues."""
    return int(nmod_mat(columns, PRIME).rank()) if columns else 0


def largest_rank(network: Network, present: Any, samples: int, points: int, most: int) -> int:
    """The largest rank of all present weights at so many random points; enough is `most`."""
    best = 0
    for seed in range(points):
        columns = columns_at(network, present, samples, seed)
        best = max(best, rank_modulo(list(columns.values())))
        if best == most:
            break
    return best


def scaled_bound(widths: tuple[int, ...], bias: bool, m: int, name: str) -> int:
    """T11, piecewise: equations, and weights less homogeneous units, of a dense network.

    >>> scaled_bound((2, 3, 3, 1), True, 100, "relu")
    19
    """
    weights = sum((a + bias) * b for a, b in pairwise(widths))
    scaled = 0 if name == "hardtanh" else sum(widths[1:-1])
    return min(widths[-1] * m, weights - scaled)


def scaled_dimensions(claim: tuple[Bound, bool]) -> Iterator[str | None]:
    """No point has a larger rank than the bound; with biases and ReLU, d <= widths, some has it."""
    bound, is_reached = claim
    names = ("relu",) if is_reached else PIECEWISE
    for name, bias, (a, b, c, d) in product(names, (False, True), product((1, 2), repeat=4)):
        if is_reached and (not bias or d > min(b, c)):
            continue
        network = Feedforward((a, b, c, d), activation=name, bias=bias)
        present = everything(network)
        for m in (1, 3, 24 if is_reached else 9):
            most = bound((a, b, c, d), bias, m, name)
            points = (_SOUGHT, most) if is_reached else (_TRIED, network.n_weights)
            found = largest_rank(network, present, m, *points)
            fits = found == most if is_reached else found <= most
            what = f"{network.describe()}, m = {m}: rank {found}, not {most}"
            yield None if fits else what


def followed_in_pattern(claim: Callable[[int, int, int, int], bool]) -> Iterator[str | None]:
    """Whether learnables follow a regular teacher near the student iff claim(rank, D, r, best).

    The rank is that of the learnables in the pattern of the student, the best that in any.
    """
    for network, samples in (
        (Feedforward([1, 2, 1, 1], activation="relu", bias=True), 2),
        (Feedforward([2, 2, 1], activation="leaky_relu"), 2),
        (Feedforward([1, 2, 1, 1], activation=["hardtanh", "relu"], bias=True), 2),
        (Recurrent(1, 1, 1, 2, "all", activation="relu", bias=True), 2),
    ):
        present = everything(network)
        points = [columns_at(network, present, samples, seed) for seed in range(40)]
        ranks = [rank_modulo(list(columns.values())) for columns in points]
        target = max(ranks)
        regular = [seed for seed, rank in enumerate(ranks) if rank == target][:2]
        for entries in every_mask(points[0]):
            each = [rank_modulo([columns[entry] for entry in entries]) for columns in points]
            for seed in regular:
                found = _is_followed(points[seed], entries, seed)
                said = claim(each[seed], target, len(entries), max(each))
                what = f"{network.describe()}, {entries}: rank {each[seed]} of {target}"
                yield None if found == said else f"{what}, {'' if found else 'not '}followed"


def _is_followed(columns: Columns, entries: Iterable[Any], seed: int) -> bool:
    """Whether the learnables follow what a random small change of all weights does, to first order.

    In one pattern the outputs are polynomials: then they follow all of it, by the implicit function
    theorem, where the rank is constant, as it is where it is largest.
    """
    rng = random.Random(seed)
    factors = {entry: rng.randrange(PRIME) for entry in columns}
    rows = zip(*columns.values(), strict=True)
    change = [
        sum(f * x for f, x in zip(factors.values(), row, strict=True)) % PRIME for row in rows
    ]
    own = [columns[entry] for entry in entries]
    return rank_modulo([*own, change]) == rank_modulo(own)
