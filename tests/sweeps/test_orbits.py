"""Symmetry of a mask space, orbits and draws, against the group's elements written out in numpy."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from itertools import combinations, islice, permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

import theorycheck as tc
from theorycheck import LinearFeedforward, LinearRecurrent, ShallowReLU
from theorycheck.errors import InputError
from theorycheck.proofs.shared.exhaustive import all_masks, ranks
from theorycheck.sweeps.enumeration.draws import RandomMasks
from theorycheck.sweeps.enumeration.orbits import orbits, plain
from theorycheck.sweeps.enumeration.symmetry import Symmetry
from theorycheck.sweeps.enumeration.unranking import Unranking
from theorycheck.sweeps.mask_space import MaskSpace

pytestmark = pytest.mark.long


def elements(space: MaskSpace, samples: int) -> np.ndarray:
    """All elements of the group, one row each: the entry that each entry is taken from."""
    network = space.network
    shapes = network.weight_shapes
    starts = dict(zip(shapes, np.cumsum([0, *map(math.prod, shapes.values())]), strict=False))
    numbers = {
        name: start + np.arange(math.prod(shapes[name])).reshape(shapes[name])
        for name, start in starts.items()
    }
    may = np.zeros(network.n_weights, dtype=bool)
    entries = np.concatenate([starts[name] + own for name, own in space.entries.items()]).astype(
        int
    )
    may[entries] = True
    present = np.concatenate([space.empty.present_mask(name).ravel() for name in shapes])
    found = []
    for numbered in [numbers, *transposed(network, numbers, samples)]:
        for moved in exchanged(network, numbered):
            source = np.concatenate([moved[name].ravel() for name in shapes])
            if (present[source] == present).all() and (may[source] == may).all():
                found.append(np.searchsorted(entries, source[entries]))
    return np.array(found).reshape(len(found), space.n_entries)


def exchanged(network, numbers):
    """The numbers of all weights after each renumbering of units."""
    if isinstance(network, LinearRecurrent):
        units = (network.inputs, network.hidden, network.outputs)
        for x, h, y in product(*(list(permutations(range(size))) for size in units)):
            yield {
                "input": numbers["input"][np.ix_(h, x)],
                "recurrent": numbers["recurrent"][np.ix_(h, h)],
                "readout": numbers["readout"][np.ix_(y, h)],
            }
        return
    for orders in product(*(list(permutations(range(size))) for size in network.widths)):
        moved = {}
        for name, own in numbers.items():
            layer = int(name[1:])
            rows = own[list(orders[layer])]
            moved[name] = rows[:, orders[layer - 1]] if name[0] == "W" else rows
        yield moved


def transposed(network, numbers, samples):
    """The numbers of all weights after transposing, if T8 has it and the network is the same."""
    if isinstance(network, LinearFeedforward):
        same = list(network.widths) == list(network.widths)[::-1]
        if same and not network.bias and samples >= network.widths[0]:
            yield {
                f"W{k}": numbers[f"W{network.depth + 1 - k}"].T for k in range(1, network.depth + 1)
            }
    elif isinstance(network, LinearRecurrent) and network.readout == "final":
        same = network.inputs == network.outputs
        if same and samples >= network.inputs * network.steps:
            names = {"input": "readout", "recurrent": "recurrent", "readout": "input"}
            yield {name: numbers[other].T for name, other in names.items()}


def codes(masks: np.ndarray) -> np.ndarray:
    return masks @ (1 << np.arange(masks.shape[1], dtype=np.int64))


def smallest_codes(masks: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Of each mask the smallest code in its orbit."""
    best = codes(masks)
    for source in group:
        best = np.minimum(best, codes(masks[:, source]))
    return best


