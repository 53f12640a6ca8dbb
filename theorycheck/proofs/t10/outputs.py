"""Outputs of shallow ReLU networks that are bounded from below, or fit all values (T10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import sympy
from sympy.polys.matrices import DomainMatrix

from ...problem.networks.feedforward import ShallowReLU
from ..shared.exhaustive import all_masks
from .activity import full_matching, given_angle, jacobians, over_angles, regular_pattern

Masks: TypeAlias = dict[str, Any]  # weight name -> learnable entries
Outputs: TypeAlias = Callable[[Masks], Any]  # which outputs are bounded
Units: TypeAlias = Callable[[Masks, int], list[Any]]  # for each output the units that serve it

_BIASED = ([2, 2, 1], [1, 2, 2], [1, 3, 1])
_VALUES = 60  # random learnables for every allocation


def both_sides(masks: Masks) -> Any:
    """Units (columns) with a learnable input or bias and a learnable weight to an output (row)."""
    inward = masks["W1"].any(axis=1) | masks["b1"]
    return masks["W2"] & inward


def no_unit_on_both_sides(masks: Masks) -> Any:
    """The outputs that the statement calls bounded."""
    return ~both_sides(masks).any(axis=1) & ~masks["b2"]


def _networks(widths: Any) -> Iterator[tuple[ShallowReLU, Masks]]:
    """All allocations of networks with biases."""
    for each in widths:
        network = ShallowReLU(each, bias=True)
        for flat in all_masks(network.n_weights):
            yield network, _parts(network, flat)


def _parts(network: ShallowReLU, flat: Any) -> Masks:
    parts, start = {}, 0
    for name, shape in network.weight_shapes.items():
        size = int(np.prod(shape))
        parts[name], start = flat[start : start + size].reshape(shape), start + size
    return parts


def _normal(network: ShallowReLU, rng: Any, count: int = 1) -> dict[str, Any]:
    return {n: rng.normal(size=(count, *s)) for n, s in network.weight_shapes.items()}


def _answers(weights: dict[str, Any], inputs: Any) -> tuple[Any, Any]:
    before = weights["W1"] @ inputs + weights["b1"][..., None]
    return weights["W2"] @ np.maximum(before, 0) + weights["b2"][..., None], before


def bounded(claim: Outputs) -> Iterator[str | None]:
    """Outputs of claim(masks): dead units and positive frozen weights keep them at b2 or above.

    The units with a learnable weight to the output are dead on the first sample, as far as their
    frozen inputs can see to it; learnables are random and large.
    """
    rng = np.random.default_rng(4)
    for network, masks in _networks(_BIASED):
        for i in np.flatnonzero(claim(masks)):
            inputs = rng.normal(size=(network.inputs, 1))
            frozen = _normal(network, rng)
            away = -np.sign(inputs.T) * abs(frozen["W1"])
            dead = masks["W2"][i][None, :]
            frozen["W1"] = np.where(dead[..., None], away, frozen["W1"])
            frozen["b1"] = np.where(dead, -abs(frozen["b1"]), frozen["b1"])
            frozen["W2"][:, i] = abs(frozen["W2"][:, i])
            values = _normal(network, rng, _VALUES)
            student = {n: np.where(masks[n], 9 * values[n], frozen[n]) for n in masks}
            lowest = _answers(student, inputs)[0][:, i, 0].min() - frozen["b2"][0, i]
            shown = {name: mask.astype(int).tolist() for name, mask in masks.items()}
            yield f"{network.widths}, {shown}: output {i} sinks by {lowest}" if lowest < 0 else None


Lone: TypeAlias = Callable[[Masks, int], Any]  # the unit whose misses count, or None


def lone_unit(masks: Masks, output: int) -> Any:
    """The one unit on both sides of an output without a learnable bias, its own bias frozen.

    All biases exist, so that the frozen parts can be negative on all samples.
    """
    units = np.flatnonzero(both_sides(masks)[output])
    return units[0] if len(units) == 1 and not masks["b2"][output] | masks["b1"][units[0]] else None


def any_unit(masks: Masks, output: int) -> Any:
    """The same, but with one or more units on both sides."""
    units = np.flatnonzero(both_sides(masks)[output] & ~masks["b1"])
    return units[0] if len(units) and not masks["b2"][output] else None


def with_learnable_bias(masks: Masks, output: int) -> Any:
    """The same, but the unit's bias may be learnable."""
    units = np.flatnonzero(both_sides(masks)[output])
    return units[0] if len(units) == 1 and not masks["b2"][output] else None


