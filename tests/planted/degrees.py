"""Wrong theorems about numbers of solutions (T6, T7)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from theorycheck.degrees.bezout import bezout_bound
from theorycheck.problem.allocation import Allocation
from theorycheck.problem.masks import entries_of
from theorycheck.ranks.bases import greedy_basis, masks_with
from theorycheck.theorems import t07_witness
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding, Theorem
from theorycheck.theorems.matchings import cover_below
from theorycheck.verification import domains

from .base import DRAWS, INTERMEDIATE, MAXIMAL, OTHERS, POSITIVE, Planted, said
from .domains import ONE_RECURRENT, SQUARES, TWO_RECURRENT, cases_of, two_outside_the_last_layer

INSTANCES = 40
REAL = 1e-9


def critical(decide: Callable[[Analysis], Finding | None]) -> Theorem:
    """A theorem about linear networks with r = rank(A) = D."""

    def why_not(analysis: Analysis) -> str | None:
        if not analysis.is_linear:
            return "not linear"
        is_critical = analysis.allocation.n_learnable == analysis.target.value > 0
        return None if is_critical and analysis.rank.value == analysis.target.value else "not r = D"

    return Theorem("T6", why_not, decide)


def any_degree(analysis: Analysis) -> Finding | None:
    """Right: only an odd degree leaves a real solution in any case."""
    solving = analysis.solving
    if solving is None or solving.degree is None:
        return None
    return said("T6", MAXIMAL, "a degree is known", degree=solving.degree)


def bound_as_degree(analysis: Analysis) -> Finding | None:
    """Right: a Bezout number bounds the degree from above."""
    bound = bezout(analysis)
    return None if bound is None else said("T6", POSITIVE, "a Bezout number", degree=bound)


def even_bound(analysis: Analysis) -> Finding | None:
    """Right: neither the bound nor an even degree makes an allocation intermediate."""
    bound = bezout(analysis)
    if bound is None or bound % 2:
        return None
    return said("T6", INTERMEDIATE, "an even Bezout number", degree=bound)


def bezout(analysis: Analysis) -> int | None:
    """The product of the Bezout numbers of the blocks."""
    solving = analysis.solving
    return None if solving is None else math.prod(bezout_bound(b).value for b in solving.blocks)


def two_outside(analysis: Analysis) -> Finding | None:
    """Right: the degree is 1 with at most one learnable outside the last layer."""
    network, target = analysis.network, analysis.target.value
    if not network.is_linear or not network.is_layered or target < analysis.n_equations:
        return None
    last = analysis.allocation.counts.get(network.weight_layers[-1][0], 0)
    if target - last > 2:
        return None
    return said("T6", MAXIMAL, "two learnables outside the last layer", degree=1)


def matching(analysis: Analysis) -> Finding | None:
    """Right: necessary only, the entries of the Jacobian are not independent."""
    target = analysis.target.value
    if not target or cover_below(analysis.support, target) is not None:
        return None
    return said("T6", POSITIVE, "D equations can be matched with learnables")


def linear(analysis: Analysis) -> str | None:
    """Where a Jacobian is polynomial."""
    return None if analysis.is_linear else "not linear"


def one_recurrent_weight(analysis: Analysis) -> str | None:
    """One unknown in one equation, so that its solutions are the roots of a polynomial."""
    network = analysis.network
    if not network.is_recurrent or network.reads_every_step:
        return "not recurrent, read at the end"
    if analysis.n_equations != 1 or analysis.allocation.counts != {"recurrent": 1}:
        return "not one recurrent weight and one equation"
    return None if analysis.rank.value == 1 else "the weight has no effect"


def uncounted_witness(analysis: Analysis) -> Finding | None:
    """Right: an instance has to have as many solutions as generic ones, none escaped."""
    rng = np.random.default_rng(analysis.options.seed)
    for _ in range(INSTANCES):
        roots = _roots(analysis, rng)
        if len(roots) and (abs(roots.imag) > REAL).all():
            reason = "an instance has no real solution"
            return said("T7", INTERMEDIATE, reason, degree=len(roots))
    return None


def _roots(analysis: Analysis, rng: np.random.Generator):
    """The solutions for small whole weights and inputs, some of which are 0."""
    network, present = analysis.network, analysis.allocation.present_mask
    drawn = {
        name: rng.integers(-1, 2, shape) * present(name)
        for name, shape in network.weight_shapes.items()
    }
    inputs = rng.integers(-1, 2, (network.steps, network.inputs))
    where = analysis.allocation.mask("recurrent")
    # The output at T points gives the polynomial of degree below T exactly.
    points = np.arange(network.steps)
    values = []
    for point in points:
        recurrent = np.where(where, point, drawn["recurrent"])
        state = np.zeros(len(recurrent), dtype=np.int64)
        for shown in inputs:
            state = recurrent @ state + drawn["input"] @ shown
        values.append(int((drawn["readout"] @ state)[0]))
    powers = np.vander(points.astype(float))
    coefficients = np.rint(np.linalg.solve(powers, values)) if len(points) else np.zeros(1)
    coefficients[-1] -= rng.integers(-6, 7)
    return np.roots(coefficients)


def basis_witness(analysis: Analysis) -> Finding | None:
    """Right: a witness of a sub-allocation says nothing of what has more learnables."""
    allocation = analysis.allocation
    entries = entries_of(dict(allocation.masks("learnable")))
    order = [
        entries[i] for i in np.random.default_rng(analysis.options.seed).permutation(len(entries))
    ]
    found = greedy_basis(analysis.network, {}, analysis.samples, order, analysis.options.seed)
    basis = Allocation(analysis.network, masks_with(analysis.network, found))
    witness = t07_witness.THEOREM.ask(replace(analysis, allocation=basis))
    return None if witness is None else said("T7", INTERMEDIATE, "a basis has a witness")


def one_too_many(analysis: Analysis) -> str | None:
    """Dense, r = D + 1, rank D."""
    if not analysis.is_linear or not analysis.allocation.is_dense:
        return "not linear and dense"
    target = analysis.target.value
    if analysis.allocation.n_learnable != target + 1 or analysis.rank.value < target:
        return "not one learnable too many"
    return None


DEGREES = {
    "any known degree is maximal": Planted(critical(any_degree), TWO_RECURRENT, DRAWS),
    "the Bezout number is the degree": Planted(critical(bound_as_degree), TWO_RECURRENT, DRAWS),
    "an even Bezout number is intermediate": Planted(critical(even_bound), TWO_RECURRENT, DRAWS),
    "two learnables outside the last layer leave one solution": Planted(
        critical(two_outside), cases_of(two_outside_the_last_layer), DRAWS
    ),
    "a matching of D pairs suffices": Planted(Theorem("T6", linear, matching), domains.critical),
    "any instance without real solutions is a witness": Planted(
        Theorem("T7", one_recurrent_weight, uncounted_witness), ONE_RECURRENT, OTHERS
    ),
    "a witness of a basis is one of more learnables": Planted(
        Theorem("T7", one_too_many, basis_witness), SQUARES, OTHERS, is_measurable=False
    ),
}
