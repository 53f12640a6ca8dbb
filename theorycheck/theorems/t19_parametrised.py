"""T19 Parametrised weights: the rank in the parameters, by the chain rule, decides."""

from __future__ import annotations

from typing import Any

from ..problem.parametrization import FACTORS, Parametrization
from ..ranks.arguments import has_formal_arguments
from ..ranks.exactness import why_not_exact
from ..ranks.generic_rank import GenericRank
from ..ranks.parametrised import parametrised_rank
from ..ranks.target_dimension import TargetDimension, target_dimension, upper_bound
from ..structure.parameter_degree import affine_blocks
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, Theorem
from .evidence import minor_evidence, target_lower_evidence, target_upper_evidence


def why_not(analysis: Analysis) -> str | None:
    """T19 needs parametrised weights of a linear or analytic network, whose teacher has a rank."""
    parametrization, network = analysis.parametrization, analysis.network
    if parametrization is None:
        return "the learnables are weights, each of its own"
    if not network.is_analytic:
        return "the network has activations that are not analytic"
    if parametrization.is_full:
        return None
    if not network.is_linear and not has_formal_arguments(network):
        return "it is not known by structure which pre-activations are equal"
    return why_teacher_open(parametrization)


def why_teacher_open(parametrization: Parametrization) -> str | None:
    """Why D is not known from below, or None: values of activations must be independent (T11b)."""
    if parametrization.network.is_polynomial:
        return None
    if parametrization.tied_teacher and parametrization.ties:
        return (
            "with weights that are tied in teachers, too, values of activations that are no "
            "polynomials are not known to be independent"
        )
    return why_not_exact(parametrization.whole)


def why_rank_open(parametrization: Parametrization) -> str | None:
    """Why the rank in the parameters is only known from above, or None.

    With a random base that moves all weights freely the field of T11b is that of the plain network,
    parameters being further variables. Lower bounds for other bases would be asked for here.
    """
    if parametrization.network.is_polynomial:
        return None
    if parametrization.ties:
        return "with tied weights values of activations are not known to be independent"
    if not parametrization.is_free:
        return "with a base that is given values of activations are not known to be independent"
    return why_not_exact(parametrization.whole)


def target(analysis: Analysis) -> TargetDimension:
    """D: that of the plain network, or of the one whose teachers are tied as students are."""
    own, samples, options = analysis.parametrization, analysis.samples, _options(analysis)
    assert own is not None
    if own.tied_teacher and own.ties:
        teacher = own.teacher
        bounds = {"equations": analysis.n_equations, "weights": teacher.n_parameters}
        name, bound = min(bounds.items(), key=lambda item: item[1])
        rank = parametrised_rank(teacher, samples, upper=bound, **options)
        upper = name if rank.value == bound else "trials"
        return TargetDimension(rank.value, "minor" if rank.value else "none", upper, rank)
    if not analysis.is_linear and why_rank_open(own) is None:
        name, bound = upper_bound(own.whole, samples)
        if own.n_moving >= bound:
            reached = parametrised_rank(own, samples, upper=bound, **options)
            if reached.value == bound:
                return TargetDimension(bound, "learnables", name, reached)
    return target_dimension(own.whole, samples, **options)


def rank(analysis: Analysis) -> GenericRank:
    """The rank in the parameters, that of the oracle where activations are no polynomials."""
    own, known = analysis.parametrization, analysis.once(target)
    assert own is not None
    if known.lower == "learnables" and known.rank is not None:
        return known.rank
    upper = min(own.n_moving, known.value)
    return parametrised_rank(own, analysis.samples, upper=upper, **_options(analysis))


def _options(analysis: Analysis) -> dict[str, Any]:
    return {name: value for name, value in analysis.for_ranks.items() if name != "given"}


