"""The problem of a certificate, and linear networks over any semiring."""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from tests.page_checker.convolutions import Layer
from tests.page_checker.values import LARGEST, Refused, integer, listed, need

__all__ = ["Refused", "integer", "listed", "need"]

Matrix = list[list[Any]]
Masks = dict[str, Matrix]
Cell = tuple[str, int, int]  # a weight; a bias has column 0
NO_PATH = -math.inf
ACTIVATIONS = {"linear", "tanh", "sigmoid", "softplus", "silu", "gelu", "erf", "sin", "exp",
               "arctan", "square", "cube", "relu", "leaky_relu", "hardtanh"}  # fmt: skip


def numbers(data: Any, high: float = math.inf, ascending: bool = False) -> list[int]:
    """Distinct integers from 0 to high - 1."""
    result = [integer(value, 0, high) for value in listed(data)]
    need(len(set(result)) == len(result), "a number twice")
    need(not ascending or result == sorted(result), "not ascending")
    return result


def pairs(data: Any) -> list[tuple[Any, Any]]:
    need(all(len(listed(pair)) == 2 for pair in listed(data)), "no pairs")
    return [(x, y) for x, y in data]


def table(rows: Any, shape: tuple[int, int], is_bias: bool = False, low: float = NO_PATH,
          high: float = math.inf) -> Matrix:  # fmt: skip
    """A matrix of integers; a bias is a list."""
    rows = [[value] for value in listed(rows)] if is_bias else listed(rows)
    need(len(rows) == shape[0], "number of rows")
    need(all(len(listed(row)) == shape[1] for row in rows), "number of columns")
    return [[integer(value, low, high) for value in row] for row in rows]


def flat(data: Any, shape: list[int]) -> list[Any]:
    """The entries of lists in one another."""
    need(len(listed(data)) == shape[0], "shape of a filter")
    return [x for part in data for x in flat(part, shape[1:])] if shape[1:] else data


