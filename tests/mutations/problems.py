"""The problem of a certificate, read a second time, and its exact ranks from the definition.

Nothing of `theorycheck` is used: masks from the JSON lists, derivatives by dual numbers modulo the
prime 2^61 - 1 at random points, ranks by FLINT. An oracle for small networks.
"""

from __future__ import annotations

import base64
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from .convolved import Convolved

PRIME = 2**61 - 1
Entry: TypeAlias = tuple[str, tuple[int, ...]]
Active: TypeAlias = tuple[tuple[bool, ...], ...]  # units of a ReLU network, sample by sample


@dataclass(frozen=True)
class Problem:
    """Architecture, masks and samples; `inputs` has a column for each given point, else None."""

    kind: str
    shapes: dict[str, tuple[int, ...]]
    learnable: dict[str, np.ndarray]
    present: dict[str, np.ndarray]
    samples: int
    inputs: list[list[Fraction]] | None = None
    steps: int = 1
    readout: str = "final"
    activations: tuple[str, ...] = ()  # of the hidden layers; of the hidden state
    skip: bool = False  # whether layers as wide as what they read add it
    convolved: Convolved | None = None

    @property
    def n_inputs(self) -> int:
        if self.convolved is not None:
            return self.convolved.n_inputs
        return self.shapes["input" if self.is_recurrent else "W1"][1]

    @property
    def outputs(self) -> int:
        return list(self.shapes.values())[-1][0]

    @property
    def bias(self) -> bool:
        return "b1" in self.shapes or "bias" in self.shapes

    @property
    def depth(self) -> int:
        return sum(name[0] == "W" for name in self.shapes)

    @property
    def drawn(self) -> int:
        """Samples to draw: as many as there are, or more than enough for linear networks."""
        if self.inputs is not None:
            return len(self.inputs[0])
        return min(self.samples, self.n_inputs * self.steps + 2) if self.is_linear else self.samples

    @property
    def is_linear(self) -> bool:
        return self.kind in ("linear_feedforward", "linear_recurrent")

    @property
    def is_recurrent(self) -> bool:
        return self.kind in ("linear_recurrent", "recurrent")

    @property
    def is_nonlinear(self) -> bool:
        """Whether it is of a kind with activations."""
        return self.kind in ("feedforward", "recurrent", "convolutional")

    def entries(self, which: str) -> list[Entry]:
        """The `learnable` or `present` weights in their order."""
        masks = getattr(self, which)
        return [(name, tuple(i)) for name in self.shapes for i in np.argwhere(masks[name]).tolist()]

    def with_learnable(self, entries: Sequence[Entry]) -> Problem:
        """The same network with other learnable weights."""
        masks = {name: np.zeros(shape, dtype=bool) for name, shape in self.shapes.items()}
        for name, index in entries:
            masks[name][index] = True
        return replace(self, learnable=masks)

    @cached_property
    def n_learnable(self) -> int:
        return len(self.entries("learnable"))


def read(data: dict[str, Any]) -> Problem:
    """The problem of a certificate; raises an error of any kind if it is none."""
    network = data["network"]
    kind, steps, readout = network["kind"], 1, "final"
    names = network.get("activation", ())
    if kind in ("linear_recurrent", "recurrent"):
        n, m, d, steps = (network[key] for key in ("hidden", "inputs", "outputs", "steps"))
        shapes: dict[str, tuple[int, ...]] = {"input": (n, m), "recurrent": (n, n)}
        shapes |= {"bias": (n,)} if network.get("bias", False) else {}
        shapes["readout"] = (d, n)
        shapes |= {"readout_bias": (d,)} if network.get("bias", False) else {}
        readout = network.get("readout", "final")
    elif kind == "convolutional":
        shapes = Convolved.of(network).shapes(network["outputs"], network.get("bias", False))
    else:
        shapes = {}
        for layer, (m, n) in enumerate(zip(network["widths"], network["widths"][1:], strict=False)):
            shapes[f"W{layer + 1}"] = (n, m)
            if network.get("bias", False):
                shapes[f"b{layer + 1}"] = (n,)
    convolved = Convolved.of(network) if kind == "convolutional" else None
    if isinstance(names, str):
        n_hidden = (
            len(network["layers" if convolved else "widths"]) - 2 if kind != "recurrent" else 1
        )
        names = [names] * (n_hidden + 2 * bool(convolved))
    present = _masks(data.get("present", {}), shapes, True)
    learnable = _masks(data["learnable"], shapes, False)
    if any((learnable[name] & ~present[name]).any() for name in shapes):
        raise ValueError("an absent weight is learnable")
    inputs = data.get("inputs")
    if inputs is not None:
        inputs = [
            list(row) for row in zip(*([Fraction(x) for x in p] for p in inputs), strict=True)
        ]
    return Problem(kind, shapes, learnable, present, data["samples"], inputs, steps, readout,
                   tuple(names), network.get("skip", False), convolved)  # fmt: skip


