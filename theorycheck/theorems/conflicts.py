"""Conflicts in words, shared by T1 and T2."""

from __future__ import annotations

from ..structure.conflicts import Conflict


def conflict_in_words(conflict: Conflict) -> str:
    """Which learnables meet on one path, for example `W1[0,0] and W2[0,0] lie on one path`."""
    first, second = conflict.path[conflict.first], conflict.path[conflict.second]
    if first == second:
        return f"a path runs twice through {first}"
    return f"{first} and {second} lie on one path"
