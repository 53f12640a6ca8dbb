"""Checks of certificates about one learnable layer (T4): is its frozen set independent?

With a = p - d and b = q - m_e the mask is maximal iff its frozen entries are independent in the
bipartite rigidity matroid B_(p,q)(a, b).
"""

from __future__ import annotations

from .budget import STEP
from .claim import Check, Claim
from .frozen import Assignment, Frozen, ones, other
from .question import Question, one_layer_question


def two_dimensions(claim: Claim) -> None:
    """d = 2 (or m_e = 2): full columns and a sum over the rows, or the other way round."""
    question, evidence, axis = one_layer_question(claim), claim.evidence, claim.evidence["axis"]
    claim.require(axis in ("rows", "columns"), "the axis must be rows or columns")
    outputs, samples = question.outputs, question.samples
    if axis == "rows":
        outputs, samples = samples, outputs
    claim.require(outputs == 2, f"this sum decides for two dimensions, here are {outputs}")
    # Learnable entries: columns or, with axis rows, rows.
    learnable = Frozen(claim, question.mask, learnable=True)
    full = [line for line, entries in enumerate(learnable.lines(axis)) if entries.bit_count() >= 2]
    outside = learnable.alive[axis] - sum(1 << line for line in full)
    left = max(samples - len(full), 0)
    found = sum(min((c & outside).bit_count(), left) for c in learnable.lines(other(axis)))
    actual = {"full": len(full), "left": left, "found": found}
    for key, value in actual.items():
        same = type(evidence[key]) is int and evidence[key] == value
        claim.require(same, f"{key} must be {value}, not {evidence[key]}")
    claim.require_claim("maximal" if found >= 2 * left else "minimal")


def _rigidity_question(claim: Claim, least: int = 1) -> tuple[Question, Frozen]:
    question = one_layer_question(claim)
    enough = min(question.a, question.b) >= least
    claim.require(enough, f"a = {question.a} and b = {question.b} must be at least {least}")
    return question, Frozen(claim, question.mask)


def rectangle(claim: Claim) -> None:
    """More frozen entries in rows x columns than can be independent."""
    question, frozen = _rigidity_question(claim)
    lines = {axis: claim.evidence[axis] for axis in ("rows", "columns")}
    for axis, least in (("rows", question.a), ("columns", question.b)):
        inside = set(range(len(frozen.lines(axis))))
        proper = all(type(line) is int for line in lines[axis])
        proper = proper and len(set(lines[axis])) == len(lines[axis])
        proper = proper and inside.issuperset(lines[axis])
        claim.require(proper, f"the {axis} must be distinct lines of the mask")
        claim.require(len(lines[axis]) >= least, f"at least {least} {axis} are needed")
    columns = 0
    for j in lines["columns"]:
        columns |= 1 << j
    found = sum((frozen.rows[i] & columns).bit_count() for i in lines["rows"])
    most = question.b * len(lines["rows"]) + question.a * len(lines["columns"])
    most -= question.a * question.b
    given = (claim.evidence["frozen"], claim.evidence["most"])
    same = all(type(number) is int for number in given) and given == (found, most)
    claim.require(same, f"{found} cells are frozen, {most} can be")
    claim.require(found > most, f"{found} frozen cells are not more than {most}")
    claim.require_claim("minimal")


def peeling_order(claim: Claim) -> None:
    """Every frozen entry goes when lines with few of them left are deleted one by one."""
    question, frozen = _rigidity_question(claim)
    frozen.peel(claim, claim.evidence["peeled"], question.a, question.b)
    left = any(frozen.remaining("rows").values())
    claim.require(not left, "some frozen cells are left")
    claim.require_claim("maximal")


def assignment(claim: Claim) -> None:
    """After peeling, each entry has a place in its row or column, whichever row must be empty."""
    question, frozen = _rigidity_question(claim)
    frozen.peel(claim, claim.evidence["peeled"], question.a, question.b)
    axis = claim.evidence["axis"]
    claim.require(axis in ("rows", "columns"), "the axis must be rows or columns")
    # With axis columns each column takes one entry and each row up to b.
    most = question.b if axis == "columns" else question.a
    takers, rows = frozen.remaining(axis), frozen.remaining(other(axis))
    head: dict[int, int] = {}
    for i, j in claim.evidence["cells"]:
        line, row = (j, i) if axis == "columns" else (i, j)
        is_frozen = type(i) is int and type(j) is int and row in rows and takers.get(line, 0)
        claim.require(bool(is_frozen and rows[row] >> line & 1), f"({i}, {j}) must be frozen")
        claim.require(line not in head, f"{line} of the {axis} takes two cells")
        head[line] = row
    claim.require(head.keys() == takers.keys(), f"each of the {axis} left takes a cell")
    entries = Assignment(claim, rows, head, most)
    claim.require(max(entries.load.values(), default=0) <= most, f"a line holds more than {most}")
    passed: set[int] = set()
    for row in rows:
        fits = entries.can_be_emptied(row, passed)
        claim.require(fits, f"the cells of {row} of the {other(axis)} fit nowhere else")
        passed.add(row)
    claim.require_claim("maximal")


