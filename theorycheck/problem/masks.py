"""Masks: their validation, and how they are written in JSON (nested lists or packed bits)."""

from __future__ import annotations

import base64
import binascii
import math
import re
import warnings
import zlib
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, SizeError, nearest, shown
from .interop.foreign import SparseMask, plain

Mask: TypeAlias = NDArray[np.bool_]
Entry: TypeAlias = tuple[str, tuple[int, ...]]  # one weight: its matrix's name and its index

LARGEST_PACKED = 2**34  # entries: 2 GiB of bits
_ROWS = 1024  # of a mask, checked at once
_BIAS = re.compile(r"b\d+|bias|readout_bias")
PACK_ABOVE = 10_000  # entries; below this nested lists stay readable


def masks_of(
    given: Mapping[str, ArrayLike],
    shapes: Mapping[str, tuple[int, ...]],
    place: str,
    *,
    default: bool,
) -> dict[str, Mask]:
    """A read-only mask of its own for every weight in `shapes`; those not given are constant.

    Raises `InputError`, naming `place`, for unknown names, wrong shapes and values but 0 and 1.

    >>> masks_of({"W1": [[0, 1]]}, {"W1": (1, 2), "W2": (1, 1)}, "learnable", default=False)
    {'W1': array([[False,  True]]), 'W2': array([[False]])}
    """
    if not isinstance(given, Mapping):
        raise InputError(f"{place} must map weight names to 0/1 arrays, not {shown(given)}")
    for name in given:
        check_name(name, shapes, place)
    return {
        name: _mask(given[name], shape, f'{place}["{name}"]')
        if name in given
        else np.broadcast_to(np.bool_(default), shape)
        for name, shape in shapes.items()
    }


def check_name(name: object, names: Mapping[str, object], place: str) -> None:
    """Raise `InputError`, with the nearest name if there is one, unless `name` is in `names`."""
    if isinstance(name, str) and name in names:
        return
    known = list(names)
    hint = nearest(name, known)
    if len(known) > 12:
        known[8:-1] = ["..."]
    network = f"this network has {', '.join(known)}"
    if isinstance(name, str) and _BIAS.fullmatch(name) and not any(map(_BIAS.fullmatch, names)):
        network += "; with bias true it has biases, too"
    raise InputError(f"{place} has no weight {shown(name)}{hint}; {network}")


def is_materialised(mask: Mask) -> bool:
    """Whether the mask has its own entries; unnamed weights of large networks share a constant."""
    return mask.size == 1 or any(mask.strides)


def count(mask: Mask) -> int:
    """Number of ones, at no cost for a constant."""
    if is_materialised(mask):
        return int(np.count_nonzero(mask))
    return mask.size if mask.flat[0] else 0


def equal(one: Mask, other: Mask) -> bool:
    """Whether two masks of the same shape have the same entries, at no cost for constants."""
    if is_materialised(one) and is_materialised(other):
        return np.array_equal(one, other)
    return count(one) == count(other)  # a constant's is 0 or all, so the other is constant too


def both(one: Mask, other: Mask) -> Mask:
    """The entries that are in two masks of the same shape, at no cost for constants."""
    if not is_materialised(one):
        return other if count(one) else one
    if not is_materialised(other):
        return one if count(other) else other
    return one & other


def mask_to_json(mask: Mask) -> Any:
    """Nested 0/1 lists; above 10,000 entries an object with `shape` and `packed`.

    `packed` is base64 of the zlib-compressed bits, row by row, most significant bit first.

    >>> mask_to_json(np.array([[True, False]]))
    [[1, 0]]
    """
    if mask.size <= PACK_ABOVE:
        return mask.astype(int).tolist()
    if mask.size > LARGEST_PACKED:
        raise SizeError(f"a mask of shape {list(mask.shape)} is too large to be written")
    bits = np.packbits(mask).tobytes()
    # Random masks of middling density do not shrink: a sample saves trying on hundreds of MB.
    sample = bits[: 2**16]
    level = 1 if len(zlib.compress(sample, 1)) < 0.9 * len(sample) else 0
    packed = base64.b64encode(zlib.compress(bits, level))
    return {"shape": list(mask.shape), "packed": packed.decode("ascii")}


