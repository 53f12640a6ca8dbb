"""The problems that are asked about: random ones of every family, those of files, larger ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import theorycheck as tc

from . import networks
from .answers import answers, checked
from .networks import Asked, generator

TESTS = Path(__file__).resolve().parents[1]
EXAMPLES = TESTS.parent / "examples"
_LISTS = [*sorted((TESTS / "known").glob("*.json")), TESTS / "mutations" / "problems.json"]
_FAMILIES: dict[str, tuple[int, Callable[[np.random.Generator], Asked]]] = {
    "feedforward": (480, networks.feedforward),
    "bottleneck": (120, networks.bottleneck),
    "one_layer": (240, networks.one_layer),
    "recurrent": (320, networks.recurrent),
    "relu": (240, networks.relu),
    "inputs": (130, networks.inputs),
    "structured": (100, networks.structured),
    "nonlinear": (160, networks.nonlinear),
}


def problem_cases() -> dict[str, Callable[[], Any]]:
    """Name -> what answers it."""
    cases: dict[str, Callable[[], Any]] = {}
    for name, asked in _larger().items():
        cases[f"larger/{name}"] = partial(_of_larger, asked)
    for name, read in _of_files():
        cases[name] = partial(_answered, name, read)
    for family, (count, make) in _FAMILIES.items():
        for number in range(count):
            name = f"{family}/{number:03}"
            cases[name] = partial(_answered, name, partial(_drawn, make, name))
    return cases


def _drawn(make: Callable[[np.random.Generator], Asked], name: str) -> Asked:
    return make(generator(name))


def _answered(name: str, read: Callable[[], Any]) -> Any:
    asked = read()
    return answers(name, asked) if isinstance(asked, Asked) else checked(asked)


def _of_files() -> Iterator[tuple[str, Callable[[], Any]]]:
    """The problems of known answers, of the mutations, of what was found, and the examples."""
    for file in _LISTS:
        for number in range(len(json.loads(file.read_text(encoding="utf-8")))):
            name = f"known/{file.stem}/{number:03}"
            yield name, partial(_of_list, file, number)
    for file in sorted((TESTS / "known" / "found").glob("*.json")):
        yield f"known/found/{file.stem}", partial(_of_file, file)
    for file in sorted((EXAMPLES / "allocations").glob("*.json")):
        yield f"examples/{file.stem}", partial(_of_file, file)


def problem_of(data: dict[str, Any]) -> Asked:
    """The problem of an allocation file's object, by public names alone."""
    sizes = {key: value for key, value in data["network"].items() if key != "kind"}
    kinds = {kind.kind: kind for kind in (tc.LinearFeedforward, tc.LinearRecurrent, tc.ShallowReLU)}
    network = kinds[data["network"]["kind"]](**sizes)
    allocation = tc.Allocation(network, data["learnable"], data.get("present"))
    points = data.get("inputs")
    if points is None:
        return Asked(allocation, data["samples"])
    numbers = [[_number(value) for value in point] for point in points]
    return Asked(allocation, data["samples"], np.array(numbers))


def _number(value: Any) -> float:
    """A coordinate, which certificates may write as a fraction."""
    if isinstance(value, str):
        above, _, below = value.partition("/")
        return int(above) / int(below or 1)
    return float(value)


def _of_list(file: Path, number: int) -> Asked:
    entry = json.loads(file.read_text(encoding="utf-8"))[number]
    return problem_of(entry.get("problem", entry))


def _of_file(file: Path) -> Any:
    """The problem of an allocation file, or the object of a certificate."""
    data = json.loads(file.read_text(encoding="utf-8"))
    if "evidence" in data:
        return data
    points = file.with_suffix(".npy")
    given = np.load(points) if points.exists() else None
    return Asked(*tc.load(file), given)


def _larger() -> dict[str, Callable[[np.random.Generator], Asked]]:
    """Networks whose Jacobians are no longer small."""
    deep, wide = tc.LinearFeedforward([20, 64, 64, 10]), tc.LinearFeedforward([784, 256, 10])
    memory = tc.LinearRecurrent(3, 24, 4, 8)
    units = tc.ShallowReLU([10, 30, 3])
    make = tc.Allocation
    return {
        "deep_5_percent": lambda rng: Asked(make.random(deep, 300, rng), 20),
        "deep_at": lambda rng: Asked(make.random(deep, 200, rng), 20),
        "deep_spread": lambda rng: Asked(make.spread(deep, 200, rng), 20),
        "deep_sparse": lambda rng: _sparse_deep(deep, rng),
        "deep_low_rank": lambda rng: Asked(make.low_rank(deep, {"W2": 4}), 20),
        "wide_readout": lambda rng: Asked(make.layer(wide, "W2"), 200),
        "wide_first": lambda rng: Asked(make.layer(wide, "W1"), 300),
        "wide_1_percent": lambda rng: Asked(make.random(wide, 2000, rng), 60),
        "wide_rows": lambda rng: Asked(make.rows(wide, {"W1": range(12)}), 60),
        "memory_at": lambda rng: Asked(make.random(memory, 60, rng), 15),
        "memory_weights": lambda rng: Asked(make.layer(memory, "recurrent"), 24),
        "units_readout": lambda rng: Asked(make.layer(units, "W2"), 20),
        "units_random": lambda rng: Asked(make.random(units, 60, rng), 20),
    }


def _sparse_deep(network: Any, rng: np.random.Generator) -> Asked:
    present = networks.sparse(rng, network, 0.2)
    return Asked(tc.Allocation.random(network, 220, rng, present=present), 20)


def _of_larger(make: Callable[[np.random.Generator], Asked]) -> Any:
    return answers("larger", make(generator("larger")), is_large=True)
