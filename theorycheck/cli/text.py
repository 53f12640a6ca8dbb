"""Verdicts for people: a few lines of text per allocation."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from ..answers.explanation import Explanation
from ..answers.question import question, subject
from ..checker.check import CheckResult
from ..display.paragraphs import Paragraph
from ..display.shown import Shown
from ..problem.allocation import Allocation
from ..verdict import Expressivity, Verdict
from ..verification.comparison import Comparison

_NEXT = {
    Expressivity.MINIMAL: ("instead", "repair"),
    Expressivity.POSITIVE: ("more", "explain"),
    Expressivity.UNDECIDED: ("more", "explain"),
}


def print_verdict(
    console: Console,
    name: str,
    allocation: Allocation,
    samples: int,
    verdict: Verdict,
    file: str | None = None,
) -> None:
    """Print what was asked, the class, why, how sure it is and, for a `file`, what to try next."""
    print_title(console, f"{name}: {question(allocation, samples, verdict)}")
    print_paragraphs(console, verdict.paragraphs())
    is_random = verdict.input_rank is None and not verdict.given_weights
    is_asked = not verdict.conditioned_on and is_random
    if file is not None and verdict.expressivity in _NEXT and is_asked:
        label, command = _NEXT[verdict.expressivity]
        print_paragraph(console, label, f"theorycheck {command} {file}")
    console.print()


def print_explanation(
    console: Console, name: str, allocation: Allocation, samples: int, explanation: Explanation
) -> None:
    """Print the verdict, then every theorem with what it says or why it does not apply."""
    print_verdict(console, name, allocation, samples, explanation.verdict)
    print_paragraphs(console, (opinion.paragraph for opinion in explanation.opinions))
    if explanation.diagnostics is not None:
        console.print()
        print_paragraphs(console, explanation.diagnostics.paragraphs())
    console.print()


def print_check(console: Console, name: str, result: CheckResult) -> None:
    """Print whether a certificate holds, and what it then proves."""
    word, text, style = result.paragraphs()[0]
    console.print(Text(f"{name}: {word}  {text}", style if not result else ""), soft_wrap=True)


def print_paragraph(console: Console, label: str, text: str, style: str = "") -> None:
    """Print one labelled paragraph; its further lines are indented."""
    first, *more = Paragraph(label, text).lines(console.width)
    line = Text(first)
    line.stylize(style, 2, 2 + len(label))
    console.print(line, soft_wrap=True)
    for rest in more:
        console.print(Text(rest), soft_wrap=True)


def print_paragraphs(console: Console, paragraphs: Iterable[Paragraph]) -> None:
    """Print labelled paragraphs one after the other."""
    for paragraph in paragraphs:
        print_paragraph(console, *paragraph)


def print_title(console: Console, title: str) -> None:
    """Print the first line, which may be long, and an empty one."""
    console.print(Text(title), soft_wrap=True)
    console.print()


def print_found(
    console: Console, name: str, allocation: Allocation, samples: int, found: Shown
) -> None:
    """Print what was asked, and what was found of it."""
    print_title(console, f"{name}: {subject(allocation, samples)}")
    print_paragraphs(console, found.paragraphs())
    console.print()


def print_comparison(
    console: Console,
    name: str,
    allocation: Allocation,
    samples: int,
    found: Comparison,
    command: str | None = None,
) -> None:
    """Print whether measurement and verdict agree and, if not, the `command` that repeats it."""
    print_title(console, f"{name}: {subject(allocation, samples)}")
    print_paragraphs(console, found.paragraphs())
    if command is not None:  # on one line, to be copied
        console.print(Text(f"  {'repeat':<11}{command}"), soft_wrap=True)
    console.print()
