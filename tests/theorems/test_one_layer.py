"""T4's cases against the exact rank, against brute force and against planted mistakes."""

from itertools import combinations, combinations_with_replacement, permutations, product
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.answers.test_known import read
from tests.shared.strategies import seeds
from theorycheck.theorems import t04_one_layer
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.counts import line_counts
from theorycheck.theorems.one_layer import decide_mask
from theorycheck.theorems.one_layer.block_forests import find_classes
from theorycheck.theorems.one_layer.colouring import find_colouring
from theorycheck.theorems.one_layer.core import find_core
from theorycheck.theorems.one_layer.flows import EntryAssignment, assign
from theorycheck.theorems.one_layer.rectangle import find_violated, is_crowded
from theorycheck.theorems.one_layer.small_sizes import find_cycle, two_dimension_sum
from theorycheck.theorems.one_layer.two_forests import find_order

pytestmark = pytest.mark.long


def allocation_of(mask: np.ndarray, outputs: int, bias: bool = False) -> tc.Allocation:
    """A network with `mask` as its first layer, the only learnable one."""
    p, q = mask.shape
    network = tc.LinearFeedforward([q - bias, p, outputs], bias=bias)
    masks = {"W1": mask[:, : q - bias]} | ({"b1": mask[:, -1]} if bias else {})
    return tc.Allocation(network, masks)


def is_maximal(mask: np.ndarray, outputs: int, samples: int, bias: bool = False) -> bool:
    """By the exact rank (a one-layer allocation is affine: T2)."""
    analysis = Analysis(allocation_of(mask, outputs, bias), samples)
    return analysis.rank.value == analysis.target.value


def check_decision(mask: np.ndarray, outputs: int, samples: int, bias: bool = False) -> str:
    """Compare T4 with the exact rank, and have its certificate checked."""
    allocation = allocation_of(mask, outputs, bias)
    finding = t04_one_layer.decide(Analysis(allocation, samples))
    a, b = mask.shape[0] - outputs, mask.shape[1] - samples
    if finding is None:
        assert min(a, b) >= 2
        assert min(outputs, samples) >= 3
        return "open"
    assert (finding.expressivity == "maximal") == is_maximal(mask, outputs, samples, bias), finding
    certificate = tc.classify(allocation, samples, theorems=(t04_one_layer.THEOREM,)).certificate
    assert tc.check(certificate).reason == "verified"  # type: ignore[arg-type]
    return f"{finding.kind} {finding.expressivity}"


def masks_up_to_order(p: int, q: int):
    """Every p x q mask with a learnable, one of those that permuted rows and columns make equal."""
    if p > q:  # fewer rows have fewer orders
        yield from (mask.T for mask in masks_up_to_order(q, p))
        return
    seen = set()
    lines = list(product((False, True), repeat=q))
    for rows in combinations_with_replacement(lines, p):
        columns = list(zip(*rows, strict=True))
        if columns == sorted(columns) and any(map(any, rows)):
            least = min(sorted(zip(*order, strict=True)) for order in permutations(rows))
            if tuple(least) not in seen:
                seen.add(tuple(least))
                yield np.array(rows)


def test_masks_up_to_order_are_as_many_as_orbits():
    """But for the empty one; the numbers are those of A028657 in the OEIS."""
    shapes = ((2, 2), (3, 3), (4, 3), (4, 4), (4, 5))
    counts = [len(list(masks_up_to_order(p, q))) + 1 for p, q in shapes]
    assert counts == [7, 36, 87, 317, 1053]


@pytest.mark.parametrize("shape", [(3, 3), (3, 4), (4, 4), (4, 5), (5, 4)])
def test_every_mask_of_small_layers_agrees_with_the_exact_rank(shape):
    p, q = shape
    kinds = set()
    for number, mask in enumerate(masks_up_to_order(p, q)):
        for d, m in product(range(1, p + 1), range(1, q + 1)):
            # All (d, m) for the smaller ones; for the larger the hard ones, or one of them in turn.
            if p * q <= 12 or (d == p - 1 and m == q - 1) or (number % 4 == (d + m) % 4):
                kinds.add(check_decision(mask, d, m))
    expected = {"two_dimensions minimal"} if p * q > 9 else {"forest maximal", "cycle minimal"}
    expected |= {"peeling_order maximal", "rectangle minimal"} if p * q > 16 else set()
    assert expected <= kinds


