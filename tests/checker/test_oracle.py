"""Certificates of nonlinear networks (T11): the checker's own oracle, and what it refuses."""

from __future__ import annotations

import copy
import itertools
import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.checker.test_certificates import EXAMPLES, certificate_of, redigested
from tests.mutations import nonlinear_truth
from tests.mutations.problems import read
from tests.page_checker.oracle import Oracle as PageOracle
from tests.page_checker.oracle import rank_bound
from tests.page_checker.problem import read_problem
from tests.page_checker.ranks import Draws
from theorycheck.certificate_kinds import KINDS, NF, NR
from theorycheck.certificates import Certificate
from theorycheck.checker import arguments, oracle, oracle_bounds, plain
from theorycheck.checker.activations import ORACLES
from theorycheck.checker.budget import Budget
from theorycheck.checker.claim import Claim
from theorycheck.checker.context import Context
from theorycheck.checker.points import jacobian_at, rows_of
from theorycheck.checker.registry import CHECKS, check_certificate
from theorycheck.errors import CertificateError, SizeError
from theorycheck.problem.files import problem_from_dict, problem_to_dict
from theorycheck.problem.networks.activations import ACTIVATIONS
from theorycheck.ranks.generic_rank import generic_rank, trial_error
from theorycheck.ranks.sizes import entry_size
from theorycheck.theorems.t11_analytic import THEOREM as T11

ANALYTIC = [name for name, row in ACTIVATIONS.items() if row.is_analytic]
POLYNOMIALS = {"linear", "square", "cube"}
Json = dict[str, Any]


def random_network(rng: np.random.Generator, name: str) -> Any:
    """Small, of either kind, some hidden layers of polynomials."""
    bias = bool(rng.integers(2))
    if rng.integers(2) and name != "linear":
        widths = [int(n) for n in rng.integers(1, 5, rng.integers(3, 6))]
        names = [name, *rng.choice([name, "linear", "square"], len(widths) - 3).tolist()]
        return tc.Feedforward(widths, bias, activation=names)
    sizes = [int(n) for n in rng.integers(1, 4, 4)]
    bias = bias or name == "linear"
    readout: Any = ("final", "all")[rng.integers(2)]
    return tc.Recurrent(*sizes, readout=readout, bias=bias, activation=name)


def random_problem(rng: np.random.Generator, name: str) -> tuple[tc.Allocation, int]:
    network = random_network(rng, name)
    shapes, present, most = network.weight_shapes, None, network.n_weights
    if rng.integers(2):
        present = {weight: rng.random(shape) < 0.8 for weight, shape in shapes.items()}
        most = sum(int(mask.sum()) for mask in present.values())
    count = int(rng.integers(0, most + 1))
    return tc.Allocation.random(network, count, rng, present=present), int(rng.integers(1, 6))


def problems(n: int, seed: int) -> Iterator[tuple[tc.Allocation, int]]:
    """Nonlinear ones of all analytic activations in turn."""
    rng = np.random.default_rng(seed)
    for name in itertools.islice(itertools.cycle(ANALYTIC), n):
        yield random_problem(rng, name)


def found(allocation: tc.Allocation, m: int) -> Json | None:
    """The certificate of T11 alone, so that it does not hang on what other theorems know."""
    certificate = tc.classify(allocation, m, theorems=[T11]).certificate
    return json.loads(json.dumps(certificate.to_dict())) if certificate else None


def claim_of(allocation: tc.Allocation, m: int, seed: int = 0) -> Claim:
    problem = problem_to_dict(allocation, m)
    certificate = Certificate("", "", "", allocation.n_learnable, None, None, 0.0, problem, {})
    budget = Budget(1e12, 2**33, math.inf, math.inf)
    return Claim(certificate, Context.of("", budget, seed))


def jacobian(claim: Claim, which: str, trial: int = 0) -> list[list[int]]:
    """All equations by all `which` weights."""
    times = claim.network.steps if getattr(claim.network, "readout", "") == "all" else 1
    equations = range(claim.network.outputs * claim.samples * times)
    return list(rows_of(claim, jacobian_at(claim, trial), equations, claim.entries(which)))


def rank(allocation: tc.Allocation, m: int, which: str, seed: int = 0) -> int:
    claim = claim_of(allocation, m, seed)
    return plain.eliminate(jacobian(claim, which), claim.prime(0))[0]


# What is found is accepted, and agrees with the finders and with the other checker


