"""The statements of the theory: the one place for what `explain`, the README and the proofs say.

A `conjecture` was tested and not proved: it never decides a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

from .bibliography import PAPERS


@dataclass(frozen=True)
class Statement:
    """One theorem or conjecture: its `id`, `name`, a `brief` form, the full `text`.

    `proof` is the module of `proofs/` with the proof (or the evidence), `papers` name entries of
    `bibliography.PAPERS` that have a part of it or of the methods.

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

        >>> STATEMENTS["T3"].source.split("; ")[0]
        'theorycheck/proofs/t03_rows.py'
        """
        papers = [f"{PAPERS[key].short}, {PAPERS[key].venue}" for key in self.papers]
        return "; ".join([f"theorycheck/proofs/{self.proof}.py", *papers])

    @property
    def is_conjecture(self) -> bool:
        """Whether it is tested only."""
        return self.id.startswith("C")


_ALL = (
    Statement(
        "T0",
        "Monotonicity",
        "more learnable weights, or fewer samples, never hurt",
        "If every learnable weight of A is learnable in A', then MP(A, m) <= MP(A', m); and "
        "MP(A, m) >= MP(A, m + 1).",
        "t00_monotonicity",
    ),
    Statement(
        "T1",
        "Positivity",
        "the match probability is 0 if and only if the rank is below the target dimension",
        "Linear networks, dense or sparse, with or without biases: MP(A, m) = 0 if and only if "
        "rank(A) < D(m). In particular fewer than D(m) learnable weights are minimal.",
        "t01_positivity",
        ("schlisselberg",),
    ),
    Statement(
        "T2",
        "Dichotomy of affine allocations",
        "without a path through two learnables, full rank is maximal",
        "Linear networks: the output is jointly affine in the learnables if and only if no "
        "input-output path (unrolled in time) runs through two of them. Then the match probability "
        "is 0 or 1, and it is 1 if and only if rank(A) = D(m).",
        "t02_dichotomy",
    ),
    Statement(
        "T3",
        "Rows",
        "last layer only: every row needs m_e learnables",
        "Dense linear feed-forward network, learnables in the last layer only, m_e = min(m, n_0): "
        "with a hidden width below m_e the allocation is minimal; else it is maximal if every row "
        "of the mask has at least m_e learnables, and minimal if not.",
        "t03_rows",
        ("schlisselberg",),
    ),
    Statement(
        "T4",
        "One learnable layer",
        "the frozen weights must be independent: degrees, forests, flows, counts",
        "Dense linear feed-forward network, learnables in layer l only (a bias is one more column, "
        "m_e = min(m, n_0 + 1) and the constant one more unit before the layer), mask p x q: with "
        "a width below d behind the layer or below m_e before it the allocation is minimal. Else "
        "let a = p - d, b = q - m_e: it is maximal if the frozen cells are independent in the "
        "bipartite rigidity matroid B_(p,q)(a, b), and minimal if not. a = 0: every row has m_e "
        "learnables; b = 0: every column has d; d = 1: m_e columns have one; m_e = 1: d rows have "
        "one; a = b = 1: the frozen cells form a forest. d = 2: with C the columns of at least 2 "
        "learnables, m' = m_e - |C|, c_i the learnables of row i outside C: m' <= 0 or sum_i "
        "min(c_i, m') >= 2 m'; m_e = 2 by transposing. min(a, b) = 1: |F in I x J| <= b|I| + a|J| "
        "- ab for all rows I, columns J with |I| >= a, |J| >= b. Always necessary: this count. "
        "Always sufficient: peeling off rows with at most b and columns with at most a frozen "
        "cells; for a, b >= 2 two forests, of the cells whose row comes before their column in "
        "some order of all lines and of the others; a colouring of the columns with m_e colours "
        "that each meet d rows; rows in a and columns in b classes with a forest of frozen cells "
        "in each pair of classes.",
        "t04_one_layer",
        ("kalai", "whiteley", "bernstein", "brakensiek", "gopalan", "singer", "schlisselberg"),
    ),
    Statement(
        "T5",
        "Dense recurrent networks",
        "readout rows; counts; what the last input or first output freezes",
        "Dense linear recurrent network. Readout only, read at the end, m_e = min(m, n_in T): "
        "maximal if every row of the readout has at least m_e learnables, minimal if not. "
        "Recurrent only: minimal if m > n_in (T - 1) or T = 1 (the part D B x_T of the output is "
        "frozen) or if every step is read (y_1 = D B x_1 is frozen); else with T = 2 as in T4 for "
        "p = q = N and m_e = m. Input only (k = T) or recurrent only (k = T - 1), D = d m_e: "
        "minimal if for some rows I and columns J fewer than (d - k|I|)^+ (m_e - k|J|)^+ weights "
        "are learnable outside of them.",
        "t05_recurrent",
    ),
    Statement(
        "T6",
        "Odd degree",
        "an odd number of complex solutions: maximal; no matching: minimal",
        "Linear networks, r = rank(A) = D: the number delta of complex solutions is the same for "
        "generic outputs, and if it is odd the allocation is maximal. Feed-forward: delta is at "
        "most the number of perfect matchings of D equations and the learnables, and at most a "
        "group Bezout number. Without a matching of D pairs any linear network is minimal.",
        "t06_odd_degree",
        ("morgan",),
    ),
    Statement(
        "T7",
        "Intermediate, by witness",
        "an instance with all its solutions, simple and not real: intermediate",
        "Linear networks, r = rank(A) = D. If for one rational teacher, student and inputs D "
        "equations of full rank, or a part of them that contains all its unknowns, have exactly as "
        "many solutions as generic ones, all simple and none real, then 0 < MP(A, m) < 1.",
        "t07_witness",
    ),
    Statement(
        "T8",
        "Symmetry",
        "permuting units keeps everything; so does transposing, with enough samples",
        "Permutations of hidden units, inputs and outputs that preserve the present connections "
        "keep the class, the rank and the degree (for independent, identically distributed weights "
        "also the match probability). Transposing keeps class, rank and degree: of a linear "
        "feed-forward network without biases and m >= n_0, widths reversed and as many samples as "
        "inputs then; of a linear recurrent network read at the end with m >= n_in T, input and "
        "readout exchanged.",
        "t08_symmetry",
    ),
    Statement(
        "T9",
        "Peeling",
        "outputs and inputs that can always be fitted afterwards are deleted first",
        "Dense linear feed-forward network. All hidden widths >= m_e: an output whose row of the "
        "last layer has at least m_e learnables can be deleted. All hidden widths >= d: an input "
        "whose column of the first layer has at least d learnables can be deleted with one sample. "
        "The class, the rank defect and the degree stay the same; for rows the match probability.",
        "t09_peeling",
    ),
    Statement(
        "T10",
        "Shallow ReLU networks",
        "given a regular teacher: minimal if and only if no activation pattern has full rank",
        "Shallow ReLU network y = W_2 relu(W_1 x), with or without biases, dense or sparse, a "
        "teacher being regular if the Jacobian of all its weights has rank d m: given a regular "
        "teacher the match probability is 0 if and only if in no activation pattern the Jacobian "
        "of the learnable weights has rank d m; so it is 0 for r < d m. It is below 1 if for some "
        "output, whose bias is not learnable, no hidden unit has both a learnable weight to it "
        "and a learnable input or bias; or just one has, its bias not learnable, and a teacher is "
        "regular at inputs of which some samples, one more than this unit has learnable inputs, "
        "have a positive linear relation on these, and every unit with a learnable weight to the "
        "output has a frozen bias, a frozen input of one sign on these samples, or no frozen "
        "input. It is 1 if every output has learnable weights from m units of m learnable inputs "
        "each or more (their biases count), or from m - 1 and a learnable bias. W_2 only: a draw "
        "matches if and only if for every output row i, S_i its learnable units, the row's "
        "targets less the frozen part lie in the span of the activations H_(S_i); given a regular "
        "teacher the match probability is the probability, under the same condition, that every "
        "H_(S_i) has rank m.",
        "t10_shallow_relu",
    ),
    Statement(
        "C1",
        "Input weights of long recurrent networks",
        "conjecture: with many steps any d m_e input weights are maximal",
        "Dense linear recurrent network read at the end, N >= d and T >= max(d, m_e): every "
        "allocation of d m_e input weights is maximal.",
        "c01_input_weights",
    ),
    Statement(
        "C2",
        "Recurrent weights of long recurrent networks",
        "conjecture: with many steps recurrent weights have rank min(r, d m)",
        "Dense linear recurrent network read at the end, n_in >= m, N >= max(d, m), "
        "T >= 1 + max(d, m), learnables in the recurrent weights only: rank(A) = min(r, d m).",
        "c02_recurrent_weights",
    ),
)

STATEMENTS: dict[str, Statement] = {statement.id: statement for statement in _ALL}
