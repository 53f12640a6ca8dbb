"""Walks by brute force, leading forms by interpolation, and linear systems in both algebras."""

from itertools import pairwise, product

import numpy as np
import pytest

import theorycheck as tc
from theorycheck.computing.deadline import NEVER, Deadline
from theorycheck.errors import OutOfTimeError
from theorycheck.plans.algebra import Reals
from theorycheck.plans.graded import Graded, GradedPlan
from theorycheck.plans.growing import Choices
from theorycheck.plans.recurrent_antichains import antichain, meeting


def sparse(seed: int, readout: str = "final") -> tc.Allocation:
    rng = np.random.default_rng(seed)
    network = tc.LinearRecurrent(2, 3, 2, 4, readout)  # type: ignore[arg-type]
    shapes = network.weight_shapes
    present = {name: rng.random(shape) < 0.7 for name, shape in shapes.items()}
    learnable = {name: mask & (rng.random(mask.shape) < 0.6) for name, mask in present.items()}
    return tc.Allocation(network, learnable, present)


def alike(seed: int) -> tc.Allocation:
    """All inputs and outputs are connected with all neurons, frozen: most of them are alike."""
    rng = np.random.default_rng(seed)
    network = tc.LinearRecurrent(2, 3, 3, 4)
    present = rng.random((3, 3)) < 0.7
    learnable = {"recurrent": present & (rng.random((3, 3)) < 0.7)}
    learnable["readout"] = np.arange(9).reshape(3, 3) == 4  # the second output is unlike
    return tc.Allocation(network, learnable, {"recurrent": present})


def walks_by_hand(graded: Graded, growing, zero, solved, read: int):
    """(output, sample) -> pairs (degree, weights solved for, at most two) of its walks."""
    number = {entry: k for k, entry in enumerate(graded.entries)}
    present, network = dict(graded.allocation.masks("present")), graded.network
    found: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for start in range(1, read + 1):
        for way in product(range(network.widths[1]), repeat=read - start + 1):
            middle = [("recurrent", (b, a)) for a, b in pairwise(way)]
            for j, o in product(range(network.inputs), range(network.outputs)):
                edges = [("input", (way[0], j)), *middle, ("readout", (o, way[-1]))]
                used = [number.get(edge) for edge in edges]
                if not all(present[name][index] for name, index in edges) or set(used) & set(zero):
                    continue
                place = (start - 1) * network.inputs + j
                pair = sum(k in growing for k in used), min(2, sum(k in solved for k in used))
                for s in range(graded.samples):
                    if place == s or (
                        place >= graded.samples and not network.is_spanned_by(graded.samples)
                    ):
                        found.setdefault((o, s), set()).add(pair)
    return found


@pytest.mark.parametrize(
    ("allocation", "m", "seed"),
    [(sparse(0), 3, 0), (sparse(1, "all"), 1, 1), (sparse(2), 8, 2), (alike(3), 5, 3)],
)
def test_walks_are_those_of_brute_force(allocation, m, seed):
    graded, rng = Graded(allocation, m), np.random.default_rng(seed)
    numbers = np.arange(len(graded.entries))
    growing = numbers[rng.random(len(numbers)) < 0.5].tolist()
    zero = [k for k in growing if rng.random() < 0.3]
    solved = [k for k in numbers.tolist() if k not in zero and rng.random() < 0.4]
    walks = graded.walks(GradedPlan((), (), (), ()))
    degrees = walks.degrees(growing)
    for read, step in enumerate(graded.reads):
        every = walks_by_hand(graded, growing, (), (), step)
        for place in np.ndindex(degrees[read].shape):
            longest = max((degree for degree, _ in every.get(place, ())), default=-1)
            assert degrees[read][place] == longest
    found = walks.classes(growing, zero, solved)
    for read, step in enumerate(graded.reads):
        wanted = np.zeros_like(found[read])
        for (o, s), pairs in walks_by_hand(graded, growing, zero, solved, step).items():
            for degree, count in pairs:
                wanted[count, degree, o, s] = True
        assert (found[read] == wanted).all()


