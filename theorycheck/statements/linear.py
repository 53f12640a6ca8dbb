"""Theorems of linear networks."""

from .base import Statement

STATEMENTS = (
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
        "Networks whose activations are linear, squares or cubes, r = rank(A) = D: the number "
        "delta of complex solutions is the same for generic outputs, and if it is odd the "
        "allocation is maximal. Linear feed-forward: delta is at most the number of perfect "
        "matchings of D equations and the learnables, and at most a group Bezout number. Without a "
        "matching of D pairs any linear network is minimal.",
        "t06_odd_degree",
        ("morgan",),
    ),
    Statement(
        "T7",
        "Intermediate, by witness",
        "an instance with all its solutions, simple and not real: intermediate",
        "Networks whose activations are linear, squares or cubes, r = rank(A) = D. If for one "
        "rational teacher, student and inputs D equations of full rank, or a part of them that "
        "contains all its unknowns, have exactly as many solutions as generic ones, all simple and "
        "none real, then 0 < MP(A, m) < 1.",
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
        "Dense linear feed-forward network, b its least hidden width. b >= m_e: an output whose "
        "row of the last layer has at least m_e learnables can be deleted; b < m_e, b < d: with at "
        "least b learnables. b >= d: an input whose column of the first layer has at least d "
        "learnables can be deleted with one sample; b < d, b < m_e: with at least b learnables. "
        "The class, the rank defect and the degree stay the same; for rows the match probability.",
        "t09_peeling",
    ),
)
