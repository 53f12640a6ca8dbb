"""Allocations as pandas frames."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError

if TYPE_CHECKING:
    from ..allocation import Allocation


def to_frame(allocation: Allocation) -> Any:
    """A `pandas.DataFrame` with one row per weight, in the order that numbers all weights.

    Columns: `name`, `row`, `column` (missing for a bias), `present`, `learnable`. Raises
    `InputError` without pandas.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> frame = to_frame(Allocation(LinearFeedforward([2, 1]), {"W1": [[0, 1]]}))
    >>> frame["learnable"].tolist(), frame["column"].tolist()
    ([False, True], [0, 1])
    """
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        cure = "pip install 'theorycheck[pandas]'"
        raise InputError(f"a frame needs the extra pandas: {cure}") from None
    parts = []
    for name, shape in allocation.network.weight_shapes.items():
        rows, *columns = (index.ravel() for index in np.indices(shape))
        column = pandas.array(columns[0] if columns else [None] * len(rows), dtype="Int64")
        entries = {"name": name, "row": rows, "column": column}
        entries |= {"present": allocation.present_mask(name).ravel()}
        parts.append(pandas.DataFrame({**entries, "learnable": allocation.mask(name).ravel()}))
    return pandas.concat(parts, ignore_index=True)
