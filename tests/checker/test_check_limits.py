"""A check never raises, and a small certificate takes neither long nor much memory."""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theorycheck as tc
from tests.checker.test_certificates import EXAMPLES, certificate_of, redigested
from tests.checker.test_forgeries import certificate
from tests.checker.test_parametrised_certificates import PARAMETRISED, parametrised_certificate
from theorycheck.certificate_kinds import KINDS
from theorycheck.certificates import Certificate, digest
from theorycheck.checker.budget import Budget
from theorycheck.checker.claim import Claim
from theorycheck.checker.context import Context, n_trials
from theorycheck.checker.points import entries_at
from theorycheck.checker.solution_ideal import count_solutions
from theorycheck.checker.solution_polynomials import Ring
from theorycheck.errors import CertificateError, SizeError

pytestmark = pytest.mark.long

LOWER = {"target_lower": {"by": "closed form"}}
MINOR = {"rows": [0], "columns": [0]}
BY_MINOR = {"target_lower": {"by": "minor", "minor": MINOR}}
NO_COVER = {"equations": [], "learnables": [], **LOWER}
FULL = {"minor": MINOR, "target_upper": {"by": "equations"}}


def ff(*widths: int) -> dict[str, Any]:
    return {"kind": "linear_feedforward", "widths": list(widths)}


def relu(*widths: int) -> dict[str, Any]:
    return {"kind": "shallow_relu", "widths": list(widths)}


def rnn(steps: int, hidden: int = 1, readout: str = "final") -> dict[str, Any]:
    sizes = {"inputs": 1, "hidden": hidden, "outputs": 1}
    return {"kind": "linear_recurrent", **sizes, "steps": steps, "readout": readout}


def problem(network: dict[str, Any], samples: int = 1, **learnable: Any) -> dict[str, Any]:
    return {"network": network, "samples": samples, "learnable": learnable}


def ones(p: int, q: int) -> dict[str, Any]:
    bits = np.packbits(np.ones(p * q, dtype=bool)).tobytes()
    return {"shape": [p, q], "packed": base64.b64encode(zlib.compress(bits)).decode()}


def claims(**numbers: Any) -> dict[str, Any]:
    return {"rank": None, "target_dimension": 1, **numbers}


def degree_of(by: dict[str, Any], **more: Any) -> dict[str, Any]:
    block = {"equations": [0], "unknowns": [0], "degree": 3, "degree_by": by}
    block |= {"instance": None, "solutions": None, **more}
    return {"blocks": [block], **FULL}


