"""The question that all cases answer: is the mask of one layer maximal or minimal?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...problem.allocation import Mask
from ...verdict import Expressivity
from ..base import Finding
from ..counts import name_lines
from .core import Core, find_core


@dataclass(frozen=True)
class LearnableLayer:
    """A p x q mask of learnables where `outputs` = d <= p and `samples` = m_e <= q count.

    `theorem` and `place` go into every finding. With a = p - d, b = q - m_e the mask is maximal iff
    its frozen entries are independent in the bipartite rigidity matroid B_(p,q)(a, b).
    """

    theorem: str
    place: str
    mask: Mask
    outputs: int
    samples: int

    @property
    def a(self) -> int:
        """Rows beyond the outputs."""
        return self.mask.shape[0] - self.outputs

    @property
    def b(self) -> int:
        """Columns beyond the samples."""
        return self.mask.shape[1] - self.samples

    @cached_property
    def core(self) -> Core:
        """The lines that peeling leaves."""
        return find_core(self.mask, self.a, self.b)

    @cached_property
    def frozen_core(self) -> Mask:
        """The frozen entries of the core, its rows x its columns."""
        core = self.mask[np.ix_(self.core.rows, self.core.columns)]
        return np.logical_not(core, out=core)  # it may be large: no second array

    def maximal(self, kind: str, reason: str, **evidence: Any) -> Finding:
        """A finding of this layer."""
        return self._finding(Expressivity.MAXIMAL, kind, reason, evidence)

    def minimal(self, kind: str, reason: str, **evidence: Any) -> Finding:
        """A finding of this layer."""
        return self._finding(Expressivity.MINIMAL, kind, reason, evidence)

    def _finding(
        self, expressivity: Expressivity, kind: str, reason: str, evidence: dict[str, Any]
    ) -> Finding:
        evidence = {"place": self.place, **evidence}
        return Finding(self.theorem, expressivity, reason, kind, evidence)

    def violated(self, rows: list[int], columns: list[int]) -> Finding:
        """Minimal: the rectangle rows x columns of the mask holds too many frozen entries.

        On |I| >= a rows and |J| >= b columns the matroid has rank b |I| + a |J| - a b.
        """
        inside = self.mask[np.ix_(rows, columns)]
        frozen = inside.size - int(np.count_nonzero(inside))
        most = self.b * len(rows) + self.a * len(columns) - self.a * self.b
        assert frozen > most
        reason = (
            f"{name_lines('rows', rows, len(rows))} x "
            f"{name_lines('columns', columns, len(columns))} of {self.place} hold {frozen} frozen "
            f"weights, at most {most} can be"
        )
        return self.minimal(
            "rectangle", reason, rows=rows, columns=columns, frozen=frozen, most=most
        )