@st.composite
def layers(draw, most: int = 3, largest: int = 5):
    """A mask with about as many frozen entries as can be independent, with d, m and a bias."""
    a, b = draw(st.integers(0, most)), draw(st.integers(0, most))
    d, m = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    p, q = d + a, m + b
    rng = np.random.default_rng(draw(seeds))
    n_frozen = b * p + a * q - a * b - draw(st.integers(-1, 4))
    weight = rng.random((p, q)) ** draw(st.sampled_from([0.01, 1.0]))
    order = np.argsort(-rng.random(p * q) * weight.ravel())
    mask = np.ones((p, q), dtype=bool)
    mask.flat[order[: int(np.clip(n_frozen, 0, p * q - 1))]] = False
    return mask, d, m, draw(st.booleans()) and q > 1


@settings(max_examples=600)
@given(layers())
def test_masks_near_the_boundary_agree_with_the_exact_rank(layer):
    check_decision(*layer)


@settings(max_examples=300)
@given(layers(), seeds)
def test_transposing_and_permuting_never_contradict(layer, seed):
    mask, d, m, _ = layer
    rng = np.random.default_rng(seed)
    permuted = rng.permutation(rng.permutation(mask), axis=1)
    one = decide_mask("T4", "W1", mask, d, m)
    for finding in (
        decide_mask("T4", "W1", mask.T, m, d),
        decide_mask("T4", "W1", permuted, d, m),
        decide_mask("T5", "recurrent", mask, d, m),
    ):
        if min(mask.shape[0] - d, mask.shape[1] - m) <= 1 or min(d, m) <= 2:
            assert one is not None
            assert finding is not None
        if one and finding:
            assert one.expressivity == finding.expressivity


# --- each case against brute force ----------------------------------------------------------------


def crowded_rectangles(frozen, a, b, least_rows, least_columns):
    """All rectangles with more frozen entries than b rows + a columns - a b, by brute force."""
    p, q = frozen.shape
    for n_rows, n_columns in product(range(least_rows, p + 1), range(least_columns, q + 1)):
        for rows in combinations(range(p), n_rows):
            for columns in combinations(range(q), n_columns):
                if frozen[np.ix_(rows, columns)].sum() > b * n_rows + a * n_columns - a * b:
                    yield rows, columns


@st.composite
def frozen_sets(draw, largest: int = 5):
    p, q = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    rng = np.random.default_rng(draw(seeds))
    return rng.random((p, q)) < draw(st.sampled_from([0.4, 0.6, 0.8]))


small = st.integers(1, 3)


@settings(max_examples=300)
@given(frozen_sets(), st.integers(0, 3), st.integers(0, 3))
def test_core_is_what_deleting_one_by_one_in_any_order_leaves(frozen, a, b):
    core = find_core(~frozen, a, b)
    rows, columns = set(range(frozen.shape[0])), set(range(frozen.shape[1]))
    changed = True
    while changed:
        changed = False
        for i in sorted(rows, reverse=True):
            if frozen[i, list(columns)].sum() <= b:
                rows.discard(i)
                changed = True
        for j in sorted(columns):
            if frozen[list(rows), j].sum() <= a:
                columns.discard(j)
                changed = True
    assert (sorted(rows), sorted(columns)) == (core.rows.tolist(), core.columns.tolist())
    deleted = [(axis, line) for axis, lines in core.peeled for line in lines]
    assert len(set(deleted)) == len(deleted) == sum(frozen.shape) - len(rows) - len(columns)


@settings(max_examples=400)
@given(frozen_sets(), small)
def test_assignments_equal_the_count_over_all_rectangles(frozen, b):
    frozen = frozen[:, frozen.any(axis=0)]
    assume(frozen.size)
    heads, (rows, columns) = assign(frozen, b)
    violated = any(crowded_rectangles(frozen, 1, b, 1, b))
    assert (heads is None) == violated
    if heads is None:
        assert frozen[np.ix_(rows, columns)].sum() > b * len(rows) + len(columns) - b
    else:
        assert frozen[heads, np.arange(len(heads))].all()
        assert (frozen.sum(axis=1) - np.bincount(heads, minlength=len(frozen)) <= b).all()


