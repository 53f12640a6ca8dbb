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
    Instances,
    Json,
    MemoryLimit,
    MostDegree,
    Seconds,
    Seed,
)
from .common import Failures, complain, print_json
from .progress import steps

if TYPE_CHECKING:
    from ..certificates import Certificate


def classify(
    files: Files,
    as_json: Json = False,
    certificate: CertificateOut = None,
    seed: Seed = 0,
    error_bound: ErrorBound = 1e-9,
    memory_limit: MemoryLimit = 8,
    backend: Backend = "numpy",
    diagnose: Diagnose = False,
    seconds: Seconds = 60,
    most_degree: MostDegree = 200,
    instances: Instances = 2000,
) -> None:
    """Tell the expressivity of allocations: minimal, maximal, or what is proved of it."""
    from rich.console import Console

    from ..classification import classify as classify_allocation
    from ..degrees.effort import Effort
    from ..files import load
    from ..report import print_verdict

    console, certificates = Console(highlight=False), []
    failures = Failures()
    for file in files:
        with failures.of(file), steps(file) as on_step:
            allocation, samples = load(file)
            effort = Effort(seconds, most_degree, instances=instances, report=on_step)
            verdict = classify_allocation(
                allocation,
                samples,
                seed=seed,
                error_bound=error_bound,
                memory_limit=memory_limit,
                backend=backend,
                diagnose=diagnose,
                effort=effort,
            )
            if as_json:
                print_json({"file": file, **verdict.to_dict()})
            else:
                name = file if len(files) > 1 else Path(file).name
                print_verdict(console, name, allocation, samples, verdict, file)
            certificates += [verdict.certificate] if verdict.certificate else []
    if certificate is not None:
        _save(failures, certificate, certificates)
    failures.leave()


def _save(failures: Failures, path: str, certificates: list[Certificate]) -> None:
    from ..certificates import save_certificates

    with failures.of(path):
        if certificates:
            save_certificates(path, certificates)
        elif not failures.status:
            complain(f"{path}: not written, no verdict has a certificate")
