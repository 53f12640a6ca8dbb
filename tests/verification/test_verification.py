"""Property-based verification: what is wrong is found, shrunk, saved and repeated by `compare`."""

import json
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import theorycheck as tc
from theorycheck import strategies
from theorycheck.cli.app import app
from theorycheck.statements import STATEMENTS
from theorycheck.structure.peeling import Deletion, Peeled
from theorycheck.theorems import t03_rows, t04_one_layer
from theorycheck.theorems.base import Finding, Theorem
from theorycheck.theorems.counts import by_degrees
from theorycheck.verdict import Expressivity
from theorycheck.verification import catalogue, conjectures, domains, relu
from theorycheck.verification.base import Case, Inapplicable, Property
from theorycheck.verification.cases import with_seed
from theorycheck.verification.comparison import compare
from theorycheck.verification.laws import monotone, peeled, symmetric, transposed
from theorycheck.verification.measured import exact_ranks, measured_ranks
from theorycheck.verification.predictions import properties_of
from theorycheck.verification.relu_exact import no_pattern_has_full_rank, rational_rank
from theorycheck.verification.run import refute, run_property, verify
from theorycheck.verification.search import search
from theorycheck.verification.transformations import (
    peel_column,
    peel_row,
    permuted,
    transposed_allocation,
    transposed_problem,
)

RANK, MEASURED, DRAWS, OTHERS = range(4)


def columns_for_rows(analysis) -> Finding:
    mask = analysis.allocation.mask(f"W{analysis.network.depth}")
    return by_degrees("T3", "W", mask, 1, analysis.effective_samples)


WRONG_T3 = replace(t03_rows.THEOREM, decide=columns_for_rows)


def found_in(item: Property, examples: int = 400):
    found = search(item, examples, seed=1)
    assert found.case is not None, f"{item.name} found nothing in {found.examples} examples"
    assert found.error is None
    return found


# The search


def numbers(most: int = 1000):
    """Cases of a number of samples."""
    network = tc.LinearFeedforward([1, 1])
    return st.builds(lambda m: Case(tc.Allocation.full(network), m), st.integers(1, most))


def test_search_shrinks_and_counts_until_the_first_failure():
    seen = []

    def too_many(case):
        seen.append(case.samples)
        return f"{case.samples} are too many" if case.samples >= 17 else None

    found = search(Property("T1", "few samples", numbers(), too_many), 500, seed=0)
    assert found.case is not None
    assert (found.case.samples, found.message) == (17, "17 are too many")
    first = next(i for i, m in enumerate(seen, start=1) if m >= 17)
    assert found.examples == found.decided == first


def test_search_counts_what_the_statement_decides():
    def even_only(case):
        if case.samples % 2:
            raise Inapplicable
        return None

    found = search(Property("T1", "even", numbers(), even_only), 200, seed=0)
    assert (found.case, found.examples) == (None, 200)
    assert 50 < found.decided < 150


def test_search_reports_a_check_that_breaks():
    def broken(case):
        raise ZeroDivisionError("oh")

    item = Property("T1", "broken", numbers(), broken)
    assert repr(search(item, 10, seed=0).error) == "ZeroDivisionError('oh')"
    failure = run_property(item, 10, seed=0).failure
    assert failure == "the check broke (ZeroDivisionError: oh)"
    with pytest.raises(ZeroDivisionError):
        refute(item, 10)


def test_search_stops_shrinking_in_time_and_keeps_a_failing_case():
    item = Property("T1", "slow", numbers(10**6), lambda c: "large" if c.samples > 10 else None)
    whole, found = (search(item, 100, seed=0, shrinking=seconds) for seconds in (math.inf, 0.0))
    assert whole.case is not None
    assert whole.case.samples == 11
    assert found.case is not None
    assert found.case.samples > 11  # no time for shrinking: a failing case as it was drawn


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 100))
def test_search_works_within_a_hypothesis_test(seed):
    item = properties_of(WRONG_T3, domains.last_layer)[RANK]
    assert search(item, 100, seed=seed).case is not None


def test_nothing_decided_is_a_failure():
    def never(case):
        raise Inapplicable

    result = run_property(Property("T1", "never", numbers(), never), 30, seed=0)
    assert not result.passed
    assert result.failure == "it decided none of 30 examples"


