"""Degrees by Groebner bases: the polynomials, the programs, the counts and their error bounds."""

import itertools
import math
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shared.strategies import allocations, linear_networks, samples, seeds
from theorycheck.computing.deadline import NEVER, Deadline
from theorycheck.degrees import elimination, groebner
from theorycheck.degrees.counting import Count
from theorycheck.degrees.elimination import (
    count_solutions,
    degree_by_elimination,
    draw_error,
    find_msolve,
)
from theorycheck.degrees.groebner import BasisProblem, leading_monomials, standard_monomials
from theorycheck.degrees.polynomials import Polynomial, bounds, equations
from theorycheck.degrees.system import SquareSystem
from theorycheck.errors import OutOfTimeError, SizeError
from theorycheck.problem.allocation import Allocation
from theorycheck.problem.networks.base import Network
from theorycheck.problem.networks.feedforward import LinearFeedforward
from theorycheck.problem.networks.recurrent import LinearRecurrent
from theorycheck.ranks.point import draw_point, draw_prime, words

MSOLVE = find_msolve()
needs_msolve = pytest.mark.skipif(MSOLVE is None, reason="msolve is not installed")
programs = pytest.mark.parametrize(
    "program",
    [pytest.param(MSOLVE, marks=needs_msolve, id="msolve"), pytest.param(None, id="sympy")],
)
DIAGONAL = [[1, 0], [0, 1]]


def whole_system(network: Network, learnable: dict, m: int) -> SquareSystem:
    """All equations, all learnables."""
    allocation = Allocation(network, learnable)
    numbers = tuple(range(allocation.n_learnable))
    return SquareSystem(allocation, m, numbers, numbers)


def recurrent(steps: int, mask: list[list[int]]) -> SquareSystem:
    network = LinearRecurrent(inputs=1, hidden=2, outputs=1, steps=steps)
    return whole_system(network, {"recurrent": mask}, 2)


diagonals = whole_system(LinearFeedforward([2, 2, 2]), {"W1": DIAGONAL, "W2": DIAGONAL}, 2)
KNOWN = {
    "feed-forward diagonals": (diagonals, 2),
    "recurrent row": (recurrent(4, [[1, 1], [0, 0]]), 3),
    "recurrent diagonal": (recurrent(4, DIAGONAL), 6),
    "recurrent antidiagonal": (recurrent(4, [[0, 1], [1, 0]]), 4),
    "recurrent row, 5 steps": (recurrent(5, [[1, 1], [0, 0]]), 6),
}


FIRST, *OTHERS = KNOWN
ONE_WITH_ALL_VERSIONS = [FIRST, *(pytest.param(name, marks=pytest.mark.long) for name in OTHERS)]


@programs
@pytest.mark.parametrize("name", ONE_WITH_ALL_VERSIONS)
def test_known_degrees(monkeypatch, program, name):
    monkeypatch.setattr(elimination, "find_msolve", lambda: program)
    system, degree = KNOWN[name]
    found = degree_by_elimination(system, deadline=NEVER)
    assert found is not None
    assert found.degree == degree
    assert found.error_bound == draw_error(system) ** 2 < 1e-6
    name = "sympy" if program is None else "msolve"
    assert found.draws == tuple(Count(degree, draw_prime(0, t), name, 0, t) for t in (0, 1))
    assert found.to_evidence() == {"by": "elimination", "error_bound": found.error_bound}


# The polynomials


@st.composite
def systems(draw) -> SquareSystem:
    """Random unknowns among the learnables, as many random equations (perhaps dependent ones)."""
    allocation = draw(allocations(linear_networks))
    m = allocation.network.effective_samples(draw(samples))
    equation = st.integers(0, allocation.network.n_equations(m) - 1)
    if not allocation.n_learnable:
        return SquareSystem(allocation, m, (), ())
    unknowns = draw(st.sets(st.integers(0, allocation.n_learnable - 1), max_size=4))
    chosen = draw(st.sets(equation, max_size=len(unknowns)))
    return SquareSystem(
        allocation, m, tuple(sorted(chosen)), tuple(sorted(unknowns))[: len(chosen)]
    )


def integers(array, prime: int) -> np.ndarray:
    """Residues as Python integers, which do not overflow."""
    return np.array(np.asarray(array) % prime, dtype=np.int64).astype(object)


