"""Networks of squares and cubes: their derivatives, degrees and verdicts (T6, T7)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import seeds
from theorycheck.degrees.bezout import bezout_bound, path_degrees
from theorycheck.degrees.polynomials import bounds, equations
from theorycheck.degrees.system import SquareSystem
from theorycheck.numeric.polynomial_forward import pass_of
from theorycheck.proofs.shared.polynomial_systems import (
    dependence,
    generic_system,
    number_of_solutions,
)
from theorycheck.structure.support import jacobian_support
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.registry import THEOREMS
from theorycheck.verification.powers import critical_cases, power_networks

FF, RNN = tc.Feedforward, tc.Recurrent
BELOW_1 = "intermediate"
POWER = {"linear": 1, "square": 2, "cube": 3}


def by_definition(network: Any, weights: dict[str, Any], inputs: Any) -> Any:
    """All outputs in the order of the equations; inputs without the constant."""

    def shifted(z: Any, bias: str) -> Any:
        return z + weights[bias][:, None] if network.bias else z

    if isinstance(network, FF):
        h, depth = inputs, network.depth
        for layer in range(1, depth + 1):
            h = shifted(weights[f"W{layer}"] @ h, f"b{layer}")
            h = h ** POWER[network.activations[layer - 1]] if layer < depth else h
        return h.ravel()
    state, outputs = np.zeros((network.hidden, inputs.shape[2])), []
    for step in inputs:
        z = weights["recurrent"] @ state + weights["input"] @ step
        state = shifted(z, "bias") ** POWER[network.activation]
        outputs.append(shifted(weights["readout"] @ state, "readout_bias").ravel())
    return np.concatenate(outputs) if network.readout == "all" else outputs[-1]


@st.composite
def points(draw: st.DrawFn) -> Any:
    """A network of powers, its weights and inputs, some entries and some equations."""
    network, m = draw(power_networks()), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(seeds))
    weights = {name: rng.normal(size=shape) for name, shape in network.weight_shapes.items()}
    steps = (network.steps,) if network.is_recurrent else ()
    inputs = rng.normal(size=(*steps, network.inputs, m))
    every = [(name, i) for name, shape in network.weight_shapes.items() for i in np.ndindex(*shape)]
    entries = [every[k] for k in sorted(rng.choice(len(every), min(4, len(every)), replace=False))]
    count = network.n_equations(m)
    chosen = np.sort(rng.choice(count, int(rng.integers(1, count + 1)), replace=False))
    return network, m, weights, inputs, entries, chosen


def as_batch(network: Any, weights: dict[str, Any], inputs: Any) -> tuple[dict[str, Any], Any]:
    """With a first axis, and the row of the constant where the network's inputs have one."""
    if network.bias and not network.is_recurrent:
        inputs = np.concatenate([inputs, np.ones((1, inputs.shape[1]))])
    return {name: value[None] for name, value in weights.items()}, inputs[None]


@given(points(), seeds)
def test_passes_and_their_derivatives_are_those_of_the_definition(point, seed):
    network, m, weights, inputs, entries, chosen = point
    forward = pass_of(network, m, entries, chosen.tolist())
    given_weights, given_inputs = as_batch(network, weights, inputs)
    expected = by_definition(network, weights, inputs)[chosen]
    scale = 1e-12 * max(abs(expected).max(), 1)
    np.testing.assert_allclose(forward.values(given_weights, given_inputs)[0], expected, atol=scale)
    value, jacobian = forward.jacobian(given_weights, given_inputs)
    np.testing.assert_allclose(value[0], expected, atol=scale)
    for column, (name, index) in enumerate(entries):
        moved = {other: array.astype(complex) for other, array in weights.items()}
        moved[name][index] += 1e-30j
        slope = by_definition(network, moved, inputs)[chosen].imag / 1e-30
        scale = 1e-12 * max(abs(slope).max(), 1)
        np.testing.assert_allclose(jacobian[0, :, column], slope, atol=scale)
    rng = np.random.default_rng(seed)
    along = {name: rng.normal(size=value.shape) for name, value in weights.items()}
    aside = rng.normal(size=inputs.shape)
    moved = {name: value + 1e-30j * along[name] for name, value in weights.items()}
    slope = by_definition(network, moved, inputs + 1e-30j * aside)[chosen].imag / 1e-30
    d_weights, d_inputs = as_batch(network, along, aside)
    found = forward.tangent(given_weights, given_inputs, d_weights, d_inputs)[0]
    np.testing.assert_allclose(found, slope, atol=1e-12 * max(abs(slope).max(), 1))


@settings(max_examples=40)
@given(points())
def test_equations_degrees_and_support_are_those_of_expanded_polynomials(point):
    network, m, _, _, entries, chosen = point
    masks = {name: np.zeros(shape, dtype=bool) for name, shape in network.weight_shapes.items()}
    for name, index in entries:
        masks[name][index] = True
    allocation = tc.Allocation(network, masks)
    count = min(len(chosen), len(entries))
    system = SquareSystem(allocation, m, tuple(chosen[:count].tolist()), tuple(range(count)))
    expanded = generic_system(network, m, system.entries)
    own = [expanded[number] for number in system.equations]
    for found, polynomial in zip(equations(system, 0, 0), own, strict=True):
        assert {tuple(key) for key in found} == {tuple(key) for key in polynomial}
    degrees = [max(map(sum, polynomial)) for polynomial in own]
    every = frozenset(range(count))
    assert list(path_degrees(system, every)) == degrees
    assert [bound.in_unknowns for bound in bounds(system)] == degrees
    support = jacobian_support(allocation, m, False)[:, list(range(count))]
    shown = np.array(dependence(expanded), dtype=bool)
    assert not (shown & ~support).any()  # a superset is enough; see blocks
    assert (shown == support).all()


