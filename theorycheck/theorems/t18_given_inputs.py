"""T18 Given inputs: of those that span the samples the class is that on random samples."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..field.elimination import Elimination
from ..problem.allocation import Allocation
from ..problem.masks import mask_to_json
from ..ranks.given_inputs import GivenInputs
from ..ranks.point import draw_prime
from ..verdict import Expressivity
from . import (
    t00_monotonicity,
    t02_dichotomy,
    t03_rows,
    t04_one_layer,
    t09_peeling,
    t13_staged_plans,
    t14_levels,
)
from .analysis import Analysis
from .base import Finding, Theorem, first_final
from .counts import name_lines
from .reductions import Reduction

_INNER = (
    t03_rows.THEOREM,
    t04_one_layer.THEOREM,
    t09_peeling.THEOREM,
    t13_staged_plans.THEOREM,
    t14_levels.THEOREM,
    t00_monotonicity.THEOREM,
    t02_dichotomy.THEOREM,
)


def why_not(analysis: Analysis) -> str | None:
    """T18 needs given inputs that do not span, and a dense linear network without biases."""
    if not isinstance(analysis.given, GivenInputs):
        return "the inputs are random, or as good as random ones"
    if not analysis.allocation.is_dense:
        return "the network is sparse"
    return "the network has biases" if analysis.network.bias else None


def decide(analysis: Analysis) -> Finding | None:
    """Maximal if the learnables on inputs that span, and those of other layers, suffice."""
    target = analysis.target.value
    if analysis.allocation.n_learnable < target or analysis.rank.value < target:
        return None
    return by_inputs(analysis, chosen_inputs(analysis))


def by_inputs(analysis: Analysis, chosen: tuple[int, ...]) -> Finding | None:
    """Maximal if the network with these inputs alone is, on random samples."""
    if len(chosen) < analysis.samples:
        return None
    left = _on(analysis.allocation, chosen)
    rest = replace(analysis, allocation=left, given=None, whole=None)
    if left.n_learnable < rest.target.value:
        return None
    finding = first_final(_INNER, rest, Expressivity.MAXIMAL.__eq__, only_counts=False)
    return None if finding is None else Chosen(analysis, rest, chosen).of_whole(finding)


def chosen_inputs(analysis: Analysis) -> tuple[int, ...]:
    """Inputs whose values on the samples are a basis, those with the most learnables first.

    So many as there are samples, independent modulo a prime, hence independent; none if the primes
    tried do not show any.
    """
    given, network = analysis.given, analysis.network
    assert isinstance(given, GivenInputs)
    counts = np.zeros(network.inputs, dtype=np.int64)
    (first,) = network.weight_layers[0]
    if first in analysis.allocation.counts:
        counts = np.count_nonzero(analysis.allocation.mask(first), axis=0)
    order = np.argsort(-counts, kind="stable")
    for trial in range(8):
        prime = draw_prime(analysis.options.seed, trial)
        elimination = Elimination(given.rank, prime, deadline=analysis.options.deadline)
        elimination.extend(given.modulo(prime).T[:, order])
        if elimination.rank == given.rank:
            return tuple(sorted(order[list(elimination.pivot_columns)].tolist()))
    return ()


def _on(allocation: Allocation, inputs: tuple[int, ...]) -> Allocation:
    """The allocation with these inputs alone."""
    network = allocation.network
    (first,) = network.weight_layers[0]
    masks = {name: allocation.mask(name) for name in allocation.counts}
    if first in masks:
        masks[first] = masks[first][:, list(inputs)]
    kept = {name: mask for name, mask in masks.items() if mask.any()}
    return Allocation(network.resized(inputs=len(inputs)), kept)


@dataclass(frozen=True)
class Chosen(Reduction):
    """The same with `inputs` alone, on random samples: if it is maximal, so is the whole."""

    inputs: tuple[int, ...]

    def of_whole(self, finding: Finding | None) -> Finding:
        """By T18, with the learnables, the inputs and the certificate of what is left."""
        assert finding is not None
        assert self.rest is not None
        network, allocation = self.whole.network, self.rest.allocation
        masks = {name: allocation.mask(name) for name in allocation.counts}
        (first,) = network.weight_layers[0]
        if first in masks:
            wide = np.zeros(network.weight_shapes[first], dtype=bool)
            wide[:, list(self.inputs)] = masks[first]
            masks[first] = wide
        evidence = {
            "learnable": {name: mask_to_json(mask) for name, mask in masks.items()},
            "inputs": list(self.inputs),
            "certificate": self.inner_certificate(finding),
        }
        names = name_lines("inputs", list(self.inputs), len(self.inputs))
        reason = (
            f"{names} span the samples, and with them alone random ones are matched "
            f"({finding.theorem}: {finding.reason})"
        )
        return Finding(
            "T18",
            Expressivity.MAXIMAL,
            reason,
            "sub_allocation",
            evidence,
            error_bound=finding.error_bound,
        )


THEOREM = Theorem("T18", why_not, decide)
