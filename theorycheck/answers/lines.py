"""Lines of a layer in which learnables are chosen, evenly over the lines that cross them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..problem.masks import Mask


class TooFewError(Exception):
    """A line has too few candidates, or a layer too few units."""


@dataclass(frozen=True)
class Lines:
    """What is chosen of a layer, and may be, (places, lines)."""

    chosen: Mask
    allowed: Mask
    rng: np.random.Generator

    @property
    def crossing(self) -> Lines:
        """The lines that cross these."""
        return Lines(self.chosen.T, self.allowed.T, self.rng)

    def best(self, number: int) -> list[int]:
        """The lines with the most candidates, in a random order where these are as many."""
        counts = np.count_nonzero(self.allowed, axis=0)
        order = np.lexsort((self.rng.random(len(counts)), -counts))
        if len(order) < number:
            raise TooFewError
        return order[:number].tolist()

    def fill(
        self, line: int, number: int, among: Mask | None = None, first: Sequence[int] = ()
    ) -> None:
        """Choose entries of a line: `first` these, then where lines that cross it have the fewest.

        All must be `among` some places.
        """
        free = self.allowed[:, line] & ~self.chosen[:, line]
        places = np.flatnonzero(free if among is None else free & among)
        if len(places) < number:
            raise TooFewError
        counts = np.count_nonzero(self.chosen[places], axis=1)
        order = np.lexsort((self.rng.random(len(places)), counts, ~np.isin(places, first)))
        self.chosen[places[order[:number]], line] = True
