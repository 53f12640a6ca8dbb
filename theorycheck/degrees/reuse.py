"""Blocks of equations that several allocations of one network share, solved once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, TypeAlias

from .degree import Degree, Open, degree_of
from .effort import Clock, Effort
from .evidence import Certified
from .system import SquareSystem
from .witness import certified_instance, witness

_Key: TypeAlias = tuple[Hashable, ...]


class Reuse:
    """Degrees, instances and witnesses found before, for one process; the caller owns it.

    What is remembered is a function of the block (network, samples, unknown weights, equations),
    the seed and the effort, not of the allocation or of what came before: with the object or
    without, verdicts and certificates are the same. Nothing that stayed open is remembered, so too
    little time once is no reason later (but what was solved before takes no time, so that a limit
    of time can be met with the object where it is not without). Of more than `most` results the
    oldest are forgotten.

    >>> import numpy as np
    >>> from theorycheck import Allocation, LinearFeedforward, classify
    >>> net, reuse = LinearFeedforward([2, 2, 2]), Reuse()
    >>> diagonals = Allocation(net, {"W1": np.eye(2), "W2": np.eye(2)})
    >>> [classify(diagonals, 2, reuse=reuse).degree for _ in range(2)], reuse.hits > 0
    ([2, 2], True)
    """

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._found: dict[_Key, Any] = {}
        self.hits = 0

    def __len__(self) -> int:
        return len(self._found)

    def degree(
        self, system: SquareSystem, seed: int, effort: Effort, clock: Clock
    ) -> Degree | Open:
        """`degree_of`."""
        key = ("degree", *_key(system, seed), effort.degree, effort.unknowns)
        found = self._once(key, lambda: degree_of(system, seed, effort, clock))
        return _renumbered(found, system) if isinstance(found, Degree) else found

    def certified(self, degree: Degree, seed: int, clock: Clock) -> Certified | Open:
        """`certified_instance`."""
        key = ("certified", *_key(degree.system, seed), _origin(degree))
        found = self._once(key, lambda: certified_instance(degree, seed, clock))
        return replace(found, degree=degree) if isinstance(found, Certified) else found

    def witness(self, degree: Degree, seed: int, effort: Effort, clock: Clock) -> Certified | Open:
        """`witness`."""
        key = ("witness", *_key(degree.system, seed), _origin(degree), effort.instances)
        found = self._once(key, lambda: witness(degree, seed, effort, clock))
        return replace(found, degree=degree) if isinstance(found, Certified) else found

    def _once(self, key: _Key, solve: Callable[[], Any]) -> Any:
        if key in self._found:
            self.hits += 1
            return self._found[key]
        found = solve()
        if not isinstance(found, Open):
            self._found[key] = found
            if len(self._found) > self._most:
                del self._found[next(iter(self._found))]
        return found


def _key(system: SquareSystem, seed: int) -> _Key:
    """All of a block that its solutions depend on: not how the learnables are numbered."""
    present = system.allocation.given_present()
    absent = tuple((name, mask.tobytes()) for name, mask in sorted(present.items()))
    return (system.network, absent, system.samples, tuple(system.cells), system.equations, seed)


def _origin(degree: Degree) -> _Key:
    """Which solutions an instance is sought from: two efforts can lead to different ones."""
    search = degree.search
    return (degree.value, None if search is None else search.solutions.tobytes())


def _renumbered(degree: Degree, system: SquareSystem) -> Degree:
    """The degree with the learnables numbered as in another allocation with the same block."""
    number = dict(zip(degree.system.unknowns, system.unknowns, strict=True))
    by = dict(degree.by)
    if "groups" in by:
        by["groups"] = [[number[place] for place in group] for group in by["groups"]]
    if "unknown" in by:
        by["unknown"] = number[by["unknown"]]
    return replace(degree, system=system, by=by)
