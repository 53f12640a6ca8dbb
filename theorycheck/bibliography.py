"""The literature that statements and proofs rest on: the one table of it, with addresses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A paper by its `authors`, `year`, `title`, `venue` and `address` (a DOI or arXiv)."""

    authors: str
    year: int
    title: str
    venue: str
    address: str

    @property
    def short(self) -> str:
        """How texts name it.

        >>> PAPERS["bernstein"].short
        'Bernstein (2017)'
        """
        return f"{self.authors} ({self.year})"


PAPERS = {
    "schlisselberg": Paper(
        "Schlisselberg and Darshan",
        2025,
        "The impact of allocation strategies in subset learning on the expressive power of neural "
        "networks",
        "ICLR 2025, arXiv:2502.06300",
        "https://arxiv.org/abs/2502.06300",
    ),
    "kalai": Paper(
        "Kalai, Nevo and Novik",
        2016,
        "Bipartite rigidity",
        "Transactions of the American Mathematical Society 368, arXiv:1312.0209",
        "https://arxiv.org/abs/1312.0209",
    ),
    "brakensiek": Paper(
        "Brakensiek, Dhar, Gao, Gopi and Larson",
        2024,
        "Rigidity matroids and linear algebraic matroids with applications to matrix completion "
        "and tensor codes",
        "arXiv:2405.00778",
        "https://arxiv.org/abs/2405.00778",
    ),
    "gopalan": Paper(
        "Gopalan, Hu, Kopparty, Saraf, Wang and Yekhanin",
        2017,
        "Maximally recoverable codes for grid-like topologies",
        "SODA 2017, arXiv:1605.05412",
        "https://arxiv.org/abs/1605.05412",
    ),
    "bernstein": Paper(
        "Bernstein",
        2017,
        "Completion of tree metrics and rank 2 matrices",
        "Linear Algebra and its Applications 533, arXiv:1612.06797",
        "https://arxiv.org/abs/1612.06797",
    ),
    "singer": Paper(
        "Singer and Cucuringu",
        2010,
        "Uniqueness of low-rank matrix completion by rigidity theory",
        "SIAM Journal on Matrix Analysis and Applications 31(4), arXiv:0902.3846",
        "https://doi.org/10.1137/090750688",
    ),
    "whiteley": Paper(
        "Whiteley",
        1989,
        "A matroid on hypergraphs, with applications in scene analysis and geometry",
        "Discrete and Computational Geometry 4",
        "https://doi.org/10.1007/BF02187716",
    ),
    "morgan": Paper(
        "Morgan and Sommese",
        1987,
        "A homotopy for solving general polynomial systems that respects m-homogeneous structures",
        "Applied Mathematics and Computation 24",
        "https://doi.org/10.1016/0096-3003(87)90063-4",
    ),
    "mckay": Paper(
        "McKay",
        1998,
        "Isomorph-free exhaustive generation",
        "Journal of Algorithms 26(2)",
        "https://doi.org/10.1006/jagm.1997.0898",
    ),
    "ax71": Paper(
        "Ax",
        1971,
        "On Schanuel's conjectures",
        "Annals of Mathematics 93(2)",
        "https://doi.org/10.2307/1970774",
    ),
    "kolchin68": Paper(
        "Kolchin",
        1968,
        "Algebraic groups and algebraic dependence",
        "American Journal of Mathematics 90(4)",
        "https://doi.org/10.2307/2373294",
    ),
    "federer69": Paper(
        "Federer",
        1969,
        "Geometric Measure Theory",
        "Springer",
        "https://doi.org/10.1007/978-3-642-62010-2",
    ),
    "halko": Paper(
        "Halko, Martinsson and Tropp",
        2011,
        "Finding structure with randomness: probabilistic algorithms for constructing approximate "
        "matrix decompositions",
        "SIAM Review 53(2), arXiv:0909.4061",
        "https://doi.org/10.1137/090771806",
    ),
}


def table() -> str:
    """The table of `docs/bibliography.md`, in Markdown.

    >>> table().splitlines()[0]
    '| paper | title | published in |'
    """
    lines = ["| paper | title | published in |", "| --- | --- | --- |"]
    for paper in PAPERS.values():
        lines.append(f"| {paper.short} | [{paper.title}]({paper.address}) | {paper.venue} |")
    return "\n".join(lines) + "\n"
