"""`theorycheck new`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from ...problem.networks.activations import ACTIVATIONS
from ...problem.networks.kinds import ACTIVATED, KINDS
from ..common import Failures
from ..options import choice, natural, offered, positive
from .fresh import DEFAULT_IMAGE, DEFAULT_WIDTHS, check_options, of_sizes
from .sources import of_edges, of_masks

if TYPE_CHECKING:
    from ...problem.allocation import Allocation

    Source: TypeAlias = Callable[[], tuple[Allocation, list[str]]]

_KINDS = tuple(KINDS)
_READOUTS = ("final", "all")
_ROWS = ("targets", "sources")
_COUNT = positive("it")
_MOST_NOTES = 12  # lines about where the allocation comes from, printed


def _widths(text: str) -> str:
    for width in text.split(","):
        _COUNT(width.strip())
    return text


def _activation(text: str) -> str:
    check = choice(tuple(ACTIVATIONS))
    return ",".join(check(name.strip()) for name in text.split(","))


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
        help=f"Feed-forward: inputs, hidden units, outputs (default {DEFAULT_WIDTHS}).",
    ),
]
Bias: TypeAlias = Annotated[
    bool, typer.Option("--bias", help="With biases: feed-forward kinds, and recurrent.")
]
Activation: TypeAlias = Annotated[
    str | None,
    typer.Option(
        parser=_activation,
        metavar="NAME,...",
        help=f"Of {' and '.join(ACTIVATED)}: one for all hidden layers, or one for each of "
        f"{', '.join(ACTIVATIONS)}.",
        autocompletion=offered(tuple(ACTIVATIONS)),
    ),
]
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
Image: TypeAlias = Annotated[
    str | None,
    typer.Option(
        parser=_widths,
        metavar="C,N or C,H,W",
        help=f"Convolutional: channels and size of the inputs (default {DEFAULT_IMAGE['image']}).",
    ),
]
Channels: TypeAlias = Annotated[
    str | None,
    typer.Option(
        parser=_widths,
        metavar="N,...",
        help=f"Convolutional: filters of each layer (default {DEFAULT_IMAGE['channels']}).",
    ),
]
Window: TypeAlias = Annotated[
    int | None,
    typer.Option(parser=_COUNT, metavar="N", help="Convolutional: else kernel 3, pool 1."),
]
Skip: TypeAlias = Annotated[
    bool, typer.Option("--skip", help="Of feedforward: residual layers where widths agree.")
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
    activation: Activation = None,
    skip: Skip = False,
    image: Image = None,
    channels: Channels = None,
    kernel: Window = None,
    pool: Window = None,
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
    sizes = {"widths": widths, "bias": bias or None, "activation": _named(activation)}
    sizes |= {"skip": skip or None, "image": image, "channels": channels, "kernel": kernel}
    sizes |= {"pool": pool, "inputs": inputs, "hidden": hidden, "outputs": outputs}
    given = {"kind": kind, **sizes, "steps": steps, "readout": readout, "masks": masks or None}
    given |= {"layers": layers, "edges": edges, "budget": budget, "seed": seed}
    source = _source(given, rows, samples)
    with failures.of(name):
        path = _path(name)
        from ...answers.starting_files import template

        allocation, notes = source()
        _write(path, template(allocation, samples, notes), force)
        _tell(path, allocation, samples, notes)
    failures.leave()


_ENDS = ("inputs", "outputs")
_CHOSEN = ("budget", "seed")
_MADE = ("kind", "activation", "steps", "readout")
_FRESH = ("skip", "image", "channels", "kernel", "pool")  # of networks of given sizes alone
_SIZES = ("widths", "bias", "hidden")


def _source(given: dict[str, Any], rows: str, samples: int) -> Source:
    """What makes the allocation: of masks, of a wiring diagram, or of sizes."""

    def options(*names: str) -> dict[str, Any]:
        return {f"--{name}": given[name] for name in names}

    made = options(*_MADE)
    if given["masks"]:
        _refuse(options(*_ENDS, *_CHOSEN, *_FRESH, "hidden", "edges"), "for --masks")
        bias = bool(given["bias"])
        return partial(of_masks, given["masks"], made, given["widths"], bias, given["layers"])
    chosen = options(*_CHOSEN)
    if given["edges"] is not None:
        _refuse(options(*_SIZES, *_FRESH, "layers"), "for --edges")
        return partial(of_edges, given["edges"], made, options(*_ENDS), rows, chosen, samples)
    _refuse(options("layers"), "without --masks")
    sizes = {name: given[name] for name in ("activation", *_SIZES, *_FRESH, "steps", "readout")}
    sizes |= _numbers(options(*_ENDS))
    check_options(given["kind"], sizes)
    return partial(of_sizes, given["kind"], sizes, given["budget"], given["seed"], samples)


def _named(activation: str | None) -> str | list[str] | None:
    """One name, or a list of several."""
    names = [] if activation is None else activation.split(",")
    return names if len(names) > 1 else activation


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
