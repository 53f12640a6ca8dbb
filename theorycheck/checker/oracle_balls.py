"""A minor of a nonlinear network that is not 0 at a rational point: shown in balls (python-flint).

A second argument, next to the oracle modulo a prime: the true activations at a true point, every
rounding widening a ball. It shows that the rank is not smaller, and rests on no theorem (T11b).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from ..errors import SizeError
from ..problem.networks.convolutional import Convolutional
from ..problem.networks.recurrent import Recurrent
from . import plain
from .budget import STEP
from .claim import Claim, Entry
from .convolution import Layer, layers_of
from .given_weights import GivenWeights
from .oracle import hidden_activations
from .residual import residual_layers

Ball: TypeAlias = Any  # flint.arb
Matrix: TypeAlias = Any  # flint.arb_mat
RowOf: TypeAlias = Callable[[int, Sequence[Entry]], list[Ball]]

MOST_ROWS = 300
_PRECISIONS = (256, 1024, 4096)  # bits
_POINTS = 2
_ROOM = 2**20  # weights and inputs are multiples of 1 / 2^19, in [-1, 1)


def require_minor_in_balls(
    claim: Claim,
    rows: Sequence[int],
    columns: Sequence[Entry],
    frozen: GivenWeights | None = None,
) -> None:
    """The derivatives of these equations by these weights are regular at a random rational point.

    There `frozen` weights that are given have their values. Refuses a minor that is not shown to
    be: at some points precision is not enough.
    """
    from flint import ctx

    size, what = len(rows), "a minor in balls"
    if size > MOST_ROWS:
        raise SizeError(
            f"balls show minors of up to {MOST_ROWS} rows, not {size}: fewer samples are checked"
        )
    for bits in _PRECISIONS:
        operations = STEP * (1 + bits / 256) * _products(claim, size)
        for point in range(_POINTS):
            claim.foresee(operations, 100 * claim.network.n_weights, what)
            claim.charge(operations, what)
            with ctx.workprec(bits):
                if _is_regular(_rows(claim, point, frozen), rows, columns):
                    return
    raise SizeError(
        f"{what} is not shown to be regular with {_PRECISIONS[-1]} bits, nor to be singular: the "
        "check draws other points each time"
    )


def _products(claim: Claim, size: int) -> float:
    """Products of balls, about."""
    network, m = claim.network, claim.samples
    units = sum(network.widths)
    if isinstance(network, Convolutional):
        layers = layers_of(network)
        units = network.inputs + sum(layer.units for layer in layers)
        per_sample = sum(layer.units * layer.inner for layer in layers)
        per_sample += network.outputs * layers[-1].channels * layers[-1].pooled
    elif isinstance(network, Recurrent):
        per_sample = network.steps * network.hidden * (network.hidden + network.inputs)
    else:
        per_sample = sum(a * b for a, b in pairwise(network.widths))
    return float(per_sample * (m + size) + size**3 + 50 * m * network.steps * units)


def _is_regular(row_of: RowOf, rows: Sequence[int], columns: Sequence[Entry]) -> bool:
    from flint import arb_mat

    minor = arb_mat([row_of(row, columns) for row in rows])
    return not minor.det().contains(0)


def _rows(claim: Claim, point: int, frozen: GivenWeights | None = None) -> RowOf:
    """The derivatives of equations by weights at a rational point, in balls."""
    weights = _weights(claim, point, frozen)
    if isinstance(claim.network, Convolutional):
        return _Convolutions(claim, point, weights).row
    made = _recurrent if isinstance(claim.network, Recurrent) else _feedforward
    return made(claim, point, weights)


def _drawn(claim: Claim, point: int, name: str, shape: tuple[int, ...]) -> Matrix:
    """Rational numbers of a stream; a vector is one column."""
    from flint import arb, arb_mat

    n_rows, width = shape[0], math.prod(shape[1:])
    words = plain.words(claim.context.key, point, f"balls/{name}", n_rows * width)
    return arb_mat(n_rows, width, [arb(2 * (word % _ROOM) - _ROOM) / _ROOM for word in words])


def _inputs(claim: Claim, point: int, name: str, first: int) -> Matrix:
    """So many rows of the inputs as a step has, from `first`: of a stream, or those given."""
    from flint import arb, arb_mat

    n_rows, samples = claim.network.inputs, claim.samples
    if claim.inputs is None:
        return _drawn(claim, point, name, (n_rows, samples))
    rows = claim.inputs[first : first + n_rows]
    return arb_mat(n_rows, samples, [arb(x) / claim.scale for row in rows for x in row])


def _weights(claim: Claim, point: int, frozen: GivenWeights | None = None) -> dict[str, Matrix]:
    """All weights, `frozen` ones as they are given, absent connections 0."""
    from flint import arb

    given, found = {} if frozen is None else frozen.rows, {}
    for name, shape in claim.network.weight_shapes.items():
        found[name] = _drawn(claim, point, name, shape)
        for i, values in enumerate(given.get(name, ())):
            for j, value in enumerate(values):
                if value is not None:  # a dyadic number, so a ball without radius
                    found[name][i, j] = arb(value[0]) / value[1]
        for i, bits in enumerate(claim.rows(name, "present")):
            for j, bit in enumerate(bits):
                if not bit:
                    found[name][i, j] = 0
    return found


def _activated(name: str, z: Matrix) -> tuple[Matrix, Matrix]:
    """Values and slopes at a matrix of balls."""
    from flint import arb_mat

    pairs = [_AT[name](ball) for ball in z.entries()]
    shape = z.nrows(), z.ncols()
    return tuple(arb_mat(*shape, [pair[k] for pair in pairs]) for k in range(2))  # type: ignore[return-value]


def _with_bias(z: Matrix, bias: Matrix | None) -> Matrix:
    from flint import arb_mat

    return z if bias is None else z + bias * arb_mat(1, z.ncols(), [1] * z.ncols())


def _scaled(line: list[Ball], slopes: Matrix, sample: int) -> list[Ball]:
    return [ball * slopes[i, sample] for i, ball in enumerate(line)]


def _through(line: list[Ball], weights: Matrix) -> list[Ball]:
    """A row times a matrix."""
    from flint import arb_mat

    return (arb_mat(1, len(line), line) * weights).entries()


def _feedforward(claim: Claim, point: int, weights: Mapping[str, Matrix]) -> RowOf:
    """The derivatives of an equation of a feed-forward network by weights."""
    network = claim.network
    depth, names = len(network.widths) - 1, hidden_activations(network)
    around = residual_layers(network)
    read, slopes = [_inputs(claim, point, "inputs", 0)], []
    for layer in range(1, depth):
        z = _with_bias(weights[f"W{layer}"] * read[-1], weights.get(f"b{layer}"))
        value, slope = _activated(names[layer - 1], z)
        read.append(value + read[-1] if layer in around else value)
        slopes.append(slope)

    def row(equation: int, entries: Sequence[Entry]) -> list[Ball]:
        output, sample = divmod(equation, claim.samples)
        behind = {depth: [int(i == output) for i in range(network.outputs)]}
        line: list[Ball] = []  # behind the values of a layer
        for layer in range(depth, 1, -1):
            after, line = line, _through(behind[layer], weights[f"W{layer}"])
            if layer in around:
                line = [x + y for x, y in zip(line, after, strict=True)]
            behind[layer - 1] = _scaled(line, slopes[layer - 2], sample)
        values = []
        for name, index in entries:
            layer = int(name[1:])
            source = read[layer - 1][index[1], sample] if name[0] == "W" else 1
            values.append(behind[layer][index[0]] * source)
        return values

    return row


class _Convolutions:
    """A convolutional network at a rational point: averages over windows, as it is defined."""

    def __init__(self, claim: Claim, point: int, weights: Mapping[str, Matrix]) -> None:
        from flint import arb, arb_mat

        network, self._samples, self._zero = claim.network, claim.samples, arb(0)
        self._weights, self._layers = weights, layers_of(network)
        inputs = _inputs(claim, point, "inputs", 0)
        # By layer: the values that it reads, unit by unit, and its slopes.
        self._read, self._slopes = [inputs.tolist()], []
        for number, name in enumerate(hidden_activations(network), start=1):
            layer, values = self._layers[number - 1], self._read[-1]
            value, slope = _activated(name, arb_mat(self._sums(number, layer, values)))
            rows = value.tolist()
            windows = [
                [rows[channel + at] for at in window]
                for channel in range(0, layer.units, layer.after)
                for window in layer.windows
            ]
            self._read.append(
                [[sum(x) / layer.window for x in zip(*lines, strict=True)] for lines in windows]
            )
            self._slopes.append(slope)

    def _sums(self, number: int, layer: Layer, values: list[list[Ball]]) -> list[list[Ball]]:
        """The pre-activations of a layer, unit by unit."""
        from flint import arb_mat

        padding, found = [self._zero] * self._samples, [[]] * layer.units
        starts = range(0, layer.sources * layer.before, layer.before)
        for at, reads in enumerate(layer.reads):
            seen = [padding if k is None else values[start + k] for start in starts for k in reads]
            sums = self._weights[f"W{number}"] * arb_mat(seen)
            found[at :: layer.after] = _with_bias(sums, self._weights.get(f"b{number}")).tolist()
        return found

    def row(self, equation: int, entries: Sequence[Entry]) -> list[Ball]:
        """The derivatives of an equation by weights."""
        output, sample = divmod(equation, self._samples)
        depth, behind = len(self._layers) + 1, self._behind(output, sample)
        result = []
        for name, index in entries:
            number, is_matrix = int(name[1:]), name[0] == "W"
            if number < depth:
                line, read = behind[number - 1], self._read[number - 1] if is_matrix else None
                result.append(_over_positions(self._layers[number - 1], index, line, read, sample))
            else:
                value = self._read[-1][index[1]][sample] if is_matrix else 1
                result.append(value if index[0] == output else 0)
        return result

    def _behind(self, output: int, sample: int) -> list[list[Ball]]:
        """What lies behind the pre-activations of each layer."""
        head = self._weights[f"W{len(self._layers) + 1}"]
        line, found = [head[output, j] for j in range(head.ncols())], []
        for number in range(len(self._layers), 0, -1):
            layer = self._layers[number - 1]
            spread = [self._zero] * layer.units
            for k, ball in enumerate(line):
                channel, window = divmod(k, layer.pooled)
                for at in layer.windows[window]:
                    spread[channel * layer.after + at] = ball / layer.window
            found.append(_scaled(spread, self._slopes[number - 1], sample))
            line = [self._zero] * (layer.sources * layer.before)
            for at, reads in enumerate(layer.reads):
                part = _through(found[-1][at :: layer.after], self._weights[f"W{number}"])
                for column, ball in enumerate(part):
                    source, offset = divmod(column, layer.offsets)
                    place = reads[offset]
                    if place is not None:
                        line[source * layer.before + place] += ball
        return found[::-1]


def _over_positions(
    layer: Layer,
    index: tuple[int, ...],
    line: list[Ball],
    read: list[list[Ball]] | None,
    sample: int,
) -> Ball:
    """The derivative by a filter's entry, or (without what is `read`) by a bias."""
    own = line[index[0] * layer.after : (index[0] + 1) * layer.after]
    if read is None:
        return sum(own)
    places = [reads[layer.offset(index[2:])] for reads in layer.reads]
    pairs = [(ball, at) for ball, at in zip(own, places, strict=True) if at is not None]
    return sum(ball * read[index[1] * layer.before + at][sample] for ball, at in pairs)


