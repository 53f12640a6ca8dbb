"""`theorycheck classify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..options import (
    Backend,
    CertificateOut,
    Diagnose,
    ErrorBound,
    Files,
    Inputs,
    Instances,
    Json,
    MemoryLimit,
    MostDegree,
    Paths,
    Seconds,
    Seed,
)
from .common import Failures, complain, points, print_json
from .progress import steps

if TYPE_CHECKING:
    from ..allocation import Allocation
    from ..certificates import Certificate
    from ..verdict import Verdict


def classify(
    files: Files,
    as_json: Json = False,
    certificate: CertificateOut = None,
    inputs: Inputs = None,
    seed: Seed = 0,
    error_bound: ErrorBound = 1e-9,
    memory_limit: MemoryLimit = 8,
    backend: Backend = "numpy",
    diagnose: Diagnose = False,
    seconds: Seconds = 60,
    most_degree: MostDegree = 200,
    instances: Instances = 2000,
    paths: Paths = None,
) -> None:
    """Tell the expressivity of allocations: minimal, maximal, or what is proved of it."""
    from dataclasses import replace

    from ..classification import classify as classify_allocation
    from ..degrees.effort import Effort
    from ..files import load

    failures, certificates = Failures(), []
    data = None if inputs is None else points(failures, inputs)
    effort = Effort(seconds, most_degree, instances=instances, paths=paths)
    for file in files:
        with failures.of(file), steps(file) as on_step:
            allocation, samples = load(file)
            verdict = classify_allocation(
                allocation,
                samples,
                inputs=data,
                seed=seed,
                error_bound=error_bound,
                memory_limit=memory_limit,
                backend=backend,
                diagnose=diagnose,
                effort=replace(effort, report=on_step),
            )
            certificates += [verdict.certificate] if verdict.certificate else []
            if as_json:
                print_json({"file": file, **verdict.to_dict()})
            else:
                _print(files, file, allocation, samples, verdict)
    _save(failures, certificate, certificates)
    failures.leave()


def _print(
    files: list[str], file: str, allocation: Allocation, samples: int, verdict: Verdict
) -> None:
    from rich.console import Console

    from ..report import print_verdict

    name = file if len(files) > 1 else Path(file).name
    print_verdict(Console(highlight=False), name, allocation, samples, verdict, file)


def _save(failures: Failures, path: str | None, certificates: list[Certificate]) -> None:
    from ..certificates import save_certificates

    if path is None:
        return
    with failures.of(path):
        if certificates:
            save_certificates(path, certificates)
        elif not failures.status:
            complain(f"{path}: not written, no verdict has a certificate")
