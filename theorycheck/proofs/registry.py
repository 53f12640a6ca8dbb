"""Where each proof is: the module of an id, loaded when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from ..errors import InputError, nearest, shown
from ..statements import STATEMENTS
from .base import ProofStep

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
    "T11": "t11_analytic",
    "T12": "t12_readout",
    "T13": "t13_staged_plans",
    "T14": "t14_levels",
    "T15": "t15_graded_points",
    "T16": "t16_deep_levels",
    "T17": "t17_given_weights",
    "T18": "t18_given_inputs",
    "C1": "c01_input_weights",
    "C2": "c02_recurrent_weights",
}


def steps_of(id: str) -> tuple[ProofStep, ...]:
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
            wrong = f"{shown(id)}{nearest(id, STATEMENTS)}"
            raise InputError(f"theorem must be one of {', '.join(STATEMENTS)}, not {wrong}")
    return given or tuple(STATEMENTS)


def index() -> str:
    """The contents of `README.md` here: all statements, and what each proof exhausts."""
    lines = [_INTRODUCTION, "| id | statement | rigor | file | source |", "| " + "--- | " * 5]
    for id, statement in STATEMENTS.items():
        rigor = "conjecture, tested" if statement.is_conjecture else "proved"
        file = f"[{MODULES[id]}.py]({MODULES[id]}.py)"
        text = f"**{statement.name}.** {statement.text}".replace("|", "\\|")
        lines.append(f"| {id} | {text} | {rigor} | {file} | {statement.source} |")
    lines += ["", "What the machine checks, exhaustively or on chosen cases:", ""]
    lines += ["| id | step | exhaustive size | false variants rejected |", "| " + "--- | " * 4]
    for id in STATEMENTS:
        for step in steps_of(id):
            title, size = (text.replace("|", "\\|") for text in (step.title, step.size))
            lines.append(f"| {id} | {title} | {size} | {'; '.join(step.false)} |")
    return "\n".join(line.rstrip() for line in lines) + "\n"


_INTRODUCTION = """\
# Proofs

One file per statement: the proof in words and formulas in its docstring (Markdown), then the steps
of it that a machine checks; what they check is in a folder of the same number where it is long, and
in `shared/` where several proofs use it. `theorycheck prove` runs them. Every step also has false
variants of its claim, which the same check must reject. Nothing here is imported by the code that
decides verdicts, and nothing of that code is imported here. This page is written by
`python -m theorycheck.proofs.registry`.
"""

if __name__ == "__main__":
    print(index(), end="")
