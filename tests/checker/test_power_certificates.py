"""Certificates that count solutions of networks of squares and cubes (T6, T7)."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.checker.test_certificates import certificate_of, redigested
from tests.page_checker import checker as page_checker
from tests.shared.strategies import seeds
from theorycheck.certificates import Certificate
from theorycheck.checker.balls import BallSystem
from theorycheck.checker.bezout import path_degrees
from theorycheck.checker.budget import Budget
from theorycheck.checker.claim import Claim
from theorycheck.checker.context import Context
from theorycheck.checker.instance import read_instance
from theorycheck.checker.solution_polynomials import Ring, block_polynomials
from theorycheck.checker.structure import Structure
from theorycheck.problem.files import problem_to_dict
from theorycheck.theorems import t06_odd_degree
from theorycheck.verification.powers import power_networks

POWER = {"linear": 1, "square": 2, "cube": 3}
NAMES = ("odd_degree cubic", "odd_degree cubic recurrent", "witness squared", "witness biases")


def evaluated(network: Any, weights: dict[str, sp.Matrix], x: list[sp.Matrix]) -> list[sp.Expr]:
    """All equations' outputs, from the definition of the network; x of each step."""
    ones = sp.ones(1, x[0].cols)

    def shifted(z: sp.Matrix, bias: str) -> sp.Matrix:
        return z + weights[bias] * ones if network.bias else z

    if not network.is_recurrent:
        [h] = x
        for layer in range(1, network.depth + 1):
            h = shifted(weights[f"W{layer}"] * h, f"b{layer}")
            if layer < network.depth:
                h = h.applyfunc(lambda z, k=POWER[network.activations[layer - 1]]: z**k)
        return h.flat()
    state, every = sp.zeros(network.hidden, x[0].cols), []
    for step in x:
        z = shifted(weights["recurrent"] * state + weights["input"] * step, "bias")
        state = z.applyfunc(lambda z: z ** POWER[network.activation])
        every.append(shifted(weights["readout"] * state, "readout_bias").flat())
    return [y for some in (every if network.readout == "all" else every[-1:]) for y in some]


@st.composite
def claims(draw: st.DrawFn) -> Any:
    """An allocation with two or three learnables, its claim to the checker, and small integers."""
    network, m = draw(power_networks()), draw(st.integers(1, 2))
    rng = np.random.default_rng(draw(seeds))
    every = [(name, i) for name, shape in network.weight_shapes.items() for i in np.ndindex(*shape)]
    count = min(int(rng.integers(1, 4)), len(every), network.n_equations(m))
    masks = {name: np.zeros(shape, dtype=bool) for name, shape in network.weight_shapes.items()}
    chosen = sorted(rng.choice(len(every), count, replace=False).tolist())
    for name, index in (every[k] for k in chosen):
        masks[name][index] = True
    allocation = tc.Allocation(network, masks)
    whole = Certificate("odd_degree", "T6", "maximal", count, None, None, 0.0,
                        problem_to_dict(allocation, m), {})  # fmt: skip
    claim = Claim(whole, Context("key", Budget.of(10**6)))
    equations = sorted(rng.choice(network.n_equations(m), count, replace=False).tolist())
    return allocation, m, claim, equations, rng


def matrices(values: dict[str, Any]) -> dict[str, sp.Matrix]:
    return {name: sp.Matrix(np.array(value).tolist()) for name, value in values.items()}


def split(network: Any, rows: Any) -> list[sp.Matrix]:
    n = network.inputs
    return [sp.Matrix(rows[t : t + n]) for t in range(0, n * network.steps, n)]


@settings(max_examples=20, deadline=None)
@given(claims())
def test_the_checkers_polynomials_degrees_and_paths_are_those_of_the_definition(made):
    allocation, m, claim, equations, _ = made
    network, p = allocation.network, 1009
    unknowns = list(range(allocation.n_learnable))
    found = block_polynomials(claim, equations, unknowns, 0, p)
    from theorycheck.checker import plain

    weights, symbols = {}, []
    for name, shape in network.weight_shapes.items():
        weights[name] = sp.Matrix(plain.random_matrix("key", 0, name, shape, p))
    for number, (name, index) in enumerate(claim.entries("learnable")):
        symbols.append(sp.Symbol(f"z{number}"))
        weights[name][index if len(index) == 2 else (index[0], 0)] = symbols[-1]
    rows = plain.random_matrix("key", 0, "inputs", (network.inputs * network.steps, m), p)
    outputs = evaluated(network, weights, split(network, rows))
    wanted = plain.words("key", 0, "outputs", max(equations) + 1)
    variables, structure = Ring(len(unknowns)).variables, Structure(claim)
    degrees = path_degrees(claim, equations, [unknowns])
    for equation, terms, (degree,) in zip(equations, found, degrees, strict=True):
        polynomial = sp.Poly(sp.expand(outputs[equation] - wanted[equation]), *symbols)
        expected = {
            sum(e * x for e, x in zip(powers, variables, strict=True)): int(c) % p
            for powers, c in polynomial.terms()
        }
        assert terms == {monomial: c for monomial, c in expected.items() if c}
        assert degree >= polynomial.total_degree()
        for number, entry in enumerate(claim.entries("learnable")):
            if equation not in structure.equations(*entry):
                assert symbols[number] not in polynomial.free_symbols


