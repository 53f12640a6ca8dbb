"""Allocation files: `.json`, `.npz`, `.safetensors`, `.pt`; a flaw is an error with its cure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, nearest, place_of, shown
from .allocation import Allocation
from .archives import (
    LARGEST_FILE,
    by_weight,
    read_archive,
    read_array,
    read_arrays,
    read_limited,
)
from .arguments import check_allocation
from .interop.foreign import SparseMask, sparse_from_arrays
from .interop.state_dicts import is_state_dict, read_state_dict
from .interop.tensor_files import read_tensors, read_torch, write_tensors
from .mask_sources import tensors_of
from .masks import check_name, mask_from_json, mask_to_json
from .networks.base import positive_integer
from .networks.kinds import network_from_dict

_KEYS = ("network", "samples", "learnable", "present", "comment")
_NESTING = "nested too deeply (an allocation file has 4 levels)"
# Strings are matched first, to be skipped; then what JSON has not or Python would not read.
_NO_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"|(NaN|-?Infinity|\d{4301,})', re.DOTALL)


class Problem(NamedTuple):
    """What an allocation file holds: `allocation, samples = load(path)`."""

    allocation: Allocation
    samples: int


def load(path: str | Path, *, largest: int = LARGEST_FILE) -> Problem:
    """Read an allocation file: its allocation and its number of samples m.

    In a `.json` file a mask may be in another file, named by its path from the folder of this one:
    `{"sparse": "w1.npz"}` (a SciPy sparse matrix, `scipy.sparse.save_npz`) or `{"file": "w1.npy"}`.
    In `.pt`, `.pth` and `.safetensors` files masks may have the names of parameters instead
    (`0.weight_mask`, see `Allocation.from_state_dict`).

    Raises `InputError`, which begins with the file's name, for anything that is not a valid file,
    among them archives that would unpack to more than `largest` bytes and pickled objects (which
    are never loaded).

    >>> import tempfile, pathlib
    >>> from theorycheck import LinearFeedforward
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "row.npz"
    >>> save(file, Allocation.rows(LinearFeedforward([2, 2]), {"W1": [0]}), samples=2)
    >>> load(file).allocation.n_learnable, load(file).samples
    (2, 2)
    """
    try:
        return _load(Path(path), largest)
    except InputError as error:
        raise InputError(f"{place_of(path)}: {error}") from None


def _load(path: Path, largest: int) -> Problem:
    data = read_limited(path, largest)
    if path.suffix.lower() == ".npz":
        return problem_from_dict(_with_meta(*read_archive(data, largest)))
    if path.suffix.lower() == ".safetensors":
        return problem_from_dict(_with_meta(*read_tensors(data)))
    if path.suffix.lower() in (".pt", ".pth"):
        return problem_from_dict(_of_torch(read_torch(data)))
    if path.suffix.lower() in (".npy", ".csv", ".tsv"):
        raise InputError(_alone("is no allocation file", path.suffix.lower()))
    return problem_from_dict(_with_files(parse_json(data), path.parent, largest))


def save(path: str | Path, allocation: Allocation, samples: int) -> None:
    """Write an allocation file, `.json`, `.npz` or `.safetensors` by the ending of `path`.

    Raises `InputError` for another ending, and without safetensors for its files; errors of
    the operating system pass through.
    """
    path = Path(path)
    require_ending(path)
    check_allocation(allocation)
    samples, suffix = positive_integer(samples, "samples"), path.suffix.lower()
    if suffix == ".json":
        data = problem_to_dict(allocation, samples)
        path.write_text(json.dumps(data) + "\n", encoding="utf-8")
        return
    meta = json.dumps({"network": allocation.network.to_dict(), "samples": samples})
    masks = {"learnable": {name: allocation.mask(name) for name in allocation.counts}}
    masks["present"] = {} if allocation.is_dense else allocation.given_present()
    arrays = {f"{which}.{name}": mask for which in masks for name, mask in masks[which].items()}
    if suffix == ".npz":
        np.savez_compressed(path, meta=np.array(meta), **arrays)  # type: ignore
    else:
        write_tensors(path, meta, arrays)


def require_ending(path: str | Path) -> None:
    """Raise `InputError` for a name whose ending `save` does not know."""
    if Path(path).suffix.lower() not in (".json", ".npz", ".safetensors"):
        endings = ".json, .npz or .safetensors"
        raise InputError(f"{path}: the name of an allocation file must end in {endings}")


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
    """The inverse of `problem_to_dict`; raises `InputError` naming the place and the cure.

    `comment`, a text or a list of texts for people, means nothing and is not kept.

    >>> network = {"kind": "linear_feedforward", "widths": [2, 2]}
    >>> problem_from_dict({"comment": "mine", "network": network, "samples": 1, "learnable": {}})[1]
    1
    """
    if not isinstance(data, Mapping):
        raise InputError(f"an allocation file must hold one JSON object, not {shown(data)}")
    if "evidence" in data:
        raise InputError("this is a certificate; theorycheck check reads it, plot draws it")
    for key in data:
        if key not in _KEYS:
            wrong = f"{shown(key)}{nearest(key, _KEYS)}"
            raise InputError(f"unknown key {wrong}; an allocation file has {', '.join(_KEYS)}")
    for key in _KEYS[:3]:
        if key not in data:
            raise InputError(f"the key {key!r} is missing; an allocation file needs it")
    _check_comment(data.get("comment", ""))
    network = network_from_dict(data["network"])
    samples = positive_integer(data["samples"], "samples")
    masks: dict[str, dict[str, Any]] = {}
    for which in ("learnable", "present"):
        given = data.get(which, {})
        if not isinstance(given, Mapping):
            what = f"an object of 0/1 arrays by weight name, not {shown(given)}"
            raise InputError(f"{which} must be {what}")
        masks[which] = {}
        for name, value in given.items():
            check_name(name, network.weight_shapes, which)
            shape = network.weight_shapes[name]
            masks[which][name] = mask_from_json(value, shape, f'{which}["{name}"]')
    return Problem(Allocation(network, masks["learnable"], masks["present"]), samples)


def _check_comment(comment: object) -> None:
    lines = comment if isinstance(comment, list) else [comment]
    if not all(isinstance(line, str) for line in lines):
        raise InputError(f"comment must be a text or a list of texts, not {shown(comment)}")


def parse_json(data: bytes) -> object:
    """Strict JSON: `InputError` for NaN, duplicate keys, bad encoding, too deep nesting."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text (byte {error.start}); JSON is expected") from None
    try:
        return json.loads(
            text, parse_constant=_refuse_constant, object_pairs_hook=_without_duplicates
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise InputError(f"malformed JSON at {where}: {error.msg}") from None
    except RecursionError:
        raise InputError(f"malformed JSON: {_NESTING}") from None
    except InputError:
        raise
    except ValueError:
        raise InputError(f"malformed JSON{_bad_number(text)}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _bad_number(text: str) -> str:
    """Where the first number stands that is none, or has more digits than Python reads."""
    for match in _NO_NUMBER.finditer(text):
        if match[1]:
            line = text.count("\n", 0, match.start()) + 1
            column = match.start() - text.rfind("\n", 0, match.start())
            what = "an integer of too many digits" if match[1].isdigit() else match[1]
            return f" at line {line} column {column}: {what} instead of a number such as 0 or 1"
    return ""


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"the key {shown(twice)} occurs twice in one object")
    return result


def _alone(what: str, suffix: str) -> str:
    """What an error says of a file with masks, but without network and samples."""
    command = "theorycheck new OUT.json --masks FILE --samples M"
    if suffix in (".csv", ".tsv"):
        command = "theorycheck new OUT.json --edges FILE --inputs A,... --outputs B,... --steps T"
    else:
        what += " with network and samples"
    return f"this file {what}; {command} makes one of it"


def _of_torch(content: Any) -> dict[str, Any]:
    """The dictionary of a torch file in the shape of the JSON object."""
    if isinstance(content, Mapping) and "network" in content and "meta" not in content:
        return dict(content)
    meta = content.get("meta") if isinstance(content, Mapping) else None
    if not isinstance(meta, str):
        tensors_of(content)  # says what else is wrong
        raise InputError(_alone("holds masks but is no allocation file", ".pt"))
    tensors = tensors_of(content)
    return _with_meta(meta.encode("utf-8", "replace"), tensors)


def _with_meta(text: bytes, arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """The arrays of an archive in the shape of the JSON object."""
    try:
        meta = parse_json(text)
    except InputError as error:
        raise InputError(f"meta: {error}") from None
    if not isinstance(meta, dict):
        raise InputError("meta must be a JSON object with network and samples")
    for key in meta:
        if key not in _KEYS[:2]:
            wrong = f"{shown(key)}{nearest(key, _KEYS[:2])}"
            raise InputError(f"unknown key {wrong} in meta; it has network, samples")
    if not is_state_dict(list(arrays)):
        return {**meta, **by_weight(arrays)}
    if "network" not in meta:
        return {**meta}
    network = network_from_dict(meta["network"])
    _, learnable, present = read_state_dict(arrays, network=network)
    return {**meta, "learnable": learnable, "present": present}


def _with_files(data: object, folder: Path, largest: int) -> object:
    """The object of a JSON file, with the matrices in place of the files that it names."""
    if not isinstance(data, dict):
        return data
    for given, which in ((data.get(which), which) for which in ("learnable", "present")):
        if not isinstance(given, dict):
            continue
        for name, value in given.items():
            if isinstance(value, dict) and len(value) == 1 and set(value) <= set(_MASK_FILES):
                (key,) = value
                place, file = f'{which}["{name}"].{key}', value[key]
                ending, read = _MASK_FILES[key]
                if not isinstance(file, str) or not file or Path(file).is_absolute():
                    what = f"the path of an {ending} file from the folder of this one"
                    raise InputError(f"{place} must be {what}, not {shown(file)}")
                try:
                    given[name] = read(read_limited(folder / file, largest), largest)
                except InputError as error:
                    raise InputError(f"{place} ({file}): {error}") from None
    return data


def _read_sparse(data: bytes, largest: int) -> SparseMask:
    return sparse_from_arrays(read_arrays(data, largest), "the matrix")


_MASK_FILES: dict[str, tuple[str, Callable[[bytes, int], Any]]] = {
    "sparse": (".npz", _read_sparse),
    "file": (".npy", lambda data, _: read_array(data, "which no mask has")),
}