@settings(max_examples=25, deadline=None)
@given(critical_cases())
def test_bezout_numbers_are_never_below_the_number_of_solutions(case):
    analysis = Analysis(case.allocation, case.samples)
    assume(analysis.reaches_target)
    solving = analysis.solving
    assert solving is not None
    assume(solving.is_faithful)
    expanded = generic_system(case.allocation.network, case.samples, solving.system.entries)
    if case.allocation.is_dense:
        assert bezout_bound(solving.system).value >= number_of_solutions(expanded) > 0


@pytest.mark.parametrize(
    ("network", "masks", "samples", "degree", "kind"),
    [
        (FF([1, 1, 1], activation="cube"), {"W1": [[1]]}, 1, 3, "maximal"),
        (FF([1, 1, 1, 1], activation="cube"), {"W1": [[1]]}, 1, 9, "maximal"),
        (FF([2, 2, 1], activation="cube"), {"W1": [[1, 0], [0, 1]]}, 2, 9, "maximal"),
        (FF([1, 2, 1, 1], activation=["square", "cube"]), {"W1": [[1], [0]]}, 1, 6, BELOW_1),
        (RNN(1, 1, 1, 3, activation="linear", bias=True), {"recurrent": [[1]]}, 1, 2, BELOW_1),
        (RNN(1, 1, 1, 4, activation="linear", bias=True), {"recurrent": [[1]]}, 1, 3, "maximal"),
    ],
)  # fmt: skip
def test_degrees_that_are_seen_by_hand(network, masks, samples, degree, kind):
    allocation = tc.Allocation(network, masks)
    theorems = [theorem for theorem in THEOREMS if theorem.id in {"T6", "T7"}]
    verdict = tc.classify(allocation, samples, theorems=theorems)
    assert (verdict.degree, verdict.expressivity.value) == (degree, kind)
    assert verdict.certificate is not None
    assert tc.check(verdict.certificate)


def test_only_theorems_of_polynomials_speak_of_powers_and_none_of_these_of_tanh():
    masks = {"W1": [[1, 0], [0, 1], [0, 0]]}
    cubic = Analysis(tc.Allocation(FF([2, 3, 1], activation="cube"), masks), 2)
    curved = Analysis(tc.Allocation(FF([2, 3, 1], activation="tanh"), masks), 2)
    speaking = {theorem.id for theorem in THEOREMS if theorem.why_not(cubic) is None}
    assert speaking == {"T6", "T7", "T11", "T12"}
    assert {theorem.id for theorem in THEOREMS if theorem.why_not(curved) is None} == {"T11", "T12"}
    assert curved.solving is None


def test_where_equations_depend_on_each_other_an_odd_number_says_nothing():
    """One input without a bias: all samples say the same, but two equations of D = 1."""
    one = tc.Allocation(FF([1, 1, 1], activation="cube"), {"W1": [[1]]})
    analysis = Analysis(one, 2)
    solving = analysis.solving
    assert analysis.target.value == 1
    assert analysis.n_equations == 2
    assert solving is not None
    assert (solving.is_faithful, solving.degree) == (False, None)
    assert tc.classify(one, 2).expressivity.value == "positive"


def test_given_inputs_leave_powers_to_ranks():
    allocation = tc.Allocation(FF([2, 2, 1], activation="cube"), {"W1": [[1, 0], [0, 1]]})
    verdict = tc.classify(allocation, 2, inputs=[[1.0, 2.0], [3.0, 5.0]])
    assert (verdict.expressivity.value, verdict.theorem) == ("positive", "T11")


def middle_sized() -> tuple[tc.Allocation, int]:
    """A network of cubes at critical budget, with a bound of 10^9 solutions or more."""
    network, m = FF([4, 4, 2, 2], activation="cube"), 5
    target = Analysis(tc.Allocation.none(network), m).target.value
    return tc.Allocation.random(network, target, np.random.default_rng(0)), m


def test_systems_that_are_too_large_are_told_so_before_any_search(monkeypatch: Any):
    searched: list[int] = []

    def search(draws: Any, bound: Any, *_: Any) -> list[Any]:
        searched.append(bound.value)
        raise tc.errors.OutOfTimeError("stopped by the test")

    monkeypatch.setattr("theorycheck.degrees.degree._searches", search)
    allocation, m = middle_sized()
    verdict = tc.classify(allocation, m)
    assert (verdict.expressivity, verdict.limited_by) == (tc.Expressivity.POSITIVE, "degree")
    assert "too large for degrees: there may be 10^" in verdict.reason
    assert "the limit is 2000" in verdict.reason
    assert not searched
    # Whoever allows more solutions has them sought.
    tc.classify(allocation, m, effort=tc.Effort(degree=10**15))
    assert searched
    assert min(searched) > 100 * 2000


def test_small_systems_of_powers_are_searched_as_before():
    network = FF([4, 4, 1], activation="square", bias=True)
    solving = Analysis(tc.Allocation(network, {"W1": np.eye(4)}), 4).solving
    assert solving is not None
    assert (solving.degree, solving.limited_by) == (16, None)
