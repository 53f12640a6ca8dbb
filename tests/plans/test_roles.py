"""Many plans at once are rated as one by one, and what is found is carried out on real data."""

from dataclasses import replace

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.strategies import WORK_ONLY
from tests.theorems.executed import residual
from theorycheck.computing.deadline import NEVER, Deadline
from theorycheck.errors import OutOfTimeError
from theorycheck.plans.algebra import Residues
from theorycheck.plans.casting import cast, is_small
from theorycheck.plans.graded import Graded
from theorycheck.plans.roles import N_ROLES, Rated, solved
from theorycheck.theorems import t15_graded_points

pytestmark = pytest.mark.long  # it hangs on no version

PRIME = 8388593


def network_of(rng: np.random.Generator) -> tuple[tc.Allocation, int]:
    """A small network, perhaps sparse, with any learnables, and as many samples as T15 takes."""
    n_in, hidden, d = (int(n) for n in rng.integers(1, 4, size=3))
    network = tc.LinearRecurrent(n_in, hidden, d, int(rng.integers(2, 5)))
    share = rng.choice([0.8, 1.0])
    present = {name: rng.random(shape) < share for name, shape in network.weight_shapes.items()}
    learnable = {name: mask & (rng.random(mask.shape) < 0.7) for name, mask in present.items()}
    m = int(rng.integers(1, n_in * (network.steps - 1) + 1))
    return tc.Allocation(network, learnable, present), m


def one_by_one(graded: Graded, rated: Rated, roles: np.ndarray, data, algebra: Residues) -> int:
    """The score of one plan, -1 if it does not meet all equations, by polynomials."""
    plan = rated.plan(roles)
    walks = graded.walks(plan)
    degrees = walks.degrees(plan.growing)
    order = graded.order(plan, walks, degrees)
    sizes = zip(order.systems, plan.solved, strict=True)
    lacking = any(system.sum() > len(unknowns) for system, unknowns in sizes)
    if (degrees < 0).any() or not order.met.all() or lacking:
        return -1
    _, leading, met = graded.built(plan, order, data, algebra)
    if not met.all():
        return int(met.sum())
    return rated.size + algebra.rank(graded.jacobian(plan, leading)[0])


def test_many_plans_are_rated_as_one_by_one():
    rng, algebra = np.random.default_rng(0), Residues(PRIME)
    n_met, n_solved, n_dependent = 0, 0, 0
    for _ in range(45):
        allocation, m = network_of(rng)
        graded = Graded(allocation, m)
        data = graded.draw(algebra, rng)
        rated = Rated(graded, graded.fitted(data, algebra), data, algebra, rng)
        if not rated.size or not rated.numbers:
            continue
        chances = rng.dirichlet(np.full(N_ROLES, 0.3), size=20).cumsum(axis=1)
        drawn = rng.random((len(rated.numbers), 20, 1)) > chances
        roles = np.minimum(drawn.sum(axis=2), N_ROLES - 1).astype(np.int8)
        scores = rated.scores(roles).tolist()
        for k, score in enumerate(scores):
            expected = one_by_one(graded, rated, roles[:, k], data, algebra)
            if expected < 0:
                assert score < rated.size
                continue
            assert score == expected
            n_met += 1
            n_solved += bool(rated.plan(roles[:, k]).solved) and score > rated.size
            n_dependent += score < rated.size
    assert min(n_met, n_solved) > 20
    assert n_dependent > 1


def test_many_systems_are_solved_as_one_by_one():
    rng, algebra = np.random.default_rng(0), Residues(7)
    matrices = algebra.draw(rng, (3, 4, 50))
    right = algebra.draw(rng, (3, 50))
    matrices[1, :, ::3] = 0
    right[1, ::3] = 0
    values, ranks = solved(matrices.copy(), right, 7)
    for k in range(50):
        matrix = matrices[:, :, k]
        assert ranks[k] == algebra.rank(matrix)
        rows = [0, 2] if k % 3 == 0 else [0, 1, 2]
        if ranks[k] == len(rows):
            assert (algebra.product(matrix, values[:, k]) == algebra.array(right[:, k])).all()


def random_mask(seed: int) -> Graded:
    """2-4-2, T = 4, m = 4, with 3 D learnables."""
    rng = np.random.default_rng(seed)
    return Graded(tc.Allocation.random(tc.LinearRecurrent(2, 4, 2, 4), 24, rng), 4)


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_plans_of_any_kind_are_carried_out_on_real_data(seed):
    graded = random_mask(seed)
    found = cast(graded, 0, NEVER, 40_000)
    assert found is not None
    assert found == cast(graded, 0, NEVER, 40_000)
    assert residual(graded, found.plan, seed) < 1e-6


def test_t15_finds_plans_in_which_weights_of_all_matrices_grow(monkeypatch):
    """Neither a grading, nor circling neurons, nor relays would do; the former two are left out."""
    monkeypatch.setattr(t15_graded_points, "_by_gradings", lambda *_: None)
    rng = np.random.default_rng(3)
    allocation = tc.Allocation.random(tc.LinearRecurrent(2, 4, 2, 4), 20, rng)
    graded = Graded(allocation, 4)
    theorems, effort = [t15_graded_points.THEOREM], replace(WORK_ONLY, bases=0)
    verdict = tc.classify(allocation, 4, theorems=theorems, effort=effort)
    assert (verdict.theorem, verdict.rigor) == ("T15", "proved")
    certificate = verdict.certificate
    assert certificate is not None
    assert tc.check(certificate)
    names = {graded.entries[k][0] for k in certificate.evidence["growing"]}
    assert names == {"input", "recurrent", "readout"}


def test_nothing_is_sought_too_late_or_among_none():
    with pytest.raises(OutOfTimeError):
        cast(random_mask(0), 0, Deadline(0), 40_000)
    rng = np.random.default_rng(2)  # no plan of this mask is known
    graded = Graded(tc.Allocation.random(tc.LinearRecurrent(2, 4, 2, 4), 20, rng), 4)
    assert cast(graded, 0, NEVER, 0) is None


def test_large_networks_and_those_read_at_every_step_are_not_small():
    assert is_small(random_mask(0))
    large = tc.LinearRecurrent(4, 64, 4, 6)
    assert not is_small(Graded(tc.Allocation.full(large), 16))
    every = tc.LinearRecurrent(2, 4, 2, 4, "all")
    assert not is_small(Graded(tc.Allocation.full(every), 2))
