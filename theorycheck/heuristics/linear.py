"""Estimates for linear networks, from the degrees of the blocks of their equations."""

from __future__ import annotations

from dataclasses import replace

from ..problem.networks.base import Network
from ..theorems.analysis import Analysis
from ..verdict import Expressivity, HeuristicEstimate
from .features import BlockFeatures, block_features, determined_part
from .law import HELPED, UNKNOWN, law_of, probability

_MOST_ENTRIES = 10_000  # of a Jacobian that is searched for a determined part
_SECONDS = 5.0


def extremal_estimate(
    expressivity: Expressivity, theorem: str | None, condition: str | None = None
) -> HeuristicEstimate | None:
    """The estimate for a class that leaves nothing to estimate, None for other classes.

    >>> extremal_estimate(Expressivity.MAXIMAL, "T4").estimate
    1.0
    """
    values = {Expressivity.MINIMAL: 0.0, Expressivity.MAXIMAL: 1.0}
    if expressivity not in values:
        return None
    value = values[expressivity]
    basis = f"{expressivity} by {theorem}, which holds for every law with a density"
    if condition is not None:
        basis += f"; given a {condition}"
    return HeuristicEstimate(value, (value, value), basis)


def open_blocks(analysis: Analysis) -> tuple[BlockFeatures, ...] | None:
    """Blocks of equations that may have no real solution; None where a degree is not known.

    At critical budget they come from degrees that a theorem has found already. Over budget the
    equations count that extra learnables do not reach; their degrees are sought for five seconds.
    """
    if analysis.given is not None:
        return None
    solving = analysis.solved  # of what peeling leaves, which may be at critical budget
    if solving is not None and solving.known is not None:
        return block_features(solving.known)
    is_over = analysis.allocation.n_learnable > analysis.target.value
    return _over_budget(analysis) if is_over and solving is None else None


def linear_estimate(analysis: Analysis) -> HeuristicEstimate | None:
    """The estimate for an allocation of positive match probability; None without a degree."""
    law, blocks = law_of(analysis.network), open_blocks(analysis)
    if law is None or blocks is None:
        return None
    if not blocks:
        helped = HELPED["recurrent" if analysis.network.is_recurrent else "feedforward"]
        return HeuristicEstimate(*helped, "extra learnables reach every equation of even degree")
    estimate, band = probability(analysis.network, blocks, law)
    unknowns = sum(block.unknowns for block in blocks)
    degrees = " x ".join(str(block.degree) for block in blocks)
    basis = f"equations in {unknowns} unknowns with {degrees} complex solutions"
    if analysis.network.is_recurrent:
        diagonal = sum(block.diagonal for block in blocks)
        basis += f", {diagonal} of them diagonal recurrent weights"
    return HeuristicEstimate(estimate, band, basis)


def wide_estimate(network: Network) -> HeuristicEstimate:
    """The estimate for an allocation of positive match probability without any degree."""
    if law_of(network) is None:
        return HeuristicEstimate.unknown(f"no law was fitted for a {network.describe()}")
    estimate, band = UNKNOWN["recurrent" if network.is_recurrent else "feedforward"]
    return HeuristicEstimate(estimate, band, "a positive match probability, the degree unknown")


def _over_budget(analysis: Analysis) -> tuple[BlockFeatures, ...] | None:
    core = analysis.core
    if core is None or not analysis.options.effort.seeks_degrees:
        return None
    target = core.target.value
    if core.n_equations != target or target * core.allocation.n_learnable > _MOST_ENTRIES:
        return None
    options = analysis.options
    if options.effort.paths is None:  # else that is the limit, and the clock must not matter
        options = replace(options, deadline=options.deadline.within(_SECONDS))
    part = determined_part(core.allocation, core.effective_samples, core.support, options)
    if part is None:
        return ()
    return None if part.known is None else block_features(part.known)
