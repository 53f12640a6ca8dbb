"""T14 with values: what is found at r = D, against exact classes, and carried out."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.plans import ALGEBRAS, PRIME, misfit, random_allocation
from theorycheck.plans.algebra import Reals
from theorycheck.plans.execution import Plan
from theorycheck.plans.levels import Levels
from theorycheck.plans.pairs import Pair, pairs_of
from theorycheck.plans.reading import plan_of
from theorycheck.plans.search import try_levels
from theorycheck.plans.states import masks_of
from theorycheck.plans.valued import find_valued
from theorycheck.problem.files import problem_from_dict
from theorycheck.theorems import t14_levels
from theorycheck.theorems.registry import THEOREMS

KNOWN = Path(__file__).parents[1] / "known"
SQUARE = tc.LinearFeedforward([3, 3, 3])
OTHERS = tuple(theorem for theorem in THEOREMS if theorem.id != "T14")
# The third unit has no learnable input: its level is 0, and it has a value of z_1.
NO_INPUT = {"W1": [[1, 1, 1], [1, 1, 0], [0, 0, 0]], "W2": [[1, 1, 0], [1, 0, 1], [0, 1, 1]]}
SOLVED = (
    {"W1": [[1, 1, 0], [1, 1, 0], [0, 0, 0]], "W2": [[1, 1, 0], [1, 0, 1], [0, 0, 1]]},
    {"W1": [[1, 1, 1], [1, 0, 0], [0, 0, 0]], "W2": [[1, 0, 1], [1, 0, 0], [0, 1, 1]]},
)


def is_found(allocation: tc.Allocation, samples: int) -> bool:
    """Whether levels with values are found for two layers as they are."""
    pairs = pairs_of(masks_of(allocation), tuple(allocation.network.widths), samples)
    return find_valued(pairs, PRIME, 0) is not None


def test_t14_finds_no_values_at_r_equal_to_d_but_for_maximal_allocations_of_degree_1():
    """Solutions in rational functions of the data have no conjugates."""
    found = {"minimal": 0, "maximal": 0, "intermediate": 0}
    for entry in json.loads((KNOWN / "lffn_222.json").read_text()):
        keys = ("network", "samples", "learnable")
        allocation, samples = problem_from_dict({key: entry[key] for key in keys})
        if is_found(allocation, samples):
            verdict = tc.classify(allocation, samples, theorems=OTHERS)
            found[str(verdict.expressivity)] += 1
            assert verdict.degree in (1, None)
    assert found["minimal"] == found["intermediate"] == 0 < found["maximal"]


def test_t14_finds_values_only_where_solutions_are_counted_to_be_one():
    rng, degrees = np.random.default_rng(2), []
    while len(degrees) < 12:
        allocation = random_allocation((3, 3, 3), 9, rng)
        if is_found(allocation, 3):
            verdict = tc.classify(allocation, 3, theorems=OTHERS)
            assert verdict.expressivity == "maximal"
            degrees.append(verdict.degree)
    assert set(degrees) <= {1, None}
    assert 1 in degrees


def test_a_unit_without_learnable_inputs_has_values():
    allocation = tc.Allocation(SQUARE, NO_INPUT)
    assert tc.classify(allocation, 3, theorems=[t14_levels.THEOREM]).expressivity == "maximal"
    (pair, _) = pairs_of(masks_of(allocation), (3, 3, 3), 3)
    levels = Levels((2, 1, 0), (1, 1, 2), 1, (0, 0, 1))
    rng = np.random.default_rng(0)
    assert try_levels(pair, levels, PRIME, rng) is not None
    without = Levels(levels.units, levels.columns, levels.chosen)
    assert try_levels(pair, without, PRIME, rng) is None
    for algebra in ALGEBRAS:
        plan = Plan((), masks_of(allocation), pair=pair, levels=levels)
        assert min(misfit(plan, allocation, 3, algebra, rng) for _ in range(3)) < 1e-9


@pytest.mark.parametrize("masks", SOLVED)
def test_t14_decides_at_r_equal_to_d(masks):
    """One rational solution: no degree is sought, and the certificate rests on no count."""
    allocation = tc.Allocation(SQUARE, masks)
    verdict = tc.classify(allocation, 3, effort=tc.Effort(degree=0), theorems=[t14_levels.THEOREM])
    assert (verdict.expressivity, verdict.degree, verdict.rigor) == ("maximal", 1, "proved")
    certificate = verdict.certificate
    assert certificate is not None
    assert tc.check(certificate)
    plan = plan_of(allocation, 3, certificate.kind, certificate.evidence)
    assert plan is not None
    assert misfit(plan, allocation, 3, Reals(), np.random.default_rng(1)) < 1e-6


def random_levels(pair: Pair, rng: np.random.Generator) -> Levels:
    """Levels and values that learnables allow, whether a search would propose them or not."""
    chosen = int(rng.integers(1, pair.rows + 1))
    most = np.minimum(np.count_nonzero(pair.outer, axis=0), pair.rows)
    units = rng.integers(0, most + 1)
    room = np.maximum(np.minimum(most, chosen) - units, 0)
    values = rng.integers(0, room + 1)
    columns: list[int | None] = []
    for mask in pair.inner.T:
        fits = [k for k in range(pair.rows + 1) if (mask & (units >= k)).sum() >= pair.rows - k]
        columns.append(None if rng.random() < 0.2 else int(rng.choice(fits[:2])))
    return Levels(tuple(units.tolist()), tuple(columns), chosen, tuple(values.tolist()))


def test_whatever_values_have_the_ranks_lead_to_a_match():
    rng, carried = np.random.default_rng(8), {True: 0, False: 0}
    for _ in range(60):
        allocation = random_allocation((3, 3, 3), 9 + int(rng.integers(4)), rng)
        masks = masks_of(allocation)
        for pair in pairs_of(masks, (3, 3, 3), 3):
            for levels in [random_levels(pair, rng) for _ in range(30)]:
                if not any(levels.values) or try_levels(pair, levels, PRIME, rng) is None:
                    continue
                plan = Plan((), masks, pair=pair, levels=levels)
                assert misfit(plan, allocation, 3, Reals(), rng) < 1e-6
                carried[levels.is_finite] += 1
    assert min(carried.values()) > 2


def test_values_beyond_the_chosen_functionals_are_refused():
    allocation = tc.Allocation(SQUARE, NO_INPUT)
    certificate = tc.classify(allocation, 3, theorems=[t14_levels.THEOREM]).certificate
    assert certificate is not None
    for values in ([0, 0, 2], [0, 0], [0, 0, -1], [0, 0, None], "001", [0, 0, 4], [0, 0, 0]):
        evidence = {**certificate.evidence, "values": values}
        assert not tc.check(replace(certificate, evidence=evidence))
