"""The names and signatures of CuPy, read from an installed wheel and kept beside this module.

CuPy can be imported without a GPU. `python -m tests.shared.device > FILE` writes those of the
version that is installed, for `tests/shared/device/names.json`.
"""

from __future__ import annotations

import inspect
import json
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

_FILE = Path(__file__).parent / "names.json"
_MODULES = ("", "linalg", "random")
# Compiled ones whose documentation does not begin with a signature.
_UFUNC = "(*args, out=None, dtype=None, casting=None)"
_ANY = "(*args, **kwargs)"


@cache
def known_names() -> dict[str, Any]:
    """What is kept: the version, and name -> signature of functions, methods and generators."""
    return json.loads(_FILE.read_text())


def names_of(cupy: ModuleType) -> dict[str, Any]:
    """The same of an installed CuPy."""
    found: dict[str, Any] = {"version": cupy.__version__}
    for name in _MODULES:
        module = getattr(cupy, name) if name else cupy
        found[name or "cupy"] = {
            each: _described(getattr(module, each), cupy)
            for each in sorted(dir(module))
            if not each.startswith("_") and not inspect.ismodule(getattr(module, each))
        }
    special = import_module("cupyx.scipy.special")
    found["special"] = {
        each: _described(getattr(special, each), cupy)
        for each in sorted(dir(special))
        if isinstance(getattr(special, each), cupy.ufunc)
    }
    for name, kind in (("ndarray", cupy.ndarray), ("Generator", cupy.random.Generator)):
        found[name] = {
            each: _described(getattr(kind, each), cupy)
            for each in sorted(dir(kind))
            if not each.startswith("_")
        }
    return found


def _described(value: Any, cupy: ModuleType) -> str:
    """A signature, without defaults but `=None` where there is one; `""` of what is not called."""
    if isinstance(value, cupy.ufunc):
        return _UFUNC
    if isinstance(value, type) or not callable(value):
        return ""
    try:
        parameters = inspect.signature(value).parameters.values()
    except ValueError:  # compiled: "name(self, axis=None, ...) -> result" is the first line
        first = (getattr(value, "__doc__", None) or "").partition("\n")[0]
        inside = first.partition("(")[2].partition(") ->")[0].rstrip(")")
        words = [part.split()[-1] for part in inside.split(",") if part]  # types come before names
        return f"({', '.join(words)})" if "(" in first else _ANY
    plain = [
        each.replace(
            annotation=inspect.Parameter.empty,
            default=each.default if each.default is inspect.Parameter.empty else None,
        )
        for each in parameters
    ]
    return str(inspect.Signature(plain))


@cache
def check_call(text: str, n_positional: int, *keywords: str) -> None:
    """Raises `TypeError` for a call that a signature does not allow.

    >>> check_call("(a, axis=None, out=None)", 2, "out")
    >>> check_call("(a, axis=None, out=None)", 1, "where")
    Traceback (most recent call last):
        ...
    TypeError: got an unexpected keyword argument 'where'
    """
    signature_of(text).bind(*range(n_positional), **dict.fromkeys(keywords))


@cache
def signature_of(text: str) -> inspect.Signature:
    """A signature from its text.

    >>> signature_of("(a, axis=None, *, out=None)").bind(1, out=2).arguments
    {'a': 1, 'out': 2}
    """
    kinds, kind = inspect.Parameter, inspect.Parameter.POSITIONAL_OR_KEYWORD
    found: list[inspect.Parameter] = []
    for part in filter(None, (each.strip() for each in text.strip("()").split(","))):
        name, _, default = part.partition("=")
        if name == "*":
            kind = kinds.KEYWORD_ONLY
        elif name == "/":
            found = [each.replace(kind=kinds.POSITIONAL_ONLY) for each in found]
        elif name.startswith("**"):
            found.append(kinds(name[2:], kinds.VAR_KEYWORD))
        elif name.startswith("*"):
            found.append(kinds(name[1:], kinds.VAR_POSITIONAL))
            kind = kinds.KEYWORD_ONLY
        else:
            found.append(kinds(name, kind, default=None if default else kinds.empty))
    return inspect.Signature(found)
