"""Connections between named units, from pairs, triples, frames and labelled matrices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, shown
from ..masks import masks_of
from .edge_files import LEARNABLE, SOURCES, TARGETS, column_of
from .foreign import SparseMask, plain


class Connections(NamedTuple):
    """`units` in order; `edges`: (source, target) -> learnable; whether they were a matrix."""

    units: dict[Any, None]
    edges: dict[tuple[Any, Any], bool]
    is_matrix: bool


def connections_of(
    edges: Any, labels: Sequence[Any] | None, rows: str, learnable: Any
) -> Connections:
    """The connections of whatever tells some; see `Allocation.from_edges`."""
    if type(edges).__module__.split(".")[0] == "pandas" and hasattr(edges, "columns"):
        edges, labels = _of_frame(edges, labels)
    is_matrix = hasattr(edges, "shape") or labels is not None
    if is_matrix:
        found = _of_matrix(edges, labels, rows, learnable)
    else:
        if isinstance(edges, (str, bytes, Mapping)) or not isinstance(edges, Iterable):
            raise InputError(f"edges must be pairs (source, target), not {shown(edges)}")
        if rows != "targets":
            raise InputError("rows are those of a matrix, these are pairs (source, target)")
        found = _of_pairs(edges, learnable)
    if not found.edges:
        raise InputError("there is no connection at all")
    return found


def _of_frame(frame: Any, labels: Sequence[Any] | None) -> tuple[Any, Sequence[Any] | None]:
    """Triples or pairs of a frame with such columns; else a matrix, columns in order of rows."""
    columns = list(frame.columns)
    source, target = column_of(columns, SOURCES), column_of(columns, TARGETS)
    if source is not None and target is not None:
        kept = [source, target, column_of(columns, LEARNABLE)]
        parts = [frame.iloc[:, column].tolist() for column in kept if column is not None]
        return list(zip(*parts, strict=True)), None
    index = list(frame.index)
    if len(set(columns)) < len(columns) or len(set(index)) < len(index):
        raise InputError("the rows and columns of a frame need one name each, some come twice")
    if set(columns) != set(index):
        raise InputError(
            "a frame must have the columns source and target, or the same unit names as rows and "
            f"columns, not the columns {shown(columns)}"
        )
    return frame[index].to_numpy(), index if labels is None else labels


def _of_matrix(matrix: Any, labels: Sequence[Any] | None, rows: str, learnable: Any) -> Connections:
    array = _square(matrix, "the matrix")
    if labels is None:
        raise InputError("labels are missing: the names of the units of the matrix, in its order")
    if isinstance(labels, (str, bytes)) or not isinstance(labels, Iterable):
        raise InputError(f"labels must list names of units, not {shown(labels)}")
    labels = list(labels)
    units = dict.fromkeys(unit_name(label, "labels") for label in labels)
    if len(units) != len(array) or len(labels) != len(array):
        raise InputError(
            f"labels must be {len(array)} different names, one for each row, not {shown(labels)}"
        )
    if array.dtype.kind not in "biuf":
        raise InputError(f"the matrix must hold numbers, not {array.dtype} values")
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        entry = wrong[0].tolist()
        raise InputError(f"the matrix{entry} is {array[tuple(entry)]}: 0 is no connection")
    chosen = learnable
    if hasattr(learnable, "shape") or _is_nested(learnable):
        shape = {"matrix": array.shape}
        chosen = masks_of({"matrix": learnable}, shape, "learnable", default=False)["matrix"]
        beyond = np.argwhere(chosen & (array == 0))
        if len(beyond):
            raise InputError(f"learnable{beyond[0].tolist()} is 1, but there is no connection")
    names, edges = list(units), {}
    for i, j in np.argwhere(array != 0).tolist():
        ends = (names[j], names[i]) if rows == "targets" else (names[i], names[j])
        edges[ends] = bool(chosen[i, j]) if isinstance(chosen, np.ndarray) else True
    if not isinstance(chosen, np.ndarray):
        edges = _chosen(edges, learnable)
    return Connections(units, edges, True)


def _square(matrix: Any, place: str) -> NDArray[Any]:
    value = plain(matrix, place)
    if isinstance(value, SparseMask):
        value = value.dense(place)
    try:
        array = np.asarray(value)
    except ValueError:
        raise InputError(f"{place} must have rows of equal length") from None
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise InputError(f"{place} of all units must be square, not of shape {array.shape}")
    return array


def _is_nested(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)


def _of_pairs(given: Iterable[Any], learnable: Any) -> Connections:
    units: dict[Any, None] = {}
    edges: dict[tuple[Any, Any], bool] = {}
    sizes = set()
    for number, edge in enumerate(given):
        place = f"edges[{number}]"
        if not isinstance(edge, (tuple, list)) or len(edge) not in (2, 3):
            wanted = "(source, target) or (source, target, learnable)"
            raise InputError(f"{place} must be {wanted}, not {shown(edge)}")
        sizes.add(len(edge))
        if len(sizes) > 1:
            raise InputError(f"{place}: all edges say whether they are learnable, or none does")
        ends = (unit_name(edge[0], place), unit_name(edge[1], place))
        is_learnable = _bit(edge[2], place) if len(edge) == 3 else True
        if edges.setdefault(ends, is_learnable) != is_learnable:
            twice = f"the connection {shown(ends[0])} -> {shown(ends[1])} comes twice"
            raise InputError(f"{place}: {twice}, learnable and not")
        units |= dict.fromkeys(ends)
    if 3 in sizes and learnable is not None:
        raise InputError("the edges say themselves what is learnable: leave learnable out")
    return Connections(units, edges if 3 in sizes else _chosen(edges, learnable), False)


def _chosen(edges: Mapping[tuple[Any, Any], bool], learnable: Any) -> dict[tuple[Any, Any], bool]:
    if learnable is None or isinstance(learnable, bool):
        return dict.fromkeys(edges, learnable is not False)
    if isinstance(learnable, (str, bytes)) or not isinstance(learnable, Iterable):
        raise InputError(f"learnable must be true, false or pairs, not {shown(learnable)}")
    chosen = dict.fromkeys(edges, False)
    for pair in learnable:
        is_pair = isinstance(pair, (tuple, list)) and len(pair) == 2
        ends = tuple(unit_name(name, "learnable") for name in pair) if is_pair else ()
        if ends not in edges:
            raise InputError(f"learnable names {shown(pair)}, which is no connection of these")
        chosen[ends] = True  # type: ignore[index]
    return chosen


def unit_name(name: Any, place: str) -> Any:
    """A name that units can have; raises `InputError` for missing ones and for what has no hash.

    >>> unit_name("AVAL", "inputs")
    'AVAL'
    """
    try:
        hash(name)
        is_name = name is not None and bool(name == name)
    except (TypeError, ValueError):  # a list; the missing value of pandas
        is_name = False
    if not is_name:
        raise InputError(f"{place}: the name of a unit must be text or a number, not {shown(name)}")
    return name


def _bit(value: Any, place: str) -> bool:
    if isinstance(value, (str, bytes)) or not np.isscalar(value) or value not in (0, 1):
        what = "is learnable (0 or 1), strengths mean nothing here"
        raise InputError(f"{place}: the third entry {what}, not {shown(value)}")
    return bool(value)