@settings(max_examples=300)
@given(frozen_sets(), small, small)
def test_rectangle_search_equals_brute_force_on_small_cores(frozen, a, b):
    core = find_core(~frozen, a, b)
    assume(not core.is_empty)
    part = frozen[np.ix_(core.rows, core.columns)]
    found = find_violated(part, a, b)
    assert (found is not None) == any(crowded_rectangles(part, a, b, a, b))
    if found is not None:
        rows, columns = found
        assert len(rows) >= a
        assert len(columns) >= b
        assert is_crowded(part[np.ix_(rows, columns)], a, b)


def splits_into_forests(order, frozen) -> bool:
    p = len(frozen)
    position = np.argsort(order)
    is_first = position[:p, None] < position[None, p:]
    return all(is_forest(frozen & part) for part in (is_first, ~is_first))


def is_forest(frozen) -> bool:
    graph = nx.Graph((f"r{i}", f"c{j}") for i, j in np.argwhere(frozen))
    return graph.number_of_edges() == 0 or nx.is_forest(graph)


@settings(max_examples=150)
@given(frozen_sets(largest=3))
def test_two_forests_equal_a_search_over_all_orders(frozen):
    order = find_order(frozen)
    if order is not None:
        assert splits_into_forests(order, frozen)
    else:
        assert not any(
            splits_into_forests(o, frozen) for o in permutations(range(sum(frozen.shape)))
        )


@settings(max_examples=150)
@given(layers(most=2, largest=4).filter(lambda x: x[0].shape == (x[1] + 2, x[2] + 2)))
def test_two_forests_are_exact_for_two_and_two(layer):
    mask, d, m, _ = layer
    order = find_order(~mask)
    assert (order is not None) == is_maximal(mask, d, m)


@settings(max_examples=200)
@given(frozen_sets(largest=4), small, small)
def test_colourings_found_are_colourings(mask, d, m):
    colours = find_colouring(mask, d, m)

    def is_right(colours) -> bool:
        used = np.array(colours)
        return all(mask[:, used == c].any(axis=1).sum() >= d for c in range(m))

    exists = any(map(is_right, product(range(m), repeat=mask.shape[1])))
    assert exists if colours is not None else True
    assert colours is None or is_right(colours)
    if (line_counts(mask, 1) >= d).sum() >= m:
        assert colours is not None


def blocks_are_forests(frozen, rows, columns) -> bool:
    rows, columns = np.array(rows), np.array(columns)
    blocks = product(set(rows.tolist()), set(columns.tolist()))
    return all(is_forest(frozen[np.ix_(rows == r, columns == c)]) for r, c in blocks)


@settings(max_examples=300)
@given(layers(largest=4).filter(lambda x: x[0].shape[0] > x[1] and x[0].shape[1] > x[2]))
def test_classes_with_forests_in_all_blocks_prove_maximal(layer):
    mask, d, m, _ = layer
    a, b = mask.shape[0] - d, mask.shape[1] - m
    classes = find_classes(~mask, a, b)
    if classes is not None:
        assert blocks_are_forests(~mask, *classes)
        assert max(classes[0]) < a
        assert max(classes[1]) < b
        assert is_maximal(mask, d, m)


@given(frozen_sets(largest=6))
def test_cycles_are_cycles(frozen):
    core = find_core(~frozen, 1, 1)
    assert core.is_empty == is_forest(frozen)
    if not core.is_empty:
        cycle = find_cycle(frozen[np.ix_(core.rows, core.columns)])
        graph = nx.Graph((f"r{i}", f"c{j}") for i, j in cycle)
        assert len(cycle) == graph.number_of_edges() == graph.number_of_nodes()
        assert nx.is_connected(graph)


# --- planted mistakes: each must be refuted by the exact rank -------------------------------------


def by_assignment(mask, d, m, *, more=0, roots=True, swap=False):
    """min(a, b) = 1, with mistakes: one more place per row, no roots, a and b exchanged."""
    a, b = mask.shape[0] - d, mask.shape[1] - m
    if min(a, b) != 1:
        return None
    frozen, room = (~mask, b) if (a == 1) != swap else (~mask.T, a)
    frozen = frozen[:, frozen.any(axis=0)]
    entries = EntryAssignment(frozen, room + more)
    return entries.settle() is None and (not roots or entries.check_roots() is None)


def by_two_dimensions(mask, d, m, *, least=2, capped=True):
    """d = 2, with mistakes: full columns with fewer than 2, no minimum."""
    if d != 2:
        return None
    full = line_counts(mask, 1) >= least
    left = max(m - int(full.sum()), 0)
    outside = line_counts(mask[:, ~full], 0)
    return bool((np.minimum(outside, left) if capped else outside).sum() >= 2 * left)


