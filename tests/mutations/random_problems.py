"""Small problems at random, most of them such that a certificate of some kind may be about them."""

from __future__ import annotations

import random

import numpy as np

from . import problems
from .leaf_changes import Data
from .problem_changes import shapes
from .problems import Problem, effective, read

CRITICAL = {"full_rank", "affine_full_rank", "group_bezout", "triangular", "witness", "odd_degree",
            "relu_point", "relu_bounded_output", "relu_missed_sample",
            "sub_allocation"}  # fmt: skip
LAYER_KINDS = {"degree_count", "support_count", "bottleneck", "cycle", "forest", "two_dimensions",
               "rectangle", "peeling_order", "assignment", "two_forests", "block_forests",
               "colouring", "frozen_direct_path", "outside_count"}  # fmt: skip


RIGID = {"cycle", "forest", "rectangle", "peeling_order", "assignment", "two_forests",
         "block_forests"}  # fmt: skip


BOUNDED = {"relu_missed_sample", "relu_bounded_output", "relu_patterns"}


SPARSE = {"full", "sub_allocation", "count", "deficient_rank", "full_rank", "affine_full_rank",
          "structural_cover", "group_bezout", "triangular", "witness", "odd_degree"}  # fmt: skip


def random_problem(rng: random.Random, kind: str = "") -> Data:
    """A small problem of any kind, most often one that a certificate of `kind` may be about."""
    network = _network(rng, kind)
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
    wanted = ["linear_recurrent"] if kind in ("frozen_direct_path", "outside_count") else wanted
    title = rng.choice(wanted if rng.random() < 0.9 else others)
    if title == "linear_recurrent":
        hidden = rng.randint(3, 5) if kind in RIGID else rng.randint(1, 4)
        network: Data = {"kind": title, "inputs": rng.randint(1, 3), "hidden": hidden}
        network |= {"outputs": rng.randint(1, 3), "steps": rng.choice([1, 2, 2, 2, 3])}
        return {**network, "readout": rng.choice(["final", "final", "final", "all"])}
    if kind in RIGID and title == "linear_feedforward" and rng.random() < 0.8:
        d = rng.randint(1, 3)
        return {"kind": title, "widths": [rng.randint(2, 6), d + rng.randint(1, 3), d]}
    depth = 2 if title == "shallow_relu" else rng.choice([1, 2, 2, 3])
    most = 3 if title == "shallow_relu" or kind in CRITICAL else 5
    network = {"kind": title, "widths": [rng.randint(1, most) for _ in range(depth + 1)]}
    return {**network, "bias": True} if rng.random() < 0.3 else network


def _basis(rng: random.Random, problem: Problem, m: int) -> list[int]:
    """As many points as their rank, most often."""
    size = effective(problem) if rng.random() < 0.9 else rng.randint(1, m)
    return sorted(rng.sample(range(m), max(min(size, m), 1)))


def _at_the_critical_budget(rng: random.Random, problem: Data) -> None:
    """As many learnables as the target dimension, where there are so many weights."""
    read_ = read(problem)
    target = problems.rank(read_, "present") if read_.is_linear else read_.outputs * read_.samples
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