def test_leading_forms_are_limits():
    graded = Graded(sparse(3), 3)
    growing = tuple(range(0, len(graded.entries), 2))
    plan = GradedPlan((), growing, (), ())
    walks, algebra = graded.walks(plan), Reals()
    order = graded.order(plan, walks, walks.degrees(growing))
    data = graded.draw(algebra, np.random.default_rng(0))
    weights, leading, _ = graded.built(plan, order, data, algebra)
    large = {name: x.copy() for name, x in weights.items()}
    for k in growing:
        name, index = graded.entries[k]
        large[name][index] *= 1e6
    state = 0
    for x in data.inputs:
        state = large["recurrent"] @ np.broadcast_to(state, (3, 3)) + large["input"] @ x
    there = (large["readout"] @ state) / 1e6 ** order.degrees[0].astype(float)
    assert np.allclose(leading.outputs()[0], there, rtol=1e-3, atol=1e-4)


def test_weights_of_an_antichain_never_meet():
    rng = np.random.default_rng(0)
    present = rng.random((30, 30)) < 0.1
    entries = [("recurrent", (int(i), int(j))) for i, j in np.argwhere(present)]
    meets = meeting(entries, present, 4)
    chosen = antichain(meets, rng)
    assert len(chosen) > 3
    assert not meets[np.ix_(chosen, chosen)].any()
    network = tc.LinearRecurrent(1, 30, 1, 4)
    learnable = np.zeros((30, 30), dtype=bool)
    for k in chosen:
        learnable[entries[k][1]] = True
    allocation = tc.Allocation(network, {"recurrent": learnable}, {"recurrent": present})
    assert tc.classify(allocation, 1).theorem == "T2"


def sparse_choices(seed: int, loops: bool = True):
    """A sparse recurrent network, its walks, and the numbers of its recurrent learnables."""
    rng = np.random.default_rng(seed)
    network = tc.LinearRecurrent(2, 9, 2, 5)
    present = np.triu(rng.random((9, 9)) < (0.4 if loops else 0.8), -9 if loops else 1)
    mask = {"recurrent": present & (rng.random((9, 9)) < 0.6), "input": rng.random((9, 2)) < 0.3}
    mask["readout"] = rng.random((2, 9)) < 0.3
    graded = Graded(tc.Allocation(network, mask, {"recurrent": present}), 4)
    numbers = [k for k, (name, _) in enumerate(graded.entries) if name == "recurrent"]
    return graded, graded.walks(GradedPlan((), (), (), ())), numbers


@pytest.mark.parametrize(("seed", "loops"), [(0, False), (1, False), (2, True), (4, True)])
def test_weights_that_fit_are_those_whose_degrees_are_allowed(seed, loops):
    """Where no walk passes a weight twice; else they are all that are allowed, and perhaps more."""
    graded, walks, numbers = sparse_choices(seed, loops)
    growing = [numbers[0], numbers[-1], 0, len(graded.entries) - 1]
    most = walks.degrees(growing)
    most = most + (np.random.default_rng(seed).random(most.shape) < 0.3)
    others = [k for k in numbers if k not in growing]
    allowed = [bool((walks.degrees([*growing, k]) <= most).all()) for k in others]
    fits = walks.fitting(others, growing, most).tolist()
    assert 0 < sum(fits) < len(others)
    assert fits == allowed if not loops else all(np.array(fits) >= np.array(allowed))


def test_choices_of_growing_weights_keep_what_they_promise():
    _, walks, numbers = sparse_choices(4)
    choices = Choices(walks, numbers, np.random.default_rng(0), NEVER)
    choice, seen = choices.new(), set()
    for _ in range(40):
        assert {*choice.first} <= {*choice.not_zero} <= {*choice.grows} <= {*numbers}
        assert len({*choice.grows}) == len(choice.grows)
        assert (choice.degrees == walks.degrees(choice.grows)).all()
        assert (choice.degrees <= walks.degrees(choice.first) + 1).all()
        longer = choice.degrees > walks.degrees(choice.first)
        assert not longer.all() or (choice.degrees > walks.degrees(choice.not_zero)).all()
        seen.add((tuple(sorted(choice.grows)), choice.zero))
        choice = choices.changed(choice)
    assert len(seen) > 5


def test_a_choice_of_growing_weights_ends_in_time():
    _, walks, numbers = sparse_choices(4)
    with pytest.raises(OutOfTimeError):
        Choices(walks, numbers, np.random.default_rng(0), Deadline(0)).new()
