"""Tables for people: proofs and their steps, sums of a sweep, methods under one budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..answers.method_comparison import MethodComparison
from ..answers.method_rows import MethodDraw, MethodRow, most_matched, most_maximal
from ..proofs.base import StepResult
from ..proofs.run import ProofResult
from ..statements import STATEMENTS
from ..sweeps.results import Summary, Tally
from .text import print_paragraph


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
    missing = sum(proof.missing for proof in proofs)
    held = f"{len(steps)} of {len(steps) + missing}" if missing else f"all {len(steps)}"
    return f"{what}: {held} steps hold ({cases} cases; {false} false variants rejected)"


def print_summary(console: Console, name: str, summary: Summary) -> None:
    """Print how many allocations are in each class, by which theorem and with which degree."""
    sweep = summary.specification["sweep"]
    console.print(Text(f"{name}: {summary.question}"), soft_wrap=True)
    console.print()
    _print_counts(console, ("class",), summary.classes, summary.allocations)
    _print_counts(console, ("class", "theorem"), summary.theorems, summary.allocations)
    _print_counts(console, ("class", "degree"), summary.degrees, summary.allocations)
    if len(sweep["budget"]) > 1:
        for budget in sweep["budget"]:
            own = {key: count for key, count in summary.budgets.items() if key[0] == budget}
            total = sum(count.allocations for count in own.values())
            _print_counts(console, ("budget", "class"), own, total)
    for error, rows in summary.errors.items():
        console.print(Text(f"failed ({rows}): {error}"), soft_wrap=True)
    console.print(Text(summary.state), soft_wrap=True)


def _print_counts(
    console: Console, titles: tuple[str, ...], counts: Mapping[Any, Tally], total: int
) -> None:
    if not counts:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, justify="left" if title in ("class", "theorem") else "right")
    for title in ("rows", "allocations", "share", "seconds"):
        table.add_column(title, justify="right")
    for key, count in counts.items():
        names = key if isinstance(key, tuple) else (key,)
        share = f"{count.allocations / total:.2%}"
        numbers = (str(count.rows), str(count.allocations), share, f"{count.seconds:.1f}")
        table.add_row(*map(str, names), *numbers)
    console.print(table)
    console.print()


def print_methods(console: Console, found: MethodComparison) -> None:
    """Print a line of numbers for each method, and then what each chooses, or why it does not."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("method", "spent", "class", "rank", "match", "maximal", "seconds", "by"):
        is_word = title in ("method", "class", "by")
        table.add_column(title, justify="left" if is_word else "right", no_wrap=True)
    is_open = False
    for row in found.rows:
        if row.median is not None:
            cells = _method_cells(row, row.median)
            is_open |= any(cell.endswith("+") for cell in cells)
            table.add_row(*map(Text, cells))
    words = Table(box=None, pad_edge=False, show_header=False)
    for row in found.rows:
        words.add_row(Text(row.method, no_wrap=True), Text(row.words))
    for each in (table, words):
        console.print(each)
        console.print()
    print_paragraph(console, "match", "possible on up to so many samples; maximal on up to as many")
    if is_open:
        print_paragraph(console, "+", "proved on up to so many, on more it is open")
    for paragraph in found.reservations:
        print_paragraph(console, *paragraph)
    console.print()


def _method_cells(row: MethodRow, median: MethodDraw) -> tuple[str, ...]:
    verdict, found = median.verdict, median.capacity
    return (
        row.method,
        str(median.learnable),
        str(verdict.expressivity) if verdict else "not reached",
        "" if median.rank is None else f"{median.rank}/{median.target_dimension}",
        most_matched(found) if found else "",
        most_maximal(found) if found else "",
        f"{row.seconds:.1f}",
        verdict.theorem or "" if verdict else "",
    )