def _recurrent(claim: Claim, point: int, weights: Mapping[str, Matrix]) -> RowOf:
    """The derivatives of an equation of a recurrent network by weights."""
    from flint import arb_mat

    network = claim.network
    inputs, slopes = [], []
    states = [arb_mat(network.hidden, claim.samples)]
    for step in range(1, network.steps + 1):
        first = (step - 1) * network.inputs
        inputs.append(_inputs(claim, point, f"inputs/{step}", first))
        z = weights["recurrent"] * states[-1] + weights["input"] * inputs[-1]
        value, slope = _activated(network.activation, _with_bias(z, weights.get("bias")))
        states.append(value)
        slopes.append(slope)

    def row(equation: int, entries: Sequence[Entry]) -> list[Ball]:
        rest, sample = divmod(equation, claim.samples)
        time, output = divmod(rest, network.outputs)
        time = time + 1 if network.readout == "all" else network.steps
        line = [weights["readout"][output, j] for j in range(network.hidden)]
        behind: dict[int, list[Ball]] = {}  # by step
        for step in range(time, 0, -1):
            behind[step] = _scaled(line, slopes[step - 1], sample)
            line = _through(behind[step], weights["recurrent"])
        return [_derivative(name, index, output, time, sample, behind) for name, index in entries]

    def _derivative(
        name: str,
        index: tuple[int, ...],
        output: int,
        time: int,
        sample: int,
        behind: dict[int, list[Ball]],
    ) -> Ball:
        i, j = index[0], index[-1]
        if name == "readout":
            return states[time][j, sample] if i == output else 0
        if name == "readout_bias":
            return int(i == output)
        if name == "bias":
            return sum(line[i] for line in behind.values())
        sources = [states[t - 1] if name == "recurrent" else inputs[t - 1] for t in behind]
        pairs = zip(behind.values(), sources, strict=True)
        return sum(line[i] * source[j, sample] for line, source in pairs)

    return row


