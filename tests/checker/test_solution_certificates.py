"""Certificates that count solutions: hand-made ones hold, and everything wrong is refused."""

from __future__ import annotations

import copy
import functools
import itertools
import json
import math
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import acb, arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.checker.test_certificates import corrupted, redigested
from tests.shared.strategies import (
    allocations,
    feedforward_networks,
    recurrent_networks,
    samples,
    seeds,
)
from theorycheck.certificates import Certificate
from theorycheck.checker import solution_count
from theorycheck.checker.balls import BallSystem
from theorycheck.checker.bezout import bezout_number, path_degrees
from theorycheck.checker.budget import Budget
from theorycheck.checker.claim import Claim
from theorycheck.checker.context import Context
from theorycheck.checker.instance import read_instance
from theorycheck.checker.rank import n_equations
from theorycheck.errors import SizeError
from theorycheck.problem.files import problem_to_dict
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.evidence import full_rank_evidence

FF, LR = tc.LinearFeedforward, tc.LinearRecurrent
SCALE = 4
CUBIC = tc.Allocation.layer(LR(1, 1, 1, 4), "recurrent")  # the trap of T7
PAIR = LR(inputs=1, hidden=2, outputs=1, steps=4)


def entries_of(allocation: tc.Allocation) -> list[tuple[str, tuple[int, ...]]]:
    """The learnables as docs/certificates.md numbers them."""
    names = allocation.network.weight_shapes
    return [
        (name, tuple(map(int, i))) for name in names for i in np.argwhere(allocation.mask(name))
    ]


def effective(network: Any, m: int) -> tuple[int, int]:
    """m_e, and the dimension of the inputs."""
    if isinstance(network, LR):
        n = network.inputs * (network.steps if network.readout == "final" else 1)
    else:
        n = network.inputs + network.bias
    return min(m, n), n


def random_instance(allocation: tc.Allocation, m: int, seed: int) -> dict[str, Any]:
    """Small integers over SCALE; the unknowns of the student are filled as well."""
    rng = np.random.default_rng(seed)
    network: Any = allocation.network

    def weights() -> dict[str, Any]:
        shapes = network.weight_shapes.items()
        values = {name: rng.integers(-9, 10, shape) for name, shape in shapes}
        return {k: np.where(allocation.present_mask(k), v, 0).tolist() for k, v in values.items()}

    columns, dimension = effective(network, m)
    n_rows = network.inputs * getattr(network, "steps", 1)
    inputs = None if columns == dimension else rng.integers(-9, 10, (n_rows, columns)).tolist()
    return {"scale": SCALE, "teacher": weights(), "student": weights(), "inputs": inputs}


def outputs(network: Any, m: int, weights: dict[str, sp.Matrix], inputs: Any) -> list[sp.Expr]:
    """All equations' outputs, from the definition of the network."""
    columns, dimension = effective(network, m)
    is_recurrent = isinstance(network, LR)
    n_rows = network.inputs * network.steps if is_recurrent else dimension
    if inputs is None:
        x = sp.Matrix(n_rows, columns, lambda i, j: int(i == j))
    else:
        x = sp.Matrix(inputs) / SCALE
        if not is_recurrent and network.bias:
            x = x.col_join(sp.ones(1, columns))
    if not is_recurrent:
        h, constant = x[: network.inputs, :], x[network.inputs :, :]
        for layer in range(1, network.depth + 1):
            h = weights[f"W{layer}"] * h
            h = h + weights[f"b{layer}"] * constant if network.bias else h
        return list(h)
    state, every = sp.zeros(network.hidden, columns), []
    for t in range(network.steps):
        step = x[t * network.inputs : (t + 1) * network.inputs, :]
        state = weights["recurrent"] * state + weights["input"] * step
        every += list(weights["readout"] * state)
    return every if network.readout == "all" else every[-network.outputs * columns :]


def polynomials(
    allocation: tc.Allocation, m: int, instance: dict[str, Any], numbers: list[int]
) -> tuple[list[sp.Expr], list[sp.Symbol]]:
    """Student minus teacher for every equation, in the unknowns `numbers`."""
    student, teacher = (
        {name: sp.Matrix(rows) / SCALE for name, rows in instance[who].items()}
        for who in ("student", "teacher")
    )
    symbols = []
    for number in numbers:
        name, index = entries_of(allocation)[number]
        symbols.append(sp.Symbol(f"z{number}"))
        student[name][index if len(index) == 2 else (index[0], 0)] = symbols[-1]
    both = [outputs(allocation.network, m, w, instance["inputs"]) for w in (student, teacher)]
    return [sp.expand(a - b) for a, b in zip(*both, strict=True)], symbols


