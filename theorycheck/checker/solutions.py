"""Checks of certificates that know the number of solutions: odd (T6), or all of them (T7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import SizeError, shown
from ..problem.networks.feedforward import LinearFeedforward
from .balls import require_roots
from .bezout import bezout_number, path_degrees, position
from .budget import STEP
from .claim import Check, Claim
from .context import LEAST_ERROR
from .instance import read_boxes, read_instance
from .polynomial import require_powers
from .rank import n_equations, require_full_rank
from .solution_count import require_count
from .structure import Structure
from .univariate import require_univariate

_SEARCHES = ("monodromy", "elimination")


@dataclass(frozen=True)
class EquationBlock:
    """As many equations as unknowns; for generic data they have `degree` complex solutions."""

    equations: list[int]
    unknowns: list[int]
    degree: int
    degree_by: dict[str, Any]
    instance: dict[str, Any] | None
    solutions: dict[str, Any] | None

    @property
    def is_shown(self) -> bool:
        """Whether an instance with all its solutions is given."""
        return self.instance is not None


def witness(claim: Claim) -> None:
    """An instance of a closed block has all solutions that a generic one has, and none is real."""
    _require_critical(claim)
    block = _read_block(claim, claim.evidence["block"])
    structure, entries = Structure(claim), claim.entries("learnable")
    for number in sorted(set(range(len(entries))) - set(block.unknowns)):
        acts_on = structure.equations(*entries[number]) & set(block.equations)
        claim.require(not acts_on, f"the block is not closed: learnable {number} acts on it")
    claim.require(block.is_shown, "a witness needs an instance and its solutions")
    require_full_rank(claim)
    _require_degree(claim, block)
    _require_solutions(claim, block, non_real=True)
    claim.require_claim("intermediate", claim.target(), claim.target())


def odd_degree(claim: Claim) -> None:
    """Blocks to be solved one after the other, each with an odd number of solutions."""
    _require_critical(claim)
    blocks = [_read_block(claim, data) for data in claim.evidence["blocks"]]
    entries = claim.entries("learnable")
    unknowns = sorted(number for block in blocks for number in block.unknowns)
    claim.require(unknowns == list(range(len(entries))), "each learnable is in exactly one block")
    equations = sorted(number for block in blocks for number in block.equations)
    claim.require(len(set(equations)) == len(equations), "an equation is in two blocks")
    _require_all_or_cross(claim, equations)
    _require_order(claim, blocks)
    require_full_rank(claim)
    for number, block in enumerate(blocks):
        claim.require(block.degree % 2 == 1, f"the degree of block {number} is even")
        _require_degree(claim, block)
        if block.is_shown:
            _require_solutions(claim, block, non_real=False)
    claim.require_claim("maximal", claim.target(), claim.target())


def _require_critical(claim: Claim) -> None:
    require_powers(claim)
    claim.require(claim.allocation.n_learnable == claim.target(), "r = D is needed")


def _read_block(claim: Claim, data: Any) -> EquationBlock:
    names = set(EquationBlock.__dataclass_fields__)
    claim.require(set(data) == names, f"a block has {', '.join(sorted(names))}")
    block = EquationBlock(**data)
    _require_numbers(claim, block.equations, n_equations(claim), "equations")
    _require_numbers(claim, block.unknowns, claim.allocation.n_learnable, "unknowns")
    is_square = len(block.equations) == len(block.unknowns) > 0
    claim.require(is_square, "a block has as many equations as unknowns, at least one")
    claim.require(type(block.degree) is int and block.degree > 0, "the degree is at least 1")
    both = (block.instance is None) == (block.solutions is None)
    claim.require(both, "an instance comes with its solutions")
    return block


def _require_numbers(claim: Claim, numbers: Any, n: int, what: str) -> None:
    inside = all(type(number) is int and 0 <= number < n for number in numbers)
    claim.require(inside, f"the {what} of a block must be in 0..{n - 1}")
    claim.require(numbers == sorted(set(numbers)), f"the {what} of a block are listed in order")


def _require_order(claim: Claim, blocks: list[EquationBlock]) -> None:
    """The equations of a block depend on the unknowns of this block and of earlier ones only."""
    structure, entries = Structure(claim), claim.entries("learnable")
    earlier: set[int] = set()
    for block in blocks:
        for unknown in block.unknowns:
            acts_on = structure.equations(*entries[unknown]) & earlier
            claim.require(not acts_on, f"learnable {unknown} acts on a block before its own")
        earlier |= set(block.equations)


def _require_all_or_cross(claim: Claim, equations: list[int]) -> None:
    """All equations; or, of matrices of rank k, k rows and k columns, which determine the rest."""
    if len(equations) == n_equations(claim):
        return
    network = claim.network
    claim.require(
        isinstance(network, LinearFeedforward) and not network.bias,
        "every equation must be in a block",
    )
    d, m = network.outputs, claim.effective_samples()
    k = min(d, m, *network.widths[1:-1])
    claim.charge(STEP * 3 * d * m, "the equations of a cross")
    # With r = D a cross has D = k (d + m - k) equations: the outputs are all matrices of rank k.
    entries = {position(claim, equation)[1:] for equation in equations}
    rows = [o for o in range(d) if all((o, s) in entries for s in range(m))]
    columns = [s for s in range(m) if all((o, s) in entries for o in range(d))]
    cross = {(o, s) for o in range(d) for s in range(m) if o in rows or s in columns}
    fits = len(rows) == len(columns) == k and entries == cross
    claim.require(fits, f"the equations must be those of {k} outputs and {k} samples, or all")


def _require_degree(claim: Claim, block: EquationBlock) -> None:
    """No more than `degree` solutions, proved, counted again or on record."""
    evidence = block.degree_by
    by = evidence["by"]
    if by == "bezout":
        _require_bezout(claim, block)
        return
    if by == "univariate":
        claim.require(not claim.is_nonlinear, "univariate is about linear networks")
        require_univariate(claim, block.equations, block.unknowns, block.degree, evidence)
        return
    claim.require(
        by in _SEARCHES, f"a degree comes by bezout, univariate or {' or '.join(_SEARCHES)}"
    )
    claim.require(set(evidence) == {"by", "error_bound"}, f"{by} needs its keys")
    _require_counted(claim, block, evidence)


def _require_counted(claim: Claim, block: EquationBlock, evidence: dict[str, Any]) -> None:
    """The degree of a search is counted again; what takes too much is given, if that is wanted."""
    stated = evidence["error_bound"]
    fits = type(stated) is float and LEAST_ERROR <= stated < 1
    limits = f"from {LEAST_ERROR:g} on and below 1"
    claim.require(fits, f"the error bound of a degree must be {limits}, not {shown(stated)}")
    claim.stated += stated
    n = len(block.equations)
    what = f"the degree {block.degree} of {n} equation{'s' if n > 1 else ''} ({evidence['by']})"
    try:
        reached = require_count(claim, block.equations, block.unknowns, block.degree, stated)
    except SizeError as error:
        if not claim.context.trusts_degrees:
            raise SizeError(
                f"{what} is not counted: {error}; or --trust-degrees (trust_degrees=True) takes "
                "it as given"
            ) from None
        claim.given.append(f"{what}, wrong with probability at most {stated:.1e}")
        reached = stated
    claim.reached += reached


def _require_bezout(claim: Claim, block: EquationBlock) -> None:
    """At most as many isolated solutions as claimed; at least as many by the balls, or by rank."""
    groups = block.degree_by["groups"]
    claim.require(set(block.degree_by) == {"by", "groups"}, "bezout has groups only")
    members = [number for group in groups for number in group]
    whole = all(type(number) is int for number in members) and all(groups)
    claim.require(
        whole and sorted(members) == block.unknowns, "the groups must share out the unknowns"
    )
    degrees = path_degrees(claim, block.equations, groups)
    number = bezout_number(claim, degrees, [len(group) for group in groups])
    claim.require(number == block.degree, f"the Bezout number is {number}, not {block.degree}")
    claim.require(number == 1 or block.is_shown, "a Bezout number above 1 needs an instance")


def _require_solutions(claim: Claim, block: EquationBlock, non_real: bool) -> None:
    """The instance has `degree` simple solutions in disjoint balls, if asked none of them real."""
    claim.require(block.is_shown, "the instance is missing")
    boxes = read_boxes(claim, block.solutions, len(block.unknowns))
    n = len(boxes)
    claim.require(n == block.degree, f"{n} balls do not show {block.degree} solutions")
    claim.require(not (non_real and n % 2), "non-real solutions come in pairs")
    instance = read_instance(claim, block.instance)
    claim.charge(20 * STEP * n**2 * len(block.unknowns), "balls that are apart")
    for number, box in enumerate(boxes):
        claim.require(box.is_non_real() or not non_real, f"ball {number} may hold a real solution")
        apart = all(box.is_apart(other) for other in boxes[:number])
        claim.require(apart, f"ball {number} meets an earlier one")
    require_roots(claim, block.equations, block.unknowns, instance, boxes)
    # The equations are real: the conjugate of a solution is one, and must be among all of them.
    for number, box in enumerate(boxes):
        mirrored = box.conjugate()
        paired = any(not mirrored.is_apart(other) for other in boxes)
        claim.require(paired, f"solution {number} has no conjugate: the degree is larger")


CHECKS: dict[str, Check] = {check.__name__: check for check in (witness, odd_degree)}