RING = [[0, 1, 0], [0, 0, 1], [1, 0, 0]]  # preserved by turning, not by exchanging two units
LOWER = [[1, 0], [1, 1]]
FF, RNN = LinearFeedforward, LinearRecurrent
CASES = {
    "one layer": (FF([3, 3]), 3, None, None),
    "transposed": (FF([2, 2, 2]), 2, None, None),
    "few samples": (FF([2, 2, 2]), 1, None, None),
    "one input": (FF([1, 2, 3]), 4, None, None),
    "three layers": (FF([1, 2, 2, 1]), 1, None, None),
    "five levels": (FF([1, 2, 1, 2, 1]), 2, None, None),
    "biases": (FF([2, 2, 2], bias=True), 2, None, None),
    "first weights": (FF([2, 3, 2]), 2, ("W1",), None),
    "middle weights": (FF([2, 3, 3, 2]), 2, ("W2",), None),
    "outer weights": (FF([2, 2, 2, 2]), 2, ("W1", "W3"), None),
    "biases only": (FF([2, 2, 3], bias=True), 2, ("b1", "b2"), None),
    "a ring": (FF([3, 3, 1]), 2, None, {"W1": RING}),
    "two rings": (FF([3, 3, 3]), 3, None, {"W1": RING, "W2": RING}),
    "transposed by an exchange": (FF([2, 2, 2]), 2, None, {"W1": LOWER, "W2": LOWER}),
    "no longer transposed": (FF([2, 2, 2]), 2, None, {"W1": LOWER}),
    "absent and frozen": (FF([2, 3, 2]), 2, ("W1",), {"W2": [[1, 1, 0], [1, 1, 1]]}),
    "frozen biases": (FF([2, 2, 2], bias=True), 2, ("W1", "W2"), None),
    "absent biases": (FF([2, 3, 1], bias=True), 2, None, {"b1": [1, 0, 1], "W1": [[1, 1]] * 3}),
    "nothing present": (FF([2, 1]), 2, None, {"W1": [[0, 0]]}),
    "recurrent, transposed": (RNN(1, 2, 1, 3), 3, None, None),
    "recurrent, few samples": (RNN(1, 2, 1, 3), 2, None, None),
    "recurrent, more": (RNN(2, 2, 2, 2), 4, None, None),
    "recurrent, all read": (RNN(1, 2, 1, 2, "all"), 2, None, None),
    "recurrent, inputs and outputs": (RNN(2, 2, 1, 2), 4, None, None),
    "recurrent weights only": (RNN(1, 3, 1, 2), 2, ("recurrent",), None),
    "readout left out": (RNN(1, 2, 1, 3), 3, ("input", "recurrent"), None),
    "recurrent weights left out": (RNN(2, 2, 2, 1), 2, ("input", "readout"), None),
    "recurrent, sparse": (RNN(1, 3, 1, 4), 4, None, {"recurrent": RING}),
    "recurrent, no self-loop": (RNN(1, 2, 1, 4), 4, None, {"recurrent": [[0, 1], [1, 1]]}),
    "ReLU": (ShallowReLU([2, 3, 1]), 2, None, None),
    "ReLU, biases": (ShallowReLU([1, 2, 1], bias=True), 3, None, None),
    "ReLU, as if transposed": (ShallowReLU([2, 2, 2]), 2, None, None),
    "ReLU, sparse": (ShallowReLU([3, 3, 1]), 3, None, {"W1": RING}),
}


@cache
def case(name: str) -> tuple[Symmetry, np.ndarray]:
    network, samples, weights, present = CASES[name]
    space = MaskSpace(network, weights or tuple(network.weight_shapes), present)
    return Symmetry(space, samples), elements(space, samples)


@pytest.mark.parametrize("name", CASES)
def test_orbits_and_canonical_masks_against_all_elements(name):
    symmetry, group = case(name)
    n_entries = symmetry.space.n_entries
    assert symmetry.order == len(group)
    for budget in range(n_entries + 1):
        masks = all_masks(n_entries, budget)
        expected = smallest_codes(masks, group)
        sizes = dict(zip(*np.unique(expected, return_counts=True), strict=True))
        canonical = codes(np.array([symmetry.canonical(mask) for mask in masks]))
        # The same orbits, and each canonical mask in the orbit it stands for.
        assert len(set(canonical.tolist())) == len(sizes)
        own = dict(zip(codes(masks).tolist(), expected.tolist(), strict=True))
        assert [own[code] for code in canonical.tolist()] == expected.tolist()
        found = list(orbits(symmetry, budget))
        listed = codes(np.array([orbit.mask for orbit in found]))
        assert sorted(listed.tolist()) == sorted(set(canonical.tolist()))
        assert [orbit.size for orbit in found] == [sizes[own[code]] for code in listed.tolist()]
        assert len({orbit.path for orbit in found}) == len(found)