def all_roots(equations: list[sp.Expr], unknowns: list[sp.Symbol]) -> list[list[Any]]:
    """Complex roots by Newton from many starts, then to 50 digits."""
    f = sp.lambdify([unknowns], equations, "numpy")
    jacobian = sp.Matrix(equations).jacobian(unknowns)
    j = sp.lambdify([unknowns], jacobian, "numpy")
    rng = np.random.default_rng(0)
    found: list[np.ndarray] = []
    for _ in range(60):
        z = 3 * (rng.normal(size=len(unknowns)) + 1j * rng.normal(size=len(unknowns)))
        for _ in range(60):
            z = z - np.linalg.solve(np.array(j(z), dtype=complex), np.array(f(z), dtype=complex))
        if np.abs(f(z)).max() < 1e-8 and all(np.abs(z - w).max() > 1e-6 for w in found):
            found.append(z)
    precise = []
    with mpmath.workdps(60):
        f, j = (sp.lambdify([unknowns], what, "mpmath") for what in (equations, jacobian))
        for root in found:
            z = mpmath.matrix(list(map(mpmath.mpc, root)))
            for _ in range(4):
                z = z - mpmath.lu_solve(mpmath.matrix(j(list(z))), mpmath.matrix(f(list(z))))
            precise.append(list(z))
    return precise


def balls(roots: list[list[Any]], radius: str = "1e-20") -> dict[str, Any]:
    """Roots as decimal strings."""
    centres = [[[mpmath.nstr(z.real, 40), mpmath.nstr(z.imag, 40)] for z in root] for root in roots]
    return {"centres": centres, "radii": [radius] * len(roots)}


def block(allocation, m, equations, unknowns, degree, by, seed=None, instance=None):
    """A block; with a seed, an instance of it and all its roots."""
    data = {"equations": equations, "unknowns": unknowns, "degree": degree, "degree_by": by}
    if seed is not None:
        instance = random_instance(allocation, m, seed)
    solutions = None
    if instance is not None:
        system, symbols = polynomials(allocation, m, instance, unknowns)
        solutions = balls(all_roots([system[e] for e in equations], symbols))
    return {**data, "instance": instance, "solutions": solutions}


def monodromy() -> dict[str, Any]:
    return {"by": "monodromy", "error_bound": 2.0**-24}


def elimination() -> dict[str, Any]:
    return {"by": "elimination", "error_bound": 1e-9}


def bezout(*groups: list[int]) -> dict[str, Any]:
    return {"by": "bezout", "groups": list(groups)}


def certificate(kind: str, allocation, m: int, evidence: dict[str, Any], bound=0.0) -> Certificate:
    """A certificate of this kind with the full-rank evidence added."""
    analysis = Analysis(allocation, m)
    target = analysis.target.value
    return Certificate(
        kind=kind,
        theorem="T7" if kind == "witness" else "T6",
        expressivity="intermediate" if kind == "witness" else "maximal",
        learnable=allocation.n_learnable,
        rank=target,
        target_dimension=target,
        error_bound=bound,
        problem=problem_to_dict(allocation, m),
        evidence={**evidence, **full_rank_evidence(analysis)},
    )


def _witness(allocation, m, equations, unknowns, degree, by, seed) -> Certificate:
    only = block(allocation, m, equations, unknowns, degree, by, seed)
    return certificate("witness", allocation, m, {"block": only}, by.get("error_bound", 0.0))


def _odd(allocation, m, *blocks: dict[str, Any]) -> Certificate:
    bound = sum(b["degree_by"].get("error_bound", 0.0) for b in blocks)
    return certificate("odd_degree", allocation, m, {"blocks": list(blocks)}, bound)


DIAGONAL = tc.Allocation(FF([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)})
UNBIASED = tc.Allocation(FF([2, 2, 2], bias=True), {"W1": np.eye(2), "W2": np.eye(2)})
BIASED = tc.Allocation(FF([2, 2, 2], bias=True), {"W1": np.eye(2), "W2": np.eye(2), "b2": [1, 1]})
ANTIDIAGONAL = tc.Allocation(PAIR, {"recurrent": [[0, 1], [1, 0]]})
ROW = tc.Allocation(PAIR, {"recurrent": [[1, 1], [0, 0]]})
SQUARE = tc.Allocation.layer(LR(1, 1, 1, 3), "recurrent")
NARROW = tc.Allocation(FF([3, 1, 3]), {"W1": [[0, 1, 1]], "W2": np.ones((3, 1))})
MARKOV = tc.Allocation.layer(LR(1, 1, 1, 2, "all"), "recurrent", "readout")
SINGLES = bezout([0], [1], [2], [3])


