"""Mask files of other libraries: safetensors, and sparse matrices of `scipy.sparse.save_npz`."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..archives import by_weight, read_arrays
from ..errors import InputError, shown
from ..foreign import SparseMask, sparse_from_arrays


def read_sparse(data: bytes, largest: int) -> SparseMask:
    """The 0/1 matrix in a file of `scipy.sparse.save_npz`; raises `InputError` for any flaw.

    >>> import io, scipy.sparse
    >>> file = io.BytesIO()
    >>> scipy.sparse.save_npz(file, scipy.sparse.csr_array([[0, 1]]))
    >>> read_sparse(file.getvalue(), 10**6).dense("here")
    array([[False,  True]])
    """
    return sparse_from_arrays(read_arrays(data, largest), "the matrix")


def read_tensors(data: bytes) -> tuple[bytes, dict[str, dict[str, np.ndarray]]]:
    """What `archives.read_archive` returns, of a safetensors file.

    The masks are tensors `learnable.W1`, `present.W1` of 0 and 1; network and samples are a JSON
    string under `meta` in the metadata of the header. Raises `InputError` for any flaw, and if the
    extra `safetensors` is missing.
    """
    package = _safetensors()
    try:
        tensors = package.numpy.load(data)
    except package.SafetensorError as error:
        raise InputError(f"not a safetensors file, or a damaged one: {shown(error)}") from None
    except (KeyError, AttributeError, TypeError, ImportError) as error:  # bfloat16, float8
        kind = shown(error.args[0] if error.args else error)
        raise InputError(f"masks are BOOL or U8, this file has the type {kind}") from None
    # The package has checked the header; that of bytes it does not hand out the metadata.
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    meta = (header.get("__metadata__") or {}).get("meta")
    if meta is None:
        raise InputError(
            "the key 'meta' is missing in the metadata of the header; it holds network and samples "
            "as a JSON string"
        )
    return meta.encode("utf-8", "replace"), by_weight(tensors)


def write_tensors(path: Path, meta: str, masks: Mapping[str, np.ndarray]) -> None:
    """Write a safetensors file: `masks` as tensors of BOOL, `meta` in the header.

    Raises `InputError` if the extra `safetensors` is missing; errors of the system pass through.
    """
    contiguous = {name: np.ascontiguousarray(mask) for name, mask in masks.items()}
    path.write_bytes(_safetensors().numpy.save(contiguous, {"meta": meta}))


def _safetensors() -> Any:
    try:
        importlib.import_module("safetensors.numpy")
        return importlib.import_module("safetensors")
    except ImportError:
        cure = "pip install 'theorycheck[safetensors]'"
        raise InputError(f".safetensors files need the extra safetensors: {cure}") from None
