"""The statements of the theory: the one place for what `explain`, the README and the proofs say.

A `conjecture` was tested and not proved: it never decides a verdict.
"""

from __future__ import annotations

from . import conjectures, given, linear, nonlinear, over_budget
from .base import Statement

__all__ = ["STATEMENTS", "Statement"]

STATEMENTS: dict[str, Statement] = {
    statement.id: statement
    for group in (linear, nonlinear, over_budget, given, conjectures)
    for statement in group.STATEMENTS
}
