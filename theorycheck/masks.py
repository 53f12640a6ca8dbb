"""How masks are written in JSON: nested 0/1 lists, or packed bits where those would be large."""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InputError

PACK_ABOVE = 10_000  # cells; below this nested lists stay readable


def mask_to_json(mask: NDArray[np.bool_]) -> Any:
    """Nested 0/1 lists; above 10,000 cells an object with `shape` and `packed`.

    `packed` is base64 of the zlib-compressed bits, row by row, most significant bit first.

    >>> mask_to_json(np.array([[True, False]]))
    [[1, 0]]
    """
    if mask.size <= PACK_ABOVE:
        return mask.astype(int).tolist()
    bits = zlib.compress(np.packbits(mask).tobytes(), level=6)
    return {"shape": list(mask.shape), "packed": base64.b64encode(bits).decode("ascii")}


def mask_from_json(value: Any, shape: tuple[int, ...], place: str) -> ArrayLike:
    """The inverse of `mask_to_json`; lists pass through, to be validated by `Allocation`.

    Raises `InputError` if the packed form is not one of a mask of `shape`.
    """
    if not isinstance(value, Mapping):
        return value
    if set(value) != {"shape", "packed"} or value["shape"] != list(shape):
        raise InputError(f"{place} must be a 0/1 list or packed bits of shape {list(shape)}")
    n_cells = math.prod(shape)
    n_bytes = -(-n_cells // 8)
    try:
        unpacker = zlib.decompressobj()
        bits = unpacker.decompress(base64.b64decode(value["packed"], validate=True), n_bytes + 1)
    except (TypeError, ValueError, binascii.Error, zlib.error):
        raise InputError(f"{place}.packed must be base64 of zlib-compressed bits") from None
    if len(bits) != n_bytes:
        raise InputError(f"{place}.packed must hold {n_bytes} bytes of bits, not {len(bits)}")
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=n_cells).astype(bool).reshape(shape)
