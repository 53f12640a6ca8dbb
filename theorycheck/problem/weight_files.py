"""Weights files: arrays of numbers under the names of a network's weights, and what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, place_of, shown
from .allocation import Allocation
from .archives import LARGEST_FILE, read_arrays, read_limited
from .interop.foreign import real_numbers
from .interop.tensor_files import read_safetensors, read_torch, safetensors
from .mask_sources import tensors_of
from .masks import check_name

_ENDINGS = ".npz or .safetensors"


def read_weights(path: str | Path, *, largest: int = LARGEST_FILE) -> dict[str, NDArray[Any]]:
    """The arrays of a weights file by name: `.npz`, `.safetensors`, `.pt` or `.pth`.

    Raises `InputError`, which begins with the file's name, for anything else.

    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "weights.npz"
    >>> write_weights(file, {"W1": np.ones((1, 2))})
    >>> read_weights(file)["W1"].tolist()
    [[1.0, 1.0]]
    """
    path = Path(path)
    try:
        data, suffix = read_limited(path, largest), path.suffix.lower()
        if suffix == ".npz":
            return read_arrays(data, largest)
        if suffix == ".safetensors":
            return read_safetensors(data)[1]
        if suffix in (".pt", ".pth"):
            return dict(tensors_of(read_torch(data)))
        raise InputError(f"the name of a weights file must end in {_ENDINGS}, or in .pt")
    except InputError as error:
        raise InputError(f"{place_of(path)}: {error}") from None


def write_weights(path: str | Path, weights: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name, `.npz` or `.safetensors` by the ending of `path`.

    Raises `InputError` for another ending, and without safetensors for its files; errors of the
    operating system pass through.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".npz":
        with path.open("wb") as file:  # to a path NumPy would add an ending of its own
            np.savez_compressed(file, **weights)  # type: ignore
    elif suffix == ".safetensors":
        contiguous = {name: np.ascontiguousarray(array) for name, array in weights.items()}
        path.write_bytes(safetensors().numpy.save(contiguous))
    else:
        raise InputError(f"{path}: the name of a weights file must end in {_ENDINGS}")


def checked_weights(
    allocation: Allocation, given: Mapping[str, Any], place: str
) -> dict[str, NDArray[np.float64]]:
    """Arrays of float64 of the shapes of the weights that are `given`, 0 where no connection is.

    Raises `InputError`, naming the `place`, for unknown names, other shapes, numbers that are not
    finite, and numbers other than 0 where a connection is absent.

    >>> from theorycheck import LinearFeedforward
    >>> whole = Allocation.full(LinearFeedforward([2, 1]))
    >>> checked_weights(whole, {"W1": [[1, 2]]}, "teacher")
    {'W1': array([[1., 2.]])}
    """
    if not isinstance(given, Mapping):
        raise InputError(f"{place} must map weight names to arrays of numbers, not {shown(given)}")
    shapes, found = allocation.network.weight_shapes, {}
    for name, value in given.items():
        check_name(name, shapes, place)
        where = f'{place}["{name}"]'
        array = real_numbers(value, where)
        if array.shape != shapes[name]:
            hint = ": rows are outputs, columns inputs" if array.shape == shapes[name][::-1] else ""
            raise InputError(f"{where} must have shape {shapes[name]}, not {array.shape}{hint}")
        exact, array = array, np.array(array, dtype=np.float64)
        _refuse(where, array, ~np.isfinite(array), "every entry must be finite")
        if exact.dtype.kind in "iu":
            wide = exact.astype(np.int64) if exact.dtype.kind == "i" else exact
            rounded = (wide > 2**53) | ((wide < -(2**53)) if exact.dtype.kind == "i" else False)
            _refuse(where, exact, rounded, "integers must be at most 2^53, as floats are exact")
        absent = ~allocation.present_mask(name) & (array != 0)
        _refuse(where, array, absent, "but this connection is absent: 0 in teacher and student")
        found[name] = array
    return found


def _refuse(where: str, array: NDArray[Any], wrong: NDArray[np.bool_], why: str) -> None:
    if wrong.any():
        index = tuple(np.argwhere(wrong)[0].tolist())
        raise InputError(f"{where}{list(index)} is {array[index]}; {why}")
