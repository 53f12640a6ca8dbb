"""Certificates changed at random: any leaf or list, the problem as a whole, parts of others.

A change returns a new JSON object with the digest computed anew, so that only the checks of the
problem, the claim and the evidence can refuse it.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

Data: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[Any, ...]

WORDS = [
    "rows", "columns", "row", "column", "closed form", "minor", "equations", "weights", "gauge",
    "trials", "bezout", "univariate", "monodromy", "elimination", "W1", "W2", "b1", "input",
    "recurrent", "readout", "hidden layer 1", "the hidden layer", "final", "all", "",
]  # fmt: skip
THEOREM_NAMES = ["T0", "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "C1"]
EXPRESSIVITIES = ["minimal", "maximal", "positive", "intermediate"]
NETWORKS = ["linear_feedforward", "linear_recurrent", "shallow_relu"]


def redigested(data: Data) -> Data:
    """The object with the digest of what it holds now."""
    rest = {key: value for key, value in data.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return {**rest, "digest": hashlib.sha256(text.encode()).hexdigest()}


def leaves(data: Any, path: Path = ()) -> list[Path]:
    """The paths of all leaves, lists and objects below the top."""
    found = [path] if path else []
    if isinstance(data, (dict, list)):
        items = data.items() if isinstance(data, dict) else enumerate(data)
        for key, value in items:
            found += leaves(value, (*path, key))
    return found


def at(data: Any, path: Path) -> Any:
    for key in path:
        data = data[key]
    return data


def put(data: Any, path: Path, value: Any) -> None:
    at(data, path[:-1])[path[-1]] = value


def _number(rng: random.Random, value: Any) -> Any:
    """Another number, or the same as another type."""
    near = [value + 1, value - 1, value + 1, value - 1, -value, 2 * value, 0, 1, 2, 3]
    odd = [-1, -2, 2**31, 2**64, 10**30, 1e-300, 0.5, -0.0, float("nan"), float("inf")]
    other = [True, False, None, str(value), [value], [], {}, [[value]]]
    choices = rng.choice([near, near, near, odd, other])
    as_float = value if abs(value) > 2**60 else float(value)
    return rng.choice([*choices, as_float])


def _list(rng: random.Random, value: list[Any]) -> Any:
    """Shorter, longer, in another order, emptied, or something else."""
    new = copy.deepcopy(value)
    what = rng.randrange(10)
    if what == 0 or not new:
        return rng.choice([[], {}, None, [0], [[]], [None], 0, "x", [True]])
    place = rng.randrange(len(new))
    if what == 1:
        new.pop(place)
    elif what == 2:
        new.insert(place, copy.deepcopy(new[place]))
    elif what == 3:
        other = rng.randrange(len(new))
        new[place], new[other] = new[other], new[place]
    elif what == 4:
        new.reverse()
    elif what == 5:
        rng.shuffle(new)
    elif what == 6:
        new.append(rng.choice([0, 1, -1, True, 1.0, None, copy.deepcopy(new[0])]))
    elif what == 7:
        new = new[: len(new) // 2]
    elif what == 8:
        return {str(i): x for i, x in enumerate(new)}
    else:
        new[place] = rng.choice([0, 1, -1, True, 1.0, [], {}, "0"])
    return new


def _object(rng: random.Random, value: Data) -> Any:
    """A key dropped, renamed, added, or two values exchanged."""
    new, keys = copy.deepcopy(value), list(value)
    what = rng.randrange(5)
    if not keys or what == 0:
        return {**new, rng.choice(["x", "by", "seed", "trials", "W3"]): rng.choice([0, [], {}])}
    key, other = rng.choice(keys), rng.choice(keys)
    if what == 1:
        del new[key]
    elif what == 2:
        new[f"{key}_"] = new.pop(key)
    elif what == 3:
        new[key], new[other] = new[other], new[key]
    else:
        return rng.choice([{}, [], None, list(new.values())])
    return new


def change_leaf(rng: random.Random, data: Data, within: Path = ()) -> None:
    """Change one leaf, list or object below `within`."""
    path = (*within, *rng.choice(leaves(at(data, within)) or [()]))
    if not path:
        return
    value = at(data, path)
    if path == ("expressivity",):
        new: Any = rng.choice(EXPRESSIVITIES)
    elif path[-1] == "theorem":
        new = rng.choice(THEOREM_NAMES)
    elif path[-1] == "kind" and len(path) > 1 and path[-2] == "network":
        new = rng.choice(NETWORKS)
    elif isinstance(value, bool) or value is None:
        new = rng.choice([True, False, None, 0, 1, 2, "x", [], -1])
    elif isinstance(value, (int, float)):
        new = _number(rng, value)
    elif isinstance(value, str):
        new = rng.choice([value + "x", value.upper(), 3, None, [value], *WORDS])
    else:
        new = _list(rng, value) if isinstance(value, list) else _object(rng, value)
    put(data, path, new)


# Changes of the problem that keep its form, so that the checks go on to the evidence


def shapes(network: Data) -> dict[str, tuple[int, ...]]:
    """Weight name -> shape; `ValueError` for a network whose masks nobody would write down."""
    found: dict[str, tuple[int, ...]] = {}
    if network["kind"] == "linear_recurrent":
        n, m, d = (network[key] for key in ("hidden", "inputs", "outputs"))
        found |= {"input": (n, m), "recurrent": (n, n), "readout": (d, n)}
        widths: list[int] = []
    else:
        widths = network["widths"]
    for layer, (m, n) in enumerate(zip(widths, widths[1:], strict=False), start=1):
        found[f"W{layer}"] = (n, m)
        if network.get("bias"):
            found[f"b{layer}"] = (n,)
    if sum(map(math.prod, found.values())) > 10_000:
        raise ValueError("too large to be written down")
    return found


def _resized(rng: random.Random, mask: Any, shape: tuple[int, ...], bit: int) -> Any:
    def cell(*index: int) -> int:
        value = mask
        for i in index:
            if not isinstance(value, list) or i >= len(value):
                return bit if rng.random() < 0.7 else 1 - bit
            value = value[i]
        return value if isinstance(value, int) else bit

    if len(shape) == 1:
        return [cell(i) for i in range(shape[0])]
    return [[cell(i, j) for j in range(shape[1])] for i in range(shape[0])]


def restated(rng: random.Random, data: Data) -> None:
    """Masks in the shapes of the network, no absent weight learnable, and the number r right."""
    problem = data["problem"]
    wanted = shapes(problem["network"])
    if problem["samples"] > 1000:
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
        n_0, points = problem["network"]["widths"][0], problem["inputs"]
        points = [[*point[:n_0], *[1] * (n_0 - len(point))] for point in points]
        points += [[rng.randrange(-2, 3) for _ in range(n_0)] for _ in range(problem["samples"])]
        problem["inputs"] = points[: problem["samples"]]
    data["learnable"] = _count(list(problem["learnable"].values()))


def _constant(shape: tuple[int, ...], bit: int) -> Any:
    return [bit] * shape[0] if len(shape) == 1 else [[bit] * shape[1] for _ in range(shape[0])]


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
    if network["kind"] == "linear_recurrent":
        key = rng.choice(["inputs", "hidden", "outputs", "steps", "steps"])
        network[key] = max(1, network[key] + rng.choice([-1, 1]))
        return
    place = rng.randrange(len(network["widths"]))
    network["widths"][place] = max(1, network["widths"][place] + rng.choice([-1, 1]))


def change_network(rng: random.Random, data: Data) -> None:
    """Another readout, biases or none, another kind of feed-forward network."""
    problem = data["problem"]
    network = problem["network"]
    if network["kind"] == "linear_recurrent":
        network["readout"] = "all" if network["readout"] == "final" else "final"
    elif rng.random() < 0.5:
        network["bias"] = not network.get("bias", False)
        for layer, width in enumerate(network["widths"][1:], start=1):
            if network["bias"] and rng.random() < 0.5:
                problem["learnable"][f"b{layer}"] = [rng.randrange(2) for _ in range(width)]
    elif len(network["widths"]) == 3:
        network["kind"] = NETWORKS[2 if network["kind"] == NETWORKS[0] else 0]


def change_inputs(rng: random.Random, data: Data) -> None:
    """Given inputs taken away or made up, or the basis changed."""
    problem = data["problem"]
    if "inputs" not in problem:
        if "widths" in problem["network"]:
            n_0, m = problem["network"]["widths"][0], problem["samples"]
            problem["inputs"] = [[rng.randrange(-2, 3) for _ in range(n_0)] for _ in range(m)]
            problem["basis"] = sorted(rng.sample(range(m), rng.randint(1, min(m, n_0))))
    elif rng.random() < 0.4:
        del problem["inputs"], problem["basis"]
    else:
        change_leaf(rng, data, ("problem", rng.choice(["inputs", "basis"])))


def change_claim(rng: random.Random, data: Data) -> None:
    """The class, the theorem, rank or dimension."""
    what = rng.randrange(4)
    if what == 0:
        data["expressivity"] = rng.choice(EXPRESSIVITIES)
    elif what == 1:
        data["theorem"] = rng.choice(THEOREM_NAMES)
    else:
        key = rng.choice(["rank", "target_dimension"])
        old = data[key] if type(data[key]) is int else 1
        data[key] = rng.choice([None, old + 1, old - 1, 0, data["learnable"]])


PROBLEM_CHANGES: Sequence[Callable[[random.Random, Data], None]] = (
    flip_learnable, flip_learnable, flip_learnable, flip_present, drop_present, change_samples,
    change_size, change_network, change_inputs,
)  # fmt: skip


def changed(rng: random.Random, data: Data, others: Sequence[Data]) -> Data:
    """A changed copy: claim, problem, evidence, or parts of other certificates; one to three."""
    new = copy.deepcopy(data)
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
        # What an earlier change has bent out of shape, a later one may find no way to change.
        with suppress(Exception):
            _change(rng, new, others)
    return redigested(new)


def _change(rng: random.Random, new: Data, others: Sequence[Data]) -> None:
    what = rng.random()
    if what < 0.35:
        change_leaf(rng, new, ("evidence",))
    elif what < 0.4:
        change_leaf(rng, new)
    elif what < 0.5:
        change_claim(rng, new)
    elif what < 0.85:
        rng.choice(PROBLEM_CHANGES)(rng, new)
        if rng.random() < 0.95:
            restated(rng, new)
    else:
        _take_over(rng, new, rng.choice(others))


def _take_over(rng: random.Random, new: Data, other: Data) -> None:
    """The problem, the evidence with its kind and claim, or one part of another certificate."""
    what, other = rng.randrange(3), copy.deepcopy(other)
    claim = ("kind", "theorem", "expressivity", "rank", "target_dimension", "error_bound")
    if what == 0:
        new["problem"], new["learnable"] = other["problem"], other["learnable"]
    elif what == 1:
        new |= {key: other[key] for key in (*claim, "evidence")}
    else:
        shared = [key for key in new["evidence"] if key in other["evidence"]]
        if shared:
            key = rng.choice(shared)
            new["evidence"][key] = other["evidence"][key]
