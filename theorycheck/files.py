"""Allocation files, `.json` and `.npz`, in and out. Every flaw is one `InputError` with its cure."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from .allocation import Allocation
from .errors import InputError
from .masks import mask_from_json, mask_to_json
from .networks import network_from_dict, positive_integer

LARGEST_FILE = 2 * 2**30  # bytes, compressed or not: what one file may unpack to
_KEYS = ("network", "samples", "learnable", "present")
# `learnable.W1`, `learnable/W1` and `learnable_W1` are read; a bare `W1` is a learnable mask.
_ARRAY_NAME = re.compile(r"(?:(learnable|present)[./_])?(\w+)")


class Problem(NamedTuple):
    """What an allocation file holds: `allocation, samples = load(path)`."""

    allocation: Allocation
    samples: int


def load(path: str | Path, *, largest: int = LARGEST_FILE) -> Problem:
    """Read an allocation file: its allocation and its number of samples m.

    Raises `InputError` for anything that is not a valid file, among them archives that would
    unpack to more than `largest` bytes and pickled objects (which are never loaded).

    >>> import tempfile, pathlib
    >>> from theorycheck import LinearFeedforward
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "row.npz"
    >>> save(file, Allocation.rows(LinearFeedforward([2, 2]), {"W1": [0]}), samples=2)
    >>> load(file).allocation.n_learnable, load(file).samples
    (2, 2)
    """
    path = Path(path)
    data = read_limited(path, largest)
    if path.suffix.lower() == ".npz":
        return problem_from_dict(_npz_object(data, largest))
    return problem_from_dict(parse_json(data))


def save(path: str | Path, allocation: Allocation, samples: int) -> None:
    """Write an allocation file, `.json` or `.npz` by the ending of `path`.

    Raises `InputError` for another ending; errors of the operating system pass through.
    """
    path = Path(path)
    data = problem_to_dict(allocation, positive_integer(samples, "samples"))
    if path.suffix.lower() == ".json":
        path.write_text(json.dumps(data) + "\n", encoding="utf-8")
    elif path.suffix.lower() == ".npz":
        meta = {key: data[key] for key in ("network", "samples")}
        arrays = {
            f"{which}.{name}": mask
            for which in ("learnable", "present")
            for name, mask in allocation.masks(which)
            if name in data.get(which, {})
        }
        np.savez_compressed(path, meta=np.array(json.dumps(meta)), **arrays)  # type: ignore
    else:
        raise InputError(f"{path}: the name of an allocation file must end in .json or .npz")


def problem_to_dict(allocation: Allocation, samples: int) -> dict[str, Any]:
    """The JSON object of an allocation file; weights that are frozen or fully present are left out.

    >>> from theorycheck import LinearFeedforward
    >>> problem_to_dict(Allocation.full(LinearFeedforward([1, 2])), 1)["learnable"]
    {'W1': [[1], [1]]}
    """
    data: dict[str, Any] = {"network": allocation.network.to_dict(), "samples": samples}
    data["learnable"] = {name: mask_to_json(allocation.mask(name)) for name in allocation.counts}
    if not allocation.is_dense:
        given = allocation.given_present()
        data["present"] = {name: mask_to_json(mask) for name, mask in given.items()}
    return data


def problem_from_dict(data: object) -> Problem:
    """The inverse of `problem_to_dict`; raises `InputError` naming the place and the cure."""
    if not isinstance(data, Mapping):
        raise InputError("an allocation file must hold one JSON object, with the key network, ...")
    for key in data:
        if key not in _KEYS:
            raise InputError(f"unknown key {key!r}; an allocation file has {', '.join(_KEYS)}")
    for key in _KEYS[:3]:
        if key not in data:
            raise InputError(f"the key {key!r} is missing; an allocation file needs it")
    network = network_from_dict(data["network"])
    samples = positive_integer(data["samples"], "samples")
    masks: dict[str, dict[str, Any]] = {}
    for which in ("learnable", "present"):
        given = data.get(which, {})
        if not isinstance(given, Mapping):
            raise InputError(f"{which} must be an object of 0/1 arrays by weight name")
        masks[which] = {
            name: mask_from_json(value, network.weight_shapes.get(name, ()), f'{which}["{name}"]')
            for name, value in given.items()
        }
    return Problem(Allocation(network, masks["learnable"], masks["present"]), samples)


def read_limited(path: Path, largest: int) -> bytes:
    """The bytes of a file of at most `largest` bytes; `InputError` in one line for all failures."""
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except IsADirectoryError:
        raise InputError("this is a directory, an allocation file is expected") from None
    except FileNotFoundError:
        raise InputError("no such file") from None
    except PermissionError:
        raise InputError("no permission to read this file") from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}") from None
    if len(data) > largest:
        raise InputError(f"larger than the limit of {largest} bytes")
    return data


def parse_json(data: bytes) -> object:
    """Strict JSON: `InputError` for NaN, duplicate keys, bad encoding, too deep nesting."""
    try:
        return json.loads(
            data.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_duplicates,
        )
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text (byte {error.start}); JSON is expected") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise InputError(f"malformed JSON at {where}: {error.msg}") from None
    except RecursionError:
        raise InputError("malformed JSON: nested too deeply") from None
    except InputError:
        raise
    except ValueError as error:  # for example an integer of too many digits
        raise InputError(f"malformed JSON: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise InputError(f"{name} is not a 0/1 value (nor valid JSON)")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"the key {twice!r} occurs twice in one object")
    return result


def _npz_object(data: bytes, largest: int) -> dict[str, Any]:
    """The arrays of an archive in the shape of the JSON object."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        raise InputError("not an .npz archive (np.savez writes one)") from None
    with archive:
        unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > largest:
            raise InputError(f"would unpack to {unpacked} bytes, the limit is {largest}")
        arrays = {
            member.filename.removesuffix(".npy"): _npy_array(archive, member)
            for member in archive.infolist()
        }
    if "meta" not in arrays:
        raise InputError("the key 'meta' is missing; it holds network and samples as a JSON string")
    meta = parse_json(_meta_text(arrays.pop("meta")))
    if not isinstance(meta, dict):
        raise InputError("meta must be a JSON object with network and samples")
    for key in meta:
        if key not in ("network", "samples"):
            raise InputError(f"unknown key {key!r} in meta; it has network, samples")
    result: dict[str, Any] = {**meta, "learnable": {}, "present": {}}
    for name, array in arrays.items():
        match = _ARRAY_NAME.fullmatch(name)
        if match is None:
            raise InputError(f"unknown array {name!r}; expected names like learnable.W1")
        result[match[1] or "learnable"][match[2]] = array
    return result


def _npy_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """One array, refused before allocation if it holds objects or its header lies about its size."""
    name = member.filename
    if not name.endswith(".npy"):
        raise InputError(f"{name!r} in the archive is not an array (.npy)")
    try:
        with archive.open(member) as file:
            version = np.lib.format.read_magic(file)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, fortran, dtype = read_header(file)
            if dtype.hasobject:
                raise InputError(f"array {name!r} holds pickled objects, which are never loaded")
            size = int(np.prod([int(n) for n in shape], dtype=object)) * dtype.itemsize
            body = file.read()
    except InputError:
        raise
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, RuntimeError) as error:
        raise InputError(f"array {name!r} is damaged: {error}") from None
    except NotImplementedError as error:
        raise InputError(f"array {name!r}: {error}") from None
    if len(body) != size:
        raise InputError(f"array {name!r} has {len(body)} bytes, its header promises {size}")
    return np.ndarray(shape, dtype, body, order="F" if fortran else "C")


def _meta_text(array: np.ndarray) -> bytes:
    if array.shape != () or array.dtype.kind not in "US":
        raise InputError("meta must be one JSON string")
    value = array.item()
    return value if isinstance(value, bytes) else value.encode("utf-8")
