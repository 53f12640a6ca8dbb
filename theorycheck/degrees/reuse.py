"""Blocks of equations that several allocations of one network share, solved once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, TypeAlias

from ..computing.deadline import Deadline
from ..computing.effort import Effort
from .degree import Degree, Open, degree_of
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
        self, system: SquareSystem, seed: int, effort: Effort, deadline: Deadline
    ) -> Degree | Open:
        """`degree_of`."""
        key = ("degree", *_key(system, seed), effort.degree, effort.unknowns, effort.paths)
        found = self._once(key, deadline, lambda: degree_of(system, seed, effort, deadline))
        return _renumbered(found, system) if isinstance(found, Degree) else found

    def certified(
        self, degree: Degree, seed: int, effort: Effort, deadline: Deadline
    ) -> Certified | Open:
        """`certified_instance`."""
        key = ("certified", *_key(degree.system, seed), _origin(degree), effort.paths)
        solve = lambda: certified_instance(degree, seed, effort, deadline)  # noqa: E731
        found = self._once(key, deadline, solve)
        return replace(found, degree=degree) if isinstance(found, Certified) else found

    def witness(
        self, degree: Degree, seed: int, effort: Effort, deadline: Deadline
    ) -> Certified | Open:
        """`witness`."""
        key = ("witness", *_key(degree.system, seed), _origin(degree))
        key = (*key, effort.instances, effort.paths)
        found = self._once(key, deadline, lambda: witness(degree, seed, effort, deadline))
        return replace(found, degree=degree) if isinstance(found, Certified) else found

    def _once(self, key: _Key, deadline: Deadline, solve: Callable[[], Any]) -> Any:
        if key in self._found:
            self.hits += 1
            return self._found[key]
        found = solve()
        # What the clock may have cut short is not what it would have been without.
        if not isinstance(found, Open) and not deadline.has_passed:
            self._found[key] = found
            if len(self._found) > self._most:
                del self._found[next(iter(self._found))]
        return found


def _key(system: SquareSystem, seed: int) -> _Key:
    """All of a block that its solutions depend on: not how the learnables are numbered."""
    present = system.allocation.given_present()
    absent = tuple((name, mask.tobytes()) for name, mask in sorted(present.items()))
    return (system.network, absent, system.samples, tuple(system.entries), system.equations, seed)


def _origin(degree: Degree) -> _Key:
    """Which solutions an instance is sought from: two efforts can lead to different ones."""
    search = degree.search
    return (degree.value, None if search is None else search.solutions.tobytes())


def _renumbered(degree: Degree, system: SquareSystem) -> Degree:
    """The degree with the learnables numbered as in another allocation with the same block."""
    number = dict(zip(degree.system.unknowns, system.unknowns, strict=True))
    by = dict(degree.by)
    if "groups" in by:
        by["groups"] = [[number[position] for position in group] for group in by["groups"]]
    if "unknown" in by:
        by["unknown"] = number[by["unknown"]]
    return replace(degree, system=system, by=by)