def mask_from_json(value: Any, shape: tuple[int, ...], place: str) -> ArrayLike:
    """The inverse of `mask_to_json`; lists pass through, to be validated by `Allocation`.

    Raises `InputError` if the packed form is not one of a mask of `shape`.
    """
    if not isinstance(value, Mapping):
        return value
    if set(value) != {"shape", "packed"}:
        keys = shown(sorted(value))
        raise InputError(f"{place} must be a 0/1 list or have the keys shape, packed, not {keys}")
    if shown(value["shape"]) != shown(list(shape)):
        raise InputError(f"{place}.shape must be {list(shape)}, not {shown(value['shape'])}")
    n_entries = math.prod(shape)
    n_bytes = -(-n_entries // 8)
    bits = _unpack(value["packed"], n_bytes, place)
    if len(bits) != n_bytes:
        found = "more" if len(bits) > n_bytes else len(bits)
        raise InputError(f"{place}.packed must hold {n_bytes} bytes of bits, not {found}")
    entries = np.unpackbits(np.frombuffer(bits, np.uint8))
    if entries[n_entries:].any():
        raise InputError(f"{place}.packed must have zeros behind its {n_entries} bits")
    return entries[:n_entries].reshape(shape)


def _unpack(packed: object, n_bytes: int, place: str) -> bytes:
    """At most `n_bytes` + 1 unpacked bytes, so that a bomb does no harm."""
    form = f"{place}.packed must be base64 of zlib-compressed bits"
    if not isinstance(packed, str):
        raise InputError(f"{form}, not {shown(packed)}")
    unpacker = zlib.decompressobj()
    try:
        bits = unpacker.decompress(base64.b64decode(packed, validate=True), n_bytes + 1)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise InputError(f"{form}: {error}") from None
    if len(bits) <= n_bytes and (not unpacker.eof or unpacker.unused_data):
        end = "bytes follow its end" if unpacker.eof else "its end is missing"
        raise InputError(f"{form}: {end}")
    return bits


def _mask(value: ArrayLike, shape: tuple[int, ...], place: str) -> Mask:
    value = plain(value, place)
    if isinstance(value, SparseMask):
        _check_shape(value.shape, shape, place)
        mask = value.dense(place)
        mask.setflags(write=False)
        return mask
    array = _array(value, shape, place)
    if array.dtype == bool:
        array = array.view(np.uint8)  # a file may hold bytes other than 0 and 1 as booleans
    if array.dtype.kind not in "iuf":
        raise InputError(f"{place} must hold the numbers 0 and 1, not {array.dtype} values")
    if not any(array.strides) and array.size > 1:
        one = _mask(array[(slice(1),) * array.ndim], (1,) * array.ndim, place)
        return np.broadcast_to(one.copy(), shape)
    for start in range(0, len(array), _ROWS):  # in parts: no second array of the mask's size
        part = array[start : start + _ROWS]
        wrong = (part != 0) & (part != 1)
        if wrong.any():
            first, *rest = (int(i) for i in np.argwhere(wrong)[0])
            entry = (start + first, *rest)
            found = f"{array[entry]}{_hint(array[entry])}"
            raise InputError(f"{place}{list(entry)} must be 0 or 1, not {found}")
    # A copy of its own: a later change of the caller's array must not change the allocation.
    mask = np.array(array, dtype=bool, order="C")
    mask.setflags(write=False)
    return mask


def _array(value: ArrayLike, shape: tuple[int, ...], place: str) -> NDArray[Any]:
    """A numeric array of `shape` where `value` is one; else the flaw is named as well as can be."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy.ma.masked in a list: a NaN, refused below
            array = np.asarray(value)
    except (ValueError, TypeError, OverflowError, RecursionError, RuntimeError):
        flaw = _uneven_row(value, shape)
        raise InputError(f"{place} must be a 0/1 array of shape {shape}{flaw}") from None
    if array.ndim == 0:
        cure = ""
        if isinstance(value, str) and value.endswith((".npy", ".npz")):
            cure = f', or a file: {{"file": "{value}"}}'
        raise InputError(f"{place} must be a 0/1 array of shape {shape}{cure}, not {shown(value)}")
    _check_shape(array.shape, shape, place)
    if array.dtype.kind in "OSU":
        objects = np.asarray(value, dtype=object)  # text and numbers together became text above
        for entry, value in np.ndenumerate(objects):
            if not _is_bit(value):
                wrong = f"{shown(value)}{_hint(value)}"
                raise InputError(f"{place}{list(entry)} must be 0 or 1, not {wrong}")
        return objects.astype(bool)
    return array


def _check_shape(found: tuple[int, ...], shape: tuple[int, ...], place: str) -> None:
    if found != shape:
        hint = ": rows are outputs, columns inputs" if found == shape[::-1] else ""
        raise InputError(f"{place} must have shape {shape}, not {shown(found)}{hint}")


def _is_bit(entry: object) -> bool:
    try:
        return not isinstance(entry, (str, bytes)) and bool(entry == 0 or entry == 1)
    except (ValueError, TypeError):  # an array; the missing value of pandas
        return False


def _hint(entry: Any) -> str:
    """What to do about an entry that says no number is known there."""
    if type(entry).__name__ in ("NAType", "NaTType", "MaskedConstant"):
        return ": say what missing entries are, as with frame.fillna(0)"
    try:
        if entry != entry:
            return ": say what missing entries are, as with numpy.nan_to_num(mask)"
    except (ValueError, TypeError):
        pass
    return ""


def _uneven_row(value: object, shape: tuple[int, ...]) -> str:
    if len(shape) == 2 and isinstance(value, (list, tuple)):
        for number, row in enumerate(value):
            if not isinstance(row, (list, tuple)):
                return f", but its row {number} is {shown(row)}"
            if len(row) != shape[1]:
                return f", but its row {number} has {len(row)} entries"
    return ", without lists inside its rows" if isinstance(value, (list, tuple)) else ""


def entries_of(masks: Mapping[str, ArrayLike]) -> list[Entry]:
    """The set entries of masks, weight by weight and row by row.

    >>> entries_of({"W1": [[0, 1]], "b1": [1]})
    [('W1', (0, 1)), ('b1', (0,))]
    """
    return [
        (name, tuple(index)) for name, mask in masks.items() for index in np.argwhere(mask).tolist()
    ]


def entry_name(entry: Entry) -> str:
    """An entry as people write it.

    >>> entry_name(("W1", (0, 3)))
    'W1[0,3]'
    """
    return f"{entry[0]}[{','.join(map(str, entry[1]))}]"
