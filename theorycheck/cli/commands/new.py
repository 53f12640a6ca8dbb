"""`theorycheck new`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from ...problem.networks.kinds import KINDS
from ..common import Failures
from ..options import choice, natural, offered, positive
from .sources import of_edges, of_masks

if TYPE_CHECKING:
    from ...problem.allocation import Allocation

    Source: TypeAlias = Callable[[], tuple[Allocation, list[str]]]

_KINDS = tuple(KINDS)
_READOUTS = ("final", "all")
_ROWS = ("targets", "sources")
_COUNT = positive("it")
_MOST_NOTES = 12  # lines about where the allocation comes from, printed
_DEFAULT_WIDTHS = "3,4,2"
_DEFAULT_SIZES = {"inputs": 1, "hidden": 3, "outputs": 1, "steps": 4, "readout": "final"}


def _widths(text: str) -> str:
    for width in text.split(","):
        _COUNT(width.strip())
    return text


Name: TypeAlias = Annotated[
    str, typer.Argument(metavar="NAME", help="The file to write; .json is added if it is missing.")
]
Kind: TypeAlias = Annotated[
    str | None,
    typer.Option(
        parser=choice(_KINDS),
        metavar="KIND",
        help=f"Kind of network: {', '.join(_KINDS)}; the first by default.",
        autocompletion=offered(_KINDS),
    ),
]
Widths: TypeAlias = Annotated[
    str | None,
    typer.Option(
        parser=_widths,
        metavar="N,...",
        help=f"Feed-forward: inputs, hidden units, outputs (default {_DEFAULT_WIDTHS}).",
    ),
]
Bias: TypeAlias = Annotated[bool, typer.Option("--bias", help="Feed-forward: with biases.")]
Size: TypeAlias = Annotated[
    int | None,
    typer.Option(parser=_COUNT, metavar="N", help="Recurrent: else hidden 3, steps 4."),
]
Ends: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="N or A,B,...", help="Recurrent: their number, else 1; with --edges their names."
    ),
]
Masks: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--masks",
        metavar="FILE",
        help="Take the masks of .npy, .npz, .pt or .safetensors files (one option for each).",
    ),
]
Layers: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="A,B,...", help="With --masks: modules of a state dict in their order."),
]
Edges: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.csv",
        help="Take a wiring diagram: columns source,target[,learnable], or a matrix of units.",
    ),
]
Rows: TypeAlias = Annotated[
    str,
    typer.Option(
        parser=choice(_ROWS),
        metavar="WHICH",
        help="With --edges, a matrix: its rows are targets (default) or sources.",
        autocompletion=offered(_ROWS),
    ),
]
Readout: TypeAlias = Annotated[
    str | None,
    typer.Option(
        parser=choice(_READOUTS),
        metavar="WHEN",
        help="Recurrent: output at the final step or at all.",
        autocompletion=offered(_READOUTS),
    ),
]
Samples: TypeAlias = Annotated[
    int, typer.Option(parser=_COUNT, metavar="M", help="Number of random inputs.")
]
Budget: TypeAlias = Annotated[
    int | None,
    typer.Option(
        parser=natural, metavar="R", help="Learnable weights; as many as needed by default."
    ),
]
Shuffle: TypeAlias = Annotated[
    int | None,
    typer.Option(parser=natural, metavar="N", help="Shuffle rows and columns with this seed."),
]
Force: TypeAlias = Annotated[bool, typer.Option("--force", help="Overwrite the file.")]


def new(
    name: Name,
    kind: Kind = None,
    widths: Widths = None,
    bias: Bias = False,
    inputs: Ends = None,
    hidden: Size = None,
    outputs: Ends = None,
    steps: Size = None,
    readout: Readout = None,
    masks: Masks = None,
    layers: Layers = None,
    edges: Edges = None,
    rows: Rows = "targets",
    samples: Samples = 3,
    budget: Budget = None,
    seed: Shuffle = None,
    force: Force = False,
) -> None:
    """Write a commented allocation file to start from: new, or of masks or a wiring diagram."""
    failures = Failures()
    made: dict[str, Any] = {"--kind": kind, "--steps": steps, "--readout": readout}
    sizes = {"--widths": widths, "--bias": bias or None, "--hidden": hidden}
    ends: dict[str, str | None] = {"--inputs": inputs, "--outputs": outputs}
    chosen = {"--budget": budget, "--seed": seed}
    if masks:
        _refuse({**ends, **chosen, "--hidden": hidden, "--edges": edges}, "for --masks")
        source: Source = partial(of_masks, masks, made, widths, bias, layers)
    elif edges is not None:
        _refuse({**sizes, "--layers": layers}, "for --edges")
        source = partial(of_edges, edges, made, ends, rows, chosen, samples)
    else:
        _refuse({"--layers": layers}, "without --masks")
        recurrent = {**_numbers(ends), "hidden": hidden, "steps": steps, "readout": readout}
        feedforward = {"widths": widths, "bias": bias or None}
        kind = kind or _KINDS[0]
        _refuse_others(kind, feedforward if KINDS[kind].is_recurrent else recurrent)
        source = partial(_fresh, kind, feedforward, recurrent, chosen, samples)
    with failures.of(name):
        path = _path(name)
        from ...answers.starting_files import template

        allocation, notes = source()
        _write(path, template(allocation, samples, notes), force)
        _tell(path, allocation, samples, notes)
    failures.leave()


def _fresh(
    kind: str,
    feedforward: dict[str, Any],
    recurrent: dict[str, Any],
    chosen: dict[str, Any],
    samples: int,
) -> tuple[Allocation, list[str]]:
    """As many learnables as are needed, spread over a network of the given sizes."""
    from ...answers.starting_files import starting_allocation
    from ...problem.networks.kinds import network_from_dict

    if KINDS[kind].is_recurrent:
        given = {key: value for key, value in recurrent.items() if value is not None}
        network = network_from_dict({"kind": kind, **_DEFAULT_SIZES, **given})
    else:
        numbers = [int(width) for width in (feedforward["widths"] or _DEFAULT_WIDTHS).split(",")]
        bias = bool(feedforward["bias"])
        network = network_from_dict({"kind": kind, "widths": numbers, "bias": bias})
    budget, seed = chosen["--budget"], chosen["--seed"]
    return starting_allocation(network, samples, budget, seed), []


def _numbers(ends: dict[str, str | None]) -> dict[str, int | None]:
    """The numbers of inputs and outputs: with a connectome they would be names."""
    numbers: dict[str, int | None] = {}
    for option, text in ends.items():
        try:
            numbers[option[2:]] = None if text is None else _COUNT(text)
        except typer.BadParameter as error:
            hint = "" if (text or "").isdecimal() else " (names of units go with --edges)"
            raise typer.BadParameter(f"{error.message}{hint}", param_hint=option) from None
    return numbers


def _refuse(options: dict[str, Any], where: str) -> None:
    """Options that mean nothing `where`."""
    for option, value in options.items():
        if value is not None:
            raise typer.BadParameter(f"{option} means nothing {where}")


def _refuse_others(kind: str, options: dict[str, Any]) -> None:
    """Options that are given and belong to another kind."""
    for option, value in options.items():
        if value is not None:
            is_recurrent = KINDS[kind].is_recurrent
            others = [name for name in KINDS if KINDS[name].is_recurrent != is_recurrent]
            where = " and ".join(others)
            raise typer.BadParameter(f"--{option} is for {where}, not for {kind}")


def _path(name: str) -> Path:
    from ...errors import InputError

    path = Path(name)
    if path.name in ("", ".."):
        raise InputError("this is no name for a file, give one such as mine.json")
    if path.suffix.lower() == ".npz":
        raise InputError("archives hold no comments: give a name that ends in .json")
    return path if path.suffix.lower() == ".json" else path.with_name(f"{path.name}.json")


def _write(path: Path, text: str, force: bool) -> None:
    from ...errors import InputError, writing

    with writing(path):
        try:
            with path.open("w" if force else "x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise InputError(f"{path} exists; --force overwrites it") from None


def _tell(path: Path, allocation: Allocation, samples: int, notes: list[str]) -> None:
    """Print what was written and of what, and what to do with it."""
    import shlex

    from rich.console import Console
    from rich.text import Text

    from ...answers.question import subject
    from ..text import print_title

    console = Console(highlight=False)
    print_title(console, f"{path}: {subject(allocation, samples)}")
    for line in notes[:_MOST_NOTES]:
        console.print(Text(f"  {line}"), soft_wrap=True)
    if len(notes) > _MOST_NOTES:
        console.print(Text("  ... (all under the key comment in the file)"))
    if notes:
        console.print()
    file, picture = shlex.quote(str(path)), shlex.quote(str(path.with_suffix(".svg")))
    steps = (
        ("edit", f"the masks in {file}: 1 is learnable, 0 frozen"),
        ("then", f"theorycheck classify {file}"),
        ("", f"theorycheck plot {file} --out {picture}"),
        ("", f"theorycheck measure {file}"),
    )
    for label, text in steps:  # on one line each, to be copied
        console.print(Text(f"  {label:<11}{text}"), soft_wrap=True)
