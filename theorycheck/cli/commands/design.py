"""`theorycheck design`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from ...computing.progress import watching
from ..common import Failures, complain, print_json
from ..options import (
    Backend,
    ErrorBound,
    Json,
    MemoryLimit,
    Seconds,
    Seed,
    choice,
    offered,
    positive,
)
from ..output import AllocationOut, print_masks, require_name, write_allocation

if TYPE_CHECKING:
    from ...answers.designs import Design
    from ...problem.allocation import Allocation

_COUNT = positive("it")
_PREFERENCES = ("spread", "few-layers")

NetworkFile: TypeAlias = Annotated[
    str, typer.Argument(metavar="NETWORK", help="A network object or an allocation file.")
]
Samples: TypeAlias = Annotated[
    int, typer.Option(parser=_COUNT, metavar="M", help="Number of random inputs.")
]
Budget: TypeAlias = Annotated[
    int, typer.Option(parser=_COUNT, metavar="R", help="Number of learnable weights.")
]
Within: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="MASK", help="Allocation file whose learnables are the candidates."),
]
Preference: TypeAlias = Annotated[
    str,
    typer.Option(
        parser=choice(_PREFERENCES),
        metavar="HOW",
        help="Placement: spread or few-layers.",
        autocompletion=offered(_PREFERENCES),
    ),
]


def design(
    network: NetworkFile,
    samples: Samples,
    budget: Budget,
    within: Within = None,
    prefer: Preference = "spread",
    out: AllocationOut = None,
    as_json: Json = False,
    seed: Seed = 0,
    error_bound: ErrorBound = 1e-9,
    memory_limit: MemoryLimit = 8,
    backend: Backend = "numpy",
    seconds: Seconds = 60,
) -> None:
    """Find an allocation of a budget that is proved maximal, or prove that there is none.

    Nonlinear networks: one with which a match is possible.
    """
    from ...answers.designs import design as find

    failures = Failures()
    require_name(failures, out)
    with failures.of(network):
        given = _given(network)
        failures.of(within or network)
        candidates = _candidates(within, given) if within else None
        failures.of(network)
        with watching(True, network) as tell:
            found = find(
                given.network,
                samples,
                budget,
                candidates,
                given.given_present(),
                prefer,  # type: ignore[arg-type]
                seed=seed,
                error_bound=error_bound,
                memory_limit=memory_limit,
                backend=backend,
                seconds=seconds,
                progress=tell,
            )
        _tell(network, given, found, as_json)
        if out is not None:
            failures.of(out)
            write_allocation(out, found.allocation, found.samples, "no allocation was found")
    failures.leave()


def _given(path: str) -> Allocation:
    """The network of a file and its present connections; the file's learnables do not count."""
    from ...problem.allocation import Allocation
    from ...problem.files import LARGEST_FILE, load, parse_json, read_limited
    from ...problem.networks.kinds import network_from_dict

    if path.lower().endswith((".npz", ".safetensors", ".pt", ".pth")):
        return load(path).allocation
    data: Any = parse_json(read_limited(Path(path), LARGEST_FILE))
    if isinstance(data, dict) and "kind" in data:
        return Allocation.none(network_from_dict(data))
    return load(path).allocation


def _candidates(path: str, given: Allocation) -> dict[str, Any]:
    from ...errors import InputError
    from ...problem.files import load

    allocation = load(path).allocation
    if allocation.network != given.network:
        here, there = given.network.describe(), allocation.network.describe()
        raise InputError(f"the candidates are those of {there}, the network is {here}")
    return dict(allocation.masks("learnable"))


def _tell(name: str, given: Allocation, found: Design, as_json: bool) -> None:
    from rich.console import Console

    from ...answers.question import network_in_words
    from ...display.paragraphs import samples_in_words
    from ..text import print_paragraphs, print_title

    if found.outcome == "open":
        complain(f"{name}: nothing was proved, neither a design nor that there is none")
    if as_json:
        print_json({"file": name, **found.to_dict()})
        return
    console = Console(highlight=False)
    on, about = samples_in_words(found.samples), network_in_words(given)
    print_title(console, f"{Path(name).name}: {about}, {on}; budget {found.budget}")
    print_paragraphs(console, found.paragraphs())
    if found.proposal is not None:
        print_masks(console, found.proposal.allocation)
    console.print()
