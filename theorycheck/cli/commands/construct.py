"""`theorycheck construct`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from ..common import Failures, answer, complain, name_of, points
from ..options import DrawSeed, ErrorBound, File, Inputs, Json, MemoryLimit, Seconds

if TYPE_CHECKING:
    from rich.console import Console

    from ...constructions.construct import Construction
    from ...problem.allocation import Allocation

Teacher: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="WEIGHTS",
        help="The teacher's weights: an .npz, .safetensors or .pt file; by default drawn.",
    ),
]
Frozen: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="WEIGHTS", help="The student's frozen weights, by default drawn."),
]
CertificateFile: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="CERT.json", help="Execute this proof, of classify --certificate; seek no other."
    ),
]
Rational: TypeAlias = Annotated[
    bool, typer.Option("--rational", help="Compute in exact fractions, not in double precision.")
]
WeightsOut: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="OUT", help="Write the student's weights, to an .npz or .safetensors file."
    ),
]


def construct(
    file: File,
    teacher: Teacher = None,
    inputs: Inputs = None,
    frozen: Frozen = None,
    certificate: CertificateFile = None,
    rational: Rational = False,
    out: WeightsOut = None,
    as_json: Json = False,
    seed: DrawSeed = 0,
    error_bound: ErrorBound = 1e-9,
    memory_limit: MemoryLimit = 8,
    seconds: Seconds = 60,
) -> None:
    """Make a student that matches a teacher, by executing the proof that one exists."""
    from ...constructions.construct import construct as make

    failures = Failures()
    ask = partial(
        make,
        teacher=_weights(failures, teacher),
        inputs=None if inputs is None else points(failures, inputs),
        frozen=_weights(failures, frozen),
        certificate=_certificate(failures, certificate),
        rational=rational,
        seed=seed,
        error_bound=error_bound,
        memory_limit=memory_limit,
        seconds=seconds,
    )
    with failures.of(file):
        _, _, made = answer(file, name_of(file, [file]), ask, _print, as_json)
        if not made.is_match:
            complain(f"{file}: not matched: the data are not generic, or too ill-conditioned")
            failures.status = 1
        if out is not None:
            _write(failures, out, made)
    failures.leave()


def _weights(failures: Failures, path: str | None) -> dict[str, Any] | None:
    """The arrays of a weights file; what is none ends the command."""
    from ...problem.weight_files import read_weights

    if path is None:
        return None
    with failures.of(path):
        return read_weights(path)
    failures.leave()


def _certificate(failures: Failures, path: str | None) -> Any:
    """The one certificate in a file; what is none ends the command."""
    from ...certificates import Certificate, load_certificates
    from ...errors import InputError

    if path is None:
        return None
    with failures.of(path):
        objects = load_certificates(path)
        if len(objects) > 1:
            raise InputError(f"one certificate is expected, not {len(objects)}")
        return Certificate.from_dict(objects[0])
    failures.leave()


def _write(failures: Failures, path: str, made: Construction) -> None:
    from ...errors import writing
    from ...problem.weight_files import write_weights

    with failures.of(path), writing():
        write_weights(path, made.rounded())


def _print(
    console: Console, name: str, allocation: Allocation, samples: int, made: Construction
) -> None:
    from ..text import print_found

    print_found(console, name, allocation, samples, made)
