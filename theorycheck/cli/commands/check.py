"""`theorycheck check`."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from ...computing.progress import watching
from ..common import Failures, print_json
from ..options import CertificateFiles, Json, between, in_bytes, natural

Seed: TypeAlias = Annotated[
    int | None,
    typer.Option(
        parser=natural,
        metavar="N",
        help="Seed of the primes and points, to repeat a check; by default they are fresh.",
    ),
]
Error: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--error-bound",
        parser=between(0, 1, "a number between 0 and 1"),
        metavar="P",
        help="Largest probability of error that a claim may state; by default 1e-9, 1e-6 where it "
        "rests on a degree.",
    ),
]
Seconds: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--seconds",
        parser=between(0, 1e9, "a number of seconds above 0"),
        metavar="S",
        help="Time for each certificate; by default what its size allows, 600 at most.",
    ),
]
Memory: TypeAlias = Annotated[
    int,  # bytes
    typer.Option(
        "--memory-limit", parser=in_bytes, metavar="GIB", help="Memory for one array, in GiB."
    ),
]
Trust: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--trust-degrees",
        help="Take degrees as given where there are too many solutions to count them.",
    ),
]
Balls: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--balls",
        help="Show minors of nonlinear networks, of up to 60 rows, in ball arithmetic, too: a "
        "second argument, which rests neither on primes nor on T11b.",
    ),
]


def check(
    certificates: CertificateFiles,
    seed: Seed = None,
    error_bound: Error = None,
    seconds: Seconds = None,
    memory_limit: Memory = "8",  # type: ignore[assignment]  # a default is parsed, too
    trust_degrees: Trust = False,
    balls: Balls = False,
    as_json: Json = False,
) -> None:
    """Verify certificates on their own, without the code that found them."""
    from dataclasses import asdict

    from rich.console import Console

    from ...certificates import load_certificates
    from ...checker.check import check as check_certificate
    from ..text import print_check

    console = Console(highlight=False)
    failures = Failures()
    for file in certificates:
        with failures.of(file):
            objects = load_certificates(file)
            for number, data in enumerate(objects):
                name = file if len(objects) == 1 else f"{file}[{number}]"
                with watching(True, name):  # a sign of life: it may take minutes
                    result = check_certificate(
                        data,  # type: ignore[arg-type]
                        seed=seed,
                        error_bound=error_bound,
                        seconds=seconds,
                        memory_limit=memory_limit,
                        trust_degrees=trust_degrees,
                        balls=balls,
                    )
                if as_json:
                    print_json({"file": name, **asdict(result)})
                else:
                    print_check(console, name, result)
                    for item in result.given:
                        console.print(f"  given: {item}", markup=False, soft_wrap=True)
                failures.status = max(failures.status, 0 if result else 1)
    failures.leave()
