"""Certificates: what a verdict rests on, in a form that anyone can check.

A certificate is self-contained: the problem (an allocation file's object), the claim, and the
evidence, whose form `kind` names. `docs/certificates.md` describes every kind; `checker.py` checks
them without the code that found them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .errors import InputError
from .files import LARGEST_FILE, parse_json, read_limited

VERSION = 1


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
        """A JSON object; the inverse of `from_dict`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"kind": values.pop("kind"), "version": VERSION, **values}

    @classmethod
    def from_dict(cls, data: object) -> Certificate:
        """Read a JSON object; `InputError` for missing or unknown keys or another version."""
        if not isinstance(data, Mapping):
            raise InputError("a certificate must be a JSON object")
        names = [field.name for field in fields(cls)]
        for name in (*names, "version"):
            if name not in data:
                raise InputError(f"the certificate has no key {name!r}")
        for name in data:
            if name not in names and name != "version":
                raise InputError(f"the certificate has an unknown key {name!r}")
        if data["version"] != VERSION:
            raise InputError(f"certificate version must be {VERSION}, not {data['version']!r}")
        return cls(**{name: data[name] for name in names})


def save_certificates(path: str | Path, certificates: list[Certificate]) -> None:
    """Write one certificate as a JSON object, several as an array."""
    objects = [certificate.to_dict() for certificate in certificates]
    data = objects[0] if len(objects) == 1 else objects
    Path(path).write_text(json.dumps(data) + "\n", encoding="utf-8")


def load_certificates(path: str | Path) -> list[object]:
    """The JSON objects of a certificate file, not yet validated.

    Raises `InputError` if the file cannot be read or is not JSON.
    """
    data = parse_json(read_limited(Path(path), LARGEST_FILE))
    return data if isinstance(data, list) else [data]
