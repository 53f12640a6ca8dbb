"""Heuristic estimates: what they rest on, how good they are on families held out, the command."""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.cli.test_cli import check_one_line, problems, run
from tests.shared.strategies import WORK_ONLY
from theorycheck.computing.options import Options
from theorycheck.heuristics.features import BlockFeatures, determined_part, narrowness
from theorycheck.heuristics.law import FEEDFORWARD, OFFSET, RECURRENT, Law, probability, terms
from theorycheck.heuristics.relu import NUMBERS, SPREAD, relu_estimate, soft_rank
from theorycheck.measurement.intervals import clopper_pearson
from theorycheck.problem.files import problem_from_dict

__all__ = ["problems", "run"]  # fixtures

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "examples" / "experiments"))
fits: Any = __import__("fit_heuristic")

EXAMPLES = ROOT / "examples" / "allocations"
KNOWN = Path(__file__).parents[1] / "known"
FAST = replace(WORK_ONLY, degree=30, instances=100, bases=2)
NO_WITNESS = replace(WORK_ONLY, degree=30, instances=0)  # the degree is enough here
LAWS = {False: FEEDFORWARD, True: RECURRENT}
# Highest RMSE, least share of pairs in order (intermediate, mixed) and least coverage.
ASKED = {False: (0.03, 0.80, 0.99, 0.90), True: (0.07, 0.80, 0.92, 0.90)}


def measured(is_recurrent: bool) -> list[Any]:
    return [row for row in fits.rows_of("intermediate", is_recurrent) if row.blocks]


# The law and the data


@pytest.mark.parametrize("is_recurrent", [False, True])
def test_shipped_numbers_are_the_fit_of_the_data(is_recurrent: bool):
    rows, law = measured(is_recurrent), LAWS[is_recurrent]
    assert law.numbers == tuple(round(number, 2) for number in fits.fit(rows))
    assert law.spread == tuple(round(x, 2) for x in fits.spread(rows, fits.held_out(rows)))


@pytest.mark.parametrize("is_recurrent", [False, True])
def test_families_held_out_are_estimated_as_well_as_asked(is_recurrent: bool):
    rows, law = measured(is_recurrent), LAWS[is_recurrent]
    rmse, ordered, _, coverage = ASKED[is_recurrent]
    numbers = fits.held_out(rows)
    one_by_one = fits.scores(rows, lambda row: Law(numbers[row.family.name], law.spread))
    train = [row for row in rows if row.family.part == "train"]
    test = [row for row in rows if row.family.part == "held-out"]
    split = Law(fits.fit(train), fits.spread(train, fits.held_out(train)))
    for found, least in ((one_by_one, 5000), (fits.scores(test, lambda row: split), 500)):
        assert found.rmse <= rmse
        assert found.ordered >= ordered
        assert found.pairs >= least
        assert found.coverage >= coverage
    assert not {row.family for row in train} & {row.family for row in test}
    # The same test rejects a law that knows nothing of the degree, and one that is narrow.
    nothing = (math.log(1 + OFFSET - 0.5), *(0.0 for _ in law.numbers[1:]))
    wrong = fits.scores(test, lambda row: Law(nothing, law.spread))
    assert wrong.rmse > rmse
    assert wrong.ordered == 0.5
    assert fits.scores(test, lambda row: Law(split.numbers, (-0.1, 0.1))).coverage < coverage


@pytest.mark.parametrize("is_recurrent", [False, True])
def test_class_and_estimate_order_allocations_of_all_classes(is_recurrent: bool):
    rows, law = fits.rows_of("mixed", is_recurrent), LAWS[is_recurrent]
    assert len({row.family for row in rows}) >= 10
    assert {row.expressivity for row in rows} >= {"minimal", "maximal", "intermediate"}
    share, pairs = fits.ordered_share(rows, [fits.by_class(row, law)[0] for row in rows])
    assert share >= ASKED[is_recurrent][2]
    assert pairs > 3000
    for row in rows:  # of extremal allocations every class is right
        if row.expressivity == "minimal":
            assert row.interval[0] == 0
        if row.expressivity == "maximal":
            assert row.interval[1] == 1