def two_forests(claim: Claim) -> None:
    """After peeling, an order of the lines: rows before columns form a forest, the others too."""
    question, frozen = _rigidity_question(claim, least=2)
    frozen.peel(claim, claim.evidence["peeled"], question.a, question.b)
    position = {(line, index): place for line, index, place in _positions(claim)}
    lines = {("row", i) for i in ones(frozen.alive["rows"])}
    lines |= {("column", j) for j in ones(frozen.alive["columns"])}
    claim.require(position.keys() == lines, "the order must name each line that is left")
    forests = ({line: {line} for line in lines}, {line: {line} for line in lines})
    for i, entries in frozen.remaining("rows").items():
        for j in ones(entries):
            row, column = ("row", i), ("column", j)
            tree = forests[position[row] < position[column]]
            claim.require(tree[row] is not tree[column], f"cell ({i}, {j}) closes a cycle")
            joined = tree[row] | tree[column]
            claim.charge(STEP * (5 + len(joined)), "the forests")
            tree.update(dict.fromkeys(joined, joined))
    claim.require_claim("maximal")


def block_forests(claim: Claim) -> None:
    """After peeling, rows in a classes, columns in b, and a forest in each pair of classes."""
    question, frozen = _rigidity_question(claim)
    frozen.peel(claim, claim.evidence["peeled"], question.a, question.b)
    classes: dict[str, dict[int, int]] = {}
    for axis, most in (("rows", question.a), ("columns", question.b)):
        given = claim.evidence[axis]
        classes[axis] = dict(zip(ones(frozen.alive[axis]), given, strict=True))
        proper = all(type(group) is int and 0 <= group < most for group in given)
        claim.require(proper, f"the classes of the {axis} must be below {most}")
    # A line has one node for every class across, so that blocks do not share any.
    tree: dict[tuple[str, int, int], set[tuple[str, int, int]]] = {}
    for i, entries in frozen.remaining("rows").items():
        for j in ones(entries):
            row, column = ("row", i, classes["columns"][j]), ("column", j, classes["rows"][i])
            one, two = tree.setdefault(row, {row}), tree.setdefault(column, {column})
            claim.require(one is not two, f"cell ({i}, {j}) closes a cycle")
            joined = one | two
            claim.charge(STEP * (5 + len(joined)), "the forests")
            tree.update(dict.fromkeys(joined, joined))
    claim.require_claim("maximal")


def _positions(claim: Claim) -> list[tuple[str, int, int]]:
    order = claim.evidence["order"]
    positions = [(line, index, place) for place, (line, index) in enumerate(order)]
    claim.require(all(type(index) is int for _, index, _ in positions), "lines are numbered")
    claim.require(len({place[:2] for place in positions}) == len(order), "lines are named once")
    return positions


def colouring(claim: Claim) -> None:
    """Columns in m_e colours that each meet d rows, or rows in d colours that meet m_e columns."""
    question, axis = one_layer_question(claim), claim.evidence["axis"]
    claim.require(axis in ("rows", "columns"), "the axis must be rows or columns")
    n_colours, needed = question.samples, question.outputs
    if axis == "rows":
        n_colours, needed = needed, n_colours
    lines, colours = (
        Frozen(claim, question.mask, learnable=True).lines(axis),
        claim.evidence["colours"],
    )
    met = [0] * n_colours
    for colour, entries in zip(colours, lines, strict=True):
        proper = type(colour) is int and 0 <= colour < n_colours
        claim.require(proper, f"colour {colour} is not one of {n_colours}")
        met[colour] |= entries
    for colour, entries in enumerate(met):
        claim.require(
            entries.bit_count() >= needed, f"colour {colour} meets {entries.bit_count()} < {needed}"
        )
    claim.require_claim("maximal")


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        two_dimensions,
        rectangle,
        peeling_order,
        assignment,
        two_forests,
        colouring,
        block_forests,
    )
}
