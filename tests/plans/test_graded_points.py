"""Walks by brute force, leading forms by interpolation, and linear systems in both algebras."""

from itertools import pairwise, product

import numpy as np
import pytest

import theorycheck as tc
from theorycheck.plans.algebra import Reals
from theorycheck.plans.graded import Graded, GradedPlan
from theorycheck.plans.recurrent_antichains import antichain, meeting


def sparse(seed: int, readout: str = "final") -> tc.Allocation:
    rng = np.random.default_rng(seed)
    network = tc.LinearRecurrent(2, 3, 2, 4, readout)  # type: ignore[arg-type]
    shapes = network.weight_shapes
    present = {name: rng.random(shape) < 0.7 for name, shape in shapes.items()}
    learnable = {name: mask & (rng.random(mask.shape) < 0.6) for name, mask in present.items()}
    return tc.Allocation(network, learnable, present)


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
    ("seed", "readout", "m"), [(0, "final", 3), (1, "all", 1), (2, "final", 8)]
)
def test_walks_are_those_of_brute_force(seed, readout, m):
    graded, rng = Graded(sparse(seed, readout), m), np.random.default_rng(seed)
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