@settings(max_examples=20, deadline=None)
@given(claims())
def test_the_checkers_balls_hold_values_and_derivatives_of_the_definition(made):
    from flint import acb, fmpq

    allocation, m, claim, equations, rng = made
    network, unknowns = allocation.network, list(range(allocation.n_learnable))

    def some(shape: Any) -> Any:
        return rng.integers(-9, 10, shape).tolist()

    shapes = network.weight_shapes.items()
    data = {"scale": 4, "inputs": some((network.inputs * network.steps, m))}
    data |= {who: {name: some(s) for name, s in shapes} for who in ("teacher", "student")}
    system = BallSystem(claim, equations, unknowns, read_instance(claim, data))
    student, teacher = (
        {k: v / 4 for k, v in matrices(data[who]).items()} for who in ("student", "teacher")
    )
    symbols = []
    for number, (name, index) in enumerate(claim.entries("learnable")):
        symbols.append(sp.Symbol(f"z{number}"))
        student[name][index if len(index) == 2 else (index[0], 0)] = symbols[-1]
    x = [step / 4 for step in split(network, data["inputs"])]
    both = [evaluated(network, weights, x) for weights in (student, teacher)]
    gap = sp.Matrix([both[0][e] - both[1][e] for e in equations])
    thirds = [int(rng.integers(-9, 10)) for _ in symbols]
    at = {symbol: sp.Integer(k) / 3 for symbol, k in zip(symbols, thirds, strict=True)}
    point = [acb(fmpq(k, 3)) for k in thirds]

    def same(balls: Any, exact: sp.Matrix) -> bool:
        values = [Fraction(int(v.p), int(v.q)) for v in exact.subs(at)]
        pairs = zip(balls.entries(), values, strict=True)
        return all(ball.overlaps(acb(fmpq(v.numerator, v.denominator))) for ball, v in pairs)

    assert same(system.residual(point), gap)
    assert same(system.jacobian(point), gap.jacobian(symbols))


def changed(name: str, change: Any) -> Certificate:
    found = copy.deepcopy(certificate_of(name))
    change(found)
    return found


def _block(certificate: Certificate) -> Any:
    evidence = certificate.evidence
    return evidence["block"] if "block" in evidence else evidence["blocks"][0]


def _degree(by: int) -> Any:
    return lambda found: _block(found).__setitem__("degree", _block(found)["degree"] + by)


def _univariate(found: Certificate) -> None:
    _block(found)["degree_by"] = {"by": "univariate", "unknown": 0, "error_bound": 1e-9}


def _teacher(found: Certificate) -> None:
    name = "W1" if "W1" in _block(found)["instance"]["teacher"] else "input"
    _block(found)["instance"]["teacher"][name][0][0] += 1


def _no_inputs(found: Certificate) -> None:
    _block(found)["instance"]["inputs"] = None


def _other(activation: Any) -> Any:
    return lambda found: found.problem["network"].__setitem__("activation", activation)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_degree(2), ""),
        (_degree(-1), ""),
        (_univariate, "univariate is about linear networks"),
        (_teacher, "not shown"),
        (_no_inputs, "inputs are null if and only if they span"),
        (_other("tanh"), "the equations are polynomials, which tanh is not"),
        (_other("exp"), "the equations are polynomials, which exp is not"),
    ],
)
def test_what_is_wrong_is_refused(name, change, reason):
    wrong = changed(name, change)
    result = tc.check(wrong)
    assert not result
    assert reason in result.reason
    data = json.loads(json.dumps(redigested(wrong.to_dict())))
    assert not page_checker.check(data, "5")[0]


@pytest.mark.parametrize("name", NAMES[:3])
def test_another_power_is_another_problem(name):
    for power in ("square", "cube"):
        if certificate_of(name).problem["network"]["activation"] != power:
            wrong = changed(name, _other(power))
            assert not tc.check(wrong)
            assert not page_checker.check(redigested(wrong.to_dict()), "5")[0]


def test_an_odd_degree_of_some_equations_is_refused():
    """One input without a bias: D = 1 of two equations, which no cross of them determines."""
    cube = tc.Allocation(tc.Feedforward([1, 1, 1], activation="cube"), {"W1": [[1]]})
    right = tc.classify(cube, 1, theorems=[t06_odd_degree.THEOREM]).certificate
    assert right is not None
    assert tc.check(right)
    wrong = copy.deepcopy(right)
    wrong.problem["samples"] = 2
    for block in wrong.evidence["blocks"]:
        block["instance"]["inputs"] = [[*row, 7] for row in block["instance"]["inputs"]]
    wrong.evidence["target_upper"] = {"by": "widths"}
    assert "every equation must be in a block" in tc.check(wrong).reason
