"""T10 Shallow ReLU networks: patterns of full rank decide, given a regular teacher.

The class speaks of MP_reg, the match probability given that the teacher is regular: minimal if no
activation pattern has rank d m. Where one has, two arguments tell more.

*Not every teacher: one output stays above a bound.* Let i be an output whose bias is not learnable,
such that no hidden unit has both a learnable weight to i and a learnable input or bias. Take the
units with a learnable weight to i: their inputs are frozen, and given the samples they are all dead
on the first with positive probability (each has its weights in a half-space, or no inputs at all),
while all other weights to i, which are frozen, are positive. This is an event of student and inputs
alone. Then output i on the first sample is at least the student's b2[i] (0 without one), whatever
the learnables are. The teacher's is below that with positive probability, and regular: with a
bias b2[i], which is independent of the teacher, since it can be as large as it likes; without,
since changing the signs of the teacher's weights to i changes the sign of output i, keeps the rank
of the Jacobian (signs of rows and columns change), and takes sets of positive measure to such sets,
and since the output is not 0 for almost all regular teachers (its gradient is not 0).

*Not every teacher: a sample that is missed.* Let the bias of output i be frozen or absent, and just
one unit k have a learnable weight to i and learnable inputs, L, |L| < m, its bias not being
learnable. Let a teacher be regular at inputs of which |L| + 1 samples J have a positive linear
relation on L. As long as the frozen part of its pre-activation is at most 0 on J, unit k is not
active on all of J, since the relation would give 0 > 0. Let each unit with a learnable weight to i
have a frozen bias, or a frozen input of one sign on J, or no frozen input: then these parts are
negative (or 0) on all of J with positive probability, so that all of these units but k are dead on
J. If the other weights to i, which are frozen, are positive, then output i is at least b2[i] on
some sample of J. All this is an open set of inputs and an event of the student's weights. Near that
teacher others are regular that have negative weights to i, since the rank is generic in W_2:
without b2[i] their output i is negative on every sample (regular teachers have no dead output);
the student's b2[i], if there is one, can be as large as it likes.

*Every teacher: interpolation.* If a unit has at least m learnable inputs (its bias counts), every
vector of pre-activations on generic samples can be reached: choose positive, generic activations
for all such units. Any m of these vectors are linearly independent, and so are m - 1 and the
vector (1, ..., 1). So an output that has learnable weights from m such units, or from m - 1 and a
learnable bias, takes any values, whatever the others do: if all have, every teacher is matched.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from ..ranks.relu_patterns import MOST_PATTERNS, PatternRanks
from ..ranks.relu_search import FullPoint
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, Theorem
from .relu_closed_forms import regular_match_probability
from .relu_parts import Cover, bounded_output, interpolating_units, lone_unit, small_cover

_MOST_ENTRIES = 20_000_000  # of the pattern of the Jacobian


def why_not(analysis: Analysis) -> str | None:
    """T10 needs a shallow ReLU network, with or without biases, dense or sparse."""
    is_shallow_relu = analysis.network.is_shallow_relu
    return None if is_shallow_relu else "the network is not a shallow ReLU network"


def count(analysis: Analysis) -> Finding | None:
    """Maximal if every output interpolates."""
    units = interpolating_units(analysis.allocation, analysis.samples)
    return None if units is None else _maximal(analysis, units)


def decide(analysis: Analysis) -> Finding | None:
    """Minimal, maximal, intermediate or positive given a regular teacher; None if that is open.

    None as well if no teacher is regular, as far as the search can tell.
    """
    allocation, search = analysis.allocation, analysis.relu
    counted = analysis.once(count)
    if counted is not None:
        return counted
    if allocation.n_learnable < search.target:
        return _by_count(analysis)
    cover = _cover(analysis)
    if cover is not None:
        return _by_cover(analysis, cover)
    if search.point is not None:
        return _positive(analysis, search.point)
    ranks = search.pattern_ranks("learnable")
    if ranks is None or ranks.most >= search.target:
        return None
    return (
        _by_patterns(analysis, ranks) if ranks.error_bound <= analysis.options.error_bound else None
    )


def why_open(analysis: Analysis) -> tuple[str, str | None]:
    """Why T10 decides nothing, in words, and `instances` where a search among some ended."""
    reason, is_limited = _why_open(analysis)
    return reason, "instances" if is_limited else None


def _why_open(analysis: Analysis) -> tuple[str, bool]:
    search = analysis.relu
    target, n_present = search.target, analysis.allocation.n_present
    if n_present < target:
        reason = (
            f"no teacher is regular: the Jacobian of its {n_present} weights never has rank "
            f"d m = {target}, so that nothing is asked"
        )
        return reason, False
    ranks = search.pattern_ranks("learnable")
    if search.regular_point is None and search.point is None:
        every = search.pattern_ranks("present")
        if every is not None and every.most < target:
            reason = (
                "no teacher is regular: in every activation pattern the Jacobian of all weights "
                f"has rank {every.most} at most, not d m = {target}, so that nothing is asked"
            )
            return reason, False
        return "no regular teacher was found, nor is it shown that there is none", True
    if ranks is None:
        reason = (
            f"no activation pattern of rank d m = {target} was found, and there are more than the "
            f"{MOST_PATTERNS} that are all looked at"
        )
        return reason, True
    if ranks.most >= target:
        reason = (
            f"the rank is d m = {target} in an activation pattern of which it is open whether "
            "weights and inputs show it"
        )
        return reason, True
    return f"the error bound of the ranks stays above {analysis.options.error_bound:g}", False


def _maximal(analysis: Analysis, units: list[list[int]]) -> Finding:
    m, target = analysis.samples, analysis.relu.target
    inputs = "a learnable input" if m == 1 else f"{m} learnable inputs"
    some = "a unit" if m == 1 else f"{m} units"
    reason = f"every output has {some} with {inputs} and a learnable weight"
    if any(len(row) < m for row in units):
        reason += ", or a learnable bias in place of one,"
    reason += f" and so fits any values on {m} {'sample' if m == 1 else 'samples'}"
    return _finding(analysis, Expressivity.MAXIMAL, reason, "relu_interpolation",
                    {"units": units}, target)  # fmt: skip


def _by_count(analysis: Analysis) -> Finding | None:
    regular, target = analysis.relu.regular_point, analysis.relu.target
    if regular is None:
        return None
    reason = (
        f"{analysis.allocation.n_learnable} learnable weights cannot reach the d m = {target} "
        "dimensions of a regular teacher's outputs"
    )
    evidence = {"regular": point_evidence(regular)}
    return _finding(analysis, Expressivity.MINIMAL, reason, "relu_count", evidence)


def _cover(analysis: Analysis) -> Cover | None:
    if analysis.relu.target * analysis.allocation.n_learnable > _MOST_ENTRIES:
        return None
    return small_cover(analysis.allocation, analysis.samples)


def _by_cover(analysis: Analysis, cover: Cover) -> Finding | None:
    regular, target = analysis.relu.regular_point, analysis.relu.target
    if regular is None:
        return None
    parts = []
    if cover.equations:
        parts.append(f"{len(cover.equations)} of the {target} equations")
    if cover.units:
        inputs = f"the learnable inputs of {_counted(len(cover.units), 'unit')}"
        parts.append(f"{inputs}, which span {analysis.samples} dimensions each")
    if cover.learnables:
        parts.append(_counted(len(cover.learnables), "other learnable weight"))
    reason = (
        f"the rank is at most {cover.size(analysis.samples)} in any activation pattern, by "
        f"{' and '.join(parts) or 'weights that act on no output'}; d m = {target} are needed"
    )
    evidence = {**cover._asdict(), "regular": point_evidence(regular)}
    return _finding(analysis, Expressivity.MINIMAL, reason, "relu_cover", evidence)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _by_patterns(analysis: Analysis, ranks: PatternRanks) -> Finding | None:
    regular, target = analysis.relu.regular_point, analysis.relu.target
    if regular is None:
        return None
    count = len(ranks.columns)
    which = f"any of the {count} activation patterns" if count > 1 else "the activation pattern"
    reason = (
        f"in {which} of its units (up to the order of the samples) the outputs move in "
        f"{ranks.most} independent directions at most; d m = {target} are needed"
    )
    evidence = {"patterns": count, "regular": point_evidence(regular)}
    return _finding(analysis, Expressivity.MINIMAL, reason, "relu_patterns", evidence, ranks.most,
                    ranks.error_bound)  # fmt: skip


def _positive(analysis: Analysis, point: FullPoint) -> Finding:
    """Positive, or intermediate if some output is bounded."""
    target = analysis.relu.target
    evidence: dict[str, Any] = {"point": point_evidence(point)}
    reason = f"the rank reaches d m = {target} in an activation pattern that integers show"
    output = bounded_output(analysis.allocation)
    if output is None:
        missed = _missed_sample(analysis, reason, evidence)
        if missed is not None:
            return missed
        left_open = (
            "whether every regular teacher is matched is open: each output has a learnable bias, "
            "or a hidden unit with a learnable input and a learnable weight to it"
        )
        found = _finding(analysis, Expressivity.POSITIVE, reason, "relu_point", evidence, target)
        return replace(found, left_open=left_open)
    reason += (
        f", and output {output} is bounded from below with positive probability: no unit has a "
        "learnable input and a learnable weight to it"
    )
    form = regular_match_probability(analysis.allocation, analysis.samples)
    if form is not None:
        reason += f"; the match probability given a regular teacher is {form.value} ({form.law})"
    evidence["output"] = output
    return _finding(
        analysis, Expressivity.INTERMEDIATE, reason, "relu_bounded_output", evidence, target
    )


def _missed_sample(analysis: Analysis, reason: str, evidence: dict[str, Any]) -> Finding | None:
    """Intermediate if one output has a lone unit, and a teacher is regular at suitable inputs."""
    lone = lone_unit(analysis.allocation, analysis.samples)
    shaped = None if lone is None else partial(lone.shaped, deadline=analysis.options.deadline)
    regular = None if shaped is None else analysis.relu.regular_at(shaped)
    if lone is None or regular is None:
        return None
    output, unit, inputs = lone
    reason += (
        f", and output {output} is bounded from below on one of {len(inputs) + 1} samples with "
        f"positive probability: only unit {unit} has learnable inputs and a learnable weight to "
        "it, and it is not active on all of them"
    )
    evidence |= {
        "output": output,
        "unit": unit,
        "samples": list(range(len(inputs) + 1)),
        "regular": point_evidence(regular),
    }
    return _finding(analysis, Expressivity.INTERMEDIATE, reason, "relu_missed_sample", evidence,
                    analysis.relu.target)  # fmt: skip


def point_evidence(point: FullPoint) -> dict[str, Any]:
    """Plain JSON of a point: weights and inputs, and the minor."""
    return {
        "weights": {name: _integers(value.tolist()) for name, value in point.weights.items()},
        "inputs": _integers(point.inputs.tolist()),
        "rows": list(point.rows),
        "columns": list(point.columns),
    }


def _integers(values: list[Any]) -> list[Any]:
    return [_integers(value) if isinstance(value, list) else int(value) for value in values]


def _finding(
    analysis: Analysis,
    expressivity: Expressivity,
    reason: str,
    kind: str,
    evidence: dict[str, Any],
    rank: int | None = None,
    error_bound: float = 0.0,
) -> Finding:
    target = analysis.relu.target
    return Finding(
        "T10", expressivity, reason, kind, evidence, rank, target, error_bound=error_bound
    )


THEOREM = Theorem("T10", why_not, decide, count=count)
