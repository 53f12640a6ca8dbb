"""What a sweep goes through: the network, the budgets, which allocations, and how far to go."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..computing.effort import Effort
from ..errors import InputError, nearest, shown
from ..problem.files import read_limited
from ..problem.masks import mask_to_json
from ..problem.networks.base import Network, positive_integer
from ..problem.networks.kinds import check_network, network_from_dict
from .mask_space import MaskSpace

LARGEST_SPEC = 2**24  # bytes
_MOST_ALLOCATIONS = 2**63 - 1  # what a column of SQLite can count
_TABLES = ("network", "sweep", "present")


@dataclass(frozen=True)
class SweepSpec:
    """A sweep: all allocations of the `budgets`, or `count` random ones of each.

    `mode` is `all` or `random` (draws without replacement; all there are, where these are fewer
    than `count`). Learnables are in `weights` (default: all). With `symmetry` allocations that T8
    takes into each other are classified once; without, each has a row of its own. Without `degree`
    no degree is sought: what ranks and counts leave open stays `positive`. `paths`, `most_degree`
    and `instances` limit the search for one degree, as in `classify`, the same on every machine;
    `seconds` limit one allocation (inf: they do not). `error_bound` is what each probabilistic rank
    must reach. `seed` fixes all primes, points and draws.

    Raises `InputError`, which names the entry, for values out of range.

    >>> from theorycheck import LinearFeedforward
    >>> spec = SweepSpec(LinearFeedforward([3, 3, 3]), samples=3, budget=9)
    >>> spec.totals
    {9: 48620}
    """

    network: Network
    samples: int
    budget: int | Sequence[int]
    mode: str = "all"
    count: int | None = None
    seed: int = 0
    weights: Sequence[str] | None = None
    present: Mapping[str, Any] | None = None
    symmetry: bool = True
    degree: bool = True
    seconds: float = math.inf
    most_degree: int = 200
    instances: int = 2000
    error_bound: float = 1e-9
    paths: int = 100_000

    def __post_init__(self) -> None:
        check_network(self.network)
        positive_integer(self.samples, "sweep.samples")
        if self.mode not in ("all", "random"):
            wrong = f"{shown(self.mode)}{nearest(self.mode, ('all', 'random'))}"
            raise InputError(f'sweep.mode must be "all" or "random", not {wrong}')
        if self.mode == "all" and self.count is not None:
            raise InputError('sweep.count goes with mode = "random": leave it out, or change mode')
        if self.mode == "random":
            if self.count is None:
                raise InputError("sweep.count is missing: how many random allocations to draw")
            positive_integer(self.count, "sweep.count", 2**53)
        for name in ("symmetry", "degree"):
            if not isinstance(getattr(self, name), bool):
                value = shown(getattr(self, name))
                raise InputError(f"sweep.{name} must be true or false, not {value}")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise InputError(f"sweep.seed must be an integer from 0, not {shown(self.seed)}")
        bound = self.error_bound
        if isinstance(bound, bool) or not isinstance(bound, (int, float)) or not 0 < bound < 1:
            raise InputError(f"sweep.error_bound must be between 0 and 1, not {shown(bound)}")
        object.__setattr__(self, "weights", self._checked_weights())
        object.__setattr__(self, "budget", self._checked_budget())
        self.effort  # noqa: B018  (its limits are checked by itself)
        if self.mode == "all" and max(self.totals.values()) > _MOST_ALLOCATIONS:
            raise InputError(
                f"sweep.budget: more than {_MOST_ALLOCATIONS:.0e} allocations are too many to go "
                'through; draw some of them with mode = "random"'
            )

    def _checked_weights(self) -> tuple[str, ...]:
        names = self.weights
        if names is None:
            return tuple(self.network.weight_shapes)
        is_list = isinstance(names, Sequence) and not isinstance(names, str)
        if not is_list or not names:
            raise InputError(f"sweep.weights must be a list of weight names, not {shown(names)}")
        MaskSpace(self.network, tuple(names))  # checks the names
        return tuple(name for name in self.network.weight_shapes if name in names)

    def _checked_budget(self) -> tuple[int, ...]:
        given = self.budget
        is_list = isinstance(given, Sequence) and not isinstance(given, str)
        budgets: list[Any] = list(given) if is_list else [given]  # type: ignore[arg-type]
        if not budgets:
            raise InputError("sweep.budget must not be an empty list")
        n_entries = self.space.n_entries
        for place, budget in enumerate(budgets):
            name = f"sweep.budget[{place}]" if is_list else "sweep.budget"
            is_integer = isinstance(budget, int) and not isinstance(budget, bool)
            if not is_integer or not 0 <= budget <= n_entries:
                where = f"the {n_entries} weights that may be learnable"
                raise InputError(
                    f"{name} must be an integer from 0 to {n_entries}, {where}, not {shown(budget)}"
                )
        return tuple(sorted(set(budgets)))

    @cached_property
    def space(self) -> MaskSpace:
        """The entries that may be learnable, numbered."""
        assert self.weights is not None
        return MaskSpace(self.network, tuple(self.weights), self.present)

    @property
    def budgets(self) -> tuple[int, ...]:
        """The budgets, ascending."""
        assert isinstance(self.budget, tuple)
        return self.budget

    @cached_property
    def totals(self) -> dict[int, int]:
        """Budget -> how many allocations the sweep counts: all of them, or the draws."""
        every = {budget: math.comb(self.space.n_entries, budget) for budget in self.budgets}
        if self.count is None:
            return every
        return {budget: min(self.count, number) for budget, number in every.items()}

    @cached_property
    def effort(self) -> Effort:
        """What the search for one degree may cost."""
        degree = self.most_degree if self.degree else 0
        return Effort(self.seconds, degree, instances=self.instances, paths=self.paths)

    def to_dict(self) -> dict[str, Any]:
        """The tables of a specification file; the inverse of `spec_from_dict`."""
        masks = self.space.empty.given_present()
        skipped = ("network", "present")
        sweep = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in skipped}
        sweep |= {"budget": list(self.budgets), "weights": list(self.weights or ())}
        if self.count is None:
            del sweep["count"]
        if math.isinf(self.seconds):
            del sweep["seconds"]  # which is no number in JSON
        data: dict[str, Any] = {"network": self.network.to_dict(), "sweep": sweep}
        present = {name: mask_to_json(np.asarray(mask)) for name, mask in masks.items()}
        return {**data, "present": present} if present else data


def spec_from_dict(data: object) -> SweepSpec:
    """A sweep from the tables of a specification file.

    Raises `InputError` for missing, unknown and wrong entries.

    >>> network = {"kind": "linear_feedforward", "widths": [2, 2, 2]}
    >>> spec_from_dict({"network": network, "sweep": {"samples": 2, "budget": [3, 4]}}).budgets
    (3, 4)
    """
    if not isinstance(data, Mapping):
        raise InputError(f"a sweep must be a table, not {shown(data)}")
    for key in data:
        if key not in _TABLES:
            wrong = f"{shown(key)}{nearest(key, _TABLES)}"
            raise InputError(f"no table {wrong}; a sweep has {', '.join(_TABLES)}")
    sweep = data.get("sweep")
    if not isinstance(sweep, Mapping):
        raise InputError("the table [sweep] is missing: samples, budget and more")
    if "network" not in data:
        raise InputError("the table [network] is missing: kind and sizes, as in an allocation file")
    known = [f.name for f in fields(SweepSpec) if f.name not in ("network", "present")]
    for key in sweep:
        if key not in known:
            wrong = f"{shown(key)}{nearest(key, known)}"
            raise InputError(f"sweep has no key {wrong}; it has {', '.join(known)}")
    for key in ("samples", "budget"):
        if key not in sweep:
            raise InputError(f"sweep.{key} is missing")
    network = network_from_dict(data["network"])
    return SweepSpec(network, present=data.get("present"), **sweep)


def load_spec(path: str | Path) -> SweepSpec:
    """Read a specification file (TOML); raises `InputError` for anything else."""
    data = read_limited(Path(path), LARGEST_SPEC)
    try:
        tables = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"not valid TOML: {error}") from None
    return spec_from_dict(tables)
