"""T6 Odd degree: an odd number of complex solutions leaves a real one.

First come bounds that leave one solution (maximal) or none (minimal) without solving: perfect
matchings between equations and learnables, and group Bezout numbers. Else the degree itself is
sought (`degrees.solving`). (The case of a single learnable outside the last layer, delta = 1 as
well, is one that peeling, T9, leaves nothing of.)
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeAlias

from ..degrees.evidence import block_evidence
from ..degrees.solving import Solving
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, Theorem, not_random_inputs
from .evidence import at_full_rank, below_target
from .matchings import cover_below, triangular_order

Bound: TypeAlias = tuple[str, str, dict[str, Any]]  # kind, how it is solved, evidence

_MOST_ENTRIES = 400_000_000  # of the support of the Jacobian
_MOST_TRIANGULAR = 20_000_000  # of a support that is solved line by line


def why_not(analysis: Analysis) -> str | None:
    """T6 needs a network of polynomials with at least D learnables."""
    if not analysis.is_polynomial:
        return "the network is not linear, nor are its activations polynomials"
    if not analysis.is_linear and analysis.given is not None:
        return not_random_inputs(analysis)
    if analysis.allocation.n_learnable < analysis.target.value:
        return "there are fewer learnable weights than the target dimension"
    return None


def decide(analysis: Analysis) -> Finding | None:
    """Minimal if no matching has D pairs; maximal if r = D = rank and the degree is odd."""
    cover = analysis.once(count)
    if cover is not None:
        return cover
    target = analysis.target
    if analysis.allocation.n_learnable != target.value or analysis.is_affine:
        return None
    if target.error_bound > analysis.options.error_bound:
        return None
    return _by_bound(analysis) or _by_degree(analysis)


def _by_bound(analysis: Analysis) -> Finding | None:
    """The bounds need outputs that are affine in every single layer: linear feed-forward only."""
    if not (analysis.is_linear and analysis.network.is_layered):
        return None
    chosen = range(analysis.n_equations)
    if analysis.target.value < len(chosen):
        if analysis.rank.value < analysis.target.value:
            return None
        chosen = analysis.rank.best.rows
    bound = _group_bezout(analysis, chosen) or _triangular(analysis, chosen)
    if bound is None or analysis.rank.value < analysis.target.value:
        return None
    return _one_solution(analysis, *bound)


def _by_degree(analysis: Analysis) -> Finding | None:
    """Every block of the equations has an odd number of solutions."""
    if analysis.core is not analysis:
        return None  # T9 asks about what is left
    solving = analysis.solving
    if solving is None or solving.known is None or solving.degree is None:
        return None
    if solving.degree % 2 == 0 or not solving.is_met:
        return None
    pairs = zip(solving.known, solving.certified, strict=True)
    blocks = [block_evidence(degree, certified) for degree, certified in pairs]
    return at_full_rank(
        "T6",
        Expressivity.MAXIMAL,
        analysis,
        _odd_in_words(solving),
        "odd_degree",
        {"blocks": blocks},
        degree=solving.degree,
        error_bound=solving.error_bound,
    )


def _odd_in_words(solving: Solving) -> str:
    assert solving.known is not None
    values = [degree.value for degree in solving.known]
    number = " x ".join(map(str, values)) if len(values) > 1 else str(values[0])
    ways = " and ".join(sorted({degree.by["by"] for degree in solving.known}))
    some = "solution, which is real" if solving.degree == 1 else "solutions, so one of them is real"
    return f"the equations have {number} complex {some} (by {ways})"


def count(analysis: Analysis) -> Finding | None:
    """Lines that cover all non-zero entries of the Jacobian, fewer than D: the rank is smaller.

    Of nonlinear networks T11 knows the rank as soon.
    """
    if not analysis.is_linear:
        return None
    target = analysis.target
    entries = analysis.n_equations * analysis.allocation.n_learnable
    if not target.value or entries > min(_MOST_ENTRIES, analysis.options.memory_limit // 3):
        return None
    cover = cover_below(analysis.support, target.value)
    if cover is None:
        return None
    equations, learnables = cover
    count = len(equations)
    rest = f"all but {len(learnables)} learnable weights" if learnables else "the learnable weights"
    reason = (
        f"{rest} act on {count} of the {analysis.n_equations} equations only, so that at most "
        f"{count + len(learnables)} can be met; {target.value} are needed"
    )
    evidence = {"equations": equations, "learnables": learnables}
    return below_target("T6", analysis, reason, "structural_cover", evidence)


def _group_bezout(analysis: Analysis, chosen: Sequence[int]) -> Bound | None:
    """The multihomogeneous Bezout number of the layers, the last (or first) one line by line."""
    for side in ("rows", "columns") if analysis.is_spanning else ("rows",):
        if bezout_number(analysis, side, chosen) == 1:
            edge = "last" if side == "rows" else "first"
            words = f"layer by layer, and {side[:-1]} by {side[:-1]} in the {edge} one"
            return "group_bezout", words, {"side": side}
    return None


def bezout_number(analysis: Analysis, side: str, chosen: Sequence[int]) -> int:
    """Bound on delta: prod_i C(e_i, r_i) (D - sum r_i)! / prod_l r_l!.

    `side` is `rows` (e_i of the `chosen` equations and r_i last-layer learnables of output i, r_l
    those of the layers before) or `columns` (input i, first layer; needs m >= n_0, no biases).
    """
    network, allocation = analysis.network, analysis.allocation
    m = analysis.effective_samples
    if side == "columns" and network.bias:
        return 0
    equations = Counter(row // m if side == "rows" else row % m for row in chosen)
    edge = len(network.weight_layers) if side == "rows" else 1
    counts = allocation.counts
    per_layer = [sum(counts.get(name, 0) for name in names) for names in network.weight_layers]
    lines = analysis.layer_mask(edge).sum(axis=1 if side == "rows" else 0)
    outside = [count for k, count in enumerate(per_layer, start=1) if k != edge]
    number = math.prod(math.comb(equations[i], int(r)) for i, r in enumerate(lines))
    return number * math.factorial(sum(outside)) // math.prod(map(math.factorial, outside))


def _triangular(analysis: Analysis, chosen: Sequence[int]) -> Bound | None:
    """One perfect matching only: the equations can be solved one after the other."""
    if len(chosen) * analysis.allocation.n_learnable > _MOST_TRIANGULAR:
        return None
    order = triangular_order(analysis.support[list(chosen)])
    if order is None:
        return None
    pairs = [[chosen[row], column] for row, column in order]
    return "triangular", "one equation after the other", {"order": pairs}


def _one_solution(analysis: Analysis, kind: str, words: str, evidence: dict[str, Any]) -> Finding:
    reason = (
        f"solved {words}, the equations have at most one solution, and since the rank "
        f"{analysis.rank.value} is full, exactly one, which is real"
    )
    return at_full_rank("T6", Expressivity.MAXIMAL, analysis, reason, kind, evidence, degree=1)


THEOREM = Theorem("T6", why_not, decide, count=count, on_given_weights=True)
