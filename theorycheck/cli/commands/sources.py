"""Where `theorycheck new` takes an allocation from: files of masks, connectomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import InputError

if TYPE_CHECKING:
    from ...problem.allocation import Allocation

Options = dict[str, Any]


def of_masks(
    files: list[str], made: Options, widths: str | None, bias: bool, layers: str | None
) -> tuple[Allocation, list[str]]:
    """The allocation of mask files; `made` has the kind, steps and readout that were asked."""
    from ...problem.mask_sources import load_masks
    from ...problem.networks.kinds import kind_entries, network_from_dict

    kind, activation, network = made["--kind"], made["--activation"], None
    if widths is not None:
        sizes = {"widths": [int(width) for width in widths.split(",")], "bias": bias}
        network = network_from_dict({**kind_entries(kind, activation), **sizes})
    elif bias:
        raise InputError("--bias needs --widths here; else the masks tell of biases")
    named = None if layers is None else names(layers, "--layers")
    readout = made["--readout"] or "final"
    allocation = load_masks(
        *files,
        network=network,
        kind=kind,
        activation=activation,
        steps=made["--steps"],
        readout=readout,
        layers=named,
    )
    return allocation, [f"Masks of {', '.join(files)}."]


def of_edges(
    file: str, made: Options, ends: Options, rows: str, chosen: Options, samples: int
) -> tuple[Allocation, list[str]]:
    """The allocation of a connectome, and which unit has which number.

    Where the file does not tell what is learnable, as many connections as are needed (or
    `--budget`) are, spread evenly.
    """
    from ...answers.starting_files import starting_allocation
    from ...problem.allocation import Allocation
    from ...problem.interop.edge_files import read_edge_file
    from ...problem.networks.kinds import KINDS
    from ...problem.sources import unit_names

    for option, value in ends.items():
        if value is None:
            raise InputError(f"--edges needs {option}: the names of units, as in A,B")
    steps, readout, kind = made["--steps"], made["--readout"] or "final", made["--kind"]
    is_recurrent = kind is not None and KINDS[kind].is_recurrent
    if steps is None and (is_recurrent or made["--readout"]):
        raise InputError("a recurrent network needs --steps")
    if steps is not None and kind is not None and not is_recurrent:
        raise InputError(f"--steps makes a recurrent network, not one of --kind {kind}")
    inputs, outputs = (names(ends[option], option) for option in ("--inputs", "--outputs"))
    options = {"inputs": inputs, "outputs": outputs, "steps": steps, "readout": readout}
    options |= {"kind": kind, "activation": made["--activation"]}
    table = read_edge_file(file)
    edges, labels = (table.edges, None) if table.matrix is None else (table.matrix, table.labels)
    options |= {"labels": labels, "rows": rows}
    allocation = Allocation.from_edges(edges, **options)
    notes = _notes(file, unit_names(edges, **options), table.unused)
    if table.edges is not None and len(table.edges[0]) == 3:
        if chosen["--budget"] is not None or chosen["--seed"] is not None:
            raise InputError("the column learnable tells what --budget and --seed would")
        return allocation, notes
    network, masks = allocation.network, allocation.masks("present")
    within = {name: mask for name, mask in masks if steps is None or network.lag(name)}
    budget, seed = chosen["--budget"], chosen["--seed"]
    present = allocation.given_present()
    starting = starting_allocation(network, samples, budget, seed, within=within, present=present)
    return starting, notes


def names(text: str, option: str) -> list[str]:
    """The names in a list A,B,...; raises `InputError` for an empty one."""
    found = [name.strip() for name in text.split(",")]
    if not all(found):
        raise InputError(f"{option} must be names, as in A,B, not {text[:60]!r}")
    return found


def _notes(file: str, units: dict[Any, list[Any]], unused: list[str]) -> list[str]:
    """Which unit is which row and column, and what was left alone."""
    lines = [f"Wiring diagram of {file}; rows are targets, columns sources."]
    for level, members in units.items():
        title = f"layer {level}" if isinstance(level, int) else f"{level} units"
        lines += wrapped(f"{title}: ", [f"{i} {name}" for i, name in enumerate(members)])
    if unused:
        lines += wrapped("Columns that mean nothing here: ", unused)
    return lines


def wrapped(start: str, parts: list[str], width: int = 88) -> list[str]:
    """A list in lines of at most `width` characters, where its parts allow it.

    >>> wrapped("units: ", ["0 a", "1 b", "2 c"], width=16)
    ['units: 0 a, 1 b,', '  2 c']
    """
    lines, line = [], start
    for number, part in enumerate(parts):
        piece = part + ("," if number < len(parts) - 1 else "")
        if len(line) + len(piece) > width and line.strip() and number:
            lines.append(line.rstrip())
            line = "  "
        line += f"{piece} "
    return [*lines, line.rstrip()]
