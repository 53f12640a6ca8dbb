"""Files from anyone: bytes up to a limit, and NumPy archives (`.npz`) without pickle."""

from __future__ import annotations

import io
import math
import re
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, nearest, shown

LARGEST_FILE = 2 * 2**30  # bytes, compressed or not: what one file may unpack to
# `learnable.W1`, `learnable/W1` and `learnable_W1` are read; a bare `W1` is a learnable mask.
_ARRAY_NAME = re.compile(r"(?:(learnable|present)[./_])?(\w+)")
_MOST_AXES = 4  # of a mask: those of filters in two dimensions
_MOST_HEADER = 2**16  # bytes of the header of one array


def read_limited(path: Path, largest: int) -> bytes:
    """The bytes of a file of at most `largest` bytes; `InputError` in one line for all failures."""
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except IsADirectoryError:
        raise InputError("this is a directory, a file is expected") from None
    except FileNotFoundError:
        raise InputError("no such file") from None
    except PermissionError:
        raise InputError("no permission to read this file") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from None
    except ValueError as error:  # a NUL in the path
        raise InputError(f"no such file ({error})") from None
    if len(data) > largest:
        raise InputError(f"larger than the limit of {largest} bytes")
    return data


def read_archive(data: bytes, largest: int) -> tuple[bytes, dict[str, NDArray[Any]]]:
    """The JSON text under `meta`, and the other arrays by name.

    Raises `InputError` for anything else, and for one that would unpack to more
    than `largest` bytes.
    """
    arrays = read_arrays(data, largest)
    if "meta" not in arrays:
        flaw = "the key 'meta' is missing; it holds network and samples as a JSON string; "
        flaw += "theorycheck new OUT.json --masks FILE --samples M does without"
        if "format" in arrays:
            flaw = "this is one sparse matrix; name it in an allocation file, as "
            flaw += '{"learnable": {"W1": {"sparse": "FILE.npz"}}}'
        raise InputError(flaw)
    return _text(arrays.pop("meta")), arrays


def by_weight(arrays: Mapping[str, NDArray[Any]]) -> dict[str, dict[str, NDArray[Any]]]:
    """Arrays with names like `learnable.W1`, by weight name under `learnable` and `present`.

    >>> sorted(by_weight({"present.W1": np.ones(1), "W2": np.ones(1)})["learnable"])
    ['W2']
    """
    masks: dict[str, dict[str, NDArray[Any]]] = {"learnable": {}, "present": {}}
    for name, array in arrays.items():
        match = _ARRAY_NAME.fullmatch(name)
        if match is None:
            hint = nearest(name.split(".")[0], ("learnable", "present", "meta"))
            wrong = f"{shown(name)}{hint}"
            raise InputError(f"unknown array {wrong}; expected names like learnable.W1")
        which, weight = match[1] or "learnable", match[2]
        if weight in masks[which]:
            raise InputError(f"the array {which}.{weight} occurs twice (again as {name!r})")
        masks[which][weight] = array
    return masks


def read_array(
    data: bytes, expected: str = "which no mask has", axes: int = _MOST_AXES
) -> NDArray[Any]:
    """The array of numbers in an `.npy` file; raises `InputError` for anything else.

    It has so many `axes` at most; `expected` tells what a shape with more is not.
    """
    array = _array("in the file", data, expected, axes)
    if array.dtype.kind not in "biuf":
        raise InputError(f"the array must hold real numbers, not {shown(str(array.dtype))}")
    return array


def read_arrays(data: bytes, largest: int) -> dict[str, NDArray[Any]]:
    """The arrays of an archive; raises `InputError` beyond `largest` bytes, and for any flaw."""
    arrays: dict[str, NDArray[Any]] = {}
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise InputError("not an .npz archive, or a damaged one (np.savez writes one)") from None
    with archive:
        unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > largest:
            raise InputError(f"would unpack to {unpacked} bytes, the limit is {largest}")
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if name == member.filename:
                raise InputError(f"{shown(name)} in the archive is not an array (.npy)")
            if name in arrays:
                raise InputError(f"the array {shown(name)} occurs twice in the archive")
            arrays[name] = _array(shown(name), _content(archive, member))
    return arrays


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    name = shown(member.filename)
    if member.flag_bits & 1:
        raise InputError(f"{name} in the archive is encrypted; save it without a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"{name} is compressed in a way that np.savez_compressed never writes")
    try:
        with archive.open(member) as file:
            return file.read(member.file_size)  # a bound: the archive may lie about this size
    except (zipfile.BadZipFile, ValueError, RuntimeError, EOFError, OSError, zlib.error) as error:
        raise InputError(f"{name} in the archive is damaged: {shown(error)}") from None


def _array(
    name: str, content: bytes, expected: str = "which no mask has", axes: int = _MOST_AXES
) -> NDArray[Any]:
    """The array of an .npy file, refused if it holds objects or its header lies about its size."""
    stream = io.BytesIO(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python 2 headers and non-integer shapes
            shape, fortran, dtype = _header(stream)
    except Exception as error:  # NumPy evaluates the text of the header: errors of many kinds
        raise InputError(f"array {name} is damaged: {shown(error)}") from None
    if dtype.hasobject:
        raise InputError(f"array {name} holds pickled objects, which are never loaded")
    if not all(type(side) is int and side >= 0 for side in shape) or len(shape) > axes:
        raise InputError(f"array {name} has shape {shown(shape)}, {expected}")
    size, found = math.prod(shape) * dtype.itemsize, len(content) - stream.tell()
    if size != found:
        raise InputError(f"array {name} has {found} bytes, its header promises {size}")
    try:
        return np.ndarray(shape, dtype, content, stream.tell(), order="F" if fortran else "C")
    except (ValueError, TypeError) as error:
        raise InputError(f"array {name} is damaged: {shown(error)}") from None


def _header(stream: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream, max_header_size=_MOST_HEADER)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(stream, max_header_size=_MOST_HEADER)
    raise ValueError(f"version {version} of the .npy format, which masks never need")


def _text(array: NDArray[Any]) -> bytes:
    if array.shape != () or array.dtype.kind not in "US":
        raise InputError("meta must be one JSON string, as np.array(json.dumps(...)) is")
    try:
        value = array.item()
        return value if isinstance(value, bytes) else value.encode("utf-8")
    except (SystemError, ValueError):  # what NumPy raises for code points that do not exist
        raise InputError("meta is not valid Unicode text") from None
