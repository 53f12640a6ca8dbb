"""Students on given inputs that do not span (T18), and of certificates about such inputs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

import theorycheck as tc

pytestmark = pytest.mark.long  # it hangs on no version

FF = tc.LinearFeedforward
NO_DEGREES = tc.Effort(degree=0, seconds=20)

# Input 2 is the sum of the others, and input 3 always 0: two samples count.
POINTS = [[1, 0, 1, 0], [0, 2, 2, 0], [1, 1, 2, 0]]
MASKS = {
    "W1": [[0, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]],
    "W2": [[0, 1, 0], [1, 0, 0]],
}


def narrow() -> tc.Allocation:
    return tc.Allocation(FF([4, 3, 2]), MASKS)


def outputs(weights: Any, inputs: Any) -> np.ndarray:
    """By the definition of the network."""
    found = np.asarray(inputs).T
    for k in range(1, len(weights) + 1):
        found = weights[f"W{k}"] @ found
    return found


def check(made: tc.Construction, frozen: Any = None) -> None:
    """It has the teacher's outputs on all points, and the frozen weights that were given."""
    assert made.is_match
    assert made.teacher is not None
    found, wanted = (outputs(w, made.inputs) for w in (made.weights, made.teacher))
    if made.is_exact:
        assert (found == wanted).all()
    else:
        assert abs(found - wanted).max() < 1e-6 * abs(wanted).max()
    for name, weight in (frozen or {}).items():
        kept = ~made.allocation.mask(name)
        assert np.array_equal(made.weights[name][kept].astype(float), weight[kept])


@pytest.mark.parametrize("rational", [False, True])
def test_inputs_that_span_are_chosen(rational: bool):
    verdict = tc.classify(narrow(), 3, inputs=POINTS)
    assert verdict.theorem == "T18"
    rng = np.random.default_rng(1)
    frozen = {name: rng.normal(size=s) for name, s in narrow().network.weight_shapes.items()}
    made = tc.construct(narrow(), 3, inputs=POINTS, frozen=frozen, rational=rational)
    assert made.theorem == "T18"
    assert "always 0, so left out" in made.verdict.reason
    assert made.verdict.certificate is not None
    assert tc.check(made.verdict.certificate)
    check(made, frozen)


@pytest.mark.parametrize("rational", [False, True])
def test_a_certificate_on_given_inputs_brings_them(rational: bool):
    verdict = tc.classify(narrow(), 3, inputs=POINTS)
    first, other = (
        tc.construct(narrow(), 3, certificate=verdict, seed=seed, rational=rational)
        for seed in (1, 2)
    )
    assert first.inputs.astype(float).tolist() == other.inputs.astype(float).tolist() == POINTS
    assert "inputs" not in first.drawn
    assert first.steps == other.steps
    for made in (first, other):
        check(made)
    assert not np.array_equal(first.weights["W2"], other.weights["W2"])


@pytest.mark.parametrize("bias", [False, True])
def test_inputs_that_span_are_as_good_as_random_ones(bias: bool):
    """Their certificates are executed, too; without one a proof on random inputs is."""
    network = FF([2, 3, 2], bias=bias)
    allocation = tc.Allocation(network, {"W2": np.ones((2, 3))})
    points = [[1, 2], [3, 5], [-1, 4]]
    verdict = tc.classify(allocation, 3, inputs=points)
    made = tc.construct(allocation, 3, certificate=verdict, rational=True)
    assert made.is_match
    assert made.inputs.astype(int).tolist() == points
    assert made.verdict.certificate == verdict.certificate
    plain = tc.construct(allocation, 3, inputs=points, rational=True).verdict.certificate
    assert plain is not None
    assert "inputs" not in plain.problem


def test_a_certificate_on_other_inputs_is_refused():
    certificate = tc.classify(narrow(), 3, inputs=POINTS).certificate
    assert certificate is not None
    others = [*POINTS[:2], [1, 1, 3, 0]]
    for wrong in (others, np.eye(4)[:3]):
        with pytest.raises(tc.InputError, match=r"another problem.* and inputs"):
            tc.construct(narrow(), 3, certificate=certificate, inputs=wrong)
    with pytest.raises(tc.InputError, match="another problem"):
        tc.construct(narrow(), 2, certificate=certificate)
    one = replace(certificate, evidence=certificate.evidence | {"inputs": [9]})
    with pytest.raises(tc.InputError, match="evidence of the certificate is malformed"):
        tc.construct(narrow(), 3, certificate=one)
    network = tc.Feedforward([2, 4, 1], activation="tanh")
    nonlinear = tc.Allocation.layer(network, "W2")
    verdict = tc.classify(nonlinear, 2, inputs=[[1, 2], [0, 1]])
    with pytest.raises(tc.InputError, match="about given inputs, and names no basis"):
        tc.construct(nonlinear, 2, certificate=verdict)


@st.composite
def low_rank_problems(draw: Any) -> tuple[tc.Allocation, np.ndarray]:
    """Dense networks on integer points of a rank below the number of inputs."""
    widths = draw(st.lists(st.integers(3, 5), min_size=3, max_size=3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rank, more = draw(st.integers(1, widths[0] - 1)), draw(st.integers(0, 2))
    points = rng.integers(-3, 4, (rank + more, rank)) @ rng.integers(-3, 4, (rank, widths[0]))
    points[:, rng.random(widths[0]) < 0.2] = 0
    share = draw(st.sampled_from([0.4, 0.5, 0.6]))
    network = FF(widths)
    masks = {name: rng.random(shape) < share for name, shape in network.weight_shapes.items()}
    masks["W1"] &= rng.random(widths[0]) < 0.8
    return tc.Allocation(network, masks), points


@settings(max_examples=15, suppress_health_check=[HealthCheck.filter_too_much])
@given(low_rank_problems())
def test_what_t18_proves_is_constructed(problem: Any):
    allocation, points = problem
    assume(points.any())
    verdict = tc.classify(allocation, len(points), inputs=points, effort=NO_DEGREES)
    assume(verdict.theorem == "T18" and verdict.expressivity is tc.Expressivity.MAXIMAL)
    assert verdict.certificate is not None
    event(verdict.certificate.evidence["certificate"]["theorem"])
    either: list[dict[str, Any]] = [{"inputs": points}, {"certificate": verdict}]
    for options in either:
        made = tc.construct(allocation, len(points), **options)
        assert made.theorem == "T18"
        check(made)