def test_over_budget_the_match_probability_is_in_the_stated_range():
    rows = [row for kind in (False, True) for row in fits.rows_of("over", kind)]
    assert len(rows) >= 50
    inside = [row.interval[1] >= fits.by_class(row, FEEDFORWARD)[1][0] for row in rows]
    assert np.mean(inside) >= 0.9


@pytest.mark.long
def test_rows_of_the_data_are_what_the_library_says_today(monkeypatch):
    # Some degrees need an elimination, whose work only a clock limits: here none does.
    for limit in ("_ELIMINATION_SECONDS", "_UNIVARIATE_SECONDS"):
        monkeypatch.setattr(f"theorycheck.degrees.degree.{limit}", math.inf)
    effort = replace(NO_WITNESS, paths=None)
    data = fits.read_rows(fits.DATA / "intermediate.csv")
    source: Any = sys.modules["heuristic_data"]
    for raw in data[::100]:
        family = fits._BY_NAME[raw["family"]]
        allocation = source.allocation_of(family, raw["learnable"])
        assert source.mask_text(allocation) == raw["learnable"]
        verdict = tc.classify(allocation, family.samples, effort=effort)
        assert verdict.degree == int(raw["degree"])
        assert verdict.estimate is not None
        expected, band = probability(family.network, fits.blocks_of(raw["blocks"]))
        assert verdict.estimate.estimate == pytest.approx(expected)
        assert verdict.estimate.range == pytest.approx(band)


@pytest.mark.parametrize("degree", [2, 4, 6, 12, 40, 200])
@pytest.mark.parametrize("diagonal", [0, 1, 2, 3])
def test_estimates_are_probabilities_inside_their_range(degree: int, diagonal: int):
    block = BlockFeatures(degree, 3, diagonal)
    for network in (tc.LinearFeedforward([3, 1, 1, 3]), tc.LinearRecurrent(1, 3, 1, 5)):
        for blocks in ([block], [block, block]):
            point, (low, high) = probability(network, blocks)
            assert 0 <= low <= point <= high <= 1


def test_terms_are_what_the_law_names():
    assert narrowness(tc.LinearFeedforward([5, 2, 4, 5])) == 0.75
    assert terms(tc.LinearFeedforward([3, 3, 3]), BlockFeatures(8, 9, 0)) == (1, 2, 1 / 3)
    network = tc.LinearRecurrent(1, 2, 1, 4)
    assert terms(network, BlockFeatures(2, 2, 2)) == (1, 0, 1, 1, 1)
    assert terms(network, BlockFeatures(4, 4, 1)) == (1, 1, 0.25, 0, 0)


# Single allocations


def test_known_values_lie_in_the_range():
    diagonals, samples = tc.load(EXAMPLES / "diagonals.json")
    found = tc.estimate(diagonals, samples)
    assert found.range[0] < 0.8956 < found.range[1]
    assert abs(found.estimate - 0.8956) < 0.01
    counted = 0
    for entry in json.loads((KNOWN / "lrnn_2114.json").read_text()):
        expected = entry.pop("expected")
        if expected["expressivity"] != "intermediate":
            continue
        verdict = tc.classify(*problem_from_dict(entry), effort=NO_WITNESS)
        assert verdict.estimate is not None
        low, high = clopper_pearson(expected["matches"], expected["trials"])
        assert verdict.estimate.range[0] < high
        assert verdict.estimate.range[1] > low
        counted += 1
    assert counted >= 2


def test_extremal_allocations_have_zero_or_one_by_their_theorem():
    for name, value in (("cross", 0.0), ("forest", 1.0)):
        found = tc.estimate(*tc.load(EXAMPLES / f"{name}.json"))
        assert (found.estimate, found.range, found.rigor) == (value, (value, value), "heuristic")
        assert "by T4" in found.basis
        verdict = tc.classify(*tc.load(EXAMPLES / f"{name}.json"))
        assert verdict.estimate is None
        assert verdict.to_dict()["estimate"] is None


