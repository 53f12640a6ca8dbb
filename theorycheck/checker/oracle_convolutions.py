"""A convolutional network at the point of one of the check's trials, as its oracle has it.

From the definition: a filter at a position, sums over windows, a dense head. Sums stand in place of
averages: the weights behind, if they are generic, take up the factor, and no rank changes. With
given weights they are averages.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from . import plain
from .budget import STEP
from .claim import Claim, Entry
from .convolution import Layer, layers_of
from .convolution_reading import foresee_positions
from .given_weights import GivenWeights
from .oracle import Draws, by_sample, charge_point, hidden_activations


class ConvolutionOracle:
    """Entries of the Jacobian of a convolutional network at the point of a trial."""

    def __init__(self, claim: Claim, trial: int, frozen: GivenWeights | None = None) -> None:
        network, draws = claim.network, Draws(claim, trial, None, frozen)
        self._p, self._samples = draws.primes[0], claim.samples
        self._layers, self._is_mean = layers_of(network), frozen is not None
        weights = {
            name: draws.weights(name, shape) for name, shape in network.weight_shapes.items()
        }
        values = draws.inputs()
        # By layer: the values that it reads, and its slopes, both sample by sample.
        self._read, self._slopes = [by_sample(values[0])], []
        names = hidden_activations(network)
        for number, layer in enumerate(self._layers, start=1):
            bias = weights.get(f"b{number}", [None, None])
            z = [
                _convolved(layer, weights[f"W{number}"][k], bias[k], values[k], p)
                for k, p in enumerate(draws.primes)
            ]
            found = draws.activated(names[number - 1], number, z)
            values = [
                _pooled(layer, part[0], p, self._share(layer, p))
                for part, p in zip(found, draws.primes, strict=True)
            ]
            self._read.append(by_sample(values[0]))
            self._slopes.append(by_sample(found[0][1]))
        self._head = weights[f"W{len(self._layers) + 1}"][0]
        self._packed = [
            [plain.pack(row) for row in weights[f"W{number}"][0]]
            for number in range(1, len(self._layers) + 1)
        ]

    def _share(self, layer: Layer, p: int) -> int:
        """What the values of a window are multiplied by."""
        return pow(layer.window, -1, p) if self._is_mean else 1

    @cached_property
    def _uses(self) -> list[list[list[tuple[int, int]]]]:
        """By layer and offset: the positions where a filter is put, and what it reads there."""
        found = []
        for layer in self._layers:
            lines = zip(*layer.reads, strict=True)
            found.append(
                [[(at, read) for at, read in enumerate(line) if read is not None] for line in lines]
            )
        return found

    def row(self, equation: int, entries: Sequence[Entry]) -> plain.Row:
        """The derivatives of one equation by the weights `entries` (name, index)."""
        output, sample = divmod(equation, self._samples)
        behind = self._behind(output, sample)
        return [
            self._entry(int(name[1:]) - 1, name[0] == "W", index, output, sample, behind)
            for name, index in entries
        ]

    def _entry(
        self,
        number: int,
        is_filter: bool,
        index: tuple[int, ...],
        output: int,
        sample: int,
        behind: list[plain.Row],
    ) -> int:
        """Of a filter or bias the sum over all positions where it acts."""
        read = self._read[number][sample]
        if number == len(self._layers):
            value = read[index[1]] if is_filter else 1
            return value if index[0] == output else 0
        layer = self._layers[number]
        start = index[0] * layer.after
        if not is_filter:
            return sum(behind[number][start : start + layer.after]) % self._p
        source, uses = index[1] * layer.before, self._uses[number][layer.offset(index[2:])]
        line = behind[number]
        return sum(line[start + at] * read[source + place] for at, place in uses) % self._p

    def _behind(self, output: int, sample: int) -> list[plain.Row]:
        """What lies behind the pre-activations of each convolution."""
        p, line, found = self._p, self._head[output], []
        for number in range(len(self._layers) - 1, -1, -1):
            layer, slopes = self._layers[number], self._slopes[number][sample]
            pairs, share = zip(_spread(layer, line), slopes, strict=True), self._share(layer, p)
            found.append([x * slope * share % p for x, slope in pairs])
            if number:
                line = _through(layer, self._packed[number], found[-1], p)
        return found[::-1]


def _convolved(
    layer: Layer, weight: plain.Matrix, bias: plain.Matrix | None, values: plain.Matrix, p: int
) -> plain.Matrix:
    """The pre-activations, unit by unit."""
    n_samples = len(values[0])
    packed, ones = [plain.pack(row) for row in values], plain.pack([1] * n_samples)
    rows = weight if bias is None else [a + b for a, b in zip(weight, bias, strict=True)]
    found: list[plain.Matrix] = [[] for _ in range(layer.channels)]
    for reads in layer.reads:
        starts = range(0, layer.sources * layer.before, layer.before)
        sources = [0 if at is None else packed[start + at] for start in starts for at in reads]
        sources += [ones] * (bias is not None)
        for channel, row in enumerate(rows):
            found[channel].append(plain.combine(row, sources, n_samples, p))
    return [line for lines in found for line in lines]


def _pooled(layer: Layer, values: plain.Matrix, p: int, share: int) -> plain.Matrix:
    """Sums over the windows of each channel, each times `share`."""
    if layer.window == 1:
        return values
    return [
        [
            sum(column) * share % p
            for column in zip(*(values[start + at] for at in window), strict=True)
        ]
        for start in range(0, layer.units, layer.after)
        for window in layer.windows
    ]


def _spread(layer: Layer, line: plain.Row) -> plain.Row:
    """What lies behind the values before they are summed up; 0 where no window has them."""
    if layer.window == 1:
        return line
    found = [0] * layer.units
    for number, value in enumerate(line):
        channel, window = divmod(number, layer.pooled)
        for at in layer.windows[window]:
            found[channel * layer.after + at] = value
    return found


def _through(layer: Layer, packed: list[int], behind: plain.Row, p: int) -> plain.Row:
    """What lies behind the values that a convolution reads."""
    total = [0] * (layer.sources * layer.before)
    for at, reads in enumerate(layer.reads):
        part = plain.combine(behind[at :: layer.after], packed, layer.inner, p)
        for column, value in enumerate(part):
            source, offset = divmod(column, layer.offsets)
            place = reads[offset]
            if place is not None:
                total[source * layer.before + place] += value
    return [value % p for value in total]


def convolution_at(
    claim: Claim, trial: int, frozen: GivenWeights | None = None
) -> ConvolutionOracle:
    """The Jacobian at the point of a trial, after asking whether it is not too much."""
    layers, m = layers_of(claim.network), claim.samples
    foresee_positions(claim, layers)
    n_hidden = sum(layer.units for layer in layers)
    n_values = claim.network.inputs + 2 * n_hidden
    products = sum(
        layer.after * (plain.product_operations(layer.channels, layer.inner + 1, m))
        for layer in layers
    )
    charge_point(claim, n_hidden, n_values, products)
    return ConvolutionOracle(claim, trial, frozen)


def operations_per_row(claim: Claim, n_entries: int) -> float:
    """Operations of the derivatives of one equation by so many weights."""
    layers = layers_of(claim.network)
    back = sum(
        layer.after
        * (plain.product_operations(1, layer.channels, layer.inner) + 3 * STEP * layer.inner)
        for layer in layers
    )
    return back + STEP * n_entries * (6 + 2 * max(layer.after for layer in layers))