def outputs(network: Network, weights: dict, inputs: np.ndarray, prime: int) -> np.ndarray:
    """All outputs modulo `prime`, numbered as the equations."""
    if isinstance(network, LinearFeedforward):
        state, constant = inputs[: network.inputs], inputs[network.inputs :]
        for layer in range(1, network.depth + 1):
            state = weights[f"W{layer}"].dot(state)
            if network.bias:
                state = state + np.outer(weights[f"b{layer}"], constant[0])
        return state.ravel() % prime
    assert isinstance(network, LinearRecurrent)
    state = np.zeros((network.hidden, inputs.shape[2]), dtype=object)
    found = []
    for drive in inputs:
        state = weights["recurrent"].dot(state) + weights["input"].dot(drive)
        found.append(weights["readout"].dot(state))
    if network.readout == "final":
        found = found[-1:]
    return np.concatenate([output.ravel() for output in found]) % prime


def value(polynomial: Polynomial, theta: list[int], prime: int) -> int:
    return (
        sum(
            c * math.prod(pow(x, e, prime) for x, e in zip(theta, exponents, strict=True))
            for exponents, c in polynomial.items()
        )
        % prime
    )


@settings(max_examples=300)
@given(systems(), seeds, st.integers(0, 3), seeds)
def test_polynomials_are_the_network_at_the_point(system, seed, trial, theta_seed):
    prime = draw_prime(seed, trial)
    theta = np.random.default_rng(theta_seed).integers(0, prime, len(system.unknowns)).tolist()
    point = draw_point(system.allocation, system.samples, prime, seed, trial, np)
    weights = {name: integers(weight, prime) for name, weight in point.weights.items()}
    for (name, index), x in zip(system.entries, theta, strict=True):
        weights[name][index] = x
    y = outputs(system.network, weights, integers(point.inputs, prime), prime)
    targets = [int(word) % prime for word in words(seed, trial, "outputs", len(y))]
    polynomials = equations(system, seed, trial)
    for number, polynomial in zip(system.equations, polynomials, strict=True):
        assert value(polynomial, theta, prime) == (y[number] - targets[number]) % prime
        assert all(0 < c < prime for c in polynomial.values())


@given(systems())
def test_bounds_of_the_equations_hold(system):
    for polynomial, bound in zip(equations(system, 0, 0), bounds(system), strict=True):
        assert max(map(sum, polynomial), default=0) <= bound.in_unknowns <= bound.degree
        assert bound.degree <= bound.in_unknowns + bound.in_parameters


@given(allocations(linear_networks), st.data())
def test_bounds_are_exact_where_every_weight_is_an_unknown(allocation, data):
    network = allocation.network
    present = {name: allocation.present_mask(name) for name in network.weight_shapes}
    full = Allocation.full(network, present)
    m = network.effective_samples(10**6)  # spanning: the inputs are constants
    number = data.draw(st.integers(0, network.n_equations(m) - 1))
    # Not square, which neither function minds.
    system = SquareSystem(full, m, (number,), tuple(range(full.n_learnable)))
    [polynomial], [bound] = equations(system, 0, 0), bounds(system)
    terms = {exponents: c for exponents, c in polynomial.items() if any(exponents)}
    assert bound.in_parameters == 0
    assert bound.parameters == frozenset()
    assert bound.degree == bound.in_unknowns == max(map(sum, terms), default=0)
    assert bound.norm == sum(terms.values())


def test_expansion_is_limited_in_terms_and_time():
    network = LinearRecurrent(inputs=1, hidden=4, outputs=1, steps=9)
    whole = whole_system(network, {"recurrent": np.ones((4, 4))}, 9)
    system = replace(whole, equations=tuple(range(9)))  # there are no more
    with pytest.raises(SizeError):
        equations(system, 0, 0)
    with pytest.raises(OutOfTimeError):
        equations(system, 0, 0, deadline=Deadline(-1))
    assert count_solutions(system, 0, 0, program=None, deadline=NEVER) is None
    assert count_solutions(system, 0, 0, program=None, deadline=Deadline(0)) is None


# Counting


def undivided(leading: list[tuple[int, ...]], n: int) -> int | None:
    """By trying all monomials up to the largest exponent; None if one of those is left."""
    top = max((e for monomial in leading for e in monomial), default=0)
    left = [
        monomial
        for monomial in itertools.product(range(top + 1), repeat=n)
        if not any(all(a <= b for a, b in zip(m, monomial, strict=True)) for m in leading)
    ]
    return None if any(top in monomial for monomial in left) else len(left)


@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(st.tuples(*[st.integers(0, 4)] * n), max_size=8).map(lambda m: (m, n))
    ),
    st.booleans(),
)
def test_standard_monomials_are_counted(case, finite):
    leading, n = case
    if finite:
        leading = leading + [tuple(4 * (i == k) for i in range(n)) for k in range(n)]
    assert standard_monomials(leading, n) == undivided(leading, n)


