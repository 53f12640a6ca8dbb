"""T9 Peeling: what can always be fitted afterwards is deleted, then the rest decides."""

from __future__ import annotations

from ..verdict import Expressivity
from . import t01_positivity, t02_dichotomy, t03_rows, t04_one_layer, t06_odd_degree, t07_witness
from .analysis import Analysis
from .base import Finding, Theorem, first_final, not_dense_layers
from .counts import name_lines
from .reductions import Reduction

# Cheap ones first; T1, which may leave the class open, only where none of them settles it.
_INNER = (
    t03_rows.THEOREM,
    t04_one_layer.THEOREM,
    t02_dichotomy.THEOREM,
    t06_odd_degree.THEOREM,
    t07_witness.THEOREM,
)


def why_not(analysis: Analysis) -> str | None:
    """T9 needs a dense linear feed-forward network without biases, and something to peel."""
    reason = not_dense_layers(analysis, biases=False)
    if reason is not None:
        return reason
    if not analysis.peeled.steps:
        return "no output or input has learnables enough to be fitted afterwards"
    return None


def decide(analysis: Analysis) -> Finding | None:
    """The class of what is left, or that a match is possible there, by other theorems."""
    return analysis.once(count) or _by_rest(analysis, only_counts=False) or _by_rank(analysis)


def count(analysis: Analysis) -> Finding | None:
    """The class of what is left, if nothing is, or if counts and graphs settle it."""
    return _by_rest(analysis, only_counts=True)


def _by_rest(analysis: Analysis, *, only_counts: bool) -> Finding | None:
    peeling = Peeling(analysis, analysis.core)
    rest = peeling.rest
    if rest is None:
        return peeling.of_whole(None)
    finding = first_final(_INNER, rest, lambda a: a.is_final, only_counts=only_counts)
    return None if finding is None else peeling.of_whole(finding)


def _by_rank(analysis: Analysis) -> Finding | None:
    """Whether a match is possible at all: the rank of what is left is found soonest."""
    assert analysis.core is not None, "nothing is left: that was counted"
    finding = t01_positivity.THEOREM.ask_soon(analysis.core)
    return None if finding is None else Peeling(analysis, analysis.core).of_whole(finding)


class Peeling(Reduction):
    """What peeling leaves: class and degree are those of the whole."""

    def of_whole(self, finding: Finding | None) -> Finding:
        """By T9, with the steps and the certificate of what is left."""
        steps, rest = self.whole.peeled.steps, self.rest
        reason = f"{self._steps_in_words()} can be fitted one after the other: nothing is left"
        if finding is not None and rest is not None:
            reason = (
                f"{self._steps_in_words()} can be fitted afterwards; what is left "
                f"({rest.network.describe()}, {rest.samples} samples) is {finding.expressivity} "
                f"by {finding.theorem}: {finding.reason}"
            )
        evidence = {
            "steps": [[step.line, step.index] for step in steps],
            "certificate": self.inner_certificate(finding),
        }
        return Finding(
            "T9",
            finding.expressivity if finding else Expressivity.MAXIMAL,
            reason,
            "peeled",
            evidence,
            degree=finding.degree if finding else None,
            error_bound=finding.error_bound if finding else 0.0,
            left_open=finding.left_open if finding else "",
        )

    def _steps_in_words(self) -> str:
        parts = []
        for line, lines in (("row", "outputs"), ("column", "inputs")):
            steps = self.whole.peeled.steps
            indices = sorted(step.index for step in steps if step.line == line)
            if indices:
                parts.append(name_lines(lines, indices, len(indices)))
        return " and ".join(parts)


THEOREM = Theorem("T9", why_not, decide, count=count)
