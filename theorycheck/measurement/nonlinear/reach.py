"""What learnables and inputs reach in the student, unit by unit: facts that hold for all draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...problem.allocation import Allocation
from ...problem.networks.matrices import masks_of_terms
from ...problem.networks.unrolled import CONSTANT

FIXED, AFFINE, NONLINEAR = 0, 1, 2  # how a unit depends on the learnables


@dataclass(frozen=True)
class Reach:
    """What is known of the outputs of the student, equation by equation.

    `depends`: FIXED where no learnable has a path to the output; AFFINE where each path has at most
    one learnable and no activation after it, so that the output is affine in them; NONLINEAR else.
    `is_repeated`: the output sees no input, so it is the same on every sample, of the teacher
    too, and this is not the first sample. `is_whole`: no frozen weight leads to an output.
    """

    depends: NDArray[np.int64]
    is_repeated: NDArray[np.bool_]
    is_whole: bool

    def equations(self, *kinds: int) -> list[int]:
        """The equations of these kinds, without repeated ones.

        >>> from theorycheck import Feedforward
        >>> student = Allocation.layer(Feedforward([2, 3, 1], activation="tanh"), "W2")
        >>> reach_of(student, samples=2).equations(AFFINE)
        [0, 1]
        """
        wanted = np.isin(self.depends, kinds) & ~self.is_repeated
        return np.flatnonzero(wanted).tolist()


def reach_of(allocation: Allocation, samples: int) -> Reach:
    """The reach of the learnables of an allocation on so many samples."""
    network = allocation.network
    present, learnable = (masks_of_terms(allocation, which) for which in ("present", "learnable"))
    depends: list[NDArray[np.int64]] = []
    sees: list[NDArray[np.bool_]] = []
    for level in network.unrolled.levels:
        own = np.zeros(level.size, dtype=np.int64)
        seen = np.full(level.size, not level.terms and level.group != CONSTANT)
        for name, source in level.terms:
            before = depends[source][None, :]
            frozen = np.where(present[name], before, FIXED)
            learned = np.where(learnable[name], np.where(before == FIXED, AFFINE, NONLINEAR), FIXED)
            own = np.maximum(own, np.maximum(frozen, learned).max(axis=1))
            seen = seen | (present[name] & sees[source][None, :]).any(axis=1)
        if level.activation != "linear":
            own = np.where(own > FIXED, NONLINEAR, FIXED)
        depends.append(own)
        sees.append(seen)
    read = list(network.unrolled.read)
    rows = np.concatenate([depends[number] for number in read])
    blind = ~np.concatenate([sees[number] for number in read])
    later = np.arange(samples) > 0
    return Reach(
        np.repeat(rows, samples),
        (blind[:, None] & later).ravel(),
        not _leading_to_outputs(allocation, present) - _entries(learnable),
    )


def _entries(masks: dict[str, NDArray[np.bool_]]) -> set[tuple[str, int, int]]:
    return {(name, i, j) for name, mask in masks.items() for i, j in np.argwhere(mask).tolist()}


def _leading_to_outputs(
    allocation: Allocation, present: dict[str, NDArray[np.bool_]]
) -> set[tuple[str, int, int]]:
    """The weights, as entries of what terms name, that have a path to some output."""
    unrolled = allocation.network.unrolled
    leads = [np.full(level.size, False) for level in unrolled.levels]
    for number in unrolled.read:
        leads[number][:] = True
    used = {name: np.zeros_like(mask) for name, mask in present.items()}
    for number in range(len(unrolled.levels) - 1, -1, -1):
        for name, source in unrolled.levels[number].terms:
            acting = present[name] & leads[number][:, None]
            used[name] |= acting
            leads[source] |= acting.any(axis=0)
    return _entries({name: mask for name, mask in used.items() if name not in unrolled.multiples})