def test_dear_properties_get_fewer_examples():
    item = Property("T1", "expensive", numbers(), lambda case: None, share=4)
    assert [item.examples_of(n) for n in (10, 100, 1000)] == [10, 40, 250]


# Wrong theorems


@pytest.mark.parametrize("judge", [RANK, MEASURED, DRAWS, OTHERS])
def test_a_planted_wrong_theorem_is_refuted_by_every_judge(judge):
    item = properties_of(WRONG_T3, domains.last_layer)[judge]
    found = found_in(item)
    assert found.case is not None
    assert found.case.allocation.n_learnable <= 2
    assert found.case.allocation.network.n_weights <= 4


def test_a_counterexample_is_reproduced_by_compare(tmp_path):
    found = refute(WRONG_T3, examples=300)
    assert found is not None
    assert found.comparison is not None
    assert found.comparison.outcome == "refuted"
    tc.save(tmp_path / "wrong.json", found.allocation, found.samples)
    allocation, samples = tc.load(tmp_path / "wrong.json")
    again = compare(
        allocation, samples, trials=50, seed=found.seed, verdict=found.comparison.verdict
    )
    assert again.outcome == "refuted"
    assert compare(allocation, samples, trials=50).outcome == "agree"  # the true theorems


def test_maximal_is_refuted_by_draws_where_it_is_intermediate():
    # No rank shows it: an allocation with rank D and a match probability of about 0.9.
    def decide(analysis):
        is_full = analysis.rank.value == analysis.target.value
        kind = Expressivity.MAXIMAL if is_full else Expressivity.MINIMAL
        return Finding("T1", kind, "rank D is enough", "planted")

    wrong = Theorem("T1", lambda analysis: None, decide)
    rank, _, draws, _ = properties_of(wrong, domains.intermediate)
    assert search(rank, 60, seed=1).case is None
    found = found_in(draws, 60)
    assert "the verdict is maximal, but of 60 draws" in found.message


@pytest.mark.long
def test_a_wrong_degree_is_refuted():
    def decide(analysis):
        if analysis.rank.value < analysis.target.value:
            return None
        return Finding("T6", Expressivity.POSITIVE, "as matchings say", "planted", degree=3)

    wrong = Theorem("T6", lambda analysis: None, decide)
    found = found_in(properties_of(wrong, domains.intermediate)[DRAWS], 60)
    assert "the degree is" in found.message


@pytest.mark.parametrize("name", ["spurious rank", "spurious target"])
def test_a_wrong_number_is_refuted(name):
    more = {"spurious rank": {"rank": 0}, "spurious target": {"target_dimension": 0}}[name]

    def decide(analysis):
        return replace(t03_rows.decide(analysis), **more)

    wrong = replace(t03_rows.THEOREM, decide=decide)
    for judge in (RANK, MEASURED):
        assert "0, but the" in found_in(properties_of(wrong, domains.last_layer)[judge]).message


# Wrong laws


def more_samples(case):
    return replace(case, samples=case.samples + 1)


def transposed_always(case):
    if getattr(case.allocation.network, "bias", False):
        return None
    return replace(case, allocation=transposed_allocation(case.allocation))


def peeled_too_early(case):
    """A row with one learnable less than m_e."""
    network, m = case.allocation.network, min(case.samples, case.allocation.network.inputs)
    last = f"W{network.depth}"
    rows = np.flatnonzero(case.allocation.mask(last).sum(axis=1) >= m - 1)
    if not len(rows) or network.outputs == 1:
        return Peeled(case.allocation, case.samples, ())
    masks = dict(case.allocation.masks("learnable"))
    masks[last] = np.delete(masks[last], rows[0], axis=0)
    rest = tc.LinearFeedforward([*network.widths[:-1], network.outputs - 1])
    return Peeled(tc.Allocation(rest, masks), case.samples, (Deletion("row", int(rows[0])),))


def with_one_learnable_frozen(case):
    entries = [(name, i) for name, mask in case.allocation.masks("learnable")
             for i in np.flatnonzero(mask)]  # fmt: skip
    if not entries:
        return None
    masks = {name: mask.copy() for name, mask in case.allocation.masks("learnable")}
    name, place = entries[case.seed % len(entries)]
    masks[name].flat[place] = False
    present = case.allocation.given_present()
    return replace(case, allocation=tc.Allocation(case.allocation.network, masks, present))


