"""Check a certificate on its own, in plain Python integers, without the code that found it.

The checker knows the network and the allocation; from theorems, exact ranks and reasons it takes
nothing. What each kind of certificate claims is described in docs/certificates.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ..certificates import Certificate, digest, plain_json
from ..display.paragraphs import Paragraph, one_line, printable
from ..display.shown import Shown
from ..errors import CertificateError, InputError, SizeError, TheorycheckError, shown
from .budget import MEMORY, Budget
from .claim import Claim
from .context import Context, require_error_bound
from .registry import check_certificate

_LONGEST_REASON = 1000  # characters


@dataclass(frozen=True, repr=False)
class CheckResult(Shown):
    """Whether a certificate holds, and why not; true or false as a condition.

    `error_bound` is 0 for a proof; else the claim is wrong with at most that probability over the
    primes and points that this check has drawn itself. `given` names what it has not computed
    again, which only `trust_degrees` allows: the claim holds if that does. `is_limited` says that
    it was not refused but given up, because of the limits on time and memory.
    """

    valid: bool
    reason: str
    kind: str | None = None
    theorem: str | None = None
    expressivity: str | None = None
    error_bound: float = 0.0
    given: tuple[str, ...] = ()
    is_limited: bool = False

    def paragraphs(self) -> list[Paragraph]:
        """What holds and how sure it is, or why the certificate is wrong."""
        if not self.valid:  # the reason may quote the certificate
            word = "NOT CHECKED" if self.is_limited else "WRONG"
            return [Paragraph(word, one_line(self.reason), "bold red")]
        claim = f"{str(self.expressivity).upper()} by {self.theorem} ({self.kind})"
        rigor = "proved"
        if self.error_bound:
            rigor = f"wrong with probability at most {self.error_bound:.1e}"
        return [
            Paragraph("verified", f"{claim}, {rigor}", "bold green"),
            *(Paragraph("given", item) for item in self.given),
        ]

    def __bool__(self) -> bool:
        return self.valid


def check(
    certificate: Certificate | Mapping[str, object],
    *,
    seed: int | None = None,
    error_bound: float | None = None,
    seconds: float | None = None,
    memory_limit: float = MEMORY,
    trust_degrees: bool = False,
    balls: bool = False,
) -> CheckResult:
    """Verify a certificate (or its JSON object) independently of the code that found it.

    What is random in it, primes and points, is drawn anew by each check; a `seed` repeats a check,
    and whoever knew it could have made a certificate for it. `error_bound` is the largest
    probability of error that a claim may state, by default 1e-9, and 1e-6 where it rests on the
    degree of equations. `seconds` is what the check may take (by default what the size of the
    certificate allows, 600 at most), `memory_limit` in bytes what it may hold at once. A degree of
    equations with too many solutions to count them is taken as given with `trust_degrees`; else
    the certificate is refused. With `balls` each minor of a nonlinear network, of 60 rows at most,
    has also to be shown not to be 0 at a rational point, in ball arithmetic: a second argument for
    the lower bound on a rank, which rests neither on primes nor on T11b. A certificate that has no
    such minor is refused.

    Never raises for a wrong, malformed or too large certificate: the result is then false, with
    the reason. Raises `InputError` for another argument out of range.

    >>> import theorycheck as tc
    >>> net = tc.LinearFeedforward([2, 3, 2])
    >>> verdict = tc.classify(tc.Allocation.layer(net, "W2"), samples=2)
    >>> bool(tc.check(verdict.certificate))
    True
    >>> import dataclasses
    >>> tc.check(dataclasses.replace(verdict.certificate, expressivity="minimal")).reason
    'the counts say maximal, not minimal'
    """
    _require_arguments(seed, error_bound, seconds, memory_limit)
    try:
        claim = _checked(
            certificate, seed, error_bound, seconds, memory_limit, trust_degrees, balls
        )
    except TheorycheckError as error:
        is_limited = isinstance(error, SizeError)
        return CheckResult(False, _safe(str(error)), is_limited=is_limited)
    except MemoryError:
        reason = "the memory of this machine is not enough to check this"
        return CheckResult(False, reason, is_limited=True)
    except Exception as error:
        # Evidence of the wrong form: a certificate comes from outside and may hold anything.
        text = shown(str(error)).strip("\"'")
        return CheckResult(False, f"malformed evidence ({type(error).__name__}: {text})")
    found = claim.certificate
    return CheckResult(
        True,
        "verified",
        found.kind,
        found.theorem,
        found.expressivity,
        claim.reached,
        tuple(claim.given),
    )


def _safe(reason: str) -> str:
    """One line of printable characters, not too long, whatever words of the certificate it quotes.

    A terminal would obey others, and some cannot even be written.
    """
    line = one_line(reason)
    if len(line) > _LONGEST_REASON:
        line = line[:_LONGEST_REASON] + "..."
    return printable(line, lambda c: ascii(c)[1:-1])


def _checked(
    given: object,
    seed: int | None,
    error_bound: float | None,
    seconds: float | None,
    memory_limit: float,
    trust_degrees: bool,
    balls: bool,
) -> Claim:
    """The claim of a certificate that holds; raises an error of whatever kind for another."""
    if isinstance(getattr(given, "certificate", None), Certificate):
        raise InputError(f"a {type(given).__name__} is no certificate, but has one: .certificate")
    data, size = plain_json(given.to_dict() if isinstance(given, Certificate) else given)
    certificate = Certificate.from_dict(data)
    require_error_bound(certificate, error_bound)
    problem = certificate.problem
    if isinstance(problem, dict) and "comment" in problem:  # which means nothing
        size -= len(json.dumps(problem["comment"]))
    budget = Budget.of(size, seconds, memory_limit)
    key = digest({name: data[name] for name in data if name != "digest"})
    context = Context.of(key, budget, seed, trust_degrees, balls)
    claim = check_certificate(certificate, context)
    if balls and not claim.n_minors_in_balls:
        raise CertificateError("there is no minor of a nonlinear network to be shown in balls")
    return claim


def _require_arguments(
    seed: object, error_bound: object, seconds: object, memory_limit: object
) -> None:
    """Raise `InputError` for an argument out of range; they come from anyone."""
    if seed is not None and (type(seed) is not int or seed < 0):
        raise InputError(f"seed must be an integer from 0, not {shown(seed)}")
    numbers = {"seconds": seconds, "memory_limit": memory_limit, "error_bound": error_bound}
    for name, value in numbers.items():
        below = 1 if name == "error_bound" else float("inf")
        fits = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < below
        if value is not None and not fits:
            limits = "between 0 and 1" if below == 1 else "above 0"
            raise InputError(f"{name} must be a number {limits}, not {shown(value)}")