def _sigmoid(z: Ball) -> Ball:
    return 1 / (1 + (-z).exp())


def _at_sigmoid(z: Ball) -> tuple[Ball, Ball]:
    value = _sigmoid(z)
    return value, value * (1 - value)


def _at_tanh(z: Ball) -> tuple[Ball, Ball]:
    value = z.tanh()
    return value, 1 - value * value


def _at_silu(z: Ball) -> tuple[Ball, Ball]:
    value = _sigmoid(z)
    return z * value, value + z * value * (1 - value)


def _at_gelu(z: Ball) -> tuple[Ball, Ball]:
    from flint import arb

    below = (1 + (z / arb(2).sqrt()).erf()) / 2
    return z * below, below + z * (-z * z / 2).exp() / (2 * arb.pi()).sqrt()


def _at_erf(z: Ball) -> tuple[Ball, Ball]:
    from flint import arb

    return z.erf(), 2 * (-z * z).exp() / arb.pi().sqrt()


_AT: dict[str, Callable[[Ball], tuple[Ball, Ball]]] = {
    "linear": lambda z: (z, 1),
    "tanh": _at_tanh,
    "sigmoid": _at_sigmoid,
    "softplus": lambda z: ((1 + z.exp()).log(), _sigmoid(z)),
    "silu": _at_silu,
    "gelu": _at_gelu,
    "erf": _at_erf,
    "sin": lambda z: (z.sin(), z.cos()),
    "exp": lambda z: (z.exp(), z.exp()),
    "arctan": lambda z: (z.atan(), 1 / (1 + z * z)),
    "square": lambda z: (z * z, 2 * z),
    "cube": lambda z: (z * z * z, 3 * z * z),  # a power of a ball around 0 is no number
}
