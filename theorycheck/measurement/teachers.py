"""Teachers with structure: sparse, of low rank, symmetric, or with masks of their own.

A teacher's weights are drawn like those of any other, and then made what the structure says. The
student stays as it is, so a teacher may be special where the student is not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, shown
from ..numeric.forward import Weights
from ..problem.allocation import Allocation
from ..problem.masks import Mask, masks_of
from ..problem.networks.base import positive_integer

EXPECTED = "sparse:SHARE, low_rank:RANK, symmetric, or 0/1 masks by weight"

Teacher: TypeAlias = str | Mapping[str, Any]


class Structure(Protocol):
    """What makes random weights, arrays (draws, *shape) of a module, those of a teacher."""

    @property
    def words(self) -> str:
        """The structure, as it is asked for."""
        ...

    def made_of(self, weights: Weights, rng: np.random.Generator, xp: ModuleType = np) -> Weights:
        """The teachers' weights."""
        ...


@dataclass(frozen=True)
class Sparse:
    """Each weight of a matrix is kept with this probability, in each draw anew; biases stay."""

    share: float

    @property
    def words(self) -> str:
        """As it is asked for."""
        return f"sparse:{self.share:g}"

    def made_of(self, weights: Weights, rng: np.random.Generator, xp: ModuleType = np) -> Weights:
        """Weights with zeros."""
        return {
            name: value * (rng.random(value.shape) < self.share) if _is_matrix(value) else value
            for name, value in weights.items()
        }


@dataclass(frozen=True)
class LowRank:
    """Each matrix is a product over `rank` units, divided by the square root of their number."""

    rank: int

    @property
    def words(self) -> str:
        """As it is asked for."""
        return f"low_rank:{self.rank}"

    def made_of(self, weights: Weights, rng: np.random.Generator, xp: ModuleType = np) -> Weights:
        """Products; matrices that are no larger than the rank stay."""
        return {name: self._product(value, rng) for name, value in weights.items()}

    def _product(self, value: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        n_draws, n_rows = value.shape[:2]
        n_columns = math.prod(value.shape[2:])
        if not _is_matrix(value) or min(n_rows, n_columns) <= self.rank:
            return value
        left = rng.standard_normal((n_draws, n_rows, self.rank))
        right = rng.standard_normal((n_draws, self.rank, n_columns))
        return (left @ right / math.sqrt(self.rank)).reshape(value.shape)


@dataclass(frozen=True)
class Symmetric:
    """The square matrices `names` are symmetric, off the diagonal of the same variance."""

    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """As it is asked for."""
        return "symmetric"

    def made_of(self, weights: Weights, rng: np.random.Generator, xp: ModuleType = np) -> Weights:
        """Sums with what is transposed."""
        symmetric = {
            name: (weights[name] + weights[name].swapaxes(1, 2)) / math.sqrt(2)
            for name in self.names
        }
        return {**weights, **symmetric}


@dataclass(frozen=True, eq=False)
class Masked:
    """Weights outside of the teacher's own masks are 0."""

    masks: Mapping[str, Mask]

    @property
    def words(self) -> str:
        """How many weights are left."""
        return f"masks of {', '.join(self.masks)}"

    def made_of(self, weights: Weights, rng: np.random.Generator, xp: ModuleType = np) -> Weights:
        """The weights inside of the masks."""
        return {
            **weights,
            **{name: weights[name] * xp.asarray(mask) for name, mask in self.masks.items()},
        }


def structure_of(allocation: Allocation, teacher: Teacher) -> Structure:
    """The structure that is asked for, for teachers of the network of `allocation`.

    Masks name weights of the network; those they leave out are full. Raises `InputError` for what
    is none of `EXPECTED`, and for a structure that absent connections or the shapes rule out.

    >>> from theorycheck import LinearFeedforward
    >>> structure_of(Allocation.none(LinearFeedforward([3, 4, 4, 2])), "symmetric").names
    ('W2',)
    """
    if not isinstance(teacher, str):
        shapes = allocation.network.weight_shapes
        masks = masks_of(teacher, shapes, "teacher", default=True)
        return Masked({name: masks[name] for name in teacher})
    kind, _, value = teacher.partition(":")
    if kind == "sparse":
        return Sparse(_share(value, teacher))
    if kind == "low_rank" and value.isdecimal():
        _require_dense(allocation, teacher)
        return LowRank(positive_integer(int(value), "the rank of the teacher"))
    if teacher == "symmetric":
        return Symmetric(_square(allocation))
    raise InputError(f"teacher must be {EXPECTED}; not {shown(teacher)}")


def _share(value: str, teacher: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = math.nan
    if not 0 < share <= 1:
        raise InputError(f"teacher: the share of sparse:SHARE is above 0, up to 1; not {teacher!r}")
    return share


def _require_dense(allocation: Allocation, teacher: str) -> None:
    if not allocation.is_dense:
        raise InputError(
            f"teacher {teacher}: absent connections leave no matrix of low rank; give masks or "
            "sparse:SHARE"
        )


def _square(allocation: Allocation) -> tuple[str, ...]:
    """The square matrices, symmetric also in what is present."""
    shapes = allocation.network.weight_shapes
    names = [name for name, shape in shapes.items() if len(shape) == 2 and shape[0] == shape[1]]
    if not names:
        raise InputError("teacher symmetric: the network has no square matrix")
    for name in names:
        present = allocation.present_mask(name)
        if not np.array_equal(present, present.T):
            raise InputError(
                f"teacher symmetric: the present connections of {name} are not symmetric"
            )
    return tuple(names)


def _is_matrix(value: NDArray[np.float64]) -> bool:
    """Whether weights of all draws are those of a matrix or filter, not of a bias."""
    return value.ndim > 2
