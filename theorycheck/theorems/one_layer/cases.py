"""All cases of T4, the cheapest first; the first that decides, decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ...computing.deadline import NEVER, Deadline
from ...problem.allocation import Mask
from ...problem.masks import is_materialised
from ..base import Finding
from ..counts import AXES, by_degrees, by_support
from .block_forests import find_classes
from .colouring import find_colouring
from .flows import assign
from .layer import LearnableLayer
from .rectangle import find_violated, is_crowded
from .small_sizes import by_forest, by_two_dimensions
from .two_forests import find_order

MOST_RELAXED = 4_000_000  # entries of a core on which assignments are tried where they only suffice


def decide_mask(
    theorem: str,
    place: str,
    mask: Mask,
    outputs: int,
    samples: int,
    deadline: Deadline = NEVER,
) -> Finding | None:
    """Minimal or maximal with learnables in one p x q layer, after any bottleneck is ruled out.

    1 <= outputs = d <= p, 1 <= samples = m_e <= q. `theorem` and `place` name who asks about what.
    Raises `OutOfTimeError` after the deadline, which is looked at between the cases.
    None where only the exact rank decides: never for min(p - d, q - m_e) <= 1 or min(d, m_e) <= 2.

    >>> decide_mask("T4", "W1", np.eye(3, dtype=bool), 2, 2).kind
    'cycle'
    """
    layer = LearnableLayer(theorem, place, mask, outputs, samples)
    for case in CASES:
        deadline.check(f"what {theorem} says")
        finding = case(layer)
        if finding is not None:
            return finding
    return None


def _by_counts(layer: LearnableLayer) -> Finding | None:
    """a = 0 or b = 0: every line has enough; d = 1 or m_e = 1: enough lines have one."""
    name, place, mask = layer.theorem, layer.place, layer.mask
    if layer.a == 0:
        return by_degrees(name, place, mask, 0, layer.samples)
    if layer.b == 0:
        return by_degrees(name, place, mask, 1, layer.outputs)
    if layer.outputs == 1:
        return by_support(name, place, mask, 1, layer.samples)
    if layer.samples == 1:
        return by_support(name, place, mask, 0, layer.outputs)
    return None


def _by_no_entries(layer: LearnableLayer) -> Finding | None:
    """A huge layer that is learnable as a whole has no entries of its own: count none."""
    if is_materialised(layer.mask) or not layer.mask.flat[0]:
        return None
    return layer.maximal("peeling_order", f"no weight of {layer.place} is frozen", peeled=[])


def _by_peeling(layer: LearnableLayer) -> Finding | None:
    """An empty core: the frozen entries are independent."""
    if not layer.core.is_empty:
        return None
    reason = (
        f"{layer.place} can be used up by deleting, one after the other, rows with at most "
        f"{layer.b} and columns with at most {layer.a} frozen weights left"
    )
    return layer.maximal("peeling_order", reason, peeled=layer.core.peeled)


def _by_core_count(layer: LearnableLayer) -> Finding | None:
    """More frozen entries in the core than the rank of all its entries."""
    if not is_crowded(layer.frozen_core, layer.a, layer.b):
        return None
    return layer.violated(layer.core.rows.tolist(), layer.core.columns.tolist())


def _by_assignment(layer: LearnableLayer) -> Finding | None:
    """min(a, b) = 1: exact. Else independence for (1, b) or (a, 1) suffices (`two_forests`)."""
    is_exact = min(layer.a, layer.b) == 1
    if not is_exact and layer.frozen_core.size > MOST_RELAXED:
        return None
    for axis, frozen, a, b in _both_ways(layer):
        n_rows, n_columns = frozen.shape
        if is_exact and a != 1:
            continue
        if not is_exact and np.count_nonzero(frozen) > b * n_rows + n_columns - b:
            continue
        heads, violated = assign(frozen, b)
        if heads is not None:
            return _assigned(layer, axis, heads.tolist())
        if is_exact:
            rows, columns = violated if axis == "columns" else violated[::-1]
            return _violated(layer, rows, columns)
    return None


def _both_ways(layer: LearnableLayer) -> Iterator[tuple[str, Mask, int, int]]:
    """The frozen core as it is and transposed, with the axis of its columns and with a and b."""
    yield "columns", layer.frozen_core, layer.a, layer.b
    yield "rows", layer.frozen_core.T, layer.b, layer.a


def _assigned(layer: LearnableLayer, axis: str, heads: list[int]) -> Finding:
    rows, columns = layer.core.rows.tolist(), layer.core.columns.tolist()
    if axis == "columns":
        entries = [[rows[head], column] for column, head in zip(columns, heads, strict=True)]
        most = layer.b
    else:
        entries = [[row, columns[head]] for row, head in zip(rows, heads, strict=True)]
        most = layer.a
    others = AXES[1 - AXES.index(axis)]
    reason = (
        f"every frozen weight of {layer.place} finds room, {most} in each of the {others} but any "
        f"one, and 1 in each of the {axis}"
    )
    return layer.maximal("assignment", reason, peeled=layer.core.peeled, axis=axis, cells=entries)


def _by_rectangle(layer: LearnableLayer) -> Finding | None:
    """A violated count, if one is found."""
    violated = find_violated(layer.frozen_core, layer.a, layer.b)
    return None if violated is None else _violated(layer, *violated)


def _violated(layer: LearnableLayer, rows: list[int], columns: list[int]) -> Finding:
    return layer.violated(layer.core.rows[rows].tolist(), layer.core.columns[columns].tolist())


def _by_two_forests(layer: LearnableLayer) -> Finding | None:
    order = find_order(layer.frozen_core)
    if order is None:
        return None
    rows, columns = layer.core.rows.tolist(), layer.core.columns.tolist()
    lines = [["row", i] for i in rows] + [["column", j] for j in columns]
    reason = (
        f"the frozen weights of {layer.place} split into two forests, oriented between rows and "
        "columns without a cycle"
    )
    ordered = [lines[line] for line in order]
    return layer.maximal("two_forests", reason, peeled=layer.core.peeled, order=ordered)


def _by_colouring(layer: LearnableLayer) -> Finding | None:
    """Columns coloured, or rows."""
    sides = (
        ("columns", layer.mask, layer.outputs, layer.samples),
        ("rows", layer.mask.T, layer.samples, layer.outputs),
    )
    for axis, mask, needed, n_colours in sides:
        colours = find_colouring(mask, needed, n_colours)
        if colours is not None:
            others = AXES[1 - AXES.index(axis)]
            reason = (
                f"the {axis} of {layer.place} can have {n_colours} colours such that each colour "
                f"has learnable weights in {needed} {others} or more"
            )
            return layer.maximal("colouring", reason, axis=axis, colours=colours)
    return None


def _by_block_forests(layer: LearnableLayer) -> Finding | None:
    classes = find_classes(layer.frozen_core, layer.a, layer.b)
    if classes is None:
        return None
    reason = (
        f"the rows of {layer.place} can be put in {layer.a} and its columns in {layer.b} classes "
        "such that the frozen weights form a forest in every class of rows x class of columns"
    )
    rows, columns = classes
    return layer.maximal(
        "block_forests", reason, peeled=layer.core.peeled, rows=rows, columns=columns
    )


# by_two_dimensions always decides for min(d, m_e) = 2 and _by_assignment for min(a, b) = 1; those
# after it may leave a mask open.
CASES: tuple[Callable[[LearnableLayer], Finding | None], ...] = (
    _by_counts,
    _by_no_entries,
    by_forest,
    by_two_dimensions,
    _by_peeling,
    _by_core_count,
    _by_assignment,
    _by_rectangle,
    _by_two_forests,
    _by_colouring,
    _by_block_forests,
)
