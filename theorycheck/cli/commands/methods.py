"""`theorycheck methods`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from ...computing.progress import watching
from ..common import Failures, network_of, print_json
from ..options import Backend, ErrorBound, Json, MemoryLimit, Seconds, Seed, positive
from ..output import write_found

if TYPE_CHECKING:
    from ...answers.method_comparison import MethodComparison
    from ...problem.allocation import Allocation

_STEPS = 8  # budgets of a figure for which none are named
_NUMBERS = re.compile(r"\d{1,18}(,\d{1,18})*")


def _budgets(text: str) -> str:
    if not _NUMBERS.fullmatch(text):
        raise typer.BadParameter(f"must be integers, as in 50,100,200, not {text[:60]!r}")
    return text


NetworkFile: TypeAlias = Annotated[
    str, typer.Argument(metavar="FILE", help="An allocation file, or a network object.")
]
Budget: TypeAlias = Annotated[
    int, typer.Option(parser=positive("it"), metavar="R", help="Number of learnable weights.")
]
Samples: TypeAlias = Annotated[
    int | None,
    typer.Option(
        parser=positive("it"), metavar="M", help="Number of random inputs; that of the file if not."
    ),
]
Masks: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--mask", metavar="FILE", help="Allocation file, or one with parameters, of one more row."
    ),
]
Values: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="WEIGHTS", help="Values by name, .npz or .safetensors, for magnitude."),
]
Budgets: TypeAlias = Annotated[
    str | None,
    typer.Option(parser=_budgets, metavar="R,R,...", help="Further budgets, for the figure."),
]
Draws: TypeAlias = Annotated[
    int,
    typer.Option(parser=positive("it"), metavar="N", help="Draws of methods that draw at random."),
]
FigureOut: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="FIGURE", help="Draw capacity by budget: a .svg, .pdf or .png file."),
]
Save: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Write what each row trains to this folder."),
]


def methods(
    file: NetworkFile,
    budget: Budget,
    samples: Samples = None,
    masks: Masks = None,
    weights: Values = None,
    budgets: Budgets = None,
    draws: Draws = 3,
    out: FigureOut = None,
    save: Save = None,
    as_json: Json = False,
    seed: Seed = 0,
    error_bound: ErrorBound = 1e-9,
    memory_limit: MemoryLimit = 8,
    backend: Backend = "numpy",
    seconds: Seconds = 60,
) -> None:
    """Compare ways of choosing what to train, from the last layers to LoRA, under one budget."""
    from ...answers.method_comparison import compare_methods
    from ...problem.weight_files import read_weights

    failures = Failures()
    if out is not None:
        _check_figure(failures, out)
    options = {"draws": draws, "seed": seed, "error_bound": error_bound, "seconds": seconds}
    options |= {"memory_limit": memory_limit, "backend": backend}
    with failures.of(file):
        given, own = network_of(file)
        asked = _samples(samples, own)
        rows = _masks(failures, masks or [], given)
        values = None if weights is None else read_weights(weights)
        failures.of(file)
        with watching(True, file) as tell:
            found = compare_methods(
                given,
                budget,
                asked,
                masks=rows,
                weights=values,
                budgets=_further(budgets, out),
                **options,
                progress=tell,
            )
        _tell(file, given, found, as_json)
        _write(failures, found, out, save)
    failures.leave()


def _check_figure(failures: Failures, out: str) -> None:
    """End the command where no figure can be drawn, before anything is asked."""
    from ...plots.style import check_ending, settings

    with failures.of("--out"), settings():
        check_ending(out)
    if failures.status:
        failures.leave()


def _samples(asked: int | None, own: int | None) -> int:
    from ...errors import InputError

    if asked is None and own is None:
        raise InputError("a network has no number of samples: say --samples M")
    return asked or own or 0


def _further(budgets: str | None, out: str | None) -> list[int] | int:
    """The further budgets that are named, or how many are to be drawn."""
    if budgets is not None:
        return [int(number) for number in budgets.split(",")]
    return 0 if out is None else _STEPS


def _masks(failures: Failures, files: list[str], given: Allocation) -> dict[str, Any]:
    """The learnable masks, or parametrised weights, of files, by short names."""
    from ...errors import InputError
    from ...plots.style import labels
    from ...problem.files import load
    from ...problem.parametrization_files import has_parameters, load_parametrization

    found: dict[str, Any] = {}
    for name, file in zip(labels(files), files, strict=True):
        failures.of(file)
        if has_parameters(file):
            found[name] = load_parametrization(file).parametrization
            continue
        allocation = load(file).allocation
        if allocation.network != given.network:
            here, there = given.network.describe(), allocation.network.describe()
            raise InputError(f"the mask is one of {there}, the network is {here}")
        found[name] = dict(allocation.masks("learnable"))
    return found


def _tell(file: str, given: Allocation, found: MethodComparison, as_json: bool) -> None:
    from rich.console import Console

    from ...answers.question import network_in_words
    from ...display.paragraphs import samples_in_words
    from ..tables import print_methods
    from ..text import print_title

    if as_json:
        print_json({"file": file, **found.to_dict()})
        return
    console = Console(highlight=False)
    about = f"{network_in_words(given)}, {samples_in_words(found.samples)}"
    budget = f"budget {found.budget} of {found.size} weights"
    print_title(console, f"{Path(file).name}: {about}; {budget}")
    print_methods(console, found)


def _write(failures: Failures, found: MethodComparison, out: str | None, save: str | None) -> None:
    """Write the figure, and the allocation of the median of each row."""
    if out is not None:
        from ...plots.methods import plot_methods

        failures.of(out)
        plot_methods(found, out)
    for row in found.rows if save is not None else ():
        if row.median is not None and save is not None:
            failures.of(save)
            name = re.sub(r"[^A-Za-z0-9]+", "-", row.method).strip("-")
            write_found(save, f"{name}.json", row.median.trained, found.samples)