def test_certificates_of_random_allocations_are_accepted():
    seen, activations = Counter(), Counter()
    for allocation, m in problems(240, seed=1):
        data = found(allocation, m)
        if data is None:  # not proved to be exact, or D unknown
            names = {*allocation.network.activations}
            assert allocation.network.is_recurrent or ("sin" in names and len(names) > 1)
            continue
        result = tc.check(data)
        assert result, (data, result.reason)
        assert result.error_bound <= data["error_bound"] * (1 + 1e-6)
        seen[data["kind"]] += 1
        activations.update({*allocation.network.activations})
    assert min(seen[kind] for kind in ("count", "deficient_rank", "full_rank")) > 10
    assert set(ANALYTIC) <= activations.keys()


@pytest.mark.parametrize("which", ["learnable", "present"])
def test_the_rank_is_that_of_the_finders(which: str):
    for allocation, m in problems(120, seed=2):
        upper = getattr(allocation, f"n_{which}")
        ours = generic_rank(allocation, m, upper=upper, which=which).value if upper else 0
        assert rank(allocation, m, which) == ours, allocation.network


@pytest.mark.long
def test_the_rank_is_that_of_the_network_itself():
    """Without any oracle: p-adic numbers through the definition (T11b, on every activation)."""
    for allocation, m in problems(72, seed=8):
        problem = read(problem_to_dict(allocation, m))
        for which in ("learnable", "present"):
            true = nonlinear_truth.rank(problem, which)
            assert rank(allocation, m, which) == true, (allocation.network, m, which)


def test_the_jacobian_is_that_of_the_page():
    """Entry by entry, at the points that the page says, modulo the prime that it says."""
    for number, (allocation, m) in enumerate(problems(48, seed=3)):
        claim = claim_of(allocation, m, seed=number)
        draws, problem = Draws(claim.context.key), read_problem(**claim.problem)
        entries = claim.entries("present")
        cells = [(name, index[0], index[1] if index[1:] else 0) for name, index in entries]
        for trial in range(2):
            columns = PageOracle(problem, draws, trial).jacobian(cells)
            rows = [list(row) for row in zip(*columns, strict=True)]
            assert draws.oracle_prime(trial) == claim.prime(trial)
            assert rows == jacobian(claim, "present", trial) or not entries


def dual(value: Any, slope: Any, p: int) -> Any:
    return np.array([value % p, slope % p], dtype=object)


def outputs_of_polynomials(claim: Claim, entry: Any, trial: int) -> list[int]:
    """Derivatives of all outputs along one weight, by dual numbers through the definition."""
    network, key, p = claim.network, claim.context.key, claim.prime(trial)

    def times(x: Any, y: Any) -> Any:
        return x[0] * y[0] % p, (x[0] * y[1] + x[1] * y[0]) % p

    def weight(name: str) -> list[list[tuple[int, int]]]:
        rows = plain.random_matrix(key, trial, name, network.weight_shapes[name], p)
        bits = claim.rows(name, "present")
        return [[(x * bit, int(entry == (name, (i, j)[: len(network.weight_shapes[name])])))
                 for j, (x, bit) in enumerate(zip(*pair, strict=True))]
                for i, pair in enumerate(zip(rows, bits, strict=True))]  # fmt: skip

    def layer(parts: list[tuple[str, list[Any]]], name: str) -> list[Any]:
        sums = None
        for each, source in parts:
            terms = [
                [times(w, x) for w, x in zip(row, source, strict=True)] for row in weight(each)
            ]
            total = [tuple(map(sum, zip(*row, strict=True))) for row in terms]
            sums = total if sums is None else [
                (a + c, b + d) for (a, b), (c, d) in zip(sums, total, strict=True)]  # fmt: skip
        power = {"linear": 1, "square": 2, "cube": 3}[name]
        result = []
        for z in sums or []:
            value = (1, 0)
            for _ in range(power):
                value = times(value, z)
            result.append(value)
        return result

    one, bias = [(1, 0)], network.bias
    inputs = plain.random_matrix(
        key, trial, "inputs", (network.inputs * network.steps, claim.samples), p
    )
    found: list[list[list[int]]] = []  # by read, output, sample
    for sample in range(claim.samples):
        x = [(row[sample], 0) for row in inputs]
        if isinstance(network, tc.Recurrent):
            state, reads = [(0, 0)] * network.hidden, []
            for step in range(network.steps):
                part = x[step * network.inputs : (step + 1) * network.inputs]
                parts = [("recurrent", state), ("input", part), *[("bias", one)] * bias]
                state = layer(parts, network.activation)
                reads.append(layer([("readout", state), *[("readout_bias", one)] * bias], "linear"))
            reads = reads if network.readout == "all" else reads[-1:]
        else:
            for number, name in enumerate([*network.activations, "linear"], start=1):
                x = layer([(f"W{number}", x), *[(f"b{number}", one)] * bias], name)
            reads = [x]
        found.append([[value[1] for value in read] for read in reads])
    return [found[s][t][o] for t in range(len(found[0])) for o in range(network.outputs)
            for s in range(claim.samples)]  # fmt: skip