@pytest.mark.parametrize("name", CASES)
def test_stabilisers_against_all_elements(name):
    symmetry, group = case(name)
    n_entries = symmetry.space.n_entries
    rng = np.random.default_rng(0)
    for mask in rng.random((20, n_entries)) < rng.random((20, 1)):
        fixing = group[(mask[group] == mask).all(axis=1)]
        assert symmetry.stabiliser(mask) == len(fixing)
        assert symmetry.orbit_size(mask) == len(np.unique(mask[group], axis=0))
        generated = closure(symmetry.generators(mask), n_entries)
        assert generated == {tuple(source.tolist()) for source in fixing}


def closure(generators, n_entries):
    """The group that some permutations generate."""
    found = {tuple(range(n_entries))}
    queue = list(found)
    while queue:
        one = np.array(queue.pop(), dtype=int)
        new = {tuple(one[move].tolist()) for move in generators} - found
        found |= new
        queue += new
    return found


@given(st.data())
def test_canonical_masks_agree_exactly_within_orbits(data):
    widths = st.integers(1, 3)
    if data.draw(st.booleans()):
        size = data.draw(widths)
        outputs = data.draw(st.sampled_from([size, 1]))
        network = RNN(size, data.draw(widths), outputs, data.draw(widths))
    else:
        half = data.draw(st.lists(widths, min_size=1, max_size=2))
        both = half + half[::-1] if data.draw(st.booleans()) else [*half, 3, *half[::-1]]
        network = FF(both, bias=data.draw(st.booleans()))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    density = data.draw(st.sampled_from([0.5, 0.9, 1]))
    names = tuple(name for name in network.weight_shapes if rng.random() < 0.8)
    present = {key: rng.random(s) < density for key, s in network.weight_shapes.items()}
    space = MaskSpace(network, names or tuple(network.weight_shapes), present)
    samples = data.draw(st.sampled_from([1, 9]))
    symmetry, group = Symmetry(space, samples), elements(space, samples)
    assert symmetry.order == len(group)
    one, other = rng.random((2, space.n_entries)) < rng.random()
    canonical = symmetry.canonical(one)
    images = {mask.tobytes() for mask in one[group]}
    assert canonical.tobytes() in images
    moved = one[group[rng.integers(len(group))]]
    assert (symmetry.canonical(moved) == canonical).all()
    assert (symmetry.canonical(canonical) == canonical).all()
    same = bool((symmetry.canonical(other) == canonical).all())
    assert same == (other.tobytes() in images)


def test_census_of_3_3_3():
    network = FF([3, 3, 3])
    symmetry = Symmetry(MaskSpace(network, ("W1", "W2")), 3)
    found = list(orbits(symmetry, 9))
    assert len(found) == 231
    assert sum(orbit.size for orbit in found) == math.comb(18, 9) == 48620


@pytest.mark.parametrize(
    ("network", "samples", "budget"),
    [
        (FF([3, 3, 3]), 3, 8),
        (FF([3, 3, 3]), 3, 11),
        (FF([3, 3, 3]), 2, 9),
        (FF([2, 3, 3, 2]), 2, 6),
        (RNN(2, 3, 2, 3), 6, 7),
        (RNN(2, 3, 2, 3), 5, 14),
        (ShallowReLU([3, 3, 2], bias=True), 3, 6),
    ],
)
def test_counts_of_orbits_are_those_of_burnside(network, samples, budget):
    space = MaskSpace(network, tuple(network.weight_shapes))
    symmetry, group = Symmetry(space, samples), elements(space, samples)
    found = list(orbits(symmetry, budget))
    fixed = sum(fixed_masks(source.tolist(), budget) for source in group)
    assert len({orbit.mask.tobytes() for orbit in found}) == len(found) == fixed // len(group)
    assert sum(orbit.size for orbit in found) == math.comb(space.n_entries, budget)
    assert all(orbit.mask.sum() == budget for orbit in found)
    for orbit in found[::50]:
        assert (symmetry.canonical(orbit.mask) == orbit.mask).all()
        assert symmetry.orbit_size(orbit.mask) == orbit.size


