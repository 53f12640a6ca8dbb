"""`theorycheck new`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from ..options import choice, natural, offered, positive
from .common import Failures
from .output import print_title

if TYPE_CHECKING:
    from ..allocation import Allocation
    from ..networks import Network

_KINDS = ("linear_feedforward", "linear_recurrent", "shallow_relu")
_READOUTS = ("final", "all")
_COUNT = positive("it")
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
    str,
    typer.Option(
        parser=choice(_KINDS),
        metavar="KIND",
        help=f"Kind of network: {', '.join(_KINDS)}.",
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
    typer.Option(parser=_COUNT, metavar="N", help="Recurrent: else 1, hidden 3, steps 4."),
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
    kind: Kind = "linear_feedforward",
    widths: Widths = None,
    bias: Bias = False,
    inputs: Size = None,
    hidden: Size = None,
    outputs: Size = None,
    steps: Size = None,
    readout: Readout = None,
    samples: Samples = 3,
    budget: Budget = None,
    seed: Shuffle = None,
    force: Force = False,
) -> None:
    """Write a commented allocation file to start from."""
    sizes = {"inputs": inputs, "hidden": hidden, "outputs": outputs}
    given = {**sizes, "steps": steps, "readout": readout}
    recurrent = {key: value for key, value in given.items() if value is not None}
    feedforward = {"widths": widths, "bias": bias or None}
    _refuse_others(kind, feedforward if kind == "linear_recurrent" else recurrent)
    failures = Failures()
    with failures.of(name):
        path = _path(name)
        from ..templates import starting_allocation, template

        if kind == "linear_recurrent":
            network = _network({"kind": kind, **_DEFAULT_SIZES, **recurrent})
        else:
            numbers = [int(width) for width in (widths or _DEFAULT_WIDTHS).split(",")]
            network = _network({"kind": kind, "widths": numbers, "bias": bias})
        allocation = starting_allocation(network, samples, budget, seed)
        _write(path, template(allocation, samples), force)
        _tell(path, allocation, samples)
    failures.leave()


def _refuse_others(kind: str, options: dict[str, Any]) -> None:
    """Options that are given and belong to another kind."""
    for option, value in options.items():
        if value is not None:
            others = _KINDS[::2] if kind == "linear_recurrent" else _KINDS[1:2]
            where = " and ".join(others)
            raise typer.BadParameter(f"--{option} is for {where}, not for {kind}")


def _network(data: dict[str, Any]) -> Network:
    from ..networks import network_from_dict

    return network_from_dict(data)


def _path(name: str) -> Path:
    from ..errors import InputError

    path = Path(name)
    if path.name in ("", ".."):
        raise InputError("this is no name for a file, give one such as mine.json")
    if path.suffix.lower() == ".npz":
        raise InputError("archives hold no comments: give a name that ends in .json")
    return path if path.suffix.lower() == ".json" else path.with_name(f"{path.name}.json")


def _write(path: Path, text: str, force: bool) -> None:
    from ..errors import InputError

    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path} exists; --force overwrites it") from None
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None
    except ValueError as error:  # a NUL in the path
        raise InputError(f"cannot be written: {error}") from None


def _tell(path: Path, allocation: Allocation, samples: int) -> None:
    """Print what was written, and what to do with it."""
    import shlex

    from rich.console import Console
    from rich.text import Text

    from ..report import samples_in_words

    console = Console(highlight=False)
    counts = f"{allocation.n_learnable} of {allocation.network.n_weights} weights learnable"
    print_title(console, str(path), allocation, f", {samples_in_words(samples)}; {counts}")
    file, picture = shlex.quote(str(path)), shlex.quote(str(path.with_suffix(".svg")))
    steps = (
        ("edit", f"the masks in {file}: 1 is learnable, 0 frozen"),
        ("then", f"theorycheck classify {file}"),
        ("", f"theorycheck plot {file} --out {picture}"),
        ("", f"theorycheck measure {file}"),
    )
    for label, text in steps:  # on one line each, to be copied
        console.print(Text(f"  {label:<11}{text}"), soft_wrap=True)
