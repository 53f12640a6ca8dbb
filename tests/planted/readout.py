"""Wrong theorems about nonlinear networks (T12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import theorycheck as tc
from theorycheck.problem.files import Problem
from theorycheck.problem.networks.activations import Activation
from theorycheck.ranks.generic_rank import generic_rank
from theorycheck.theorems import t12_readout
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding, Theorem
from theorycheck.theorems.t12 import bounded, interpolating, one_sided, signs
from theorycheck.theorems.t12.readout import Layer, Readout, readout_of
from theorycheck.verdict import Expressivity
from theorycheck.verification.base import Case, Cases, Property
from theorycheck.verification.cases import with_seed
from theorycheck.verification.readout import (
    fitted_law,
    fixed_readout_cases,
    onto_law,
    others_law,
    small_cases,
    unit_cases,
)
from theorycheck.verification.relu import output_cases

from .base import INTERMEDIATE, MAXIMAL, Planted, said

Claim = Callable[[Analysis], bool]


def theorem_of(
    claim: Claim, kind: Expressivity, needs_rank: bool = True, only_more: bool = False
) -> Theorem:
    """What says `kind` where the claim holds, by default only where the rank reaches D.

    With `only_more` nothing where T12 says the same: a search there would take its time in vain.
    """

    def decide(analysis: Analysis) -> Finding | None:
        if not analysis.allocation.n_learnable:
            return None
        if needs_rank and analysis.rank.value < analysis.target.value:
            return None
        if not claim(analysis):
            return None
        true = t12_readout.decide(analysis) if only_more else None
        if true is not None and true.expressivity is kind:
            return None
        return said("T12", kind, (claim.__doc__ or "planted").rstrip("."))

    return Theorem("T12", t12_readout.why_not, decide)


def by_fits(claim: Claim, cases: Cases = small_cases, **options: bool) -> Planted:
    """Said to be maximal: a search misses too many draws."""
    theorem = theorem_of(claim, MAXIMAL, only_more=True, **options)
    return _planted(fitted_law(theorem, cases, 1), fitted_law(cases=cases))


def by_onto(claim: Claim, cases: Cases, draws: int = 150) -> Planted:
    """Said to be intermediate: a search matches all draws."""
    theorem = theorem_of(claim, INTERMEDIATE, only_more=True)
    return _planted(onto_law(theorem, cases, 1, draws), onto_law(cases=cases, draws=draws))


def by_others(claim: Claim, kind: Expressivity, cases: Cases = small_cases, **options: bool):
    """Refuted by the other theorems, or by what T12 really says."""
    theorem = theorem_of(claim, kind, **options)
    return _planted(others_law(theorem, cases), others_law(cases=cases))


def _planted(wrong: Property, right: Property) -> Planted:
    return Planted(wrong, right=right, is_measurable=False, most=30)


class Changed(Readout):
    """A readout of which one fact is told wrongly."""

    def with_activation(self, **changes: object) -> Changed:
        """Another row of the table of activations."""
        self.__dict__["activation"] = replace(self.activation, **changes)  # type: ignore[arg-type]
        return self

    def with_layer(self, learnable: np.ndarray) -> Changed:
        """Other learnable readout weights."""
        layer = self.layer
        self.__dict__["layer"] = Layer(learnable, layer.present, layer.sources)
        return self

    @cached_property
    def original(self) -> Activation:
        """The true row."""
        return Readout(self.allocation, self.point).activation


def changed(analysis: Analysis) -> Changed:
    """The readout of an analysis, to be changed."""
    true = analysis.once(readout_of)
    return Changed(true.allocation, true.point)


def is_layered(analysis: Analysis) -> bool:
    """What (e) and (f*) are about."""
    return not analysis.network.is_recurrent and analysis.network.is_layered


def changed_at_full_rank(analysis: Analysis, **changes: object) -> Changed | None:
    """The readout with `changes` of its activation, if the other conditions of (f*) and (h) hold.

    They are about layers, whose teacher's outputs fill all dimensions.
    """
    target = analysis.network.outputs * analysis.samples
    if not is_layered(analysis) or analysis.target.value < target:
        return None
    readout = changed(analysis)
    if changes:
        readout.with_activation(**changes)
    return readout


# (a)


def count_in_readout(analysis: Analysis) -> bool:
    """All learnables in the readout, as many as D."""
    inside = set(analysis.allocation.counts) <= set(analysis.network.weight_layers[-1])
    return inside and analysis.allocation.n_learnable >= analysis.target.value


def any_learnables(analysis: Analysis) -> bool:
    """Rank D, wherever the learnables are."""
    return analysis.rank.value >= analysis.target.value


def some_in_readout(analysis: Analysis) -> bool:
    """Rank D, and every row has a learnable readout weight."""
    return bool(analysis.once(readout_of).layer.learnable.any(axis=1).all())


def relu_in_readout(analysis: Analysis) -> Finding | None:
    """m learnables in every row of the readout of a ReLU network."""
    network, layer = analysis.network, analysis.network.weight_layers[-1]
    if network.activations != ("relu",) or set(analysis.allocation.counts) - set(layer):
        return None
    rows = sum(analysis.allocation.mask(name).reshape(network.outputs, -1).sum(1) for name in layer)
    if np.min(rows) < analysis.samples:
        return None
    return said("T12", MAXIMAL, "also for ReLU")


# (e)


def closed_range(analysis: Analysis) -> bool:
    """0 may be an end of the range."""
    readout = changed(analysis)
    row = readout.activation
    if not (is_layered(analysis) and row.lower <= 0 <= row.upper):
        return False
    readout.with_activation(lower=-np.inf, upper=np.inf)
    return interpolating.interpolating_units(readout, analysis.samples) is not None


def one_input_less(analysis: Analysis) -> bool:
    """m - 1 learnable inputs."""
    if not is_layered(analysis) or analysis.samples == 1:
        return False
    readout = analysis.once(readout_of)
    return interpolating.interpolating_units(readout, analysis.samples - 1) is not None


def shared_unit(analysis: Analysis) -> bool:
    """Two outputs may have the same unit."""
    readout, row = analysis.once(readout_of), analysis.once(readout_of).activation
    if not (is_layered(analysis) and row.lower < 0 < row.upper):
        return False
    units = [
        unit
        for unit, learnable in enumerate(readout.units.learnable)
        if readout.rank_of_inputs(np.flatnonzero(learnable).tolist()) == analysis.samples
    ]
    return bool(readout.layer.learnable[:, units].any(axis=1).all())


def frozen_readout(analysis: Analysis) -> bool:
    """The readout weight of the unit may be frozen."""
    readout = changed(analysis)
    if not is_layered(analysis):
        return False
    readout.with_layer(readout.layer.present)
    return interpolating.interpolating_units(readout, analysis.samples) is not None


# (c'')


def any_signs(analysis: Analysis) -> bool:
    """sigma need not have the sign of its argument."""
    readout = changed(analysis).with_activation(keeps_sign=True)
    return signs.missed_output(readout, analysis.samples) is not None


def few_features(analysis: Analysis) -> bool:
    """Whatever the rank of what the output reads."""
    readout = analysis.once(readout_of)
    if not (is_layered(analysis) and readout.activation.keeps_sign):
        return False
    learnable = readout.layer.learnable[:, : len(readout.units.present)]
    return any(
        line.sum() == 1 == readout.layer.learnable[output].sum()
        and signs._has_few(readout, int(line.argmax()), analysis.samples)
        and signs._is_bounded(readout, output)
        for output, line in enumerate(learnable)
    )


# (c') and (c*)


def ignoring_bias(analysis: Analysis) -> bool:
    """The readout bias may be learnable."""
    readout = changed(analysis)
    learnable = readout.layer.learnable.copy()
    learnable[:, len(readout.units.present) :] = False
    return one_sided.one_sided_output(readout.with_layer(learnable)) is not None


def any_activation(analysis: Analysis) -> bool:
    """Units need not be bounded on a side."""
    readout = changed(analysis).with_activation(lower=0.0)
    return one_sided.one_sided_output(readout) is not None


def learnable_weight(analysis: Analysis) -> bool:
    """The readout weights of the row may be learnable."""
    readout = changed(analysis)
    return (
        one_sided.one_sided_output(readout.with_layer(readout.layer.learnable & False)) is not None
    )


def dead_output(analysis: Analysis) -> bool:
    """Also for an output that is always 0."""
    readout = changed(analysis)
    readout.__dict__["live_rows"] = list(range(analysis.network.outputs))
    return one_sided.one_sided_output(readout) is not None


def rank_without_readout(analysis: Analysis) -> int:
    """The rank without frozen readout weights."""
    part = bounded.without_frozen_readout(analysis.allocation)
    upper = min(analysis.allocation.n_learnable, analysis.target.value)
    return generic_rank(part, analysis.samples, upper=upper, seed=analysis.options.seed).value


def drops(analysis: Analysis) -> bool:
    """The rank drops without frozen readout weights, whatever the activations."""
    return rank_without_readout(analysis) < analysis.target.value


def drops_to_d(analysis: Analysis) -> bool:
    """Rank D without frozen readout weights is too little."""
    readout = analysis.once(readout_of)
    if not bounded.is_bounded_without_learnables(readout):
        return False
    return rank_without_readout(analysis) <= analysis.target.value


def one_frozen_weight(analysis: Analysis) -> bool:
    """A frozen readout weight that reads a bounded unit which depends on a learnable."""
    readout = analysis.once(readout_of)
    moved = readout.layer.frozen & readout.depends
    return bounded.is_bounded_without_learnables(readout) and bool(moved.any())


def outside_of_readout(analysis: Analysis) -> bool:
    """A learnable outside of the readout, and no more learnables than D."""
    outside = set(analysis.allocation.counts) - set(analysis.network.weight_layers[-1])
    return bool(outside) and analysis.allocation.n_learnable == analysis.target.value


def _dead_cases() -> SearchStrategy[Case]:
    """An output without connections, the other one solved by its readout weights."""

    def drawn(n_hidden: int, m: int, dead: int) -> Problem:
        network = tc.Feedforward([2, n_hidden, 2], activation="tanh")
        mask = np.ones((2, n_hidden), dtype=bool)
        mask[dead] = False
        return Problem(tc.Allocation(network, {"W2": mask}, {"W2": mask}), m)

    return with_seed(st.builds(drawn, st.integers(1, 3), st.integers(1, 3), st.integers(0, 1)))


def _sin_cases() -> SearchStrategy[Case]:
    """One of two readout weights learnable, and as many input weights as m takes."""

    def drawn(n_inputs: int, kept: int) -> Problem:
        network = tc.Feedforward([n_inputs, 2, 1], activation="sin")
        first = np.arange(2 * n_inputs).reshape(2, -1)[::-1] < kept
        return Problem(tc.Allocation(network, {"W1": first, "W2": [[1, 0]]}), kept + 1)

    return with_seed(st.builds(drawn, st.integers(1, 2), st.integers(1, 2)))


_TURNING = partial(unit_cases, ("tanh", "erf", "arctan"))
_ODD = partial(small_cases, ("tanh", "erf", "arctan"), over=1)
_SOFTPLUS = partial(unit_cases, ("softplus", "sigmoid", "exp"), more=0)
_CUBE = partial(fixed_readout_cases, ("cube",))

_RELU = Theorem("T12", lambda analysis: None, relu_in_readout)

READOUT = {
    "(a) as many learnables in the readout as D": by_others(
        count_in_readout, MAXIMAL, needs_rank=False
    ),
    "(a) rank D, wherever the learnables are": by_others(any_learnables, MAXIMAL),
    "(a) rank D, and each output has a learnable readout weight": by_fits(some_in_readout),
    "(e) 0 may be an end of the range": by_fits(closed_range, _SOFTPLUS),
    "(e) m - 1 learnable inputs": by_fits(
        one_input_less, partial(unit_cases, more=0), needs_rank=False
    ),
    "(e) two outputs may have the same unit": by_others(
        shared_unit, MAXIMAL, partial(unit_cases, shared=True, less=(0,)), needs_rank=False
    ),
    "(e) the readout weight of the unit may be frozen": by_others(frozen_readout, MAXIMAL),
    "(c'') sigma need not have the sign of its argument": by_onto(any_signs, _sin_cases, draws=60),
    "(c'') whatever the rank of what the output reads": by_others(few_features, INTERMEDIATE),
    "(c') the readout bias may be learnable": by_onto(
        ignoring_bias, partial(fixed_readout_cases, free_bias=True)
    ),
    "(c') units need not be bounded on a side": by_onto(any_activation, _CUBE),
    "(c') the readout weights may be learnable": by_others(learnable_weight, INTERMEDIATE),
    "(c') whatever the rank": by_others(
        lambda analysis: one_sided.one_sided_output(analysis.once(readout_of)) is not None,
        INTERMEDIATE,
        needs_rank=False,
    ),
    "(c') also for an output that is always 0": by_others(dead_output, INTERMEDIATE, _dead_cases),
    "(c*) units need not be bounded": by_onto(drops, _CUBE),
    "(c*) also for sin": by_onto(drops, _sin_cases, draws=60),
    "(c*) rank D without frozen readout weights is too little": by_others(drops_to_d, INTERMEDIATE),
    "(c*) any frozen readout weight of a bounded unit": by_others(one_frozen_weight, INTERMEDIATE),
    "intermediate if a learnable is outside of the readout and r = D": by_others(
        outside_of_readout, INTERMEDIATE
    ),
    "(a) also for ReLU": _planted(
        fitted_law(_RELU, output_cases, 1), fitted_law(cases=output_cases)
    ),
}