def test_derivatives_of_polynomial_networks_are_true_derivatives():
    """No oracle is needed there: dual numbers through the definition give the same entries."""
    rng = np.random.default_rng(4)
    for name in ["square", "cube", "linear"] * 4:
        allocation, m = random_problem(rng, name)
        claim = claim_of(allocation, m)
        expected = [outputs_of_polynomials(claim, entry, 0) for entry in claim.entries("present")]
        rows = jacobian(claim, "present")
        assert [list(column) for column in zip(*rows, strict=True)] == expected


# The table of activations, against floats

LARGE = 2**1279 - 1  # a prime that leaves 3: rational numbers are found from their residues
DEFINITIONS: dict[str, Callable[[float], float]] = {
    "linear": lambda z: z,
    "tanh": math.tanh,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "softplus": lambda z: math.log(1 + math.exp(z)),
    "silu": lambda z: z / (1 + math.exp(-z)),
    "gelu": lambda z: z * (1 + math.erf(z / math.sqrt(2))) / 2,
    "erf": math.erf,
    "sin": math.sin,
    "exp": math.exp,
    "arctan": math.atan,
    "square": lambda z: z**2,
    "cube": lambda z: z**3,
}


def slope_of(name: str, z: float) -> float:
    sigma, step = DEFINITIONS[name], 1e-5
    return (sigma(z + step) - sigma(z - step)) / (2 * step)


def variables_of(name: str, z: float) -> tuple[float, ...]:
    """What the free variables stand for."""
    sigma = DEFINITIONS[name]
    if name in ("softplus", "erf"):
        return sigma(z), slope_of(name, z)
    if name == "silu":
        return (DEFINITIONS["sigmoid"](z),)
    if name == "gelu":
        density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        return (1 + math.erf(z / math.sqrt(2))) / 2, density
    if name == "sin":
        return (math.tan(z / 2),)
    return () if name in POLYNOMIALS else (sigma(z),)


def residue(x: float) -> int:
    exact = Fraction(x)
    return exact.numerator * pow(exact.denominator, -1, LARGE) % LARGE


def rational(value: int) -> float:
    """The fraction with small numerator and denominator that has this residue."""
    a, b, s, t = LARGE, value % LARGE, 0, 1
    while b * b > LARGE:
        q = a // b
        a, b, s, t = b, a - q * b, t, s - q * t
    return float(Fraction(b, t))


def faults_of(name: str) -> list[str]:
    """Where the table disagrees with the definition of an activation, at floats."""
    row, found = ORACLES[name], []
    assert row.n_variables == len(variables_of(name, 0.7))
    for z in (0.7, -0.7, 1.3, -0.2):
        variables = tuple(map(residue, variables_of(name, z)))
        value, slope = map(rational, row.at(residue(z), variables, LARGE))
        mirrored = [*map(rational, row.mirrored(residue(z), variables, LARGE))]
        found += ["value"] * (abs(value - DEFINITIONS[name](z)) > 1e-9)
        found += ["slope"] * (abs(slope - slope_of(name, z)) > 1e-8)
        found += ["mirrored"] * (not np.allclose(mirrored, variables_of(name, -z), atol=1e-8))
    for constant, true in zip(row.at_zero, (DEFINITIONS[name](0), slope_of(name, 0)), strict=True):
        is_rational = abs(true * 4 - round(true * 4)) < 1e-8
        found += ["is rational"] * (is_rational == (constant is None))
        found += ["at zero"] * (constant is not None and abs(constant - true) > 1e-8)
    return found


def test_the_table_has_all_analytic_activations():
    assert ORACLES.keys() == set(ANALYTIC) == DEFINITIONS.keys()
    assert {name: row.family for name, row in ORACLES.items()} == {
        name: ACTIVATIONS[name].family for name in ANALYTIC
    }


@pytest.mark.parametrize("name", ANALYTIC)
def test_the_table_agrees_with_floats(name: str):
    assert not faults_of(name)


