"""What is recorded of a problem: the verdict on it always, and on some what costs more."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import theorycheck as tc

from .networks import Asked, generator
from .plain import markup, plain

# Limits of work alone: what the tool says must not depend on how fast the machine is.
NONE = tc.Effort(seconds=math.inf, degree=0)
SMALL = tc.Effort(math.inf, degree=6, unknowns=4, instances=30, bases=1, paths=600)
SOME = tc.Effort(math.inf, degree=8, unknowns=5, instances=30, bases=2, paths=800)
_SEED = 5  # of checks
_FEW_WEIGHTS = 40
_FEW_SOLUTIONS = 8


def attempted(ask: Callable[[], Any]) -> Any:
    """The answer as plain JSON, or the error, which is an answer too."""
    try:
        return plain(ask())
    except tc.TheorycheckError as error:
        return {"error": type(error).__name__, "message": plain(str(error))}


def answers(name: str, asked: Asked, is_large: bool = False) -> dict[str, Any]:
    """Everything that is recorded of a problem; draws from its name say what is asked."""
    rng = generator(f"questions of {name}")
    effort = NONE if is_large else (NONE, SMALL, SMALL, SMALL, SOME)[int(rng.integers(5))]
    allocation, samples, inputs = asked
    options: dict[str, Any] = {"inputs": inputs, "effort": effort}
    if rng.random() < 0.2:
        options |= {"cross_check": True, "seed": int(rng.integers(100))}
    if inputs is None and not is_large and rng.random() < 0.25:
        options["diagnose"] = True
    if rng.random() < 0.1:
        options["error_bound"] = 1e-4
    found: dict[str, Any] = {
        "problem": None if is_large else _written(asked),
        "inputs": None if inputs is None else plain(np.asarray(inputs).tolist()),
        "options": {key: str(value) for key, value in options.items() if key != "inputs"},
    }
    try:
        verdict = tc.classify(allocation, samples, **options)
    except tc.TheorycheckError as error:
        return {**found, "error": type(error).__name__, "message": plain(str(error))}
    found["verdict"] = plain(verdict.to_dict())
    found["words"] = plain(str(verdict))
    if verdict.certificate is not None:
        found["check"] = checked(verdict.certificate)
    if is_large:
        return found
    if verdict.certificate is not None and rng.random() < 0.3:
        found["forged"] = _forgeries(verdict.certificate)
    return found | _more(asked, verdict, effort, rng)


def _written(asked: Asked) -> Any:
    """The allocation file as it is written; the one that is read again is the same."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "problem.json"
        tc.save(file, asked.allocation, asked.samples)
        again = tc.load(file)
        assert again.allocation == asked.allocation
        assert again.samples == asked.samples
        return plain(json.loads(file.read_text(encoding="utf-8")))


def checked(certificate: Any) -> Any:
    """Whether a certificate is accepted, and why not."""
    result = tc.check(certificate, seed=_SEED)
    given = ("valid", "reason", "kind", "theorem", "expressivity", "error_bound", "is_limited")
    values = {key: getattr(result, key) for key in given}
    return plain({**values, "given": list(result.given), "words": str(result)})


def _forgeries(certificate: tc.Certificate) -> dict[str, Any]:
    """What the checker says of wrong claims with the same evidence, and of less evidence."""
    other = "maximal" if certificate.expressivity == "minimal" else "minimal"
    problem = {**certificate.problem, "samples": certificate.problem["samples"] + 1}
    keys = list(certificate.evidence)
    wrong = {
        "expressivity": replace(certificate, expressivity=other),
        "learnable": replace(certificate, learnable=certificate.learnable + 1),
        "samples": replace(certificate, problem=problem),
        "rank": replace(certificate, rank=(certificate.rank or 0) + 1),
        "theorem": replace(certificate, theorem="T9" if certificate.theorem != "T9" else "T3"),
    }
    for key in keys:
        rest = {name: value for name, value in certificate.evidence.items() if name != key}
        wrong[f"without {key}"] = replace(certificate, evidence=rest)
    return {name: checked(each)["reason"] for name, each in wrong.items()}


def _more(
    asked: Asked, verdict: tc.Verdict, effort: tc.Effort, rng: np.random.Generator
) -> dict[str, Any]:
    """The answers that are asked for on a part of the problems."""
    allocation, samples, inputs = asked
    found: dict[str, Any] = {}
    asks_explain, asks_others, asks_picture = rng.random(3) < (0.34, 0.12, 0.1)
    if asks_explain and inputs is None:
        found["explain"] = attempted(
            lambda: tc.explain(allocation, samples, effort=effort).to_dict()
        )
    if asks_picture:
        found["html"] = markup(verdict._repr_html_())
        found["picture"] = attempted(
            lambda: markup(tc.figure_svg(tc.plot(allocation, samples, verdict), "it"))
        )
    if asks_others:
        found |= _dearer(asked, verdict, effort)
    return found


def _dearer(asked: Asked, verdict: tc.Verdict, effort: tc.Effort) -> dict[str, Any]:
    """Measurement, estimate, capacity and repair."""
    allocation, samples, inputs = asked
    few = replace(effort, degree=min(effort.degree, 4), unknowns=4, instances=20, bases=1)
    found = {
        "estimate": attempted(
            lambda: str(tc.estimate(allocation, samples, verdict=verdict, effort=effort))
        ),
    }
    if _is_quickly_measured(asked, verdict):
        settings: dict[str, Any] = {"trials": 20, "seed": 3, "backend": "numpy", "restarts": 2}
        found["measure"] = attempted(
            lambda: _told(tc.measure(allocation, samples, inputs=inputs, **settings))
        )
    is_small = allocation.network.n_weights <= _FEW_WEIGHTS
    if inputs is not None or not is_small:
        return found
    found["capacity"] = attempted(
        lambda: _told(tc.capacity(allocation, 8, seconds=math.inf, effort=few))
    )
    found["repair"] = attempted(
        lambda: _told(tc.repair(allocation, samples, seconds=math.inf, effort=few))
    )
    found["design"] = attempted(
        lambda: _told(
            tc.design(
                allocation.network,
                samples,
                max(allocation.n_learnable, 1),
                seconds=math.inf,
                effort=few,
            )
        )
    )
    return found


def _is_quickly_measured(asked: Asked, verdict: tc.Verdict) -> bool:
    """Whether no measurement follows many solutions, which only a clock would end."""
    allocation, few = asked.allocation, 5
    if isinstance(allocation.network, tc.ShallowReLU) or not allocation.n_learnable:
        return True
    if verdict.degree is not None:
        return verdict.degree <= _FEW_SOLUTIONS
    if verdict.rank is not None and verdict.rank < verdict.learnable:
        return True  # no solution is isolated: they are searched, not followed
    is_flat = isinstance(allocation.network, tc.LinearFeedforward) and allocation.network.depth < 3
    return is_flat and allocation.n_learnable <= few


def _told(answer: Any) -> dict[str, Any]:
    """What an answer says as JSON and in words."""
    return {**answer.to_dict(), "words": str(answer)}
