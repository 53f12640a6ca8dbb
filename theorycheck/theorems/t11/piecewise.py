"""T11, piecewise linear: on each piece of its units such a network is polynomial.

A pattern tells on which piece each unit is, on each sample (and step), and is one that an open set
of weights and inputs shows. D is the largest rank, over the patterns, of the Jacobian in all
present weights, and a teacher is regular at which it has that rank. Given that the teacher is
regular, the match probability is 0 if and only if no pattern gives the learnables rank D.

*No pattern does.* Off a null set of frozen weights and inputs the learnables for which some unit is
at a kink, without being 0 on a whole neighbourhood, are nowhere dense. So the patterns' closures
cover all learnables. On each the student's outputs are polynomials of rank below D, so that all of
them together have dimension below D, and the regular teacher's outputs have, given the inputs, a
density on manifolds of dimension D.

*One does.* At such a point take student equal to teacher: it is regular, the Jacobian of all
weights has the same rank D nearby, and the learnables follow the outputs of all teachers near it.
"""

from __future__ import annotations

from typing import Any

from ...display.paragraphs import list_some
from ...ranks.exactness import why_no_patterns
from ...ranks.piecewise_bounds import Cover
from ...ranks.piecewise_point import PiecewisePoint
from ...verdict import Expressivity
from ..analysis import Analysis
from ..base import Finding, not_random_inputs
from ..counts import name_lines


def why_not(analysis: Analysis) -> str | None:
    """Piecewise linear networks, but for shallow ReLU ones (T10), on random inputs."""
    network = analysis.network
    if network.is_shallow_relu:
        return "the network is a shallow ReLU network, where T10 decides"
    return why_no_patterns(network) or not_random_inputs(analysis)


def decide(analysis: Analysis) -> Finding | None:
    """Minimal by a cover, positive by a point; None if the search shows neither."""
    search = analysis.piecewise
    if not search.bound:
        return None
    if search.most < search.bound:
        regular = search.regular_point
        if regular is not None and regular.rank > search.most:
            return _minimal(analysis, search.cover, regular)
    point = search.point
    return None if point is None or point.rank < search.bound else _positive(analysis, point)


def why_open(analysis: Analysis) -> tuple[str, str | None]:
    """Why nothing is decided, in words, and `instances` where a search among some ended."""
    search = analysis.piecewise
    if not search.bound:
        return "no teacher is regular: the outputs of all are constant", None
    shown = 0 if search.regular_point is None else search.regular_point.rank
    found = 0 if search.point is None else search.point.rank
    if shown < search.bound:
        reason = (
            f"the target dimension is not known: at least {shown}, the largest rank of all weights "
            f"at the points that were tried, and at most {search.bound}; the learnables had rank "
            f"{found} at most"
        )
    else:
        reason = (
            f"the target dimension is {search.bound}; no point was found at which the learnables "
            f"have that rank (at most {found}), nor is it shown that there is none"
        )
    return reason, "instances"


def _minimal(analysis: Analysis, cover: Cover, regular: PiecewisePoint) -> Finding:
    m, allocation = analysis.samples, analysis.allocation
    at_least = "at least " if analysis.piecewise.target is None else ""
    size = cover.size(m)
    reason = f"the rank is at most {size} in every pattern: "
    if cover.outputs or cover.units:
        reason += f"all learnables act by {_in_words(analysis, cover)}"
    else:
        number = allocation.n_learnable
        reason += f"{number} weight{' is' if number == 1 else 's are'} learnable"
        if size < allocation.n_learnable:
            reason += ", of which some act on no output or only scale a unit"
    reason += f"; a regular teacher's outputs have {at_least}{regular.rank} dimensions"
    evidence = {
        "outputs": cover.outputs,
        "units": [_place(analysis, level, unit) for level, unit in cover.units],
        "learnables": cover.learnables,
        "regular": point_evidence(regular),
    }
    return Finding("T11", Expressivity.MINIMAL, reason, "piecewise_cover", evidence)


def _in_words(analysis: Analysis, cover: Cover) -> str:
    """What the learnables act through: `outputs 0, 1 and hidden unit 3 of layer 1`."""
    parts, network = [], analysis.network
    if cover.outputs and network.n_reads == 1:
        parts.append(name_lines("outputs", cover.outputs, len(cover.outputs)))
    elif cover.outputs:  # of several steps
        parts.append(f"{len(cover.outputs)} output{'' if len(cover.outputs) == 1 else 's'}")
    by_place: dict[int, list[int]] = {}
    for level, unit in cover.units:
        place, number = _place(analysis, level, unit)
        by_place.setdefault(place, []).append(number)
    where = "step" if network.is_recurrent else "layer"
    units = [
        f"{name_lines('hidden units', numbers, len(numbers))} of {where} {place}"
        for place, numbers in by_place.items()
    ]
    parts += [list_some(units, 3)] if units else []
    n = len(cover.learnables)
    parts += [f"{n} learnable weight{'' if n == 1 else 's'}"] if n else []
    return " and ".join(parts)


def _place(analysis: Analysis, level: int, unit: int) -> list[int]:
    """A unit as certificates number it: by its layer, or by the step of the state, from 1."""
    found, network = analysis.network.unrolled.levels[level], analysis.network
    place = found.step if network.is_recurrent else list(network.groups).index(found.group)
    return [place, unit]


def _positive(analysis: Analysis, point: PiecewisePoint) -> Finding:
    target = analysis.piecewise.bound
    reason = f"the rank reaches the target dimension {target} in a pattern that integers show"
    evidence = {"point": point_evidence(point)}
    return Finding(
        "T11",
        Expressivity.POSITIVE,
        reason,
        "piecewise_point",
        evidence,
        target,
        target,
        left_open="whether every regular teacher is matched is open",
    )


def point_evidence(point: PiecewisePoint) -> dict[str, Any]:
    """Plain JSON of a point: integer weights over their scale, inputs, and the minor."""
    candidate = point.candidate
    return {
        "scale": candidate.scale,
        "weights": {name: _integers(value.tolist()) for name, value in candidate.weights.items()},
        "inputs": _integers(candidate.inputs.tolist()),
        "rows": list(point.rows),
        "columns": list(point.columns),
    }


def _integers(values: list[Any]) -> list[Any]:
    return [_integers(value) if isinstance(value, list) else int(value) for value in values]
