"""Networks of the sizes that `theorycheck new` is given, with defaults for those that it is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from ...problem.networks.kinds import ACTIVATED, FILTERED, KINDS, LAYERED, RECURRENT

if TYPE_CHECKING:
    from ...problem.allocation import Allocation

DEFAULT_WIDTHS = "3,4,2"
DEFAULT_IMAGE = {"image": "1,6,6", "channels": "2", "kernel": 3, "pool": 1, "outputs": 2}
_DEFAULT_STATE = {"inputs": 1, "hidden": 3, "outputs": 1, "steps": 4, "readout": "final"}
_DEFAULT_ACTIVATION = "tanh"
_APPLYING = (*ACTIVATED, *FILTERED)  # kinds that say what their hidden units apply

# The kinds that each option is for.
_OWNERS: dict[str, tuple[str, ...]] = {
    "widths": LAYERED,
    "skip": tuple(kind for kind in ACTIVATED if kind in LAYERED),
    **dict.fromkeys(("image", "channels", "kernel", "pool"), FILTERED),
    **dict.fromkeys(("inputs", "hidden", "steps", "readout"), RECURRENT),
    "outputs": RECURRENT + FILTERED,
}


def of_sizes(
    kind: str | None,
    given: Mapping[str, Any],
    budget: int | None,
    seed: int | None,
    samples: int,
) -> tuple[Allocation, list[str]]:
    """As many learnables as are needed, spread over a network of the given sizes."""
    from ...answers.starting_files import starting_allocation
    from ...problem.networks.kinds import network_from_dict

    kind = _kind(kind, given)
    sizes = {key: value for key, value in given.items() if value is not None}
    if kind in _APPLYING:
        sizes.setdefault("activation", _DEFAULT_ACTIVATION)
    if kind in RECURRENT:
        sizes = {**_DEFAULT_STATE, **sizes}
    elif kind in FILTERED:
        sizes = _filters({**DEFAULT_IMAGE, **sizes})
    else:
        sizes["widths"] = _integers(sizes.get("widths", DEFAULT_WIDTHS))
    network = network_from_dict({"kind": kind, **sizes})
    return starting_allocation(network, samples, budget, seed), []


def check_options(kind: str | None, given: Mapping[str, Any]) -> None:
    """Raise `BadParameter` for options that the kind that is said or meant does not have."""
    kind = _kind(kind, given)
    for option, owners in _OWNERS.items():
        if given.get(option) is not None and kind not in owners:
            *first, last = owners
            where = " and ".join([", ".join(first), last] if first else [last])
            raise typer.BadParameter(f"--{option} is for {where}, not for {kind}")
    if kind in _APPLYING:
        return
    is_recurrent = kind in RECURRENT
    other = next(name for name in ACTIVATED if (name in RECURRENT) == is_recurrent)
    refused = {"activation": given["activation"], "bias": given["bias"] if is_recurrent else None}
    for option, value in refused.items():
        if value is not None:
            raise typer.BadParameter(f"--{option} means nothing for {kind}: say --kind {other}")


def _kind(kind: str | None, given: Mapping[str, Any]) -> str:
    """The kind that was said or is meant."""
    if kind is not None:
        return kind
    return next(iter(KINDS)) if given["activation"] is None else ACTIVATED[0]


def _filters(sizes: dict[str, Any]) -> dict[str, Any]:
    """The entries of a convolutional network, all of whose layers are alike but for channels."""
    windows = {key: sizes.pop(key) for key in ("kernel", "pool")}
    layers = [{"channels": count, **windows} for count in _integers(sizes.pop("channels"))]
    image = _integers(sizes.pop("image"))
    return {**sizes, "input": image, "layers": layers}


def _integers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]