WRONG_LAWS = {
    "more samples": monotone("T0", "more samples", more_samples, domains.over_budget),
    "fewer learnables": monotone("T0", "fewer", with_one_learnable_frozen, domains.affine),
    "by draws": monotone(
        "T0", "fewer", with_one_learnable_frozen, domains.affine, judge="matched draws"
    ),
    "by verdicts": monotone("T0", "fewer", with_one_learnable_frozen, judge="verdicts"),
    "transposing": transposed(transposed_always, domains.affine),
    "other learnables": symmetric("T8", "fewer", with_one_learnable_frozen, domains.affine),
    "peeling": peeled(peeled_too_early, domains.last_layer),
}


@pytest.mark.long
@pytest.mark.parametrize("name", WRONG_LAWS)
def test_a_wrong_law_is_refuted(name):
    item = WRONG_LAWS[name]
    found = refute(item, 400)
    assert found is not None
    if name.startswith("by "):
        assert found.comparison is None
    else:
        assert found.comparison is not None
        assert found.comparison.outcome == "refuted"


WRONG_RULES = {
    "rank m is needed": relu.span_law(lambda row: rational_rank(row.free) == len(row.target)),
    "the frozen part is forgotten": relu.span_law(
        lambda row: rational_rank(row.free) == rational_rank([*row.free, row.target])
    ),
    "m units are enough": relu.regular_law(lambda row: len(row.free) >= len(row.target)),
    "one weight more is needed": relu.pattern_law(
        lambda allocation, m, seed: allocation.n_learnable <= m * allocation.network.outputs
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("name", WRONG_RULES)
def test_a_wrong_rule_about_relu_is_refuted(name):
    found_in(WRONG_RULES[name])


# Conjectures


@pytest.mark.long
def test_conjectures_with_weaker_assumptions_are_refuted():
    short = replace(conjectures.LONG_INPUT, steps=lambda d, m: 1)
    found = refute(
        properties_of(conjectures.input_weights(short), lambda: conjectures.input_cases(short)),
        300,
    )
    assert found is not None
    network = found.allocation.network
    assert isinstance(network, tc.LinearRecurrent)
    assert network.steps < max(network.outputs, found.samples)
    assert found.comparison is not None
    assert found.comparison.outcome == "refuted"
    short = replace(conjectures.LONG_RECURRENT, steps=lambda d, m: 2)
    wrong = conjectures.recurrent_weights(short)
    assert refute(properties_of(wrong, lambda: conjectures.recurrent_cases(short)), 300) is not None


def test_a_counterexample_to_a_conjecture_is_news_and_no_failure(monkeypatch):
    wrong = properties_of(replace(WRONG_T3, id="C1"), domains.last_layer)[:1]
    monkeypatch.setitem(catalogue._CATALOGUE, "C1", lambda: wrong)
    catalogue.properties_by_id.cache_clear()
    (result,) = verify(["C1"], examples=100)
    catalogue.properties_by_id.cache_clear()
    assert result.counterexamples
    assert (result.passed, result.failed, result.is_conjecture) == (False, False, True)


# True statements


@pytest.mark.long
@pytest.mark.parametrize("id", STATEMENTS)
def test_the_statements_hold_on_few_examples(id):
    (result,) = verify([id], examples=6 if id in ("T7", "C2") else 15, seed=2)
    assert [item for item in result.properties if item.counterexample] == []
    assert [item for item in result.properties if "broke" in (item.failure or "")] == []
    assert sum(item.decided for item in result.properties) >= 8


@pytest.mark.long
def test_the_ranks_of_both_kinds_agree_with_each_other():
    network = tc.LinearRecurrent(inputs=3, hidden=5, outputs=3, steps=2)
    allocation = tc.Allocation.layer(network, "input")
    assert exact_ranks(allocation, 5, seed=0) == (14, 15)
    assert measured_ranks(allocation, 5, seed=0) == (14, 15)


@pytest.mark.long
def test_the_same_seed_finds_the_same():
    def plain(results):
        found = [result.to_dict() for result in results]
        for each in found:
            each["seconds"] = 0
            for item in each["properties"]:
                item["seconds"] = 0
        return found

    first, again = (plain(verify(["T3", "T8"], examples=15, seed=5)) for _ in range(2))
    assert first == again
    other = plain(verify(["T3", "T8"], examples=15, seed=6))
    assert first != other


@pytest.mark.long
def test_worker_processes_find_the_same_as_one():
    one, two = (
        [(item.name, item.examples, item.decided) for item in verify(["T3"], examples=30,
                                                                     workers=n)[0].properties]
        for n in (1, 2)
    )  # fmt: skip
    assert one == two


def test_bad_arguments_are_refused():
    with pytest.raises(tc.InputError, match="theorem must be one of T0"):
        verify(["T99"])
    with pytest.raises(tc.InputError, match="examples must be an integer"):
        verify(["T3"], examples=0)
    with pytest.raises(tc.InputError, match="seed must be an integer from 0"):
        verify(["T3"], seed=-1)


# Transformations


@settings(max_examples=50)
@given(with_seed(strategies.problems()))
def test_permuting_keeps_the_numbers_of_learnables(case):
    other = permuted(case).allocation
    assert other.counts == case.allocation.counts
    assert other.n_present == case.allocation.n_present


@settings(max_examples=50)
@given(domains.spanning())
def test_transposing_twice_gives_the_same_network(case):
    other = transposed_problem(case)
    assert other is not None
    assert transposed_allocation(other.allocation) == case.allocation


def test_peeling_one_line_takes_the_first_that_has_enough():
    network = tc.LinearFeedforward([3, 3, 2])
    masks = {"W1": [[0, 1, 1], [0, 1, 0], [0, 0, 0]], "W2": [[1, 1, 0], [1, 1, 1]]}
    case = Case(tc.Allocation(network, masks), 3)
    assert peel_row(case).steps == (Deletion("row", 1),)
    assert peel_column(case).steps == (Deletion("column", 1),)
    narrow = Case(tc.Allocation.full(tc.LinearFeedforward([3, 1, 2])), 3)
    assert peel_row(narrow).steps == (Deletion("row", 0),)
    assert peel_column(narrow).steps == (Deletion("column", 0),)
    last = Case(tc.Allocation.full(tc.LinearFeedforward([2, 1, 1])), 2)
    first = Case(tc.Allocation.full(tc.LinearFeedforward([1, 1, 2])), 1)
    assert peel_row(last).steps == peel_column(first).steps == ()


@pytest.mark.parametrize(
    ("learnable", "minimal"),
    [
        ({"W2": [[1, 0]]}, True),
        ({"W2": [[1, 1]]}, False),
        ({"W1": [[1], [1]]}, False),
        ({"W1": [[1], [0]], "W2": [[1, 0]]}, True),
        ({"W1": [[1], [0]], "W2": [[0, 1]]}, False),
    ],
)
def test_patterns_of_a_network_with_two_units(learnable, minimal):
    # One input: a unit is on or off on each sample, so two samples need two units.
    allocation = tc.Allocation(tc.ShallowReLU([1, 2, 1]), learnable)
    assert no_pattern_has_full_rank(allocation, 2, seed=0) == minimal


def test_a_relu_network_without_learnables_can_be_measured():
    nothing = tc.Allocation.none(tc.ShallowReLU([1, 1, 1]))
    estimate = tc.measure(nothing, 1, trials=50)
    assert 0 < estimate.matches < 50  # where teacher and student are both dead


# The command


def test_the_command_prints_a_table_and_succeeds():
    run = CliRunner().invoke(app, ["verify", "t3", "C1", "--examples", "40", "--workers", "1"])
    assert run.exit_code == 0, run.output
    lines = run.stdout.splitlines()
    assert lines[0].split() == ["id", "property", "examples", "decided", "seconds", "result"]
    assert sum(line.split()[-1:] == ["holds"] for line in lines) == 8
    assert lines[-1] == "8 properties, 320 examples: no counterexample"


def test_the_command_prints_json():
    arguments = ["verify", "T3", "T8", "--examples", "20", "--workers", "1", "--json"]
    run = CliRunner().invoke(app, arguments)
    one, two = map(json.loads, run.stdout.splitlines())
    assert (one["theorem"], two["theorem"], one["passed"]) == ("T3", "T8", True)
    assert one["examples"] == sum(item["examples"] for item in one["properties"]) == 80
    assert {"property", "examples", "decided", "passed", "seconds"} <= one["properties"][0].keys()


@pytest.fixture
def wrong_t3(monkeypatch):
    """T3 is wrong, in the catalogue and among the registered theorems."""
    properties = properties_of(WRONG_T3, domains.last_layer)[:1]
    monkeypatch.setitem(catalogue._CATALOGUE, "T3", lambda: properties)
    catalogue.properties_by_id.cache_clear()
    yield
    catalogue.properties_by_id.cache_clear()


def test_a_wrong_theorem_fails_the_command_and_is_saved(wrong_t3, tmp_path):
    arguments = ["verify", "T3", "--examples", "200", "--workers", "1", "--out", str(tmp_path)]
    run = CliRunner().invoke(app, arguments)
    assert run.exit_code == 1, run.output
    file = tmp_path / "counterexample-T3.json"
    allocation, samples = tc.load(file)
    assert strategies.describe(allocation, samples).splitlines()[1].strip() in run.stdout
    assert f"theorycheck compare {file} --trials=200 --seed=" in run.stdout
    assert "REFUTED: the verdict is" in run.stdout
    assert run.stdout.splitlines()[-1].endswith("T3 failed")
    # The theorems as they are know better than the planted one.
    command = next(line for line in run.stdout.splitlines() if "theorycheck compare" in line)
    again = CliRunner().invoke(app, command.split()[2:])
    assert again.exit_code == 0
    assert "AGREE" in again.stdout


def test_a_wrong_theorem_in_json_names_its_file(wrong_t3, tmp_path):
    out = tmp_path / "new" / "folder"
    arguments = ["verify", "T3", "--examples", "200", "--workers", "1", "--json", "--out", str(out)]
    run = CliRunner().invoke(app, arguments)
    data = json.loads(run.stdout)
    assert (run.exit_code, data["passed"]) == (1, False)
    assert data["files"] == [str(out / "counterexample-T3.json")]
    found = data["properties"][0]["counterexample"]
    assert found["allocation"] == json.loads((out / "counterexample-T3.json").read_text())
    assert found["comparison"]["outcome"] == "refuted"


def test_news_about_a_conjecture_exits_with_0(monkeypatch, tmp_path):
    wrong = properties_of(replace(WRONG_T3, id="C1"), domains.last_layer)[:1]
    monkeypatch.setitem(catalogue._CATALOGUE, "C1", lambda: wrong)
    catalogue.properties_by_id.cache_clear()
    arguments = ["verify", "C1", "--examples", "100", "--workers", "1", "--out", str(tmp_path)]
    run = CliRunner().invoke(app, arguments)
    catalogue.properties_by_id.cache_clear()
    assert run.exit_code == 0, run.output
    assert "NEWS" in run.stdout
    assert (tmp_path / "counterexample-C1.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["T99"], "theorem must be one of"),
        (["--examples", "0"], "it must be an integer from 1, not '0'"),
        (["T3", "--seed", "x"], "must be an integer from 0, not 'x'"),
    ],
)
def test_bad_usage_is_one_line_and_exit_status_2(arguments, message, tmp_path):
    command = [sys.executable, "-m", "theorycheck", "verify", *arguments]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert run.returncode == 2
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1
    assert message in run.stderr


def test_a_folder_that_cannot_be_written_is_bad_usage(wrong_t3, tmp_path):
    (tmp_path / "file").write_text("")
    arguments = ["verify", "T3", "--examples", "200", "--workers", "1"]
    run = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "file" / "folder")])
    assert run.exit_code == 2
    assert "cannot be written" in run.stderr


def test_the_command_leaves_nothing_behind(tmp_path):
    command = [sys.executable, "-m", "theorycheck", "verify", "T3", "--examples", "5"]
    subprocess.run([*command, "--workers", "1"], cwd=tmp_path, check=True, capture_output=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_wrong_t4_shrinks_to_a_small_layer():
    def cycles_are_forests(analysis):
        finding = t04_one_layer.decide(analysis)
        if finding is not None and finding.kind == "cycle":
            return replace(finding, expressivity=Expressivity.MAXIMAL)
        return finding

    found = refute(replace(t04_one_layer.THEOREM, decide=cycles_are_forests), 1000)
    assert found is not None
    assert found.allocation.network.n_weights <= 16