def count(analysis: Analysis) -> Finding | None:
    """Maximal if all weights are free, minimal if they move in fewer dimensions than needed."""
    own = analysis.parametrization
    assert own is not None
    if own.is_full:
        reason = "every weight can have any value, those of the teacher among them"
        return Finding("T19", Expressivity.MAXIMAL, reason, "free_weights")
    needed = analysis.once(target)
    if own.n_moving >= needed.value:
        return None
    reason = f"{own.n_parameters} parameters move the weights in {own.n_moving} dimensions at most"
    reason += f"; {needed.value} are needed{gauge_in_words(own)}"
    evidence = {"target_lower": target_lower_evidence(needed)}
    return Finding(
        "T19",
        Expressivity.MINIMAL,
        reason,
        "parameter_count",
        evidence,
        target_dimension=needed.value,
    )


def decide(analysis: Analysis) -> Finding | None:
    """By count, minimal by rank, maximal if affine blocks suffice, else positive."""
    counted = analysis.once(count)
    if counted is not None:
        return counted
    own, needed, found = analysis.parametrization, analysis.once(target), analysis.once(rank)
    assert own is not None
    if found.value < needed.value:
        return _minimal(analysis)
    if why_rank_open(own) is not None or needed.error_bound > analysis.options.error_bound:
        return None
    for blocks in affine_blocks(own):
        if sum(block.size for block in own.blocks if block.name in blocks) >= needed.value:
            affine = parametrised_rank(
                own, analysis.samples, upper=needed.value, blocks=blocks, **_options(analysis)
            )
            if affine.value == needed.value:
                return _at_full_rank(analysis, affine, blocks)
    return _at_full_rank(analysis, found, None)


def _minimal(analysis: Analysis) -> Finding | None:
    own, needed, found = analysis.parametrization, analysis.once(target), analysis.once(rank)
    assert own is not None
    if found.error_bound > analysis.options.error_bound:
        return None
    reason = (
        f"the outputs move in {found.value} independent directions only, whatever the "
        f"{own.n_parameters} parameters; {needed.value} are needed{gauge_in_words(own)}"
    )
    return Finding(
        "T19",
        Expressivity.MINIMAL,
        reason,
        "deficient_parameters",
        {"target_lower": target_lower_evidence(needed)},
        found.value,
        needed.value,
        error_bound=found.error_bound,
    )


def _at_full_rank(
    analysis: Analysis, found: GenericRank, blocks: tuple[str, ...] | None
) -> Finding:
    """Positive, or maximal where the outputs are affine in the parameters of these `blocks`."""
    own, needed = analysis.parametrization, analysis.once(target)
    assert own is not None
    evidence: dict[str, Any] = {
        "minor": minor_evidence(found.best),
        "target_upper": target_upper_evidence(needed),
    }
    reason, kind, left_open = f"the rank {needed.value} reaches the target dimension", "", ""
    if blocks is None:
        kind, left_open = "full_parameters", "whether every teacher is matched is open"
    else:
        kind, evidence["blocks"] = "affine_parameters", list(blocks)
        reason = f"the outputs are affine in {', '.join(blocks)}, and " + reason
    return Finding(
        "T19",
        Expressivity.POSITIVE if blocks is None else Expressivity.MAXIMAL,
        reason + gauge_in_words(own),
        kind,
        evidence,
        needed.value,
        needed.value,
        error_bound=needed.error_bound,
        left_open=left_open,
    )


def gauge_in_words(parametrization: Parametrization) -> str:
    """Which parameters only change the basis between two factors, in words; "" if none do.

    >>> from theorycheck import LinearFeedforward
    >>> from theorycheck.problem.parametrization import LowRank
    >>> gauge_in_words(Parametrization(LinearFeedforward([9, 9]), {"W1": LowRank(4)}))
    ' (4^2 = 16 of the parameters of W1 only change the basis between its factors)'
    """
    found = []
    for name, form in parametrization.forms.items():
        p, *q = parametrization.network.weight_shapes[name]
        if form.train != FACTORS:
            continue
        if form.rank <= min(p, *q):
            number = f"{form.rank}^2 = {form.rank**2} of the parameters of {name}"
        else:
            extra = form.rank * (p + q[0]) - p * q[0]
            number = f"{extra} of the parameters of {name}"
        found.append(f"{number} only change the basis between its factors")
    return f" ({'; '.join(found)})" if found else ""


THEOREM = Theorem("T19", why_not, decide, count=count)
