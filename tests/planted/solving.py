"""Wrong theorems about outputs that are solved step by step, or from the outputs back (T12)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import theorycheck as tc
from theorycheck.problem.files import Problem
from theorycheck.problem.matchings import maximum_matching
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.t12 import onto
from theorycheck.theorems.t12.readout import ReadoutMasks, readout_of
from theorycheck.theorems.t12.rest import AWAKE
from theorycheck.theorems.t12.solvable import Search
from theorycheck.theorems.t12.steps import Solving, Step
from theorycheck.verification.base import Case
from theorycheck.verification.cases import with_seed
from theorycheck.verification.readout import fixed_readout_cases, small_cases, unit_cases

from .readout import by_fits, changed_at_full_rank, is_layered

# (f*)


def solved(
    analysis: Analysis,
    solving: type[Solving] = Solving,
    search: type[Search] = Search,
    **changes: object,
) -> bool:
    """Whether a changed search finds steps, under the other conditions of (f*)."""
    readout = changed_at_full_rank(analysis, **changes)
    if readout is None:
        return False
    return search(solving(readout, analysis.samples)).steps() is not None


def not_odd(analysis: Analysis) -> bool:
    """sigma increasing, but not odd."""
    increasing = analysis.once(readout_of).activation.is_increasing
    return increasing and solved(analysis, is_odd=True)


class _AnyFrozenPart(Solving):
    def _turns_with(self, unit, learnable, fixed, delta):
        return not delta or self.readout.rank_of_inputs(learnable[:delta]) == delta


def no_frozen_part(analysis: Analysis) -> bool:
    """No frozen part is needed."""
    return solved(analysis, _AnyFrozenPart)


class _OneLess(Solving):
    def most_inputs(self, unit, varying=False):
        return min(super().most_inputs(unit, varying) + 1, self.samples - 1)


def one_turning_input_less(analysis: Analysis) -> bool:
    """m - 2 - g learnable inputs."""
    return solved(analysis, _OneLess)


class _WithConstant(Solving):
    def most_inputs(self, unit, varying=False):
        return super().most_inputs(unit)


def constant_in_g(analysis: Analysis) -> bool:
    """The readout bias counts in G, whatever inputs the unit has."""
    return solved(analysis, _WithConstant)


class _SharedUnits(Search):
    def _last_steps(self, outputs, later):
        none = frozenset[int]()
        units = ((i, units) for i in outputs for units in self._units(outputs, (i,), none))
        steps = (Step((i,), chosen) for i, chosen in units)
        return (step for step in steps if self.solving.holds(step, none))


def same_unit_twice(analysis: Analysis) -> bool:
    """One unit may solve two outputs."""
    return analysis.network.outputs > 1 and solved(analysis, search=_SharedUnits)


class _OneLessAtOnce(_OneLess):
    def holds(self, step, later, rest=AWAKE):
        return len(step.outputs) > 1 and super().holds(step, later, rest)


def one_less_at_once(analysis: Analysis) -> bool:
    """m - q - g - 1 learnable inputs of each of q units."""
    return solved(analysis, _OneLessAtOnce)


# (d)


def onto_behind(analysis: Analysis, less: int = 0) -> bool:
    """Whether the last hidden layer has a unit for each output, of m learnable inputs or `less`."""
    if not is_layered(analysis):
        return False
    part = replace(analysis, samples=max(analysis.samples - less, 1))
    masks = ReadoutMasks(analysis.allocation)
    n_units = len(masks.units.present)
    able = masks.layer.present[:, :n_units] & onto.reaching(part, len(analysis.network.widths) - 2)
    return bool((maximum_matching(able) >= 0).all())


def not_onto(analysis: Analysis) -> bool:
    """sigma need not be onto the reals."""
    return onto_behind(analysis)


def one_reaching_input_less(analysis: Analysis) -> bool:
    """m - 1 learnable inputs."""
    return analysis.samples > 1 and onto_behind(analysis, 1)


def _at_once_cases() -> SearchStrategy[Case]:
    """Two units that both outputs read by learnable weights, and two of one learnable input."""

    def drawn(inputs: int, first: int, second: int, name: str) -> Problem:
        network = tc.Feedforward([inputs, 4, 2], activation=name)
        mask = np.zeros((4, inputs), dtype=bool)
        mask[2, first % inputs] = mask[3, second % inputs] = True
        return Problem(tc.Allocation(network, {"W1": mask, "W2": 2 * [[1, 1, 0, 0]]}), 3)

    number = st.integers(0, 2)
    return with_seed(
        st.builds(drawn, st.integers(1, 3), number, number, st.sampled_from(["tanh", "erf"]))
    )


_TURNING = partial(unit_cases, ("tanh", "erf", "arctan"))
_ODD = partial(small_cases, ("tanh", "erf", "arctan"), over=1)
_SOFTPLUS = partial(unit_cases, ("softplus", "sigmoid", "exp"), more=0)
_BOUNDED = partial(fixed_readout_cases, ("tanh", "softplus"))
_CUBE = partial(fixed_readout_cases, ("cube",))

SOLVING = {
    "(f*) sigma increasing, but not odd": by_fits(not_odd, _SOFTPLUS),
    "(f*) no frozen part is needed": by_fits(no_frozen_part, _TURNING),
    "(f*) m - 2 - g learnable inputs": by_fits(one_turning_input_less, _TURNING),
    "(f*) the readout bias counts in G": by_fits(constant_in_g, _TURNING),
    "(f*) one unit may solve two outputs": by_fits(same_unit_twice, _ODD),
    "(f#) m - q - g - 1 learnable inputs": by_fits(one_less_at_once, _at_once_cases),
    "(d) sigma need not be onto the reals": by_fits(not_onto, _BOUNDED, needs_rank=False),
    "(d) m - 1 learnable inputs": by_fits(one_reaching_input_less, _CUBE, needs_rank=False),
}