TRAP = {  # D = B = 1, x = (0, 1, 1, 0), y = -5: w^2 + w + 5 = 0, and one root is at infinity
    "scale": 4,
    "teacher": {"input": [[4]], "recurrent": [[4]], "readout": [[-10]]},
    "student": {"input": [[4]], "recurrent": [[0]], "readout": [[4]]},
    "inputs": [[0], [4], [4], [0]],
}
BUILD: dict[str, Any] = {
    "witness": lambda: _witness(DIAGONAL, 2, [0, 1, 2, 3], [0, 1, 2, 3], 2, SINGLES, 0),
    "witness recurrent": lambda: _witness(ANTIDIAGONAL, 2, [0, 1], [0, 1], 4, monodromy(), 12),
    "witness eliminated": lambda: _witness(ANTIDIAGONAL, 2, [0, 1], [0, 1], 4, elimination(), 12),
    "witness one unknown": lambda: _witness(SQUARE, 1, [0], [0], 2, bezout([0]), 6),
    # Four of the six equations; the biases behind are fitted afterwards, on the sample 0.
    "witness part": lambda: _witness(BIASED, 3, [0, 1, 3, 4], [0, 1, 2, 3], 2, SINGLES, 21),
    "witness biased": lambda: _witness(UNBIASED, 2, [0, 1, 2, 3], [0, 1, 2, 3], 2, monodromy(), 5),
    "odd": lambda: _odd(ROW, 2, block(ROW, 2, [0, 1], [0, 1], 3, monodromy())),
    "odd shown": lambda: _odd(ROW, 2, block(ROW, 2, [0, 1], [0, 1], 3, elimination(), 0)),
    "odd bezout": lambda: _odd(CUBIC, 1, block(CUBIC, 1, [0], [0], 3, bezout([0]), 0)),
    "odd blocks": lambda: _odd(
        MARKOV, 1,
        block(MARKOV, 1, [0], [1], 1, bezout([1])),
        block(MARKOV, 1, [1], [0], 1, bezout([0]), 3),
    ),
    "odd cross": lambda: _narrow((0, 2), (3, 3), (6, 4), (1, 0), (2, 1)),
}  # fmt: skip


def _narrow(*pairs: tuple[int, int]) -> Certificate:
    """Rank one: a block for each equation and its learnable."""
    return _odd(NARROW, 3, *(block(NARROW, 3, [e], [u], 1, bezout([u])) for e, u in pairs))


@functools.cache
def _built(name: str) -> Certificate:
    return BUILD[name]()


def built(name: str) -> Certificate:
    """A copy that may be changed."""
    return copy.deepcopy(_built(name))


@pytest.mark.parametrize("name", BUILD)
def test_what_is_right_is_accepted(name):
    result = tc.check(json.loads(json.dumps(built(name).to_dict())))
    assert result, result.reason
    assert result.expressivity == ("intermediate" if name.startswith("witness") else "maximal")


@pytest.fixture
def uncounted(monkeypatch):
    """No solutions are counted, as if they were too many."""

    def refuse(*_: object) -> int:
        raise SizeError("a count takes too much")

    monkeypatch.setattr(solution_count, "count_solutions", refuse)


def test_nothing_is_given_where_the_checker_counts():
    for name in BUILD:
        for trust in (False, True):
            result = tc.check(built(name), trust_degrees=trust)
            assert (bool(result), result.given) == (True, ()), name
            assert result.error_bound < 1e-12


@pytest.mark.usefixtures("uncounted")
def test_what_is_not_counted_is_refused_or_given():
    for name, what, error in (
        ("witness recurrent", "the degree 4 of 2 equations (monodromy)", "6.0e-08"),
        ("odd shown", "the degree 3 of 2 equations (elimination)", "1.0e-09"),
    ):
        result = tc.check(built(name))
        assert not result
        assert result.is_limited
        assert result.reason == (
            f"{what} is not counted: a count takes too much; or --trust-degrees "
            "(trust_degrees=True) takes it as given"
        )
        result = tc.check(built(name), trust_degrees=True)
        assert result, result.reason
        assert result.given == (f"{what}, wrong with probability at most {error}",)
        assert result.error_bound == pytest.approx(float(error), rel=0.01)
    assert tc.check(built("witness")).given == ()
    assert tc.check(built("odd bezout")).given == ()


@pytest.mark.usefixtures("uncounted")
def test_what_an_inner_certificate_leaves_open_is_said_outside():
    inner = built("odd")
    inside = {key: getattr(inner, key) for key in (
        "kind", "theorem", "expressivity", "learnable", "rank", "target_dimension", "error_bound",
        "evidence",
    )}  # fmt: skip
    larger = tc.Allocation(PAIR, {"recurrent": [[1, 1], [0, 0]], "readout": [[1, 0]]})
    outer = Certificate(
        kind="sub_allocation", theorem="T0", expressivity="maximal", learnable=3, rank=None,
        target_dimension=None, error_bound=inner.error_bound, problem=problem_to_dict(larger, 2),
        evidence={"learnable": inner.problem["learnable"], "certificate": inside},
    )  # fmt: skip
    assert "--trust-degrees" in tc.check(outer).reason
    result = tc.check(outer, trust_degrees=True)
    assert result, result.reason
    assert result.given == tc.check(inner, trust_degrees=True).given != ()


