"""Single values, lists and objects of a certificate, changed into what they should not be."""

from __future__ import annotations

import copy
import hashlib
import json
import random
from typing import Any, TypeAlias

Data: TypeAlias = dict[str, Any]


Path: TypeAlias = tuple[Any, ...]


WORDS = [
    "rows", "columns", "row", "column", "closed form", "minor", "equations", "weights", "gauge",
    "trials", "bezout", "widths", "univariate", "monodromy", "elimination", "W1", "W2", "b1",
    "input", "recurrent", "readout", "hidden layer 1", "the hidden layer", "final", "all", "",
]  # fmt: skip


THEOREM_NAMES = ["T0", "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "C1"]


EXPRESSIVITIES = ["minimal", "maximal", "positive", "intermediate"]


NETWORKS = ["linear_feedforward", "linear_recurrent", "shallow_relu", "feedforward", "recurrent",
            "convolutional"]  # fmt: skip


ACTIVATIONS = ["linear", "tanh", "sigmoid", "softplus", "silu", "gelu", "erf", "sin", "exp",
               "arctan", "square", "cube", "relu", "leaky_relu", "hardtanh"]  # fmt: skip


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
    elif "activation" in path[-2:]:
        new = rng.choice(ACTIVATIONS)
    elif isinstance(value, bool) or value is None:
        new = rng.choice([True, False, None, 0, 1, 2, "x", [], -1])
    elif isinstance(value, (int, float)):
        new = _number(rng, value)
    elif isinstance(value, str):
        new = rng.choice([value + "x", value.upper(), 3, None, [value], *WORDS])
    else:
        new = _list(rng, value) if isinstance(value, list) else _object(rng, value)
    put(data, path, new)
