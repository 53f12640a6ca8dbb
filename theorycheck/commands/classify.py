"""`theorycheck classify`."""

from __future__ import annotations

from pathlib import Path

from ..options import (
    Backend,
    CertificateOut,
    Diagnose,
    ErrorBound,
    Files,
    Json,
    MemoryLimit,
    Seed,
)
from .common import Failures, complain, print_json


def classify(
    files: Files,
    as_json: Json = False,
    certificate: CertificateOut = None,
    seed: Seed = 0,
    error_bound: ErrorBound = 1e-9,
    memory_limit: MemoryLimit = 8,
    backend: Backend = "numpy",
    diagnose: Diagnose = False,
) -> None:
    """Tell the expressivity of allocations: minimal, maximal, or what is proved of it."""
    from rich.console import Console

    from ..certificates import save_certificates
    from ..classification import classify as classify_allocation
    from ..files import load
    from ..report import print_verdict

    console = Console(highlight=False)
    certificates = []
    failures = Failures()
    for file in files:
        with failures.of(file):
            allocation, samples = load(file)
            verdict = classify_allocation(
                allocation,
                samples,
                seed=seed,
                error_bound=error_bound,
                memory_limit=memory_limit,
                backend=backend,
                diagnose=diagnose,
            )
            if as_json:
                print_json({"file": file, **verdict.to_dict()})
            else:
                name = file if len(files) > 1 else Path(file).name
                print_verdict(console, name, allocation, samples, verdict, file)
            certificates += [verdict.certificate] if verdict.certificate else []
    if certificate is not None:
        with failures.of(certificate):
            if certificates:
                save_certificates(certificate, certificates)
            elif not failures.status:
                complain(f"{certificate}: not written, no verdict has a certificate")
    failures.leave()
