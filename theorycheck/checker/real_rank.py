"""Checks of ranks from below at a real point (T11): true of any analytic network.

The rank of the oracle is never too small, whatever activations and inputs are, and it is all that
is asked of it here. Nothing says that it is the true one: a minor in balls shows what is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .activations import ORACLES
from .claim import Check, Claim
from .oracle import hidden_activations
from .oracle_balls import require_minor_in_balls
from .rank import given_to, n_equations, require_indices, require_rank, require_target_upper
from .readout import require_readout_alone
from .residual import residual_layers


def real_deficient_rank(claim: Claim) -> None:
    """The learnables have at most `rank` in trials; all weights have more at a real point."""
    _require_analytic(claim)
    rank, n_learnable = claim.evidence["rank"], claim.allocation.n_learnable
    fits = type(rank) is int and 0 <= rank <= n_learnable
    claim.require(fits, f"the rank must be in 0..{n_learnable}")
    _require_real_minor(claim, claim.evidence["minor"], "present", rank + 1)
    if rank < n_learnable:
        _require_exact_inputs(claim)
        require_rank(claim, "learnable", rank, rank + 1, claim.certificate.error_bound)
    claim.require_claim("minimal")


def real_full_rank(claim: Claim) -> None:
    """The learnables have rank D at a real point, and D is at most that."""
    _require_target(claim, "positive")


def real_readout_rank(claim: Claim) -> None:
    """The same, and all learnables are in the readout (T12 a)."""
    require_readout_alone(claim)
    _require_target(claim, "maximal")


def _require_target(claim: Claim, expressivity: str) -> None:
    """The learnables have rank D at a real point, which is no less than D: this class follows."""
    _require_analytic(claim)
    target = claim.target()
    _require_real_minor(claim, claim.evidence["minor"], "learnable", target)
    if claim.evidence["target_upper"].get("by") == "trials":
        _require_exact_inputs(claim)
    require_target_upper(claim, target)
    claim.require_claim(expressivity, target, target)


def _require_analytic(claim: Claim) -> None:
    other = [name for name in hidden_activations(claim.network) if name not in ORACLES]
    claim.require(not other, f"T11 is about analytic activations, not {', '.join(other)}")


def _require_exact_inputs(claim: Claim) -> None:
    """Trials see a multiple of given inputs, which only first weights take up."""
    is_multiple = claim.scale != 1 and 1 in residual_layers(claim.network)
    claim.require(not is_multiple, "given inputs that layer 1 adds must be integers here")


def _require_real_minor(claim: Claim, minor: Mapping[str, Any], which: str, size: int) -> None:
    """A minor of the `which` weights, of this size, is not 0 at a real point."""
    claim.require(minor.keys() == {"rows", "columns"}, "a minor has rows and columns")
    require_indices(claim, minor["rows"], n_equations(claim), size, "rows")
    count = getattr(claim.allocation, f"n_{which}")
    require_indices(claim, minor["columns"], count, size, "columns")
    claim.n_minors_in_balls += 1
    if size:
        entries = claim.entries(which)
        chosen, frozen = [entries[k] for k in minor["columns"]], given_to(claim, which)
        require_minor_in_balls(claim, minor["rows"], chosen, frozen)


CHECKS: dict[str, Check] = {
    check.__name__: check for check in (real_deficient_rank, real_full_rank, real_readout_rank)
}