def missed(claim: Lone) -> Iterator[str | None]:
    """Where claim(masks, output) is a unit, learnables leave the output at b2 or above somewhere.

    On one sample more than the unit has learnable inputs, in a positive linear relation; frozen
    parts of pre-activations are negative, frozen weights to the output positive.
    """
    rng = np.random.default_rng(7)
    for network, masks in _networks(_BIASED):
        for i in range(network.outputs):
            unit = claim(masks, i)
            if unit is None:
                continue
            size = int(masks["W1"][unit].sum())
            inputs = rng.normal(size=(network.inputs, size + 1))
            shown = inputs[masks["W1"][unit]]
            weights = rng.uniform(0.5, 1.5, size=size)
            inputs[masks["W1"][unit], -1] = -(shown[:, :-1] @ weights)
            frozen = _normal(network, rng)
            reach = abs(frozen["W1"] @ inputs).sum(axis=2) + 9 * abs(inputs).sum()
            frozen["b1"] = -reach * abs(frozen["W1"]).sum(axis=2).clip(1)
            frozen["W2"][:, i] = abs(frozen["W2"][:, i])
            values = _normal(network, rng, _VALUES)
            scale = {"W1": 10.0 ** rng.integers(0, 6, size=(_VALUES, 1, 1)), "b1": 1e3}
            student = {
                n: np.where(masks[n], scale.get(n, 9.0) * values[n], frozen[n]) for n in masks
            }
            above = _answers(student, inputs)[0][:, i].max(axis=1) - frozen["b2"][0, i]
            words = {name: mask.astype(int).tolist() for name, mask in masks.items()}
            low = above.min()
            yield f"{network.widths}, {words}: output {i} sinks by {low}" if low < 0 else None


def turned_output(weights: dict[str, Any], output: int) -> dict[str, Any]:
    """The signs of all weights to an output changed."""
    second = weights["W2"].copy()
    second[output] *= -1
    return {**weights, "W2": second}


def turned_units(weights: dict[str, Any], output: int) -> dict[str, Any]:
    """The signs of all weights into the hidden units changed."""
    return {**weights, "W1": -weights["W1"]}


def turned_weight(weights: dict[str, Any], output: int) -> dict[str, Any]:
    """The sign of one weight to an output changed."""
    second = weights["W2"].copy()
    second[output, 0] *= -1
    return {**weights, "W2": second}


def turning(claim: Callable[[dict[str, Any], int], dict[str, Any]]) -> Iterator[str | None]:
    """claim(weights, output) turns the output's sign and keeps the rank of the Jacobian."""
    rng = np.random.default_rng(5)
    for widths, samples in (([2, 2, 1], 2), ([2, 3, 2], 2), ([3, 2, 2], 3), ([1, 3, 2], 2)):
        network = ShallowReLU(widths)
        for _ in range(40):
            weights = {n: rng.integers(-9, 10, size=s) for n, s in network.weight_shapes.items()}
            inputs = rng.integers(-9, 10, size=(network.inputs, samples))
            for i in range(network.outputs):
                pairs = [_shown(network, w, inputs) for w in (weights, claim(weights, i))]
                (before, rank), (after, other) = pairs
                before[i] *= -1
                held = rank == other and (before == after).all()
                yield None if held else f"{network.widths}, {weights}, {inputs.tolist()}"


def _shown(network: ShallowReLU, weights: dict[str, Any], inputs: Any) -> tuple[Any, int]:
    """Outputs, and the rank of the Jacobian of all weights, in integers."""
    before = weights["W1"] @ inputs
    values = jacobians(network, weights, inputs, before > 0)
    rows = [[sympy.QQ(int(entry)) for entry in row] for row in values]
    rank = DomainMatrix(rows, values.shape, sympy.QQ).rank()
    return weights["W2"] @ np.maximum(before, 0), rank