def _masks(
    given: dict[str, Any], shapes: dict[str, tuple[int, ...]], default: bool
) -> dict[str, np.ndarray]:
    if not given.keys() <= shapes.keys():
        raise ValueError("an unknown weight")
    return {
        name: _mask(given[name], shape) if name in given else np.full(shape, default)
        for name, shape in shapes.items()
    }


def _mask(value: Any, shape: tuple[int, ...]) -> np.ndarray:
    if isinstance(value, dict):
        data = zlib.decompress(base64.b64decode(value["packed"]))
        bits = "".join(f"{byte:08b}" for byte in data)[: int(np.prod(shape))]
        return np.array([bit == "1" for bit in bits]).reshape(shape)
    flat = [value]
    for size in shape:
        if any(not isinstance(part, list) or len(part) != size for part in flat):
            raise ValueError("a mask of another shape")
        flat = [entry for part in flat for entry in part]
    if any(x not in (0, 1) or type(x) is not int for x in flat):
        raise ValueError("a mask holds 0 and 1")
    return np.array([bool(x) for x in flat]).reshape(shape)


def effective(problem: Problem) -> int:
    """m_e of a linear network."""
    per_step = 1 if problem.kind != "linear_recurrent" or problem.readout == "all" else None
    dimension = problem.n_inputs * (per_step or problem.steps) + problem.bias
    m = problem.samples
    if problem.inputs is not None:
        from flint import fmpq, fmpq_mat

        rows = [[fmpq(x.numerator, x.denominator) for x in row] for row in problem.inputs]
        m = fmpq_mat([*rows, *[[fmpq(1)] * m] * problem.bias]).rank()
    return min(m, dimension)


@dataclass
class Point:
    """Weights and inputs modulo the prime; `inputs` has one matrix for each step."""

    weights: dict[str, np.ndarray]
    inputs: list[np.ndarray]


def random_point(problem: Problem, seed: int = 0) -> Point:
    """Random residues; absent weights are 0, given inputs what they are."""
    rng = random.Random(f"{seed} {problem.kind}")

    def draw(shape: tuple[int, ...]) -> np.ndarray:
        values = [rng.randrange(1, PRIME) for _ in range(int(np.prod(shape)))]
        return np.array(values, dtype=object).reshape(shape)

    weights = {name: draw(shape) * problem.present[name] for name, shape in problem.shapes.items()}
    if problem.inputs is not None:
        rows = [[x.numerator * pow(x.denominator, -1, PRIME) % PRIME for x in row]
                for row in problem.inputs]  # fmt: skip
        return Point(weights, [np.array(rows, dtype=object)])
    shape = (problem.n_inputs, problem.drawn)
    return Point(weights, [draw(shape) for _ in range(problem.steps)])


Apply: TypeAlias = Callable[[str, Any], Any]


