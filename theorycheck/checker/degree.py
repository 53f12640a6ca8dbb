"""Checks of certificates that bound the number of solutions (T6)."""

from __future__ import annotations

import math

from ..problem.networks.feedforward import LinearFeedforward
from .budget import STEP
from .claim import Check, Claim
from .rank import n_equations, require_full_rank, require_target_lower
from .structure import Structure


def structural_cover(claim: Claim) -> None:
    """Equations and learnables, fewer than D, that cover every non-zero entry of the Jacobian."""
    claim.require(not claim.is_nonlinear, "a structural cover is about linear networks")
    target = claim.target()
    evidence, entries = claim.evidence, claim.entries("learnable")
    equations, learnables = set(evidence["equations"]), set(evidence["learnables"])
    for given, indices, n in (
        (evidence["equations"], equations, n_equations(claim)),
        (evidence["learnables"], learnables, len(entries)),
    ):
        claim.require(given == sorted(indices), "the cover must be listed in order, once")
        inside = all(type(index) is int and 0 <= index < n for index in indices)
        claim.require(inside, f"the numbers of the cover must be in 0..{n - 1}")
    size = len(equations) + len(learnables)
    claim.require(size < target, f"a cover of {size} does not show a rank below {target}")
    structure = Structure(claim)
    for number, entry in enumerate(entries):
        if number not in learnables:
            missed = structure.equations(*entry) - equations
            claim.require(not missed, f"learnable {number} acts on equations outside the cover")
    require_target_lower(claim, target)
    claim.require_claim("minimal", None, target)


def group_bezout(claim: Claim) -> None:
    """prod_i C(e_i, r_i) (D - sum r_i)! / prod_l r_l! = 1 for the equations of the minor."""
    network = _critical(claim)
    samples = claim.effective_samples()
    by_rows = _is_by_rows(claim)
    claim.require(by_rows or not network.bias, "columns: without biases")
    edge = network.depth if by_rows else 1
    equations: dict[int, int] = {}
    for row in claim.evidence["minor"]["rows"]:
        line = row // samples if by_rows else row % samples
        equations[line] = equations.get(line, 0) + 1
    learnables: dict[int, int] = {}
    layers: dict[int, int] = {}
    for name, index in claim.entries("learnable"):
        if int(name[1:]) == edge:
            line = index[0] if by_rows else index[1]
            learnables[line] = learnables.get(line, 0) + 1
        else:
            layers[int(name[1:])] = layers.get(int(name[1:]), 0) + 1
    total = claim.allocation.n_learnable
    claim.charge(STEP * total + total**2, "the group Bezout number")
    number = math.factorial(sum(layers.values()))
    for count in layers.values():
        number //= math.factorial(count)
    for line, count in learnables.items():
        number *= math.comb(equations.get(line, 0), count)
    claim.require(number == 1, f"the group Bezout number is {number}, not 1")
    _one_solution(claim)


def triangular(claim: Claim) -> None:
    """Each equation, in order, has one learnable that no earlier equation depends on."""
    _critical(claim)
    entries = claim.entries("learnable")
    order = claim.evidence["order"]
    rows, columns = [row for row, _ in order], [column for _, column in order]
    whole = all(type(number) is int for pair in order for number in pair)
    claim.require(whole, "equations and learnables are numbered by integers")
    claim.require(sorted(rows) == sorted(claim.evidence["minor"]["rows"]), "other equations")
    claim.require(sorted(columns) == list(range(len(entries))), "each learnable comes once")
    structure = Structure(claim)
    position = {row: place for place, row in enumerate(rows)}
    for place, column in enumerate(columns):
        acts_on = [position[e] for e in structure.equations(*entries[column]) if e in position]
        claim.require(min(acts_on, default=-1) == place, f"learnable {column} comes too early")
    _one_solution(claim)


def _critical(claim: Claim) -> LinearFeedforward:
    network = claim.network
    claim.require(isinstance(network, LinearFeedforward), "the bound is for feed-forward networks")
    claim.require(claim.allocation.n_learnable == claim.target(), "r = D is needed")
    return network


def _is_by_rows(claim: Claim) -> bool:
    """Along the outputs; along the inputs needs samples that span them."""
    side = claim.evidence["side"]
    claim.require(side in ("rows", "columns"), "the side is rows or columns")
    is_spanning = claim.effective_samples() == claim.input_dimension()
    claim.require(side == "rows" or is_spanning, "columns need samples that span the inputs")
    return side == "rows"


def _one_solution(claim: Claim) -> None:
    require_full_rank(claim)
    target = claim.target()
    claim.require_claim("maximal", target, target)


CHECKS: dict[str, Check] = {
    check.__name__: check for check in (structural_cover, group_bezout, triangular)
}
