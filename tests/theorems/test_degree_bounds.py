"""T6 bounds and T9 peeling against exact ranks, and against solutions by Groebner bases."""

from collections import Counter

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import (
    allocations,
    feedforward_networks,
    linear_networks,
    samples,
    seeds,
)
from theorycheck.ranks.jacobian import Jacobian, entries
from theorycheck.ranks.point import draw_point, draw_prime
from theorycheck.structure.peeling import Deletion, peel
from theorycheck.theorems import t06_odd_degree, t09_peeling
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.matchings import cover_below, triangular_order

patterns = st.tuples(st.integers(1, 6), st.integers(1, 6), seeds, st.floats(0.1, 0.9)).map(
    lambda t: np.random.default_rng(t[2]).random(t[:2]) < t[3]
)


@given(allocations(linear_networks), samples)
def test_pattern_is_where_the_jacobian_does_not_vanish_at_a_random_point(allocation, m):
    analysis = Analysis(allocation, m)
    prime = draw_prime(0, 0)
    point = draw_point(allocation, m, prime, 0, 0, np)
    source = Jacobian(allocation.network, point, np)
    blocks = [source.columns(name, block) for name, block in entries(allocation, "learnable", 999)]
    dense = np.concatenate(blocks, axis=1) if blocks else np.zeros((analysis.n_equations, 0))
    assert np.array_equal(analysis.support, dense != 0)


@given(patterns, st.integers(0, 7))
def test_cover_exists_iff_no_matching_is_that_large(support, size):
    cover = cover_below(support, size)
    largest = largest_matching(support)
    assert (cover is None) == (largest >= size)
    if cover is not None:
        rows, columns = cover
        assert len(rows) + len(columns) < size
        rest = np.delete(np.delete(support, rows, axis=0), columns, axis=1)
        assert not rest.any()


def largest_matching(support: np.ndarray) -> int:
    """By trying everything, row after row."""
    if not support.size:
        return 0
    best = largest_matching(support[1:])
    for j in np.flatnonzero(support[0]):
        best = max(best, 1 + largest_matching(np.delete(support[1:], j, axis=1)))
    return best


def permanent(support: np.ndarray) -> int:
    if not len(support):
        return 1
    return sum(permanent(np.delete(support[1:], j, axis=1)) for j in np.flatnonzero(support[0]))


@given(st.integers(1, 5), seeds, st.floats(0.1, 0.7))
def test_triangular_order_exists_iff_exactly_one_perfect_matching_does(n, seed, density):
    support = np.random.default_rng(seed).random((n, n)) < density
    support |= np.eye(n, dtype=bool)[np.random.default_rng(seed + 1).permutation(n)]
    order = triangular_order(support)
    assert (order is not None) == (permanent(support) == 1)
    if order is not None:
        rows, columns = (list(line) for line in zip(*order, strict=True))
        square = support[np.ix_(rows, columns)]
        assert square.diagonal().all()
        assert not np.triu(square, 1).any()


def number_of_solutions(allocation: tc.Allocation, m: int, seed: int) -> int:
    """Solutions of one random instance modulo a prime, by a Groebner basis; -1: infinitely many."""
    network = allocation.network
    assert isinstance(network, tc.LinearFeedforward)
    prime, rng = 32003, np.random.default_rng(seed)
    unknowns: list[sp.Symbol] = []

    def matrix(name: str, is_student: bool) -> sp.Matrix:
        shape = (*network.weight_shapes[name], 1)[:2]
        entries = sp.MutableDenseMatrix(
            *shape, [int(x) for x in rng.integers(1, prime, shape).flat]
        )
        for index in np.argwhere(~allocation.present_mask(name).reshape(shape)):
            entries[tuple(map(int, index))] = 0
        if is_student:
            for index in np.argwhere(allocation.mask(name).reshape(shape)):
                unknowns.append(sp.Symbol(f"t{len(unknowns)}"))
                entries[tuple(map(int, index))] = unknowns[-1]
        return entries

    inputs = sp.Matrix(
        network.inputs, m, [int(x) for x in rng.integers(1, prime, network.inputs * m)]
    )
    outputs = []
    for is_student in (False, True):
        state = inputs
        for layer in range(1, network.depth + 1):
            state = matrix(f"W{layer}", is_student) * state
            if network.bias:
                state += matrix(f"b{layer}", is_student) * sp.ones(1, m)
        outputs.append(state)
    equations = [sp.expand(e) for e in outputs[1] - outputs[0]]
    basis = sp.groebner(equations, *unknowns, modulus=prime, order="grevlex")
    return standard_monomials(
        [sp.Poly(g, *unknowns).monoms(order="grevlex")[0] for g in basis.exprs]
    )


def standard_monomials(leading: list[tuple[int, ...]]) -> int:
    """Monomials that no leading monomial divides; -1 if there are infinitely many."""
    n = len(leading[0])
    if not all(any(sum(m) == m[i] for m in leading) for i in range(n)):
        return -1
    found, queue = set(), [(0,) * n]
    while queue:
        monomial = queue.pop()
        if monomial in found or any(
            all(a <= b for a, b in zip(m, monomial, strict=True)) for m in leading
        ):
            continue
        found.add(monomial)
        queue += [tuple(e + (k == i) for k, e in enumerate(monomial)) for i in range(n)]
    return len(found)


