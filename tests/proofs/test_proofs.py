"""The proofs hold, can fail, and say what the statements say."""

import json
import re
import sys
from pathlib import Path

import pytest

import theorycheck as tc
from theorycheck.cli.app import main
from theorycheck.proofs import registry
from theorycheck.proofs.base import ProofStep, run_step
from theorycheck.statements import STATEMENTS
from theorycheck.theorems.registry import THEOREMS

FOLDER = Path(tc.__file__).parent / "proofs"


@pytest.mark.long
@pytest.mark.parametrize("id", STATEMENTS)
def test_every_step_holds_and_rejects_its_false_variants(id):
    (proof,) = tc.prove([id])
    assert [step.failure for step in proof.steps if step.failure] == []
    assert proof.passed
    assert all(step.cases and step.false_variants for step in proof.steps)


def below(limit):
    return lambda claim: (None if claim(n) else f"n = {n}" for n in range(limit))


def failure(check, claim, false):
    return run_step("T0", ProofStep("a step", check, claim, false)).failure


def test_a_step_fails_by_a_counterexample_a_passing_false_variant_or_no_case():
    false = {"never": lambda n: False}
    assert failure(below(5), lambda n: n < 9, false) == ""
    assert failure(below(5), lambda n: n < 3, false) == "counterexample: n = 3"
    assert failure(below(0), lambda n: n < 9, false) == "no case was checked"
    assert failure(below(5), lambda n: n < 9, {}) == "there is no false variant that it rejects"
    passing = {**false, "larger": lambda n: n < 8}
    assert failure(below(5), lambda n: n < 9, passing) == "the false variant passes: larger"


def planted(monkeypatch, check):
    step = ProofStep("planted", check, lambda n: n < 3, {"never": lambda n: False})
    monkeypatch.setattr("theorycheck.proofs.run.steps_of", lambda id: (step,))


def test_a_broken_step_fails_and_leaves_the_others_alone(monkeypatch):
    def broken(claim):
        raise ZeroDivisionError("planted")
        yield

    planted(monkeypatch, broken)
    results = tc.prove(["T1", "T2"])
    assert [proof.passed for proof in results] == [False, False]
    assert results[0].steps[0].failure == "broken (ZeroDivisionError: planted)"


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["theorycheck", "prove", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    return stop.value.code


def test_prove_exits_with_1_and_shows_the_counterexample_if_a_step_fails(monkeypatch, capsys):
    planted(monkeypatch, below(5))
    assert run(monkeypatch, "T1", "--workers", "1") == 1
    assert "T1: planted: counterexample: n = 3" in capsys.readouterr().out
    assert run(monkeypatch, "T1", "--workers", "1", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["theorem"], found["passed"]) == ("T1", False)


@pytest.mark.long
def test_prove_works_on_several_processes(monkeypatch, capsys):
    assert run(monkeypatch, "t3", "T3", "--workers", "2", "--json") == 0
    (line,) = capsys.readouterr().out.splitlines()
    steps = json.loads(line)["steps"]
    assert [step["title"] for step in steps] == [step.title for step in registry.steps_of("T3")]


def test_prove_refuses_unknown_ids(monkeypatch, capsys):
    assert run(monkeypatch, "T3", "T99") == 2
    assert "theorem must be one of T0, T1," in capsys.readouterr().err


def normalised(text):
    return " ".join(text.split())


@pytest.mark.parametrize("id", STATEMENTS)
def test_a_proof_in_words_says_what_the_statement_says(id):
    text, statement = registry.text_of(id), STATEMENTS[id]
    assert text.startswith(f"# {id} {statement.name}\n")
    label = "Conjecture" if statement.is_conjecture else "Statement"
    assert normalised(f"**{label}.** {statement.text}") in normalised(text)
    argument = "Evidence" if statement.is_conjecture else "Proof"
    for part in ("Assumptions", argument, "Source"):
        assert f"**{part}.**" in text
    assert text.count("$") % 2 == 0


def test_ids_agree_across_statements_proofs_theorems_and_tests():
    files = {path.stem for path in FOLDER.glob("[tc][0-9]*.py")}
    assert files == set(registry.MODULES.values())
    assert list(registry.MODULES) == list(STATEMENTS)
    for id, module in registry.MODULES.items():
        assert (id[0].lower(), int(id[1:])) == (module[0], int(module[1:3]))
    assert {theorem.id for theorem in THEOREMS} < STATEMENTS.keys()
    assert not any(STATEMENTS[theorem.id].is_conjecture for theorem in THEOREMS)
    for theorem in THEOREMS:
        home = theorem.decide.__module__.rpartition(".")[2]
        assert home == registry.MODULES[theorem.id]
    tests = "".join(path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py"))
    for id in STATEMENTS:
        assert re.search(rf"\b(test_{id.lower()}_|{id}\b)", tests)


def test_the_index_is_up_to_date():
    # python -m theorycheck.proofs.registry > theorycheck/proofs/README.md
    assert (FOLDER / "README.md").read_text() == registry.index()