def fixed_masks(source: list[int], budget: int) -> int:
    """How many masks of the budget a permutation maps to themselves: unions of its cycles."""
    counts, seen = [1] + [0] * budget, set()
    for start in range(len(source)):
        length, entry = 0, start
        while entry not in seen:
            seen.add(entry)
            entry, length = source[entry], length + 1
        if length:
            for size in range(budget, length - 1, -1):
                counts[size] += counts[size - length]
    return counts[budget]


@pytest.mark.parametrize("name", ["transposed", "two rings", "recurrent, more", "biases", "ReLU"])
def test_orbits_resume_behind_every_path(name):
    symmetry, _ = case(name)
    n_entries = symmetry.space.n_entries
    for budget in {0, 1, 4, n_entries - 2, n_entries}:
        everything = [(o.mask.tobytes(), o.size, o.path) for o in orbits(symmetry, budget)]
        for number, (_, _, path) in enumerate(everything, start=1):
            rest = orbits(symmetry, budget, after=json.loads(json.dumps(path)))
            assert [(o.mask.tobytes(), o.size, o.path) for o in rest] == everything[number:]


def test_orbits_resume_in_a_large_search():
    network = FF([4, 4, 4])
    symmetry = Symmetry(MaskSpace(network, ("W1", "W2")), 4)
    some = [orbit.path for orbit in islice(orbits(symmetry, 14), 300)]
    for number in (1, 100, 299):
        rest = orbits(symmetry, 14, after=some[number - 1])
        assert [orbit.path for orbit in islice(rest, 300 - number)] == some[number:]


def test_orbits_refuse_what_is_no_path():
    symmetry, _ = case("transposed")
    paths = {orbit.path for orbit in orbits(symmetry, 3)}
    for path in [(), (0, 1), (0, 1, 9), *set(product(range(8), repeat=3)) - paths]:
        with pytest.raises(ValueError, match="no path"):
            next(orbits(symmetry, 3, after=path))
    with pytest.raises(ValueError, match="budget of 9"):
        next(orbits(symmetry, 9))


LINEAR = [name for name in CASES if "ReLU" not in name]


@pytest.mark.parametrize("name", LINEAR)
def test_ranks_are_constant_on_orbits(name):
    symmetry, _ = case(name)
    assert not ranks_differ(symmetry)


def ranks_differ(symmetry: Symmetry) -> bool:
    """Whether a mask and its canonical mask differ in exact rank, for any of up to 2048 masks."""
    space = symmetry.space
    assert not isinstance(space.network, ShallowReLU)
    masks = all_masks(space.n_entries)[:2048]
    canonical = np.array([symmetry.canonical(mask) for mask in masks])
    present = {name: space.empty.present_mask(name) for name in space.network.weight_shapes}
    full = np.zeros((2, len(masks), space.network.n_weights), dtype=bool)
    for row, some in zip(full, (masks, canonical), strict=True):
        for where, mask in zip(row, some, strict=True):
            given_masks = space.allocation(mask).masks("learnable")
            where[:] = np.concatenate([own.ravel() for _, own in given_masks])
    names = list(space.network.weight_shapes)
    one, other = (ranks(space.network, symmetry.samples, names, some, present) for some in full)
    return bool((one != other).any())


def test_wrong_groups_disagree_with_exact_ranks():
    # Rows of recurrent weights are exchanged without their columns.
    untied = Symmetry(MaskSpace(RNN(1, 2, 1, 4), ("input", "recurrent")), 4)
    assert not ranks_differ(untied)
    untied = Symmetry(untied.space, 4)
    levels = list(untied._vertices.levels)
    untied.__dict__["_vertices"] = replace(untied._vertices, fixed=[], sorters=levels, tied=[])
    assert ranks_differ(untied)
    # Transposed with too few samples.
    for network in (FF([2, 2, 2]), RNN(2, 1, 2, 2)):
        few = Symmetry(MaskSpace(network, tuple(network.weight_shapes)), 1)
        assert not few.transposes
        few.__dict__["transposes"] = True
        assert ranks_differ(few)
    # Absent connections forgotten.
    blind = Symmetry(MaskSpace(FF([2, 2, 1]), ("W1",), {"W2": [[1, 0]]}), 2)
    assert not ranks_differ(blind)
    blind = Symmetry(blind.space, 2)
    blind.__dict__["_vertices"] = replace(blind._vertices, absent=[])
    assert ranks_differ(blind)


