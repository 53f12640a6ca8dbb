"""The checker's own counts of solutions: against Groebner bases, known degrees, and forgeries."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.checker.test_solution_certificates import (
    CUBIC,
    PAIR,
    TRAP,
    block,
    certificate,
    entries_of,
    outputs,
    small_networks,
)
from tests.shared.strategies import allocations, samples, seeds
from theorycheck.certificates import Certificate
from theorycheck.checker import solution_count
from theorycheck.checker.budget import Budget
from theorycheck.checker.claim import Claim
from theorycheck.checker.context import Context
from theorycheck.checker.rank import n_equations
from theorycheck.checker.solution_count import count_error, large_prime, require_count
from theorycheck.checker.solution_ideal import count_solutions
from theorycheck.checker.solution_polynomials import Ring, block_polynomials
from theorycheck.errors import CertificateError, SizeError
from theorycheck.problem.files import problem_from_dict, problem_to_dict

pytestmark = pytest.mark.long

FF, LR = tc.LinearFeedforward, tc.LinearRecurrent
P = 1009
KNOWN = Path(__file__).parents[1] / "known"


def free(operations: float, n_bytes: float) -> None:
    """Nothing is too much."""


def little(limit: float) -> Any:
    """What is asked before each step, up to so many operations."""
    left = [limit]

    def spend(operations: float, n_bytes: float) -> None:
        left[0] -= operations
        if left[0] < 0:
            raise SizeError("too much")

    return spend


def packed(terms: dict[tuple[int, ...], int], ring: Ring) -> dict[int, int]:
    """A polynomial with exponents as the checker writes its monomials."""
    return {
        sum(e * x for e, x in zip(exponents, ring.variables, strict=True)): value % P
        for exponents, value in terms.items()
        if value % P
    }


def by_groebner(system: list[dict[tuple[int, ...], int]], n: int) -> int | None:
    """The dimension of the residue class ring, None if it is infinite, by sympy."""
    x = sp.symbols(f"x:{n}")
    polys = [sp.Poly.from_dict(dict(terms), *x, modulus=P) for terms in system]
    polys = [poly for poly in polys if not poly.is_zero]
    if not polys:
        return None
    basis = sp.groebner(polys, *x, modulus=P, order="grevlex")
    leading = [max(poly.monoms(), key=sp.grevlex) for poly in basis.polys]
    if any(not any(m) for m in leading):
        return 0
    if not basis.is_zero_dimensional:
        return None
    tops = [max(m[i] for m in leading if sum(m) == m[i]) for i in range(n)]
    inside = np.ndindex(*tops)
    return sum(
        not any(all(a <= b for a, b in zip(m, e, strict=True)) for m in leading) for e in inside
    )


@st.composite
def systems(draw: st.DrawFn) -> tuple[int, list[dict[tuple[int, ...], int]]]:
    """A few sparse polynomials in up to three unknowns; many have multiple or no solutions."""
    n = draw(st.integers(1, 3))
    exponents = st.tuples(*[st.integers(0, 5 - n)] * n)
    values = st.integers(-3, 3).map(lambda v: v or 1)
    terms = st.dictionaries(exponents, values, min_size=1, max_size=4)
    return n, draw(st.lists(terms, min_size=n, max_size=n + 1))


@given(systems())
@settings(max_examples=100, deadline=None)
def test_counts_are_those_of_groebner_bases(drawn):
    n, system = drawn
    expected = by_groebner(system, n)
    ring = Ring(n)
    given_ = [packed(terms, ring) for terms in system]
    if expected is None:
        with pytest.raises(SizeError):
            count_solutions(given_, n, P, little(1e6))
    else:
        assert count_solutions(given_, n, P, free) == expected


@given(st.lists(st.integers(-2, 2), min_size=9, max_size=9))
@settings(max_examples=60, deadline=None)
def test_relations_for_all_products_need_not_commute(values):
    """x x, x y and y y as combinations of 1, x, y: these span, but are mostly too many."""
    tails, system = iter(values), []
    for lead in ((2, 0), (1, 1), (0, 2)):
        system.append({lead: 1, (0, 0): next(tails), (1, 0): next(tails), (0, 1): next(tails)})
    ring = Ring(2)
    found = count_solutions([packed(terms, ring) for terms in system], 2, P, free)
    assert found == by_groebner(system, 2)


def test_equations_of_a_higher_degree_count_as_well():
    for power, count in ((3, 1), (5, 1), (8, 2)):  # x x = 1 and x^power = 1
        assert count_solutions([{2: 1, 0: P - 1}, {power: 1, 0: P - 1}], 1, P, free) == count


def claim_of(allocation: tc.Allocation, m: int, seed: int = 0) -> Claim:
    """A claim with nothing but a problem, and room for 10^10 operations."""
    problem = problem_to_dict(allocation, m)
    only = Certificate("", "", "", allocation.n_learnable, None, None, 0.0, problem, {})
    return Claim(only, Context.of("", Budget.of(0), seed))


@given(allocations(small_networks), samples, seeds)
@settings(max_examples=60, deadline=None)
def test_polynomials_are_those_of_the_network(allocation, m, seed):
    rng = np.random.default_rng(seed)
    unknowns = sorted(rng.permutation(allocation.n_learnable).tolist()[:4])
    claim = claim_of(allocation, m)
    equations = list(range(n_equations(claim)))
    key, p = claim.context.key, large_prime(claim.context.key, 0)
    found = block_polynomials(claim, equations, unknowns, 0, p)
    network: Any = allocation.network
    values = rng.integers(0, 2**40, len(unknowns)).tolist()
    weights = {}
    for name, shape in network.weight_shapes.items():
        mask = allocation.present_mask(name).reshape(shape[0], -1)
        rows = drawn_matrix(key, name, mask.shape, p)
        weights[name] = sp.Matrix(rows).multiply_elementwise(sp.Matrix(mask.astype(int)))
    for number, value in zip(unknowns, values, strict=True):
        name, index = entries_of(allocation)[number]
        weights[name][index if len(index) == 2 else (index[0], 0)] = value
    wanted = network_outputs(claim, network, weights, key, p)
    targets = drawn_matrix(key, "outputs", (len(equations), 1), p)
    ring = Ring(len(unknowns))
    for terms, output, [target] in zip(found, wanted, targets, strict=True):
        at = sum(v * math_prod(m, ring, values) for m, v in terms.items())
        assert (at - (output - target)) % p == 0


def drawn_matrix(key: str, name: str, shape: tuple[int, int], p: int) -> list[list[int]]:
    """As docs/certificates.md has it."""
    import hashlib

    data = hashlib.shake_256(f"theorycheck/{key}/0/{name}".encode()).digest(8 * shape[0] * shape[1])
    numbers = [int.from_bytes(data[k : k + 8], "little") % p for k in range(0, len(data), 8)]
    return [numbers[i * shape[1] : (i + 1) * shape[1]] for i in range(shape[0])]


def network_outputs(claim: Claim, network: Any, weights: Any, key: str, p: int) -> list[int]:
    m, dimension = claim.effective_samples(), claim.input_dimension()
    n_rows = network.inputs * getattr(network, "steps", 1)
    if m == dimension:
        return [int(v) % p for v in outputs(network, m, weights, None)]
    inputs = sp.Matrix(drawn_matrix(key, "inputs", (n_rows, m), p)) * 4  # which is divided by 4
    return [int(v) % p for v in outputs(network, m, weights, inputs)]


def math_prod(monomial: int, ring: Ring, values: list[int]) -> int:
    """The value of a monomial, read from its slots."""
    sums = [monomial >> (16 * slot) & 0xFFFF for slot in range(ring.n)]
    exponents = [b - a for a, b in zip([0, *sums], sums, strict=False)]
    total = 1
    for value, exponent in zip(values, exponents, strict=True):
        total *= value**exponent
    return total


def known_blocks() -> list[tuple[str, tc.Allocation, int, list[int], int]]:
    """Allocations of known degree (found by others) with D learnables, and their D equations."""
    found = []
    for name in ("lffn_222", "lffn_323", "lrnn_2114", "lrnn_mixed"):
        for item in json.loads((KNOWN / f"{name}.json").read_text()):
            degree = item["expected"]["degree"]
            problem = {key: item[key] for key in ("network", "samples", "learnable")}
            allocation, m = problem_from_dict(problem)
            if (
                degree is not None
                and allocation.n_learnable == item["expected"]["target_dimension"]
            ):
                # Rank 2 of 3 outputs and 3 samples: two rows and two columns tell the rest.
                equations = list(range(allocation.n_learnable))
                found.append((name, allocation, m, equations, degree))
    return found


def test_known_degrees_are_counted_and_no_others():
    blocks = known_blocks()
    assert len(blocks) > 100
    for name, allocation, m, equations, degree in blocks:
        claim = claim_of(allocation, m)
        unknowns = list(range(allocation.n_learnable))
        assert require_count(claim, equations, unknowns, degree, 1e-9) < 1e-9, name
        for wrong in (degree - 1, degree + 1, degree + 2):
            with pytest.raises(CertificateError, match="solutions, not"):
                require_count(claim, equations, unknowns, wrong, 1e-9)


def test_no_count_at_any_prime_exceeds_the_degree():
    below = at = infinite = 0
    for _, allocation, m, equations, degree in known_blocks():
        claim = claim_of(allocation, m)
        for trial, p in enumerate((2, 3, 5, 7, 101)):
            system = block_polynomials(claim, equations, equations, trial, p)
            try:
                count = count_solutions(system, len(equations), p, little(1e6))
            except SizeError:
                infinite += 1
                continue
            assert count <= degree
            below, at = below + (count < degree), at + (count == degree)
    assert min(below, at, infinite) > 20  # modulo small primes all of it happens


def test_counts_fall_short_no_more_often_than_the_bound_says():
    p, n_trials = 101, 300
    for name, allocation, m, equations, degree in known_blocks()[-20::5]:
        short = 0
        claim = claim_of(allocation, m, 0)
        for seed in range(n_trials):
            claim = claim_of(allocation, m, seed)
            system = block_polynomials(claim, equations, equations, 0, p)
            try:
                short += count_solutions(system, len(equations), p, little(1e6)) < degree
            except SizeError:
                short += 1
        # The part of the bound that is about points, modulo a prime that small.
        share = min(count_error(claim, equations, equations) * 2.0**58 / p, 1.0)
        assert short <= n_trials * share + 4 * (n_trials * share) ** 0.5, name


def test_the_bound_grows_with_the_system():
    bounds = []
    for n in (1, 2, 3, 4, 6):
        masks = {"W1": np.eye(n), "W2": 1 - np.eye(n)}
        claim = claim_of(tc.Allocation(FF([n, n, n]), masks), n)
        bounds.append(count_error(claim, list(range(n * n)), list(range(n * n))))
    assert bounds == sorted(bounds)
    assert 0 < bounds[0] < 1e-14
    masks = {"W1": np.eye(40), "W2": 1 - np.eye(40)}
    large = claim_of(tc.Allocation(FF([40, 40, 40]), masks), 40)
    everything = list(range(1600))
    assert count_error(large, everything, everything) == 1.0
    with pytest.raises(SizeError, match="bounds no error"):
        require_count(large, everything, everything, 1, 1e-9)


def test_large_primes_are_primes_and_differ():
    found = {large_prime(key, trial) for key in ("a", "b", "c") for trial in range(30)}
    assert len(found) == 90
    assert all(2**59 < p < 2**60 and sp.isprime(p) for p in found)
    below = range(2**59 - 2000, 2**59)
    assert [n for n in below if solution_count._is_prime(n)] == list(sp.primerange(below[0], 2**59))


def test_what_one_count_may_take_on_trust_leaves_the_rest_of_the_budget():
    claim = claim_of(DIAGONAL, 2)
    budget, every = claim.context.budget, [0, 1, 2, 3]
    require_count(claim, every, every, 2, 1e-9)
    budget.operations, budget.spent = 2 * budget.spent, 0.0
    trusting = Claim(claim.certificate, replace(claim.context, trusts_degrees=True))
    budget.spent = 0.0
    with pytest.raises(SizeError, match="its share of the budget"):
        require_count(trusting, every, every, 2, 1e-9)
    assert budget.spent <= budget.operations / 4
    budget.spent = 0.0
    require_count(claim, every, every, 2, 1e-9)


DIAGONAL = tc.Allocation(FF([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)})
ROW = tc.Allocation(PAIR, {"recurrent": [[1, 1], [0, 0]]})


def by(way: str) -> dict[str, Any]:
    return {"by": way, "error_bound": 2.0**-24}


@pytest.mark.parametrize("way", ["monodromy", "elimination"])
def test_an_even_degree_is_not_sold_as_odd(way):
    for degree, reason in ((3, "count 2 solutions, not 3"), (1, "2 solutions, not 1 at most")):
        only = block(DIAGONAL, 2, [0, 1, 2, 3], [0, 1, 2, 3], degree, by(way))
        forged = certificate("odd_degree", DIAGONAL, 2, {"blocks": [only]}, 2.0**-24)
        for trust in (False, True):
            result = tc.check(forged, trust_degrees=trust)
            assert not result
            assert reason in result.reason, result.reason


@pytest.mark.parametrize("way", ["monodromy", "elimination"])
def test_an_instance_that_lost_solutions_is_no_witness(way):
    trap = block(CUBIC, 1, [0], [0], 2, by(way), instance=TRAP)
    forged = certificate("witness", CUBIC, 1, {"block": trap}, 2.0**-24)
    for trust in (False, True):
        result = tc.check(forged, trust_degrees=trust)
        assert not result
        assert "3 solutions, not 2 at most" in result.reason, result.reason