def test_no_unknown_has_one_solution_and_an_unconstrained_one_infinitely_many():
    assert standard_monomials([], 0) == 1
    assert standard_monomials([], 2) is None
    assert standard_monomials([(3, 0)], 2) is None
    nothing = SquareSystem(Allocation.none(LinearFeedforward([1, 1])), 1, (), ())
    found = degree_by_elimination(nothing)
    assert found is not None
    assert (found.degree, found.error_bound) == (1, 0.0)


@pytest.mark.long
@programs
def test_degenerate_ideals(program):
    def count(polynomials: list[Polynomial], n: int) -> int | None:
        problem = BasisProblem(polynomials, 4194319, n, NEVER)
        leading = leading_monomials(problem, program)
        assert leading is not None
        return standard_monomials(leading, n)

    assert count([{(0, 0): 5}, {(1, 0): 1}], 2) == 0
    assert count([{(1,): 1, (0,): 3}], 1) == 1
    assert count([{(1,): 1}, {(1,): 1, (0,): 3}], 1) == 0
    assert count([{(3, 0): 1, (0, 1): 2}], 2) is None
    assert count([{(2, 0): 1}, {}], 2) is None
    assert count([{(2, 0): 1, (0, 1): 1}, {(1, 1): 7, (0, 0): 1}], 2) == 3


@programs
def test_dependent_equations_have_degree_zero(program):
    # Both learnables act through their product only, so generic data have no solution.
    system = whole_system(LinearFeedforward([1, 1, 1, 2]), {"W1": [[1]], "W2": [[1]]}, 1)
    count = count_solutions(system, 0, 0, program=program, deadline=NEVER)
    assert count is not None
    assert count.count == 0


@needs_msolve
@settings(max_examples=60)
@given(systems(), seeds)
def test_draws_agree(system, seed):
    counts = [count_solutions(system, seed, t, program=MSOLVE) for t in (0, 1)]
    assert len({count and count.count for count in counts}) == 1


# An error bound that is too hopeful would show at tiny primes, where degeneration is frequent.
@needs_msolve
def test_no_count_exceeds_the_degree_even_at_tiny_primes(monkeypatch):
    for module in ("polynomials", "elimination"):
        monkeypatch.setattr(f"theorycheck.degrees.{module}.draw_prime", lambda seed, trial: 31)
    for system, degree in KNOWN.values():
        counts = [count_solutions(system, 0, trial, program=MSOLVE) for trial in range(40)]
        finite = [count.count for count in counts if count is not None]
        assert max(finite) == degree
        assert min(finite) < degree or len(finite) < 40


# Programs that do not do what they should


def fake(folder: Path, script: str) -> Path:
    path = folder / "msolve"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


HEADER = f"#Leading ideal data\n#field characteristic: {draw_prime(0, 0)}\n"
BROKEN = {
    "rubbish": "echo hello > out.ms",
    "bytes": "printf '\\377\\376' > out.ms",
    "nothing": "true",
    "empty": ": > out.ms",
    "failure": "exit 3",
    "crash": "kill -SEGV $$",
    "cut short": f"printf '{HEADER}[x0^2,\nx1' > out.ms",
    "no monomial": f"printf '{HEADER}[x0^2,x1+1]:\n' > out.ms",
    "unknown variable": f"printf '{HEADER}[x0^2,x9]:\n' > out.ms",
    "another prime": "printf '#Leading ideal data\n#field characteristic: 7\n[x0]:\n' > out.ms",
    "correct, but failed": f"printf '{HEADER}[x0,x1,x2,x3]:\n' > out.ms; exit 1",
}


@pytest.mark.skipif(os.name != "posix", reason="the fakes are shell scripts")
@pytest.mark.parametrize("name", BROKEN)
def test_broken_programs_are_survived(tmp_path, name):
    program = fake(tmp_path, BROKEN[name])
    assert count_solutions(diagonals, 0, 0, program=program) is None


@pytest.mark.skipif(os.name != "posix", reason="the fakes are shell scripts")
def test_the_fakes_would_be_believed_if_they_did_it_right(tmp_path):
    program = fake(tmp_path, f"printf '{HEADER}[x0,\nx1,x2^1,x3^5]:\n' > out.ms")
    count = count_solutions(diagonals, 0, 0, program=program)
    assert count is not None
    assert (count.count, count.program) == (5, "msolve")


