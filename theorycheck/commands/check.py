"""`theorycheck check`."""

from __future__ import annotations

from ..options import (
    CertificateFiles,
    CheckError,
    CheckMemory,
    CheckSeconds,
    CheckSeed,
    CheckTrust,
    Json,
)
from .common import Failures, print_json


def check(
    certificates: CertificateFiles,
    seed: CheckSeed = None,
    error_bound: CheckError = None,
    seconds: CheckSeconds = None,
    memory_limit: CheckMemory = "8",  # type: ignore[assignment]  # a default is parsed, too
    trust_degrees: CheckTrust = False,
    as_json: Json = False,
) -> None:
    """Verify certificates on their own, without the code that found them."""
    from dataclasses import asdict

    from rich.console import Console

    from ..certificates import load_certificates
    from ..checker import check as check_certificate
    from ..report import print_check

    console = Console(highlight=False)
    failures = Failures()
    for file in certificates:
        with failures.of(file):
            objects = load_certificates(file)
            for number, data in enumerate(objects):
                result = check_certificate(
                    data,  # type: ignore[arg-type]
                    seed=seed,
                    error_bound=error_bound,
                    seconds=seconds,
                    memory_limit=memory_limit,
                    trust_degrees=trust_degrees,
                )
                name = file if len(objects) == 1 else f"{file}[{number}]"
                if as_json:
                    print_json({"file": name, **asdict(result)})
                else:
                    print_check(console, name, result)
                    for item in result.given:
                        console.print(f"  given: {item}", markup=False, soft_wrap=True)
                failures.status = max(failures.status, 0 if result else 1)
    failures.leave()
