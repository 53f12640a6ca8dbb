"""Small problems at random, most of them such that a certificate of some kind may be about them."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np

from . import problems
from .leaf_changes import ACTIVATIONS, Data
from .problem_changes import shapes
from .problems import Problem, effective, read

CRITICAL = {"full_rank", "affine_full_rank", "group_bezout", "triangular", "witness", "odd_degree",
            "relu_point", "relu_bounded_output", "relu_missed_sample",
            "sub_allocation", "readout_rank", "solving_order", "one_sided_output",
            "bounded_readout", "missed_signs", "piecewise_point", "piecewise_output",
            "resting_units", "real_full_rank", "real_readout_rank"}  # fmt: skip
LAYER_KINDS = {"degree_count", "support_count", "bottleneck", "cycle", "forest", "two_dimensions",
               "rectangle", "peeling_order", "assignment", "two_forests", "block_forests",
               "colouring", "frozen_direct_path", "outside_count"}  # fmt: skip


RIGID = {"cycle", "forest", "rectangle", "peeling_order", "assignment", "two_forests",
         "block_forests"}  # fmt: skip


RECURRENT = {"frozen_direct_path", "outside_count", "graded_plan"}


BOUNDED = {"relu_missed_sample", "relu_bounded_output", "relu_patterns"}


SPARSE = {"piecewise_cover", "piecewise_point", "piecewise_output", "full", "sub_allocation",
          "count", "deficient_rank", "full_rank", "affine_full_rank", "structural_cover",
          "group_bezout", "triangular", "witness", "odd_degree", "graded_plan", "real_full_rank",
          "real_deficient_rank"}  # fmt: skip


T11 = {"count", "deficient_rank", "full_rank", "full"}  # these are about nonlinear networks, too
AT_REAL_POINTS = {"real_full_rank", "real_deficient_rank", "real_readout_rank"}
T12 = {"readout_rank", "interpolating_units", "solving_order", "one_sided_output",
       "bounded_readout", "resting_units", "missed_signs", "onto_layers"}  # fmt: skip


def random_problem(rng: random.Random, kind: str = "") -> Data:
    """A small problem of any kind, most often one that a certificate of `kind` may be about."""
    network = _network(rng, kind)
    if kind in T11 and rng.random() < 0.5:
        network = _nonlinear(rng)
    if kind in T12 | AT_REAL_POINTS and rng.random() < 0.95:
        network = _nonlinear(rng)
    if kind.startswith("piecewise") and rng.random() < 0.95:
        network = _piecewise(rng)
    problem: Data = {"network": network, "samples": rng.choice([1, 2, 2, 3, 3, 4])}
    names = list(shapes(network))
    weights = [name for name in names if name[0] != "b"]
    if (kind in SPARSE and rng.random() < 0.3) or rng.random() < 0.05:
        problem["present"] = _masks(rng, network, names, rng.choice([0.5, 0.8, 0.95]))
    chosen = names if rng.random() < 0.5 else rng.sample(names, min(len(names), rng.randint(1, 2)))
    if kind in LAYER_KINDS and rng.random() < 0.95:
        some = ["recurrent"] if kind in RIGID else ["recurrent", "readout", "input"]
        inner = ["W1"] if kind in RIGID and len(weights) == 2 else weights
        name = rng.choice(some if "recurrent" in names else inner)
        chosen = [other for other in names if other[1:] == name[1:]]
    problem["learnable"] = _masks(rng, network, chosen, rng.choice([0.3, 0.5, 0.7, 0.9, 1]))
    present = problem.get("present", {})
    for name, mask in problem["learnable"].items():
        problem["learnable"][name] = (np.array(mask) * np.array(present.get(name, 1))).tolist()
    if network["kind"] == "linear_feedforward" and rng.random() < 0.15:
        n_0, m = network["widths"][0], problem["samples"]
        problem["inputs"] = [[rng.randint(-2, 2) for _ in range(n_0)] for _ in range(m)]
        problem["basis"] = _basis(rng, read(problem), m)
    if kind in BOUNDED and network["kind"] == "shallow_relu" and rng.random() < 0.7:
        _one_unit_on_both_sides(rng, problem)
    elif kind in CRITICAL and rng.random() < 0.9:
        _at_the_critical_budget(rng, problem)
    return problem


def _network(rng: random.Random, kind: str) -> Data:
    """Of a kind that certificates of `kind` are about, nine times out of ten."""
    others = ["linear_feedforward", "linear_feedforward", "linear_recurrent", "shallow_relu"]
    wanted = ["shallow_relu"] if kind.startswith("relu") else others[:3]
    wanted = ["linear_recurrent"] if kind in RECURRENT else wanted
    title = rng.choice(wanted if rng.random() < 0.9 else others)
    if title == "linear_recurrent":
        hidden = rng.randint(3, 5) if kind in RIGID else rng.randint(1, 4)
        network: Data = {"kind": title, "inputs": rng.randint(1, 3), "hidden": hidden}
        network |= {"outputs": rng.randint(1, 3), "steps": rng.choice([1, 2, 2, 2, 3])}
        return {**network, "readout": rng.choice(["final", "final", "final", "all"])}
    if kind in RIGID and title == "linear_feedforward" and rng.random() < 0.8:
        d = rng.randint(1, 3)
        return {"kind": title, "widths": [rng.randint(2, 6), d + rng.randint(1, 3), d]}
    if kind == "deep_levels" and rng.random() < 0.8:
        return {"kind": "linear_feedforward", "widths": [rng.randint(2, 3) for _ in range(4)]}
    depth = 2 if title == "shallow_relu" else rng.choice([1, 2, 2, 3])
    most = 3 if title == "shallow_relu" or kind in CRITICAL else 5
    network = {"kind": title, "widths": [rng.randint(1, most) for _ in range(depth + 1)]}
    return {**network, "bias": True} if rng.random() < 0.3 else network


def _nonlinear(rng: random.Random) -> Data:
    """Small, most often of one activation that is analytic."""
    if rng.random() < 0.3:
        return _convolutional(rng)
    name = rng.choice(ACTIVATIONS if rng.random() < 0.1 else ACTIVATIONS[:12])
    bias = {"bias": True} if rng.random() < 0.4 or name == "linear" else {}
    if rng.random() < 0.4:
        sizes = {key: rng.randint(1, 2) for key in ("inputs", "hidden", "outputs", "steps")}
        readout = rng.choice(["final", "all"])
        return {"kind": "recurrent", **sizes, "readout": readout, "activation": name, **bias}
    widths = [rng.randint(1, 3) for _ in range(rng.choice([3, 3, 4]))]
    names: Any = name
    if rng.random() < 0.2:
        names = [rng.choice([name, name, "linear", "cube", "erf"]) for _ in widths[2:]]
    skip = {}
    if rng.random() < 0.25:
        place = rng.randrange(1, len(widths) - 1)
        widths[place] = widths[place - 1]
        skip = {"skip": True}
    return {"kind": "feedforward", "widths": widths, "activation": names, **bias, **skip}


def _convolutional(rng: random.Random) -> Data:
    """In one or two dimensions, one or two convolutions, most often of one activation."""
    while True:
        n_axes = rng.choice([1, 1, 2])
        most = 5 if n_axes == 1 else 3
        network: Data = {"kind": "convolutional", "outputs": rng.randint(1, 2)}
        network["input"] = [rng.randint(1, 2), *(rng.randint(1, most) for _ in range(n_axes))]
        layers = []
        for _ in range(rng.choice([1, 1, 2])):
            layer: Data = {"channels": rng.randint(1, 2)}
            for key, low, high in (("kernel", 1, 3), ("stride", 1, 2), ("padding", 0, 2),
                                   ("pool", 1, 2)):  # fmt: skip
                if key == "kernel" or rng.random() < 0.4:
                    layer[key] = [rng.randint(low, high) for _ in range(n_axes)]
                    layer[key] = layer[key][0] if rng.random() < 0.5 else layer[key]
            layers.append(layer)
        name = rng.choice(ACTIVATIONS if rng.random() < 0.1 else ACTIVATIONS[:12])
        network |= {"layers": layers, "activation": name}
        if rng.random() < 0.2:
            names = [name, name, "linear", "square"]
            network["activation"] = [rng.choice(names) for _ in layers]
        if rng.random() < 0.4:
            network["bias"] = True
        try:
            sizes = shapes(network).values()
        except ValueError:
            continue
        if all(map(all, sizes)) and sum(map(math.prod, sizes)) < 40:
            return network


def _piecewise(rng: random.Random) -> Data:
    """The same with activations that are linear in pieces."""
    network, names = _nonlinear(rng), ["relu", "relu", "leaky_relu", "hardtanh"]
    network["activation"] = rng.choice(names)
    if network["kind"] == "feedforward" and len(network["widths"]) == 3:
        network["activation"] = rng.choice(names[2:])
    elif network["kind"] == "feedforward" and rng.random() < 0.3:
        network["activation"] = [rng.choice([*names, "linear"]) for _ in network["widths"][2:]]
    return network


def _basis(rng: random.Random, problem: Problem, m: int) -> list[int]:
    """As many points as their rank, most often."""
    size = effective(problem) if rng.random() < 0.9 else rng.randint(1, m)
    return sorted(rng.sample(range(m), max(min(size, m), 1)))


def _at_the_critical_budget(rng: random.Random, problem: Data) -> None:
    """As many learnables as the target dimension, where there are so many weights."""
    read_ = read(problem)
    target = read_.outputs * read_.samples
    if read_.is_linear:
        target = problems.rank(read_, "present")
    names = list(problem["learnable"])
    entries = [
        entry for entry in read_.entries("present") if entry[0] in names or rng.random() < 0.2
    ]
    part = read_.with_learnable(rng.sample(entries, min(target, len(entries))))
    problem["learnable"] = {n: (x * 1).tolist() for n, x in part.learnable.items() if x.any()}


def _one_unit_on_both_sides(rng: random.Random, problem: Data) -> None:
    """Some inputs of one unit (or of none), and about as many output weights as there must be."""
    part = read(problem)
    unit = rng.randrange(part.shapes["W1"][0])
    inward = [(n, i) for n, i in part.entries("present") if n in ("W1", "b1") and i[0] == unit]
    entries = rng.sample(inward, rng.randint(0, min(2, len(inward))))
    outward = [entry for entry in part.entries("present") if entry[0] == "W2"]
    size = part.outputs * part.samples - len(entries) + rng.choice([0, 0, 1])
    entries += rng.sample(outward, min(max(size, 1), len(outward)))
    masks = part.with_learnable(entries).learnable
    problem["learnable"] = {name: (mask * 1).tolist() for name, mask in masks.items() if mask.any()}


def _masks(rng: random.Random, network: Data, names: list[str], share: float) -> Data:
    return {
        name: (np.array([rng.random() < share for _ in range(int(np.prod(shape)))]) * 1)
        .reshape(shape)
        .tolist()
        for name, shape in shapes(network).items()
        if name in names
    }