@pytest.mark.usefixtures("uncounted")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_the_command_says_what_is_given(tmp_path, monkeypatch, capsys, options):
    from theorycheck.certificates import save_certificates
    from theorycheck.cli import app as cli

    file = tmp_path / "odd.json"
    save_certificates(file, [built("odd")])
    for trust in ([], ["--trust-degrees"]):
        monkeypatch.setattr("sys.argv", ["theorycheck", "check", str(file), *options, *trust])
        with pytest.raises(SystemExit) as leaving:
            cli.main()
        assert (leaving.value.code or 0) == (0 if trust else 1)
        out = capsys.readouterr().out
        assert "the degree 3 of 2 equations (monodromy)" in out
        assert bool(trust) == ("wrong with probability at most 6.0e-08" in out)
        assert options or bool(trust) == ("  given: " in out)
        assert bool(trust) != ("--trust-degrees" in out)


def _set(*path: Any) -> Any:
    """A change of the evidence: the last of `path` is put at the place the others name."""

    def change(evidence: dict[str, Any]) -> None:
        *way, key, value = path
        for step in way:
            evidence = evidence[step]
        old = evidence.get(key) if isinstance(evidence, dict) else evidence[key]
        evidence[key] = value(old) if callable(value) else value

    return change


def _solutions(**change: Any) -> Any:
    """A change of centres, radii or both in the block of a witness."""

    def changed(evidence: dict[str, Any]) -> None:
        solutions = evidence["block"]["solutions"]
        for key, function in change.items():
            solutions[key] = function(solutions[key])

    return changed


def _record(**change: Any) -> Any:
    """The record of a degree with something else in it."""

    def changed(evidence: dict[str, Any]) -> None:
        target = evidence["block"] if "block" in evidence else evidence["blocks"][0]
        target["degree_by"] |= change

    return changed


def _shifted(*by: str) -> Any:
    """The first coordinate of the first centre elsewhere, by its real and imaginary part."""

    def shift(centres: Any) -> Any:
        parts, *others = centres[0]
        with mpmath.workdps(60):
            pairs = itertools.zip_longest(parts, by, fillvalue="0")
            parts = [mpmath.nstr(mpmath.mpf(part) + mpmath.mpf(far), 40) for part, far in pairs]
        return [[parts, *others], *centres[1:]]

    return shift


def _first(values: Any) -> Any:
    return values[:1] * 2


def _twice(centres: Any) -> Any:
    """The same solution in two balls of radius 1e-20 around points that are 1.5e-20 apart."""
    return _shifted("-7.5e-21")(centres)[:1] + _shifted("7.5e-21")(centres)[:1]


def _fewer(values: Any) -> Any:
    return values[:-1]


def _add(n: int) -> Any:
    return lambda value: value + n


