"""All kinds of certificates with their checks."""

from __future__ import annotations

from ..errors import CertificateError
from . import degree, graph, rank, reductions
from .claim import Check, Claim

KINDS: dict[str, Check] = {**graph.CHECKS, **rank.CHECKS, **degree.CHECKS, **reductions.CHECKS}


def check_claim(claim: Claim) -> None:
    """Verify a claim by its kind; raises `TheorycheckError` with the reason if it is refused."""
    kind = claim.certificate.kind
    if kind not in KINDS:
        raise CertificateError(f"unknown kind {kind!r}; known are {', '.join(KINDS)}")
    KINDS[kind](claim)
