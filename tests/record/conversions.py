"""What allocations become elsewhere, and what is read: graphs, frames, files, torch, edges."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import theorycheck as tc

from . import networks
from .answers import attempted
from .networks import generator

_FAMILIES = {
    "feedforward": networks.feedforward,
    "recurrent": networks.recurrent,
    "relu": networks.relu,
}
_EACH = 8
_EDGES = [
    ("a", "h1", True),
    ("b", "h1", False),
    ("b", "h2", True),
    ("h1", "out", True),
    ("h2", "out", True),
]
_ENDS: dict[str, Any] = {"inputs": ["a", "b"], "outputs": ["out"]}


def conversion_cases() -> dict[str, Callable[[], Any]]:
    """Name -> what converts it."""
    cases: dict[str, Callable[[], Any]] = {}
    for family in _FAMILIES:
        for number in range(_EACH):
            name = f"convert/{family}/{number}"
            cases[name] = partial(_converted, family, name)
    cases["convert/edges"] = _edges
    cases["convert/state_dicts"] = _state_dicts
    cases["convert/torch"] = _torch
    cases["convert/errors"] = _errors
    return cases


def masks_of(allocation: tc.Allocation) -> dict[str, Any]:
    """The network and all masks, as JSON."""
    masks = {
        which: {
            name: np.asarray(mask).astype(int).tolist() for name, mask in allocation.masks(which)
        }
        for which in ("learnable", "present")
    }
    return {"network": repr(allocation.network), **masks}


def _converted(family: str, name: str) -> dict[str, Any]:
    allocation, samples, _ = _FAMILIES[family](generator(name))
    graph = allocation.to_networkx()
    weight = next(iter(allocation.network.weight_shapes))
    layer = allocation.to_networkx(weight)
    frame = allocation.to_pandas()
    found = {
        "allocation": repr(allocation),
        "masks": masks_of(allocation),
        "described": allocation.network.describe(),
        "nodes": [[str(node), str(data)] for node, data in graph.nodes(data=True)],
        "edges": [[str(a), str(b), str(data)] for a, b, data in graph.edges(data=True)],
        "layer": [[str(a), str(b), str(data)] for a, b, data in layer.edges(data=True)],
        "frame": frame.to_csv(),
    }
    assert tc.Allocation.from_networkx(graph) == allocation
    with tempfile.TemporaryDirectory() as folder:
        for ending in (".json", ".npz", ".safetensors"):
            file = Path(folder) / f"it{ending}"
            tc.save(file, allocation, samples)
            assert tc.load(file).allocation == allocation
            if ending != ".npz":  # which has the time of its writing in it
                found[f"bytes{ending}"] = hashlib.sha256(file.read_bytes()).hexdigest()
    return attempted(lambda: found)


def _edges() -> dict[str, Any]:
    matrix = np.array([[0, 0, 0], [1, 0, 1], [0, 1, 0]])
    labels = ["a", "b", "c"]
    ends: dict[str, Any] = {"inputs": ["a"], "outputs": ["c"]}
    groups: dict[str, Any] = {"inputs": {"in": ["a", "b"]}, "outputs": {"out": ["c"]}}
    read = tc.Allocation.from_edges
    asked: dict[str, Callable[[], tc.Allocation]] = {
        "feedforward": lambda: read(_EDGES, **_ENDS),
        "relu": lambda: read(_EDGES, **_ENDS, kind="shallow_relu"),
        "recurrent": lambda: read(_EDGES, **_ENDS, steps=4),
        "all": lambda: read(_EDGES, **_ENDS, steps=3, readout="all"),
        "matrix": lambda: read(matrix, **ends, steps=5, labels=labels),
        "sources": lambda: read(matrix, **ends, steps=5, labels=labels, rows="sources"),
        "groups": lambda: read(matrix, **groups, steps=5, labels=labels, learnable=[("b", "c")]),
        "unknown": lambda: read(_EDGES, inputs=["z"], outputs=["out"]),
        "uneven": lambda: read([*_EDGES, ("a", "out", True)], **_ENDS),
    }
    found: dict[str, Any] = {
        name: attempted(lambda make=make: masks_of(make())) for name, make in asked.items()
    }
    units = tc.unit_names(_EDGES, **_ENDS)
    found["units"] = {str(level): names for level, names in units.items()}
    return found


def _state_dicts() -> dict[str, Any]:
    rng = generator("state dicts")

    def mask(*shape: int) -> np.ndarray:
        return rng.integers(0, 2, shape)

    chain = {"0.weight": mask(3, 2), "2.weight": mask(2, 3)}
    pruned = {"0.weight_mask": mask(3, 2), "0.weight_orig": rng.random((3, 2))}
    biased = {**chain, "0.bias": mask(3), "2.bias": mask(2)}
    memory = {
        "rnn.weight_ih_l0": mask(3, 2),
        "rnn.weight_hh_l0": mask(3, 3),
        "head.weight": mask(1, 3),
    }
    read = tc.Allocation.from_state_dict
    asked: dict[str, Callable[[], tc.Allocation]] = {
        "chain": lambda: read(chain, "linear_feedforward"),
        "relu": lambda: read(chain, "shallow_relu"),
        "biased": lambda: read(biased, "linear_feedforward"),
        "pruned": lambda: read(pruned, "linear_feedforward"),
        "network": lambda: read(chain, network=tc.LinearFeedforward([2, 3, 2])),
        "layers": lambda: read(chain, "linear_feedforward", layers=["2", "0"]),
        "recurrent": lambda: read(memory, steps=3),
        "recurrent all": lambda: read(memory, steps=3, readout="all"),
        "no steps": lambda: read(memory),
        "no kind": lambda: read(chain),
        "values": lambda: read({"0.weight": rng.random((3, 2))}, "linear_feedforward"),
    }
    return {name: attempted(lambda make=make: masks_of(make())) for name, make in asked.items()}


def _torch() -> Any:
    try:
        import torch  # pyright: ignore[reportMissingImports]
        from torch.nn.utils.prune import l1_unstructured  # pyright: ignore[reportMissingImports]
    except ImportError:
        return "torch is not installed"
    nn = torch.nn

    def chain(*, bias: bool, middle: Any = None) -> Any:
        parts = [nn.Linear(3, 4, bias=bias), middle, nn.Linear(4, 2, bias=bias)]
        return nn.Sequential(*(part for part in parts if part is not None))

    half = chain(bias=True)
    half[0].weight.requires_grad_(False)
    pruned = chain(bias=False)
    l1_unstructured(pruned[0], "weight", amount=5)
    some = {"0.weight": np.eye(4, 3)}
    read = tc.Allocation.from_torch
    asked: dict[str, Callable[[], tc.Allocation]] = {
        "chain": lambda: read(chain(bias=False)),
        "biased": lambda: read(chain(bias=True)),
        "relu": lambda: read(chain(bias=False, middle=nn.ReLU())),
        "half": lambda: read(half),
        "masked": lambda: read(chain(bias=False), some),
        "tanh": lambda: read(chain(bias=False, middle=nn.Tanh())),
        "dropout": lambda: read(chain(bias=False, middle=nn.Dropout())),
        "convolution": lambda: read(nn.Sequential(nn.Conv2d(1, 1, 3))),
        "not a module": lambda: read(3),  # type: ignore[arg-type]
    }
    found = {name: attempted(lambda make=make: masks_of(make())) for name, make in asked.items()}
    found["pruned"] = attempted(lambda: read(pruned).n_present)
    return found


def _errors() -> dict[str, Any]:
    """What is said of arguments that are wrong."""
    network = tc.LinearFeedforward([2, 3, 2])
    memory = tc.LinearRecurrent(1, 2, 1, 3)
    units = tc.Allocation.layer(tc.ShallowReLU([2, 3, 1]), "W2")
    good = tc.Allocation.layer(network, "W1")
    wrong: dict[str, Callable[[], Any]] = {
        "widths": lambda: tc.LinearFeedforward([2]),
        "width": lambda: tc.LinearFeedforward([2, 0]),
        "relu widths": lambda: tc.ShallowReLU([2, 3]),
        "steps": lambda: tc.LinearRecurrent(1, 2, 1, 0),
        "readout": lambda: tc.LinearRecurrent(1, 2, 1, 2, "al"),  # type: ignore[arg-type]
        "name": lambda: tc.Allocation(network, {"W3": [[1]]}),
        "shape": lambda: tc.Allocation(network, {"W1": [[1, 0]]}),
        "value": lambda: tc.Allocation(memory, {"readout": [[1, 2]]}),
        "absent": lambda: tc.Allocation(memory, {"readout": [[1, 1]]}, {"readout": [[1, 0]]}),
        "budget": lambda: tc.Allocation.random(network, 99, np.random.default_rng(0)),
        "biases": lambda: tc.Allocation.biases(network),
        "low rank": lambda: tc.Allocation.low_rank(memory, {"readout": 1}),  # type: ignore
        "samples": lambda: tc.classify(good, 0),
        "allocation": lambda: tc.classify(network, 1),  # type: ignore[arg-type]
        "effort": lambda: tc.classify(good, 1, effort=5),  # type: ignore[arg-type]
        "backend": lambda: tc.classify(good, 1, backend="nump"),
        "bound": lambda: tc.classify(good, 1, error_bound=2),
        "memory": lambda: tc.classify(good, 1, memory_limit=0),
        "inputs": lambda: tc.classify(good, 3, inputs=[[1.0, 2.0]]),
        "inputs shape": lambda: tc.classify(good, 1, inputs=[[1.0]]),
        "inputs kind": lambda: tc.classify(units, 1, inputs=[[1.0, 2.0]]),
        "trials": lambda: tc.measure(good, 1, trials=0),
        "law": lambda: tc.measure(good, 1, law="norm"),
        "design": lambda: tc.design(network, 2, 0),
        "repair": lambda: tc.repair(good, 2, "less"),  # type: ignore[arg-type]
        "certificate": lambda: tc.Certificate.from_dict({"kind": "cycle"}),
        "file": lambda: tc.load("no such file.json"),
        "spec": lambda: tc.SweepSpec(network, 2, 99),
        "verify": lambda: tc.verify(["T99"]),
        "prove": lambda: tc.prove(["T99"]),
        "deep readout": lambda: tc.design(tc.ShallowReLU([2, 2, 1]), 2, 2),
        "relu repair": lambda: tc.repair(units, 2).to_dict(),
        "relu capacity": lambda: tc.capacity(units, 4).to_dict(),
    }
    return {name: attempted(lambda ask=ask: _as_json(ask())) for name, ask in wrong.items()}


def _as_json(value: Any) -> Any:
    """What no error was raised for, in words if it is no JSON."""
    return value if isinstance(value, dict) else repr(value)
