"""Masks from other libraries: SciPy sparse matrices, torch tensors, pandas frames."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, SizeError, shown

FORMATS = ("csr", "csc", "coo")
LARGEST_DENSE = 2**34  # entries, a byte each


class SparseMask:
    """A 0/1 matrix by the entries that are 1; every allocation makes one dense mask of it.

    >>> SparseMask((1, 2), np.array([0]), np.array([1])).dense("here")
    array([[False,  True]])
    """

    def __init__(self, shape: tuple[int, ...], rows: NDArray[Any], columns: NDArray[Any]) -> None:
        self.shape, self.rows, self.columns = shape, rows, columns

    def dense(self, place: str) -> NDArray[np.bool_]:
        """A new boolean array; raises `InputError` for entries outside or given twice."""
        if math.prod(self.shape) > LARGEST_DENSE:
            raise SizeError(f"{place}: a mask of shape {list(self.shape)} is too large")
        for axis, index in enumerate((self.rows, self.columns)):
            size = self.shape[axis]
            if len(index) and not (index.min() >= 0 and index.max() < size):
                word = ("row", "column")[axis]
                raise InputError(f"{place} has a {word} outside 0 to {size - 1}")
        mask = np.zeros(self.shape, dtype=bool)
        mask[self.rows, self.columns] = True
        if np.count_nonzero(mask) < len(self.rows):
            raise InputError(f"{place} names an entry twice: call sum_duplicates() first")
        return mask


def plain(value: Any, place: str) -> Any:
    """What NumPy reads as the mask `value`: a `SparseMask`, an array, or `value` itself.

    SciPy sparse matrices and torch tensors are known by what they offer: neither is imported.

    >>> from scipy.sparse import csr_array
    >>> plain(csr_array([[0, 1]]), "here").columns.tolist()
    [1]
    """
    kind = type(value)
    if kind.__module__.startswith("scipy.sparse") and hasattr(value, "tocoo"):
        return _from_scipy(value, place)
    if isinstance(value, np.ma.MaskedArray):
        return unmasked(value, place)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, getattr(torch, "Tensor", ())):
        return _from_torch(value, place, torch)
    return value


def _from_torch(value: Any, place: str, torch: Any) -> Any:
    """The values of a tensor of any layout and type; `InputError` where it has none to read."""
    if value.is_meta:
        raise InputError(f"{place} is on the meta device: it has no values")
    if hasattr(value, "full_tensor"):
        raise InputError(f"{place} is a shard of a DTensor: give mask.full_tensor()")
    if value.is_quantized:
        raise InputError(f"{place} is a quantised tensor: give its 0 and 1, mask.dequantize()")
    try:
        dense = value.detach()
        dense = dense.to_dense() if dense.layout != torch.strided else dense
        dense = dense.resolve_conj().resolve_neg().cpu()
        # NumPy has no bfloat16, among others; all of these fit into single precision.
        is_known = not dense.is_floating_point() or dense.dtype in (torch.float32, torch.float64)
        return dense.numpy() if is_known else dense.float().numpy()
    except Exception as error:  # of any kind: tensor types are anyone's code
        kind, text = f"{type(value).__name__} of {value.dtype}", shown(str(error))
        raise InputError(
            f"{place} is a {kind} whose values cannot be read ({text}): give a plain dense tensor "
            "of 0 and 1, as mask.to_dense().bool()"
        ) from None


def unmasked(value: np.ma.MaskedArray[Any, Any], place: str) -> NDArray[Any]:
    """The data of a masked array without masked entries; any other is an `InputError`.

    Whether a masked entry is 0 or 1 only its owner knows: NumPy would take what lies below.

    >>> unmasked(np.ma.array([1, 0]), "here").tolist()
    [1, 0]
    """
    masked = np.argwhere(np.ma.getmaskarray(value))
    if len(masked):
        raise InputError(
            f"{place}{masked[0].tolist()} is masked (numpy.ma): say what masked entries are, as "
            "with array.filled(0)"
        )
    return np.ma.getdata(value)


def real_numbers(value: Any, place: str) -> NDArray[Any]:
    """An array of integers or of floating-point numbers, both of at most 64 bits.

    Booleans become 0 and 1, since JSON, certificates and arithmetic have them as numbers. Raises
    `InputError` for all else: other types, masked entries, sparse matrices.

    >>> real_numbers([[True, False]], "inputs").tolist()
    [[1, 0]]
    """
    value = plain(value, place)
    if isinstance(value, SparseMask) or hasattr(value, "tocoo"):
        raise InputError(f"{place} must be a dense array: give matrix.toarray()")
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise InputError(f"{place} must be an array of numbers, rows of equal length") from None
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        found = shown(str(array.dtype))
        cure = "; convert them, as with array.astype(float)" if array.dtype.kind in "Of" else ""
        raise InputError(f"{place} must hold real numbers of at most 64 bits, not {found}{cure}")
    if array.dtype == bool:
        array = array.view(np.uint8)  # a file may hold bytes other than 0 and 1 as booleans
        if array.size and array.max() > 1:
            raise InputError(f"{place} must hold booleans of bytes 0 and 1, not {array.max()}")
    return array


def _from_scipy(value: Any, place: str) -> SparseMask:
    if len(value.shape) != 2:
        raise InputError(f"{place} must be a matrix, not a sparse array of shape {value.shape}")
    entries = value.tocoo()
    rows, columns = (np.asarray(index) for index in (entries.row, entries.col))
    return _entries(value.shape, rows, columns, entries.data, place)


def _entries(
    shape: tuple[int, ...], rows: Any, columns: Any, data: NDArray[Any], place: str
) -> SparseMask:
    """Stored zeros are left out; other values than 0 and 1 are refused."""
    if data.dtype.kind not in "biuf":
        raise InputError(f"{place} must hold the numbers 0 and 1, not {data.dtype} values")
    data = data.view(np.uint8) if data.dtype == bool else data
    wrong = np.flatnonzero((data != 0) & (data != 1))
    if len(wrong):
        entry = [int(rows[wrong[0]]), int(columns[wrong[0]])]
        raise InputError(f"{place}{entry} must be 0 or 1, not {data[wrong[0]]}")
    if not data.all():
        rows, columns = rows[data != 0], columns[data != 0]
    return SparseMask(tuple(int(side) for side in shape), rows, columns)


def sparse_from_arrays(arrays: Mapping[str, NDArray[Any]], place: str) -> SparseMask:
    """The matrix in a file of `scipy.sparse.save_npz`, formats csr, csc and coo.

    Read without SciPy, which trusts the indices in such a file. Raises `InputError` for a flaw.

    >>> csr = {"format": np.array(b"csr"), "shape": np.array([1, 2]), "data": np.array([1])}
    >>> csr |= {"indices": np.array([1]), "indptr": np.array([0, 1])}
    >>> sparse_from_arrays(csr, "here").columns.tolist()
    [1]
    """
    kind = arrays["format"].tobytes().decode("ascii", "replace") if "format" in arrays else ""
    kind = kind.replace("\0", "")
    if kind not in FORMATS:
        found = f"the format {shown(kind)}" if kind else "no format"
        raise InputError(
            f"{place} must be written by scipy.sparse.save_npz as csr, csc or coo, it has {found}"
        )
    needed = ("row", "col") if kind == "coo" else ("indices", "indptr")
    for name in ("shape", "data", *needed):
        if name not in arrays:
            raise InputError(f"{place}: the array {name!r} of a sparse matrix is missing")
        if arrays[name].ndim != 1 or (name != "data" and arrays[name].dtype.kind not in "iu"):
            raise InputError(f"{place}: the array {name!r} must be a list of integers")
    shape, data = tuple(arrays["shape"].tolist()), arrays["data"]
    if len(shape) != 2 or not all(0 < side <= 2**31 for side in shape):
        raise InputError(f"{place}: the shape of a mask must be two sizes, not {shown(shape)}")
    one, other = (arrays[name] for name in needed)
    if kind != "coo":
        one, other = _expanded(other, len(one), shape[kind == "csc"], place), one
    if not len(one) == len(other) == len(data):
        raise InputError(f"{place}: the arrays of the sparse matrix do not fit together")
    rows, columns = (other, one) if kind == "csc" else (one, other)
    return _entries(shape, rows, columns, data, place)


def _expanded(ends: NDArray[Any], n_entries: int, n_lines: int, place: str) -> NDArray[Any]:
    """The line of every entry, from where each line's entries begin and end."""
    ends = ends.astype(np.int64)
    steps = np.diff(ends)
    right = len(ends) == n_lines + 1 and ends[0] == 0 and ends[-1] == n_entries
    if not right or (steps < 0).any():
        raise InputError(f"{place}: the arrays of the sparse matrix do not fit together")
    return np.repeat(np.arange(n_lines, dtype=np.int32), steps)
