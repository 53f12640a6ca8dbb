"""Certificates changed at random: any leaf or list, the problem as a whole, parts of others.

A change returns a new JSON object with the digest computed anew, so that only the checks of the
problem, the claim and the evidence can refuse it.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from contextlib import suppress

from .leaf_changes import EXPRESSIVITIES, THEOREM_NAMES, Data, change_leaf, redigested
from .problem_changes import PROBLEM_CHANGES, restated


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
