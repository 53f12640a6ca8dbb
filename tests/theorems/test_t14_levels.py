"""T14: levels against exact classes, and carried out on the original network."""

import json
from pathlib import Path

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.plans import ALGEBRAS, PRIME, misfit, random_allocation
from theorycheck.plans.algebra import Reals, Residues
from theorycheck.plans.execution import Plan
from theorycheck.plans.infinity import basis
from theorycheck.plans.levels import Levels, construct, nested_rank
from theorycheck.plans.pairs import Pair, pairs_of, random_data
from theorycheck.plans.reading import plan_of
from theorycheck.plans.search import find_levels, try_levels
from theorycheck.plans.states import masks_of
from theorycheck.problem.files import problem_from_dict, problem_to_dict
from theorycheck.theorems import t14_levels
from theorycheck.theorems.analysis import Analysis

KNOWN = Path(__file__).parents[1] / "known"
SQUARE = tc.LinearFeedforward([3, 3, 3])
# Ten learnables, and a rank of 8.
BLOCK = {"W1": [[1, 1, 1], [1, 1, 1], [0, 0, 0]], "W2": [[1, 1, 0], [1, 1, 0], [0, 0, 0]]}
SHORT = {"W1": [[1, 1, 1], [1, 1, 0], [1, 1, 0]], "W2": [[1, 1, 1], [0, 0, 0], [0, 0, 0]]}


def levels_found(allocation: tc.Allocation, samples: int) -> bool:
    """Whether levels are found for two layers as they are, also where T14 is not asked."""
    pairs = pairs_of(masks_of(allocation), tuple(allocation.network.widths), samples)
    return find_levels(pairs, PRIME, 0) is not None


@pytest.mark.long
def test_t14_finds_no_levels_at_r_equal_to_d_but_for_maximal_allocations():
    found = {"minimal": 0, "maximal": 0, "intermediate": 0}
    for entry in json.loads((KNOWN / "lffn_222.json").read_text()):
        keys = ("network", "samples", "learnable")
        allocation, samples = problem_from_dict({key: entry[key] for key in keys})
        if levels_found(allocation, samples):
            found[str(tc.classify(allocation, samples).expressivity)] += 1
    assert found["minimal"] == found["intermediate"] == 0 < found["maximal"]


@pytest.mark.parametrize("masks", [BLOCK, SHORT], ids=["block", "short"])
def test_t14_finds_no_levels_for_minimal_allocations_over_budget(masks):
    allocation = tc.Allocation(SQUARE, masks)
    assert tc.classify(allocation, 3).expressivity == "minimal"
    assert not levels_found(allocation, 3)


def test_infinite_columns_need_a_regular_point():
    """All systems can be solved where the rank is 8 of 9; only the Jacobian tells."""
    masks = {int(name[1]): np.array(mask, dtype=bool) for name, mask in BLOCK.items()}
    pair = next(each for each in pairs_of(masks, (3, 3, 3), 3) if each.axis == "columns")
    data = random_data(pair, Residues(PRIME), np.random.default_rng(0), PRIME - 1)
    built = construct(pair, Levels((2, 2, 0), (None,) * 3, 2), data, Residues(PRIME))
    assert built is not None
    assert not Residues(PRIME).product(built.through, built.inner).any()
    assert basis(pair, data, built, PRIME, Residues(PRIME)) is None


@pytest.mark.long
@pytest.mark.parametrize(
    ("widths", "samples", "over"),
    [((3, 3, 3), 3, 2), ((4, 4, 4), 4, 3), ((3, 4, 3, 2), 3, 2), ((2, 3, 3, 2), 2, 1)],
)
def test_t14_agrees_with_the_exact_rank(widths: tuple[int, ...], samples: int, over: int):
    """A point of the pair has full rank only if the allocation has, whatever T14 asks before."""
    rng, decided = np.random.default_rng(4), 0
    for _ in range(40):
        allocation = random_allocation(widths, widths[-1] * samples + over, rng)
        if levels_found(allocation, samples):
            decided += 1
            analysis = Analysis(allocation, samples)
            assert analysis.rank.value == analysis.target.value
    assert decided > 2


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_nested_rank_is_the_rank_of_generic_vectors(n: int):
    rng = np.random.default_rng(n)
    for _ in range(20):
        levels = rng.integers(0, n + 1, size=int(rng.integers(0, 8)))
        columns = [np.where(np.arange(n) < n - level, rng.integers(1, PRIME, n), 0)
                   for level in levels]  # fmt: skip
        matrix = np.array(columns, dtype=np.int64).reshape(-1, n)
        assert nested_rank(levels, n) == Residues(PRIME).rank(matrix)


@pytest.mark.parametrize(
    ("widths", "samples", "factor"),
    [((4, 4, 4), 4, 1.25), ((5, 5, 5), 5, 1.3), ((3, 3, 3, 3), 4, 1.5), ((3, 5, 4, 2), 3, 1.6)],
)
def test_t14_plans_match_in_the_original_network(widths, samples, factor):
    rng, infinite, carried = np.random.default_rng(5), 0, 0
    m = min(samples, widths[0])
    for _ in range(25):
        allocation = random_allocation(widths, int(factor * widths[-1] * m), rng)
        finding = t14_levels.THEOREM.ask(Analysis(allocation, samples))
        if finding is None:
            continue
        plan = plan_of(allocation, samples, finding.kind, finding.evidence)
        assert plan is not None
        assert plan.levels is not None
        for _ in range(2):
            assert misfit(plan, allocation, samples, Reals(), rng) < 1e-6
        infinite += not plan.levels.is_finite
        carried += 1
    assert carried >= 3
    assert infinite or widths[0] < widths[1]


