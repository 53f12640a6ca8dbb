"""Parametrised weights in files: the keys `parameters`, `base` and `tied_teacher`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InputError, nearest, place_of, shown
from .archives import LARGEST_FILE, read_limited
from .files import parse_json
from .masks import mask_from_json, mask_to_json
from .networks.base import positive_integer
from .networks.kinds import network_from_dict
from .parametrization import Entries, LowRank, Parametrization, Scaling, Term, Tied

KEYS = ("network", "samples", "parameters", "present", "base", "tied_teacher", "comment")
_TERMS = ("entries", "low_rank", "rows", "columns", "tied")


class ParametrizedProblem(NamedTuple):
    """What a file with `parameters` holds."""

    parametrization: Parametrization
    samples: int


def load_parametrization(path: str | Path, *, largest: int = LARGEST_FILE) -> ParametrizedProblem:
    """Read a `.json` file with `parameters`: parametrised weights, and the number of samples m.

    Raises `InputError`, which begins with the file's name, for anything else.

    >>> import json, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "lora.json"
    >>> network = {"kind": "linear_feedforward", "widths": [4, 3]}
    >>> lora = {"W1": {"low_rank": {"rank": 1}}}
    >>> _ = file.write_text(json.dumps({"network": network, "samples": 2, "parameters": lora}))
    >>> load_parametrization(file).parametrization.n_parameters
    7
    """
    try:
        data = parse_json(read_limited(Path(path), largest))
        if isinstance(data, Mapping) and "learnable" in data:
            raise InputError("this file has no parameters; tc.load reads it")
        return parametrized_from_dict(data)
    except InputError as error:
        raise InputError(f"{place_of(path)}: {error}") from None


def has_parameters(path: str | Path) -> bool:
    """Whether a file, of those that can be read, is one with `parameters`."""
    if Path(path).suffix.lower() != ".json":
        return False
    try:
        data = parse_json(read_limited(Path(path), LARGEST_FILE))
    except InputError:
        return False  # whoever reads it will say why
    return isinstance(data, Mapping) and "parameters" in data


def save_parametrization(path: str | Path, parametrization: Parametrization, samples: int) -> None:
    """Write a `.json` file of parametrised weights, which `load_parametrization` reads.

    Raises `InputError` for another ending; errors of the operating system pass through.
    """
    path = Path(path)
    if path.suffix.lower() != ".json":
        raise InputError(f"{path}: the name of a file with parameters must end in .json")
    data = parametrized_to_dict(parametrization, positive_integer(samples, "samples"))
    path.write_text(json.dumps(data) + "\n", encoding="utf-8")


def parametrized_to_dict(parametrization: Parametrization, samples: int) -> dict[str, Any]:
    """The JSON object of a file with parametrised weights; the inverse of `parametrized_from_dict`.

    >>> from theorycheck import LinearFeedforward
    >>> lora = Parametrization(LinearFeedforward([2, 1]), {"W1": LowRank(1, train=("B",))})
    >>> parametrized_to_dict(lora, 3)["parameters"]
    {'W1': {'low_rank': {'rank': 1, 'train': ['B']}}}
    """
    data: dict[str, Any] = {"network": parametrization.network.to_dict(), "samples": samples}
    data["parameters"] = {
        name: _weight_to_dict(parametrization, name) for name in parametrization.terms
    }
    whole = parametrization.whole
    if not whole.is_dense:
        data["present"] = {n: mask_to_json(mask) for n, mask in whole.given_present().items()}
    if parametrization.values:
        data["base"] = {name: array.tolist() for name, array in parametrization.values.items()}
    if parametrization.tied_teacher:
        data["tied_teacher"] = True
    return data


def _weight_to_dict(parametrization: Parametrization, name: str) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for term in parametrization.terms[name]:
        if isinstance(term, Entries):
            data["entries"] = mask_to_json(parametrization.forms[name].entries)
        elif isinstance(term, LowRank):
            data["low_rank"] = {"rank": term.rank, "train": list(term.train)}
        elif isinstance(term, Scaling):
            data[term.axis] = term.shared or True
        else:
            data["tied"] = {"to": term.to, "transposed": term.transposed}
    return data


def parametrized_from_dict(data: object) -> ParametrizedProblem:
    """The inverse of `parametrized_to_dict`; raises `InputError` for anything else.

    >>> network = {"kind": "linear_feedforward", "widths": [2, 2]}
    >>> data = {"network": network, "samples": 1, "parameters": {"W1": {"rows": True}}}
    >>> parametrized_from_dict(data).parametrization.n_parameters
    2
    """
    if not isinstance(data, Mapping):
        raise InputError(f"an allocation file must hold one JSON object, not {shown(data)}")
    _check_keys(data, KEYS, "a file with parameters")
    for key in KEYS[:3]:
        if key not in data:
            raise InputError(f"the key {key!r} is missing; a file with parameters needs it")
    network, samples = (
        network_from_dict(data["network"]),
        positive_integer(data["samples"], "samples"),
    )
    shapes = network.weight_shapes
    parameters, present, base = (_object(data, key) for key in ("parameters", "present", "base"))
    masks = {
        name: mask_from_json(mask, shapes.get(name, ()), f'present["{name}"]')
        for name, mask in present.items()
    }
    terms = {
        name: _terms_from_dict(value, shapes.get(name, ()), f'parameters["{name}"]')
        for name, value in parameters.items()
    }
    tied = data.get("tied_teacher", False)
    return ParametrizedProblem(Parametrization(network, terms, masks, base, tied), samples)


def _object(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    given = data.get(key, {})
    if not isinstance(given, Mapping):
        raise InputError(f"{key} must be an object by weight name, not {shown(given)}")
    return given


def _check_keys(data: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    for key in data:
        if key not in known:
            wrong = f"{shown(key)}{nearest(key, known)}"
            raise InputError(f"unknown key {wrong}; {what} has {', '.join(known)}")


def _terms_from_dict(data: object, shape: tuple[int, ...], place: str) -> list[Term]:
    if not isinstance(data, Mapping):
        raise InputError(f"{place} must be an object, not {shown(data)}")
    _check_keys(data, _TERMS, place)
    terms: list[Term] = []
    if "entries" in data:
        terms.append(Entries(mask_from_json(data["entries"], shape, f"{place}.entries")))
    if "low_rank" in data:
        given = _fields(data["low_rank"], ("rank", "train"), f"{place}.low_rank")
        if not isinstance(given.get("train", []), list):
            raise InputError(f"{place}.low_rank.train must be a list, not {shown(given['train'])}")
        terms.append(LowRank(given.get("rank", 0), given.get("train", ("A", "B"))))
    for axis in ("rows", "columns"):
        if axis in data:
            given = data[axis]
            if given is not True and not isinstance(given, str):
                raise InputError(f"{place}.{axis} must be true or a name, not {shown(given)}")
            terms.append(Scaling(axis, None if given is True else given))
    if "tied" in data:
        given = _fields(data["tied"], ("to", "transposed"), f"{place}.tied")
        transposed = given.get("transposed", False)
        if not isinstance(transposed, bool) or not isinstance(given.get("to"), str):
            raise InputError(
                f"{place}.tied has a name `to` and perhaps `transposed`, true or false"
            )
        terms.append(Tied(given["to"], transposed))
    return terms


def _fields(data: object, known: tuple[str, ...], place: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise InputError(f"{place} must be an object with {', '.join(known)}, not {shown(data)}")
    _check_keys(data, known, place)
    return data
