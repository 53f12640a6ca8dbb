"""Check of the counts for recurrent networks (T5)."""

from __future__ import annotations

from ..problem.networks.recurrent import LinearRecurrent
from .budget import STEP
from .claim import Check, Claim
from .rank import require_target_lower


def outside_count(claim: Claim) -> None:
    """Outside rows I and columns J fewer than (d - k|I|)(m_e - k|J|) weights are learnable."""
    network, evidence = claim.network, claim.evidence
    claim.require(isinstance(network, LinearRecurrent), "T5 is about recurrent networks")
    claim.require(claim.allocation.is_dense, "the network must be dense")
    claim.require(network.readout == "final", "the readout must be final")
    name = evidence["place"]
    claim.require(set(claim.allocation.counts) == {name}, f"learnables must be in {name} only")
    claim.require(name in ("input", "recurrent"), "the count is for input or recurrent weights")
    reach = network.steps if name == "input" else network.steps - 1
    mask = claim.allocation.mask(name)
    rows, columns = evidence["rows"], evidence["columns"]
    for lines, size in ((rows, mask.shape[0]), (columns, mask.shape[1])):
        inside = all(type(line) is int and 0 <= line < size for line in lines)
        claim.require(inside and lines == sorted(set(lines)), "lines must be in order, once")
    behind = network.outputs - reach * len(rows)
    ahead = claim.effective_samples() - reach * len(columns)
    claim.require(behind > 0 and ahead > 0, "too many rows or columns are left out")
    left_out = set(rows), set(columns)
    claim.charge(STEP * mask.size, "the count outside")
    found = sum(
        bool(bit)
        for i, line in enumerate(claim.rows(name, "learnable"))
        if i not in left_out[0]
        for j, bit in enumerate(line)
        if j not in left_out[1]
    )
    given = (evidence["found"], evidence["needed"])
    same = all(type(number) is int for number in given) and given == (found, behind * ahead)
    claim.require(same, f"{found} of {behind * ahead} are there")
    claim.require(found < behind * ahead, "that is enough")
    target = network.outputs * claim.effective_samples()
    require_target_lower(claim, target)
    claim.require_claim("minimal", None, target)


CHECKS: dict[str, Check] = {"outside_count": outside_count}