def rich_units(masks: Masks, samples: int, inputs: int | None = None, fewer: int = 0) -> list[Any]:
    """For each output the m units, or m - 1 with a bias, of m learnable inputs; None without them.

    With `inputs` as many learnable inputs are asked for, and `fewer` units.
    """
    counts = masks["W1"].sum(axis=1) + masks["b1"]
    rich = masks["W2"] & (counts >= (samples if inputs is None else inputs))
    needed = samples - fewer - masks["b2"].astype(int)
    rows = zip(rich, needed.tolist(), strict=True)
    return [np.flatnonzero(row)[:n] if row.sum() >= n else None for row, n in rows]


def interpolated(claim: Units) -> Iterator[str | None]:
    """Where claim(masks, m) has units for every output, each draw is matched, by construction.

    The units get positive random activations, then each output is fitted by its own weights.
    """
    rng = np.random.default_rng(6)
    for samples, widths in ((1, _BIASED), (2, ([2, 2, 1], [1, 2, 1], [1, 2, 2]))):
        for network, masks in _networks(widths):
            units = claim(masks, samples)
            if any(row is None for row in units):
                continue
            left = _left_over(network, masks, units, samples, rng)
            shown = {name: mask.astype(int).tolist() for name, mask in masks.items()}
            words = f"{network.widths}, m = {samples}, {shown}: {left} is left over"
            yield words if left > 1e-6 else None


def _left_over(network: ShallowReLU, masks: Masks, units: Any, samples: int, rng: Any) -> float:
    """The largest error of a fit of one random teacher, relative to its outputs."""
    inputs = rng.normal(size=(network.inputs, samples))
    teacher, student = ({n: w[0] for n, w in _normal(network, rng).items()} for _ in range(2))
    extended = np.vstack([inputs, np.ones((1, samples))])
    for k in {int(k) for row in units for k in row}:
        free = np.append(masks["W1"][k], masks["b1"][k])
        row = np.append(student["W1"][k], student["b1"][k]) * ~free
        wanted = rng.uniform(0.5, 1.5, size=samples) - row @ extended
        row[free] = np.linalg.lstsq(extended[free].T, wanted, rcond=None)[0]
        student["W1"][k], student["b1"][k] = row[:-1], row[-1]
    targets = _answers(teacher, inputs)[0]
    for i, row in enumerate(units):
        hidden = np.maximum(_answers(student, inputs)[1], 0)
        rest = targets[i] - student["b2"][i] - student["W2"][i] @ hidden
        columns = [*hidden[row], *([np.ones(samples)] if masks["b2"][i] else [])]
        matrix = np.array(columns).reshape(-1, samples).T
        change = np.linalg.lstsq(matrix, rest, rcond=None)[0]
        student["W2"][i, row] += change[: len(row)]
        student["b2"][i] += change[len(row) :].sum()
    error = abs(_answers(student, inputs)[0] - targets).max()
    return float(error / (1 + abs(targets).max() + max(abs(w).max() for w in student.values())))


def two_sample_means(claim: Callable[[int, int], Fraction]) -> Iterator[str | None]:
    """(2, n_1, 1), m = 2, s learnables of W_2: claim(n_1, s) against an integral over the angle."""
    for units in range(1, 6):
        regular = given_angle(units, regular_pattern(1))
        for learnable in range(units + 1):
            full = given_angle(learnable, full_matching)
            exact = over_angles(sympy.expand(regular * full)) / over_angles(regular)
            held = exact == sympy.Rational(claim(units, learnable))
            yield None if held else f"n_1 = {units}, s = {learnable}: {exact}"


def two_sample_formula(units: int, learnable: int) -> Fraction:
    """The closed form of MP_reg of (2, n_1, 1), m = 2, W_2 only.

    >>> two_sample_formula(2, 2)
    Fraction(57, 140)
    """

    def mean(power: int) -> Fraction:
        return Fraction(1, 2**power * (power + 1))

    n, s = units, learnable
    regular, full = 1 - Fraction(2, 2**n), 1 - Fraction(2, 2**s)
    both = regular * full + full * mean(n) + (1 - s) * (regular * mean(s) + mean(n + s))
    return both / (regular + mean(n))