def read_mask(data: Any, p: int, q: int, shape: list[int]) -> Matrix:
    """A matrix of p rows of the mask of a weight of this shape."""
    if type(data) is not dict:
        if shape[2:]:
            data = [flat(row, shape[1:]) for row in listed(data)]
        return table(data, (p, q), len(shape) == 1, 0, 2)
    need(data.keys() == {"shape", "packed"}, "keys of a packed mask")
    need([integer(size) for size in listed(data["shape"])] == shape, "shape of a packed mask")
    stream = zlib.decompressobj()
    raw = stream.decompress(base64.b64decode(data["packed"], validate=True), p * q // 8 + 2)
    need(len(raw) == (p * q + 7) // 8 and stream.eof, "size of a packed mask")
    bits = [byte >> k & 1 for byte in raw for k in range(7, -1, -1)]
    need(not stream.unused_data and not any(bits[p * q :]), "more behind a packed mask")
    return [bits[i * q : i * q + q] for i in range(p)]


def is_bias(name: str) -> bool:
    return name[0] == "b" or name == "readout_bias"


@dataclass
class Problem:
    """A network with its learnable and present weights, and the number of samples."""

    kind: str  # F, R, S, NF, NS, NR or NC
    widths: list[int]  # R: inputs, hidden, outputs; NC: inputs, values that the head reads, outputs
    samples: int
    bias: bool = False
    steps: int = 1
    readout: str = "final"
    learnable: Masks = field(default_factory=dict)
    present: Masks = field(default_factory=dict)
    activations: list[str] = field(default_factory=list)  # of each hidden layer; NR: one
    forms: Any = ()
    given: Matrix | None = None  # given inputs that do not span, a row for each (and the constant)
    scale: int = 1  # what those of nonlinear networks are multiplied by
    skip: bool = False
    layers: list[Layer] = field(default_factory=list)  # NC
    weights: dict[str, Any] = field(default_factory=dict)  # given ones in rows, None where random
    is_student: bool = False  # whether weights are as given
    has_weights: bool = False
    size_of_weights: float = 0.0  # the number W of the page

    def __post_init__(self) -> None:
        w, self.shapes = self.widths, {}  # in the order of the columns
        filters: dict[str, list[int]] = {}
        for k, layer in enumerate(self.layers, start=1):
            self.shapes[f"W{k}"] = (layer.channels, layer.columns)
            filters[f"W{k}"] = [layer.channels, layer.before, *layer.kernel]
            self.shapes |= {f"b{k}": (layer.channels, 1)} if self.bias else {}
        if self.layers:
            self.shapes[f"W{len(self.layers) + 1}"] = (w[2], w[1])
            self.shapes |= {f"b{len(self.layers) + 1}": (w[2], 1)} if self.bias else {}
        for k in range(1, len(w)) if not (self.is_recurrent or self.layers) else ():
            self.shapes[f"W{k}"] = (w[k], w[k - 1])
            self.shapes |= {f"b{k}": (w[k], 1)} if self.bias else {}
        if self.is_recurrent:
            self.shapes = {"input": (w[1], w[0]), "recurrent": (w[1], w[1])}
            self.shapes |= {"bias": (w[1], 1)} if self.bias else {}
            self.shapes |= {"readout": (w[2], w[1])}
            self.shapes |= {"readout_bias": (w[2], 1)} if self.bias else {}
        self.axes = {name: filters.get(name, [p] if is_bias(name) else [p, q])
                     for name, (p, q) in self.shapes.items()}  # fmt: skip
        # NS: the hidden layers that add what they read.
        self.residual = {k for k in range(1, len(w) - 1) if self.skip and w[k] == w[k - 1]}
        self.d = w[-1]
        self.dimension = w[0] * (self.steps if self.readout == "final" else 1) + self.bias
        self.m_e = min(self.samples, self.dimension) if self.is_linear else self.samples
        self.spans = self.is_linear and self.m_e == self.dimension
        self.n_equations = self.d * self.m_e * (self.steps if self.readout == "all" else 1)

    @property
    def is_recurrent(self) -> bool:
        return self.kind in ("R", "NR")

    @property
    def is_nonlinear(self) -> bool:
        return self.kind in ("NF", "NS", "NR", "NC")

    @property
    def is_linear(self) -> bool:
        return self.kind in ("F", "R")

    @property
    def student(self) -> Problem:
        return replace(self, is_student=bool(self.weights))

    @property
    def given_size(self) -> float:
        return self.size_of_weights if self.is_student else 0.0

    def set_weights(self, given: Any) -> None:
        """Read `weights` of a file."""
        for name, values in given.items():
            p, q = self.shapes[name]
            shape, rows = self.axes[name], values
            if len(shape) == 1:
                rows = [[value] for value in listed(values)]
            if shape[2:]:
                rows = [flat(row, shape[1:]) for row in listed(values)]
            need(len(listed(rows)) == p and all(len(listed(row)) == q for row in rows), "weights")
            self.weights[name] = [[self.number(name, i, j, x) for j, x in enumerate(row)]
                                  for i, row in enumerate(rows)]  # fmt: skip

        known = [x for rows in self.weights.values() for row in rows for x in row if x is not None]
        bottom = math.lcm(1, *(x.denominator for x in known))
        largest = max([bottom, *(int(abs(x * bottom)) for x in known)])
        self.size_of_weights = math.log2(largest)

    def number(self, name: str, i: int, j: int, value: Any) -> Fraction | None:
        if value is None:
            return None
        need(self.present[name][i][j] and not self.learnable[name][i][j], "not a frozen weight")
        need(type(value) is float or (type(value) is int and abs(value) <= 2**53), "a number")
        return Fraction(value)

    def set_masks(self, learnable: Any, present: Any = ()) -> Problem:
        """The same with masks of a file; what is not named is frozen and present."""
        size = sum(p * q for p, q in self.shapes.values()) * self.steps
        size += sum(layer.units * layer.columns for layer in self.layers)
        need(size * self.m_e <= 10**7, "this checker gives up on networks of this size")
        masks = []
        for data, default in ((learnable, 0), (present, 1)):
            if data == ():
                masks.append(self.present)
                continue
            need(data.keys() <= self.shapes.keys(), "masks of unknown weights")
            masks.append({
                name: read_mask(data[name], p, q, self.axes[name]) if name in data
                else [[default] * q for _ in range(p)] for name, (p, q) in self.shapes.items()
            })  # fmt: skip
        result = replace(self, learnable=masks[0], present=masks[1])
        need(set(result.learnables) <= set(result.presents), "an absent weight is learnable")
        return result

    def cells(self, masks: Masks) -> list[Cell]:
        return [(name, i, j) for name in self.shapes for i, row in enumerate(masks[name])
                for j, value in enumerate(row) if value]  # fmt: skip

    @property
    def learnables(self) -> list[Cell]:
        return self.cells(self.learnable)

    @property
    def presents(self) -> list[Cell]:
        return self.cells(self.present)

    @property
    def is_dense(self) -> bool:
        return all(all(map(all, mask)) for mask in self.present.values())


def read_problem(network: Any, samples: Any, learnable: Any, present: Any = (),
                 comment: Any = "") -> Problem:  # fmt: skip
    """A problem without given inputs, by its keys."""
    comments = comment if type(comment) is list else [comment]
    need(all(type(text) is str for text in comments), "comment")
    network = dict(network)
    kinds = {"linear_feedforward": "F", "shallow_relu": "S", "feedforward": "NF"}
    bias = network.pop("bias", False) if network["kind"] != "linear_recurrent" else False
    need(type(bias) is bool, "bias")
    kind, m = network.pop("kind"), integer(samples, 1, LARGEST + 1)
    if kind in ("linear_recurrent", "recurrent"):
        names = ("inputs", "hidden", "outputs", "steps")
        *widths, steps = [integer(network.pop(name), 1, LARGEST + 1) for name in names]
        readout = network.pop("readout", "final")
        need(readout in ("final", "all"), "readout")
        problem = Problem("R", widths, m, steps=steps, readout=readout)
        if kind == "recurrent":
            name = network.pop("activation")
            need(name in ACTIVATIONS, "activation")
            need(bias or name != "linear", "this is R")
            problem = replace(problem, kind="NR", bias=bias, activations=[name])
    elif kind == "convolutional":
        problem = convolutional(network, m, bias)
    else:
        widths = [integer(width, 1, LARGEST + 1) for width in listed(network.pop("widths"))]
        need(len(widths) == 3 or (len(widths) > 1 and kind != "shallow_relu"), "widths")
        names, skip = [], network.pop("skip", False) if kind == "feedforward" else False
        need(type(skip) is bool, "skip")
        if kind == "feedforward":
            names = activations(network, len(widths) - 2)
        problem = Problem(kinds[kind], widths, m, bias, activations=names, skip=skip)
        need(not skip or problem.residual, "no residual layer")
        if kind == "feedforward" and not skip:
            need(set(names) - {"linear"} and names != ["relu"], "this is F or S")
        problem = replace(problem, kind="NS") if skip else problem
    need(not network, "other keys of a network")
    return problem.set_masks(learnable, {} if present == () else present)


def activations(network: Any, n: int) -> list[str]:
    names = network.pop("activation")
    names = [names] * n if type(names) is str else listed(names)
    need(len(names) == n and set(names) <= ACTIVATIONS, "activations")
    return names


def convolutional(network: Any, m: int, bias: bool) -> Problem:
    """An NC without masks."""
    size = [integer(n, 1, LARGEST + 1) for n in listed(network.pop("input"))]
    need(len(size) in (2, 3), "input")
    channels, *sides = size
    n_inputs, layers = math.prod(size), []
    for given in listed(network.pop("layers")):
        layers.append(Layer(channels, sides, given))
        channels, sides = layers[-1].channels, layers[-1].size
    need(layers, "layers")
    names, d = activations(network, len(layers)), integer(network.pop("outputs"), 1, LARGEST + 1)
    widths = [n_inputs, channels * math.prod(sides), d]
    return Problem("NC", widths, m, bias, activations=names, layers=layers)


@dataclass
class Semiring:
    zero: Any
    one: Any
    add: Callable[[Any, Any], Any]
    mul: Callable[[Any, Any], Any]

    def outer(self, into: Matrix, left: list[Any], right: list[Any]) -> Matrix:
        """`into` and the products of two lists."""
        return [row if x == self.zero else
                [self.add(z, self.mul(x, y)) for z, y in zip(row, right, strict=True)]
                for x, row in zip(left, into, strict=True)]  # fmt: skip

    def zeros(self, p: int, q: int) -> Matrix:
        return [[self.zero] * q for _ in range(p)]

    def product(self, left: Matrix, right: Matrix, onto: Matrix | None = None) -> Matrix:
        result = onto or self.zeros(len(left), len(right[0]))
        for k, line in enumerate(right):
            result = self.outer(result, [row[k] for row in left], line)
        return result

    def eye(self, n: int) -> Matrix:
        return [[self.one if i == j else self.zero for j in range(n)] for i in range(n)]


# Longest paths: absent weights are NO_PATH, and the others count 0 or 1.
PATHS = Semiring(NO_PATH, 0, max, lambda x, y: x + y)


def modulo(p: int) -> Semiring:
    return Semiring(0, 1, lambda x, y: (x + y) % p, lambda x, y: x * y % p)


def linear(problem: Problem, weights: Masks, inputs: list[Matrix], ring: Semiring
           ) -> tuple[list[Any], Callable[[Cell], list[Any]]]:  # fmt: skip
    """The outputs, equation by equation, and the column of a weight in the Jacobian.

    `inputs` are one matrix (with the row of the constant) or, for R, one for each step.
    """
    m, n0, is_recurrent = len(inputs[0][0]), problem.widths[0], problem.kind == "R"
    # Each layer or step is h = main h + extra u, u being the constant or the input of the step.
    main = [name for name in problem.shapes if name[0] == "W"]
    extra = [("b" + name[1:], inputs[0][n0:]) for name in main]
    states, last = [inputs[0][:n0]], ring.eye(problem.d)
    if is_recurrent:
        main, extra = ["recurrent"] * problem.steps, [("input", x) for x in inputs]
        states, last = [ring.zeros(problem.widths[1], m)], weights["readout"]
    for name, (other, u) in zip(main, extra, strict=True):
        state = ring.product(weights[name], states[-1])
        states.append(ring.product(weights[other], u, state) if u else state)
    behind = [last]  # from the outputs back
    for name in main[:0:-1]:
        behind.append(ring.product(behind[-1], weights[name]))
    ends = range(1, len(main) + 1) if problem.readout == "all" else [len(main)]

    def factors(cell: Cell, end: int) -> Iterator[tuple[list[Any], list[Any]]]:
        name, i, j = cell
        if name == "readout":
            yield ring.eye(problem.d)[i], states[end][j]
        for k in range(end):
            source = {main[k]: states[k], extra[k][0]: extra[k][1]}.get(name)
            if source:
                yield [row[i] for row in behind[end - 1 - k]], source[j]

    def column(cell: Cell) -> list[Any]:
        result = []
        for end in ends:
            block = ring.zeros(problem.d, m)
            for left, right in factors(cell, end):
                block = ring.outer(block, left, right)
            result += [x for row in block for x in row]
        return result

    outputs = [ring.product(last, states[end]) for end in ends]
    return [x for matrix in outputs for row in matrix for x in row], column


def by_steps(problem: Problem, rows: Matrix) -> list[Matrix]:
    """The inputs of each step; for F all of them."""
    n = problem.widths[0] if problem.is_recurrent else len(rows)
    return [rows[k : k + n] for k in range(0, len(rows), n)]


def unit_inputs(problem: Problem, ring: Semiring) -> list[Matrix]:
    missing = problem.widths[0] * problem.steps + problem.bias - problem.dimension
    rows = ring.eye(problem.dimension) + ring.zeros(missing, problem.dimension)
    return by_steps(problem, rows)


def paths(problem: Problem, counted: Any) -> tuple[list[float], Callable[[Cell], list[float]]]:
    """For every equation the most weights of `counted` on a path to it from what its sample shows.

    The column of a weight is finite where the weight acts.
    """
    weights = {
        name: [[int((name, i, j) in counted) if there else NO_PATH for j, there in enumerate(row)]
               for i, row in enumerate(mask)] for name, mask in problem.present.items()
    }  # fmt: skip
    if problem.given is not None:
        inputs = [[[0 if x else NO_PATH for x in row] for row in problem.given]]
    elif problem.spans:
        inputs = unit_inputs(problem, PATHS)
    else:
        rows = problem.widths[0] * problem.steps + problem.bias
        inputs = by_steps(problem, [[0] * problem.m_e] * rows)
    return linear(problem, weights, inputs, PATHS)
