"""What a check brings along: its own randomness, its budget, and the largest error it accepts."""

from __future__ import annotations

import hashlib
import math
import secrets
from dataclasses import dataclass, replace
from typing import Any

from ..certificate_kinds import LARGEST_ERROR, CertificateKind, kind_of
from ..certificates import Certificate
from ..errors import CertificateError, shown
from . import plain
from .budget import Budget

MOST_TRIALS = 64
LOWER_TRIALS = 8  # of which one shows that a minor is not zero
MOST_NESTED = 4  # certificates in one another
LEAST_ERROR = 1e-300  # smaller powers of floats are not exact, and 0 is a proof
_TOLERANCE = 1e-6  # relative, of bounds that were computed elsewhere


@dataclass(frozen=True)
class Context:
    """The key of all draws, the budget, and the level of a certificate inside of others.

    `trusts_degrees` tells whether degrees that cannot be counted are taken as given, `in_balls`
    whether minors of nonlinear networks have to be shown in balls, too.
    """

    key: str
    budget: Budget
    level: int = 1
    trusts_degrees: bool = False
    in_balls: bool = False

    @classmethod
    def of(
        cls,
        digest: str,
        budget: Budget,
        seed: int | None = None,
        trusts_degrees: bool = False,
        in_balls: bool = False,
    ) -> Context:
        """The key of a certificate with this digest: from fresh randomness, or from a seed."""
        randomness = secrets.token_hex(32) if seed is None else str(seed)
        key = hashlib.sha256(f"{randomness}/{digest}".encode()).hexdigest()
        return cls(key, budget, trusts_degrees=trusts_degrees, in_balls=in_balls)

    def inner(self) -> Context:
        """The same for a certificate inside of this one."""
        if self.level == MOST_NESTED:
            raise CertificateError(f"more than {MOST_NESTED} certificates are in one another")
        return replace(self, level=self.level + 1)

    def prime(self, trial: int, name: str = "prime", remainder: int | None = None) -> int:
        """The prime of a trial from the stream `name`, perhaps with a remainder modulo 4."""
        self.budget.charge(2e5, "a prime")
        return plain.prime_of(self.key, trial, name, remainder)


def require_error_bound(certificate: Certificate, largest: float | None) -> None:
    """Refuse a claim that may be wrong with a larger probability than is accepted.

    `largest` is in place of both defaults, that of ranks and that of degrees.
    """
    bound = certificate.error_bound
    if type(bound) not in (int, float) or not 0 <= bound < 1:
        raise CertificateError(f"the error bound must be from 0 to 1, not {shown(bound)}")
    if largest is None:
        kind = _innermost(certificate)
        largest = LARGEST_ERROR if kind is None else kind.largest_error
    if bound > largest:
        raise CertificateError(
            f"the claim may be wrong with probability {bound:.3g}, more than the largest that is "
            f"accepted, {largest:g}; --error-bound (error_bound=...) accepts another"
        )


def _innermost(certificate: Certificate) -> CertificateKind | None:
    """The kind of the certificate that all others rest on, if it is known."""
    kind, evidence = kind_of(certificate.kind), certificate.evidence
    while kind is not None and kind.rests_on_another:
        inner = evidence.get("certificate")
        if not isinstance(inner, dict) or not isinstance(inner.get("evidence"), dict):
            break
        kind, evidence = kind_of(inner.get("kind")), inner["evidence"]
    return kind


def n_trials(bound: float, stated: float, times: int = 1) -> int:
    """The least number k of trials with times x bound^k at most what is stated.

    `bound` is that of one trial. Raises `CertificateError` if no number, or only one above 64, is.

    >>> n_trials(1e-5, 1e-9), n_trials(1e-5, 1e-10)
    (2, 2)
    """
    stated *= 1 + _TOLERANCE
    if not bound < 1:
        raise CertificateError("one trial bounds no error here, so that trials show nothing")
    for k in range(1, MOST_TRIALS + 1):
        if times * bound**k <= stated:
            return k
    raise CertificateError(f"{MOST_TRIALS} trials do not reach the error bound {stated:.3g}")


def is_about(claimed: Any, bound: float) -> bool:
    """Whether a number of a certificate is this bound, up to rounding; 0 only if it is 0."""
    return type(claimed) in (int, float) and abs(claimed - bound) <= _TOLERANCE * bound


def trial_bound(size: float, degree: float, log_paths: float) -> float:
    """Probability that a fixed non-zero minor vanishes in a trial, at most (docs/certificates.md).

    Size, degree of the entries, and log2 of the number of paths: divisible coefficients for at
    most bits / 22 primes, zeros of a polynomial with probability degree / p.
    """
    bits = size * (math.log2(size) + log_paths)
    return (1 + 1e-9) * (size * degree / 2**22 + bits / 22 / plain.N_PRIMES)
