"""Masks as pandas frames."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import InputError
from ..masks import Mask


def to_frame(learnable: Mapping[str, Mask], present: Mapping[str, Mask]) -> Any:
    """A `pandas.DataFrame` with one row per weight, in the order of the masks.

    Columns: `name`, `row`, `column` (missing for a bias), `present`, `learnable`; with filters also
    `offset` in the filter, as text. Raises `InputError` without pandas.

    >>> frame = to_frame({"W1": np.array([[False, True]])}, {"W1": np.array([[True, True]])})
    >>> frame["learnable"].tolist(), frame["column"].tolist()
    ([False, True], [0, 1])
    """
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        cure = "pip install 'theorycheck[pandas]'"
        raise InputError(f"a frame needs the extra pandas: {cure}") from None
    parts, has_filters = [], any(mask.ndim > 2 for mask in learnable.values())
    for name, mask in learnable.items():
        rows, *columns = (index.ravel() for index in np.indices(mask.shape))
        column = pandas.array(columns[0] if columns else [None] * len(rows), dtype="Int64")
        entries = {"name": name, "row": rows, "column": column}
        if has_filters:
            offsets = zip(*columns[1:], strict=True) if columns[1:] else [None] * len(rows)
            entries["offset"] = [None if at is None else ",".join(map(str, at)) for at in offsets]
        entries |= {"present": present[name].ravel()}
        parts.append(pandas.DataFrame({**entries, "learnable": mask.ravel()}))
    return pandas.concat(parts, ignore_index=True)