WRONG: list[tuple[str, Any, str]] = [
    ("witness", _solutions(centres=_first), "ball 1 meets an earlier one"),
    ("witness", _solutions(centres=_twice), "ball 1 meets an earlier one"),
    ("witness", _solutions(centres=_fewer, radii=_fewer), "1 balls do not show 2"),
    ("witness", _solutions(centres=_fewer), "as many centres as radii"),
    ("witness", _solutions(centres=_shifted("1e-15")), "ball 0 is not shown"),
    ("witness one unknown", _solutions(centres=_shifted("0", "1e-15")), "ball 0 is not shown"),
    ("witness one unknown", _solutions(centres=_shifted("1e-15")), "ball 0 is not shown"),
    ("witness", _solutions(radii=lambda _: ["1e-45"] * 2), "ball 0 is not shown"),
    ("witness", _solutions(radii=lambda _: ["1000"] * 2), "ball 0 may hold a real solution"),
    ("witness", _solutions(radii=lambda _: ["0", "1e-20"]), "above 0"),
    ("witness", _solutions(radii=lambda _: ["-1e-20", "1e-20"]), "above 0"),
    ("witness", _solutions(radii=lambda _: [1e-20, "1e-20"]), "decimal numbers in strings"),
    ("witness", _solutions(radii=lambda _: ["1/3", "1e-20"]), "decimal numbers in strings"),
    ("witness", _solutions(radii=lambda _: ["nan", "1e-20"]), "decimal numbers in strings"),
    ("witness", _solutions(radii=lambda _: ["1e-99999", "1e-20"]), "decimal numbers"),
    ("witness", _solutions(centres=lambda c: [c[0][:-1], c[1]]), "4 coordinates"),
    ("witness", _solutions(centres=lambda c: [[[*z, "0"] for z in c[0]], c[1]]), "malformed"),
    ("witness", _set("block", "solutions", None), "an instance comes with its solutions"),
    ("witness", _set("block", "instance", None), "an instance comes with its solutions"),
    ("witness", _set("block", "degree", 4), "the Bezout number is 2, not 4"),
    ("witness", _set("block", "degree", True), "the degree is at least 1"),
    ("witness", _set("block", "degree_by", bezout([0, 1], [2, 3])), "is 6, not 2"),
    ("witness", _set("block", "degree_by", bezout([0], [1], [2])), "share out the unknowns"),
    ("witness", _set("block", "degree_by", bezout([0], [1], [2], [3], [3])), "share out"),
    ("witness", _set("block", "degree_by", bezout([0], [1], [2], [3], [])), "share out"),
    ("witness", _set("block", "degree_by", "by", "guess"), "a degree comes by"),
    ("witness", _set("block", "degree_by", {}), "malformed"),
    ("witness", _set("block", "equations", [0, 1, 2]), "as many equations as unknowns"),
    ("witness", _set("block", "equations", [0, 1, 2, 4]), "in 0..3"),
    ("witness", _set("block", "equations", [0, 2, 1, 3]), "in order"),
    ("witness", _set("block", "unknowns", [0, 1, 2, 2]), "in order"),
    ("witness", _set("block", "more", 1), "a block has"),
    ("witness", _set("block", "instance", "teacher", "W1", 0, 0, _add(1)), "not shown to hold"),
    ("witness", _set("block", "instance", "student", "W2", 0, 1, _add(1)), "not shown to hold"),
    ("witness", _set("block", "instance", "scale", _add(1)), "not shown to hold"),
    ("witness", _set("block", "instance", "scale", 0), "the scale"),
    ("witness", _set("block", "instance", "scale", 4.0), "the scale"),
    ("witness", _set("block", "instance", "inputs", [[4, 0], [0, 4]]), "inputs are null"),
    ("witness", _set("block", "instance", "teacher", "W1", 0, [1]), "of shape 2 x 2"),
    ("witness", _set("block", "instance", "teacher", "W1", 0, 0, 0.5), "must be integers"),
    ("witness", _set("block", "instance", "teacher", "W3", 1), "has all weights"),
    ("witness", _set("block", "instance", "student", {}), "has all weights"),
    ("witness", _set("minor", "determinant", 1), "a minor has rows and columns"),
    ("witness", _set("minor", "rows", _fewer), "the minor needs 4 rows"),
    ("witness part", _set("block", "instance", "teacher", "W1", 0, 0, _add(1)), "not shown"),
    ("witness part", _set("block", "unknowns", [0, 1, 2, 4]), "not closed: learnable 3"),
    ("witness biased", _set("block", "instance", "student", "b2", 0, _add(1)), "not shown"),
    ("witness biased", _set("block", "instance", "teacher", "b1", 0, _add(1)), "not shown"),
    ("witness biased", _set("block", "instance", "inputs", 0, 0, _add(1)), "not shown"),
    ("witness biased", _set("block", "instance", "inputs", None), "inputs are null"),
    ("witness recurrent", _solutions(centres=_shifted("1e-15")), "ball 0 is not shown"),
    ("witness recurrent", _set("block", "instance", "inputs", 3, 0, _add(1)), "not shown"),
    ("witness recurrent", _set("block", "degree", 3), "there are 4 solutions, not 3 at most"),
    ("witness recurrent", _set("block", "degree", 5), "the trials count 4 solutions, not 5"),
    ("witness recurrent", _set("block", "degree", 6), "the trials count 4 solutions, not 6"),
    ("witness recurrent", _record(error_bound=2.0**-23), "the error bound must be"),
    ("witness recurrent", _record(error_bound=0.0), "on and below 1"),
    ("witness recurrent", _record(error_bound=5e-324), "on and below 1"),
    ("witness recurrent", _record(error_bound=1.0), "on and below 1"),
    ("witness recurrent", _record(error_bound=1), "on and below 1"),
    ("witness recurrent", _record(error_bound=None), "on and below 1"),
    ("witness recurrent", _record(draws=[]), "monodromy needs its keys"),
    ("witness recurrent", _record(unknown=0), "monodromy needs its keys"),
    ("witness eliminated", _record(error_bound=1e-8), "the error bound must be"),
    ("witness eliminated", _record(program="msolve"), "elimination needs its keys"),
    ("odd", _set("blocks", 0, "degree", 1), "there are 3 solutions, not 1 at most"),
    ("odd", _set("blocks", 0, "degree", 5), "the trials count 3 solutions, not 5"),
    ("witness recurrent", _set("block", "degree_by", bezout([0, 1])), "the Bezout number is 9"),
    ("odd", _set("blocks", 0, "degree", 2), "is even"),
    ("odd", _set("blocks", []), "in exactly one block"),
    ("odd", _set("blocks", lambda blocks: blocks * 2), "in exactly one block"),
    ("odd", _set("blocks", 0, "degree_by", bezout([0], [1])), "the Bezout number is 12"),
    ("odd shown", _set("blocks", 0, "solutions", "radii", 0, "1e-45"), "ball 0 is not shown"),
    ("odd shown", _set("blocks", 0, "instance", "teacher", "readout", 0, 0, _add(1)), "not shown"),
    ("odd bezout", _set("blocks", 0, "solutions", "centres", _fewer), "as many centres as radii"),
    ("odd bezout", _set("blocks", [block(CUBIC, 1, [0], [0], 3, bezout([0]))]), "an instance"),
    ("odd bezout", _set("blocks", 0, "degree", 1), "the Bezout number is 3, not 1"),
    ("odd blocks", _set("blocks", lambda blocks: blocks[::-1]), "acts on a block before its own"),
    ("odd blocks", _set("blocks", 1, "equations", [0]), "an equation is in two blocks"),
    ("odd blocks", _set("blocks", 1, "instance", "student", "readout", 0, 0, _add(1)), "not shown"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "reason"), WRONG)
