"""Degrees by one polynomial: where one unknown lies in every conflict (T6, Sturm form)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp

import theorycheck as tc
from tests.checker.test_certificates import corrupted, redigested
from tests.checker.test_solution_certificates import SCALE as UNIT
from tests.checker.test_solution_certificates import block, certificate, claim_of, outputs, refused
from tests.shared.strategies import WORK_ONLY
from theorycheck.checker import univariate as checks
from theorycheck.computing.deadline import Deadline
from theorycheck.computing.effort import DEFAULT_EFFORT, Effort
from theorycheck.degrees import degree as degree_module
from theorycheck.degrees import polynomials, univariate
from theorycheck.degrees.bezout import bezout_bound
from theorycheck.degrees.degree import Degree, Open, degree_of
from theorycheck.degrees.elimination import degree_by_elimination
from theorycheck.degrees.evidence import Certified, block_evidence
from theorycheck.degrees.system import SquareSystem
from theorycheck.degrees.univariate import count_roots, cover_of, degree_by_univariate, draw_error
from theorycheck.degrees.witness import certified_instance
from theorycheck.structure.conflicts import conflict_graph
from theorycheck.theorems.analysis import Analysis

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("sympy_in_this_process")]

FF, LR = tc.LinearFeedforward, tc.LinearRecurrent
CUBIC = tc.Allocation.layer(LR(1, 1, 1, 4), "recurrent")


def whole(allocation: tc.Allocation, m: int) -> SquareSystem:
    numbers = tuple(range(allocation.n_learnable))
    return SquareSystem(allocation, m, numbers, numbers)


def random_covered(rng: np.random.Generator, most: int = 5) -> SquareSystem:
    """A system of which every conflict has one unknown, at critical budget or a block of one."""
    while True:
        kind = rng.random()
        if kind < 0.4:
            hidden, steps = int(rng.integers(1, 4)), int(rng.integers(2, 6))
            readout = "all" if rng.random() < 0.2 else "final"
            network: Any = LR(int(rng.integers(1, 3)), hidden, 1, steps, readout)
        else:
            widths = [(2, 2, 2), (2, 3, 2, 2), (2, 2, 2, 2, 2), (3, 2, 3)]
            network = FF(widths[rng.integers(len(widths))], bias=bool(rng.random() < 0.2))
        m, share = int(rng.integers(1, 4)), 0.6 if kind > 0.8 else 0.9
        shapes = network.weight_shapes.items()
        present = {name: rng.random(shape) < share for name, shape in shapes}
        target = Analysis(tc.Allocation.none(network, present), m).target.value
        if not 0 < target <= most:
            continue
        allocation = tc.Allocation.random(network, target, rng, present=present)
        solving = Analysis(allocation, m).solving
        for system in () if solving is None else (solving.system, *solving.blocks):
            if bezout_bound(system).value > 1 and cover_of(system) is not None:
                return system


def test_degrees_are_those_of_elimination():
    rng = np.random.default_rng(1)
    found: dict[type, list[int]] = {FF: [], LR: []}
    for _ in range(70):
        system = random_covered(rng)
        mine, exact = (
            degree_by_univariate(system),
            degree_by_elimination(system),
        )
        assert mine is not None
        assert exact is not None
        assert mine.degree == exact.degree
        assert mine.error_bound < 1e-9
        assert all(draw.count == mine.degree for draw in mine.draws)
        found[type(system.network)].append(mine.degree)
    assert min(map(len, found.values())) >= 15
    assert max(found[LR]) >= 3
    assert sum(degree > 1 for degree in found[LR]) >= 10


def test_a_loop_in_time_is_cubic():
    found = degree_by_univariate(whole(CUBIC, 1))
    assert found is not None
    assert (found.degree, found.unknown) == (3, 0)


def test_a_feed_forward_network_of_degree_two():
    """Feed-forward outputs are affine in a single weight, the determinant need not be."""
    network = FF([2, 4, 4, 2])
    present = {
        "W1": [[1, 0], [0, 1], [1, 1], [0, 1]],
        "W2": [[1, 1, 1, 0], [1, 1, 0, 1], [0, 1, 0, 1], [1, 0, 1, 1]],
        "W3": [[0, 0, 1, 1], [1, 0, 0, 1]],
    }
    masks = {name: np.zeros(shape) for name, shape in network.weight_shapes.items()}
    entries = [("W1", (0, 0)), ("W1", (1, 1)), ("W2", (3, 2)), ("W3", (0, 3))]
    for name, index in entries:
        masks[name][index] = 1
    system = whole(tc.Allocation(network, masks, present), 2)
    found, exact = degree_by_univariate(system), degree_by_elimination(system)
    assert found is not None
    assert exact is not None
    assert found.degree == exact.degree == 2


@pytest.mark.parametrize("steps", [2, 3, 5, 9])
def test_one_hidden_unit(steps):
    """y = D B sum_t w^(T - t) x_t in w: of degree T - 1."""
    found = degree_by_univariate(whole(tc.Allocation.layer(LR(1, 1, 1, steps), "recurrent"), 1))
    assert found is not None
    assert found.degree == steps - 1


def test_covers_are_those_of_the_conflict_graph():
    """With spanning samples, all equations and all learnables: a vertex cover of size one."""
    rng = np.random.default_rng(2)
    yes = no = 0
    for _ in range(150):
        network: Any = FF([2, 2, 2, 2]) if rng.random() < 0.5 else LR(1, 2, 1, 4)
        present = {n: rng.random(s) < 0.8 for n, s in network.weight_shapes.items()}
        allocation = tc.Allocation.random(network, 3, rng, present=present)
        m = 2 if isinstance(network, FF) else 4
        system = SquareSystem(allocation, m, (0, 1, 2, 3), (0, 1, 2))
        edges = [set(edge) for edge in conflict_graph(allocation).edges]
        covers = [place for place, c in enumerate(system.entries) if all(c in e for e in edges)]
        place = cover_of(system)
        assert (place is None) == (not covers)
        assert place is None or place in covers
        yes, no = yes + bool(covers and edges), no + (not covers)
    assert min(yes, no) > 20


def test_no_count_exceeds_the_degree_even_modulo_tiny_primes(monkeypatch):
    rng = np.random.default_rng(3)
    systems = [random_covered(rng) for _ in range(12)]
    degrees = [degree_by_univariate(system) for system in systems]
    monkeypatch.setattr(univariate, "_most_degree", lambda *_: 20)  # below the primes
    less = 0
    for prime in (23, 29, 31):
        for module in (univariate, polynomials):
            monkeypatch.setattr(module, "draw_prime", lambda *_, p=prime: p)
        for system, degree in zip(systems, degrees, strict=True):
            assert degree is not None
            place = cover_of(system)
            assert place is not None
            counts = [count_roots(system, place, 9, trial).count for trial in range(8)]
            assert max(counts) <= degree.degree
            less += sum(count < degree.degree for count in counts)
    assert less > 0


# In the place of monodromy


def known_degree(system: SquareSystem, effort: Effort = DEFAULT_EFFORT) -> Any:
    return degree_of(system, 0, effort, effort.start())


def test_it_takes_the_place_of_the_second_search(monkeypatch):
    searches = []
    search = degree_module._search

    def counted(*arguments: Any) -> Any:
        found = search(*arguments)
        searches.extend(found)
        return found

    monkeypatch.setattr(degree_module, "_search", counted)
    rng = np.random.default_rng(4)
    ways = set()
    for _ in range(12):
        system = random_covered(rng, 4)
        searches.clear()
        found = known_degree(system)
        assert isinstance(found, Degree)
        assert found.search is not None
        assert [found.search] == searches
        assert found.value == found.search.count
        ways.add(found.by["by"])
        assert (found.by["by"] == "bezout") == (found.value == bezout_bound(system).value)
        assert (found.error_bound == 0) == (found.by["by"] == "bezout")
    assert ways == {"bezout", "univariate"}


def below_the_bound() -> SquareSystem:
    rng = np.random.default_rng(5)
    while True:
        system = random_covered(rng, 4)
        found = degree_by_univariate(system)
        if found is not None and 1 < found.degree < bezout_bound(system).value:
            return system


def test_a_disagreement_leaves_the_degree_open(monkeypatch):
    system = below_the_bound()
    exact = degree_by_univariate(system)
    assert exact is not None
    for wrong in (exact.degree - 1, exact.degree + 1):
        other = replace(exact, degree=wrong)
        monkeypatch.setattr(degree_module, "degree_by_univariate", lambda *_, o=other, **__: o)
        found = known_degree(system)
        assert isinstance(found, Open)
        assert f"found {exact.degree} solutions, but" in found.reason
        assert f"has degree {wrong}" in found.reason


def test_an_unsure_count_is_not_used(monkeypatch):
    system = below_the_bound()
    exact = degree_by_univariate(system)
    assert exact is not None
    unsure = replace(exact, error_bound=1e-5)
    monkeypatch.setattr(degree_module, "degree_by_univariate", lambda *_, **__: unsure)
    assert known_degree(system).by["by"] == "monodromy"


def test_no_time_gives_none():
    assert degree_by_univariate(below_the_bound(), deadline=Deadline(-1)) is None


# Real roots


def real_roots(system: SquareSystem, instance: dict[str, Any]) -> int:
    """Of the reduced g of the instance, over the rationals, by sympy."""
    network = system.network
    scale = sp.Integer(instance["scale"])
    student, teacher = (
        {name: sp.Matrix(rows) / scale for name, rows in instance[who].items()}
        for who in ("student", "teacher")
    )
    symbols = sp.symbols(f"z:{len(system.unknowns)}")
    for symbol, (name, index) in zip(symbols, system.entries, strict=True):
        student[name][index if len(index) == 2 else (index[0], 0)] = symbol
    inputs = instance["inputs"]
    if inputs is not None:
        inputs = [[sp.Rational(x * UNIT, scale) for x in row] for row in inputs]
    values, targets = (
        [outputs(network, system.samples, w, inputs)[e] for e in system.equations]
        for w in (student, teacher)
    )
    place = cover_of(system)
    assert place is not None
    a, others = symbols[place], [s for i, s in enumerate(symbols) if i != place]
    values = [sp.expand(value) for value in values]
    constants = sp.Matrix([value.subs(dict.fromkeys(others, 0)) for value in values])
    matrix = sp.Matrix(values).jacobian(others) if others else sp.zeros(len(values), 0)
    one, two = (
        sp.Poly(matrix.row_join(sp.Matrix(y) - constants).det(method="berkowitz"), a)
        for y in (targets, [y + 3 * k * k + 1 for k, y in enumerate(targets)])
    )
    return int(one.quo(one.gcd(two)).count_roots())


def test_real_roots_are_the_real_solutions():
    rng = np.random.default_rng(6)
    counts = set()
    for number in range(15):
        system = random_covered(rng, 4)
        degree = known_degree(system)
        assert isinstance(degree, Degree)
        some = certified_instance(degree, number, DEFAULT_EFFORT, DEFAULT_EFFORT.start())
        assert isinstance(some, Certified)
        boxes = zip(some.boxes.centres, some.boxes.radii, strict=True)
        real = sum(all(abs(float(im)) <= float(r) for _, im in centre) for centre, r in boxes)
        instance = block_evidence(degree, some)["instance"]
        assert real_roots(system, instance) == real
        counts.add((degree.value, real))
    assert len(counts) >= 3


# Certificates


def record_of(system: SquareSystem) -> dict[str, Any]:
    found = degree_by_univariate(system)
    assert found is not None
    return json.loads(json.dumps(found.to_evidence()))


def built() -> Any:
    system = whole(CUBIC, 1)
    record = record_of(system)
    only = block(CUBIC, 1, [0], [0], 3, record)
    return certificate("odd_degree", CUBIC, 1, {"blocks": [only]}, record["error_bound"])


def test_random_degrees_are_counted_again():
    """In code of its own: counts and error bounds are those of the finder."""
    rng = np.random.default_rng(7)
    for _ in range(30):
        system = random_covered(rng)
        found = degree_by_univariate(system)
        assert found is not None
        claim = claim_of(system.allocation, system.samples)
        checks.require_univariate(
            claim, list(system.equations), list(system.unknowns), found.degree, record_of(system)
        )
        assert claim.stated == found.error_bound
        assert claim.reached == pytest.approx(found.error_bound, rel=1e-7)
        assert not claim.given


def test_classified_and_checked_with_nothing_given():
    rng = np.random.default_rng(8)
    n = 0
    effort = replace(WORK_ONLY, instances=0)
    while n < 2:
        allocation = tc.Allocation.random(LR(1, 2, 1, 4), 2, rng)
        system = whole(allocation, 2)
        found = degree_by_univariate(system)
        if found is None or found.degree % 2 == 0 or found.degree == bezout_bound(system).value:
            continue
        verdict = tc.classify(allocation, 2, effort=effort)
        text = json.dumps(verdict.certificate.to_dict() if verdict.certificate else None)
        if '"univariate"' in text:
            n += 1
            result = tc.check(json.loads(text))
            assert result, result.reason
            assert result.given == ()
            assert 0 < result.error_bound < 1e-6
            assert result.error_bound == pytest.approx(verdict.error_bound, rel=1e-6)


def test_a_right_record_is_accepted():
    result = tc.check(built())
    assert result, result.reason
    assert result.given == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda by: by.update(unknown=1), "must be in the block"),
        (lambda by: by.update(unknown=False), "must be in the block"),
        (lambda by: by.update(error_bound=by["error_bound"] / 2), "the error bound must be"),
        (lambda by: by.update(error_bound=0.0), "must be from 1e-300 on"),
        (lambda by: by.update(error_bound=1), "below 1"),
        (lambda by: by.update(error_bound=5e-324), "must be from 1e-300 on"),
        (lambda by: by.update(draws=[]), "needs its keys"),
        (lambda by: by.update(more=1), "needs its keys"),
    ],
)
def test_what_is_wrong_is_refused(change, reason):
    wrong = built()
    change(wrong.evidence["blocks"][0]["degree_by"])
    refused(wrong, reason)


@pytest.mark.parametrize("degree", [1, 5])
def test_another_degree_is_refused(degree):
    wrong = built()
    wrong.evidence["blocks"][0]["degree"] = degree
    refused(wrong, "3 solutions, not 1" if degree == 1 else "the trials count 3 solutions, not 5")


def test_without_a_cover_it_is_refused():
    row = tc.Allocation.rows(LR(1, 2, 1, 4), {"recurrent": [0]})
    assert cover_of(whole(row, 2)) is None
    record = {**record_of(whole(CUBIC, 1)), "unknown": 0}
    only = block(row, 2, [0, 1], [0, 1], 3, record)
    wrong = certificate("odd_degree", row, 2, {"blocks": [only]}, record["error_bound"])
    refused(wrong, "neither of them 0")


def test_corrupted_evidence_is_refused():
    n = 0
    for path, wrong, changed in corrupted(built().to_dict()):
        if path[0] != "evidence":
            continue
        n += 1
        if tc.check(redigested(changed)):
            assert isinstance(wrong, list) or path[-1] == "by", (path, wrong)
    assert n > 50


def test_the_bound_of_a_draw_multiplies():
    system = whole(CUBIC, 1)
    found = degree_by_univariate(system)
    assert found is not None
    # A = 3, L = 5, n = 1, 16 paths at most: 7 (6 / 2^22 + log2(17) / 22 / 268216)
    one = 7 * (6 / 2**22 + np.log2(17) / 22 / 268_216)
    assert draw_error(system, 0) == pytest.approx(one)
    assert found.error_bound == pytest.approx(one ** len(found.draws))
    assert len(found.draws) == 2
