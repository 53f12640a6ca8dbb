"""Methods under one budget: each is what it says, and the answers are those asked one by one."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import allocations, networks, seeds
from theorycheck.answers.methods import Setting, choices

pytestmark = pytest.mark.long  # it hangs on no version

TANH = tc.Feedforward([3, 4, 4, 2], activation="tanh", bias=True)  # 16 + 20 + 10 weights
LINEAR = tc.LinearFeedforward([4, 6, 3])
FILTERS = tc.Convolutional(
    input=[1, 6],
    layers=[{"channels": 2, "kernel": 3, "pool": 2}],
    outputs=2,
    activation="tanh",
    bias=True,
)


def chosen(network, budget, weights=None, **present) -> tuple[dict[str, Any], dict[str, str]]:
    """What is trained by all methods by name, and in words what the others lack."""
    masks = dict(tc.Allocation.full(network, present or None).masks("present"))
    found = list(choices(Setting(network, masks, budget, (0, 1), weights)))
    assert len({choice.method for choice in found}) == len(found)
    made = {c.method: c.trained for c in found if c.trained}
    return made, {c.method: c.what for c in found if not c.trained}


def arrays(allocation):
    return {name: np.array(mask) for name, mask in allocation.masks("learnable")}


def lines_of(network, masks, axis):
    """The whole lines of each layer, a bias being one more column, as lists of their entries."""
    for matrix, *bias in network.weight_layers:
        rows = masks[matrix].reshape(len(masks[matrix]), -1)
        table = np.column_stack([rows, *(masks[name] for name in bias)])
        yield table if axis == 0 else table.T


# Each method


@settings(max_examples=60)
@given(allocations(networks), st.data(), seeds)
def test_budgets_are_kept_and_nothing_absent_is_learned(allocation, data, seed):
    assume(allocation.n_present)
    budget = data.draw(st.integers(1, allocation.n_present))
    present = dict(allocation.masks("present"))
    for choice in choices(Setting(allocation.network, present, budget, (seed, seed + 1))):
        assert bool(choice.trained) or choice.what
        for made in choice.trained:
            if isinstance(made, tc.Parametrization):
                assert 0 < sum(block.size for block in made.blocks) <= budget
                continue
            spent = sum(int(np.sum(mask)) for _, mask in made.masks("learnable"))
            assert choice.method == "full" or 0 < spent <= budget
            if "LoRA" not in choice.method:
                assert made.network == allocation.network
                for name, mask in made.masks("learnable"):
                    assert not np.any(mask & ~present[name])


@pytest.mark.parametrize(
    ("budget", "names"),
    [(9, None), (10, ["W3", "b3"]), (29, ["W3", "b3"]), (30, ["W2", "b2", "W3", "b3"])],
)
def test_last_layers_are_as_many_as_fit(budget, names):
    made, lacking = chosen(TANH, budget)
    if names is None:
        assert lacking["last layers"] == "the last one has 10 weights, more than the budget"
    else:
        assert made["last layers"] == (tc.Allocation.layer(TANH, *names),)


def test_biases_are_all_or_none():
    made, _ = chosen(TANH, 10)
    assert made["biases"] == (tc.Allocation.biases(TANH),)
    assert chosen(TANH, 9)[1]["biases"] == "all biases are 10 weights, more than the budget"
    assert chosen(LINEAR, 9)[1]["biases"] == "the network has no biases"


COSTS = {"W1": 9, "W2": 7}  # numbers for each rank, of 5-4-3
MOST = {"W1": 4, "W2": 3}


@pytest.mark.parametrize("activation", ["linear", "tanh"])
def test_low_rank_is_the_largest_that_fits(activation):
    network = tc.Feedforward([5, 4, 3], activation=activation)
    for budget in range(6, 33):
        made, lacking = chosen(network, budget)
        for name, matrices in {"LoRA": "W1 W2", "LoRA of W1": "W1", "LoRA of W2": "W2"}.items():
            every = [{key: min(r, MOST[key]) for key in matrices.split()} for r in range(1, 5)]
            fit = [ranks for ranks in every if sum(COSTS[k] * ranks[k] for k in ranks) <= budget]
            if not fit:
                assert "more than the budget" in lacking[name]
            elif activation == "linear":
                linear = tc.LinearFeedforward([5, 4, 3])
                assert made[name] == (tc.Allocation.low_rank(linear, fit[-1]),)
            else:
                terms = {key: term.rank for key, (term,) in made[name][0].terms.items()}
                assert terms == fit[-1]
                assert made[name][0].n_parameters == sum(COSTS[k] * fit[-1][k] for k in fit[-1])


def test_scalings_are_a_factor_for_each_row_or_none():
    made, _ = chosen(TANH, 10)
    assert [(block.weight, block.kind, block.size) for block in made["scalings"][0].blocks] == [
        ("W1", "rows", 4),
        ("W2", "rows", 4),
        ("W3", "rows", 2),
    ]
    assert chosen(TANH, 9)[1]["scalings"] == "all rows are 10 weights, more than the budget"


def test_low_rank_of_what_it_cannot_be_is_left_out():
    sparse = {"W1": np.eye(6, 4)}
    made, lacking = chosen(LINEAR, 15, **sparse)
    assert "LoRA of W1" not in {**made, **lacking}
    assert list(made["LoRA"][0].terms) == ["W2"]
    nothing = {**sparse, "W2": np.eye(3, 6)}
    assert "would fill in absent ones" in chosen(LINEAR, 7, **nothing)[1]["LoRA"]
    assert "filters" in chosen(FILTERS, 16)[1]["LoRA"]


def test_random_and_spread_are_draws_of_their_seeds():
    made, _ = chosen(TANH, 13)
    draws = [tc.Allocation.random(TANH, 13, np.random.default_rng(seed)) for seed in (0, 1)]
    assert made["random"] == tuple(draws)
    first, second = made["spread"]
    assert first != second
    for allocation in (first, second):
        assert allocation.n_learnable == 13
        masks = arrays(allocation)
        for axis in (0, 1):
            for table in lines_of(TANH, masks, axis):
                counts = table.sum(axis=1)
                assert counts.max() - counts.min() <= 1
        sizes = [sum(masks[name].sum() for name in layer) for layer in TANH.weight_layers]
        assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("network", [TANH, LINEAR, FILTERS], ids=str)
@pytest.mark.parametrize(("method", "axis"), [("rows", 0), ("columns", 1)])
def test_lines_are_whole_and_no_further_one_fits(network, method, axis):
    for budget in (6, 11, 17):
        made, lacking = chosen(network, budget)
        tables = list(lines_of(network, arrays(tc.Allocation.none(network)), axis))
        if method in lacking:
            assert min(table.shape[1] for table in tables) > budget
            continue
        (allocation,) = made[method]
        left = budget - allocation.n_learnable
        for table in lines_of(network, arrays(allocation), axis):
            assert set(table.sum(axis=1)) <= {0, table.shape[1]}
            assert table.all() or table.shape[1] > left


def test_magnitude_learns_the_largest_of_the_present_weights():
    rng = np.random.default_rng(3)
    values = {name: rng.normal(size=shape) for name, shape in TANH.weight_shapes.items()}
    present = {"W2": rng.random((4, 4)) < 0.5}
    values["W2"] *= present["W2"]
    (allocation,) = chosen(TANH, 12, values, **present)[0]["magnitude"]
    masks = arrays(allocation)
    inside = [abs(values[name][mask]) for name, mask in masks.items()]
    outside = [abs(values[name][~mask]) for name, mask in masks.items()]
    assert allocation.n_learnable == 12
    assert np.concatenate(inside).min() >= np.concatenate(outside).max()
    del values["b1"], values["W3"]
    lacking = chosen(TANH, 12, values)[1]["magnitude"]
    assert lacking == "it needs the values of b1, W3, too"


# What is known of them


@pytest.mark.parametrize(
    ("network", "budget", "samples"),
    [
        (TANH, 16, 5),
        (LINEAR, 18, 3),
        (FILTERS, 12, 3),
        (tc.Recurrent(1, 3, 1, steps=3, activation="tanh", bias=True), 8, 3),
        (tc.ShallowReLU([2, 4, 2]), 9, 3),
    ],
    ids=str,
)
def test_answers_are_those_of_each_allocation(network, budget, samples):
    found = tc.compare_methods(network, budget, samples, seed=2)
    assert [row.method for row in found.rows][:2] == ["full", "last layers"]
    for row in found.rows:
        assert row.budget == budget
        assert [draw.seed for draw in row.draws] in ([], [None], [2, 3, 4])
        for draw in row.draws:
            verdict = tc.classify(draw.trained, samples, seed=2)
            assert draw.verdict is not None
            assert draw.verdict.expressivity is verdict.expressivity
            assert draw.verdict.theorem == verdict.theorem
            if verdict.expressivity is tc.Expressivity.MINIMAL and draw.rank is not None:
                assert draw.target_dimension is not None
                assert draw.rank < draw.target_dimension
            if isinstance(draw.trained, tc.Parametrization):
                check_parametrised(draw)
                continue
            limits = tc.capacity(draw.trained, seed=2)
            assert draw.capacity is not None
            for name in ("positive", "minimal_from", "maximal", "not_maximal_from"):
                assert getattr(draw.capacity, name) == getattr(limits, name)
            if verdict.expressivity is tc.Expressivity.MAXIMAL:
                assert draw.capacity.maximal is None or draw.capacity.maximal >= samples
    assert found.limited_by is None


def check_parametrised(draw):
    """The capacity is what a scan over the number of samples finds."""
    if draw.capacity is None:
        assert draw.verdict.expressivity is tc.Expressivity.UNDECIDED
        assert draw.why_open
        return
    classes = [tc.classify(draw.trained, m, seed=2).expressivity for m in range(1, 9)]
    matched = [m for m, found in enumerate(classes, 1) if found is not tc.Expressivity.MINIMAL]
    maximal = [m for m, found in enumerate(classes, 1) if found is tc.Expressivity.MAXIMAL]
    assert draw.capacity.positive == max(matched, default=0)
    assert draw.capacity.maximal == max(maximal, default=0)
    assert matched == list(range(1, len(matched) + 1))


def test_rows_say_of_which_teachers_they_speak_and_how_sure_they_are():
    relu = tc.compare_methods(tc.ShallowReLU([2, 4, 2]), 9, 3, draws=1)
    assert relu.conditioned_on == "regular teacher"
    assert "a regular teacher" in str(relu)
    tanh = tc.compare_methods(TANH, 16, 5, draws=1)
    draws = [draw for row in tanh.rows for draw in row.draws]
    bounds = [each.error_bound for d in draws for each in (d.verdict, d.capacity) if each]
    assert tanh.conditioned_on is None
    assert max(bounds) <= tanh.error_bound <= sum(bounds)
    assert "rigor" in str(tanh)


def test_median_is_that_of_the_draws_by_capacity():
    found: Any = tc.compare_methods(tc.ShallowReLU([2, 4, 2]), 9, 3, draws=4)
    row = next(row for row in found.rows if row.method == "random")
    numbers = sorted(draw.capacity.positive for draw in row.draws)
    assert row.median.capacity.positive == numbers[1]
    late = replace(row.draws[0], verdict=None, capacity=None)
    assert replace(row, draws=(late, row.draws[1])).median == row.draws[1]
    assert replace(row, draws=(late,)).median == late


def test_own_choices_are_rows_whatever_they_spend():
    given = tc.Allocation.layer(TANH, "W2")
    found: Any = tc.compare_methods(given, 12, 2, masks={"mine": {"b1": [1, 0, 1, 1]}})
    rows = {row.method: row for row in found.rows}
    assert rows["yours"].draws[0].trained == given
    assert not rows["yours"].keeps_budget
    assert "more than the budget" in rows["yours"].words
    assert rows["mine"].draws[0].trained.counts == {"b1": 3}
    assert rows["mine"].keeps_budget
    for whole in (tc.Allocation.full(TANH), tc.Allocation.none(TANH)):
        names = [row.method for row in tc.compare_methods(whole, 12, 2, draws=1).rows]
        assert "yours" not in names


def test_own_parametrised_weights_are_rows():
    tied = tc.Parametrization(TANH, {"W2": tc.LowRank(1, train=("B",))})
    found: Any = tc.compare_methods(TANH, 12, 2, masks={"B": tied}, draws=1)
    row = next(row for row in found.rows if row.method == "B")
    assert (row.draws[0].trained, row.draws[0].learnable) == (tied, 4)
    assert row.draws[0].verdict.theorem == "T19"
    other = tc.Parametrization(LINEAR, {"W2": tc.LowRank(1)})
    with pytest.raises(tc.InputError, match=r"masks\['B'\] is of linear feed-forward 4-6-3"):
        tc.compare_methods(TANH, 12, 2, masks={"B": other})


def test_further_budgets_are_kept_too():
    found = tc.compare_methods(TANH, 12, 2, budgets=4, draws=1)
    budgets = sorted({row.budget for row in found.others})
    assert len(budgets) == 4
    assert budgets[0] == TANH.outputs
    assert budgets[-1] == TANH.n_weights
    assert all(row.keeps_budget for row in found.others)
    assert "full" not in [row.method for row in found.others]
    asked: Any = tc.compare_methods(TANH, 12, 2, budgets=(20, 12), draws=1)
    assert sorted({row.budget for row in asked.others}) == [12, 20]
    alike = {row.method: row.median for row in asked.rows if row.median}
    for row in asked.others:
        if row.budget == 12 and row.median is not None:
            assert row.median.rank == alike[row.method].rank
            assert row.median.capacity.positive == alike[row.method].capacity.positive


def test_rows_that_the_time_did_not_reach_say_so():
    found = tc.compare_methods(TANH, 12, 2, seconds=1e-9, budgets=3)
    assert found.limited_by == "seconds"
    for row in (*found.rows, *found.others):
        for draw in row.draws:
            assert (draw.verdict, draw.capacity, draw.rank) == (None, None, None)
            assert draw.why_open == "the time was up before all was known"
    assert "the time was up" in str(found)
    assert "is shown of no method" in str(found)


def test_what_no_theorem_decides_is_left_open():
    mixed = tc.Feedforward([2, 3, 3, 1], activation=["tanh", "relu"], bias=True)
    found = tc.compare_methods(mixed, 4, 2, draws=1)
    row = next(row for row in found.rows if row.method == "random")
    assert row.median is not None
    assert row.median.capacity is None
    assert row.median.why_open.startswith("for how many samples is open: with relu ranks differ")


def test_progress_counts_all_draws():
    told = []
    found = tc.compare_methods(LINEAR, 18, 2, progress=told.append)
    total = sum(len(row.draws) for row in found.rows)
    assert [(each.done, each.total) for each in told] == [(k, total) for k in range(total)]


def test_words_and_json_tell_the_same():
    found: Any = tc.compare_methods(LINEAR, 18, 4)
    data = found.to_dict()
    for row, told in zip(found.rows, data["rows"], strict=True):
        if row.median is None:
            assert told["median"] is None
            assert told["what"] in " ".join(str(found).split())
            continue
        assert told["median"]["expressivity"] == str(row.median.verdict.expressivity)
        assert told["median"]["capacity"]["positive"] == row.median.capacity.positive
        assert len(told["draws"]) == len(row.draws)
    assert "BUDGET" in str(found)
    assert "18 of 42 weights" in str(found)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"budget": 0}, "budget must be an integer from 1 to 42, not 0"),
        ({"budget": 43}, "budget must be an integer from 1 to 42, not 43"),
        ({"samples": 0}, "samples must be an integer from 1"),
        ({"draws": 0}, "draws must be an integer from 1 to 100, not 0"),
        ({"seed": -1}, "seed must be an integer from 0, not -1"),
        ({"budgets": [50]}, "budgets must be an integer from 1 to 42, not 50"),
        ({"budgets": -1}, "budgets must be at most 100, not -1"),
        ({"budgets": "5"}, "budgets must be integers, or how many, not '5'"),
        ({"masks": {"a": {"W9": [1]}}}, "masks['a']: learnable has no weight 'W9'"),
        ({"masks": [1]}, "masks must map names of your own to masks"),
        ({"weights": {"W1": [1]}}, 'weights["W1"] must have shape (6, 4)'),
        ({"subject": "net"}, "allocation must be an Allocation, not 'net'"),
        ({"seconds": -1}, "seconds must be a number from 0, not -1"),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    asked = {"subject": LINEAR, "budget": 12, "samples": 3, **arguments}
    with pytest.raises(tc.InputError) as error:
        tc.compare_methods(**asked)
    assert words in str(error.value)


@pytest.mark.torch
def test_torch_modules_are_read():
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    module[0].weight.requires_grad = False
    found: Any = tc.compare_methods(module, 10, 2, draws=1)
    assert found.network == tc.Feedforward([3, 4, 2], activation="tanh", bias=True)
    own = next(row for row in found.rows if row.method == "yours")
    assert own.draws[0].trained.counts == {"b1": 4, "W2": 8, "b2": 2}
