"""Certificates of every kind on small networks, found anew from the problems in `known/`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import theorycheck as tc
from theorycheck.problem.files import problem_from_dict
from theorycheck.theorems.registry import THEOREMS

from .leaf_changes import Data

PROBLEMS = Path(__file__).with_name("problems.json")
EFFORT = tc.Effort(seconds=60, degree=8, unknowns=6, instances=60, bases=2)


@cache
def corpus() -> dict[str, list[Data]]:
    """Kind -> certificates as JSON; `theorem` of a problem is the one that is asked, else all."""
    found: dict[str, list[Data]] = {}
    for entry in json.loads(PROBLEMS.read_text()):
        allocation, samples = problem_from_dict(entry["problem"])
        asked = [one for one in THEOREMS if entry.get("theorem") in (None, one.id)]
        verdict = tc.classify(
            allocation, samples, inputs=entry.get("inputs"), theorems=asked, effort=EFFORT
        )
        assert verdict.certificate is not None
        data = json.loads(json.dumps(verdict.certificate.to_dict()))
        found.setdefault(data["kind"], []).append(data)
    return found
