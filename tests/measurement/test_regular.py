"""Regular teachers of networks with corners, judged by exact ranks at the drawn numbers."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import fmpq

import theorycheck as tc
from theorycheck.measurement.nonlinear.draws import Draws
from theorycheck.measurement.nonlinear.regular import RegularTeachers
from theorycheck.measurement.trials import Source
from theorycheck.proofs.shared.nonlinear import jacobian_columns
from theorycheck.proofs.t11.oracle import everything
from theorycheck.proofs.t11.piecewise import PRIME, exactly, rank_modulo

NF, NR = tc.Feedforward, tc.Recurrent
CASES = {
    "relu": (NF([2, 3, 2, 1], activation="relu", bias=True), 3),
    "leaky": (NF([2, 2, 2, 2], activation="leaky_relu"), 2),
    "hardtanh": (NF([1, 2, 2, 1], activation=["hardtanh", "relu"]), 2),
    "recurrent": (NR(1, 2, 1, 2, "all", activation="hardtanh", bias=True), 2),
}


def teachers(network: Any, m: int, seed: int = 0) -> RegularTeachers:
    return RegularTeachers(Draws(Source(tc.Allocation.none(network), m), seed))


def exact_rank(network: Any, m: int, teacher: dict[str, Any], inputs: Any) -> int:
    """The rank at exactly these numbers, by plain loops over rational ones."""
    weights = [x for name in network.weight_shapes for x in np.ravel(teacher[name])]
    shown = np.reshape(inputs, (-1, m))
    numbers = iter(rational(float(x)) for x in [*weights, *np.ravel(shown.T)])
    columns = jacobian_columns(
        network,
        everything(network),
        m,
        lambda: next(numbers),
        lambda name, z: exactly(name, fmpq(z)),
    )
    residues = [
        [int(x.p) * pow(int(x.q), -1, PRIME) % PRIME for x in map(fmpq, column)]
        for column in columns.values()
    ]
    return rank_modulo(residues)


def rational(x: float) -> fmpq:
    exact = Fraction(x)
    return fmpq(exact.numerator, exact.denominator)


@pytest.mark.parametrize("name", CASES)
def test_regular_teachers_are_those_of_full_rank_at_the_drawn_numbers(name: str):
    network, m = CASES[name]
    regular = teachers(network, m)
    assert regular.are_known
    drawn = Draws(Source(tc.Allocation.none(network), m), 0).chunk(0, 40)
    found = regular.of_chunk(0, 40)
    equations = network.n_equations(m)
    for draw in range(40):
        teacher = {key: value[draw] for key, value in drawn.teacher.items()}
        rank = exact_rank(network, m, teacher, drawn.instances.inputs[draw])
        assert found[draw] == (rank == equations), draw
    assert found.any()
    assert name == "leaky" or not found.all()


def test_a_dead_teacher_is_not_regular_and_is_matched_by_a_dead_student():
    """Without the condition a minimal verdict would be refuted by these draws."""
    network = NF([1, 1, 1, 1], activation="relu", bias=True)
    found = tc.compare(tc.Allocation(network, {"b3": [1]}), 2, trials=200, backend="numpy")
    assert found.verdict.expressivity is tc.Expressivity.MINIMAL
    assert found.estimate.matches > 0
    assert found.estimate.regular is not None
    assert 0 < found.estimate.regular["trials"] < 200
    assert found.estimate.regular["matches"] == 0
    assert found.outcome == "agree"


def test_nothing_is_told_of_regular_teachers_where_no_draw_shows_full_rank():
    network = NF([1, 1, 1, 1], activation="relu", bias=True)  # rank 4 at most, of 6 equations
    regular = teachers(network, 6)
    assert regular.are_known
    assert not regular.of_chunk(0, 50).any()
    found = tc.measure(tc.Allocation(network, {"b3": [1]}), 6, trials=50, backend="numpy")
    assert found.regular is None
    assert "regular" not in found.to_dict()


def test_neither_is_it_where_that_cannot_be_or_takes_too_long():
    deep = NF([2, 2, 1], activation="hardtanh")
    assert not teachers(deep, 7).are_known  # 7 equations in 6 weights
    assert not teachers(NF([2, 2, 2, 1], activation="tanh"), 2).are_known
    assert not teachers(NF([20, 30, 30, 5], activation="relu"), 20).are_known
