"""What differs between two records: which cases, and where in them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LONGEST = 160  # characters of a value that is shown


def read_record(path: Path) -> dict[str, Any]:
    """Case name -> what was recorded of it."""
    found: dict[str, Any] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            found[entry["case"]] = entry["says"]
    return found


def differences(
    old: Any, new: Any, tolerance: float = 0.0, path: str = ""
) -> Iterator[tuple[str, str, str]]:
    """The paths at which two JSON values differ, each with what was and what is there.

    >>> list(differences({"a": [1, 2.0]}, {"a": [1, 2.5], "b": None}))
    [('b', '(nothing)', 'null'), ('a[1]', '2.0', '2.5')]
    >>> list(differences([1, True], [1.0, True]))
    [('[0]', '1', '1.0')]
    """
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _of_objects(old, new, tolerance, path)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, after, tolerance, f"{path}[{place}]")
    elif isinstance(old, str) and isinstance(new, str) and old != new:
        yield path, *_from_where_they_differ(old, new)
    elif not _same(old, new, tolerance):
        yield path, _shown(old), _shown(new)


def _of_objects(
    old: dict[str, Any], new: dict[str, Any], tolerance: float, path: str
) -> Iterator[tuple[str, str, str]]:
    inner = f"{path}." if path else ""
    for key in sorted(old.keys() - new.keys()):
        yield inner + key, _shown(old[key]), "(nothing)"
    for key in sorted(new.keys() - old.keys()):
        yield inner + key, "(nothing)", _shown(new[key])
    common = [key for key in old if key in new]
    if common != [key for key in new if key in old]:  # files are written in this order
        yield f"{inner}(order of keys)", _shown(common), _shown([key for key in new if key in old])
    for key in common:
        yield from differences(old[key], new[key], tolerance, inner + key)


def _same(old: Any, new: Any, tolerance: float) -> bool:
    """Whether two values are the same: 1, 1.0 and true are not, but NaN and NaN."""
    if type(old) is not type(new):
        return False
    if isinstance(old, float) and tolerance:
        return math.isclose(old, new, rel_tol=tolerance) or repr(old) == repr(new)
    return repr(old) == repr(new)


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def _from_where_they_differ(old: str, new: str) -> tuple[str, str]:
    """Long texts from a little before their first difference on."""
    pairs = zip(old, new, strict=False)
    first = next((k for k, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))
    start = max(first - 40, 0)
    if start == 0:
        return _shown(old), _shown(new)
    return "..." + _shown(old[start:]), "..." + _shown(new[start:])


def compare_files(old: Path, new: Path, most: int = 10, tolerance: float = 0.0) -> int:
    """Print what differs; 1 if anything does."""
    before, after = read_record(old), read_record(new)
    changed = 0
    for case in [*before, *(case for case in after if case not in before)]:
        if case not in before or case not in after:
            changed += 1
            print(f"{case}: only in {old if case in before else new}")
            continue
        found = list(differences(before[case], after[case], tolerance))
        if not found:
            continue
        changed += 1
        print(f"{case}: {len(found)} paths differ")
        for path, was, now in found[:most]:
            print(f"    {path}: {was} -> {now}")
        if len(found) > most:
            print(f"    ... and {len(found) - most} more")
    total = len(before.keys() | after.keys())
    print(f"{changed} of {total} cases differ" if changed else f"{total} cases, all the same")
    return 1 if changed else 0
