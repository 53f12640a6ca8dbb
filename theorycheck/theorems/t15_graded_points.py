"""T15 Graded points: recurrent weights at infinity, where the leading forms are solved in order."""

from __future__ import annotations

from typing import Any

from ..computing.deadline import Deadline
from ..errors import OutOfTimeError, SizeError
from ..plans.casting import cast, is_small
from ..plans.choices import tried
from ..plans.graded import Graded
from ..plans.gradings import Found, GradingSearch
from ..plans.relays import relayed
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, Theorem, not_random_inputs

_LAYERS = (("input",), ("recurrent",), ("readout",))
_MOST_TRIED, _PER_NEURON = 4000, 100  # gradings
_CAST_PER_LEARNABLE = 5000  # choices of roles in small networks
_RELAYS, _GRADINGS = 0.2, 0.6  # of the time of the search; the latter in small networks
_SHARE, _MOST = 0.5, 0.95  # of the time that is left, where degrees are sought, too, and not


def why_not(analysis: Analysis) -> str | None:
    """T15 needs a linear recurrent network with more learnables than D, some of them recurrent."""
    network = analysis.network
    if not (network.is_linear and network.weight_layers == _LAYERS):
        return "the network is not linear recurrent"
    if analysis.given is not None:
        return not_random_inputs(analysis)
    if "recurrent" not in analysis.allocation.counts:
        return "no recurrent weight is learnable"
    delayed = network.inputs * (network.steps - 1)
    if not network.reads_every_step and analysis.samples > delayed:
        return (
            f"{analysis.samples} samples are more than n_in (T - 1) = {delayed}: some show their "
            "last input only, on which recurrent weights do not act"
        )
    if analysis.allocation.n_learnable <= analysis.n_equations:
        return "there are no more learnable weights than equations"
    if analysis.target.value < analysis.n_equations:
        return "the teacher's outputs do not fill all dimensions"
    if analysis.is_affine:
        return "no path runs through two learnables, where T2 decides"
    return None


def decide(analysis: Analysis) -> Finding | None:
    """Maximal if the point of some grading is onto; else open."""
    options = analysis.options
    if not options.effort.seeks_plans or analysis.rank.value < analysis.target.value:
        return None
    _foresee(analysis)
    seconds = _share(analysis) * min(options.deadline.left, options.effort.seconds)
    graded = Graded(analysis.allocation, analysis.samples)
    deadline = options.deadline.within(seconds)
    found = _by_relays(analysis, graded, deadline.within(_RELAYS * seconds))
    small = is_small(graded)
    if found is None:
        part = deadline.within(_GRADINGS * seconds) if small else deadline
        found = _by_gradings(analysis, graded, part)
    if found is None and small:
        found = _by_roles(analysis, graded, deadline)
    if found is None:
        options.deadline.check("the search for a grading")
        return None
    return _finding(found)


def _by_relays(analysis: Analysis, graded: Graded, deadline: Deadline) -> Found | None:
    """A plan of few learnables, such as a design has."""
    allocation, seed = analysis.allocation, analysis.options.seed
    try:
        for _, choice in relayed(
            allocation, graded.samples, allocation.n_learnable, seed, deadline
        ):
            found = tried(graded, choice.plan(graded), seed, deadline=deadline)
            if found is not None:
                return found
    except OutOfTimeError:  # of this search, which is not all of the time
        pass
    return None


def _by_gradings(analysis: Analysis, graded: Graded, deadline: Deadline) -> Found | None:
    """The plan of some grading, or of circling neurons."""
    try:
        search = GradingSearch(graded, analysis.options.seed, deadline)
        return search.found(min(_MOST_TRIED, _PER_NEURON * analysis.network.widths[1]))
    except OutOfTimeError:  # as above
        return None


def _by_roles(analysis: Analysis, graded: Graded, deadline: Deadline) -> Found | None:
    """A plan of any kind, with one system at most."""
    try:
        most = _CAST_PER_LEARNABLE * len(graded.entries)
        return cast(graded, analysis.options.seed, deadline, most)
    except OutOfTimeError:  # as above
        return None


def _share(analysis: Analysis) -> float:
    """Of the time: half where degrees of bases are sought afterwards, too."""
    effort = analysis.options.effort
    seeks_bases = effort.seeks_degrees and effort.bases
    return _SHARE if seeks_bases and analysis.target.value <= effort.unknowns else _MOST


def _foresee(analysis: Analysis) -> None:
    """Refuse what needs too much memory: states and weights, with a coefficient of each degree."""
    network, samples = analysis.network, analysis.effective_samples
    steps, hidden = network.steps, network.widths[1]
    values = steps * (steps + 2) * hidden * (samples + network.outputs)
    n_learnable = analysis.allocation.n_learnable
    needed = 8 * (8 * network.n_weights + 4 * values + 3 * n_learnable * analysis.n_equations)
    if needed > analysis.options.memory_limit:
        raise SizeError(
            f"a graded point needs about {needed / 2**30:.3g} GiB, more than the limit of "
            f"{analysis.options.memory_limit / 2**30:.3g} GiB"
        )


def _finding(found: Found) -> Finding:
    plan = found.plan
    n_fitted = len(plan.fitted)
    n_zero, n_growing = len(plan.zero), len(plan.growing)
    solved = sum(map(len, plan.solved))
    if not n_growing:
        reason = f"{solved} weights, no two on a walk, meet all equations that are left"
        return Finding("T15", Expressivity.MAXIMAL, reason, "graded_plan", _evidence(found))
    how = (
        f"be solved by {solved} of them, one linear system after the other" if solved else "vanish"
    )
    reason = (
        f"for {n_growing} weights that grow, {n_zero} of them more slowly, the leading "
        f"terms of the equations can {how}, and all directions are open there"
    )
    if n_fitted:
        outputs = "an output has" if n_fitted == 1 else f"{n_fitted} outputs have"
        reason += f"; {outputs} readout weights enough to be fitted afterwards"
    return Finding("T15", Expressivity.MAXIMAL, reason, "graded_plan", _evidence(found))


def _evidence(found: Found) -> dict[str, Any]:
    plan = found.plan
    return {
        "fitted": list(plan.fitted),
        "growing": list(plan.growing),
        "zero": list(plan.zero),
        "solved": [list(numbers) for numbers in plan.solved],
        "columns": sorted(found.columns),
    }


THEOREM = Theorem("T15", why_not, decide)
