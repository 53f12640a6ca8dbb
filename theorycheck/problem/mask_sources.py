"""Masks of files that tell no network and no samples: the network is read off their shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError, shown
from .allocation import Allocation
from .archives import LARGEST_FILE, by_weight, read_array, read_arrays, read_limited
from .interop.foreign import sparse_from_arrays
from .interop.state_dicts import is_state_dict, read_state_dict
from .interop.tensor_files import read_safetensors, read_torch
from .networks.base import Network
from .networks.kinds import KINDS, RECURRENT, kind_entries, network_from_dict

ENDINGS = (".npy", ".npz", ".pt", ".pth", ".safetensors")
_WEIGHT = re.compile(
    r"(?:(?:learnable|present)[./_])?(?:[Wb][1-9]\d*|input|recurrent|bias|readout|readout_bias)"
)


def load_masks(
    *paths: str | Path,
    network: Network | None = None,
    kind: str | None = None,
    steps: int | None = None,
    readout: str = "final",
    layers: Sequence[str] | None = None,
    activation: str | Sequence[str] | None = None,
) -> Allocation:
    """The allocation of masks in files that are no allocation files: what others have saved.

    Read are `.npy` (one matrix each: the weight that the name tells, as `W2.npy`, else one layer
    after the other), `.npz`, `.safetensors`, `.pt` and `.pth` (by `torch.load(weights_only=True)`:
    nothing is unpickled). Arrays have the names of weights (`W1`, `learnable.W1`, `present.W1`,
    `recurrent`) or of parameters (`0.weight_mask`): see `Allocation.from_state_dict`.

    Without `network` the sizes are those of the masks, which then must name every weight matrix;
    `kind` is linear_feedforward unless it or an `activation` (as of `Feedforward` and `Recurrent`)
    is said, and one of the two must be said for a state dict; recurrent networks need `steps`.
    Raises `InputError` for whatever does not fit.

    >>> import tempfile, numpy as np
    >>> file = Path(tempfile.mkdtemp()) / "mask.npy"
    >>> np.save(file, np.array([[1, 0, 1], [0, 1, 0]]))
    >>> load_masks(file)
    Allocation(LinearFeedforward(widths=(3, 2), bias=False), {'W1': [[1, 0, 1], [0, 1, 0]]})
    """
    if not paths:
        raise InputError("name at least one file of masks")
    arrays: dict[str, Any] = {}
    for number, path in enumerate(map(Path, paths), start=1):
        try:
            found = _arrays(path, number)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        for name, value in found.items():
            if name in arrays:
                raise InputError(f"{path}: the mask {shown(name)} is in another file already")
            arrays[name] = value
    if is_state_dict(list(arrays)):
        options: dict[str, Any] = {"kind": kind, "activation": activation, "network": network}
        options |= {"steps": steps, "readout": readout}
        return Allocation(*read_state_dict(arrays, layers=layers, **options))
    masks = by_weight(arrays)
    network = _network(masks, kind, activation, steps, readout) if network is None else network
    return Allocation(network, masks["learnable"], masks["present"])


def _arrays(path: Path, number: int) -> dict[str, Any]:
    """The masks of one file by name."""
    suffix = path.suffix.lower()
    if suffix not in ENDINGS:
        raise InputError(f"files of masks end in {', '.join(ENDINGS)}")
    data = read_limited(path, LARGEST_FILE)
    name = path.stem if _WEIGHT.fullmatch(path.stem) else f"W{number}"
    if suffix == ".npy":
        return {name: read_array(data, "which no mask has")}
    if suffix == ".safetensors":
        return dict(read_safetensors(data)[1])
    if suffix == ".npz":
        arrays = read_arrays(data, LARGEST_FILE)
        if "format" in arrays:
            return {name: sparse_from_arrays(arrays, "the matrix")}
        return {key: value for key, value in arrays.items() if key != "meta"}
    return tensors_of(read_torch(data), name)


def tensors_of(content: Any, name: str = "W1") -> dict[str, Any]:
    """The tensors in a file of torch, by name: of a dictionary, or of one tensor alone.

    A dictionary under `state_dict` or `model`, as in checkpoints, and masks under `learnable` and
    `present` are found.
    """
    if hasattr(content, "shape"):
        return {name: content}
    if not isinstance(content, Mapping):
        what = f"a dictionary of tensors is expected, not {shown(type(content).__name__)}"
        raise InputError(f"{what}: torch.save(model.state_dict(), FILE) writes one")
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(content.get(key), Mapping):
            return tensors_of(content[key])
    tensors: dict[str, Any] = {}
    for key, value in content.items():
        if key in ("learnable", "present") and isinstance(value, Mapping):
            tensors |= {f"{key}.{weight}": mask for weight, mask in value.items()}
        elif hasattr(value, "shape"):
            tensors[key] = value
        elif key not in ("meta", "network", "samples", "comment"):
            raise InputError(f"{shown(key)} is no tensor, but {shown(value)}")
    if not tensors:
        raise InputError("there is no tensor in this file")
    return tensors


def _network(
    masks: Mapping[str, Mapping[str, Any]],
    kind: str | None,
    activation: object,
    steps: int | None,
    readout: str,
) -> Network:
    """The network whose weights have the shapes of the masks; all matrices must be there."""
    shapes = {n: tuple(m.shape) for which in masks.values() for n, m in which.items()}
    cure = "; or say the sizes of the network"
    if kind is not None and kind not in KINDS:
        raise InputError(f"kind must be one of {', '.join(KINDS)}, not {shown(kind)}")
    for name, shape in shapes.items():
        if len(shape) > 2 and not _is_bias(name):
            what = f"the mask {name} of shape {shape} is one of filters"
            raise InputError(f"{what}: say network=tc.Convolutional(...)")
        if len(shape) != (1 if _is_bias(name) else 2):
            raise InputError(f"the mask {name} has shape {shape}; rows are outputs, columns inputs")
    if kind in RECURRENT or "recurrent" in shapes:
        for name in ("input", "recurrent", "readout"):
            if name not in shapes:
                raise InputError(f"a recurrent network needs the mask of {name}{cure}")
        if steps is None:
            raise InputError("steps are missing: a recurrent network needs their number")
        sizes = {"inputs": shapes["input"][1], "hidden": shapes["recurrent"][0]}
        sizes |= {"outputs": shapes["readout"][0], "steps": steps, "readout": readout}
        sizes |= {"bias": True} if any(map(_is_bias, shapes)) else {}
        named = kind_entries(kind if kind in RECURRENT else None, activation, recurrent=True)
        return network_from_dict({**named, **sizes})
    depth = max((int(name[1:]) for name in shapes if name[1:].isdecimal()), default=0)
    for layer in range(1, depth + 1):
        if f"W{layer}" not in shapes:
            raise InputError(f"the masks go up to layer {depth}, but W{layer} is missing{cure}")
    widths = [shapes["W1"][1], *(shapes[f"W{layer}"][0] for layer in range(1, depth + 1))]
    bias = {"bias": True} if any(map(_is_bias, shapes)) else {}
    return network_from_dict({**kind_entries(kind, activation), "widths": widths, **bias})


def _is_bias(name: str) -> bool:
    return name[0] == "b" or name == "readout_bias"
