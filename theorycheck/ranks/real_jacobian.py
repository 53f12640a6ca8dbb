"""The true Jacobian of a network at a point of floats, enclosed: columns of chosen weights.

In the arithmetic of `Enclosure` (floats and a radius) or of `Balls`; equations are numbered as in
`ranks.jacobian`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..problem.networks.base import Network
from ..problem.networks.matrices import Place, matrices_of, places_of
from ..problem.networks.unrolled import CONSTANT
from .enclosures import Balls, Enclosure, Floats

Block: TypeAlias = tuple[str, NDArray[np.int64]]  # a weight, and indices of some of its entries
Kind = TypeVar("Kind", Enclosure, Balls)

_PASS = "a real point of the network"


class RealPoint(NamedTuple):
    """Weights by name, absent ones 0, and inputs (rows as the network reads them, samples)."""

    weights: Mapping[str, Floats]
    inputs: Floats


def enclosed_jacobian(
    network: Network,
    point: RealPoint,
    blocks: Sequence[Block],
    kind: type[Kind],
    deadline: Deadline = NEVER,
) -> Kind:
    """The derivatives of all equations by these entries, shape (equations, entries).

    An entry is a row of indices, (i, j), of a bias (i,), of a filter as its mask has them. Raises
    `OutOfTimeError` after the deadline.

    >>> from theorycheck import Feedforward
    >>> network = Feedforward([1, 1, 1], activation="square")
    >>> weights = {"W1": np.array([[2.0]]), "W2": np.array([[3.0]])}
    >>> point = RealPoint(weights, np.array([[1.0, 0.5]]))
    >>> blocks = [("W1", np.array([[0, 0]])), ("W2", np.array([[0, 0]]))]
    >>> enclosed_jacobian(network, point, blocks, Enclosure).mid.tolist()
    [[12.0, 4.0], [3.0, 1.0]]
    """
    with np.errstate(all="ignore"):  # what overflows is not finite, and nothing is said of it
        at = _Passes(network, point, kind, deadline)
        per_read = network.outputs * point.inputs.shape[1]
        shape = per_read * len(network.unrolled.read), sum(len(block) for _, block in blocks)
        found: list[Any] = [np.zeros(shape, dtype=part.dtype) for part in at.values[-1].parts]
        for number, read in enumerate(network.unrolled.read):
            behind, start = at.behind(read), 0
            rows = slice(number * per_read, (number + 1) * per_read)
            for name, block in blocks:
                shape = network.weight_shapes[name]
                for place in places_of(network.unrolled, shape, name, block):
                    product = at.acting(behind, place)
                    if product is None:
                        continue
                    for mine, part in zip(found, product.parts, strict=True):
                        flat = part.swapaxes(1, 2).reshape(per_read, -1)
                        mine[rows, start + place.positions] = flat
                start += len(block)
    return kind(*found)


class _Passes(Generic[Kind]):
    """Values and slopes of all levels, and what lies behind them."""

    def __init__(
        self, network: Network, point: RealPoint, kind: type[Kind], deadline: Deadline
    ) -> None:
        self._unrolled, self._kind, self._deadline = network.unrolled, kind, deadline
        plain = matrices_of(self._unrolled, point.weights, lambda factor, size: np.zeros((0, 0)))
        self._matrices: dict[str, Kind] = {name: kind.exact(plain[name]) for name in plain}
        for name, (factor, _) in self._unrolled.multiples.items():
            self._matrices[name] = kind.rational(factor)
        self.values: list[Kind] = []
        self._slopes: list[Kind | None] = []
        starts = self._starts(point.inputs)
        for level in self._unrolled.levels:
            deadline.check(_PASS)
            value = self._sum((name, self.values[k]) for name, k in level.terms) or next(starts)
            slope = None
            if level.activation != "linear":
                value, slope = value.activated(level.activation)
            self.values.append(value)
            self._slopes.append(slope)

    def _starts(self, inputs: Floats) -> Iterator[Kind]:
        """Inputs level by level, and the constant."""
        first = 0
        for level in self._unrolled.starts:
            if level.group == CONSTANT:
                yield self._kind.exact(np.ones((1, inputs.shape[1])))
                continue
            yield self._kind.exact(inputs[first : first + level.size])
            first += level.size

    def _sum(self, terms: Iterable[tuple[str, Kind]], back: bool = False) -> Kind | None:
        """The sum of matrices (transposed on the way `back`) times values; None without terms."""
        total: Kind | None = None
        for name, value in terms:
            matrix = self._matrices[name]
            if name in self._unrolled.multiples:
                part = matrix * value
            else:
                part = (matrix.swapaxes(0, 1) if back else matrix) @ value
            total = part if total is None else total + part
        return total

    def behind(self, read: int) -> dict[int, Kind]:
        """What lies behind the pre-activations of each level: (outputs, units, samples)."""
        levels, samples = self._unrolled.levels, self.values[-1].parts[0].shape[-1]
        unit = np.eye(levels[read].size)[:, :, None] * np.ones(samples)
        leading: dict[int, list[tuple[str, Kind]]] = {read: []}
        found: dict[int, Kind] = {}
        for number in range(read, -1, -1):
            if number not in leading or not levels[number].terms:
                continue
            self._deadline.check(_PASS)
            total = self._sum(leading.pop(number), back=True) or self._kind.exact(unit)
            slope = self._slopes[number]
            found[number] = total if slope is None else total * slope
            for name, source in levels[number].terms:
                if levels[source].terms:
                    leading.setdefault(source, []).append((name, found[number]))
        return found

    def acting(self, behind: Mapping[int, Kind], place: Place) -> Kind | None:
        """The derivatives by the entries of a place, (outputs, entries, samples); None if all 0."""
        total: Kind | None = None
        for number, found in behind.items():
            for name, source in self._unrolled.levels[number].terms:
                if name == place.name:
                    part = found[:, place.rows] * self.values[source][place.columns]
                    total = part if total is None else total + part
        return total
