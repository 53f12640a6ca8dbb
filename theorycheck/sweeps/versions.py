"""Versions of what results depend on."""

from __future__ import annotations

import importlib.metadata
import platform

_PACKAGES = ("theorycheck", "numpy", "scipy", "sympy", "networkx", "python-flint", "igraph")


def versions() -> dict[str, str]:
    """Name -> version of Python and the packages at work.

    >>> sorted(versions())[:2]
    ['igraph', 'networkx']
    """
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in _PACKAGES
    }
