"""Shallow ReLU networks (T10): which outputs the learnable weights can move, and how far."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Allocation
from ..problem.masks import entries_of
from ..ranks.relu_patterns import unit_supports
from ..structure.support import Support
from .matchings import cover_below

_SOLVE_SECONDS = 4e-10  # times the fourth power of the number of inputs


def learnable_inputs(allocation: Allocation) -> NDArray[np.int64]:
    """Learnable input weights of every hidden unit, its bias included."""
    counts = np.count_nonzero(allocation.mask("W1"), axis=1)
    return counts + allocation.mask("b1") if "b1" in allocation.counts else counts


def learnable_biases(allocation: Allocation) -> NDArray[np.bool_]:
    """Which outputs have a learnable bias."""
    if "b2" in allocation.counts:
        return allocation.mask("b2")
    return np.zeros(len(allocation.mask("W2")), dtype=bool)


def bounded_output(allocation: Allocation) -> int | None:
    """An output whose bias is not learnable, nor any of its units on both sides; None without one.

    "On both sides": with a learnable input (or bias) and a learnable weight to this output.

    >>> from theorycheck import ShallowReLU
    >>> network = ShallowReLU([1, 2, 2])
    >>> bounded_output(Allocation(network, {"W1": [[1], [0]], "W2": [[1, 0], [0, 1]]}))
    1
    """
    on_both_sides = allocation.mask("W2") & (learnable_inputs(allocation) > 0)
    movable = on_both_sides.any(axis=1) | learnable_biases(allocation)
    free = np.flatnonzero(~movable)
    return int(free[0]) if len(free) else None


def interpolating_units(allocation: Allocation, samples: int) -> list[list[int]] | None:
    """For each output as many units, of at least m learnable inputs each, as it needs; else None.

    It needs m of them, their weights to it learnable, or m - 1 with a learnable bias of its own.

    >>> from theorycheck import ShallowReLU
    >>> network = ShallowReLU([1, 2, 1])
    >>> interpolating_units(Allocation(network, {"W1": [[0], [1]], "W2": [[1, 1]]}), 1)
    [[1]]
    """
    rich = allocation.mask("W2") & (learnable_inputs(allocation) >= samples)
    needed = samples - learnable_biases(allocation).astype(int)
    if (np.count_nonzero(rich, axis=1) < needed).any():
        return None
    rows = zip(rich, needed.tolist(), strict=True)
    return [np.flatnonzero(row)[:count].tolist() for row, count in rows]


def all_active_pattern(allocation: Allocation, samples: int) -> Support:
    """Which equations each learnable acts on when all units are active; no pattern has more.

    Equations and learnables are numbered as in `ranks.relu_rank`.
    """
    has_inputs = np.array([bool(support) for support in unit_supports(allocation)])
    outward = allocation.present_mask("W2")
    blocks = []
    for name in allocation.counts:
        entries = np.argwhere(allocation.mask(name))
        if name in ("W1", "b1"):
            blocks.append(outward[:, entries[:, 0]])
        else:
            own = np.arange(len(outward))[:, None] == entries[None, :, 0]
            blocks.append(own & (has_inputs[entries[:, 1]] if name == "W2" else True))
    if not blocks:
        return np.zeros((len(outward) * samples, 0), dtype=bool)
    return np.repeat(np.concatenate(blocks, axis=1), samples, axis=0)


class Lone(NamedTuple):
    """An output that just one unit can move to both sides, and the unit's learnable inputs."""

    output: int
    unit: int
    inputs: list[int]

    def shaped(
        self, inputs: NDArray[np.int64], deadline: Deadline = NEVER
    ) -> NDArray[np.int64] | None:
        """Inputs with a positive relation of the first samples on these inputs, else positive.

        As many samples as there are learnable inputs, and one more. None if they are special.
        Raises `OutOfTimeError` after the deadline.

        >>> Lone(0, 0, [0]).shaped(np.array([[3, 2, 5], [-1, 1, -1]]))
        array([[ 3, -2,  5],
               [ 1,  1, -1]])
        """
        from flint import fmpq_mat, fmpz_mat

        size = len(self.inputs)
        deadline.afford(_SOLVE_SECONDS * size**4, "a relation of the inputs")
        square = inputs[self.inputs, : size + 1]
        first = fmpz_mat(size, size, square[:, :size].ravel().tolist())
        det = first.det()
        if not det:
            return None
        # The relation is (-A^-1 b, 1) for the last sample b; the sign is that of the minors.
        last = fmpq_mat(fmpz_mat(size, 1, (-square[:, size]).tolist()))
        relation = [*fmpq_mat(first).solve(last).entries(), 1]
        sign = (1 if det > 0 else -1) * (-1) ** size
        signs = np.array([sign * (int(value > 0) - int(value < 0)) for value in relation])
        if not signs.all():
            return None
        shaped = inputs.copy()
        shaped[:, : size + 1] = abs(inputs[:, : size + 1])
        shaped[self.inputs, : size + 1] = square * signs
        return shaped


