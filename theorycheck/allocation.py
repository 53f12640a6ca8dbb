"""Allocations: which weights of a network are learnable. All validation of masks is here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InputError
from .networks import KINDS, Network
from .spread import spread_masks

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Allocation:
    """Masks bound to a network: `learnable` weights are trained, all others stay frozen.

    `learnable` and `present` map weight names to 0/1 arrays of the weight's shape. A weight that
    `learnable` does not name is frozen; one that `present` does not name is fully connected. An
    absent connection is fixed at 0 in teacher and student. After construction both mappings hold
    one read-only boolean array for every weight.

    Raises `InputError` for unknown names, wrong shapes, values other than 0 and 1, and learnable
    connections that are absent.

    >>> from theorycheck import LinearFeedforward
    >>> allocation = Allocation(LinearFeedforward([2, 2]), {"W1": [[1, 0], [1, 1]]})
    >>> allocation.n_learnable, allocation.is_dense
    (3, True)
    """

    network: Network
    learnable: Mapping[str, ArrayLike]
    present: Mapping[str, ArrayLike] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.network, tuple(KINDS.values())):
            raise InputError(f"network must be one of {', '.join(KINDS)}, not {self.network!r}")
        shapes = self.network.weight_shapes
        learnable = _masks(self.learnable, shapes, "learnable", default=False)
        present = _masks(self.present or {}, shapes, "present", default=True)
        for name in self.present or {}:
            _refuse_absent_learnables(name, learnable[name], present[name])
        object.__setattr__(self, "learnable", MappingProxyType(learnable))
        object.__setattr__(self, "present", MappingProxyType(present))

    @cached_property
    def counts(self) -> dict[str, int]:
        """Weight name -> number of learnable entries, only for weights that have some."""
        counts = {name: _count(mask) for name, mask in self.masks("learnable")}
        return {name: count for name, count in counts.items() if count}

    @cached_property
    def n_learnable(self) -> int:
        """Number r of learnable weights."""
        return sum(self.counts.values())

    @cached_property
    def is_dense(self) -> bool:
        """Whether every connection of the network is present."""
        return self.n_present == self.network.n_weights

    @cached_property
    def n_present(self) -> int:
        """Number of weights that exist."""
        return sum(_count(mask) for _, mask in self.masks("present"))

    def masks(self, which: str) -> Iterator[tuple[str, Mask]]:
        """Yield (name, mask) for every weight; `which` is `"learnable"` or `"present"`."""
        yield from getattr(self, which).items()

    def mask(self, name: str) -> Mask:
        """The learnable mask of weight `name`."""
        return self.learnable[name]  # type: ignore[return-value]

    def present_mask(self, name: str) -> Mask:
        """The mask of existing connections of weight `name`."""
        return self.present[name]  # type: ignore[index,return-value]

    def restricted_to(self, names: Iterable[str]) -> Allocation:
        """The sub-allocation whose learnables are those of the weights `names` only."""
        kept = {name: self.mask(name) for name in names}
        return Allocation(self.network, kept, self.given_present())

    def given_present(self) -> dict[str, Mask]:
        """The masks of existing connections, only for weights that were given one."""
        return {name: m for name, m in self.masks("present") if _is_materialised(m)}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Allocation):
            return NotImplemented
        return self.network == other.network and all(
            np.array_equal(mask, getattr(other, which)[name])
            for which in ("learnable", "present")
            for name, mask in self.masks(which)
        )

    __hash__ = None  # type: ignore[assignment]  # masks can be large; use a canonical form instead

    @classmethod
    def full(cls, network: Network, present: Mapping[str, ArrayLike] | None = None) -> Allocation:
        """Every present weight learnable.

        >>> from theorycheck import LinearFeedforward
        >>> Allocation.full(LinearFeedforward([3, 2])).n_learnable
        6
        """
        return cls(network, _allowed(network, present, None), present)

    @classmethod
    def none(cls, network: Network, present: Mapping[str, ArrayLike] | None = None) -> Allocation:
        """No weight learnable.

        >>> from theorycheck import LinearFeedforward
        >>> Allocation.none(LinearFeedforward([3, 2])).n_learnable
        0
        """
        return cls(network, {}, present)

    @classmethod
    def random(
        cls,
        network: Network,
        budget: int,
        rng: np.random.Generator,
        *,
        within: Mapping[str, ArrayLike] | None = None,
        present: Mapping[str, ArrayLike] | None = None,
    ) -> Allocation:
        """Exactly `budget` learnables, uniform among the present weights (and those in `within`).

        >>> from theorycheck import LinearFeedforward
        >>> rng = np.random.default_rng(0)
        >>> Allocation.random(LinearFeedforward([3, 4, 2]), 6, rng).n_learnable
        6
        """
        allowed = _allowed(network, present, within)
        cells = np.concatenate([mask.ravel() for mask in allowed.values()])
        candidates = np.flatnonzero(cells)
        _check_budget(budget, len(candidates))
        chosen = np.zeros(cells.size, dtype=bool)
        chosen[candidates[rng.choice(len(candidates), budget, replace=False, shuffle=False)]] = True
        ends = np.cumsum([mask.size for mask in allowed.values()])[:-1]
        parts = zip(allowed.items(), np.split(chosen, ends), strict=True)
        return cls(network, {name: part.reshape(m.shape) for (name, m), part in parts}, present)

    @classmethod
    def rows(
        cls,
        network: Network,
        rows: Mapping[str, Iterable[int]],
        present: Mapping[str, ArrayLike] | None = None,
    ) -> Allocation:
        """Whole rows of some weights (all connections into those units) learnable.

        >>> from theorycheck import LinearFeedforward
        >>> Allocation.rows(LinearFeedforward([3, 2]), {"W1": [1]}).mask("W1").astype(int).tolist()
        [[0, 0, 0], [1, 1, 1]]
        """
        return cls(network, _lines(network, rows, present, axis=0), present)

    @classmethod
    def columns(
        cls,
        network: Network,
        columns: Mapping[str, Iterable[int]],
        present: Mapping[str, ArrayLike] | None = None,
    ) -> Allocation:
        """Whole columns of some weights (all connections out of those units) learnable.

        >>> from theorycheck import LinearFeedforward
        >>> net = LinearFeedforward([3, 2])
        >>> Allocation.columns(net, {"W1": [0]}).mask("W1").astype(int).tolist()
        [[1, 0, 0], [1, 0, 0]]
        """
        return cls(network, _lines(network, columns, present, axis=1), present)

    @classmethod
    def layer(
        cls, network: Network, *names: str, present: Mapping[str, ArrayLike] | None = None
    ) -> Allocation:
        """Every present entry of the weights `names` learnable, all others frozen.

        >>> from theorycheck import LinearFeedforward
        >>> Allocation.layer(LinearFeedforward([3, 4, 2]), "W2").n_learnable
        8
        """
        allowed = _allowed(network, present, None)
        for name in names:
            _check_name(name, network.weight_shapes, "layer")
        return cls(network, {name: allowed[name] for name in names}, present)

    @classmethod
    def spread(
        cls,
        network: Network,
        budget: int,
        rng: np.random.Generator | None = None,
        present: Mapping[str, ArrayLike] | None = None,
    ) -> Allocation:
        """`budget` learnables spread as evenly as possible over layers, then rows and columns.

        In dense layers the numbers of learnables per row, and per column, differ by at most 1
        (a bias counts as one more column of its layer); in sparse layers the choice is greedy.
        With `rng` rows and columns are shuffled, without it the result is fixed.

        >>> from theorycheck import LinearFeedforward
        >>> allocation = Allocation.spread(LinearFeedforward([4, 4, 2]), 8)
        >>> allocation.counts
        {'W1': 4, 'W2': 4}
        >>> allocation.mask("W1").sum(axis=0).tolist(), allocation.mask("W1").sum(axis=1).tolist()
        ([1, 1, 1, 1], [1, 1, 1, 1])
        """
        allowed = _allowed(network, present, None)
        _check_budget(budget, sum(int(np.count_nonzero(m)) for m in allowed.values()))
        return cls(network, spread_masks(allowed, budget, rng), present)


def _is_materialised(mask: Mask) -> bool:
    # A weight that was not named carries a broadcast scalar, so that a large network costs nothing.
    return mask.size == 1 or any(mask.strides)


def _count(mask: Mask) -> int:
    if _is_materialised(mask):
        return int(np.count_nonzero(mask))
    return mask.size if mask.flat[0] else 0


def _masks(
    given: Mapping[str, ArrayLike],
    shapes: Mapping[str, tuple[int, ...]],
    place: str,
    *,
    default: bool,
) -> dict[str, Mask]:
    if not isinstance(given, Mapping):
        raise InputError(f"{place} must map weight names to 0/1 arrays, not {given!r}")
    for name in given:
        _check_name(name, shapes, place)
    return {
        name: _mask(given[name], shape, f'{place}["{name}"]')
        if name in given
        else np.broadcast_to(np.bool_(default), shape)
        for name, shape in shapes.items()
    }


def _check_name(name: object, shapes: Mapping[str, tuple[int, ...]], place: str) -> None:
    if name in shapes:
        return
    near = difflib.get_close_matches(str(name), shapes, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise InputError(f"{place} has no weight {name!r}: {hint}This network has {', '.join(shapes)}")


def _mask(value: ArrayLike, shape: tuple[int, ...], place: str) -> Mask:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        raise InputError(f"{place} must be a rectangular 0/1 array of shape {shape}") from None
    if array.shape != shape:
        hint = ": rows are outputs, columns inputs" if array.shape == shape[::-1] else ""
        raise InputError(f"{place} must have shape {shape}, not {array.shape}{hint}")
    if array.dtype.kind not in "biuf":
        raise InputError(f"{place} must hold the numbers 0 and 1 only, not {array.dtype} values")
    if array.dtype.kind != "b":
        wrong = (array != 0) & (array != 1)
        if wrong.any():
            cell = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise InputError(f"{place}{list(cell)} must be 0 or 1, not {array[cell]}")
    if array.dtype == bool and not array.flags.writeable and not _is_view(array):
        return array
    # A copy of its own: a later change of the caller's array must not change the allocation.
    mask = np.array(array, dtype=bool, order="C")
    mask.setflags(write=False)
    return mask


def _is_view(array: NDArray) -> bool:
    return _is_materialised(array) and array.base is not None


def _refuse_absent_learnables(name: str, learnable: Mask, present: Mask) -> None:
    wrong = learnable & ~present
    if wrong.any():
        cell = [int(i) for i in np.argwhere(wrong)[0]]
        raise InputError(
            f'learnable["{name}"]{cell} is 1 but present["{name}"]{cell} is 0: '
            "an absent connection cannot be learnable"
        )


def _allowed(
    network: Network,
    present: Mapping[str, ArrayLike] | None,
    within: Mapping[str, ArrayLike] | None,
) -> dict[str, Mask]:
    """Present weights as masks, narrowed to `within` where that names the weight's candidates."""
    shapes = network.weight_shapes
    masks = _masks(present or {}, shapes, "present", default=True)
    if within is None:
        return masks
    candidates = _masks(within, shapes, "within", default=False)
    return {name: mask & candidates[name] for name, mask in masks.items()}


def _check_budget(budget: object, available: int) -> None:
    integer = isinstance(budget, (int, np.integer)) and not isinstance(budget, bool)
    if not integer or not 0 <= budget <= available:  # type: ignore[operator]
        raise InputError(f"budget must be an integer from 0 to {available}, not {budget!r}")


def _lines(
    network: Network,
    lines: Mapping[str, Iterable[int]],
    present: Mapping[str, ArrayLike] | None,
    axis: int,
) -> dict[str, Mask]:
    word = ("rows", "columns")[axis]
    allowed = _allowed(network, present, None)
    masks: dict[str, Mask] = {}
    for name, indices in lines.items():
        _check_name(name, allowed, word)
        shape = allowed[name].shape
        if axis >= len(shape):
            raise InputError(f"{word}[{name!r}]: a bias has no {word}")
        chosen = np.zeros(shape, dtype=bool)
        for index in indices:
            if not 0 <= index < shape[axis]:
                raise InputError(f"{word}[{name!r}] must be in 0..{shape[axis] - 1}, not {index}")
            chosen[(slice(None),) * axis + (index,)] = True
        masks[name] = chosen & allowed[name]
    return masks