@pytest.mark.parametrize("algebra", ALGEBRAS, ids=lambda each: type(each).__name__)
def test_finite_levels_match_exactly(algebra):
    """Without infinite columns no limit is taken: residues and rationals match, too.

    But where a line was peeled, the match of the rest may be one of too small a rank for it.
    """
    rng, carried = np.random.default_rng(6), 0
    for _ in range(60):
        allocation = random_allocation((2, 3, 3, 2), 6, rng)
        finding = t14_levels.THEOREM.ask(Analysis(allocation, 2))
        if finding is None:
            continue
        plan = plan_of(allocation, 2, finding.kind, finding.evidence)
        assert plan is not None
        is_moved = any(step.index is not None for step in plan.steps)
        if is_moved and not isinstance(algebra, Reals):
            continue
        if plan.levels is not None and plan.levels.is_finite:
            carried += 1
            assert misfit(plan, allocation, 2, algebra, rng) < 1e-6
    assert carried > 5


def random_levels(pair: Pair, rng: np.random.Generator) -> Levels:
    """Levels that learnables allow, whether a search would propose them or not."""
    cap = int(rng.integers(pair.rows + 1))
    most = np.minimum(np.count_nonzero(pair.outer, axis=0), pair.rows)
    units = np.where(rng.random(pair.units) < 0.7, np.minimum(most, cap), rng.integers(0, most + 1))
    columns: list[int | None] = []
    for mask in pair.inner.T:
        fits = [k for k in range(pair.rows + 1) if (mask & (units >= k)).sum() >= pair.rows - k]
        columns.append(None if rng.random() < 0.4 else int(rng.choice(fits)))
    chosen = int(rng.choice([cap, 0, int(rng.integers(pair.rows + 1))]))
    return Levels(tuple(units.tolist()), tuple(columns), chosen)


@pytest.mark.long
def test_whatever_levels_have_the_ranks_lead_to_a_match():
    """Of more learnables than equations, and of as many: each is carried out on a draw."""
    rng, carried = np.random.default_rng(8), {True: 0, False: 0}
    for _ in range(60):
        allocation = random_allocation((3, 3, 3), 9 + int(rng.integers(4)), rng)
        masks = masks_of(allocation)
        for pair in pairs_of(masks, (3, 3, 3), 3):
            for levels in [random_levels(pair, rng) for _ in range(25)]:
                if try_levels(pair, levels, PRIME, rng) is None:
                    continue
                plan = Plan((), masks, pair=pair, levels=levels)
                assert misfit(plan, allocation, 3, Reals(), rng) < 1e-6
                carried[levels.is_finite] += 1
    assert min(carried.values()) > 5


def test_t14_certificates_are_accepted_and_no_level_may_change():
    rng, refused = np.random.default_rng(7), 0
    for _ in range(30):
        allocation = random_allocation((3, 3, 3), 11, rng)
        verdict = tc.classify(allocation, 3, theorems=[t14_levels.THEOREM])
        if verdict.certificate is None or verdict.certificate.kind != "levels":
            continue
        assert verdict.rigor == "proved"
        assert tc.check(verdict.certificate)
        allocation = tc.Allocation(SQUARE, BLOCK)
        wrong = tc.Certificate(**{
            **{key: getattr(verdict.certificate, key) for key in ("kind", "theorem",
               "expressivity", "rank", "target_dimension", "error_bound", "evidence")},
            "learnable": allocation.n_learnable,
            "problem": problem_to_dict(allocation, 3),
        })  # fmt: skip
        refused += not tc.check(wrong)
    assert refused >= 1


def test_pairs_choose_the_columns_with_the_most_learnables():
    masks = {1: np.array([[1, 0, 1], [1, 0, 1]], dtype=bool), 2: np.ones((2, 2), dtype=bool)}
    columns, rows = pairs_of(masks, (3, 2, 2), 2)
    assert (columns.lines, rows.lines) == ((0, 2), (0, 1))
    assert isinstance(rows, Pair)
    assert rows.outer.shape == (3, 2)
    assert not pairs_of(masks, (3, 2, 2), 4)


def test_a_match_is_moved_to_one_that_peeled_lines_can_be_fitted_to():
    """All units have level 1, so P A has rank 1 of the 2 that the peeled column needs."""
    masks = {"W1": [[1, 0], [0, 0], [1, 1]], "W2": [[0, 0, 0], [1, 1, 1], [0, 0, 0]]}
    allocation = tc.Allocation(tc.LinearFeedforward([2, 3, 3, 2]), masks)
    finding = t14_levels.THEOREM.ask(Analysis(allocation, 2))
    assert finding is not None
    plan = plan_of(allocation, 2, finding.kind, finding.evidence)
    assert plan is not None
    assert plan.levels is not None
    assert plan.levels.units == (1, 1, 1)
    rng = np.random.default_rng(0)
    assert misfit(plan, allocation, 2, Residues(PRIME), rng) == float("inf")
    assert max(misfit(plan, allocation, 2, Reals(), rng) for _ in range(20)) < 1e-6