@pytest.mark.parametrize(
    ("name", "wrong", "fault"),
    [
        ("sigmoid", {"at": lambda z, v, p: (v[0], (1 - v[0] ** 2) % p)}, "slope"),
        ("silu", {"at": lambda z, v, p: (z * v[0] % p, v[0])}, "slope"),
        ("gelu", {"mirrored": lambda z, v, p: ((1 - v[0]) % p, -v[1] % p)}, "mirrored"),
        ("softplus", {"mirrored": lambda z, v, p: ((v[0] + z) % p, (1 - v[1]) % p)}, "mirrored"),
        ("sin", {"at": lambda z, v, p: (2 * v[0] % p, 1 - v[0] ** 2)}, "value"),
        ("sigmoid", {"at_zero": (Fraction(0), Fraction(1, 4))}, "at zero"),
        ("erf", {"at_zero": (Fraction(0), Fraction(1))}, "is rational"),
    ],
)
def test_a_planted_fault_of_the_table_is_found(monkeypatch, name: str, wrong: Json, fault: str):
    monkeypatch.setitem(ORACLES, name, replace(ORACLES[name], **wrong))
    assert fault in faults_of(name)


# Which pre-activations are the same


def test_pre_activations_that_are_equal_have_equal_values():
    """A unit that sees the constant only, on all samples; in all steps before the inputs show."""
    network = tc.Feedforward([2, 3, 2], bias=True, activation="tanh")
    claim = claim_of(tc.Allocation.none(network, {"W1": [[1, 1], [0, 0], [1, 0]]}), 4)
    at = oracle.FeedforwardOracle(claim, 0)
    values = list(zip(*at._read[1], strict=True))
    assert [len(set(row)) for row in values] == [4, 1, 4]
    silent = tc.Recurrent(1, 1, 1, 3, activation="gelu")
    claim = claim_of(tc.Allocation.none(silent, {"input": [[0]]}), 2)
    states = oracle.RecurrentOracle(claim, 0)._states
    assert {x for state in states for row in state for x in row} == {0}


