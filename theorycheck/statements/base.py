"""What a statement of the theory is."""

from __future__ import annotations

from dataclasses import dataclass

from ..bibliography import PAPERS


@dataclass(frozen=True)
class Statement:
    """One theorem or conjecture: its `id`, `name`, a `brief` form, the full `text`.

    `proof` is the module of `proofs/` with the proof (or the evidence), `papers` name entries of
    `bibliography.PAPERS` that have a part of it or of the methods.

    >>> from theorycheck.statements import STATEMENTS
    >>> STATEMENTS["T2"].name, STATEMENTS["C1"].is_conjecture
    ('Dichotomy of affine allocations', True)
    """

    id: str
    name: str
    brief: str
    text: str
    proof: str
    papers: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Where the proof is, then the papers with their places.

        >>> from theorycheck.statements import STATEMENTS
        >>> STATEMENTS["T3"].source.split("; ")[0]
        'theorycheck/proofs/t03_rows.py'
        """
        papers = [f"{PAPERS[key].short}, {PAPERS[key].venue}" for key in self.papers]
        return "; ".join([f"theorycheck/proofs/{self.proof}.py", *papers])

    @property
    def is_conjecture(self) -> bool:
        """Whether it is tested only."""
        return self.id.startswith("C")
