"""Wrong theorems about recurrent networks (T5), and C1 and C2 with an assumption left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from theorycheck.strategies import recurrent_problems
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding, Theorem
from theorycheck.theorems.counts import by_degrees
from theorycheck.theorems.one_layer import decide_mask
from theorycheck.theorems.outside_counts import starved_outside
from theorycheck.verification import domains
from theorycheck.verification.conjectures import (
    LONG_INPUT,
    LONG_RECURRENT,
    Least,
    input_cases,
    input_weights,
    recurrent_cases,
    recurrent_weights,
)

from .base import MAXIMAL, MINIMAL, POSITIVE, Planted, said
from .domains import INPUT_ONLY, RECURRENT_ONLY, Cases, cases_of, whole_rows


def about(
    name: str, decide: Callable[[Analysis], Finding | None], every_step: bool = False
) -> Theorem:
    """A theorem about dense recurrent networks with learnables in `name` only."""

    def why_not(analysis: Analysis) -> str | None:
        network = analysis.network
        if not network.is_recurrent or not analysis.allocation.is_dense:
            return "not dense recurrent"
        if network.reads_every_step != every_step or set(analysis.allocation.counts) != {name}:
            return f"not {name} only, read at {'every step' if every_step else 'the end'}"
        return None

    return Theorem("T5", why_not, decide)


def all_samples(analysis: Analysis) -> Finding:
    """Right: at most n_in T samples count."""
    mask = analysis.allocation.mask("readout")
    return by_degrees("T5", "readout", mask, 0, analysis.samples)


def one_step(analysis: Analysis) -> Finding:
    """Right: m_e = min(m, n_in T)."""
    needed = min(analysis.samples, analysis.network.inputs)
    return by_degrees("T5", "readout", analysis.allocation.mask("readout"), 0, needed)


def rows_when_all_is_read(analysis: Analysis) -> Finding:
    """Right: with readout `all` every row has m_e equations in every step."""
    mask = analysis.allocation.mask("readout")
    return by_degrees("T5", "readout", mask, 0, analysis.effective_samples)


def delay_off_by_one(analysis: Analysis) -> Finding | None:
    """Right: minimal if m > n_in (T - 1)."""
    network = analysis.network
    if analysis.samples < network.inputs * (network.steps - 1) or network.steps == 1:
        return None
    return said("T5", MINIMAL, "m >= n_in (T - 1)")


def counts_suffice(analysis: Analysis) -> Finding | None:
    """Right: (*) is necessary only."""
    network, samples = analysis.network, analysis.effective_samples
    needed = network.outputs * samples
    if analysis.target.value < needed or analysis.allocation.n_learnable < needed:
        return None
    mask = analysis.allocation.mask("input")
    if starved_outside(mask, network.outputs, samples, network.steps) is not None:
        return None
    return said("T5", MAXIMAL, "no rows and columns are starved")


def two_steps_for_all(analysis: Analysis) -> Finding | None:
    """Right: for T = 2 only."""
    network = analysis.network
    if network.steps < 2 or network.widths[1] < max(network.outputs, analysis.samples):
        return None
    if analysis.samples > network.inputs * (network.steps - 1):
        return None
    mask = analysis.allocation.mask("recurrent")
    return decide_mask("T5", "recurrent", mask, network.outputs, analysis.samples)


def every_step_as_the_last(analysis: Analysis) -> Finding | None:
    """Right: recurrent weights do not act on the first output, which is read, too."""
    if analysis.rank.value < analysis.network.outputs * analysis.samples:
        return None
    return said("T5", POSITIVE, "the rank is d m")


def one(_d: int, _m: int) -> int:
    """No assumption."""
    return 1


def c1(**left_out: Least) -> Planted:
    """C1 without some assumption."""
    assumptions = replace(LONG_INPUT, **left_out)
    return Planted(input_weights(assumptions), lambda: input_cases(assumptions))


def c2(cases: Cases | None = None, most: int = 25, **left_out: Least) -> Planted:
    """C2 without some assumption."""
    assumptions = replace(LONG_RECURRENT, **left_out)
    drawn = cases or (lambda: recurrent_cases(assumptions))
    return Planted(recurrent_weights(assumptions), drawn, most=most)


def t5(name: str, decide: Callable[[Analysis], Finding | None], cases=domains.recurrent) -> Planted:
    """Read at the end."""
    return Planted(about(name, decide), cases)


RECURRENT = {
    "readout: rows need m learnables, not m_e": t5("readout", all_samples),
    "readout: m_e = min(m, n_in), as in one step": t5("readout", one_step),
    "readout `all`: rows of m_e learnables suffice": Planted(
        about("readout", rows_when_all_is_read, every_step=True), cases_of(recurrent_problems)
    ),
    "readout `all`: rank d m of recurrent weights suffices": Planted(
        about("recurrent", every_step_as_the_last, every_step=True), cases_of(recurrent_problems)
    ),
    "recurrent: minimal from m = n_in (T - 1) on": t5(
        "recurrent", delay_off_by_one, RECURRENT_ONLY
    ),
    "recurrent: the rule of T = 2 for every T": t5("recurrent", two_steps_for_all, RECURRENT_ONLY),
    "input: (*) suffices": t5("input", counts_suffice, INPUT_ONLY),
    "C1 without T >= max(d, m_e)": c1(steps=one),
    "C1 without N >= d": c1(hidden=one),
    "C2 without n_in >= m": c2(cases_of(whole_rows), inputs=one),
    "C2 without N >= max(d, m)": c2(hidden=one),
    "C2 without T >= 1 + max(d, m)": c2(steps=one),
}
