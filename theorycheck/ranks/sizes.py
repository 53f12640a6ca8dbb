"""How large the entries of an oracle Jacobian are, as polynomials: what bounds the error of a rank.

A `Size` is an arithmetic in which oracles (`problem.networks.activations`) can be evaluated: it
knows the degree of a polynomial in the free variables and log2 of its norm, the sum of the absolute
values of its coefficients. Where an oracle divides, all entries of a row of the Jacobian are
thought of as multiplied by the divisor of each unit (T11, note 1); sizes are those of what is left.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.base import Network, log2_sum
from ..problem.networks.unrolled import CONSTANT, Term, Unrolled

_HUGE = 10**9  # a degree that only what reads its argument has


@dataclass(frozen=True)
class Size:
    """At most these: degree, log2 of the norm, and those of the divisor, 0 and 0 without one.

    >>> a = Size(1, 0.0)
    >>> 1 - a * a
    Size(degree=2, log_norm=1.0, divisor_degree=0, divisor_log=0.0)
    """

    degree: int
    log_norm: float
    divisor_degree: int = 0
    divisor_log: float = 0.0

    @property
    def divisor(self) -> Size:
        """The divisor alone."""
        return Size(self.divisor_degree, self.divisor_log)

    @property
    def numerator(self) -> Size:
        """Without the divisor."""
        return Size(self.degree, self.log_norm)

    def __neg__(self) -> Size:
        return self

    def __add__(self, other: Size | int) -> Size:
        other = _size(other)
        return Size(
            max(self.degree, other.degree),
            log2_sum([self.log_norm, other.log_norm]),
            max(self.divisor_degree, other.divisor_degree),
            max(self.divisor_log, other.divisor_log),
        )

    __radd__ = __sub__ = __rsub__ = __add__

    def __mul__(self, other: Size | int) -> Size:
        other = _size(other)
        return Size(
            self.degree + other.degree,
            self.log_norm + other.log_norm,
            self.divisor_degree + other.divisor_degree,
            self.divisor_log + other.divisor_log,
        )

    __rmul__ = __mul__

    def __truediv__(self, other: Size) -> Size:
        return Size(self.degree, self.log_norm, other.degree, other.log_norm)

    def __rtruediv__(self, other: int) -> Size:
        return _size(other) / self


class EntrySize(NamedTuple):
    """Degree and log2 of the norm, at most, of the entries of rows that are freed of divisors.

    Both are infinite where no bound is known.
    """

    degree: float
    log_norm: float


@dataclass(frozen=True)
class _Level:
    """Sizes of the values of a level's units, of their slopes, and of their arguments `z`.

    `divisor` is that of all values together, `below` that of all arguments, both of size 0 without
    one; `row_divisor` is what the units add to the divisor of a row of the Jacobian.
    """

    units: int
    value: Size
    slope: Size = Size(0, 0.0)
    z: Size = Size(0, 0.0)
    divisor: Size = Size(0, 0.0)
    below: Size = Size(0, 0.0)
    row_divisor: Size = Size(0, 0.0)


def entry_size(network: Network, *, is_given: bool = False) -> EntrySize:
    """The size of the entries of the Jacobian of an analytic network at a point of the oracle.

    No bound is known where an activation whose oracle reads its argument (SiLU, GELU, arctan,
    powers) is applied to values that have divisors (sin). Where inputs are given pre-activations
    may be opposite to each other; there the sizes are those of both signs.

    >>> from theorycheck import Feedforward
    >>> entry_size(Feedforward([3, 4, 4, 2], activation="tanh")).degree  # 3 L - 2
    7.0
    """
    levels = _levels(network, is_given)
    if levels is None:
        return EntrySize(math.inf, math.inf)
    entries = [_largest_entry(network.unrolled, read, levels) for read in network.unrolled.read]
    degree = float(max(size.degree for size in entries))
    log_norm = max(size.log_norm for size in entries)
    degree += sum(level.row_divisor.degree for level in levels)
    log_norm += sum(level.row_divisor.log_norm for level in levels)
    return EntrySize(degree, log_norm + _halves(network, degree))


def collision_sizes(network: Network, *, is_given: bool = False) -> Iterator[tuple[int, EntrySize]]:
    """Sizes of the differences of pre-activations: units of a level, and the size with any before.

    Of the levels whose activations have free variables, in computing order; the second is at least
    that of z - z' and z + z', without divisors, for all z of the level and z' of it or before.

    >>> from theorycheck import Feedforward
    >>> list(collision_sizes(Feedforward([2, 4, 1], activation="tanh")))
    [(4, EntrySize(degree=2.0, log_norm=2.0))]
    """
    levels = _levels(network, is_given)
    largest = EntrySize(0.0, 0.0) if levels is not None else EntrySize(math.inf, math.inf)
    for number, level in enumerate(network.unrolled.levels):
        if not level.terms or not ACTIVATIONS[level.activation].n_variables:
            continue
        if levels is not None:
            z, below = levels[number].z, levels[number].below
            degree = float(z.degree + 2 * below.degree)
            log_norm = z.log_norm + 2 * below.log_norm + 1 + _halves(network, z.degree)
            largest = EntrySize(max(largest.degree, degree), max(largest.log_norm, log_norm))
        yield level.size, largest


def _halves(network: Network, degree: float) -> float:
    """What clearing the denominators of values and slopes at 0 adds to log2 of a norm.

    Where z is 0, a sigmoid has the value 1/2 in place of a variable, the slope 1/4 in place of
    something of degree 2, and so on: no more factors 1/2 than the degree.
    """
    constants = [value for name in network.activations for value in ACTIVATIONS[name].at_zero]
    return degree if any(value is not None and value % 1 for value in constants) else 0.0


def _levels(network: Network, is_given: bool) -> list[_Level] | None:
    """The sizes of all levels; None where no bound is known."""
    levels: list[_Level] = []
    for level in network.unrolled.levels:
        if not level.terms:
            levels.append(_Level(level.size, Size(int(level.group != CONSTANT), 0.0)))
            continue
        sources = [levels[source] for _, source in level.terms]
        z = _sum(
            [
                _through(network.unrolled, term, source.units, source.value)
                for term, source in zip(level.terms, sources, strict=True)
            ]
        )
        below = math.prod((source.divisor for source in sources), start=Size(0, 0.0))
        is_linear = level.activation == "linear"
        is_read = not is_linear and _oracle(level.activation, Size(_HUGE, 0.0), is_given)[2]
        if below.degree and is_read:
            return None
        value, slope, _ = _oracle(level.activation, z, is_given)
        divided = below if is_linear else _power(value.divisor, level.size)
        row_divisor = max(value.divisor, slope.divisor, key=lambda size: size.degree)
        levels.append(
            _Level(
                level.size,
                value.numerator,
                slope.numerator,
                z,
                divided,
                below,
                _power(row_divisor, level.size),
            )
        )
    return levels


def _power(size: Size, exponent: int) -> Size:
    return Size(exponent * size.degree, exponent * size.log_norm)


def _oracle(name: str, argument: Size, both_signs: bool) -> tuple[Size, Size, bool]:
    """Value and slope, and whether they have the degree of the argument, or more."""
    row, variables = ACTIVATIONS[name], [Size(1, 0.0)] * ACTIVATIONS[name].n_variables
    assert row.oracle is not None, "only analytic networks have a rank"
    value, slope = map(_size, row.oracle(argument, *variables))
    if both_signs:
        opposite = map(_size, row.oracle(argument, *row.reflected(argument, *variables)))
        value, slope = map(_larger, (value, slope), opposite)
    degrees = value.degree, slope.degree, value.divisor_degree, slope.divisor_degree
    return value, slope, max(degrees) >= argument.degree


def _larger(one: Size, other: Size) -> Size:
    """At least both: where only one has a divisor, it multiplies the other."""
    degree = max(one.degree, other.degree) + max(one.divisor_degree, other.divisor_degree)
    log_norm = max(one.log_norm, other.log_norm) + max(one.divisor_log, other.divisor_log)
    divisors = (one.divisor_degree, one.divisor_log), (other.divisor_degree, other.divisor_log)
    return Size(degree, log_norm, *max(divisors))


def _through(unrolled: Unrolled, term: Term, units: int, value: Size) -> Size:
    """The size of what a term adds: a sum over so many units of weights times such values.

    A multiple of the identity is taken as the identity: a factor c would do no more than divide the
    weights before or behind by c, and these are as good as any.
    """
    if term.weight in unrolled.multiples:
        return value
    return Size(value.degree + 1, math.log2(units) + value.log_norm)


def _sum(sizes: list[Size]) -> Size:
    """The size of a sum of numerators."""
    return Size(max(size.degree for size in sizes), log2_sum([size.log_norm for size in sizes]))


def _largest_entry(unrolled: Unrolled, read: int, levels: list[_Level]) -> Size:
    """The size of the derivatives of one level that is read by any weight."""
    leading: dict[int, list[Size]] = {read: []}
    found: dict[str, list[Size]] = {}
    for number in range(read, -1, -1):
        parts, level = leading.pop(number, None), unrolled.levels[number]
        if parts is None or not level.terms:
            continue
        behind = _sum(parts) if parts else Size(0, 0.0)
        behind *= levels[number].slope
        for term in level.terms:
            through = _through(unrolled, term, level.size, behind)
            leading.setdefault(term.source, []).append(through)
            if term.weight not in unrolled.multiples:
                acting = behind * levels[term.source].value
                found.setdefault(term.weight, []).append(acting)
    degree = max(size.degree for sizes in found.values() for size in sizes)
    logs = (log2_sum([size.log_norm for size in sizes]) for sizes in found.values())
    return Size(degree, max(logs))


def _size(value: Size | int) -> Size:
    return value if isinstance(value, Size) else Size(0, math.log2(abs(value)))
