"""`theorycheck classify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...computing.progress import watching
from ..common import Failures, complain, points, print_json
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

if TYPE_CHECKING:
    from ...certificates import Certificate


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
    from ...computing.effort import Effort

    failures, certificates = Failures(), []
    options = {
        "inputs": None if inputs is None else points(failures, inputs),
        "seed": seed,
        "error_bound": error_bound,
        "memory_limit": memory_limit,
        "backend": backend,
        "diagnose": diagnose,
        "effort": Effort(seconds, most_degree, instances=instances, paths=paths),
    }
    try:
        for file in files:
            name = file if len(files) > 1 else Path(file).name
            with failures.of(file):
                found = _classified(file, options, None if as_json else name)
                certificates += [found] if found else []
    finally:  # of an interrupt, too
        _save(failures, certificate, certificates)
    failures.leave()


def _classified(file: str, options: dict[str, Any], name: str | None) -> Certificate | None:
    """Print the verdict on a file, as JSON without a `name`; its certificate."""
    from rich.console import Console

    from ...answers.classification import classify as classify_allocation
    from ...problem.files import load
    from ..text import print_verdict

    allocation, samples = load(file)
    with watching(True, file) as tell:
        verdict = classify_allocation(allocation, samples, **options, progress=tell)
    if name is None:
        print_json({"file": file, **verdict.to_dict()})
    else:
        print_verdict(Console(highlight=False), name, allocation, samples, verdict, file)
    return verdict.certificate


def _save(failures: Failures, path: str | None, certificates: list[Certificate]) -> None:
    from ...certificates import save_certificates

    if path is None:
        return
    with failures.of(path):
        if certificates:
            save_certificates(path, certificates)
        elif not failures.status:
            complain(f"{path}: not written, no verdict has a certificate")
