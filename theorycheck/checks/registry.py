"""All kinds of certificates with their checks."""

from __future__ import annotations

from ..errors import CertificateError
from . import degree, graph, one_layer, rank, recurrent, reductions, relu, relu_bounds, solutions
from .claim import Check, Claim

KINDS: dict[str, Check] = {
    **graph.CHECKS,
    **one_layer.CHECKS,
    **rank.CHECKS,
    **degree.CHECKS,
    **recurrent.CHECKS,
    **reductions.CHECKS,
    **relu.CHECKS,
    **relu_bounds.CHECKS,
    **solutions.CHECKS,
}


# The others rest on inputs that are generic; the counts of a claim are then about their rank.
ON_GIVEN_INPUTS = {"full", "sub_allocation", *rank.CHECKS, *degree.CHECKS}


def check_claim(claim: Claim) -> None:
    """Verify a claim by its kind; raises `TheorycheckError` with the reason if it is refused."""
    kind = claim.certificate.kind
    if kind not in KINDS:
        raise CertificateError(f"unknown kind {kind!r}; known are {', '.join(KINDS)}")
    if claim.inputs is not None and kind not in ON_GIVEN_INPUTS:
        raise CertificateError(f"{kind} is about random inputs, here they are given")
    KINDS[kind](claim)
