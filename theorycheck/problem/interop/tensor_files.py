"""Files of tensors: safetensors, with the small floats that NumPy has not, and those of torch."""

from __future__ import annotations

import importlib
import io
import json
import math
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, shown
from .foreign import plain

_NUMPY = {
    **{"BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4"},
    **{"I32": "<i4", "U64": "<u8", "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8"},
}
# Bits of the exponent and of the fraction, bias, and how the values that are no numbers are coded.
_SMALL = {
    "F8_E4M3": (4, 3, 7, "all ones"),
    "F8_E5M2": (5, 2, 15, "infinite"),
    "F8_E4M3FNUZ": (4, 3, 8, "minus zero"),
    "F8_E5M2FNUZ": (5, 2, 16, "minus zero"),
    "F8_E8M0": (8, 0, 127, "exponent"),
}


def safetensors() -> Any:
    """The package; raises `InputError` where it is missing."""
    try:
        importlib.import_module("safetensors.numpy")
        return importlib.import_module("safetensors")
    except ImportError:
        cure = "pip install 'theorycheck[safetensors]'"
        raise InputError(f".safetensors files need the extra safetensors: {cure}") from None


def read_safetensors(data: bytes) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """The metadata of the header, and the tensors by name, of a safetensors file.

    BF16 and the kinds of F8 are read as the same numbers in float32. Raises `InputError` for any
    flaw, other types, and without the extra `safetensors`.
    """
    package = safetensors()
    try:
        tensors = package.deserialize(data)
    except package.SafetensorError as error:
        raise InputError(f"not a safetensors file, or a damaged one: {shown(error)}") from None
    # The package has checked the header; that of bytes it does not hand out the metadata.
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    arrays = {name: _array(name, **content) for name, content in tensors}
    return header.get("__metadata__") or {}, {key: arrays[key] for key in header if key in arrays}


def read_tensors(data: bytes) -> tuple[bytes, dict[str, NDArray[Any]]]:
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


def write_tensors(path: Path, meta: str, masks: Mapping[str, NDArray[Any]]) -> None:
    """Write a safetensors file: `masks` as tensors of BOOL, `meta` in the header.

    Raises `InputError` if the extra `safetensors` is missing; errors of the system pass through.
    """
    contiguous = {name: np.ascontiguousarray(mask) for name, mask in masks.items()}
    path.write_bytes(safetensors().numpy.save(contiguous, {"meta": meta}))


def _array(name: str, dtype: str, shape: list[int], data: bytes) -> NDArray[Any]:
    if dtype in _NUMPY:
        array = np.frombuffer(bytes(data), _NUMPY[dtype])
    elif dtype == "BF16":  # the upper half of a float32
        array = (np.frombuffer(bytes(data), "<u2").astype(np.uint32) << 16).view(np.float32)
    elif dtype in _SMALL:
        array = small_floats(dtype)[np.frombuffer(bytes(data), np.uint8)]
    else:
        raise InputError(
            f"tensor {shown(name)} has the type {dtype}, which no mask needs: save it as BOOL or U8"
        )
    return array.reshape(shape)


def small_floats(dtype: str) -> NDArray[np.float32]:
    """The 256 numbers of an 8-bit floating-point type, in the order of their bytes.

    >>> small_floats("F8_E4M3")[[0, 0x38, 0x80, 0xB8]].tolist()
    [0.0, 1.0, -0.0, -1.0]
    """
    exponent_bits, fraction_bits, bias, special = _SMALL[dtype]
    if special == "exponent":  # powers of two, without zero and sign
        return np.array([2.0 ** (code - bias) for code in range(255)] + [math.nan], np.float32)
    values = []
    for code in range(256):
        fraction = (code & (2**fraction_bits - 1)) / 2**fraction_bits
        exponent = (code & 127) >> fraction_bits
        size = (
            (fraction + 1) * 2.0 ** (exponent - bias) if exponent else fraction * 2.0 ** (1 - bias)
        )
        if special == "infinite" and exponent == 2**exponent_bits - 1:
            size = math.nan if fraction else math.inf
        if special == "all ones" and code & 127 == 127:
            size = math.nan
        values.append(
            math.nan if special == "minus zero" and code == 128 else size * (-1) ** (code >> 7)
        )
    return np.array(values, np.float32)


def read_torch(data: bytes) -> Any:
    """What `torch.save` wrote, with an array for each tensor; nothing in it is ever run.

    Raises `InputError` for files that hold more than tensors, texts and numbers in dictionaries and
    lists, for damaged ones, and without the extra `torch`.
    """
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        cure = "pip install 'theorycheck[torch]'"
        other = "or save the tensors as .safetensors"
        raise InputError(f".pt and .pth files need the extra torch: {cure}, {other}") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # of many kinds, for damaged files and for what needs pickling
        if isinstance(error, pickle.UnpicklingError):
            raise InputError(
                "this file needs pickling, which may run any code and is never done, or is no file "
                "of tensors: save these alone, as torch.save(model.state_dict(), FILE) does"
            ) from None
        raise InputError(f"not a file of torch.save, or a damaged one: {shown(error)}") from None
    return _arrays(content, torch, "the tensor")


def _arrays(value: Any, torch: Any, place: str, depth: int = 0) -> Any:
    if isinstance(value, torch.Tensor):
        return plain(value, place)
    if depth > 8:
        raise InputError(f"{place} is nested too deeply")
    if isinstance(value, Mapping):
        items = ((str(key), part) for key, part in value.items())
        return {key: _arrays(part, torch, shown(key), depth + 1) for key, part in items}
    if isinstance(value, (list, tuple)):
        return [_arrays(part, torch, place, depth + 1) for part in value]
    return value
