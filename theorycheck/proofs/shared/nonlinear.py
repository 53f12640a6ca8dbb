"""Jacobians of nonlinear networks over any numbers, and true ones in balls of many digits.

Nothing here shares code with `ranks.oracle`: plain loops, sample by sample. Over balls (`arb`) a
pivot that is certainly not 0 proves a lower bound of the generic rank, since the rank at no point
is higher. That a rank is not higher is no proof, but what hundreds of digits say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from ...problem.masks import Mask
from ...problem.networks.base import Network
from ...problem.networks.matrices import matrices_of, places_of
from ...problem.networks.unrolled import CONSTANT

Number: TypeAlias = Any
Activate: TypeAlias = Callable[[str, Number], tuple[Number, Number]]
Column: TypeAlias = list[Number]
Matrices: TypeAlias = "dict[str, NDArray[Any] | Fraction]"
Columns: TypeAlias = dict[tuple[str, tuple[int, ...]], Column]

BITS = 1000  # about 300 digits
MOST_BITS = 16_000


class TooFewDigits(Exception):
    """A number that may be 0 is known with too few digits to be taken for 0."""


def _sigmoid(z: arb) -> arb:
    return 1 / (1 + (-z).exp())


def _normal_cdf(z: arb) -> arb:
    return (1 + (z / arb(2).sqrt()).erf()) / 2


def _normal_density(z: arb) -> arb:
    return (-z * z / 2).exp() / (2 * arb.pi()).sqrt()


# By their definitions: value and slope.
TRUE: dict[str, Callable[[arb], tuple[arb, arb]]] = {
    "linear": lambda z: (z, arb(1)),
    "tanh": lambda z: (z.tanh(), z.sech() ** 2),
    "sigmoid": lambda z: (_sigmoid(z), _sigmoid(z) * _sigmoid(-z)),
    "softplus": lambda z: (z.exp().log1p(), _sigmoid(z)),
    "silu": lambda z: (z * _sigmoid(z), _sigmoid(z) + z * _sigmoid(z) * _sigmoid(-z)),
    "gelu": lambda z: (z * _normal_cdf(z), _normal_cdf(z) + z * _normal_density(z)),
    "erf": lambda z: (z.erf(), 2 * (-z * z).exp() / arb.pi().sqrt()),
    "sin": lambda z: (z.sin(), z.cos()),
    "exp": lambda z: (z.exp(), z.exp()),
    "arctan": lambda z: (z.atan(), 1 / (1 + z * z)),
    "square": lambda z: (z * z, 2 * z),
    "cube": lambda z: (z**3, 3 * z * z),
}


def weights_of(
    network: Network, present: Mapping[str, Mask], draw: Callable[[], Number]
) -> Matrices:
    """What terms name, of weights drawn one by one, those that are not `present` 0.

    These are matrices of objects, and the factors of multiples of the identity.

    >>> from theorycheck import LinearFeedforward
    >>> weights_of(LinearFeedforward([1, 2]), {"W1": np.array([[1], [0]])}, lambda: 7)
    {'W1': array([[7],
           [0]], dtype=object)}
    """
    weights = {}
    for name, shape in network.weight_shapes.items():
        entries = np.empty(shape, dtype=object)
        for index in np.ndindex(*shape):
            entries[index] = draw() if present[name][index] else 0
        weights[name] = entries
    return matrices_of(network.unrolled, weights, lambda factor, _: factor)


def jacobian_columns(
    network: Network,
    present: Mapping[str, Mask],
    samples: int,
    draw: Callable[[], Number],
    activate: Activate,
) -> Columns:
    """The derivatives of all outputs by each present weight: one column for each.

    Weights and then inputs are what `draw` returns; `activate(name, z)` are value and slope of the
    activation `name`. The order of the equations is that of samples, reads, outputs.

    >>> from theorycheck import Feedforward
    >>> network = Feedforward([1, 1, 1], activation="cube")
    >>> everything = {"W1": np.array([[1]]), "W2": np.array([[1]])}
    >>> cube = lambda name, z: (z**3, 3 * z * z)
    >>> jacobian_columns(network, everything, 1, lambda: 2, cube)
    {('W1', (0, 0)): [192], ('W2', (0, 0)): [64]}
    """
    weights = weights_of(network, present, draw)
    columns: Columns = {
        (name, index): []
        for name, mask in present.items()
        for index in np.ndindex(*mask.shape)
        if mask[index]
    }
    for _ in range(samples):
        values, slopes = _forward(network, weights, draw, activate)
        for read in network.unrolled.read:
            for row in _gradients(network, weights, values, slopes, read):
                for entry, column in columns.items():
                    column.append(row.get(entry, 0))
    return columns


def output_values(
    network: Network,
    present: Mapping[str, Mask],
    samples: int,
    draw: Callable[[], Number],
    activate: Activate,
) -> Column:
    """All outputs, in the order of `jacobian_columns`, and of the same draws.

    >>> from theorycheck import Feedforward
    >>> network = Feedforward([1, 1, 1], activation="cube")
    >>> everything = {"W1": np.array([[1]]), "W2": np.array([[1]])}
    >>> output_values(network, everything, 1, lambda: 2, lambda name, z: (z**3, 3 * z * z))
    [128]
    """
    weights, found = weights_of(network, present, draw), []
    for _ in range(samples):
        values, _ = _forward(network, weights, draw, activate)
        found += [value for read in network.unrolled.read for value in values[read]]
    return found


def _forward(
    network: Network, weights: Matrices, draw: Callable[[], Number], at: Activate
) -> tuple[list[list[Number]], list[list[Number]]]:
    """Values and slopes of the units of each level, of one sample."""
    values: list[list[Number]] = []
    slopes: list[list[Number]] = []
    for level in network.unrolled.levels:
        units: list[tuple[Number, Number]] = []
        if not level.terms:
            units = [(1 if level.group == CONSTANT else draw(), 0) for _ in range(level.size)]
        for i in range(level.size if level.terms else 0):
            z = 0
            for name, source in level.terms:
                matrix = weights[name]
                if isinstance(matrix, Fraction):
                    z = z + _times(values[source][i], matrix)
                    continue
                for weight, value in zip(matrix[i], values[source], strict=True):
                    z = z + weight * value
            units.append((z, 1) if level.activation == "linear" else at(level.activation, z))
        values.append([value for value, _ in units])
        slopes.append([slope for _, slope in units])
    return values, slopes


def _gradients(
    network: Network,
    weights: Matrices,
    values: list[list[Number]],
    slopes: list[list[Number]],
    read: int,
) -> list[dict[tuple[str, tuple[int, ...]], Number]]:
    """The derivatives of each output of the level `read` by the weights that it depends on."""
    levels, entries = network.unrolled.levels, _entries(network)
    rows = []
    for output in range(levels[read].size):
        behind = {read: [int(unit == output) for unit in range(levels[read].size)]}
        row: dict[tuple[str, tuple[int, ...]], Number] = {}
        for number in range(read, -1, -1):
            if number not in behind or not levels[number].terms:
                continue
            before = [b * s for b, s in zip(behind[number], slopes[number], strict=True)]
            for name, source in levels[number].terms:
                matrix, found = weights[name], behind.setdefault(source, [0] * levels[source].size)
                if isinstance(matrix, Fraction):
                    found[:] = [b + _times(s, matrix) for b, s in zip(found, before, strict=True)]
                    continue
                for i, j in np.ndindex(*matrix.shape):
                    entry = entries[name, i, j]
                    row[entry] = row.get(entry, 0) + before[i] * values[source][j]
                    found[j] = found[j] + before[i] * matrix[i, j]
        rows.append(row)
    return rows


def _times(value: Number, factor: Fraction) -> Number:
    """Of numbers that know no fractions."""
    if isinstance(value, int):  # what no weight has come into is 0
        return Fraction(value) * factor if value else 0
    return value * factor.numerator / factor.denominator


@cache
def _entries(network: Network) -> dict[tuple[str, int, int], tuple[str, tuple[int, ...]]]:
    """The weight that is at each place of what terms name."""
    found = {}
    for weight, shape in network.weight_shapes.items():
        indices = np.array(list(np.ndindex(*shape)))
        for name, positions, rows, columns in places_of(network.unrolled, shape, weight, indices):
            for position, i, j in zip(positions, rows, columns, strict=True):
                found[name, int(i), int(j)] = weight, tuple(indices[position].tolist())
    return found


def true_columns(
    network: Network, present: Mapping[str, Mask], samples: int, seed: int, bits: int = BITS
) -> Columns:
    """The Jacobian at a random real point of `seed`, in balls of `bits` bits.

    Weights and inputs are numbers of double precision between -1/2 and 1/2, taken as exact; larger
    ones make towers of exponentials.

    >>> from theorycheck import Feedforward
    >>> network = Feedforward([1, 1, 1], activation="tanh")
    >>> everything = {"W1": np.array([[1]]), "W2": np.array([[1]])}
    >>> len(true_columns(network, everything, 3, seed=0)["W1", (0, 0)])
    3
    """
    rng = np.random.default_rng(seed)
    with ctx.workprec(bits):
        return jacobian_columns(
            network,
            present,
            samples,
            lambda: arb(float(rng.uniform(-0.5, 0.5))),
            lambda name, z: TRUE[name](arb(z)),
        )


def proved_rank(columns: Sequence[Column], bits: int = BITS) -> int:
    """A rank that the matrix of these columns, of balls, certainly has or exceeds.

    It is the rank unless numbers below 2^(-bits / 3) are taken for 0, in a matrix whose rows and
    columns have been scaled to entries of at most 1. Raises `TooFewDigits` where larger ones may
    be 0.

    >>> proved_rank([[arb(1), arb(2)], [arb(2), arb(4)]])
    1
    """
    pivots: list[tuple[int, Column]] = []
    with ctx.workprec(bits):
        smallest = arb(2) ** (-bits // 3)
        for column in _scaled(list(zip(*_scaled(columns), strict=True)), transposed=True):
            rest = list(column)
            for row, pivot in pivots:
                factor = rest[row]
                rest = [value - factor * other for value, other in zip(rest, pivot, strict=True)]
                rest[row] = arb(0)
            sizes = [value.abs_lower() for value in rest]
            row = max(range(len(rest)), key=sizes.__getitem__)
            if sizes[row] > 0:
                pivots.append((row, [value / rest[row] for value in rest]))
            elif not all(value.abs_upper() < smallest for value in rest):
                raise TooFewDigits
            if len(pivots) == len(column):
                break
    return len(pivots)


def _scaled(lines: Sequence[Sequence[Number]], transposed: bool = False) -> list[Column]:
    """Each line divided by its largest entry; then `transposed` if asked for."""
    found: list[Column] = []
    for line in lines:
        balls = [arb(value) for value in line]
        largest = max(balls, key=lambda value: value.abs_upper()).abs_upper()
        found.append([value / largest for value in balls] if largest > 0 else balls)
    return list(map(list, zip(*found, strict=True))) if transposed else found


def true_rank(
    network: Network,
    present: Mapping[str, Mask],
    entries: Sequence[tuple[str, tuple[int, ...]]],
    samples: int,
    seed: int,
    bits: int = BITS,
) -> int:
    """The rank of the Jacobian in `entries` at a random real point, with as many digits as needed.

    >>> from theorycheck import Feedforward
    >>> network = Feedforward([1, 2, 1], activation="tanh")
    >>> everything = {"W1": np.ones((2, 1)), "W2": np.ones((1, 2))}
    >>> true_rank(network, everything, [("W1", (0, 0)), ("W2", (0, 0))], 3, seed=0)
    2
    """
    while True:
        try:
            columns = true_columns(network, present, samples, seed, bits)
            return proved_rank([columns[entry] for entry in entries], bits)
        except TooFewDigits:
            if bits >= MOST_BITS:
                raise
            bits *= 2
