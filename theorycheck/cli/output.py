"""What commands that propose allocations share: their options, their files, their text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from .common import complain

if TYPE_CHECKING:
    from rich.console import Console

    from ..problem.allocation import Allocation


AllocationOut: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="OUT", help="Write the allocation found, to a .json, .npz or .safetensors file."
    ),
]


def write_allocation(path: str, allocation: Allocation | None, samples: int, none: str) -> None:
    """Write an allocation file, or complain that there is `none`; `InputError` if that fails."""
    from ..errors import InputError
    from ..problem.files import save

    if allocation is None:
        complain(f"{path}: not written, {none}")
        return
    try:
        save(path, allocation, samples)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}") from None
    except InputError:
        raise
    except ValueError as error:  # a NUL in the path
        raise InputError(f"cannot be written: {error}") from None


def print_title(console: Console, name: str, frame: Allocation, rest: str) -> None:
    """Print the first line, about which network, and an empty one."""
    from rich.text import Text

    sparse = "" if frame.is_dense else "sparse "
    console.print(Text(f"{name}: {sparse}{frame.network.describe()}{rest}"), soft_wrap=True)
    console.print()


def print_masks(console: Console, allocation: Allocation) -> None:
    """Print the learnable masks of a small allocation, counts of a large one."""
    from rich.text import Text

    from ..problem.masks import count
    from .text import print_paragraph

    for name, number in allocation.counts.items():
        mask = allocation.mask(name)
        rows = mask[:, None] if mask.ndim == 1 else mask
        if rows.shape[0] > 20 or rows.shape[1] > 40:
            present = count(allocation.present_mask(name))
            print_paragraph(console, name, f"{number} of {present} weights learnable")
            continue
        for i, row in enumerate(rows):
            label = name if i == 0 else ""
            dots = " ".join("x" if learnable else "." for learnable in row)
            console.print(Text(f"  {label.ljust(11)}{dots}"), soft_wrap=True)
