"""NumPy or CuPy, chosen by argument, never by import side effect."""

from __future__ import annotations

import importlib
from types import ModuleType

import numpy as np

from ..errors import InputError, nearest

BACKENDS = ("auto", "numpy", "cupy")


def array_module(backend: str) -> ModuleType:
    """The array module for `backend`: `numpy`, `cupy`, or `auto` (CuPy where a GPU answers).

    Raises `InputError` for another name, or for `cupy` where no GPU answers a tiny operation.

    >>> array_module("numpy").__name__
    'numpy'
    """
    if backend not in BACKENDS:
        hint = nearest(backend, BACKENDS)
        raise InputError(f"backend must be auto, numpy or cupy, not {backend!r}{hint}")
    if backend == "numpy":
        return np
    cupy = _working_cupy()
    if cupy is None and backend == "cupy":
        raise InputError("backend cupy needs CuPy (the extra cuda12 or cuda13) and a working GPU")
    return np if cupy is None else cupy


def _working_cupy() -> ModuleType | None:
    # `import cupy` succeeds on a machine without a GPU: only a tiny operation tells.
    try:
        cupy = importlib.import_module("cupy")
        answers = cupy.cuda.is_available() and cupy.ones(2).sum().item() == 2
    except Exception:  # a broken driver or toolkit raises errors of many kinds
        return None
    return cupy if answers else None
