"""Reductions: what is found about the rest becomes a finding about the whole, which checks."""

import numpy as np
import pytest

import theorycheck as tc
from theorycheck.answers.classification import OnInputs
from theorycheck.computing.options import Options
from theorycheck.ranks.given_inputs import given_inputs
from theorycheck.theorems import t03_rows
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding
from theorycheck.theorems.t00_monotonicity import Part
from theorycheck.theorems.t09_peeling import Peeling

NETWORK = tc.LinearFeedforward([2, 3, 2])
WHOLE = Analysis(tc.Allocation(NETWORK, {"W1": [[1, 0]] * 3, "W2": np.ones((2, 3))}), 2)


def test_a_part_of_the_learnables():
    part = WHOLE.restricted_to(("W2",))
    finding = t03_rows.THEOREM.ask(part)
    assert finding is not None
    whole = Part(WHOLE, part, "the readout").of_whole(finding)
    assert whole.reason.startswith("the readout alone suffice (T3: ")
    assert whole.evidence["certificate"]["learnable"] == part.allocation.n_learnable
    with pytest.raises(AssertionError):
        Part(WHOLE, part, "nothing").of_whole(None)


def test_what_peeling_leaves():
    nothing = Peeling(WHOLE, WHOLE.core).of_whole(None)
    assert (nothing.theorem, nothing.evidence["certificate"]) == ("T9", None)
    whole = Analysis(tc.Allocation(NETWORK, {"W2": [[1, 1, 1], [1, 0, 0]]}), 2)
    rest = whole.core
    assert rest is not None
    assert rest.allocation.n_learnable < whole.allocation.n_learnable
    finding = Finding("T2", tc.Expressivity.MAXIMAL, "so it is", "mine", degree=3, error_bound=0.1)
    found = Peeling(whole, rest).of_whole(finding)
    assert (found.theorem, found.degree, found.error_bound) == ("T9", 3, 0.1)
    assert found.evidence["certificate"]["kind"] == "mine"
    assert found.evidence["certificate"]["learnable"] == rest.allocation.n_learnable


def test_given_inputs_come_into_the_certificate():
    points = [[1, 0], [2, 0]]
    data = given_inputs(NETWORK, 2, points)
    whole = Analysis(WHOLE.allocation, 2, Options(seed=3))
    rest = Analysis(data.reduced(whole.allocation), data.rank, whole.options)
    finding = t03_rows.THEOREM.ask(Analysis(tc.Allocation.layer(rest.network, "W2"), 1))
    assert finding is not None
    reduction = OnInputs(whole, rest, data)
    assert reduction.of_whole(finding) is finding
    assert (reduction.problem["inputs"], reduction.problem["basis"]) == (points, [0])
    assert reduction.left_out.startswith(" (always 0, so left out with the 0 learnable weights")
    verdict = tc.classify(tc.Allocation.layer(NETWORK, "W2"), 2, inputs=points)
    assert verdict.certificate is not None
    assert verdict.certificate.problem["inputs"] == points
    assert tc.check(verdict.certificate)