def by_any_two_forests(mask, d, m):
    """a = b = 2 without the demand that the orientation has no cycle: plain arboricity 2."""
    if (mask.shape[0] - d, mask.shape[1] - m) != (2, 2):
        return None
    entries = np.argwhere(~mask)
    if len(entries) > 11:
        return None
    for bits in product((False, True), repeat=len(entries)):
        parts = np.zeros((2, *mask.shape), dtype=bool)
        for bit, (i, j) in zip(bits, entries, strict=True):
            parts[int(bit), i, j] = True
        if all(map(is_forest, parts)):
            return True
    return False


def by_count(mask, d, m, *, least=None):
    """The count taken as sufficient, or asked of rectangles that are too small."""
    a, b = mask.shape[0] - d, mask.shape[1] - m
    least_rows, least_columns = (a, b) if least is None else (least, least)
    return not any(crowded_rectangles(~mask, a, b, least_rows, least_columns))


def by_peeling(mask, d, m, *, more=0):
    """An empty core proves maximal (only); with a line too full deleted it does not."""
    a, b = mask.shape[0] - d, mask.shape[1] - m
    return True if find_core(~(~mask), a, b + more).is_empty else None


def by_colours(mask, d, m, *, entries=False):
    """Colours that meet d rows prove maximal (only); d entries do not."""
    if entries:
        return True if mask.sum() >= d * m and line_counts(mask, 1).min() >= 1 else None
    return True if find_colouring(mask, d, m) is not None else None


TRAP = np.array(
    [[1, 0, 0, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 1, 1], [0, 1, 1, 0, 0], [0, 1, 1, 0, 0]],
    dtype=bool,
)


def by_blocks(mask, d, m, *, more=0):
    """Forests in all blocks prove maximal (only); with one class too many they do not."""
    a, b = mask.shape[0] - d, mask.shape[1] - m
    return True if find_classes(~mask, a, b + more) is not None else None


K33 = np.pad(
    np.zeros((3, 3), dtype=bool), (0, 2), constant_values=True
)  # two forests, 9 > 8 entries


def stream():
    """Small masks near the boundary, among them the two that a weaker rule is fooled by."""
    rng = np.random.default_rng(1)
    for number in range(1500):
        if number == 700:
            yield TRAP, 3, 3
            yield K33, 3, 3
        a, b, d, m = (int(n) for n in rng.integers([1, 1, 2, 2], [3, 3, 5, 5]))
        p, q = d + a, m + b
        mask = np.ones((p, q), dtype=bool)
        n_frozen = b * p + a * q - a * b - int(rng.integers(-1, 4))
        mask.flat[rng.permutation(p * q)[: min(n_frozen, p * q - 1)]] = False
        yield mask, d, m


def refuted_after(predicate: Any, **mistake: Any) -> int | None:
    """Masks until the predicate (True maximal, False minimal) contradicts the rank, or None."""
    for number, (mask, d, m) in enumerate(stream(), start=1):
        says = predicate(mask, d, m, **mistake)
        if says is not None and says != is_maximal(mask, d, m):
            return number
    return None


