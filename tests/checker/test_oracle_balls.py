"""`check --balls`: minors of nonlinear networks at rational points, in ball arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from theorycheck.checker import oracle_balls
from theorycheck.checker.budget import Budget
from theorycheck.checker.claim import Claim
from theorycheck.checker.context import Context
from theorycheck.problem.networks.activations import ACTIVATIONS
from theorycheck.theorems.t11_analytic import THEOREM as T11

ANALYTIC = [name for name, row in ACTIVATIONS.items() if row.is_analytic and name != "linear"]


def networks(name: str) -> list[Any]:
    """One of each form."""
    return [
        tc.Feedforward([2, 3, 2, 2], True, activation=name),
        tc.Feedforward([2, 3, 1], activation=name),
        tc.Recurrent(2, 2, 2, 3, "all", activation=name, bias=True),
        tc.Recurrent(1, 3, 1, 2, activation=name),
    ]


def claim_of(network: Any, samples: int) -> Claim:
    """A claim about all weights of a network, to ask what lies inside of a check."""
    allocation = tc.Allocation.full(network)
    certificate = tc.classify(allocation, samples).certificate
    assert certificate is not None
    return Claim(certificate, Context.of("test", Budget.of(10**6), 0))


@pytest.mark.parametrize("name", ANALYTIC)
@pytest.mark.parametrize("which", range(4))
def test_true_minors_are_shown(name, which):
    allocation = tc.Allocation.full(networks(name)[which])
    certificate = tc.classify(allocation, 2, theorems=[T11]).certificate
    assert certificate is not None
    assert certificate.kind == "full_rank"
    assert tc.check(certificate, seed=1, balls=True)


@pytest.mark.parametrize("name", ANALYTIC)
@pytest.mark.parametrize("which", range(4))
def test_rows_are_derivatives_of_direct_definitions(name, which):
    """Against central differences of outputs computed from the same rational numbers in NumPy."""
    network = networks(name)[which]
    claim = claim_of(network, 2)
    is_recurrent = network.is_recurrent
    row = oracle_balls._rows(claim, 0)
    weights = {key: floats(value) for key, value in oracle_balls._weights(claim, 0).items()}
    streams = [f"inputs/{t}" for t in range(1, network.steps + 1)] if is_recurrent else ["inputs"]
    inputs = [
        floats(oracle_balls._drawn(claim, 0, stream, (network.inputs, 2))) for stream in streams
    ]
    entries = claim.entries("present")
    steps = network.steps if is_recurrent and network.readout == "all" else 1
    for equation in range(network.outputs * 2 * steps):
        found = [float(ball) for ball in row(equation, entries)]
        for (weight, index), value in zip(entries, found, strict=True):
            place = index if len(index) == 2 else (*index, 0)
            expected = difference(network, weights, inputs, equation, weight, place)
            assert value == pytest.approx(expected, rel=1e-5, abs=1e-7)


def floats(matrix: Any) -> np.ndarray:
    """The midpoints of a matrix of balls."""
    rows, columns = matrix.nrows(), matrix.ncols()
    return np.array([float(ball) for ball in matrix.entries()]).reshape(rows, columns)


def difference(network, weights, inputs, equation, weight, place):
    """A central difference of one output."""
    step, values = 1e-6, []
    for sign in (1, -1):
        moved = {key: value.copy() for key, value in weights.items()}
        moved[weight][place] += sign * step
        values.append(outputs(network, moved, inputs)[equation])
    return (values[0] - values[1]) / (2 * step)


def outputs(network, weights, inputs):
    """All outputs, in the order of the equations."""
    sigma = [ACTIVATIONS[name] for name in network.activations]
    zero = np.zeros((1, 1))
    if not network.is_recurrent:
        h = inputs[0]
        for layer in range(1, network.depth + 1):
            h = weights[f"W{layer}"] @ h + weights.get(f"b{layer}", zero)
            h = sigma[layer - 1].value(h, np) if layer < network.depth else h
        return h.ravel()
    h, read = np.zeros((network.hidden, 2)), []
    for x in inputs:
        z = weights["recurrent"] @ h + weights["input"] @ x + weights.get("bias", zero)
        h = sigma[0].value(z, np)
        read.append(weights["readout"] @ h + weights.get("readout_bias", zero))
    return np.concatenate([y.ravel() for y in (read if network.readout == "all" else read[-1:])])


def test_a_singular_minor_is_not_shown():
    """Derivatives by W2[0, 0] twice, and by weights of a unit that no output reads."""
    claim = claim_of(tc.Feedforward([2, 2, 1], activation="tanh"), 2)
    same = [("W2", (0, 0)), ("W2", (0, 0))]
    with pytest.raises(tc.SizeError, match="not shown to be regular with 4096 bits"):
        oracle_balls.require_minor_in_balls(claim, [0, 1], same)
    oracle_balls.require_minor_in_balls(claim, [0, 1], [("W2", (0, 0)), ("W2", (0, 1))])


def test_exponential_of_biases_alone_is_deficient():
    """e^b scales the unit: derivatives by b1 and by W2 are proportional, and stay so in balls."""
    claim = claim_of(tc.Feedforward([1, 1, 1], True, activation="exp"), 2)
    pair = [("b1", (0,)), ("W2", (0, 0))]
    with pytest.raises(tc.SizeError, match="not shown"):
        oracle_balls.require_minor_in_balls(claim, [0, 1], pair)


def test_what_cannot_be_shown_is_refused_in_words():
    wide = tc.Feedforward([301, 1, 1], activation="tanh")
    claim = claim_of(wide, 2)
    with pytest.raises(tc.SizeError, match="up to 300 rows, not 301"):
        oracle_balls.require_minor_in_balls(claim, range(301), claim.entries("present")[:301])
    linear = tc.classify(tc.Allocation.layer(tc.LinearFeedforward([2, 2]), "W1"), 2).certificate
    assert linear is not None
    assert not tc.check(linear, balls=True)
    assert "no minor of a nonlinear network" in tc.check(linear, balls=True).reason