@pytest.mark.skipif(os.name != "posix", reason="the fakes are shell scripts")
def test_a_hanging_program_is_stopped_with_its_children(tmp_path):
    program = fake(tmp_path, f"sleep 360000 & echo $! > {tmp_path}/child; wait")
    for seconds in (1, 10, 100):  # on a busy machine the shell takes a while to begin
        deadline = Deadline(seconds)
        assert count_solutions(diagonals, 0, 0, program=program, deadline=deadline) is None
        if (tmp_path / "child").exists() and (tmp_path / "child").read_text():
            break
    child = int((tmp_path / "child").read_text())
    for _ in range(100):  # whoever adopted the killed child may need a moment to reap it
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text():
            break
        time.sleep(0.05)
    else:
        pytest.fail("the child still runs")


def test_a_missing_program_is_survived(tmp_path):
    assert count_solutions(diagonals, 0, 0, program=tmp_path / "none") is None


def test_sympy_is_stopped_in_time():
    network = LinearRecurrent(inputs=2, hidden=3, outputs=2, steps=4)
    system = whole_system(network, {"recurrent": [[1, 1, 0], [0, 1, 1], [1, 0, 1]]}, 3)
    assert count_solutions(system, 0, 0, program=None, deadline=Deadline(1.5)) is None


@programs
def test_too_little_memory_gives_none(program):
    if os.name != "posix" or os.uname().sysname != "Linux":
        pytest.skip("the memory limit is known to work on Linux only")
    none = count_solutions(diagonals, 0, 0, program=program, memory_limit=2**20)
    assert none is None


def test_msolve_is_found_on_the_path_first_then_in_the_package(monkeypatch, tmp_path):
    program = fake(tmp_path, "true")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert find_msolve() == program
    monkeypatch.setenv("PATH", "")

    def missing(name: str) -> None:
        raise groebner.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(groebner.metadata, "files", missing)
    assert find_msolve() is None
    monkeypatch.setattr(groebner.metadata, "files", lambda name: None)
    assert find_msolve() is None


# Draws


def with_counts(monkeypatch, counts: list[int | None], error: float) -> list[int]:
    """Let the counts of successive draws be `counts`; the trials that were asked for."""
    asked: list[int] = []

    def count(system, seed, trial, **_):
        asked.append(trial)
        number = counts[len(asked) - 1]
        prime = draw_prime(seed, trial)
        return number and Count(number, prime, "sympy", seed, trial)

    monkeypatch.setattr(elimination, "count_solutions", count)
    monkeypatch.setattr(elimination, "draw_error", lambda system: error)
    return asked


@pytest.mark.parametrize(("error", "draws"), [(1e-4, 2), (0.05, 5), (0.09, 6), (0.5, 8), (1.0, 2)])
def test_more_draws_while_the_bound_is_large(monkeypatch, error, draws):
    asked = with_counts(monkeypatch, [3] * 9, error)
    found = degree_by_elimination(diagonals)
    assert found is not None
    assert (found.degree, found.error_bound) == (3, error**draws)
    assert asked == list(range(draws))


@pytest.mark.parametrize("counts", [[3, 2], [2, 3], [None], [3, None]])
def test_no_degree_without_agreement(monkeypatch, counts):
    asked = with_counts(monkeypatch, counts, 1e-9)
    assert degree_by_elimination(diagonals) is None
    assert len(asked) == len(counts)


def test_a_prime_is_not_used_twice(monkeypatch):
    monkeypatch.setattr(elimination, "draw_prime", lambda seed, trial: [101, 101, 103][trial])
    with_counts(monkeypatch, [3, 3], 1e-9)
    monkeypatch.setattr(f"{__name__}.draw_prime", elimination.draw_prime)
    found = degree_by_elimination(diagonals)
    assert found is not None
    assert [draw.trial for draw in found.draws] == [0, 2]


def test_error_bounds_grow_with_the_system_and_stay_bounds():
    errors = [draw_error(KNOWN[name][0]) for name in KNOWN]
    assert all(0 < error < 1e-3 for error in errors)
    assert draw_error(KNOWN["recurrent row, 5 steps"][0]) > draw_error(KNOWN["recurrent row"][0])
    network = LinearFeedforward([20, 20, 20])
    large = whole_system(network, {"W1": np.eye(20), "W2": 1 - np.eye(20)}, 20)
    assert draw_error(large) == 1.0
    network = LinearFeedforward([33, 33, 33])  # 2^1089 is no float
    huge = whole_system(network, {"W1": np.eye(33), "W2": 1 - np.eye(33)}, 33)
    assert draw_error(huge) == 1.0