MISTAKES = {
    "one more place in each row": (by_assignment, {"more": 1}),
    "the roots forgotten": (by_assignment, {"roots": False}),
    "a and b exchanged": (by_assignment, {"swap": True}),
    "full columns from one learnable": (by_two_dimensions, {"least": 1}),
    "rows counted beyond m'": (by_two_dimensions, {"capped": False}),
    "orientations with cycles": (by_any_two_forests, {}),
    "the count taken as sufficient": (by_count, {}),
    "rectangles with fewer than a rows": (by_count, {"least": 1}),
    "peeling a row with b + 1 cells": (by_peeling, {"more": 1}),
    "colours by cells": (by_colours, {"entries": True}),
    "a class of columns too many": (by_blocks, {"more": 1}),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_planted_mistake_is_refuted(name):
    predicate, mistake = MISTAKES[name]
    assert refuted_after(predicate, **mistake) is not None


@pytest.mark.parametrize(
    "predicate", [by_assignment, by_two_dimensions, by_peeling, by_colours, by_blocks]
)
def test_the_true_predicates_survive_the_same_stream(predicate):
    assert refuted_after(predicate) is None


def test_the_trap_stays_open_and_the_count_does_not_see_it():
    allocation, _, expected = read("trap_double_k33", 0)
    mask = allocation.mask("W1")
    np.testing.assert_array_equal(mask, TRAP)
    assert decide_mask("T4", "W1", mask, 3, 3) is None
    assert by_count(mask, 3, 3)
    assert not is_maximal(mask, 3, 3)
    assert find_order(~mask) is None
    assert expected["expressivity"] == "minimal"


# --- large masks ----------------------------------------------------------------------------------


def test_large_independent_sets_are_found():
    rng = np.random.default_rng(0)
    # Lines added one by one, in a random order, each with as many entries as it may have.
    n, a, b = 300, 7, 12
    frozen = np.zeros((n, n), dtype=bool)
    there: list[list[int]] = [[], []]
    for line in rng.permutation(2 * n).tolist():
        axis, index = divmod(line, n)
        others = rng.permutation(np.array(there[1 - axis], dtype=int))[: (b, a)[axis]]
        view = frozen if axis == 0 else frozen.T
        view[index, others] = True
        there[axis].append(index)
    verdict = tc.classify(allocation_of(~frozen, n - a), n - b)
    assert verdict.certificate is not None
    assert (verdict.expressivity, verdict.certificate.kind) == ("maximal", "peeling_order")
    assert tc.check(verdict.certificate)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(("b", "slack"), [(2, 30), (10, 0), (40, 5)])
def test_large_layers_with_a_or_b_one_are_decided(b, slack, transposed):
    rng = np.random.default_rng(b)
    n, used = 300, int(0.8 * (300 - b))
    total = b * used + n - b - slack
    frozen = np.zeros((n, n), dtype=bool)
    for row in range(used):
        degree = total // used + (row < total % used)
        frozen[row, rng.permutation(n)[:degree]] = True
    crowded = frozen.copy()
    crowded[10:20, 30:70] = True  # 400 entries, where at most 10 b + 40 - b can be
    for entries in (frozen, crowded) if b < 40 else (frozen,):
        d, m = n - 1, n - b
        mask = ~entries.T if transposed else ~entries
        finding = decide_mask("T4", "W1", mask, *((m, d) if transposed else (d, m)))
        assert finding is not None
        certificate = tc.classify(
            allocation_of(mask, m if transposed else d), d if transposed else m
        )
        assert tc.check(certificate.certificate)  # type: ignore[arg-type]
        if entries is crowded:
            assert finding.kind == "rectangle"
        elif b > 2:
            assert finding.kind == "assignment"


def test_a_large_planted_rectangle_is_found():
    rng = np.random.default_rng(0)
    n, a, b = 200, 3, 4
    frozen = rng.random((n, n)) < 0.02
    frozen[np.ix_(range(50, 60), range(100, 112))] = True  # 120 > 4 * 10 + 3 * 12 - 12
    finding = decide_mask("T4", "W1", ~frozen, n - a, n - b)
    assert finding is not None
    assert finding.kind == "rectangle"
    assert finding.reason.endswith("can be")
    assert set(finding.evidence["rows"]) >= set(range(50, 60))


# --- certificates ---------------------------------------------------------------------------------


def certificate_of(mask, d, m) -> dict[str, Any]:
    certificate = tc.classify(allocation_of(np.array(mask, dtype=bool), d), m).certificate
    assert certificate is not None
    return certificate.to_dict()


def accepts(data: dict[str, Any], **evidence: Any) -> bool:
    """Whether the checker accepts the certificate with other evidence and a fresh digest."""
    changed = {key: value for key, value in data.items() if key not in ("digest", "version")}
    changed["evidence"] = {**data["evidence"], **evidence}
    return bool(tc.check(tc.certificates.Certificate(**changed)))


K4 = np.array([[i in edge for edge in combinations(range(4), 2)] for i in range(4)])
CUBE = np.pad(~np.eye(4, dtype=bool), (0, 1))


def test_changed_assignments_are_refused():
    data = certificate_of(~K4, 3, 4)
    entries = data["evidence"]["cells"]
    assert accepts(data)
    assert accepts(data, cells=entries[::-1])
    assert not accepts(data, cells=entries[:-1])
    assert not accepts(data, cells=[*entries, entries[0]])
    assert not accepts(data, cells=[[0, 5], *entries[1:]])  # learnable
    assert not accepts(data, axis="rows")
    assert not accepts(data, peeled=[["rows", [0]]])
    # All entries that columns take from the first two rows: too many are left to the others.
    greedy = [[int(np.flatnonzero(K4[:, j])[0]), j] for j in range(6)]
    assert not accepts(data, cells=greedy)


def test_no_assignment_proves_a_dependent_set():
    frozen = np.pad(K4, ((0, 1), (0, 1)))
    frozen[0, 3] = True  # one entry more than b |I| + |J| - b on the first four rows
    data = certificate_of(~np.pad(K4, ((0, 1), (0, 1))), 4, 5)
    changed = {**data, "problem": {**data["problem"]}}
    changed["problem"]["learnable"] = {"W1": (~frozen).astype(int).tolist()}
    changed["learnable"] -= 1
    assert certificate_of(~frozen, 4, 5)["expressivity"] == "minimal"
    choices = [np.flatnonzero(frozen[:, j]).tolist() for j in range(6)]
    for heads in product(*choices):
        entries = [[i, j] for j, i in enumerate(heads)]
        assert not accepts(changed, cells=entries)


def test_changed_two_forests_are_refused():
    data = certificate_of(~CUBE, 3, 3)
    order = data["evidence"]["order"]
    assert accepts(data)
    accepted = []
    for changed in permutations(order[:5]):
        accepted.append(accepts(data, order=[*changed, *order[5:]]))
    assert not all(accepted)
    rows_first = sorted(order, key=lambda line: line[0] == "column")
    for wrong in (order[:-1], [*order, order[0]], rows_first, [["row", 4], *order[1:]], order[1:]):
        assert not accepts(data, order=wrong)
    assert not accepts(data, peeled=[])


def test_changed_classes_are_refused():
    rng = np.random.default_rng(0)
    mask = np.array([[1, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0],
                     [0, 1, 0, 0, 1], [0, 0, 0, 1, 1], [1, 1, 0, 0, 0]], dtype=bool)  # fmt: skip
    data = certificate_of(mask, 3, 3)
    assert data["kind"] == "block_forests"
    assert accepts(data)
    for _ in range(300):
        rows, columns = rng.integers(3, size=6).tolist(), rng.integers(2, size=5).tolist()
        assert accepts(data, rows=rows, columns=columns) == blocks_are_forests(~mask, rows, columns)
    rows = data["evidence"]["rows"]
    for wrong in (rows[:-1], [*rows, 0], [3, *rows[1:]], [-1, *rows[1:]], list(range(6))):
        assert not accepts(data, rows=wrong)
    assert not accepts(data, columns=[0, 1, 2, 3, 4])


def test_a_huge_layer_learnable_as_a_whole_is_decided_at_once():
    network = tc.LinearFeedforward([2**20, 2**20, 3])
    finding = t04_one_layer.decide(Analysis(tc.Allocation.layer(network, "W1"), 5))
    assert finding is not None
    assert (finding.expressivity, finding.kind) == ("maximal", "peeling_order")


def test_changed_peelings_rectangles_and_sums_are_refused():
    data = certificate_of(1 - np.eye(5, k=1) - np.eye(5) - np.eye(5, k=2), 3, 3)
    assert data["kind"] == "peeling_order"
    peeled = data["evidence"]["peeled"]
    assert accepts(data)
    assert not accepts(data, peeled=peeled[:1])
    assert not accepts(data, peeled=peeled[::-1])
    assert not accepts(data, peeled=[["rows", [0]], *peeled])
    data = certificate_of(1 - np.pad(np.ones((3, 3)), (0, 2)), 3, 3)
    assert data["kind"] == "rectangle"
    assert accepts(data, rows=[2, 1, 0])
    for wrong in (
        {"rows": [0, 1, 3]},
        {"rows": [0, 1]},
        {"rows": [0, 1, 2, 2]},
        {"columns": [0, 1, 5]},
        {"columns": [0, 1, -4]},
        {"frozen": 10},
        {"most": 7},
    ):
        assert not accepts(data, **wrong)
    data = certificate_of(np.eye(4, 5), 2, 3)
    for key in ("full", "left", "found"):
        assert not accepts(data, **{key: data["evidence"][key] + 1})
    assert two_dimension_sum(np.eye(4, 5, dtype=bool), 3) == (0, 3, 4)