@pytest.mark.parametrize(("n_entries", "budget"), [(0, 0), (1, 1), (6, 3), (7, 0), (9, 7), (7, 7)])
def test_plain_masks_are_all_in_lexicographic_order(n_entries, budget):
    everything = [tuple(mask) for block in plain(n_entries, budget) for mask in block.tolist()]
    expected = {tuple(mask) for mask in all_masks(n_entries, budget).tolist()}
    assert everything == sorted(expected)
    for start in range(len(everything) + 1):
        rest = [tuple(mask) for block in plain(n_entries, budget, start) for mask in block.tolist()]
        assert rest == everything[start:]


def test_plain_masks_in_blocks():
    blocks = list(plain(18, 9))
    assert len(blocks) > 1
    assert sum(map(len, blocks)) == 48620
    assert len(np.unique(codes(np.concatenate(blocks)))) == 48620
    late = next(plain(60, 30, math.comb(60, 30) - 2))
    assert [rank_of(mask) for mask in late] == [math.comb(60, 30) - 2, math.comb(60, 30) - 1]
    with pytest.raises(ValueError, match="too many"):
        next(plain(100, 50))


def rank_of(mask: np.ndarray) -> int:
    """How many masks of as many entries come before `mask`: those that first leave one out."""
    entries = np.flatnonzero(mask).tolist()
    behind = len(mask) - 1
    return sum(math.comb(behind - entry, len(entries) - k) for k, entry in enumerate(entries))


@given(st.data())
def test_unranking_inverts_ranking(data):
    n_entries = data.draw(st.integers(0, 130))
    budget = data.draw(st.integers(0, n_entries))
    unranking = Unranking(n_entries, budget)
    assert unranking.total == math.comb(n_entries, budget)
    numbers = data.draw(st.lists(st.integers(0, unranking.total - 1), max_size=3))
    masks = unranking.masks([*numbers, 0, unranking.total - 1])
    assert (masks.sum(axis=1) == budget).all()
    assert [rank_of(mask) for mask in masks] == [*numbers, 0, unranking.total - 1]


def test_unranking_without_tables():
    wide = Unranking(100_000, 6)
    numbers = [0, 10**20, wide.total - 1]
    assert [rank_of(mask) for mask in wide.masks(numbers)] == numbers


SMALL = [(0, 0), (1, 0), (5, 5), (3, 1), (4, 2), (6, 3), (10, 5), (40, 3), (16, 8), (16, 14)]


@pytest.mark.parametrize(("n_entries", "budget"), SMALL)
def test_all_draws_are_all_masks(n_entries, budget):
    total = math.comb(n_entries, budget)
    masks = RandomMasks(n_entries, budget, seed=3).masks(0, total)
    assert masks.shape == (total, n_entries)
    assert (masks.sum(axis=1) == budget).all()
    assert len({mask.tobytes() for mask in masks}) == total
    with pytest.raises(ValueError, match="draws"):
        RandomMasks(n_entries, budget, seed=3).masks(0, total + 1)


FEW_AND_MANY = [(12, 5), (32, 16), (80, 40), (80, 70), (200, 90), (200, 120)]


@pytest.mark.parametrize(("n_entries", "budget"), FEW_AND_MANY)
def test_a_draw_depends_on_seed_and_number_only(n_entries, budget):
    masks = RandomMasks(n_entries, budget, seed=5).masks(0, 60)
    parts = [
        RandomMasks(n_entries, budget, seed=5).masks(*ends) for ends in ((0, 1), (1, 45), (45, 60))
    ]
    assert (np.concatenate(parts) == masks).all()
    assert (masks.sum(axis=1) == budget).all()
    assert len({mask.tobytes() for mask in masks}) == 60
    assert RandomMasks(n_entries, budget, seed=5).masks(7, 7).shape == (0, n_entries)
    other = RandomMasks(n_entries, budget, seed=6).masks(0, 60)
    assert (other != masks).any(axis=1).mean() > 0.9
    total = math.comb(n_entries, budget)
    late = RandomMasks(n_entries, budget, seed=5).masks(total - 3, total)
    assert len({mask.tobytes() for mask in [*masks, *late]}) == 63