def lone_unit(allocation: Allocation, samples: int) -> Lone | None:
    """An output, its bias not learnable, with one unit on both sides, of fewer than m inputs.

    This unit's bias is not learnable; and every unit with a learnable weight to the output has a
    frozen input (or bias) that is none of the learnable ones of this unit, or no frozen input.
    None without such an output.
    """
    counts, supports = learnable_inputs(allocation), unit_supports(allocation)
    both = allocation.mask("W2") & (counts > 0)
    for output in np.flatnonzero((both.sum(axis=1) == 1) & ~learnable_biases(allocation)):
        unit = int(np.argmax(both[output]))
        inputs = np.flatnonzero(allocation.mask("W1")[unit]).tolist()
        if len(inputs) < counts[unit] or not len(inputs) < samples:
            continue  # its bias is learnable, or it has inputs for all samples
        others = np.flatnonzero(allocation.mask("W2")[output]).tolist()
        # An input of the unit itself that is frozen is none of these.
        if all(not supports[k] or supports[k] - set(inputs) or k == unit for k in others):
            return Lone(int(output), unit, inputs)
    return None


class Cover(NamedTuple):
    """Equations and learnables, by number, and units: no other learnable adds to the rank.

    The learnables outside are inputs of the units, which span m dimensions each at most, or act on
    these equations only.
    """

    equations: list[int]
    learnables: list[int]
    units: list[int]

    def size(self, samples: int) -> int:
        """The most that the rank can be."""
        return len(self.equations) + len(self.learnables) + samples * len(self.units)


def small_cover(allocation: Allocation, samples: int) -> Cover | None:
    """A cover whose size is below d m, or None: then a matching of d m pairs exists.

    The learnable inputs of a unit k move the outputs along W2[:,k] (x) R^m, so that no more than m
    of them count.

    >>> from theorycheck import ShallowReLU
    >>> network = ShallowReLU([2, 2, 2])
    >>> small_cover(Allocation(network, {"W1": [[1, 1], [0, 0]]}), 1)
    Cover(equations=[], learnables=[], units=[0])
    """
    entries = entries_of(dict(allocation.masks("learnable")))
    inputs: dict[int, list[int]] = {}
    for number, (name, index) in enumerate(entries):
        if name in ("W1", "b1"):
            inputs.setdefault(index[0], []).append(number)
    rich = {k: numbers for k, numbers in inputs.items() if len(numbers) > samples}
    left_out = {number for numbers in rich.values() for number in numbers[samples:]}
    kept = [number for number in range(len(entries)) if number not in left_out]
    pattern = all_active_pattern(allocation, samples)
    found = cover_below(pattern[:, kept], len(pattern))
    if found is None:
        return None
    learnables = {kept[column] for column in found[1]}
    units = [k for k, numbers in rich.items() if learnables >= set(numbers[:samples])]
    # Inputs of one unit act on the same equations: where some are not covered, these are.
    for numbers in rich.values():
        learnables -= set(numbers)
    return Cover(found[0], sorted(learnables), units)