BOTH = {"rank": 1, "target_dimension": 1}
NO_NUMBERS = {"rank": None, "target_dimension": None}
GRADED = {"fitted": [], "growing": [0], "zero": [], "solved": [[0]], "columns": [0]}
UNIVARIATE = {"by": "univariate", "unknown": 0, "error_bound": 1e-8}
BIG = problem(ff(30000, 30000), 30000)
STEPS = problem(rnn(10**9), recurrent=[[1]])
EVERY_STEP = problem(rnn(10**7, readout="all"), recurrent=[[1]])
MANY = problem(relu(9, 8, 1), 2, W2=[[1] * 8])
HUGE: dict[str, tuple[str, dict[str, Any], Any, dict[str, Any]]] = {
    "a minor of 900 million weights": (
        "count", BIG, BY_MINOR, claims()
    ),
    "a rank of 250,000 equations": (
        "deficient_rank",
        problem(ff(500, 500), 500, W1=ones(500, 500)),
        LOWER,
        claims(rank=3, target_dimension=250_000, error_bound=1e-9),
    ),
    "a rank of 2,500 equations": (
        "deficient_rank",
        problem(ff(50, 60, 50), 50, W1=ones(60, 50)),
        LOWER,
        claims(rank=3, target_dimension=2500, error_bound=1e-300),
    ),
    "a packed mask": ("full", problem(ff(2**14, 2**14), W1=ones(2**14, 1)), {}, {}),
    "hidden units": ("relu_point", problem(relu(1, 2**30, 1)), {"point": {}}, BOTH),
    "samples": ("relu_point", problem(relu(1, 1, 1), 2**30), {"point": {}}, BOTH),
    "steps, count": ("count", problem(rnn(10**9)), BY_MINOR, claims()),
    "steps, cover": ("structural_cover", STEPS, NO_COVER, claims()),
    "steps, rank": ("deficient_rank", STEPS, LOWER, claims(rank=0, error_bound=1e-9)),
    "steps, full rank": ("full_rank", STEPS, FULL, BOTH),
    "steps, affine": ("affine_full_rank", STEPS, FULL, BOTH),
    "steps, bezout": ("odd_degree", STEPS, degree_of({"by": "bezout", "groups": [[0]]}), BOTH),
    "steps, univariate": (
        "odd_degree", STEPS, degree_of(UNIVARIATE), {**BOTH, "error_bound": 1e-8}
    ),
    "steps, graded": ("graded_plan", STEPS, GRADED, NO_NUMBERS),
    "every step, graded": ("graded_plan", EVERY_STEP, GRADED, NO_NUMBERS),
    "100,000 equations, graded": (
        "graded_plan", problem(rnn(10**5, readout="all"), recurrent=[[1]]), GRADED, NO_NUMBERS
    ),
    "5,000 samples, graded": (
        "graded_plan", problem(rnn(5000), 5000, recurrent=[[1]]), GRADED, NO_NUMBERS
    ),
    "every step, minor": ("full_rank", EVERY_STEP, FULL, BOTH),
    "every step, cover": ("structural_cover", EVERY_STEP, NO_COVER, claims()),
    "patterns": ("relu_patterns", problem(relu(1, 2, 1), 71, W2=[[1, 1]]),
                 {"patterns": 3, "regular": {}},
                 claims(rank=0, target_dimension=71, error_bound=1e-9)),
    "patterns of many samples": ("relu_patterns", problem(relu(1, 1, 1), 65535, W2=[[1]]),
                                 {"patterns": 65536, "regular": {}},
                                 claims(rank=0, target_dimension=65535, error_bound=1e-9)),
    "32,896 patterns, 40 trials": ("relu_patterns", MANY, {"patterns": 32896, "regular": {}},
                                   claims(rank=1, target_dimension=2, error_bound=1e-200)),
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_a_small_certificate_is_refused_before_anything_large_is_made(name):
    kind, about, evidence, claim = HUGE[name]
    learnable = {"learnable": 1 if about["learnable"] else 0}
    if "W1" in about["learnable"]:
        learnable = {"learnable": int(np.prod(about["network"]["widths"][:2]))}
    if "W2" in about["learnable"]:
        learnable = {"learnable": len(about["learnable"]["W2"][0])}
    try:
        data = certificate(kind, about, evidence, **{**claim, **learnable})
    except ValueError:  # what the problem is, is not read where its masks do not fit
        return
    assert len(json.dumps(data)) < 2000
    tracemalloc.start()
    result = tc.check(data, seconds=5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not result
    assert peak < 2**30
    assert len(result.reason) < 500
    assert "\n" not in result.reason


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {
        "kind": "full", "theorem": "T0", "expressivity": "maximal", "learnable": 1, "rank": None,
        "target_dimension": None, "error_bound": 0, "evidence": {},
    }  # fmt: skip
    for _ in range(depth):
        evidence = {"learnable": {"W1": [[1]]}, "certificate": inner}
        inner = {**inner, "kind": "sub_allocation", "evidence": evidence}
    data = {**inner, "version": 2, "problem": problem(ff(1, 1), W1=[[1]])}
    return {**data, "digest": digest(data)}


def test_four_certificates_in_one_another_and_no_more():
    assert tc.check(nested(3))
    assert "more than 4 certificates" in tc.check(nested(4)).reason
    assert "nested more than 40 levels" in tc.check(nested(100)).reason
    assert "nested more than 40 levels" in tc.check(nested(330)).reason


def test_lists_that_hold_the_same_lists_are_not_written_out():
    many: Any = [0] * 10
    for _ in range(30):
        many = [many] * 10
    assert "lists in one another" in tc.check({"kind": many}).reason
    endless: list[Any] = []
    endless.append(endless)
    assert "nested more than 40 levels" in tc.check({"kind": endless}).reason


def sealed(data: dict[str, Any]) -> dict[str, Any]:
    """With a digest that fits, if it can have one."""
    with contextlib.suppress(TypeError, ValueError):
        return redigested({**data})
    return data


STRANGE = [
    10**5000, -1, 2**64, 1.5, float("nan"), float("inf"), -float("inf"), 1e308, True, None, "1", "",
    [], {}, [[]], b"x", {1: 2}, {1, 2}, object(), 1j, np.int64(1), np.array([1]), "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_nothing_strange_in_any_place_raises(kind):
    is_parametrised = KINDS[kind].parametrised
    examples = PARAMETRISED if is_parametrised else EXAMPLES
    name = next(name for name in reversed(examples) if name.split()[0] == kind)
    made = parametrised_certificate if is_parametrised else certificate_of
    data = made(name).to_dict()
    assert data["kind"] == kind
    for key in data:
        for value in STRANGE:
            changed = {**data, key: value}
            result = tc.check(changed if key == "digest" else sealed(changed))
            assert not result or data[key] in (value, None)
    for key in data["evidence"]:
        for value in STRANGE:
            changed = {**data, "evidence": {**data["evidence"], key: value}}
            assert isinstance(tc.check(sealed(changed)).reason, str)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.sampled_from(sorted(EXAMPLES)), st.data())
def test_random_evidence_never_raises(name, data):
    found = certificate_of(name).to_dict()
    key = data.draw(st.sampled_from(["problem", "evidence", *found["evidence"]]))
    value = data.draw(json_values)
    changed = {**found, key: value} if key in found else found
    if key in found["evidence"]:
        changed = {**found, "evidence": {**found["evidence"], key: value}}
    assert isinstance(tc.check(sealed(changed)).reason, str)


def test_what_is_too_long_is_given_up_and_said():
    data = certificate_of("deficient_rank").to_dict()
    result = tc.check(data, seconds=1e-5)
    assert not result
    assert result.is_limited
    assert "--seconds" in result.reason
    assert tc.check(data, seconds=5)
    result = tc.check(data, memory_limit=10)
    assert result.is_limited
    assert "--memory-limit" in result.reason
    assert not tc.check({**data, "digest": "0"}).is_limited


def test_a_budget_is_the_same_on_every_machine_until_the_time_is_over():
    budget = Budget.of(100, seconds=3600)
    budget.charge(3.5e12, "much")
    with pytest.raises(SizeError, match="more than are left"):
        budget.charge(0.2e12, "more")
    budget.ends = 0.0  # long ago
    with pytest.raises(SizeError, match="not done within 3600 s"):
        budget.charge(1, "one more")


@pytest.mark.parametrize(
    "wrong",
    [{"seed": -1}, {"seed": True}, {"seed": "0"}, {"error_bound": 0}, {"error_bound": 1},
     {"error_bound": True}, {"seconds": 0}, {"seconds": float("nan")}, {"memory_limit": -1}],
)  # fmt: skip
def test_other_arguments_out_of_range_are_refused(wrong):
    with pytest.raises(tc.InputError, match=next(iter(wrong))):
        tc.check(certificate_of("full"), **wrong)


def test_the_largest_error_that_is_accepted():
    rank, degree = certificate_of("deficient_rank"), certificate_of("witness recurrent")
    assert 0 < rank.error_bound < 1e-9 < degree.error_bound < 1e-6
    assert tc.check(rank)
    assert tc.check(degree)
    for found, less in ((rank, 1e-11), (degree, 1e-9)):
        result = tc.check(found, error_bound=less)
        assert f"{less:g}" in result.reason
        assert "--error-bound" in result.reason
    large = tc.classify(*EXAMPLES["deficient_rank"][:2], error_bound=1e-3).certificate
    assert large is not None
    assert large.error_bound > 1e-9
    assert "--error-bound" in tc.check(large).reason
    result = tc.check(large, error_bound=1e-3)
    assert result
    assert result.error_bound <= large.error_bound * (1 + 1e-6)


def test_no_more_trials_than_64_and_none_that_bound_nothing():
    assert [n_trials(1e-5, bound) for bound in (1e-5, 0.9e-5, 1e-10, 1e-300)] == [1, 2, 2, 60]
    assert n_trials(1e-5, 1e-10, times=100) == 3
    with pytest.raises(CertificateError, match="64 trials do not reach"):
        n_trials(1e-4, 1e-300)
    with pytest.raises(CertificateError, match="bounds no error"):
        n_trials(1.0, 1e-3)
    least = certificate_of("deficient_rank").to_dict()
    result = tc.check(redigested({**least, "error_bound": 1e-300}))
    assert result, result.reason
    assert 0 < result.error_bound < 1.1e-300


def test_free_text_allows_no_more_work():
    kind, about, evidence, claim = HUGE["a rank of 2,500 equations"]
    data = certificate(kind, about, evidence, **{**claim, "learnable": 3000, "error_bound": 1e-9})
    reason = tc.check(data).reason
    assert "more than are left of" in reason
    longer = {**data, "problem": {**about, "comment": "x" * 10**6}}
    assert tc.check(redigested(longer)).reason[:60] == reason[:60]


@pytest.mark.parametrize("entry", [True, 1.0, "1", None, [1], 2, -1])
def test_masks_hold_integers_0_and_1(entry):
    for name in ("degree_count", "sub_allocation"):
        data = copy.deepcopy(certificate_of(name).to_dict())
        inside = data["evidence"] if name == "sub_allocation" else data["problem"]
        mask = next(iter(inside["learnable"].values()))
        mask[0] = [*mask[0][:-1], entry] if isinstance(mask[0], list) else entry
        result = tc.check(redigested(data))
        assert not result
        assert "malformed" not in result.reason


def test_a_conflict_has_its_keys_only():
    data = copy.deepcopy(certificate_of("full_rank").to_dict())
    data["evidence"]["conflict"]["more"] = 1
    assert "a conflict has" in tc.check(redigested(data)).reason


DEEP = problem(ff(*[1] * 20_000), 1)
GIVEN = {"inputs": [[1, 0], [0, 1], [1, 1]], "basis": [0, 1]}
ONE_INPUT = {"inputs": [[1, 0], [2, 0], [3, 0]], "basis": [0]}


@pytest.mark.parametrize(
    ("about", "given_"),
    [
        (problem(ff(2, 10**9, 300, 30), 3), GIVEN),
        (problem(ff(2, 10**9, 300, 30), 3), ONE_INPUT),
        (problem({**ff(2, 2**30), "bias": True}, 3), ONE_INPUT),
        (DEEP, {}),
        (problem(ff(*[1] * 1000, 1000), 1), {}),
    ],
    ids=["given", "given zeros", "given, biases", "deep", "deep and narrow"],
)
def test_networks_are_not_made_before_their_size_is_asked_for(about, given_):
    for kind, evidence in (("affine_full_rank", FULL), ("full", {})):
        states = BOTH if kind == "affine_full_rank" else {}
        data = certificate(kind, about, evidence, **states, learnable=0)
        data["problem"] = {**about, **given_}
        tracemalloc.start()
        result = tc.check(redigested(data), seconds=0.5)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert not result
        assert peak < 2**29


def test_the_same_seed_repeats_a_check_and_no_seed_draws_anew(monkeypatch):
    from theorycheck.checker import plain

    primes: list[int] = []
    draw = plain.prime_of
    monkeypatch.setattr(
        plain, "prime_of", lambda *given_: primes.append(draw(*given_)) or primes[-1]
    )
    found = certificate_of("deficient_rank")
    met = []
    for seed in (3, 3, 4, None, None):
        primes.clear()
        assert tc.check(found, seed=seed)
        met.append(tuple(primes))
    assert met[0] == met[1]
    assert len(set(met)) == 4


def test_the_command_has_the_same_options(tmp_path, monkeypatch, capsys):
    from theorycheck.certificates import save_certificates
    from theorycheck.cli import app as cli

    file = tmp_path / "rank.json"
    save_certificates(file, [certificate_of("deficient_rank")])
    for options, status, text in (
        ("--seed 7", 0, "verified  MINIMAL by T1 (deficient_rank)"),
        ("--error-bound 1e-12", 1, "WRONG  the claim may be wrong with probability"),
        ("--seconds 0.00001", 1, "NOT CHECKED  "),
        ("--memory-limit 1e-9", 1, "NOT CHECKED  "),
        ("--json --seconds 0.00001", 1, '"is_limited": true'),
        ("--seconds 0", 2, "--seconds"),
        ("--seed x", 2, "must be an integer from 0"),
    ):
        monkeypatch.setattr("sys.argv", ["theorycheck", "check", str(file), *options.split()])
        with pytest.raises(SystemExit) as leaving:
            cli.main()
        assert (leaving.value.code or 0) == status, options
        written = capsys.readouterr()
        assert text in written.out + written.err


def wide_behind_one_unit(width: int) -> dict[str, Any]:
    """31-10-10-1-width-1: 231 monomials reach the wide layer, a matrix of width x 30 for each."""
    first = [[int(column < 20 and column % 10 == row) for column in range(31)] for row in range(10)]
    numbers = list(range(30))
    block = {"equations": numbers, "unknowns": numbers, "degree": 1, "instance": None}
    block |= {"solutions": None, "degree_by": {"by": "elimination", "error_bound": 1e-7}}
    evidence = {"blocks": [block], "minor": {"rows": numbers, "columns": numbers}}
    evidence["target_upper"] = {"by": "equations"}  # type: ignore[assignment]
    about = problem(ff(31, 10, 10, 1, width, 1), 30, W1=first, W3=[[1] * 10])
    both = {"rank": 30, "target_dimension": 30}
    return certificate("odd_degree", about, evidence, **both, error_bound=1e-7)


def test_matrices_of_polynomials_are_foreseen():
    assert tc.check(wide_behind_one_unit(10))
    result = tc.check(wide_behind_one_unit(20_000), memory_limit=3e8)
    assert result.is_limited
    assert "the equations needs about" in result.reason


def test_multiples_of_polynomials_are_foreseen():
    n, rows = 20, []
    ring = Ring(n)
    for i, x in enumerate(ring.variables):
        rows.append({x + y: i + j + 1 for j, y in enumerate(ring.variables)} | {0: 1})
    held: list[float] = []
    tracemalloc.start()
    with pytest.raises(SizeError):
        count_solutions(rows, n, 1009, lambda _, n_bytes: _below(held, n_bytes, 2**22))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**23


def _below(held: list[float], n_bytes: float, most: float) -> None:
    held.append(n_bytes)
    if n_bytes > most:
        raise SizeError("too large")


@pytest.mark.parametrize("n_inputs", [1, 50])
def test_the_lists_of_a_mask_and_of_a_point_are_no_larger_than_foreseen(n_inputs, monkeypatch):
    about = problem(ff(n_inputs, 100_000 // n_inputs, 1))
    data = certificate("count", about, BY_MINOR, **claims())
    fields = {key: value for key, value in data.items() if key not in ("version", "digest")}
    claim = Claim(Certificate(**fields), Context.of("", Budget.of(10**6), 1))
    for make in (lambda: claim.rows("W1", "present"), lambda: entries_at(claim, 0)):
        held: list[float] = []
        monkeypatch.setattr(claim.context.budget, "hold", lambda size, _, h=held: h.append(size))
        tracemalloc.start()
        made = make()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert made
        assert peak < 1.1 * max(held)


@pytest.mark.parametrize("text", ["\x1b[2Jverified", "\ud800", "W1\u202e", "long " * 1000])
def test_what_a_reason_quotes_is_printable_and_short(text):
    path = {"path": [[text, 0, 0]] * 2, "learnable": [0, 1]}
    about = problem(ff(1, 1), W1=[[1]])
    for kind, evidence, numbers in (
        ("full_rank", {**FULL, "conflict": path}, BOTH),
        ("bottleneck", {"place": text, "width": 1, "needed": 2}, {}),
    ):
        result = tc.check(certificate(kind, about, evidence, **numbers))
        assert not result
        assert result.reason.isprintable()
        assert len(result.reason) < 1100


def test_powers_of_an_unknown_need_no_recursion():
    x, y = Ring(2).variables
    put_in = [{x: 1, 0: 1}, {1200 * x: 1, y: 1}]
    assert count_solutions(put_in, 2, 1009, lambda *_: None) == 1
    (z,) = Ring(1).variables
    assert count_solutions([{1100 * z: 1, 0: 5}], 1, 1009, lambda *_: None) == 1100
