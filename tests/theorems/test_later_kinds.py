"""A kind of network that no theorem is about: all refuse it in words, none takes it for ReLU."""

from functools import cached_property

import numpy as np
import pytest

import theorycheck as tc
from theorycheck.problem.networks.base import Network
from theorycheck.problem.networks.feedforward import _Feedforward
from theorycheck.problem.networks.kinds import KINDS
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.registry import THEOREMS


class Mixed(_Feedforward):
    """y = W_3 hardtanh(W_2 tanh(W_1 x))."""

    kind = "mixed"
    title = "mixed"

    @cached_property
    def activations(self) -> tuple[str, ...]:
        return ("tanh", "hardtanh")


NETWORK = Mixed([2, 3, 3, 2])


@pytest.fixture(autouse=True)
def _is_a_kind(monkeypatch):
    monkeypatch.setitem(KINDS, Mixed.kind, Mixed)


@pytest.fixture
def rows() -> tc.Allocation:
    return tc.Allocation.layer(NETWORK, "W3")


def test_no_theorem_but_monotonicity_applies(rows):
    analysis = Analysis(rows, 2)
    assert all(theorem.why_not(analysis) for theorem in THEOREMS)
    everything = tc.classify(tc.Allocation.full(NETWORK), 2)
    assert (everything.expressivity, everything.theorem) == (tc.Expressivity.MAXIMAL, "T0")


def test_a_verdict_is_undecided_and_says_why(rows):
    verdict = tc.classify(rows, 2, diagnose=True)
    assert verdict.expressivity is tc.Expressivity.UNDECIDED
    assert verdict.reason == (
        "with hardtanh ranks differ between patterns of the units, which T11 knows only if all "
        "units are linear in pieces, not tanh"
    )
    assert verdict.conditioned_on == "regular teacher"  # as of all that is piecewise linear
    assert (verdict.diagnostics, verdict.estimate) == (None, None)
    found = tc.estimate(rows, 2, verdict=verdict)
    assert (found.range, found.basis) == ((0.0, 1.0), f"nothing is known: {verdict.reason}")


def test_what_is_about_linear_networks_refuses(rows):
    for ask in (
        lambda: tc.capacity(rows),
        lambda: tc.design(NETWORK, 2, 6),
        lambda: tc.repair(rows, 2),
        lambda: tc.classify(rows, 2, inputs=np.eye(2)),
    ):
        with pytest.raises(tc.InputError, match=r"linear .*(networks|ones).*"):
            ask()


class Shared(tc.LinearFeedforward):
    """Linear, but a layer of it has shared weights."""

    @property
    def weight_shapes(self) -> dict[str, tuple[int, ...]]:  # type: ignore[override]
        return {**super().weight_shapes, "W1": (1, self.inputs)}


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (tc.LinearFeedforward([3, 2]), True),
        (tc.LinearFeedforward([3, 4, 2], bias=True), True),
        (tc.ShallowReLU([2, 3, 1], bias=True), True),
        (tc.LinearRecurrent(1, 1, 1, 1), False),
        (Shared([3, 4, 2]), False),
    ],
)
def test_layers_follow_one_another(network: Network, expected: bool):
    assert network.is_layered is expected
