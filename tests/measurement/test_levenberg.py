"""Batched Levenberg-Marquardt: what it proves is true, what is there it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

import theorycheck as tc
from theorycheck.measurement.existence import Certificates, certify, majorant, right_inverses
from theorycheck.measurement.levenberg import descend, fit
from theorycheck.numeric.forward import Entries
from theorycheck.numeric.instances import Equations, Instance

FF, LR = tc.LinearFeedforward, tc.LinearRecurrent
seeds = st.integers(0, 2**32 - 1)
DIAGONALS = [("W1", (0, 0)), ("W1", (1, 1)), ("W2", (0, 0)), ("W2", (1, 1))]
ROW = [("recurrent", (0, 0)), ("recurrent", (0, 1))]
# network, samples, unknown entries, equations
SYSTEMS: dict[str, tuple[Any, int, list, list]] = {
    "diagonals": (FF([2, 2, 2]), 2, DIAGONALS, [0, 1, 2, 3]),
    "wide": (FF([2, 2, 2]), 2, [*DIAGONALS, ("W2", (0, 1))], [0, 1, 3]),
    "deep with biases": (
        FF([2, 3, 2, 1], bias=True),
        3,
        [("W1", (2, 0)), ("b2", (1,)), ("W3", (0, 0))],
        [0, 1, 2],
    ),
    "recurrent": (LR(1, 2, 1, 4), 2, ROW, [0, 1]),
    "recurrent, all outputs": (LR(1, 2, 1, 4, "all"), 1, [*ROW, ("input", (1, 0))], [1, 2, 3]),
}


def drawn(
    name: str, batch: int, seed: int, own_teacher: bool = False
) -> tuple[Equations, Instance]:
    """Gaussian instances; with `own_teacher` only entries of the teacher differ."""
    network, samples, entries, equations = SYSTEMS[name]
    rng = np.random.default_rng(seed)

    def weights() -> dict[str, Any]:
        return {k: rng.normal(size=(batch, *s)) for k, s in network.weight_shapes.items()}

    if isinstance(network, LR):
        inputs = rng.normal(size=(batch, network.steps, network.inputs, samples))
    else:
        inputs = rng.normal(size=(batch, network.inputs, samples))
        if network.bias:
            inputs = np.concatenate([inputs, np.ones((batch, 1, samples))], axis=1)
    system = Equations(network, samples, entries, equations)
    student, teacher = weights(), weights()
    if own_teacher:
        teacher = dict(student)
    return system, Instance(student, inputs, system.outputs(teacher, inputs))


def exact_residual(name: str, instance: Instance, i: int, theta: Any) -> list[Any]:
    """phi - y of instance i at mpmath numbers theta, from the definition of the networks."""
    network, _, entries, equations = SYSTEMS[name]
    exact = np.vectorize(mpmath.mpf, otypes=[object])
    weights = {key: exact(value[i]) for key, value in instance.weights.items()}
    inputs = exact(instance.inputs[i])
    for (key, index), value in zip(entries, theta, strict=True):
        weights[key][index] = value
    if isinstance(network, LR):
        state, outputs = 0 * weights["input"][:, :1], []
        for step in inputs:
            state = weights["recurrent"] @ state + weights["input"] @ step
            outputs.append((weights["readout"] @ state).ravel())
        values = np.concatenate(outputs) if network.readout == "all" else outputs[-1]
    else:
        values = inputs[: network.inputs]
        for layer in range(1, network.depth + 1):
            values = weights[f"W{layer}"] @ values
            if network.bias:
                values = values + np.outer(weights[f"b{layer}"], inputs[-1])
        values = values.ravel()
    return [values[e] - mpmath.mpf(y) for e, y in zip(equations, instance.outputs[i], strict=True)]


def is_next_to_a_root(name: str, instance: Instance, i: int, theta: Any, radius: float) -> bool:
    """Newton from theta in 60 digits, in the first n unknowns that make it square."""
    n = len(SYSTEMS[name][3])
    with mpmath.workdps(60):
        rest = [mpmath.mpf(t) for t in theta[n:]]

        def residual(*unknowns: Any) -> list[Any]:
            return exact_residual(name, instance, i, [*unknowns, *rest])

        start = tuple(mpmath.mpf(t) for t in theta[:n])
        root = mpmath.findroot(residual, start, tol=mpmath.mpf(10) ** -80, maxsteps=30)
        distance = max(abs(a - b) for a, b in zip(mpmath.matrix(root), start, strict=True))
        wide = len(theta) > n  # another right inverse leads to another root of the curve
        return bool(distance <= radius * (1e4 if wide else 1))


@pytest.mark.parametrize("name", SYSTEMS)
def test_certified_matches_are_roots_in_high_precision(name: str):
    system, instances = drawn(name, 300, seed=5)
    fits = fit(system, instances, np.random.default_rng(0), restarts=3, most_steps=100)
    assert fits.matched.mean() > 0.3
    proof = certify(system, fits.theta, instances)
    assert (proof.proved == fits.matched).all()
    assert (proof.radius[fits.matched] < 1e-4).all()
    for i in np.nonzero(fits.matched)[0][:12].tolist():
        assert is_next_to_a_root(name, instances, i, fits.theta[i], float(proof.radius[i]))


@pytest.mark.parametrize("name", SYSTEMS)
def test_constructed_matches_are_found(name: str):
    system, instances = drawn(name, 100, seed=6, own_teacher=True)
    fits = fit(system, instances, np.random.default_rng(0), restarts=100, most_steps=100)
    assert fits.matched.mean() > 0.97
    assert (fits.residual[fits.matched] < 1e-10).all()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(SYSTEMS)), seeds)
def test_the_majorant_bounds_changes_of_the_jacobian(name: str, seed: int):
    system, instances = drawn(name, 20, seed)
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=(20, len(system.entries)))
    radius = 10 ** rng.uniform(-6, 1)
    moved = theta + radius * rng.uniform(-1, 1, theta.shape)
    change = np.abs(system.residual(moved, instances)[1] - system.residual(theta, instances)[1])
    inner = majorant(system, theta, instances, np)[1]
    outer = majorant(system, np.abs(theta) + radius, instances, np)[1]
    assert (change <= outer - inner + 1e-12 * outer).all()


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(SYSTEMS)), seeds, st.sampled_from([1e-3, 1e-6, 1e-9, 0]))
def test_proofs_hold_also_around_points_that_are_no_roots(name: str, seed: int, away: float):
    system, instances = drawn(name, 4, seed, own_teacher=True)
    theta = np.stack([instances.weights[k][(slice(None), *i)] for k, i in system.entries], axis=1)
    theta = theta + away * np.random.default_rng(seed).normal(size=theta.shape)
    proof = certify(system, theta, instances)
    for i in np.nonzero(proof.proved)[0].tolist():
        assert is_next_to_a_root(name, instances, i, theta[i], proof.radius[i])


# Near misses


def double_root(squares: list[float]) -> tuple[Equations, Instance]:
    """w^2 + (1 - s) = 1 for each given s, the output of a recurrent network of one unit."""
    batch = len(squares)
    inputs = np.zeros((batch, 3, 1, 1))
    inputs[:, 0], inputs[:, 2, 0, 0] = 1, 1 - np.array(squares)
    weights = {name: np.ones((batch, 1, 1)) for name in ("input", "recurrent", "readout")}
    system = Equations(LR(1, 1, 1, 3), 1, [("recurrent", (0, 0))], [0])
    return system, Instance(weights, inputs, np.ones((batch, 1)))


def false_matches(certifier: Any) -> int:
    """Matches among w^2 = s with s < 0, down to imaginary parts of 1e-5 and 1e-7."""
    system, instances = double_root([-1e-4, -1e-10, -1e-14] * 20)
    fits = fit(system, instances, np.random.default_rng(0), restarts=5, certifier=certifier)
    return int(fits.matched.sum())


def test_near_misses_are_not_certified():
    assert false_matches(certify) == 0


def test_close_pairs_of_real_roots_are():
    system, instances = double_root([1e-4, 1e-10, 1e-14, 0.0] * 20)
    fits = fit(system, instances, np.random.default_rng(0), restarts=5)
    assert fits.matched.reshape(-1, 4).mean(axis=0).tolist()[:2] == [1, 1]
    assert not fits.matched[3::4].any()  # a double root is beyond proof
    assert fits.unproved[3::4].all()


def test_planted_small_residuals_as_proof_are_caught():
    def trusting(system: Any, theta: Any, instances: Instance, xp: Any) -> Certificates:
        value = np.abs(system.residual(theta, instances)[0]).max(axis=1)
        return Certificates(value < 1e-9, 0 * value, value, 0 * value)

    assert false_matches(trusting) > 0


@dataclass
class Parabola:
    """a w^2 - y in one unknown, written without `Equations`; `curved` False drops the slope."""

    curved: bool = True
    entries: Entries = (("a", (0,)),)

    def residual(self, theta: Any, instance: Instance) -> tuple[Any, Any]:
        a = instance.weights["a"]
        slope = 2 * a * theta if self.curved else a * np.ones_like(theta)
        return a * theta**2 - instance.outputs, slope[:, :, None]


def test_planted_a_wrong_derivative_spoils_the_proof():
    one = np.ones((50, 1))
    instances = Instance({"a": one}, one, 2 * one)
    start = np.random.default_rng(0).normal(size=(50, 1))
    right, wrong = Parabola(), Parabola(curved=False)
    ends = descend(right, instances, start, 100)
    assert certify(right, ends, instances).proved.all()
    assert np.abs(np.abs(ends) - np.sqrt(2)).max() < 1e-8
    missed = Instance({"a": one}, one, -1e-10 * one)
    assert certify(wrong, 0 * one, missed).proved.all()  # it trusts the derivative it is given
    assert not certify(right, 0 * one + 1e-5, missed).proved.any()


# Everything else


def test_more_equations_than_unknowns_are_never_proved():
    network = FF([2, 2, 2])
    system = Equations(network, 2, DIAGONALS[:2], range(4))
    _, instances = drawn("diagonals", 50, 7, own_teacher=True)
    fits = fit(system, instances, np.random.default_rng(0), restarts=3)
    assert not fits.matched.any()
    assert fits.unproved.all()
    np.testing.assert_allclose(fits.theta[:, 0], instances.weights["W1"][:, 0, 0], rtol=1e-6)


def test_ends_are_as_low_as_those_of_scipy():
    system, instances = drawn("diagonals", 60, seed=8)
    starts = np.random.default_rng(1).normal(size=(60, 4))
    ends = descend(system, instances, starts, 400)
    own = (system.residual(ends, instances)[0] ** 2).sum(axis=1) < 1e-16
    found = []
    for i in range(60):
        one = instances.take(slice(i, i + 1))

        def value(t: Any, one: Instance = one) -> Any:
            return system.residual(t[None], one)[0][0]

        def slope(t: Any, one: Instance = one) -> Any:
            return system.residual(t[None], one)[1][0]

        result = least_squares(value, starts[i], slope, method="lm")  # type: ignore[arg-type]
        found.append(2 * result.cost < 1e-16)
    assert abs(own.mean() - np.mean(found)) < 0.15


def test_starts_do_not_depend_on_the_other_fits():
    system, instances = drawn("diagonals", 40, seed=9)
    calls: list[Any] = []

    def spy(system: Any, theta: Any, instances: Instance, xp: Any) -> Certificates:
        found = certify(system, theta, instances, xp)
        calls.append(len(theta))
        return found

    fits = fit(system, instances, np.random.default_rng(3), restarts=4, certifier=spy)
    again = fit(system, instances, np.random.default_rng(3), restarts=4)
    np.testing.assert_array_equal(fits.theta, again.theta)
    assert calls == sorted(calls, reverse=True)
    assert calls[0] == 40
    assert fits.starts_used.sum() == sum(calls)
    assert (fits.starts_used[~fits.matched] == 4).all()


def test_right_inverses_of_wide_and_square_matrices():
    rng = np.random.default_rng(10)
    for n, r in ((1, 1), (3, 3), (2, 5)):
        matrices = rng.normal(size=(30, n, r))
        inverses = np.moveaxis(right_inverses(np.moveaxis(matrices, 0, -1), np), -1, 0)
        np.testing.assert_allclose(inverses, np.linalg.pinv(matrices), atol=1e-9)
