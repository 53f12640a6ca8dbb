"""`theorycheck classify`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..common import Failures, answer, arrays, complain, name_of, points
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
    Weights,
)

if TYPE_CHECKING:
    from ...certificates import Certificate


def classify(
    files: Files,
    as_json: Json = False,
    certificate: CertificateOut = None,
    inputs: Inputs = None,
    weights: Weights = None,
    seed: Seed = 0,
    error_bound: ErrorBound = 1e-9,
    memory_limit: MemoryLimit = 8,
    backend: Backend = "numpy",
    diagnose: Diagnose = False,
    seconds: Seconds = 60,
    most_degree: MostDegree = 2000,
    instances: Instances = 2000,
    paths: Paths = None,
) -> None:
    """Tell the expressivity of allocations: minimal, maximal, or what is proved of it."""
    from ...answers.classification import classify as classify_allocation
    from ...computing.effort import Effort
    from ..text import print_verdict

    failures, certificates = Failures(), []
    options: dict[str, Any] = {
        "inputs": None if inputs is None else points(failures, inputs),
        "weights": arrays(failures, weights),
        "seed": seed,
        "error_bound": error_bound,
        "memory_limit": memory_limit,
        "backend": backend,
        "diagnose": diagnose,
        "effort": Effort(seconds, most_degree, instances=instances, paths=paths),
    }
    ask = partial(classify_allocation, **options)
    try:
        for file in files:
            with failures.of(file):
                show = partial(print_verdict, file=file)
                _, _, found = answer(file, name_of(file, files), ask, show, as_json)
                certificates += [found.certificate] if found.certificate else []
    finally:  # of an interrupt, too
        _save(failures, certificate, certificates)
    failures.leave()


def _save(failures: Failures, path: str | None, certificates: list[Certificate]) -> None:
    from ...certificates import save_certificates

    if path is None:
        return
    with failures.of(path):
        if certificates:
            save_certificates(path, certificates)
        elif not failures.status:
            complain(f"{path}: not written, no verdict has a certificate")