@pytest.mark.parametrize("seed", range(3))
def test_permuted_units_have_the_same_estimate(seed: int):
    rng = np.random.default_rng(seed)
    network = tc.LinearRecurrent(2, 2, 1, 3)
    masks = {"input": np.eye(2), "recurrent": np.diag([1, 0]), "readout": np.zeros((1, 2))}
    hidden, inputs, outputs = (rng.permutation(n) for n in (2, 2, 1))
    moved = {
        "input": masks["input"][np.ix_(hidden, inputs)],
        "recurrent": masks["recurrent"][np.ix_(hidden, hidden)],
        "readout": masks["readout"][np.ix_(outputs, hidden)],
    }
    one, other = (
        tc.estimate(tc.Allocation(network, chosen), 3, effort=NO_WITNESS)
        for chosen in (masks, moved)
    )
    assert one.estimate < 1
    assert (other.estimate, other.range, other.basis) == (one.estimate, one.range, one.basis)


def test_extra_learnables_that_are_wasted_leave_the_estimate_alone():
    # Column 2 of W1 has one learnable more than needed; what is left is a 2-3-2 with diagonals.
    network = tc.LinearFeedforward([3, 3, 2])
    first, last = np.eye(3), np.eye(2, 3)
    first[2, 2], first[:, 2] = 0, 1
    verdict = tc.classify(tc.Allocation(network, {"W1": first, "W2": last}), 3, effort=FAST)
    assert verdict.learnable == 7 == (verdict.target_dimension or 0) + 1
    assert verdict.expressivity == "intermediate"
    assert verdict.estimate is not None
    assert 0.85 < verdict.estimate.estimate < 0.93


def test_the_determined_part_is_what_alternating_paths_leave():
    network = tc.LinearRecurrent(1, 2, 2, 1)
    allocation = tc.Allocation.full(network)
    support = np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]], dtype=bool)
    part = determined_part(allocation, 1, support, Options(effort=FAST))
    assert part is not None
    assert (part.system.equations, part.system.unknowns) == ((1, 2), (2, 3))
    assert determined_part(allocation, 1, support[:1], Options(effort=FAST)) is None


def test_without_a_degree_the_range_is_wide():
    diagonals, samples = tc.load(EXAMPLES / "diagonals.json")
    verdict = tc.classify(diagonals, samples, effort=tc.Effort(seconds=0))
    assert (str(verdict.expressivity), verdict.estimate) == ("positive", None)
    found = tc.estimate(diagonals, samples, effort=tc.Effort(seconds=0))
    assert found.range[0] < 0.8956 < found.range[1] == 1
    assert "unknown" in found.basis


def test_a_prior_from_the_range_saves_draws():
    a, b = tc.HeuristicEstimate(0.9, (0.86, 0.94), "").beta_prior
    assert a / (a + b) == pytest.approx(0.9)
    assert math.sqrt(a * b / (a + b) ** 2 / (a + b + 1)) == pytest.approx(0.04 / 1.9)
    assert tc.HeuristicEstimate(0.5, (0.0, 1.0), "").beta_prior[0] < 2
    assert tc.HeuristicEstimate(1.0, (1.0, 1.0), "").beta_prior == (0.5, 0.5)


# Shallow ReLU


def test_relu_numbers_are_the_fit_and_the_soft_rank_orders_known_allocations():
    numbers, band, rmse, order = fits.fit_relu()
    assert pytest.approx(numbers, abs=0.006) == NUMBERS
    assert pytest.approx(band, abs=0.006) == SPREAD
    assert rmse < 0.06
    assert order >= 0.90


