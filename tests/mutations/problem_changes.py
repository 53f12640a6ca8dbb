"""Changes of the problem that keep its form, so that the checks go on to the evidence."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from .convolved import Convolved
from .leaf_changes import ACTIVATIONS, NETWORKS, Data, at, change_leaf

RECURRENT = ("linear_recurrent", "recurrent")


def shapes(network: Data) -> dict[str, tuple[int, ...]]:
    """Weight name -> shape; `ValueError` for a network whose masks nobody would write down."""
    found: dict[str, tuple[int, ...]] = {}
    widths: list[int] = []
    if network["kind"] == "convolutional":
        found = Convolved.of(network).shapes(network["outputs"], network.get("bias", False))
    elif network["kind"] in RECURRENT:
        n, m, d = (network[key] for key in ("hidden", "inputs", "outputs"))
        found |= {"input": (n, m), "recurrent": (n, n)}
        found |= {"bias": (n,)} if network.get("bias") else {}
        found |= {"readout": (d, n)}
        found |= {"readout_bias": (d,)} if network.get("bias") else {}
    else:
        widths = network["widths"]
    for layer, (m, n) in enumerate(pairwise(widths), start=1):
        found[f"W{layer}"] = (n, m)
        if network.get("bias"):
            found[f"b{layer}"] = (n,)
    if sum(map(math.prod, found.values())) > 10_000:
        raise ValueError("too large to be written down")
    return found


def _resized(rng: random.Random, mask: Any, shape: tuple[int, ...], bit: int) -> Any:
    def entry(*index: int) -> int:
        value = mask
        for i in index:
            if not isinstance(value, list) or i >= len(value):
                return bit if rng.random() < 0.7 else 1 - bit
            value = value[i]
        return value if isinstance(value, int) else bit

    def lists(*index: int) -> Any:
        if len(index) == len(shape):
            return entry(*index)
        return [lists(*index, i) for i in range(shape[len(index)])]

    return lists()


def restated(rng: random.Random, data: Data) -> None:
    """Masks in the shapes of the network, no absent weight learnable, and the number r right."""
    problem = data["problem"]
    wanted = shapes(problem["network"])
    if not problem["samples"] <= 1000:
        raise ValueError("too many points to be written down")
    for which, bit in (("learnable", 0), ("present", 1)):
        if which in problem:
            kept = {name: problem[which][name] for name in wanted if name in problem[which]}
            resized = {n: _resized(rng, mask, wanted[n], bit) for n, mask in kept.items()}
            problem[which] = resized
    for name, mask in problem.get("present", {}).items():
        learnable = problem["learnable"].get(name)
        if learnable is not None:
            problem["learnable"][name] = _both(learnable, mask)
    if "inputs" in problem:
        n_0, points = _inputs(problem["network"]), problem["inputs"]
        points = [[*point[:n_0], *[1] * (n_0 - len(point))] for point in points]
        points += [[rng.randrange(-2, 3) for _ in range(n_0)] for _ in range(problem["samples"])]
        problem["inputs"] = points[: problem["samples"]]
    data["learnable"] = _count(list(problem["learnable"].values()))


def _inputs(network: Data) -> int:
    """The number of inputs of a network that is run once."""
    if network["kind"] == "convolutional":
        return Convolved.of(network).n_inputs
    return network["widths"][0]


def _constant(shape: tuple[int, ...], bit: int) -> Any:
    return [_constant(shape[1:], bit) for _ in range(shape[0])] if shape else bit


def _both(one: Any, other: Any) -> Any:
    if isinstance(one, list):
        return [_both(x, y) for x, y in zip(one, other, strict=True)]
    return int(bool(one and other))


def _count(mask: Any) -> int:
    return sum(map(_count, mask)) if isinstance(mask, list) else int(mask)


def _flip(rng: random.Random, data: Data, which: str) -> None:
    problem = data["problem"]
    name, shape = rng.choice(list(shapes(problem["network"]).items()))
    masks = problem.setdefault(which, {})
    if name not in masks:
        masks[name] = _constant(shape, int(which == "present"))
    index = [rng.randrange(n) for n in shape]
    row = at(masks[name], tuple(index[:-1]))
    row[index[-1]] = 1 - int(row[index[-1]])


def flip_learnable(rng: random.Random, data: Data) -> None:
    _flip(rng, data, "learnable")


def flip_present(rng: random.Random, data: Data) -> None:
    _flip(rng, data, "present")


def drop_present(rng: random.Random, data: Data) -> None:
    """All connections present, or one whole weight absent."""
    problem = data["problem"]
    if rng.random() < 0.5:
        problem.pop("present", None)
        return
    name, shape = rng.choice(list(shapes(problem["network"]).items()))
    problem.setdefault("present", {})[name] = _constant(shape, 0)


def change_samples(rng: random.Random, data: Data) -> None:
    problem = data["problem"]
    problem["samples"] = max(1, problem["samples"] + rng.choice([-2, -1, 1, 2]))


def change_size(rng: random.Random, data: Data) -> None:
    """One width, number of units or of steps one larger or smaller."""
    network = data["problem"]["network"]
    if network["kind"] == "convolutional":
        _change_convolution(rng, network)
        return
    if network["kind"] in RECURRENT:
        key = rng.choice(["inputs", "hidden", "outputs", "steps", "steps"])
        network[key] = max(1, network[key] + rng.choice([-1, 1]))
        return
    place = rng.randrange(len(network["widths"]))
    network["widths"][place] = max(1, network["widths"][place] + rng.choice([-1, 1]))


def _change_convolution(rng: random.Random, network: Data) -> None:
    """One size, perhaps of one axis only, one larger or smaller."""
    if rng.random() < 0.2:
        network["outputs"] = max(1, network["outputs"] + rng.choice([-1, 1]))
        return
    if rng.random() < 0.2:
        place = rng.randrange(len(network["input"]))
        network["input"][place] = max(1, network["input"][place] + rng.choice([-1, 1]))
        return
    layer = rng.choice(network["layers"])
    key = rng.choice(["channels", "kernel", "stride", "padding", "pool"])
    old = layer.get(key, int(key != "padding"))
    if isinstance(old, list):
        layer[key][rng.randrange(len(old))] += rng.choice([-1, 1])
    else:
        layer[key] = old + rng.choice([-1, 1])


def change_network(rng: random.Random, data: Data) -> None:
    """Another readout, activation or kind of feed-forward network, biases or none."""
    problem = data["problem"]
    network = problem["network"]
    if network["kind"] == "feedforward" and rng.random() < 0.3:
        network["skip"] = not network.get("skip", False)
    elif rng.random() < 0.3:
        _change_activation(rng, network)
    elif network["kind"] in ("recurrent", "convolutional") and rng.random() < 0.5:
        network["bias"] = not network.get("bias", False)
    elif network["kind"] == "convolutional":
        _change_convolution(rng, network)
    elif network["kind"] in RECURRENT:
        network["readout"] = "all" if network["readout"] == "final" else "final"
    elif rng.random() < 0.5:
        network["bias"] = not network.get("bias", False)
        for layer, width in enumerate(network["widths"][1:], start=1):
            if network["bias"] and rng.random() < 0.5:
                problem["learnable"][f"b{layer}"] = [rng.randrange(2) for _ in range(width)]
    elif len(network["widths"]) == 3 and network["kind"] != "feedforward":
        network["kind"] = NETWORKS[2 if network["kind"] == NETWORKS[0] else 0]


def _change_activation(rng: random.Random, network: Data) -> None:
    """Another activation, the linear network of these sizes, or a nonlinear one."""
    if network["kind"] == "convolutional":
        n = len(network["layers"])
        names = [rng.choice(ACTIVATIONS) for _ in range(n)]
        network["activation"] = names if rng.random() < 0.3 else names[0]
        return
    if "activation" not in network or rng.random() < 0.7:
        network["kind"] = "feedforward" if "widths" in network else "recurrent"
        name = rng.choice(ACTIVATIONS)
        if "widths" in network and rng.random() < 0.3:
            network["activation"] = [rng.choice(ACTIVATIONS) for _ in network["widths"][2:]]
        else:
            network["activation"] = name
    else:
        del network["activation"]
        network["kind"] = f"linear_{network['kind']}"


def change_inputs(rng: random.Random, data: Data) -> None:
    """Given inputs taken away or made up, or the basis changed."""
    problem = data["problem"]
    if "inputs" not in problem:
        if "widths" in problem["network"]:
            n_0, m = problem["network"]["widths"][0], problem["samples"]
            if not n_0 * m <= 10_000:
                raise ValueError("too many points to be written down")
            problem["inputs"] = [[rng.randrange(-2, 3) for _ in range(n_0)] for _ in range(m)]
            problem["basis"] = sorted(rng.sample(range(m), rng.randint(1, min(m, n_0))))
    elif rng.random() < 0.4:
        del problem["inputs"], problem["basis"]
    else:
        change_leaf(rng, data, ("problem", rng.choice(["inputs", "basis"])))


PROBLEM_CHANGES: Sequence[Callable[[random.Random, Data], None]] = (
    flip_learnable, flip_learnable, flip_learnable, flip_present, drop_present, change_samples,
    change_size, change_network, change_inputs,
)  # fmt: skip
