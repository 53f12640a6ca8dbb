"""Where each proof is: the module of an id, loaded when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from ..errors import InputError, shown
from ..statements import STATEMENTS
from .base import Step

MODULES = {
    "T0": "t00_monotonicity",
    "T1": "t01_positivity",
    "T2": "t02_dichotomy",
    "T3": "t03_rows",
    "T4": "t04_one_layer",
    "T5": "t05_recurrent",
    "T6": "t06_odd_degree",
    "T7": "t07_witness",
    "T8": "t08_symmetry",
    "T9": "t09_peeling",
    "T10": "t10_shallow_relu",
    "C1": "c01_input_weights",
    "C2": "c02_recurrent_weights",
}


def steps_of(id: str) -> tuple[Step, ...]:
    """The steps of the proof `id` that a machine checks.

    >>> len(steps_of("T3")) > 0
    True
    """
    return importlib.import_module(f".{MODULES[id]}", __package__).STEPS


def text_of(id: str) -> str:
    """The proof `id` in words, as Markdown.

    >>> text_of("T3").splitlines()[0]
    '# T3 Rows'
    """
    return importlib.import_module(f".{MODULES[id]}", __package__).__doc__ or ""


def checked_ids(ids: Iterable[str] | None) -> tuple[str, ...]:
    """The given ids of statements, in any case and without doubles; all for None or none.

    Raises `InputError` for an unknown id.

    >>> checked_ids(["t4", "C1", "T4"])
    ('T4', 'C1')
    """
    given = tuple(dict.fromkeys(str(id).upper() for id in ids or ()))
    for id in given:
        if id not in STATEMENTS:
            raise InputError(f"theorem must be one of {', '.join(STATEMENTS)}, not {shown(id)}")
    return given or tuple(STATEMENTS)