def random_critical(rng: np.random.Generator) -> tuple[tc.Allocation, int]:
    """At the critical budget of a small network, sometimes sparse or with biases."""
    widths = [(2, 2, 2), (1, 2, 2), (2, 3, 1), (2, 2, 1), (1, 2, 2, 1), (2, 1, 2)][rng.integers(6)]
    network = tc.LinearFeedforward(widths, bias=bool(rng.random() < 0.2))
    m = int(rng.integers(1, 4))
    shapes = network.weight_shapes
    present = None
    if rng.random() < 0.5:
        present = {name: rng.random(shape) < 0.7 for name, shape in shapes.items()}
    target = Analysis(tc.Allocation.none(network, present), m).target.value
    return tc.Allocation.random(network, target, rng, present=present), m


def test_t6_degrees_are_the_number_of_solutions():
    rng = np.random.default_rng(0)
    kinds: Counter[str] = Counter()
    while sum(kinds.values()) < 60:
        allocation, m = random_critical(rng)
        analysis = Analysis(allocation, m)
        if t06_odd_degree.why_not(analysis) is not None:
            continue
        finding = t06_odd_degree.decide(analysis)
        if finding is None or finding.expressivity != "maximal" or allocation.n_learnable > 5:
            continue
        kinds[finding.kind] += 1
        assert number_of_solutions(allocation, m, seed=1) == finding.degree
        assert finding.degree == 1 or finding.kind == "odd_degree"
    assert kinds.keys() == {"group_bezout", "triangular", "odd_degree"}


def test_the_groebner_oracle_counts_two_where_the_degree_is_two():
    diagonals = tc.Allocation(tc.LinearFeedforward([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)})
    assert number_of_solutions(diagonals, 2, seed=0) == 2


@settings(max_examples=300)
@given(allocations(linear_networks), samples)
def test_t6_minimal_agrees_with_the_exact_rank(allocation, m):
    analysis = Analysis(allocation, m)
    assume(t06_odd_degree.why_not(analysis) is None)
    finding = t06_odd_degree.decide(analysis)
    if finding is not None:
        is_minimal = analysis.rank.value < analysis.target.value
        assert (finding.expressivity == "minimal") == is_minimal


@settings(max_examples=300)
@given(allocations(feedforward_networks(bias=False), dense=True), samples)
def test_t9_peeling_keeps_the_rank_defect(allocation, m):
    peeled = peel(allocation, m)
    whole = Analysis(allocation, m)
    defect = whole.target.value - whole.rank.value
    if peeled.allocation is None:
        assert defect == 0
    else:
        rest = Analysis(peeled.allocation, peeled.samples)
        assert defect == rest.target.value - rest.rank.value
        assert peel(peeled.allocation, peeled.samples).steps == ()


@settings(max_examples=200)
@given(allocations(feedforward_networks(bias=False), dense=True), samples)
def test_t9_agrees_with_the_exact_rank(allocation, m):
    analysis = Analysis(allocation, m)
    assume(t09_peeling.why_not(analysis) is None)
    finding = t09_peeling.decide(analysis)
    if finding is not None:
        is_minimal = analysis.rank.value < analysis.target.value
        assert (finding.expressivity == "minimal") == is_minimal


@pytest.mark.parametrize(("widths", "rows"), [((2, 1, 2), 1), ((3, 2, 3), 1), ((3, 1, 1, 4), 3)])
def test_t9_leaves_as_many_rows_as_a_bottleneck_is_wide(widths, rows):
    # The rows of W2 are full, yet the hidden layer is too narrow for the samples.
    name = f"W{len(widths) - 1}"
    allocation = tc.Allocation.layer(tc.LinearFeedforward(widths), name)
    assert peel(allocation, widths[0]).steps == tuple(Deletion("row", i) for i in range(rows))


def test_t9_deletes_the_lines_of_the_fewest_learnables_before_a_bottleneck():
    network = tc.LinearFeedforward([4, 3, 2, 4])
    first = [[1, 1, 1, 0], [1, 1, 1, 0], [1, 0, 0, 0]]
    allocation = tc.Allocation(network, {"W1": first, "W3": [[1, 0], [1, 1], [0, 1], [1, 1]]})
    steps = [(step.line, step.index) for step in peel(allocation, 4).steps]
    # Two outputs are left: columns need two learnables, and with one sample a row needs one.
    columns = [("column", 0), ("column", 1), ("column", 2)]
    assert steps == [("row", 1), ("row", 3), *columns, ("row", 0), ("row", 2)]
    fewer = tc.Allocation(network, {"W1": first})
    steps = [(step.line, step.index) for step in peel(fewer, 4).steps]
    assert steps == [("column", 1), ("column", 2)]
