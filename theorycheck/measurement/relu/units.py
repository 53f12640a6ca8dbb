"""Shallow ReLU students by hidden units: which enter the outputs linearly, pattern by pattern.

A unit whose inputs are frozen contributes known numbers, or columns of a linear system where its
output weights are learnable. A unit with learnable inputs w and frozen output weights v contributes
v relu(f + A w), one entry per sample, f from its frozen inputs: linear once it is known on which
samples the unit is active. With learnable output weight v, the only one present, homogeneity makes
v relu(f + A w) = sign relu(t f + A u) with t = |v| > 0 and u = |v| w: linear in (t, u), for either
sign. Without frozen inputs t is not needed, v = 1 or -1 will do. And v = 0 switches the unit off.
A bias is one more input, of value 1.

As many inputs as samples, or more, give pre-activations of any value: then A is replaced by the
unit matrix and f by 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...computing.arrays import Array
from ...numeric.instances import Instance
from ...problem.allocation import Allocation

CLEAR = 1e-9  # relative; what is smaller than this is not called zero or nonzero


@dataclass(frozen=True)
class UnitKind:
    """A hidden unit with learnable inputs (the bias has number n_0).

    `output` is the only present output of a unit whose output weight is learnable too, else None.
    """

    hidden: int
    learnable: tuple[int, ...]
    frozen: tuple[int, ...]
    output: int | None

    def is_free(self, samples: int) -> bool:
        """Whether pre-activations can take any values on so many samples."""
        return len(self.learnable) >= samples

    def has_scale(self, samples: int) -> bool:
        """Whether the unknowns are (t, u), t > 0."""
        return self.output is not None and bool(self.frozen) and not self.is_free(samples)

    def is_central(self, samples: int) -> bool:
        """Whether pre-activations are linear in the unknowns, without a constant."""
        return not self.frozen or self.is_free(samples)


@dataclass(frozen=True)
class Unit:
    """One unit of a batch of students: relu(offset + generators theta) times slopes.

    Shapes: generators (batch, samples, unknowns), offset (batch, samples), slopes (batch, outputs).
    With `has_scale` the first unknown is t > 0; then, or if `is_signed`, slopes may be negated.
    """

    generators: Array
    offset: Array
    slopes: Array
    is_central: bool
    has_scale: bool
    is_signed: bool


@dataclass(frozen=True)
class Students:
    """A batch of students: sum of units + free columns times unknowns = wanted.

    `wanted` and `size`, a bound for what rounding it is relative to, are (batch, outputs, samples),
    `free` is (batch, outputs, samples, unknowns). `is_regular_position`: no unit's inputs are in
    special position, as far as the generators show.
    """

    wanted: Array
    size: Array
    free: Array
    units: tuple[Unit, ...]
    is_regular_position: Array


def unit_kinds(allocation: Allocation) -> tuple[UnitKind, ...] | None:
    """The units with learnable inputs; None if one has a conflict that homogeneity cannot solve.

    >>> from theorycheck import Allocation, ShallowReLU
    >>> first = {"W1": [[1, 1], [0, 1]], "W2": [[1, 0]]}
    >>> kinds = unit_kinds(Allocation(ShallowReLU([2, 2, 1]), first))
    >>> [(kind.learnable, kind.frozen, kind.output) for kind in kinds]
    [((0, 1), (), 0), ((1,), (0,), None)]
    >>> second = {"W1": [[1, 1], [0, 1]], "W2": [[1, 0], [0, 0]]}
    >>> unit_kinds(Allocation(ShallowReLU([2, 2, 2]), second)) is None
    True
    """
    learnable, present = (_inputs(allocation, which) for which in ("learnable", "present"))
    kinds = []
    for h in range(len(learnable)):
        outputs = np.flatnonzero(allocation.present_mask("W2")[:, h])
        if not learnable[h].any() or not len(outputs):
            continue
        output = None
        if allocation.mask("W2")[:, h].any():
            if len(outputs) > 1:
                return None
            output = int(outputs[0])
        frozen = present[h] & ~learnable[h]
        free, fixed = (tuple(map(int, np.flatnonzero(mask))) for mask in (learnable[h], frozen))
        kinds.append(UnitKind(h, free, fixed, output))
    return tuple(kinds)


def students(allocation: Allocation, kinds: tuple[UnitKind, ...], instances: Instance) -> Students:
    """The students of a batch of instances, each with its own frozen weights and inputs."""
    first, second, inputs = _weights(instances)
    batch, _, samples = inputs.shape
    n_outputs = second.shape[1]
    wanted = instances.outputs.reshape(batch, n_outputs, samples).copy()
    size = abs(wanted)
    chosen = {kind.hidden for kind in kinds}
    learnable, columns = allocation.mask("W2"), []
    for h in range(first.shape[1]):
        if h in chosen:
            continue
        active = np.maximum(first[:, h, None] @ inputs, 0)  # (batch, 1, samples)
        for o in range(n_outputs):
            if learnable[o, h]:
                columns.append(_column(active[:, 0], o, n_outputs))
        frozen = (second[:, :, h] * ~learnable[:, h])[:, :, None] * active
        wanted -= frozen
        size += abs(frozen)
    if "b2" in instances.weights:
        mask = allocation.mask("b2")
        columns += [
            _column(np.ones((batch, samples)), int(o), n_outputs) for o in np.flatnonzero(mask)
        ]
        frozen = (instances.weights["b2"] * ~mask)[:, :, None]
        wanted -= frozen
        size += abs(frozen)
    free = np.stack(columns, axis=-1) if columns else np.zeros((*wanted.shape, 0))
    regular = np.ones(batch, dtype=bool)
    units = [_unit(kind, first, second, inputs, regular) for kind in kinds]
    return Students(wanted, size, free, tuple(units), regular)


def _unit(kind: UnitKind, first: Array, second: Array, inputs: Array, regular: Array) -> Unit:
    batch, _, samples = inputs.shape
    shown = inputs[:, list(kind.learnable)].swapaxes(1, 2)  # (batch, samples, learnable inputs)
    frozen = list(kind.frozen)
    offset = np.einsum("bi,bij->bj", first[:, kind.hidden][:, frozen], inputs[:, frozen])
    regular &= _has_full_rank(shown)
    if kind.is_free(samples):
        shown = np.broadcast_to(np.eye(samples), (batch, samples, samples))
        offset = np.zeros_like(offset)
    has_scale = kind.has_scale(samples)
    if has_scale:
        shown = np.concatenate([offset[:, :, None], shown], axis=2)
        offset = np.zeros_like(offset)
    slopes = second[:, :, kind.hidden]
    if kind.output is not None:
        slopes = np.broadcast_to(np.arange(second.shape[1]) == kind.output, slopes.shape) * 1.0
    is_central = kind.is_central(samples)
    return Unit(shown, offset, slopes, is_central, has_scale, kind.output is not None)


def _has_full_rank(matrices: Array) -> Array:
    """Which matrices (batch, rows, columns) have full rank, clearly, once rows have length 1."""
    lengths = np.sqrt((matrices**2).sum(axis=2, keepdims=True))
    values = np.linalg.svd(matrices / np.where(lengths > 0, lengths, 1), compute_uv=False)
    return values.min(axis=1) > CLEAR


def _inputs(allocation: Allocation, which: str) -> Array:
    """The mask of W1 with that of b1, if there is one, as last column."""
    masks = dict(allocation.masks(which))
    shapes = allocation.network.weight_shapes
    full = [np.asarray(masks.get("W1", np.zeros(shapes["W1"], dtype=bool)))]
    if "b1" in shapes:
        full.append(np.asarray(masks.get("b1", np.zeros(shapes["b1"], dtype=bool)))[:, None])
    return np.concatenate(full, axis=1)


def _weights(instances: Instance) -> tuple[Array, Array, Array]:
    """W1 with b1 as last column, W2, and the inputs with a last row of constants."""
    weights, inputs = instances.weights, instances.inputs
    if "b1" not in weights:
        return weights["W1"], weights["W2"], inputs
    first = np.concatenate([weights["W1"], weights["b1"][:, :, None]], axis=2)
    constant = np.ones((len(inputs), 1, inputs.shape[2]))
    return first, weights["W2"], np.concatenate([inputs, constant], axis=1)


def _column(values: Array, output: int, n_outputs: int) -> Array:
    """Values (batch, samples) in the rows of one output, (batch, outputs, samples)."""
    column = np.zeros((len(values), n_outputs, values.shape[1]))
    column[:, output] = values
    return column
