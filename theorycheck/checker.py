"""Check a certificate on its own, in plain Python integers, without the code that found it.

The checker knows the network and the allocation; from theorems, exact ranks and reasons it takes
nothing. What each kind of certificate claims is described in docs/certificates.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .certificates import Certificate
from .checks.claim import Claim
from .checks.registry import check_claim
from .entries import Entry
from .errors import TheorycheckError
from .shown import Shown


@dataclass(frozen=True, repr=False)
class CheckResult(Shown):
    """Whether a certificate holds, and why not; true or false as a condition.

    `error_bound` is 0 for a proof; else the claim is wrong with at most that probability over the
    random primes and points, which the checker has drawn again from their seed. `given` names what
    it has not computed again: the claim holds if that does.
    """

    valid: bool
    reason: str
    kind: str | None = None
    theorem: str | None = None
    expressivity: str | None = None
    error_bound: float = 0.0
    given: tuple[str, ...] = ()

    def entries(self) -> list[Entry]:
        """What holds and how sure it is, or why the certificate is wrong."""
        if not self.valid:  # the reason may quote the certificate
            return [Entry("WRONG", " ".join(self.reason.split()), "bold red")]
        claim = f"{str(self.expressivity).upper()} by {self.theorem} ({self.kind})"
        rigor = "proved"
        if self.error_bound:
            rigor = f"wrong with probability at most {self.error_bound:.1e}"
        return [
            Entry("verified", f"{claim}, {rigor}", "bold green"),
            *(Entry("given", item) for item in self.given),
        ]

    def __bool__(self) -> bool:
        return self.valid


def check(certificate: Certificate | Mapping[str, object]) -> CheckResult:
    """Verify a certificate (or its JSON object) independently of the code that found it.

    Never raises for a wrong or malformed certificate: the result is then false, with the reason.

    >>> import theorycheck as tc
    >>> net = tc.LinearFeedforward([2, 3, 2])
    >>> verdict = tc.classify(tc.Allocation.layer(net, "W2"), samples=2)
    >>> bool(tc.check(verdict.certificate))
    True
    >>> import dataclasses
    >>> tc.check(dataclasses.replace(verdict.certificate, expressivity="minimal")).reason
    'the counts say maximal, not minimal'
    """
    try:
        if not isinstance(certificate, Certificate):
            certificate = Certificate.from_dict(certificate)
        claim = Claim(certificate)
        check_claim(claim)
    except TheorycheckError as error:
        return CheckResult(False, str(error))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        # Evidence of the wrong form: a certificate comes from outside and may hold anything.
        return CheckResult(False, f"malformed evidence ({type(error).__name__}: {error})")
    return CheckResult(
        True,
        "verified",
        certificate.kind,
        certificate.theorem,
        certificate.expressivity,
        certificate.error_bound,
        tuple(claim.given),
    )