def test_what_is_wrong_is_refused(name, change, reason):
    wrong = built(name)
    change(wrong.evidence)
    result = tc.check(wrong)
    assert not result
    assert reason in result.reason, result.reason


def refused(wrong: Certificate, reason: str) -> None:
    result = tc.check(wrong)
    assert not result
    assert reason in result.reason, result.reason


def test_a_ball_too_large_for_krawczyk_is_refused():
    wrong = built("witness one unknown")
    solutions = wrong.evidence["block"]["solutions"]
    distance = abs(mpmath.mpf(solutions["centres"][0][0][1]))  # of the root from the real line
    for factor, reason in ((0.7, "ball 0 is not shown"), (1.01, "ball 0 may hold a real solution")):
        solutions["radii"] = [mpmath.nstr(factor * distance, 20)] * 2
        refused(wrong, reason)
    solutions["radii"] = [mpmath.nstr(0.3 * distance, 20)] * 2
    assert tc.check(wrong)


def test_a_double_solution_is_refused():
    instance = copy.deepcopy(TRAP)  # w^2 + 2 w + 1 = 0
    instance["teacher"]["readout"] = [[-4]]
    instance["inputs"] = [[4], [8], [0]]
    double = block(SQUARE, 1, [0], [0], 2, bezout([0]))
    refused(certificate("witness", SQUARE, 1, {"block": double}), "a witness needs an instance")
    double["instance"] = {**instance, "teacher": {**instance["teacher"], "recurrent": [[-4]]}}
    double["solutions"] = balls([[mpmath.mpc(-1, 1e-6)], [mpmath.mpc(-1, -1e-6)]], "5e-7")
    refused(certificate("witness", SQUARE, 1, {"block": double}), "ball 0 is not shown")


def test_a_real_solution_is_no_witness():
    refused(_witness(DIAGONAL, 2, [0, 1, 2, 3], [0, 1, 2, 3], 2, SINGLES, 1), "may hold a real")
    refused(_witness(ANTIDIAGONAL, 2, [0, 1], [0, 1], 4, monodromy(), 2), "may hold a real")


def test_the_trap_of_t7_is_no_witness():
    system, symbols = polynomials(CUBIC, 1, TRAP, [0])
    assert system == [symbols[0] ** 2 + symbols[0] + 5]
    for degree, reason in ((3, "2 balls do not show 3"), (2, "the Bezout number is 3, not 2")):
        trap = block(CUBIC, 1, [0], [0], degree, bezout([0]), instance=TRAP)
        assert len(trap["solutions"]["centres"]) == 2
        refused(certificate("witness", CUBIC, 1, {"block": trap}), reason)
    # The same trap where the instance was drawn: two of the four solutions are at infinity.
    refused(_witness(ANTIDIAGONAL, 2, [0, 1], [0, 1], 4, monodromy(), 3), "2 balls do not show 4")