def test_soft_rank_agrees_with_finite_differences_and_refuses_what_it_cannot():
    network = tc.ShallowReLU([2, 3, 2], bias=True)
    allocation = tc.Allocation.full(network)
    from theorycheck.heuristics.relu import _jacobians

    count, samples = 4, 3
    jacobians = _jacobians(allocation, samples, np.random.default_rng(3), count)
    rng = np.random.default_rng(3)
    weights = {n: rng.normal(size=(count, *s)) for n, s in network.weight_shapes.items()}
    inputs = rng.normal(size=(count, 2, samples))

    def outputs(values: dict[str, Any]) -> Any:
        hidden = np.maximum(values["W1"] @ inputs + values["b1"][:, :, None], 0)
        return (values["W2"] @ hidden + values["b2"][:, :, None]).reshape(count, -1)

    place, step = 0, 1e-6
    for name in allocation.counts:
        for entry in np.argwhere(allocation.mask(name)).tolist():
            moved = {n: value.copy() for n, value in weights.items()}
            moved[name][(slice(None), *entry)] += step
            slope = (outputs(moved) - outputs(weights)) / step
            assert np.allclose(slope, jacobians[:, :, place], atol=1e-4)
            place += 1
    assert place == jacobians.shape[2]
    assert soft_rank(allocation, 2, seed=1) == soft_rank(allocation, 2, seed=1)
    with pytest.raises(tc.InputError, match="shallow ReLU"):
        soft_rank(tc.Allocation.full(tc.LinearFeedforward([2, 2])), 2)
    with pytest.raises(tc.InputError, match="too many"):
        soft_rank(tc.Allocation.full(tc.ShallowReLU([100, 200, 10])), 200)


def test_relu_estimates_lie_between_zero_and_one():
    network = tc.ShallowReLU([2, 3, 1])
    assert relu_estimate(tc.Allocation.layer(network, "W2"), 3).basis.endswith("regular teacher")
    for samples in (1, 2, 3, 4, 5):
        found = relu_estimate(tc.Allocation.layer(network, "W2"), samples)
        assert 0 <= found.range[0] <= found.estimate <= found.range[1] <= 1
        assert (found.estimate == 0) == (samples > 3)


# The command


def test_estimate_prints_for_people_and_programs(run: Any, problems: dict[str, Path]):
    result = run("estimate", EXAMPLES / "diagonals.json")
    assert (result.status, result.err) == (0, "")
    text = " ".join(result.out.split())
    assert "estimate 0.90 (0.86 to 0.93), heuristic for Gaussian weights" in text
    assert "basis equations in 4 unknowns with 2 complex solutions" in text
    for file in (EXAMPLES / "diagonals.json", EXAMPLES / "cross.json", problems["relu"]):
        (line,) = run("estimate", file, "--json").out.splitlines()
        data = json.loads(line)
        assert data.keys() == {"file", "estimate", "range", "law", "basis", "rigor"}
        assert (data["law"], data["rigor"]) == ("normal", "heuristic")
        assert 0 <= data["range"][0] <= data["estimate"] <= data["range"][1] <= 1


def test_classify_shows_the_estimate_of_open_allocations(run: Any):
    data = json.loads(run("classify", EXAMPLES / "diagonals.json", "--json").out)
    assert 0.86 < data["estimate"] < 0.93
    assert data["match_probability"] == [0, 1]
    assert "estimate" not in run("classify", EXAMPLES / "cross.json").out


def test_a_bad_file_is_one_line(run: Any, tmp_path: Path):
    check_one_line(run("estimate", tmp_path / "none.json"), "none.json", "no such file")


def test_the_page_states_the_shipped_numbers():
    page = (ROOT / "docs" / "heuristics.md").read_text()
    for law in (FEEDFORWARD, RECURRENT):
        assert all(f"{number:.2f}" in page for number in law.numbers)
        assert f"{law.spread[0]:.2f}, +{law.spread[1]:.2f}" in page
    assert f"{NUMBERS[0]:.2f} + {NUMBERS[1]:.2f} log" in page
    assert f"{SPREAD[0]:.2f}, +{SPREAD[1]:.2f}" in page
