"""Tables for people: proofs and their steps."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .proofs.base import StepResult
from .proofs.run import ProofResult
from .statements import STATEMENTS


def print_proofs(console: Console, proofs: Sequence[ProofResult]) -> None:
    """Print every step with its size, cases and time, each failure in full, and a last line."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("id")
    table.add_column("step", ratio=5)
    table.add_column("exhaustive", ratio=4)
    for title in ("cases", "false", "seconds"):
        table.add_column(title, justify="right")
    table.add_column("result")
    for proof in proofs:
        for number, step in enumerate(proof.steps):
            table.add_row(proof.id if not number else "", *_cells(step))
    console.print(table)
    console.print()
    for step in (step for proof in proofs for step in proof.steps if not step.passed):
        console.print(Text(f"{step.id}: {step.title}: {step.failure}"), soft_wrap=True)
    console.print(Text(_summary(proofs)), soft_wrap=True)


def _cells(step: StepResult) -> tuple[Text, ...]:
    result = Text("holds", "green") if step.passed else Text("FAILS", "bold red")
    numbers = (str(step.cases), str(step.false_variants), f"{step.seconds:.1f}")
    return Text(step.title), Text(step.size), *map(Text, numbers), result


def _summary(proofs: Sequence[ProofResult]) -> str:
    steps = [step for proof in proofs for step in proof.steps]
    failed = sum(not step.passed for step in steps)
    cases, false = (sum(getattr(step, n) for step in steps) for n in ("cases", "false_variants"))
    theorems = sum(not STATEMENTS[proof.id].is_conjecture for proof in proofs)
    conjectures = len(proofs) - theorems
    parts = [(theorems, "theorem"), (conjectures, "conjecture")]
    what = " and ".join(f"{n} {word}{'s' * (n != 1)}" for n, word in parts if n)
    if failed:
        return f"{what}: {failed} of {len(steps)} steps fail"
    return f"{what}: all {len(steps)} steps hold ({cases} cases; {false} false variants rejected)"
