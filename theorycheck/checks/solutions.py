"""Checks of certificates that know the number of solutions: odd (T6), or all of them (T7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..networks import LinearFeedforward
from . import plain
from .balls import require_roots
from .bezout import bezout_number, path_degrees, position
from .budget import STEP
from .claim import Check, Claim
from .context import is_about
from .instance import read_boxes, read_instance
from .rank import n_equations, require_full_rank
from .structure import Structure
from .univariate import require_univariate

_LARGEST_PRIME = 2**32  # larger ones take long to check, and no program needs them


@dataclass(frozen=True)
class Block:
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
    structure, cells = Structure(claim), claim.cells("learnable")
    for number in sorted(set(range(len(cells))) - set(block.unknowns)):
        acts_on = structure.equations(*cells[number]) & set(block.equations)
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
    cells = claim.cells("learnable")
    unknowns = sorted(number for block in blocks for number in block.unknowns)
    claim.require(unknowns == list(range(len(cells))), "each learnable is in exactly one block")
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
    claim.require(claim.allocation.n_learnable == claim.target(), "r = D is needed")


def _read_block(claim: Claim, data: Any) -> Block:
    names = set(Block.__dataclass_fields__)
    claim.require(set(data) == names, f"a block has {', '.join(sorted(names))}")
    block = Block(**data)
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


def _require_order(claim: Claim, blocks: list[Block]) -> None:
    """The equations of a block depend on the unknowns of this block and of earlier ones only."""
    structure, cells = Structure(claim), claim.cells("learnable")
    earlier: set[int] = set()
    for block in blocks:
        for unknown in block.unknowns:
            acts_on = structure.equations(*cells[unknown]) & earlier
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
    cells = {position(claim, equation)[1:] for equation in equations}
    rows = [o for o in range(d) if all((o, s) in cells for s in range(m))]
    columns = [s for s in range(m) if all((o, s) in cells for o in range(d))]
    cross = {(o, s) for o in range(d) for s in range(m) if o in rows or s in columns}
    fits = len(rows) == len(columns) == k and cells == cross
    claim.require(fits, f"the equations must be those of {k} outputs and {k} samples, or all")


def _require_degree(claim: Claim, block: Block) -> None:
    """No more than `degree` solutions, proved, counted again or on record."""
    evidence = block.degree_by
    by = evidence["by"]
    if by == "bezout":
        _require_bezout(claim, block)
        return
    if by == "univariate":
        require_univariate(claim, block.equations, block.unknowns, block.degree, evidence)
        return
    names = " or ".join(_RECORDS)
    claim.require(by in _RECORDS, f"a degree comes by bezout, univariate, {names}")
    keys, draw_keys, independent = _RECORDS[by]
    claim.require(set(evidence) == {"by", "draws", "error_bound", *keys}, f"{by} needs its keys")
    draws = evidence["draws"]
    for draw in draws:
        claim.require(set(draw) == {*draw_keys, "count"}, f"a draw by {by} needs its keys")
        whole = all(type(value) is int and value >= 0 for value in draw.values())
        claim.require(whole, "the numbers of a draw are integers")
        claim.require(draw["count"] == block.degree, f"a draw has {draw['count']} solutions")
    names = {tuple(draw[key] for key in independent) for draw in draws}
    claim.require(len(names) == len(draws) >= 2, "two independent draws are needed")
    bound = _monodromy(claim, evidence) if by == "monodromy" else _elimination(claim, evidence)
    n = len(block.equations)
    program = f" with {evidence['program']}" if by == "elimination" else ""
    claim.given.append(
        f"the degree {block.degree} of {n} equation{'s' if n > 1 else ''} "
        f"({by}{program}, {len(draws)} draws, error at most {bound:.1e})"
    )
    claim.stated += bound
    claim.reached += bound


_RECORDS: dict[str, tuple[Sequence[str], Sequence[str], Sequence[str]]] = {
    "monodromy": ((), ("seed", "loops"), ("seed",)),
    "elimination": (("program",), ("seed", "trial", "prime"), ("seed", "trial")),
}


def _monodromy(claim: Claim, evidence: dict[str, Any]) -> float:
    """A loop that misses solutions comes back to the same ones with probability 1/2 at most."""
    loops = [draw["loops"] for draw in evidence["draws"]]
    claim.require(min(loops) > 0 and sum(loops) <= 1000, "each draw has loops, 1000 at most")
    bound = 2.0 ** -sum(loops)
    claim.require(is_about(evidence["error_bound"], bound), f"the error bound must be {bound}")
    return bound


def _elimination(claim: Claim, evidence: dict[str, Any]) -> float:
    claim.require(evidence["program"] in ("msolve", "sympy"), "the program is msolve or sympy")
    for draw in evidence["draws"]:
        p = draw["prime"]
        claim.charge(2**16 * STEP / 2, "the primes of an elimination")
        claim.require(p < _LARGEST_PRIME and plain.is_prime(p), f"{p} is no prime of 32 bits")
    bound = evidence["error_bound"]
    fits = type(bound) is float and 0 < bound < 1
    claim.require(fits, "the error bound of an elimination is between 0 and 1")
    return bound


def _require_bezout(claim: Claim, block: Block) -> None:
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


def _require_solutions(claim: Claim, block: Block, non_real: bool) -> None:
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