@pytest.mark.parametrize(
    ("n_entries", "budget", "count"),
    [(32, 16, 20_000), (18, 9, 5_000), (40, 4, 20_000), (30, 25, 20_000), (80, 40, 4_000),
     (140, 40, 2_000), (140, 70, 2_000)],
)  # fmt: skip
def test_cells_and_pairs_are_drawn_equally_often(n_entries, budget, count):
    masks = RandomMasks(n_entries, budget, seed=0).masks(0, count)
    # All sums over draws without replacement vary less by this factor than those with it.
    left = 1 - (count - 1) / (math.comb(n_entries, budget) - 1)
    share = [math.perm(budget, k) / math.perm(n_entries, k) for k in range(5)]
    once = masks.sum(axis=0) - count * share[1]
    statistic = (once**2).sum() / (count * left * (share[1] - share[2]))
    likely(statistic, n_entries - 1)
    # Pairs: what their counts vary by beyond those of entries, a space of n (n - 3) / 2 dimensions
    # on which all covariances have the one eigenvalue p_2 - 2 p_3 + p_4.
    pairs = np.array(list(combinations(range(n_entries), 2)))
    together = masks.astype(float).T @ masks.astype(float)
    design = np.zeros((len(pairs), n_entries))
    design[np.arange(len(pairs))[:, None], pairs] = 1
    twice = together[pairs[:, 0], pairs[:, 1]] - count * share[2]
    rest = twice - design @ np.linalg.lstsq(design, twice, rcond=None)[0]
    statistic = (rest**2).sum() / (count * left * (share[2] - 2 * share[3] + share[4]))
    likely(statistic, n_entries * (n_entries - 3) // 2)


def likely(statistic: float, dimension: int) -> None:
    """Fails for statistics so large, or so small, that chance has them once in 10,000 times."""
    assert 5e-5 < chi2.sf(statistic, dimension) < 1 - 5e-5


@pytest.mark.parametrize(("n_entries", "budget"), [(3, 1), (4, 1), (5, 2), (4, 2), (7, 1)])
def test_small_orders_are_all_equally_likely(n_entries, budget):
    total, seeds = math.comb(n_entries, budget), 1500
    orders = np.array(
        [codes(RandomMasks(n_entries, budget, seed).masks(0, total)) for seed in range(seeds)]
    )
    for first, second in ((0, 1), (1, total - 1)):
        pairs = np.unique(orders[:, [first, second]], axis=0, return_counts=True)[1]
        number = total * (total - 1)
        expected = seeds / number
        statistic = ((pairs - expected) ** 2).sum() / expected + expected * (number - len(pairs))
        likely(statistic, number - 1)


class _Shared(LinearFeedforward):
    """One weight for all connections."""

    weight_shapes = {"W1": (1, 1)}  # type: ignore[assignment]  # noqa: RUF012


def test_weights_that_units_share_have_no_known_symmetry():
    symmetry = Symmetry(MaskSpace(_Shared([2, 2]), ("W1",)), samples=1)
    with pytest.raises(InputError, match="shares weights: its symmetries are not known"):
        symmetry.order  # noqa: B018


@pytest.mark.parametrize(
    "network",
    [
        tc.Feedforward([2, 2, 1], activation="tanh", skip=True),
        tc.Convolutional([2, 3], [{"channels": 2, "kernel": 2}], 1, activation="tanh", bias=True),
    ],
    ids=["residual", "filters"],
)
def test_where_layers_are_tied_nothing_is_exchanged(network: Any):
    """A unit of a residual layer belongs to one that it reads: layers are not permuted alone."""
    names = tuple(network.weight_shapes)
    symmetry = Symmetry(MaskSpace(network, names), samples=2)
    masks = np.random.default_rng(0).random((20, network.n_weights)) < 0.4
    assert symmetry.order == 1
    for mask in masks:
        assert symmetry.canonical(mask).tolist() == mask.tolist()
        assert symmetry.orbit_size(mask) == 1
        assert all((move == np.arange(len(move))).all() for move in symmetry.generators(mask))