@pytest.mark.usefixtures("uncounted")
def test_a_false_record_is_refuted_by_a_missing_conjugate():
    four = built("witness recurrent").evidence["block"]
    centres = four["solutions"]["centres"]
    first = min(range(4), key=lambda i: centres[i][0][0])
    other = next(c for c in centres if c[0][0][:9] != centres[first][0][0][:9])
    for chosen, reason in (
        ([centres[first], other], "has no conjugate: the degree is larger"),
        ([centres[first]], "non-real solutions come in pairs"),
    ):
        record = monodromy()
        some = {**four, "degree": len(chosen), "degree_by": record}
        some["solutions"] = {"centres": chosen, "radii": ["1e-20"] * len(chosen)}
        wrong = certificate("witness", ANTIDIAGONAL, 2, {"block": some}, record["error_bound"])
        result = tc.check(wrong, trust_degrees=True)
        assert not result
        assert reason in result.reason, result.reason


def test_a_block_of_biases_alone_is_not_closed():
    biases = block(BIASED, 3, [2, 5], [4, 5], 1, bezout([4, 5]))
    biases["instance"] = random_instance(BIASED, 3, 0)
    biases["solutions"] = balls([[mpmath.mpc(0, 1), mpmath.mpc(0, 1)]])
    refused(certificate("witness", BIASED, 3, {"block": biases}), "learnable 2 acts on it")


def test_absent_connections_are_zero_in_teacher_and_student():
    diagonal = np.vstack([np.eye(2), [0, 0]])
    rows = np.vstack([np.ones((2, 2)), [0, 0]])
    sparse = tc.Allocation(
        FF([2, 3, 2]), {"W1": diagonal, "W2": diagonal.T}, {"W1": rows, "W2": rows.T}
    )
    for who in ("teacher", "student"):
        right = _witness(sparse, 2, [0, 1, 2, 3], [0, 1, 2, 3], 2, SINGLES, 2)
        assert tc.check(right)
        right.evidence["block"]["instance"][who]["W1"][2][1] = 1
        refused(right, "W1: an absent connection is not 0")


def test_values_at_unknown_cells_do_not_matter():
    changed = built("witness")
    changed.evidence["block"]["instance"]["student"]["W1"][0][0] += 5
    assert tc.check(changed)


def test_a_cross_of_equations_is_needed_below_full_rank():
    refused(_narrow((0, 2), (3, 3), (6, 4), (4, 0), (2, 1)), "1 outputs and 1 samples, or all")
    refused(_narrow((0, 2), (3, 3), (6, 4), (1, 0)), "each learnable is in exactly one block")
    narrow_rnn = _odd(ROW, 2, block(ROW, 2, [0], [0], 1, monodromy()))
    refused(narrow_rnn, "each learnable is in exactly one block")


def test_another_claim_does_not_follow():
    from dataclasses import replace

    for name in ("witness", "odd"):
        right = built(name)
        others = {
            "theorem": "T1", "expressivity": "positive", "rank": 1, "target_dimension": 1,
            "error_bound": 0.5, "learnable": 7, "kind": "odd" if name == "witness" else "witness",
        }  # fmt: skip
        for key, value in others.items():
            assert not tc.check(replace(right, **{key: value})), key


def test_other_networks_and_other_budgets_are_refused():
    right = built("witness")
    relu = copy.deepcopy(right.problem)
    relu["network"]["kind"] = "shallow_relu"
    from dataclasses import replace

    refused(
        replace(right, problem=relu),
        "is about linear feed-forward or linear recurrent or feed-forward or recurrent networks",
    )
    more = tc.Allocation(FF([2, 2, 2]), {"W1": np.eye(2), "W2": np.ones((2, 2))})
    only = right.evidence["block"]
    refused(certificate("witness", more, 2, {"block": only}), "r = D is needed")


@pytest.mark.long
@pytest.mark.parametrize("name", ["witness", "witness recurrent", "odd shown", "odd blocks"])
def test_corrupted_evidence_is_refused_unless_it_is_free(name):
    n = 0
    for path, wrong, changed in corrupted(built(name).to_dict()):
        if path[0] != "evidence":
            continue
        n += 1
        if tc.check(redigested(changed)):
            # Free are the order of some lists, other true instances, and who searched.
            is_free = "instance" in path or path[-1] == "by"
            assert isinstance(wrong, list) or is_free, (path, wrong)
    assert n > 300


def claim_of(allocation: tc.Allocation, m: int) -> Claim:
    """A claim with nothing but a problem."""
    problem = problem_to_dict(allocation, m)
    certificate = Certificate("", "", "", allocation.n_learnable, None, None, 0.0, problem, {})
    return Claim(certificate, Context.of("", Budget.of(10**6), seed=0))


small_networks = st.one_of(
    feedforward_networks(max_depth=3, max_width=3, bias=False),
    feedforward_networks(max_depth=3, max_width=3, bias=True),
    recurrent_networks(max_hidden=2, max_steps=3),
)


