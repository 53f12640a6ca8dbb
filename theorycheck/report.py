"""Verdicts for people: a few lines of text per allocation."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from .allocation import Allocation
from .bases import cell_name
from .checker import CheckResult
from .comparison import Comparison
from .diagnostics import Diagnostics
from .explanation import Explanation
from .heuristics.guess import HeuristicEstimate
from .measurement.estimate import Estimate
from .verdict import Expressivity, Verdict

_STYLE = {
    Expressivity.MINIMAL: "bold red",
    Expressivity.MAXIMAL: "bold green",
    Expressivity.INTERMEDIATE: "bold yellow",
    Expressivity.POSITIVE: "bold yellow",
    Expressivity.UNDECIDED: "bold",
}
_NEXT = {
    Expressivity.MINIMAL: ("instead", "repair"),
    Expressivity.POSITIVE: ("more", "explain"),
    Expressivity.UNDECIDED: ("more", "explain"),
}
_OUTCOME = {"agree": "bold green", "refuted": "bold red", "inconclusive": "bold yellow"}
_INDENT = " " * 13


def print_verdict(
    console: Console,
    name: str,
    allocation: Allocation,
    samples: int,
    verdict: Verdict,
    file: str | None = None,
) -> None:
    """Print what was asked, the class, why, how sure it is and, for a `file`, what to try next."""
    console.print(Text(f"{name}: {question(allocation, samples, verdict)}"), soft_wrap=True)
    console.print()
    label = str(verdict.expressivity).upper()
    print_entry(console, label, verdict.meaning, _STYLE[verdict.expressivity])
    theorem = f"{verdict.theorem}: " if verdict.theorem else ""
    print_entry(console, "because", theorem + verdict.reason)
    if verdict.degree_source:
        print_entry(console, "degree", f"{verdict.degree} ({verdict.degree_source})")
    if verdict.certificate is not None:
        print_entry(console, "rigor", verdict.rigor_in_words)
    if verdict.estimate is not None:
        print_entry(console, "estimate", str(verdict.estimate))
    for label, text in _waste(verdict.diagnostics) if verdict.diagnostics else ():
        print_entry(console, label, text)
    is_asked = not verdict.conditioned_on and verdict.input_rank is None
    if file is not None and verdict.expressivity in _NEXT and is_asked:
        label, command = _NEXT[verdict.expressivity]
        print_entry(console, label, f"theorycheck {command} {file}")
    console.print()


def print_explanation(
    console: Console, name: str, allocation: Allocation, samples: int, explanation: Explanation
) -> None:
    """Print the verdict, then every theorem with what it says or why it does not apply."""
    print_verdict(console, name, allocation, samples, explanation.verdict)
    for opinion in explanation.opinions:
        if opinion.obstacle is not None:
            text = f"does not apply: {opinion.obstacle}"
        elif opinion.reason is None:
            text = "applies, but leaves this open"
        else:
            text = f"{str(opinion.expressivity).upper()}: {opinion.reason}"
        print_entry(console, opinion.theorem, f"{opinion.name}. {text[0].upper()}{text[1:]}")
    if explanation.diagnostics is not None:
        console.print()
        for label, text in _waste(explanation.diagnostics):
            print_entry(console, label, text)
    console.print()


def _waste(found: Diagnostics) -> list[tuple[str, str]]:
    """Diagnostics in words, as one trial shows them."""
    lines = []
    if found.redundant:
        names = list_some([cell_name(cell) for cell in found.redundant])
        lines.append(("redundant", f"{names}: removing any one of them keeps the rank"))
    if found.idle:
        names = list_some([cell_name(cell) for cell in found.idle])
        lines.append(("idle", f"{names}: no path leads from there to an output that is asked"))
    if found.unreached:
        names = list_some([str(equation) for equation in found.unreached])
        lines.append(("unreached", f"no learnable weight acts on (output, sample) {names}"))
    return lines or [("waste", "none: every learnable weight is needed for the rank")]


def list_some(names: list[str], most: int = 8) -> str:
    """A list in words, cut after `most`.

    >>> list_some(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def print_check(console: Console, name: str, result: CheckResult) -> None:
    """Print whether a certificate holds, and what it then proves."""
    if not result:
        reason = " ".join(result.reason.split())  # it may quote the certificate
        word = "NOT CHECKED" if result.is_limited else "WRONG"
        console.print(Text(f"{name}: {word}  {reason}", style="bold red"), soft_wrap=True)
        return
    claim = f"{str(result.expressivity).upper()} by {result.theorem} ({result.kind})"
    rigor = "proved"
    if result.error_bound:
        rigor = f"wrong with probability at most {result.error_bound:.1e}"
    console.print(Text(f"{name}: verified  {claim}, {rigor}"), soft_wrap=True)


def question(allocation: Allocation, samples: int, verdict: Verdict) -> str:
    """What was asked: network, samples, learnables and, where known, how many it needs."""
    network = allocation.network
    sparse = "" if allocation.is_dense else "sparse "
    n_weights = allocation.n_present
    needed = ""
    if verdict.target_dimension is not None:
        needed = f", {verdict.target_dimension} needed"
    on = samples_in_words(samples)
    if verdict.input_rank is not None:
        given = "input" if samples == 1 else "inputs"
        on = f"{samples} given {given} of rank {verdict.input_rank}"
    return (
        f"{sparse}{network.describe()}, {on}; "
        f"{verdict.learnable} of {n_weights} weights learnable{needed}"
    )


def samples_in_words(samples: int) -> str:
    """How many samples there are.

    >>> samples_in_words(1), samples_in_words(3)
    ('1 sample', '3 samples')
    """
    return f"{samples} sample{'' if samples == 1 else 's'}"


def print_entry(console: Console, label: str, text: str, style: str = "") -> None:
    """Print one labelled paragraph; its further lines are indented."""
    width = max(min(console.width, 100) - len(_INDENT), 20)
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    label = label.ljust(len(_INDENT) - 3) + " "  # a longer one pushes the first line
    head = Text("  ").append(label, style=style)
    console.print(head.append(lines[0]), soft_wrap=True)
    for line in lines[1:]:
        console.print(Text(_INDENT + line), soft_wrap=True)


def print_estimate(
    console: Console, name: str, allocation: Allocation, samples: int, estimate: Estimate
) -> None:
    """Print what was measured, how, and from which draws."""
    _print_subject(console, name, allocation, samples)
    counts = f"{estimate.matches} of {estimate.trials} draws, {estimate.undecided} undecided"
    print_entry(console, "MATCHED", counts, "bold")
    # Where draws are open, the share among the others is no estimate (a search only finds matches).
    point = "" if estimate.undecided else f"{estimate.match_probability:.4f}; "
    print_entry(console, "estimate", f"{point}95 % interval {_interval(estimate.interval)}")
    if estimate.regular is not None:
        part = estimate.regular
        text = f"{part['matches']} of {part['trials']} draws, {part['undecided']} undecided"
        print_entry(console, "regular", f"{text}; 95 % interval {_interval(part['interval'])}")
    followed = f", {estimate.degree} complex solutions of each draw" if estimate.degree else ""
    print_entry(console, "method", f"{estimate.method}{followed}")
    if estimate.target_dimension is not None:
        rank = "not clear" if estimate.rank is None else estimate.rank
        print_entry(console, "rank", f"{rank} of {estimate.target_dimension}, as measured")
    run = f"{estimate.backend}, {estimate.seconds:.1f} s"
    print_entry(console, "draws", f"{estimate.law}, seed {estimate.seed}, {run}")
    console.print()


def print_heuristic(
    console: Console, name: str, allocation: Allocation, samples: int, found: HeuristicEstimate
) -> None:
    """Print an estimate that no draw was made for, and what it rests on."""
    _print_subject(console, name, allocation, samples)
    print_entry(console, "estimate", str(found))
    print_entry(console, "basis", found.basis)
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
    _print_subject(console, name, allocation, samples)
    print_entry(console, found.outcome.upper(), found.reason, _OUTCOME[found.outcome])
    verdict, estimate = found.verdict, found.estimate
    by = f"{verdict.theorem}: " if verdict.theorem else ""
    print_entry(console, "verdict", f"{str(verdict.expressivity).upper()}, {by}{verdict.reason}")
    draws = f"{estimate.trials} draws, {estimate.law}, seed {estimate.seed}"
    print_entry(console, "measured", f"by {estimate.method}, {draws}, {estimate.backend}")
    if command is not None:  # on one line, to be copied
        console.print(Text(f"  {'repeat':<11}{command}"), soft_wrap=True)
    console.print()


def _print_subject(console: Console, name: str, allocation: Allocation, samples: int) -> None:
    sparse = "" if allocation.is_dense else "sparse "
    counts = f"{allocation.n_learnable} of {allocation.n_present} weights learnable"
    subject = f"{sparse}{allocation.network.describe()}, {samples_in_words(samples)}"
    text = f"{name}: {subject}; {counts}"
    console.print(Text(text), soft_wrap=True)
    console.print()


def _interval(interval: Sequence[float]) -> str:
    return f"{interval[0]:.4f} to {interval[1]:.4f}"
