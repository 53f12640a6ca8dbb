"""Random problems: networks of every kind, masks, about as many learnables as are needed."""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import numpy as np

import theorycheck as tc

SEED = 20_251


class Asked(NamedTuple):
    """A problem, perhaps with given inputs, (points, n_0)."""

    allocation: tc.Allocation
    samples: int
    inputs: np.ndarray | None = None


def generator(name: str) -> np.random.Generator:
    """The draws of one case: they do not depend on which others there are."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def sizes(rng: np.random.Generator, count: int, low: int, high: int) -> list[int]:
    """So many sizes from `low` to `high`."""
    return [int(size) for size in rng.integers(low, high + 1, count)]


def sparse(rng: np.random.Generator, network: Any, share: float) -> dict[str, np.ndarray]:
    """Masks of existing connections, about `share` of them, at least one in each weight."""
    masks = {}
    for name, shape in network.weight_shapes.items():
        masks[name] = rng.random(shape) < share
        masks[name].flat[int(rng.integers(masks[name].size))] = True
    return masks


def needed(network: Any, samples: int) -> int:
    """About how many learnables are needed (no more than a guess: T1 counts them)."""
    if isinstance(network, tc.LinearRecurrent):
        rows = samples * (network.steps if network.readout == "all" else 1)
        everything = network.hidden * (network.inputs + network.outputs)
        return min(network.outputs * min(rows, network.inputs * network.steps), everything)
    widths = network.widths
    if not network.is_linear:
        return samples * network.outputs * network.n_reads
    points = min(samples, network.inputs + network.bias)
    rank = min([*widths[1:-1], network.outputs, points])
    return rank * (network.outputs + points - rank)


def about_needed(
    rng: np.random.Generator, network: Any, samples: int, present: Any = None
) -> tc.Allocation:
    """Learnables below, at or above what is needed, among the present weights."""
    available = tc.Allocation.full(network, present).n_learnable
    shift = int(rng.choice([-2, -1, 0, 0, 0, 0, 1, 2, 4]))
    budget = min(max(needed(network, samples) + shift, 0), available)
    shape = rng.random()
    if shape < 0.7:
        return tc.Allocation.random(network, budget, rng, present=present)
    if shape < 0.85:
        return tc.Allocation.spread(network, budget, rng if shape < 0.8 else None, present)
    names = [name for name in network.weight_shapes if rng.random() < 0.6]
    within = {name: np.ones(network.weight_shapes[name], dtype=bool) for name in names}
    if present is not None:
        within = {name: present[name] for name in names}
    few = sum(int(mask.sum()) for mask in within.values())
    return tc.Allocation.random(network, min(budget, few), rng, within=within, present=present)


def feedforward(rng: np.random.Generator) -> Asked:
    """Of depth 1 to 4, a third with biases, a third sparse."""
    depth = int(rng.choice([1, 2, 2, 2, 3, 3, 4]))
    widths = sizes(rng, depth + 1, 1, 5 if depth < 3 else 4)
    network = tc.LinearFeedforward(widths, bias=bool(rng.random() < 0.3))
    samples = int(rng.integers(1, 6))
    present = sparse(rng, network, 0.75) if rng.random() < 0.3 else None
    return Asked(about_needed(rng, network, samples, present), samples)


def bottleneck(rng: np.random.Generator) -> Asked:
    """A narrow layer between wide ones, dense or sparse."""
    inner = sizes(rng, int(rng.choice([1, 1, 2])), 1, 2)
    widths = [*sizes(rng, 1, 3, 5), *inner, *sizes(rng, 1, 3, 4)]
    if rng.random() < 0.3:
        widths.insert(1, int(rng.integers(2, 5)))
    network = tc.LinearFeedforward(widths, bias=bool(rng.random() < 0.2))
    samples = int(rng.integers(2, 7))
    present = sparse(rng, network, 0.85) if rng.random() < 0.2 else None
    return Asked(about_needed(rng, network, samples, present), samples)


def one_layer(rng: np.random.Generator) -> Asked:
    """One learnable layer, as wide as needed or up to 3 wider on both sides, at the edge."""
    d, m, a, b = (int(n) for n in rng.integers([1, 1, 0, 0], [5, 5, 4, 4]))
    rows, columns = d + a, m + b
    bias = bool(columns > 1 and rng.random() < 0.2)
    widths = [columns - bias, rows, *([d] if a else [])]
    if rng.random() < 0.2:  # frozen weights below, too
        widths.insert(0, int(rng.integers(widths[0], widths[0] + 2)))
        bias = False
    network = tc.LinearFeedforward(widths, bias=bias)
    layer = f"W{len(widths) - 1 - bool(a)}"
    n_frozen = b * rows + a * columns - a * b + int(rng.integers(-3, 2))
    mask = np.ones(network.weight_shapes[layer], dtype=bool)
    mask.flat[rng.permutation(mask.size)[: min(max(n_frozen, 0), mask.size)]] = False
    learnable = {layer: mask}
    if bias:
        learnable[f"b{layer[1:]}"] = rng.random(len(mask)) < 0.8
    return Asked(tc.Allocation(network, learnable), m)


def recurrent(rng: np.random.Generator) -> Asked:
    """Up to 8 steps, read at the last or at all, a third sparse."""
    inputs, hidden, outputs = (int(n) for n in rng.integers([1, 1, 1], [4, 5, 4]))
    readout = "final" if rng.random() < 0.6 else "all"
    network = tc.LinearRecurrent(inputs, hidden, outputs, int(rng.integers(1, 9)), readout)
    samples = int(rng.integers(1, 5))
    present = sparse(rng, network, 0.7) if rng.random() < 0.35 else None
    if rng.random() < 0.25:  # one weight only
        name = str(rng.choice(["input", "recurrent", "readout"]))
        mask = rng.random(network.weight_shapes[name]) < rng.choice([0.4, 0.7, 1.0])
        mask &= True if present is None else present[name]
        return Asked(tc.Allocation(network, {name: mask}, present), samples)
    return Asked(about_needed(rng, network, samples, present), samples)


def relu(rng: np.random.Generator) -> Asked:
    """Small shallow ReLU networks, half with biases, some sparse, some with lines learnable."""
    widths = [int(n) for n in rng.integers([1, 1, 1], [4, 5, 3])]
    network = tc.ShallowReLU(widths, bias=bool(rng.random() < 0.5))
    samples = int(rng.integers(1, 5))
    present = sparse(rng, network, 0.8) if rng.random() < 0.25 else None
    kind = rng.random()
    if kind < 0.15:
        return Asked(tc.Allocation.layer(network, "W2", present=present), samples)
    if kind < 0.3:
        rows = {"W1": np.flatnonzero(rng.random(widths[1]) < 0.5).tolist()}
        return Asked(tc.Allocation.rows(network, rows, present), samples)
    return Asked(about_needed(rng, network, samples, present), samples)


def inputs(rng: np.random.Generator) -> Asked:
    """A linear feed-forward network on given inputs: zeros, dependent and equal points."""
    allocation, samples, _ = one_layer(rng) if rng.random() < 0.4 else feedforward(rng)
    n_points = samples + int(rng.integers(0, 3))
    points = rng.integers(-3, 4, (n_points, allocation.network.inputs)).astype(float)
    kind = rng.random()
    if kind < 0.3:
        points[:, int(rng.integers(points.shape[1]))] = 0
    elif kind < 0.5:
        points[-1] = points[0] * 2
    elif kind < 0.6:
        points = points[:, :1] * np.ones(points.shape[1])
    elif kind < 0.75:
        points = rng.integers(0, 2, points.shape).astype(bool)
    elif kind < 0.9:
        points = rng.standard_normal(points.shape)
    return Asked(allocation, samples, points)


ACTIVATIONS = ("tanh", "sigmoid", "softplus", "silu", "gelu", "erf", "sin", "exp", "arctan",
               "square", "cube", "relu", "hardtanh")  # fmt: skip


def nonlinear(rng: np.random.Generator) -> Asked:
    """Feed-forward, residual, recurrent and convolutional, all activations, a third sparse."""
    name, bias = str(rng.choice(ACTIVATIONS)), bool(rng.random() < 0.4)
    kind, outputs = int(rng.integers(4)), int(rng.integers(1, 3))
    network: Any
    if kind == 0:
        widths = sizes(rng, int(rng.integers(3, 5)), 1, 4)
        network = tc.Feedforward(widths, activation=name, bias=bias)
    elif kind == 1:
        width = int(rng.integers(1, 4))
        widths = [width] * int(rng.integers(2, 4))
        network = tc.Feedforward([*widths, outputs], activation=name, bias=bias, skip=True)
    elif kind == 2:
        readout: Any = str(rng.choice(["final", "all"]))
        given = sizes(rng, 4, 1, 3)
        network = tc.Recurrent(*given, readout=readout, activation=name, bias=bias)
    else:
        network = filters(rng, name, outputs, bias)
    samples = int(rng.integers(1, 5))
    present = sparse(rng, network, 0.7) if rng.random() < 0.35 else None
    return Asked(about_needed(rng, network, samples, present), samples)


def filters(rng: np.random.Generator, name: str, outputs: int, bias: bool) -> Any:
    """One convolution or two, in 1-D or 2-D, with padding, strides and pooling at times."""
    axes = int(rng.integers(1, 3))
    layers: list[dict[str, int]] = []
    for _ in range(int(rng.integers(1, 3))):
        layer = {"channels": int(rng.integers(1, 3)), "kernel": int(rng.integers(1, 3))}
        layer["padding"] = int(rng.integers(layer["kernel"]))
        layer["stride"] = int(rng.integers(1, 3)) if not layers else 1
        layers.append(layer)
    layers[-1]["pool"] = 2 if rng.random() < 0.3 and layers[0]["stride"] == 1 else 1
    size = [int(rng.integers(1, 3)), *[5 - axes] * axes]
    return tc.Convolutional(size, layers, outputs, activation=name, bias=bias)


def structured(rng: np.random.Generator) -> Asked:
    """What the public constructors make: lines, layers, biases, low rank, everything, nothing."""
    depth = int(rng.integers(1, 4))
    network = tc.LinearFeedforward(sizes(rng, depth + 1, 1, 5), bias=bool(rng.random() < 0.5))
    last, samples = f"W{depth}", int(rng.integers(1, 5))
    make = tc.Allocation
    lines = {last: [0], "W1": np.flatnonzero(rng.random(network.widths[1]) < 0.6).tolist()}
    columns = {"W1": np.flatnonzero(rng.random(network.inputs) < 0.6).tolist()}
    choices = {
        "full": lambda: make.full(network),
        "none": lambda: make.none(network),
        "rows": lambda: make.rows(network, lines),
        "columns": lambda: make.columns(network, columns),
        "layer": lambda: make.layer(network, last),
        "layers": lambda: make.layer(network, "W1", last),
        "low rank": lambda: make.low_rank(network, {last: int(rng.integers(1, 3))}),
        "restricted": lambda: make.full(network).restricted_to([last]),
    }
    if network.bias:
        choices["biases"] = lambda: make.biases(network)
    return Asked(choices[str(rng.choice(list(choices)))](), samples)