@pytest.mark.long
@given(allocations(small_networks), samples, seeds)
@settings(max_examples=200)
def test_path_degrees_are_those_of_the_polynomials(allocation, m, seed):
    rng = np.random.default_rng(seed)
    numbers = list(range(allocation.n_learnable))
    shuffled = rng.permutation(numbers).tolist()[:6]
    cut = int(rng.integers(0, len(shuffled) + 1))
    groups = [group for group in (shuffled[:cut], shuffled[cut:]) if group]
    instance = random_instance(allocation, m, seed)  # made positive: no term cancels another
    for who in ("teacher", "student"):
        instance[who] = {
            name: np.where(
                allocation.present_mask(name), rng.integers(1, 9, np.shape(v)), 0
            ).tolist()
            for name, v in instance[who].items()
        }
    if instance["inputs"] is not None:
        instance["inputs"] = rng.integers(1, 9, np.shape(instance["inputs"])).tolist()
    claim = claim_of(allocation, m)
    equations = list(range(n_equations(claim)))
    found = path_degrees(claim, equations, groups)
    if not groups:
        assert found == []
        return
    system, symbols = polynomials(allocation, m, instance, sorted(shuffled))
    assert len(system) == len(equations)
    symbol_of = dict(zip(sorted(shuffled), symbols, strict=True))
    for polynomial, row in zip(system, found, strict=True):
        for group, degree in zip(groups, row, strict=True):
            chosen = [symbol_of[number] for number in group]
            assert max(sp.Poly(polynomial, *chosen).total_degree(), 0) == degree


@given(st.lists(st.integers(1, 3), min_size=1, max_size=3), seeds)
@settings(max_examples=40)
def test_bezout_numbers_are_coefficients(sizes, seed):
    n = sum(sizes)
    degrees = np.random.default_rng(seed).integers(0, 4, (n, len(sizes))).tolist()
    variables = sp.symbols(f"x:{len(sizes)}")
    form = sp.prod(sum(d * x for d, x in zip(row, variables, strict=True)) for row in degrees)
    monomial = sp.prod(x**k for x, k in zip(variables, sizes, strict=True))
    expected = sp.Poly(form, *variables).coeff_monomial(monomial)
    assert bezout_number(claim_of(DIAGONAL, 2), degrees, sizes) == expected


def test_many_groups_are_multiplied_out_and_too_many_are_refused_in_time():
    assert bezout_number(claim_of(DIAGONAL, 2), [[1] * 18] * 18, [1] * 18) == math.factorial(18)
    with pytest.raises(tc.errors.TheorycheckError, match="too many"):
        bezout_number(claim_of(DIAGONAL, 2), [[1] * 40] * 40, [1] * 40)


@pytest.mark.long
@given(allocations(small_networks), samples, seeds)
@settings(max_examples=200)
def test_balls_enclose_the_polynomials_and_their_derivatives(allocation, m, seed):
    rng = np.random.default_rng(seed)
    numbers = sorted(rng.permutation(allocation.n_learnable).tolist()[:4])
    if not numbers:
        return
    instance = random_instance(allocation, m, seed)
    claim = claim_of(allocation, m)
    equations = list(range(n_equations(claim)))
    system = BallSystem(claim, equations, numbers, read_instance(claim, instance))
    exact, symbols = polynomials(allocation, m, instance, numbers)
    re, im = (rng.integers(-9, 10, len(numbers)).tolist() for _ in range(2))
    point = [sp.Rational(a, 8) + sp.I * sp.Rational(b, 8) for a, b in zip(re, im, strict=True)]
    values = dict(zip(symbols, point, strict=True))
    jacobian = sp.Matrix(exact).jacobian(symbols)
    wanted = [*exact, *jacobian]
    wanted = [sp.expand(sp.sympify(f).subs(values)) for f in wanted]
    at = [acb(arb(fmpq(a, 8)), arb(fmpq(b, 8))) for a, b in zip(re, im, strict=True)]
    side = arb(0, 0.25)
    # A box around another centre, with the point in it.
    box = [z + acb(fmpq(1, 8), -fmpq(1, 8)) + acb(side, side) for z in at]
    for where, precise in ((at, True), (box, False)):
        found = [*system.residual(where).entries(), *system.jacobian(where).entries()]
        for ball, value in zip(found, wanted, strict=True):
            a, b = (fmpq(int(part.p), int(part.q)) for part in value.as_real_imag())
            assert ball.real.contains(a)
            assert ball.imag.contains(b)
            assert not precise or max(ball.real.rad(), ball.imag.rad()) < 1e-6


def test_centres_are_written_with_exponents_that_certificates_have():
    from flint import arb

    from theorycheck.degrees.certify import _decimal

    assert _decimal(arb("1e-1010"), 25) == "0"
    assert float(_decimal(arb("-3e-200"), 25)) == pytest.approx(-3e-200)
