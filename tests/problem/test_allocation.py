"""Allocations: validation, copies, constructors and their promises."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import (
    allocations,
    feedforward_networks,
    networks,
    present_masks,
    seeds,
)
from theorycheck import Allocation, LinearFeedforward, LinearRecurrent
from theorycheck.problem.files import problem_from_dict, problem_to_dict
from theorycheck.problem.networks.kinds import KINDS
from theorycheck.problem.placement import level

NET = LinearFeedforward([3, 4, 2])
BIASED = LinearFeedforward([2, 2], bias=True)
W1 = [[0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 0]]
RNG = np.random.default_rng(0)
HUGE = LinearFeedforward([10**6, 10**6, 10])


def w1_with(value: Any) -> Any:
    return {"W1": [[0, 1, value], *W1[1:]]}


def zeros(*shape: int) -> Any:
    return np.zeros(shape, dtype=int)


BAD_MASKS: list[tuple[Any, Any, str]] = [
    (3, None, "learnable must map weight names to 0/1 arrays, not 3"),
    ([W1], None, "learnable must map weight names to 0/1 arrays, not [["),
    (None, None, "learnable must map weight names to 0/1 arrays, not None"),
    ({}, [], "present must map weight names to 0/1 arrays, not []"),
    ({}, zeros(2, 2), "present must map weight names to 0/1 arrays, not array("),
    (
        {"w1": W1},
        None,
        "learnable has no weight 'w1' (did you mean 'W1'?); this network has W1, W2",
    ),
    ({"b1": [1]}, None, "learnable has no weight 'b1'; this network has W1, W2"),
    ({1: W1}, None, "learnable has no weight 1 (did you mean 'W1'?); this network has W1, W2"),
    ({}, {"recurrent": W1}, "present has no weight 'recurrent'; this network has W1, W2"),
    ({"W1": 1}, None, 'learnable["W1"] must be a 0/1 array of shape (4, 3), not 1'),
    ({"W1": None}, None, 'learnable["W1"] must be a 0/1 array of shape (4, 3), not None'),
    ({"W1": "all"}, None, "learnable[\"W1\"] must be a 0/1 array of shape (4, 3), not 'all'"),
    ({"W1": []}, None, 'learnable["W1"] must have shape (4, 3), not (0,)'),
    (
        {"W1": zeros(3, 4)},
        None,
        'learnable["W1"] must have shape (4, 3), not (3, 4): rows are outputs, columns inputs',
    ),
    ({"W1": zeros(4, 3, 1)}, None, 'learnable["W1"] must have shape (4, 3), not (4, 3, 1)'),
    ({"W1": zeros(12)}, None, 'learnable["W1"] must have shape (4, 3), not (12,)'),
    ({"W1": [[1, 1, 1], [1]]}, None, "of shape (4, 3), but its row 1 has 1 entries"),
    ({"W1": [[1, 1, 1], 7]}, None, "of shape (4, 3), but its row 1 is 7"),
    ({"W1": [[1, 1, [1]]] * 4}, None, "of shape (4, 3), without lists inside its rows"),
    (w1_with(2), None, 'learnable["W1"][0, 2] must be 0 or 1, not 2'),
    (w1_with(-1), None, 'learnable["W1"][0, 2] must be 0 or 1, not -1'),
    (w1_with(0.5), None, 'learnable["W1"][0, 2] must be 0 or 1, not 0.5'),
    (w1_with(float("nan")), None, 'learnable["W1"][0, 2] must be 0 or 1, not nan'),
    (w1_with(float("inf")), None, 'learnable["W1"][0, 2] must be 0 or 1, not inf'),
    (w1_with("1"), None, "learnable[\"W1\"][0, 2] must be 0 or 1, not '1'"),
    (w1_with(None), None, 'learnable["W1"][0, 2] must be 0 or 1, not None'),
    (w1_with({}), None, 'learnable["W1"][0, 2] must be 0 or 1, not {}'),
    (w1_with(10**30), None, f'learnable["W1"][0, 2] must be 0 or 1, not {10**30}'),
    (w1_with(10**5000), None, "[0, 2] must be 0 or 1, not a value of type int that is too long"),
    ({"W1": zeros(4, 3) + 1j}, None, "must hold the numbers 0 and 1, not complex128 values"),
    ({}, {"W2": [[1, 1, 1, 3], [0, 0, 0, 0]]}, 'present["W2"][0, 3] must be 0 or 1, not 3'),
    (
        {"W1": W1},
        {"W1": 1 - np.array(W1)},
        'learnable["W1"][0, 1] is 1 but present["W1"][0, 1] is 0: '
        "an absent connection cannot be learnable",
    ),
]


@pytest.mark.parametrize(("learnable", "present", "message"), BAD_MASKS)
def test_bad_masks_are_refused_with_place_and_value(learnable: Any, present: Any, message: str):
    with pytest.raises(tc.InputError) as caught:
        Allocation(NET, learnable, present)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


BAD_CALLS: list[tuple[Any, str]] = [
    (lambda: Allocation("net", {}), "network must be one of linear_feedforward"),  # type: ignore
    (lambda: Allocation.full({}), "network must be one of linear_feedforward"),  # type: ignore
    (lambda: Allocation.random(NET, 21, RNG), "budget must be an integer from 0 to 20, not 21"),
    (lambda: Allocation.random(NET, -1, RNG), "budget must be an integer from 0 to 20, not -1"),
    (lambda: Allocation.random(NET, 2.0, RNG), "from 0 to 20, not 2.0"),  # type: ignore
    (lambda: Allocation.random(NET, True, RNG), "from 0 to 20, not True"),
    (lambda: Allocation.random(NET, 3, 0), "rng must be made by numpy.random.default_rng(seed)"),  # type: ignore
    (
        lambda: Allocation.random(NET, 3, RNG, within={"W2": np.eye(2, 4)}),
        "budget must be an integer from 0 to 2, not 3",
    ),
    (lambda: Allocation.random(NET, 1, RNG, within={"W2": zeros(4, 2)}), 'within["W2"] must have'),
    (lambda: Allocation.random(NET, 1, RNG, within={"W9": [1]}), "within has no weight 'W9'"),
    (lambda: Allocation.spread(NET, 21), "budget must be an integer from 0 to 20, not 21"),
    (lambda: Allocation.spread(NET, "3"), "from 0 to 20, not '3'"),  # type: ignore
    (lambda: Allocation.spread(NET, 3, 5), "rng must be made by"),  # type: ignore
    (
        lambda: Allocation.spread(NET, 13, present={"W1": zeros(4, 3)}),
        "budget must be an integer from 0 to 8, not 13",
    ),
    (lambda: Allocation.rows(NET, {"W1": [4]}), 'rows["W1"] must hold integers from 0 to 3, not 4'),
    (lambda: Allocation.rows(NET, {"W1": [-1]}), 'rows["W1"] must hold integers from 0 to 3'),
    (lambda: Allocation.rows(NET, {"W1": [True]}), "integers from 0 to 3, not True"),
    (lambda: Allocation.rows(NET, {"W1": [1.0]}), "from 0 to 3, not 1.0"),  # type: ignore
    (lambda: Allocation.rows(NET, {"W1": ["1"]}), "from 0 to 3, not '1'"),  # type: ignore
    (lambda: Allocation.rows(NET, {"W1": "1"}), "must be a list of indices, not '1'"),  # type: ignore
    (lambda: Allocation.rows(NET, {"W1": 1}), "must be a list of indices, not 1"),  # type: ignore
    (lambda: Allocation.rows(NET, ["W1"]), "rows must map weight names to lists"),  # type: ignore
    (lambda: Allocation.rows(NET, {"W3": [0]}), "rows has no weight 'W3'; this network has W1, W2"),
    (lambda: Allocation.columns(NET, {"W1": [3]}), 'columns["W1"] must hold integers from 0 to 2'),
    (lambda: Allocation.columns(BIASED, {"b1": [0]}), 'columns["b1"]: a bias has no columns'),
    (lambda: Allocation.layer(NET, "W3"), "layer has no weight 'W3'; this network has W1, W2"),
    (lambda: Allocation.layer(NET, ["W1"]), "layer has no weight ['W1']"),  # type: ignore
]


@pytest.mark.parametrize(("call", "message"), BAD_CALLS)
def test_bad_arguments_of_constructors_are_refused(call: Any, message: str):
    with pytest.raises(tc.InputError) as caught:
        call()
    assert message in str(caught.value)


def test_a_message_about_a_deep_network_does_not_list_all_its_weights():
    with pytest.raises(tc.InputError, match=r"this network has W1, .*, \.\.\., W5000") as caught:
        Allocation(LinearFeedforward([1] * 5001), {"layer": [[1]]})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "mask",
    [
        W1,
        tuple(map(tuple, W1)),
        np.array(W1, dtype=bool),
        np.array(W1, dtype=np.int8),
        np.array(W1, dtype=float),
        np.array(W1, dtype=">f4"),
        np.array(W1, dtype=object),
        np.asfortranarray(W1),
        np.array(W1).T.copy().T,
        [[0.0, True, 1], *W1[1:]],
    ],
)
def test_every_way_to_write_a_mask_means_the_same(mask: Any):
    allocation = Allocation(NET, {"W1": mask})
    assert allocation.mask("W1").dtype == bool
    assert allocation.mask("W1").astype(int).tolist() == W1
    assert allocation.counts == {"W1": 5}
    assert not allocation.mask("W2").any()


def test_a_boolean_array_with_other_bytes_than_0_and_1_is_refused():
    mask = np.frombuffer(b"\2" + 11 * b"\0", dtype=bool).reshape(4, 3)
    with pytest.raises(tc.InputError, match=r'learnable\["W1"\]\[0, 0\] must be 0 or 1, not 2'):
        Allocation(NET, {"W1": mask})


def read_only(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


@pytest.mark.parametrize("make", [np.copy, np.asfortranarray, read_only, lambda a: a[:]])
@pytest.mark.parametrize("which", ["learnable", "present"])
def test_masks_are_copies_that_no_change_of_the_caller_reaches(make: Any, which: str):
    own = make(np.array(W1, dtype=bool))
    given = {"W1": own}
    arguments = {"learnable": {}, which: given}
    allocation = Allocation(NET, **arguments)
    own.setflags(write=True)
    own[:] = ~own
    given.clear()
    mask = getattr(allocation, which)["W1"]
    assert mask.astype(int).tolist() == W1
    with pytest.raises(ValueError, match="read-only"):
        mask[0, 0] = True
    with pytest.raises(TypeError):
        getattr(allocation, which)["W1"] = own


def test_a_broadcast_mask_is_copied_as_well():
    entry = np.array(False)
    allocation = Allocation(NET, {"W1": np.broadcast_to(entry, (4, 3))})
    entry[...] = True
    assert allocation.n_learnable == 0
    row = np.zeros(3, dtype=bool)
    allocation = Allocation(NET, {"W1": np.broadcast_to(row, (4, 3))})
    row[:] = True
    assert allocation.n_learnable == 0


def test_a_broadcast_mask_is_validated():
    with pytest.raises(tc.InputError, match="must be 0 or 1, not 3"):
        Allocation(NET, {"W1": np.broadcast_to(3, (4, 3))})


def test_unnamed_weights_are_frozen_and_fully_present():
    allocation = Allocation(NET, {"W1": W1}, {"W1": [[1, 1, 1], [1, 0, 1], [1, 1, 1], [1, 1, 1]]})
    assert (allocation.n_learnable, allocation.n_present, allocation.is_dense) == (5, 19, False)
    assert not allocation.mask("W2").any()
    assert allocation.present_mask("W2").all()
    assert list(allocation.given_present()) == ["W1"]
    only = allocation.restricted_to(["W2"])
    assert (only.n_learnable, only.n_present) == (0, 19)


def test_equality_compares_network_learnables_and_present_connections():
    present = {"W1": np.ones((4, 3))}
    allocation = Allocation(NET, {"W1": W1})
    assert allocation == Allocation(NET, {"W1": np.array(W1), "W2": zeros(2, 4)}, present)
    assert allocation != Allocation(NET, {"W1": 1 - np.array(W1)})
    assert allocation != Allocation(NET, {"W1": W1}, {"W2": zeros(2, 4)})
    assert Allocation.none(NET) != Allocation.none(tc.ShallowReLU([3, 4, 2]))
    assert Allocation.full(NET) == Allocation(NET, {"W1": np.ones((4, 3)), "W2": np.ones((2, 4))})
    assert allocation != "allocation"
    with pytest.raises(TypeError, match="unhashable"):
        hash(allocation)


@pytest.mark.parametrize(
    ("allocation", "learnable"),
    [
        (Allocation.layer(HUGE, "W2"), 10**7),
        (Allocation.rows(HUGE, {"W2": [1, 3]}), 2 * 10**6),
        (Allocation(HUGE, {"W2": np.ones((10, 10**6))}), 10**7),
        (Allocation.none(HUGE), 0),
        (Allocation.full(HUGE), 10**12 + 10**7),
        (
            Allocation.random(HUGE, 100, RNG, within={"W2": np.ones((10, 10**6))}),
            100,
        ),
    ],
)
def test_weights_of_a_huge_network_that_are_not_named_cost_nothing(
    allocation: Allocation, learnable: int
):
    # 10^12 entries of W1 would not fit in memory: each of these lines would fail.
    assert allocation.n_learnable == learnable
    assert allocation.is_dense
    assert allocation == Allocation(HUGE, dict(allocation.learnable))
    assert (allocation == Allocation.none(HUGE)) == (learnable == 0)


# Constructors


@given(st.data())
def test_full_and_none_and_layer(data):
    network = data.draw(networks)
    present = data.draw(present_masks(network))
    full, none = Allocation.full(network, present), Allocation.none(network, present)
    assert full.n_learnable == full.n_present == none.n_present
    assert none.n_learnable == 0
    names = data.draw(st.sets(st.sampled_from(sorted(network.weight_shapes))))
    layer = Allocation.layer(network, *names, present=present)
    for name in network.weight_shapes:
        expected = full.present_mask(name) if name in names else np.zeros_like(layer.mask(name))
        assert np.array_equal(layer.mask(name), expected)
        assert np.array_equal(layer.present_mask(name), full.present_mask(name))
    assert layer == full.restricted_to(names)


@given(st.data())
def test_rows_and_columns_are_the_present_cells_of_these_lines(data):
    network = data.draw(networks)
    present = data.draw(present_masks(network))
    name = data.draw(st.sampled_from(sorted(network.weight_shapes)))
    shape = network.weight_shapes[name]
    for axis, construct in enumerate((Allocation.rows, Allocation.columns)[: len(shape)]):
        lines = data.draw(st.lists(st.integers(0, shape[axis] - 1), max_size=4))
        allocation = construct(network, {name: np.array(lines, dtype=int)}, present)
        chosen = np.isin(np.arange(shape[axis]), lines)
        chosen = chosen.reshape([-1 if k == axis else 1 for k in range(len(shape))])
        full = Allocation.full(network, present).mask(name)
        assert np.array_equal(allocation.mask(name), full & chosen)
        assert set(allocation.counts) <= {name}


@given(st.data(), seeds)
def test_random_has_the_exact_budget_inside_present_and_within(data, seed: int):
    network = data.draw(networks)
    present = data.draw(present_masks(network))
    within = data.draw(present_masks(network))
    available = Allocation.full(network, present)
    allowed = {name: m.copy() for name, m in available.masks("learnable")}
    if within is not None:
        for name, mask in allowed.items():
            mask &= within.get(name, np.zeros_like(mask))
    budget = data.draw(st.integers(0, sum(int(m.sum()) for m in allowed.values())))
    one, same = (
        Allocation.random(
            network, budget, np.random.default_rng(seed), within=within, present=present
        )
        for _ in range(2)
    )
    assert one == same
    assert one.n_learnable == budget
    assert one.n_present == available.n_present
    for name, mask in one.masks("learnable"):
        assert not (mask & ~allowed[name]).any()


def test_random_reaches_every_cell_about_equally_often():
    rng = np.random.default_rng(1)
    network = LinearFeedforward([2, 2, 1])
    within = {"W1": [[1, 0], [1, 1]], "W2": [[1, 1]]}
    total = {name: np.zeros(shape) for name, shape in network.weight_shapes.items()}
    for _ in range(1000):
        for name, mask in Allocation.random(network, 2, rng, within=within).masks("learnable"):
            total[name] += mask
    for name, counts in total.items():
        allowed = np.array(within[name]) == 1
        assert (counts[~allowed] == 0).all()
        assert (abs(counts[allowed] - 400) < 80).all()  # 5 standard deviations


def layers_of(allocation: Allocation) -> list[tuple[np.ndarray, np.ndarray]]:
    """(learnable, present) of every layer, a bias as one more column."""
    layers = []
    for names in allocation.network.weight_layers:
        learnable = [allocation.mask(name) for name in names]
        present = [allocation.present_mask(name) for name in names]
        both = [[mask.reshape(len(mask), -1) for mask in masks] for masks in (learnable, present)]
        layers.append((np.column_stack(both[0]), np.column_stack(both[1])))
    return layers


def check_spread(allocation: Allocation, budget: int) -> None:
    layers = layers_of(allocation)
    shares = [int(mask.sum()) for mask, _ in layers]
    assert sum(shares) == budget == allocation.n_learnable
    open_shares = [share for share, (_, p) in zip(shares, layers, strict=True) if share < p.sum()]
    if open_shares:
        assert max(open_shares) - min(open_shares) <= 1
        assert max(shares) <= min(open_shares) + 1
    for mask, present in layers:
        assert not (mask & ~present).any()


@given(feedforward_networks(max_width=7), st.floats(0, 1), st.none() | seeds)
def test_spread_is_even_over_layers_rows_and_columns(network: Any, share: float, seed: int | None):
    budget = round(share * network.n_weights)
    one, same = (
        Allocation.spread(network, budget, None if seed is None else np.random.default_rng(seed))
        for _ in range(2)
    )
    assert one == same
    check_spread(one, budget)
    for mask, _ in layers_of(one):
        for axis in (0, 1):
            lines = mask.sum(axis=axis)
            assert lines.max() - lines.min() <= 1


@given(st.data(), st.none() | seeds)
def test_spread_in_sparse_networks_keeps_the_budget_and_the_layers_even(data, seed: int | None):
    network = data.draw(networks)
    present = data.draw(present_masks(network))
    budget = data.draw(st.integers(0, Allocation.full(network, present).n_learnable))
    rng = None if seed is None else np.random.default_rng(seed)
    check_spread(Allocation.spread(network, budget, rng, present), budget)


def test_spread_of_a_recurrent_network_covers_its_three_weights():
    allocation = Allocation.spread(LinearRecurrent(2, 3, 1, steps=4), 10)
    assert allocation.counts == {"input": 4, "recurrent": 3, "readout": 3}


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.floats(0, 1))
def test_level_is_as_even_as_the_capacities_allow(capacities: list[int], share: float):
    total = round(share * sum(capacities))
    shares = level(capacities, total)
    assert sum(shares) == total
    for one, capacity in zip(shares, capacities, strict=True):
        assert 0 <= one <= capacity
        assert one == capacity or one >= max(shares) - 1


@given(allocations(dense=True))
def test_a_dense_allocation_is_its_learnables(allocation: Allocation):
    assert allocation.is_dense
    assert allocation == Allocation(allocation.network, dict(allocation.learnable))
    expected = {n: int(m.sum()) for n, m in allocation.masks("learnable") if m.any()}
    assert allocation.counts == expected


@given(allocations())
def test_allocations_can_be_pickled_and_copied(allocation):
    for again in (pickle.loads(pickle.dumps(allocation)), copy.deepcopy(allocation)):
        assert again == allocation
        assert again.given_present().keys() == allocation.given_present().keys()
        for which in ("learnable", "present"):
            for _, mask in again.masks(which):
                assert mask.dtype == bool
                assert not mask.flags.writeable
            with pytest.raises(TypeError):
                getattr(again, which)["W1"] = [[1]]


def test_huge_constant_masks_take_no_room_in_a_pickle():
    layer = Allocation.layer(HUGE, "W1")
    pickled = pickle.dumps(layer)
    assert len(pickled) < 1000
    assert pickle.loads(pickled) == layer


def test_verdicts_can_be_pickled():
    row = Allocation.rows(LinearFeedforward([1, 2, 2]), {"W2": [0]})
    verdict = tc.classify(row, 1, diagnose=True)
    assert pickle.loads(pickle.dumps(verdict)) == verdict
    assert pickle.loads(pickle.dumps(tc.explain(row, 1))).opinions


@given(allocations())
def test_repr_makes_the_allocation_again(allocation):
    names = {cls.__name__: cls for cls in (*KINDS.values(), tc.Allocation)}
    assert eval(repr(allocation), names) == allocation


def test_repr_of_a_large_allocation_is_short():
    large = tc.Allocation.layer(tc.LinearFeedforward([100, 100]), "W1")
    assert repr(large).endswith("{'W1': 10000} learnable>")


@pytest.mark.parametrize("kept", [{"b1"}, {"W2"}, {"W1", "b2"}])
def test_a_constant_mask_of_absent_connections_is_kept(kept: set[str]):
    """One value in memory for a whole mask is a saving, not a sign that nothing is absent."""
    network = LinearFeedforward([2, 3, 2], bias=True)
    absent = network.weight_shapes.keys() - kept
    present = {name: np.broadcast_to(False, network.weight_shapes[name]) for name in absent}
    dense = {name: np.zeros(network.weight_shapes[name]) for name in absent}
    allocation = Allocation(network, {}, present)
    assert allocation.given_present().keys() == absent
    assert allocation == Allocation(network, {}, dense)
    assert problem_from_dict(problem_to_dict(allocation, 1)).allocation == allocation
    assert allocation.restricted_to([]) == allocation
    assert eval(repr(allocation)) == allocation
    assert pickle.loads(pickle.dumps(allocation)).given_present().keys() == absent
