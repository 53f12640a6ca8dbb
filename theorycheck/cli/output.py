"""What commands that write allocations share: their options, their files, their masks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from .common import Failures, complain

if TYPE_CHECKING:
    from rich.console import Console

    from ..problem.allocation import Allocation
    from ..problem.parametrization import Parametrization


AllocationOut: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="OUT", help="Write the allocation found, to a .json, .npz or .safetensors file."
    ),
]


def require_name(failures: Failures, path: str | None) -> None:
    """End the command before its search if no allocation file can have this name."""
    from ..errors import InputError
    from ..problem.files import require_ending

    if path is None:
        return
    with failures.of(path):
        require_ending(path)
        folder = Path(path).parent
        if not folder.is_dir():
            raise InputError("cannot be written: No such file or directory")
        if not os.access(folder, os.W_OK):
            raise InputError("cannot be written: Permission denied")
        return
    failures.leave()


def write_allocation(path: str, allocation: Allocation | None, samples: int, none: str) -> None:
    """Write an allocation file, or complain that there is `none`; `InputError` if that fails."""
    from ..errors import writing
    from ..problem.files import save

    if allocation is None:
        complain(f"{path}: not written, {none}")
        return
    with writing():
        save(path, allocation, samples)


def write_found(folder: str, name: str, found: Allocation | Parametrization, samples: int) -> Path:
    """Write an allocation, or parametrised weights, into a folder, which is made.

    Raises `InputError` if that fails.
    """
    from ..errors import writing
    from ..problem.allocation import Allocation
    from ..problem.files import save
    from ..problem.parametrization_files import save_parametrization

    path = Path(folder) / name
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(found, Allocation):
            save(path, found, samples)
        else:
            save_parametrization(path, found, samples)
    return path


def print_masks(console: Console, allocation: Allocation) -> None:
    """Print the learnable masks of a small allocation, counts of a large one."""
    from rich.text import Text

    from ..problem.masks import count
    from ..problem.networks.unrolled import as_matrix
    from .text import print_paragraph

    width = max(11, 1 + max(map(len, allocation.counts), default=0))
    for name, number in allocation.counts.items():
        mask = allocation.mask(name)
        rows = as_matrix(mask)
        if rows.shape[0] > 20 or rows.shape[1] > 40:
            present = count(allocation.present_mask(name))
            print_paragraph(console, name, f"{number} of {present} weights learnable")
            continue
        for i, row in enumerate(rows):
            label = name if i == 0 else ""
            dots = " ".join("x" if learnable else "." for learnable in row)
            console.print(Text(f"  {label.ljust(width)}{dots}"), soft_wrap=True)