@pytest.mark.parametrize("name", [name for name in ANALYTIC if name not in POLYNOMIALS])
def test_opposite_pre_activations_have_values_that_fit(name: str):
    """One evaluation at z and one at -z: that at -z has the variables which belong to it."""
    claim = claim_of(tc.Allocation.none(tc.Feedforward([1, 1, 1], activation="tanh")), 1)
    draws = oracle.Draws(claim, 0, None)
    row, (p, q) = ORACLES[name], draws.primes
    for z in ((5, 9), (p - 5, q - 9), (0, 4), (0, q - 4), (p // 2 + 3, 1)):
        opposite = -z[0] % p, -z[1] % q
        found = draws.activated(name, 1, [[[x, y, x]] for x, y in zip(z, opposite, strict=True)])
        for k, modulus in enumerate(draws.primes):
            (values,), (slopes,) = found[k]
            assert (values[0], slopes[0]) == (values[2], slopes[2])
            if row.family == "polynomial":
                continue
            (known,) = [pair for key, pair in draws._known[name].items() if key in (z, opposite)]
            key = z if z in draws._known[name] else opposite
            at_key = row.at(key[k], known[k], modulus)
            mirrored = row.mirrored(key[k], known[k], modulus)
            at_other = row.at(-key[k] % modulus, mirrored, modulus)
            expected = (at_key, at_other) if key == z else (at_other, at_key)
            assert ((values[0], slopes[0]), (values[1], slopes[1])) == expected


CONSTANT_UNIT = tc.Allocation(
    tc.Feedforward([2, 2, 1], bias=True, activation="tanh"), {"b1": [1, 1]},
    {"W1": [[1, 1], [0, 0]]},
)  # fmt: skip


def test_a_checker_that_takes_all_pre_activations_for_different_is_caught(monkeypatch):
    """Its ranks are too high: that is what the values of equal arguments are there to prevent."""
    true = generic_rank(CONSTANT_UNIT, 6, upper=7, which="present").value
    assert true == rank(CONSTANT_UNIT, 6, "present") == 5
    places = arguments.places_of

    def different(claim: Claim, names: list[str]) -> list[arguments.Place]:
        numbers = list(range(1, 1 + claim.samples))
        return [
            replace(place, numbers=[numbers for _ in place.numbers])
            for place in places(claim, names)
        ]

    monkeypatch.setattr(oracle, "places_of", different)
    assert rank(CONSTANT_UNIT, 6, "present") > 5


# The bound of a trial


def same_bounds(allocation: tc.Allocation, m: int) -> bool:
    """Whether the checker, the finders and the page bound the entries and a trial alike."""
    claim = claim_of(allocation, m)
    entry, has_halves = oracle_bounds.entry_bounds(claim), oracle_bounds._has_halves(claim)
    ours = oracle_bounds._with_halves(entry, has_halves)
    theirs = entry_size(allocation.network)
    for size in (1, 7, 100):
        bound, other = oracle_bounds.trial_bound(claim, size), trial_error(allocation, m, size)
        assert bound >= other * (1 - 1e-9)
        if math.isfinite(bound) and bound < 1:
            assert bound == pytest.approx(other, rel=1e-3)
            assert bound == pytest.approx(rank_bound(read_problem(**claim.problem), size))
    return ours == pytest.approx(tuple(theirs))


def test_the_bound_of_a_trial_is_that_of_the_finders_and_never_smaller():
    for allocation, m in problems(150, seed=5):
        assert same_bounds(allocation, m), allocation.network
    for name in ANALYTIC:
        large = tc.Feedforward([50, 40, 30, 10], True, activation=[name, "tanh"])
        assert same_bounds(tc.Allocation.none(large), 100)


def test_bounds_of_tanh_are_what_can_be_counted_by_hand():
    """Degree 3 L - 2; every z is the sum of products with a weight, every slope 1 - a^2."""
    claim = claim_of(tc.Allocation.none(tc.Feedforward([3, 4, 5, 2], activation="tanh")), 6)
    degree, log_norm = oracle_bounds.entry_bounds(claim)
    assert degree == 7
    assert log_norm == pytest.approx(
        math.log2(2 * 5 * 2 * 2)
    )  # of W1: slopes 2 and 2, 5 and 2 sums
    pairs = (24**2, 30 * (30 + 48))
    sizes = ((2, math.log2(3) + 1), (2, math.log2(4) + 1))
    by_hand = sum(n * (degree / 2**22 + norm / 22 / 134241) ** 2
                  for n, (degree, norm) in zip(pairs, sizes, strict=True))  # fmt: skip
    assert oracle_bounds.collision_bound(claim) == pytest.approx(by_hand, rel=1e-6)


def test_where_no_bound_is_known_trials_are_refused():
    network = tc.Feedforward([1, 1, 1, 1], activation=["sin", "silu"])
    claim = claim_of(tc.Allocation.none(network), 2)
    assert oracle_bounds.trial_bound(claim, 2) == math.inf
    with pytest.raises(CertificateError, match="bounds no error"):
        claim.trials(1e-10, oracle_bounds.trial_bound(claim, 2))


@pytest.mark.parametrize("bound", ["entry_bounds", "collision_bound"])
def test_a_bound_that_is_too_small_is_noticed(monkeypatch, bound: str):
    wrong = SimpleNamespace(entry_bounds=lambda claim: oracle_bounds.Size(1.0, 0.0),
                            collision_bound=lambda claim, added=0.0: 0.0)  # fmt: skip
    network = tc.Recurrent(3, 9, 2, 2, activation="softplus")  # with a bound of collisions
    assert same_bounds(tc.Allocation.none(network), 400)
    monkeypatch.setattr(oracle_bounds, bound, getattr(wrong, bound))
    with pytest.raises(AssertionError):
        same_bounds(tc.Allocation.none(network), 400)


def test_there_are_so_many_primes_that_leave_3():
    sieve = np.ones(2**23, dtype=bool)
    sieve[:2] = False
    for k in range(2, 2897):
        if sieve[k]:
            sieve[k * k :: k] = False
    numbers = np.flatnonzero(sieve)
    count = int(((numbers >= 2**22) & (numbers % 4 == 3)).sum())
    assert count == oracle_bounds.N_PRIMES


# Forgeries


def is_true(data: Json) -> bool:
    """Whether a claim of T11 holds, by what the finders say about its problem."""
    allocation, m = problem_from_dict(data["problem"])
    truth = found(allocation, m)
    if truth is None or allocation.n_learnable != data["learnable"]:
        return False
    target, stated = target_of(allocation, m), data["target_dimension"]
    right = stated in (target, None) or (data["expressivity"] == "minimal" and stated <= target)
    return right and truth["expressivity"] == data["expressivity"]


def target_of(allocation: tc.Allocation, m: int) -> int:
    upper = min(allocation.n_present, allocation.network.n_equations(m))
    return generic_rank(allocation, m, upper=upper, which="present").value if upper else 0


def forged(data: Json, rng: random.Random) -> Iterator[tuple[str, Json]]:
    """Claims that are false, each with its digest computed anew."""

    def changed(what: str, *path: Any, to: Any) -> tuple[str, Json]:
        other = copy.deepcopy(data)
        parent = other
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = to
        return what, redigested(other)

    for key in ("rank", "target_dimension"):
        for step in (1, -1):
            if data[key] is not None:
                yield changed(key, key, to=data[key] + step)
    for other in {"minimal", "positive", "maximal", "intermediate"} - {data["expressivity"]}:
        yield changed("class", "expressivity", to=other)
    if data["error_bound"] == 0:
        yield changed("error of a proof", "error_bound", to=1e-10)
    yield changed("large error", "error_bound", to=1e-3)
    for theorem in ("T0", "T1", "T2", "T10"):
        yield changed("theorem", "theorem", to=theorem)
    kind = data["problem"]["network"]["kind"]
    yield changed("linear kind", "problem", "network", "kind", to=f"linear_{kind}")
    plain_ = {k: v for k, v in data["problem"]["network"].items() if k != "activation"}
    yield changed("linear network", "problem", "network", to={**plain_, "kind": f"linear_{kind}"})
    if not plain_.get("bias"):
        yield changed("linear activation", "problem", "network", "activation", to="linear")
    for path in minors(data["evidence"]):
        for line in ("rows", "columns"):
            old = data["evidence"]
            for key in (*path, line):
                old = old[key]
            if not old:
                continue
            where = ("evidence", *path, line)
            yield changed("a number twice", *where, to=[*old[:-1], old[0]] if old[1:] else [-1])
            yield changed("one more", *where, to=[*old, max(old) + 1])
            yield changed("one less", *where, to=old[:-1])
            yield changed("too large", *where, to=[*old[:-1], 10**6])
    conflict = {"path": [["W1", 0, 0], ["W2", 0, 0]], "learnable": [0, 1]}
    yield changed("conflict", "evidence", to={**data["evidence"], "conflict": conflict})
    yield changed("another seed", "evidence", to={**data["evidence"], "seed": rng.randrange(9)})


def minors(evidence: Json) -> list[tuple[str, ...]]:
    lower = evidence.get("target_lower", {})
    paths: list[tuple[str, ...]] = [("minor",)] if "minor" in evidence else []
    return [*paths, *([("target_lower", "minor")] if "minor" in lower else [])]


def test_forged_claims_are_refused():
    """Those that nothing can make true: each is refused, with a sentence."""
    rng, tried = random.Random(0), Counter()
    for allocation, m in problems(120, seed=6):
        data = found(allocation, m)
        if data is None:
            continue
        for what, wrong in forged(data, rng):
            result = tc.check(wrong)
            # D may be larger than what a minimal claim states; but a minor has its size.
            assert not result, (what, wrong)
            assert "malformed" not in result.reason, (what, result.reason)
            tried[what] += 1
    assert len(tried) >= 15
    assert min(tried.values()) > 5


def other_problems(problem: Json, rng: random.Random) -> Iterator[Json]:
    """The same evidence would speak of another network, number of samples or mask."""
    network = problem["network"]
    for m in {problem["samples"] + 1, max(problem["samples"] - 1, 1)} - {problem["samples"]}:
        yield {**problem, "samples": m}
    for name in rng.sample(list(ACTIVATIONS), 4):
        yield {**problem, "network": {**network, "activation": name}}
    if len(network.get("widths", ())) > 3:
        for names in (["tanh", "erf"], ["arctan", "sigmoid"], ["relu", "tanh"]):
            more = ["linear"] * (len(network["widths"]) - 4)
            yield {**problem, "network": {**network, "activation": [*names, *more]}}
    yield {**problem, "network": {**network, "bias": not network.get("bias", False)}}
    allocation, _ = problem_from_dict(problem)
    for name, mask in allocation.masks("present"):
        frozen = np.argwhere(mask & ~allocation.mask(name))
        if len(frozen):
            bits = mask.astype(int)
            bits[tuple(rng.choice(frozen.tolist()))] = 0
            present = {**problem.get("present", {}), name: bits.tolist()}
            yield {**problem, "present": present}


@pytest.mark.long
def test_evidence_about_another_problem_is_refused_or_still_true():
    rng, seen = random.Random(1), Counter()
    for allocation, m in problems(100, seed=7):
        data = found(allocation, m)
        for problem in other_problems(data["problem"], rng) if data else ():
            changed = redigested({**(data or {}), "problem": problem})
            result = tc.check(changed)
            seen[bool(result)] += 1
            assert not result or is_true(changed), (changed, result.reason)
    assert seen[True] > 50
    assert seen[False] > 100


def test_error_bounds_of_trials_are_reached_or_refused():
    data = certificate_of("deficient_rank nonlinear").to_dict()
    smaller = tc.check(redigested({**data, "error_bound": 1e-60}))
    assert smaller
    assert smaller.error_bound <= 1e-60
    assert not tc.check(redigested({**data, "error_bound": 0}))
    assert "64 trials" in tc.check(redigested({**data, "error_bound": 1e-299 / 2})).reason or (
        oracle_bounds.trial_bound(claim_of(*EXAMPLES["deficient_rank nonlinear"][:2]), 3) ** 64
        < 1e-299
    )
    data = copy.deepcopy(certificate_of("full_rank trials nonlinear").to_dict())
    assert data["evidence"]["target_upper"]["by"] == "trials"
    for bound in (1e-5, 1e-12, 0.0):
        changed = copy.deepcopy(data)
        changed["evidence"]["target_upper"]["error_bound"] = bound
        assert not tc.check(redigested(changed))  # the claim's own bound is another
        changed["error_bound"] = bound
        assert bool(tc.check(redigested(changed))) == (bound == 1e-12)


def bounds_named(data: Json) -> dict[str, bool]:
    """Which reasons for D from above are accepted in place of the given one."""
    accepted = {}
    for way in ("equations", "weights", "widths", "gauge", "closed form"):
        changed = copy.deepcopy(data)
        changed["evidence"]["target_upper"] = {"by": way}
        accepted[way] = bool(tc.check(redigested({**changed, "error_bound": 0})))
    return accepted


def test_the_bound_by_widths_is_for_dense_feed_forward_networks():
    network = tc.Feedforward([1, 1, 2], activation="tanh")
    allocation = tc.Allocation(network, {"W1": [[1]], "W2": [[1], [1]]})
    data = found(allocation, 4)
    assert data is not None
    assert data["target_dimension"] == 3
    assert {way for way, accepted in bounds_named(data).items() if accepted} == {
        "weights",
        "widths",
    }
    # Four samples of one unit and two outputs without biases: rank 1 in 8 equations.
    wide = tc.Feedforward([4, 1, 2], activation="tanh")
    data = found(tc.Allocation.full(wide), 4)
    assert data is not None
    assert (data["target_dimension"], data["evidence"]["target_upper"]) == (5, {"by": "widths"})
    assert {way for way, accepted in bounds_named(data).items() if accepted} == {"widths"}
    present = {"W1": [[1, 1, 1, 0]]}
    changed = {**data["problem"], "present": present, "learnable": {**present, "W2": [[1], [1]]}}
    result = tc.check(redigested({**data, "problem": changed, "learnable": 5}))
    assert "D from above: one of equations, weights, closed form, trials" in result.reason


# Where T11 does not speak


@pytest.mark.parametrize(
    ("network", "present", "reason"),
    [
        (tc.Feedforward([1, 2, 2, 1], activation=["tanh", "erf"]), {}, "one family"),
        (tc.Feedforward([1, 2, 2, 1], activation=["arctan", "sin"]), {}, "one family"),
        (tc.Feedforward([1, 2, 2, 1], activation=["tanh", "relu"]), {}, "analytic"),
        (tc.Feedforward([1, 2, 2, 1], activation="leaky_relu"), {}, "analytic"),
        (tc.Recurrent(1, 2, 1, 3, activation="hardtanh"), {}, "analytic"),
        (tc.Recurrent(1, 2, 1, 3, activation="gelu"), {"input": [[1], [0]]}, "read an input"),
        (tc.Recurrent(1, 2, 1, 3, activation="erf"), {"input": [[1], [0]]}, "read an input"),
        (tc.Recurrent(1, 2, 1, 3, activation="tanh"), {"input": [[1], [0]]}, None),
        (tc.Feedforward([1, 2, 2, 1], activation=["gelu", "cube"]), {}, None),
    ],
)
def test_certificates_are_refused_where_the_oracle_is_not_known_to_be_exact(
    network: Any, present: Json, reason: str | None
):
    allocation = tc.Allocation(network, {list(network.weight_shapes)[-1]: [[1, 0]]}, present)
    count = {"target_lower": {"by": "minor", "minor": {"rows": [0, 1], "columns": [0, 1]}}}
    full = {"minor": {"rows": [0], "columns": [0]}, "target_upper": {"by": "equations"}}
    cases = [
        ("count", "minimal", None, 2, count, 2),
        ("deficient_rank", "minimal", 1, 2, count, 2),
        ("full_rank", "positive", 1, 1, full, 1),
    ]
    for kind, expressivity, rank_, target, evidence, m in cases:
        error = 1e-12 if kind == "deficient_rank" else 0
        data = Certificate(kind, "T11", expressivity, 1, rank_, target, error,
                           problem_to_dict(allocation, m), evidence).to_dict()  # fmt: skip
        result = tc.check(json.loads(json.dumps(data)))
        assert bool(result) == (reason is None), result.reason
        assert reason is None or reason in result.reason


def test_full_certificates_speak_of_every_network():
    for name in ACTIVATIONS:
        for network in (tc.Recurrent(1, 2, 1, 3, bias=True, activation=name),
                        tc.Feedforward([1, 2, 2, 1], activation=[name, "tanh"])):  # fmt: skip
            certificate = tc.classify(tc.Allocation.full(network), 2).certificate
            assert certificate is not None
            assert certificate.kind == "full"
            assert tc.check(certificate)


def as_nonlinear(network: Json) -> Json:
    """A nonlinear network of the same sizes."""
    if network["kind"] == "linear_recurrent":
        return {**network, "kind": NR, "activation": "tanh"}
    return {**network, "kind": NF, "activation": "tanh"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_other_check_refuses_nonlinear_networks_with_a_sentence(name: str):
    """Also if the table of kinds were to send them there."""
    data = json.loads(json.dumps(certificate_of(name).to_dict()))
    network = as_nonlinear(data["problem"]["network"])
    if len(network.get("widths", (1, 1, 1))) < 3 or "activation" in data["problem"]["network"]:
        return
    changed = redigested({**data, "problem": {**data["problem"], "network": network}})
    by_t11 = {kind.name for kind in KINDS.values()
              if {"T0", "T11"} & {s.theorem for s in kind.scopes if NF in s.networks}}  # fmt: skip
    by_degree = {name for name in KINDS if name in ("odd_degree", "witness")}
    result = tc.check(changed)
    assert bool(result) == (data["kind"] == "full")
    why = "polynomials, which tanh is not" if data["kind"] in by_degree else "networks, not "
    assert result or why in result.reason
    if data["kind"] in by_t11 | by_degree:
        return
    certificate = Certificate.from_dict(changed)
    claim = Claim(certificate, Context.of("", Budget.of(10**4), 0), check_certificate)
    with pytest.raises(CertificateError):
        CHECKS[data["kind"]](claim)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (
            {"kind": NF, "widths": [2, 2, 2], "activation": "linear"},
            "written as linear_feedforward",
        ),
        ({"kind": NF, "widths": [2, 2], "activation": "tanh"}, "written as linear_feedforward"),
        ({"kind": NF, "widths": [2, 2, 2], "activation": ["relu"]}, "written as shallow_relu"),
        (
            {
                "kind": NR,
                "inputs": 2,
                "hidden": 2,
                "outputs": 2,
                "steps": 1,
                "activation": "linear",
            },
            "written as linear_recurrent",
        ),
    ],
)
def test_a_network_has_one_kind(network: Json, reason: str):
    data = json.loads(json.dumps(certificate_of("full nonlinear").to_dict()))
    problem = {"network": network, "samples": 2, "learnable": {}}
    result = tc.check(redigested({**data, "problem": problem, "learnable": 0}))
    assert reason in result.reason


@pytest.mark.parametrize(
    "network",
    [
        {"kind": NF, "widths": [2**20, 2**20, 1], "activation": "tanh"},
        {"kind": NF, "widths": [1, 1, 1], "activation": "silu"},
        {"kind": NR, "inputs": 1, "hidden": 1, "outputs": 1, "steps": 2**30, "activation": "sin"},
    ],
)
def test_what_is_too_large_is_given_up_at_once(network: Json):
    """A few hundred bytes may ask for anything; memory and time are asked for before."""
    minor = {"rows": [0, 1], "columns": [0, 1]}
    data = json.loads(json.dumps(certificate_of("count nonlinear").to_dict()))
    problem = {"network": network, "samples": 2**30, "learnable": {}}
    evidence = {"target_lower": {"by": "minor", "minor": minor}}
    changed = {**data, "problem": problem, "learnable": 0, "target_dimension": 2}
    result = tc.check(redigested({**changed, "evidence": evidence}))
    assert result.is_limited, result.reason
    deep = {**changed, "kind": "deficient_rank", "rank": 0, "error_bound": 1e-10}
    result = tc.check(redigested({**deep, "evidence": evidence}))
    assert result.is_limited, result.reason


def test_a_point_is_charged_before_it_is_drawn():
    claim = claim_of(*EXAMPLES["full_rank nonlinear"][:2])
    claim.context.budget.operations = claim.context.budget.spent + 100
    with pytest.raises(SizeError, match="a point of 8 weights and 2 samples"):
        jacobian_at(claim, 0)


def test_layers_that_add_what_they_read_are_not_taken_for_others():
    """W2 is absent: without `skip` outputs are constant, and a last bias reaches them all."""
    network = tc.Feedforward([1, 1, 1, 1], True, activation="tanh")
    allocation = tc.Allocation(network, {"b3": [1]}, {"W2": [[0]]})
    certificate = tc.classify(allocation, 2).certificate
    assert certificate is not None
    assert certificate.expressivity == "maximal"
    assert tc.check(certificate)
    data = json.loads(json.dumps(certificate.to_dict()))
    data["problem"]["network"]["skip"] = True
    assert not tc.check(redigested(data))
    residual = tc.Allocation(replace(network, skip=True), {"b3": [1]}, {"W2": [[0]]})
    assert tc.classify(residual, 2).expressivity == "minimal"
