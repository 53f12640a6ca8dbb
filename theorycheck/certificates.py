"""Certificates: what a verdict rests on, in a form that anyone can check.

A certificate is self-contained: the problem (an allocation file's object), the claim, and the
evidence, whose form `kind` names. `docs/certificates.md` describes every kind; `checker/` checks
them without the code that found them. A `digest` over all other keys shows any later change; it is
no proof of origin, and whoever recomputes it still meets the check of the evidence itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .errors import InputError, shown, writing
from .problem.files import LARGEST_FILE, parse_json, read_limited

VERSION = 2
_MOST_LISTS = 10**7  # on one level: lists that hold the same ones multiply
MOST_DEPTH = 40  # levels of JSON; what classify writes has 16 or so


@dataclass(frozen=True)
class Certificate:
    """One claim with its evidence.

    `kind` names the form of `evidence`; `theorem` decided; `problem` is the object of an allocation
    file; `learnable` and `target_dimension` restate r and D where the claim uses them;
    `error_bound` is 0 for a proof. All values are plain JSON.
    """

    kind: str
    theorem: str
    expressivity: str
    learnable: int
    rank: int | None
    target_dimension: int | None
    error_bound: float
    problem: dict[str, Any]
    evidence: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """A JSON object; the inverse of `from_dict`.

        Raises `InputError` for evidence that is nested too deeply to be written.
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        _require_depth(values)  # lists that hold the same ones multiply in the text
        data = {"kind": values.pop("kind"), "version": VERSION, **values}
        return {**data, "digest": digest(data)}

    @classmethod
    def from_dict(cls, data: object) -> Certificate:
        """Read a JSON object.

        Raises `InputError` for missing or unknown keys, another version or a digest that differs.
        """
        if not isinstance(data, Mapping):
            raise InputError(f"a certificate must be a JSON object, not {shown(data)}{_cure(data)}")
        if "network" in data:
            raise InputError(
                "this is an allocation file; classify --certificate writes certificates"
            )
        _require_version(data)
        names = [field.name for field in fields(cls)]
        keys = {*names, "version", "digest"}
        for name in sorted(keys - data.keys()):
            raise InputError(f"the certificate has no key {name!r}")
        for name in sorted(data.keys() - keys):
            raise InputError(f"the certificate has an unknown key {shown(name)}")
        if data["digest"] != digest({key: data[key] for key in data if key != "digest"}):
            raise InputError("the digest does not fit: the certificate has been changed")
        return cls(**{name: data[name] for name in names})


def _cure(data: object) -> str:
    """What to give in place of something that is no certificate, if that can be told."""
    if isinstance(data, str):
        return "; of a file: check(json.loads(text)), or theorycheck check FILE"
    return ""


def _require_version(data: Mapping[str, Any]) -> None:
    version = data.get("version", VERSION)
    if type(version) is int and version == VERSION:
        return
    again = "classify again: theorycheck classify FILE --certificate OUT.json"
    if type(version) is int and version == 1:
        raise InputError(
            f"version 1 of a certificate, which chose the draws it is checked with, is no longer "
            f"read; {again}"
        )
    raise InputError(f"certificate version must be {VERSION}, not {shown(version)}; {again}")


def plain_json(data: object) -> tuple[Any, int]:
    """A copy of JSON data of nothing but JSON's own types, and the length of its text.

    Raises `InputError` for what is not JSON, NaN and infinity included, and for too deep nesting.

    >>> plain_json({"widths": (2, 1)})
    ({'widths': [2, 1]}, 16)
    """
    _require_depth(data)
    try:
        text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"a certificate must be JSON: {shown(str(error))}") from None
    return json.loads(text), len(text)


def _require_depth(data: object) -> None:
    """Refuse deep nesting, and lists in Python that hold the same ones again and again."""
    level = {id(data): (data, 1)}  # with how often it is there
    for _ in range(MOST_DEPTH + 1):
        following: dict[int, tuple[object, int]] = {}
        for value, times in level.values():
            for inner in _inside(value):
                before = following.get(id(inner), (inner, 0))[1]
                following[id(inner)] = inner, before + times
        if not following:
            return
        if sum(times for _, times in following.values()) > _MOST_LISTS:
            raise InputError(f"the certificate has more than {_MOST_LISTS} lists in one another")
        level = following
    raise InputError(f"the certificate is nested more than {MOST_DEPTH} levels deep")


def _inside(value: object) -> list[object]:
    """The lists and objects in one."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, (list, tuple)):
        return []
    others = (inner for inner in value if not isinstance(inner, (int, float, str)))
    return [inner for inner in others if isinstance(inner, (Mapping, list, tuple))]


def digest(data: Mapping[str, Any]) -> str:
    """SHA-256 of the JSON text with sorted keys and without spaces.

    >>> digest({"b": 1, "a": [2]}) == hashlib.sha256(b'{"a":[2],"b":1}').hexdigest()
    True
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def save_certificates(path: str | Path, certificates: list[Certificate]) -> None:
    """Write one certificate as a JSON object, several as an array.

    Raises `InputError` if the file cannot be written.
    """
    objects = [certificate.to_dict() for certificate in certificates]
    data = objects[0] if len(objects) == 1 else objects
    with writing():
        Path(path).write_text(json.dumps(data) + "\n", encoding="utf-8")


def load_certificates(path: str | Path) -> list[object]:
    """The JSON objects of a certificate file, not yet validated.

    Raises `InputError` if the file cannot be read, is not JSON or is an empty list.
    """
    data = parse_json(read_limited(Path(path), LARGEST_FILE))
    if data == []:
        raise InputError("an empty list, a certificate or a list of certificates is expected")
    return data if isinstance(data, list) else [data]
