"""Mask files of other libraries: safetensors, and sparse matrices of `scipy.sparse.save_npz`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...errors import InputError
from ..archives import read_arrays
from .foreign import SparseMask, sparse_from_arrays
from .tensor_files import read_safetensors, safetensors


def read_sparse(data: bytes, largest: int) -> SparseMask:
    """The 0/1 matrix in a file of `scipy.sparse.save_npz`; raises `InputError` for any flaw.

    >>> import io, scipy.sparse
    >>> file = io.BytesIO()
    >>> scipy.sparse.save_npz(file, scipy.sparse.csr_array([[0, 1]]))
    >>> read_sparse(file.getvalue(), 10**6).dense("here")
    array([[False,  True]])
    """
    return sparse_from_arrays(read_arrays(data, largest), "the matrix")


def read_tensors(data: bytes) -> tuple[bytes, dict[str, np.ndarray]]:
    """What `archives.read_archive` returns, of a safetensors file.

    The masks are tensors `learnable.W1`, `present.W1` of 0 and 1; network and samples are a JSON
    string under `meta` in the metadata of the header. Raises `InputError` for any flaw, and if the
    extra `safetensors` is missing.
    """
    metadata, tensors = read_safetensors(data)
    if "meta" not in metadata:
        raise InputError(
            "the key 'meta' is missing in the metadata of the header; it holds network and samples "
            "as a JSON string; theorycheck new OUT.json --masks FILE --samples M does without"
        )
    return metadata["meta"].encode("utf-8", "replace"), tensors


def write_tensors(path: Path, meta: str, masks: Mapping[str, np.ndarray]) -> None:
    """Write a safetensors file: `masks` as tensors of BOOL, `meta` in the header.

    Raises `InputError` if the extra `safetensors` is missing; errors of the system pass through.
    """
    contiguous = {name: np.ascontiguousarray(mask) for name, mask in masks.items()}
    path.write_bytes(safetensors().numpy.save(contiguous, {"meta": meta}))