def outputs(
    problem: Problem,
    weights: dict[str, Any],
    inputs: Sequence[Any],
    active: Active | None = None,
    apply: Apply | None = None,
) -> list[Any]:
    """All outputs, matrices of outputs x samples; the entries may be of any ring.

    Of a ReLU network the units `active` are, sample by sample, whatever the numbers say. Of a
    nonlinear one `apply(name, z)` is the activation at z.
    """

    def activated(layer: int, z: Any) -> Any:
        if apply is None or not problem.activations:
            return z
        return np.vectorize(apply, otypes=[object])(problem.activations[layer], z)

    def plus(sums: Any, name: str) -> Any:
        return sums + weights[name][:, None] if name in weights else sums

    if problem.is_recurrent:
        state, found = None, []
        for step in inputs:
            drive = plus(weights["input"] @ step, "bias")
            state = activated(0, drive if state is None else weights["recurrent"] @ state + drive)
            found.append(plus(weights["readout"] @ state, "readout_bias"))
        return found if problem.readout == "all" else found[-1:]
    level = inputs[0]
    if problem.convolved is not None:
        level = problem.convolved.values(weights, level, activated)
        return [plus(weights[f"W{problem.depth}"] @ level, f"b{problem.depth}")]
    for layer in range(1, problem.depth + 1):
        before, level = level, plus(weights[f"W{layer}"] @ level, f"b{layer}")
        if layer < problem.depth:
            level = activated(layer - 1, level)
            if problem.skip and len(level) == len(before):
                level = level + before
        if active is not None and layer < problem.depth:
            level = level * np.array(active, dtype=object).T.astype(int)
    return [level]


class Dual:
    """A residue and its derivative along one weight."""

    __slots__ = ("change", "value")

    def __init__(self, value: int, change: int = 0) -> None:
        self.value, self.change = value % PRIME, change % PRIME

    def __add__(self, other: Any) -> Dual:
        other = other if isinstance(other, Dual) else Dual(int(other))
        return Dual(self.value + other.value, self.change + other.change)

    def __mul__(self, other: Any) -> Dual:
        other = other if isinstance(other, Dual) else Dual(int(other))
        return Dual(self.value * other.value, self.value * other.change + self.change * other.value)

    __radd__, __rmul__ = __add__, __mul__


def jacobian(
    problem: Problem, which: str, point: Point, active: Active | None = None
) -> list[list[int]]:
    """One row for each weight, with the derivatives of all outputs by it."""
    rows = []
    for name, index in problem.entries(which):
        weights = dict(point.weights)
        changed = np.array(weights[name], dtype=object, copy=True)
        changed[index] = Dual(int(changed[index]), 1)
        weights[name] = changed
        flat = [x for part in outputs(problem, weights, point.inputs, active) for x in part.flat]
        rows.append([x.change if isinstance(x, Dual) else 0 for x in flat])
    return rows


def rank(problem: Problem, which: str, active: Active | None = None) -> int:
    """The generic rank of the Jacobian of the `which` weights (wrong with probability 1e-15)."""
    from flint import nmod_mat

    rows = jacobian(problem, which, random_point(problem), active)
    return nmod_mat(rows, PRIME).rank() if rows else 0


def paths(problem: Problem) -> Iterator[list[Entry]]:
    """All paths over present weights from inputs (not always 0) or biases to the outputs."""
    shown = [
        j
        for j in range(problem.n_inputs)
        if problem.inputs is None or any(x != 0 for x in problem.inputs[j])
    ]
    if problem.kind == "linear_recurrent":
        starts = [("input", (i, j)) for i, j in np.argwhere(problem.present["input"]).tolist()]
        for n_recurrent in range(problem.steps):
            names = ["recurrent"] * n_recurrent + ["readout"]
            for start in starts:
                yield from _continued(problem, [start], names)
        return
    layers = [f"W{layer}" for layer in range(1, problem.depth + 1)]
    for i, j in np.argwhere(problem.present["W1"]).tolist():
        if j in shown:
            yield from _continued(problem, [("W1", (i, j))], layers[1:])
    for layer in range(1, problem.depth + 1):
        for (i,) in np.argwhere(problem.present.get(f"b{layer}", np.zeros(0))).tolist():
            yield from _continued(problem, [(f"b{layer}", (i,))], layers[layer:])


def _continued(problem: Problem, path: list[Entry], names: Sequence[str]) -> Iterator[list[Entry]]:
    if not names:
        yield path
        return
    head = path[-1][1][0]
    for i in np.flatnonzero(problem.present[names[0]][:, head]).tolist():
        yield from _continued(problem, [*path, (names[0], (i, head))], names[1:])


def is_affine(problem: Problem) -> bool:
    """Whether no path runs through two learnable weights, or twice through one."""
    return all(
        sum(bool(problem.learnable[name][index]) for name, index in path) < 2
        for path in paths(problem)
    )
