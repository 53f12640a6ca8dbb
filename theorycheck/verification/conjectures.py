"""The conjectures C1 and C2 as theorems that can be asked, and cases in which they say something.

They are never among the registered theorems: no verdict rests on them. Their assumptions are
parameters, so that weaker ones can be refuted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ..problem.allocation import Allocation
from ..problem.files import Problem
from ..problem.networks.base import Network
from ..problem.networks.recurrent import LinearRecurrent
from ..theorems.analysis import Analysis
from ..theorems.base import Finding, Theorem
from ..verdict import Expressivity
from .base import Case
from .cases import with_seed

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

Least: TypeAlias = Callable[[int, int], int]  # of d and the samples that count

MOST_EQUATIONS = 12


@dataclass(frozen=True)
class Assumptions:
    """The least numbers of inputs, hidden units and steps for d outputs and m samples."""

    inputs: Least
    hidden: Least
    steps: Least

    def missing(self, network: Network, m: int) -> str | None:
        """What the network has too few of."""
        inputs, hidden, d = network.widths
        sizes = {"inputs": inputs, "hidden": hidden, "steps": network.steps}
        for name, size in sizes.items():
            least = getattr(self, name)(d, m)
            if size < least:
                return f"the network has fewer than {least} {name}"
        return None


LONG_INPUT = Assumptions(inputs=lambda d, m: 1, hidden=lambda d, m: d, steps=lambda d, m: max(d, m))
LONG_RECURRENT = Assumptions(
    inputs=lambda d, m: m, hidden=lambda d, m: max(d, m), steps=lambda d, m: 1 + max(d, m)
)


def input_weights(assumptions: Assumptions = LONG_INPUT) -> Theorem:
    """C1: every allocation of d m_e input weights is maximal.

    >>> network = LinearRecurrent(inputs=1, hidden=3, outputs=1, steps=2)
    >>> analysis = Analysis(Allocation(network, {"input": [[1], [0], [1]]}), samples=2)
    >>> input_weights().ask(analysis).expressivity.value
    'maximal'
    """

    def why_not(analysis: Analysis) -> str | None:
        return _why_not(analysis, "input", assumptions, lambda: analysis.effective_samples)

    def decide(analysis: Analysis) -> Finding | None:
        needed = analysis.network.outputs * analysis.effective_samples
        if analysis.allocation.n_learnable != needed:
            return None
        reason = f"conjectured for any {needed} input weights"
        return Finding("C1", Expressivity.MAXIMAL, reason, "conjecture", rank=needed)

    return Theorem("C1", why_not, decide)


def recurrent_weights(assumptions: Assumptions = LONG_RECURRENT) -> Theorem:
    """C2: the rank of recurrent weights is min(r, d m).

    >>> network = LinearRecurrent(inputs=1, hidden=2, outputs=1, steps=2)
    >>> analysis = Analysis(Allocation(network, {"recurrent": [[1, 0], [0, 1]]}), samples=1)
    >>> finding = recurrent_weights().ask(analysis)
    >>> finding.expressivity.value, finding.rank
    ('positive', 1)
    """

    def why_not(analysis: Analysis) -> str | None:
        return _why_not(analysis, "recurrent", assumptions, lambda: analysis.samples)

    def decide(analysis: Analysis) -> Finding:
        full = analysis.network.outputs * analysis.samples
        rank = min(analysis.allocation.n_learnable, full)
        kind = Expressivity.MINIMAL if rank < full else Expressivity.POSITIVE
        reason = f"conjectured: the rank is min(r, {full})"
        return Finding("C2", kind, reason, "conjecture", rank=rank)

    return Theorem("C2", why_not, decide)


def _why_not(
    analysis: Analysis, name: str, assumptions: Assumptions, m: Callable[[], int]
) -> str | None:
    """Why a conjecture about the weights `name` says nothing; `m` of the samples that count."""
    network = analysis.network
    if not network.is_linear:
        return "not a linear network"
    if not network.is_recurrent or network.bias or not analysis.allocation.is_dense:
        return "not a dense linear recurrent network"
    if network.reads_every_step or set(analysis.allocation.counts) != {name}:
        return f"not {name} weights only, read at the end"
    return assumptions.missing(network, m())


def input_cases(assumptions: Assumptions = LONG_INPUT) -> SearchStrategy[Case]:
    """d m_e input weights of networks that just meet the assumptions, or with one or two more."""
    return with_seed(_problems("input", assumptions))


def recurrent_cases(
    assumptions: Assumptions = LONG_RECURRENT, most: int = MOST_EQUATIONS
) -> SearchStrategy[Case]:
    """About d m recurrent weights, at most `most`, of networks that meet the assumptions."""
    return with_seed(_problems("recurrent", assumptions, most))


def _problems(
    name: str, assumptions: Assumptions, most: int = MOST_EQUATIONS
) -> SearchStrategy[Problem]:
    from hypothesis import assume
    from hypothesis import strategies as st

    def drawn(draw: DrawFn) -> Problem:
        d = draw(st.integers(1, min(4, most)))
        m = draw(st.integers(1, most // d))
        least = (assumptions.inputs(d, m), assumptions.hidden(d, m), assumptions.steps(d, m))
        sizes = [max(size, 1) + draw(st.integers(0, 2)) for size in least]
        network = LinearRecurrent(sizes[0], sizes[1], d, sizes[2])
        m_e = network.effective_samples(m)
        rows, columns = network.weight_shapes[name]
        entries = [(i, j) for i in range(rows) for j in range(columns)]
        if draw(st.booleans()):
            entries.sort(key=lambda entry: entry[1])
        budget = d * m_e + (draw(st.sampled_from([0, -1, 1])) if name == "recurrent" else 0)
        assume(0 < budget <= len(entries))
        mask = np.zeros((rows, columns), dtype=bool)
        # Whole rows or columns, nearly so, or anywhere: uniform masks never fill a line.
        reach = draw(st.sampled_from([1, 2, len(entries)]))
        for _ in range(budget):
            mask[entries.pop(draw(st.integers(0, min(reach, len(entries)) - 1)))] = True
        return Problem(Allocation(network, {name: mask}), m)

    return st.composite(drawn)()
