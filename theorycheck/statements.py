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
        "T11",
        "Positivity of analytic networks",
        "nonlinear networks: minimal if and only if the rank is below the target dimension",
        "Networks with real-analytic activations, dense or sparse, feed-forward or recurrent, on "
        "random or given inputs: MP(A, m) = 0 if and only if rank(A) < D(m), the generic ranks of "
        "the Jacobians in the learnable and in all present weights. Both are those of an oracle, "
        "in which each pre-activation that is new up to sign gets free variables in place of the "
        "values of its activation that are not algebraic in it (tanh: a, with slope 1 - a^2), if "
        "these pre-activations are linearly independent modulo constants and the activations are "
        "tanh, sigmoid, softplus, SiLU, sin, exp and polynomials, or arctan and polynomials, or "
        "erf, GELU and polynomials (recurrent: every unit reading an input). They are "
        "independent where every layer, residual or not, has weights of its own, if inputs are "
        "random, or layer behind layer if every unit of the first hidden layer sees linearly "
        "independent samples; and in convolutional networks (filters shared by all positions, "
        "padding with zeros below the kernel, averages over windows side by side, a dense head; "
        "random inputs, tanh, sigmoid, softplus, SiLU, sin and exp, or arctan, and linear layers) "
        "if every unit of a layer that is not linear, unless its argument is 0, reads at each "
        "position a value that depends on the sample. "
        "Both ranks also agree on given inputs if the pre-activations that are not linear in the "
        "weights are independent modulo these, unit by unit, and the points of the linear ones "
        "are linearly independent or, for tanh and sigmoid, satisfy no integer relation with "
        "coefficients of at most 2 d times the samples (and reads) at each point. The rank of the "
        "oracle modulo a prime is never larger, and equal with a probability that degrees bound. "
        "Of any other analytic network it is an upper bound, and a minor of the true Jacobian that "
        "is not 0 at one real point is a lower one: where they meet, MP is 0 or not as above. "
        "Networks whose activations are linear in pieces (relu, leaky_relu, hardtanh), on random "
        "inputs: let D(m) be the largest rank of the Jacobian in all present weights over the "
        "patterns, each telling on which pieces the units are, that weights and inputs show on an "
        "open set. Given a regular teacher, one at which the rank is D(m), the match probability "
        "is 0 if and only if the learnable weights have rank D(m) in no pattern.",
        "t11_analytic",
        ("ax71", "kolchin68", "federer69"),
    ),
    Statement(
        "T12",
        "Readout and bounded units",
        "nonlinear networks: what learnable and frozen readout weights decide",
        "Analytic networks as in T11, M values of each output (the samples, times the steps "
        "read). (a) All learnables in the readout: the match probability is 0 or 1, and 1 if "
        "and only if rank(A) = D. (c') It is below 1 if an output that is not always 0 has no "
        "learnable readout weight or bias, and each of its units that depends on a learnable is "
        "bounded on one side. (c*) It is below 1 if all activations are definable in an "
        "o-minimal structure (not sin), every unit that depends on a learnable and is read by a "
        "frozen readout weight is bounded, and without the frozen readout weights and biases "
        "the rank of A is below D. Feed-forward, layer behind layer: (c'') it is below 1 if an "
        "output whose features have rank m has one learnable readout weight, of a unit k, and "
        "no learnable bias, sigma(z) has the sign of z, nothing that k reads depends on a "
        "learnable, k has fewer than m learnable inputs, its frozen ones counting as one, and "
        "each other unit that the output reads and that depends on a learnable is bounded. It "
        "is 1 (d) if the activations of a hidden layer and of those behind it are increasing "
        "and onto the reals (cube, linear, leaky ReLU), and the rows of every matrix behind it "
        "can be matched to columns in which they have a present weight, those of the first one "
        "to units whose learnable inputs have rank m; (e) if outputs are matched to distinct "
        "units of the last hidden layer by learnable readout weights, the learnable inputs of "
        "each have rank m and 0 lies inside of the range of the activation; (f*, f#) if D = d m "
        "and all outputs can be solved in steps. In a step q units, which are in no other step, "
        "solve q outputs; each has a learnable readout weight into each of these, and none that "
        "is frozen into an output of a step before. Either q = 1, the learnable inputs of the "
        "unit have rank m and 0 lies inside of the range; or the activation is odd and "
        "increasing and delta = m - q - g learnable inputs of each unit have rank delta, and "
        "delta + 1 with the sum of its other inputs, delta being at least 1 if q > 1. Here g = "
        "0 and q = 1, or the network adds: it has one hidden layer of tanh, erf or arctan, or "
        "several of tanh, or several of arctan. Then g is the number, or fewer, of units that "
        "see the sample (an input has a path to them), have learnable readout weights into all "
        "of these outputs and are in no step, or in one before; and g may be one more if all of "
        "these outputs have learnable biases, and only inputs of the units count that vary with "
        "the sample. Last come outputs whose learnable readout weights have features of rank m; "
        "units of steps count if the network adds and they see the sample, and otherwise not. "
        "(h) It is 1, D being d m, if some outputs can be solved in such steps, by other units "
        "than those at rest, a group at rest counting as one unit, and the rank at rest is m "
        "times the number of the other outputs. At rest are units of the last hidden layer, at "
        "0 (sigma(0) = 0, and no frozen input, or learnable ones of rank m) or in groups that "
        "may have the same weights: of each place at most one frozen weight, and none where a "
        "connection is absent. The rank is that of what learnable readout weights into the "
        "other outputs read (units that solve excepted), and of the changes of these outputs by "
        "the learnable inputs of units at rest, with learnable readout weights that are generic "
        "but cancel in each group, all others 0. Piecewise linear networks, given a regular "
        "teacher: (c') it is below 1 and above 0 if an output has no learnable readout weight "
        "or bias, each of its units that depends on a learnable is bounded below, and at some "
        "point the learnable weights have rank D and the output is not 0.",
        "t12_readout",
        ("ax71",),
    ),
    Statement(
        "T13",
        "Staged plans",
        "over budget: linear systems solved stage by stage, each for learnables not used before",
        "Linear network. Without a bottleneck E are all equations; feed-forward with a "
        "bottleneck of b units: those of b outputs, and of all outputs on b samples. E are D "
        "equations. Sets U_1, ..., U_s of learnables are disjoint, all others frozen. E_1, ..., "
        "E_s divide E after a change of these equations that is invertible; at stage k its "
        "coefficients may depend on frozen weights, inputs and U_1, ..., U_(k-1), not on the "
        "teacher. If E_k contains no unknown of a later stage, is affine in U_k, and its Jacobian "
        "in U_k has rank |E_k|, the match probability is 1. Feed-forward without biases: rows and "
        "columns may be peeled as in T9; all of the first layer that is left frozen if it has as "
        "many rows as there are samples left, all of the last if it has as many columns as there "
        "are outputs left, and what is left peeled on: a row of m learnables with one output, a "
        "column of d with one sample, of b at a bottleneck as in T9; then, no bottleneck being "
        "left, learnables none of which is behind another (T2), or one layer's (T4), decide. "
        "Sparse feed-forward, or with biases (columns of a unit that is 1), no bottleneck: any "
        "outer layer may be frozen; a row goes with an output that reads it if what its learnables "
        "read has rank m, a column with a sample if where its learnables lead has rank d; then "
        "learnables none of which is behind another decide if their Jacobian has full rank.",
        "t13_staged_plans",
    ),
    Statement(
        "T14",
        "Levels",
        "two layers solved by linear systems in an order, perhaps from infinity",
        "Linear feed-forward network, no bottleneck. All learnables "
        "outside of layers l and l + 1 frozen, and those of layer l in other than m chosen "
        "columns: y = P (A + U) (B + V), P generic, d x p (or the identity). Let units between "
        "have levels k, and some reach further, to c at most; let columns of V be finite, with "
        "levels t, or infinite, and let c functionals z_1, z_2, ... be chosen, others random. "
        "1. For j = 1, ..., c: in finite columns of level j or more z_j annihilates what units "
        "that reach less than j leave of y, where units of level below j that reach j count by "
        "the value that z_j is to have on their column of P (A + U), which is found with z_j; "
        "then units that reach j < c are solved for z_i P (A + U) = 0, i up to their level, and "
        "their values, i from there to j. 2. The same of units that reach c and more, jointly "
        "with z_j (y - P (A + U) B) = 0, c < j, for finite columns of level j or more. 3. "
        "Finite columns of level t are solved for y = P (A + U) (B + V), V in units of level t "
        "and more, of rank d - t. 4. Infinite columns become kernel vectors of P (A + U) on "
        "their learnables, on which it has the rank of generic vectors in nested spaces, d less "
        "the level of each. If at one point modulo a prime the z are independent, systems 1 and "
        "2 have full row rank, 3 and 4 the rank named, and if without infinite columns or the "
        "Jacobian of P (A + U) (B + V) in all of U and V has rank d m there, the match "
        "probability is 1. The same with rows for columns. Of sparse networks, and with biases "
        "(columns of a unit that is 1), after the steps of T13, with P, A and B of the network's "
        "own weights, B in samples in which what the chosen columns read is the identity; units "
        "have no values there.",
        "t14_levels",
    ),
    Statement(
        "T15",
        "Graded points",
        "recurrent networks over budget: leading forms of growing weights, solved in order",
        "Linear recurrent network, dense or sparse, random inputs. Let samples be such that their "
        "first numbers are those of unit vectors, and let some learnable weights grow. The degree "
        "of an equation is the largest number of growing weights on a walk to it, its leading form "
        "the sum over the walks with so many. Some growing weights may be 0, some sets of "
        "learnables be solved for, one after the other, all others being generic, such that the "
        "leading form of every equation, of degree 0 less its output, is solved by the last of "
        "these sets that is on its walks, being affine in it, or is of positive degree and has no "
        "walk left. If each of these linear systems has independent equations, and at the "
        "solution the Jacobian of the leading forms in all learnables has as many dimensions as "
        "equations, the allocation is maximal. So it is if this holds without some outputs, whose "
        "learnable readout weights read states of as many dimensions as they have equations. In "
        "particular (m <= n_in (T - 1), read at the end): recurrent weights grow, those that do "
        "not lead from lower to higher grades of the neurons are 0, and those into the last grade "
        "are solved for.",
        "t15_graded_points",
    ),
    Statement(
        "T16",
        "Deep levels",
        "over budget: three layers or more, those behind two others giving their units levels",
        "Dense linear feed-forward network without biases, no bottleneck. All learnables before "
        "layer l frozen, and those of layer l in other than m chosen columns: y = C_q ... C_1 (A + "
        "U) (B + V), the C being the layers behind, with learnables. Let columns of V be finite or "
        "infinite. Functionals z_1, ..., z_b, b < d, annihilate y in finite columns. The first b_q "
        "of them are made to annihilate C_q, each column of which is solved in its learnables, the "
        "next b_(q-1) to annihilate C_q C_(q-1), solved for columns of C_(q-1), and so on, b_1 + "
        "... + b_q = b, by systems of full row rank. With d - b further functionals E, E y = E C_q "
        "... C_1 (A + U) (B + V) has d - b rows. If T14 solves these in finite columns, and all "
        "ranks are as T14 says there, the functionals independent, and if without infinite "
        "columns or the Jacobian of C_q ... C_1 (A + U) (B + V) in all of U, V and the C has rank "
        "d m at this point, the match probability is 1. The same with rows for columns, and the "
        "layers before for those behind.",
        "t16_deep_levels",
    ),
    Statement(
        "T17",
        "Given weights",
        "with frozen weights as they are the rank is taken at them, whatever the random teacher",
        "Frozen weights F of the student are given numbers; learnables, other frozen weights and "
        "the teacher are random, inputs too unless given. Linear networks, and those with analytic "
        "activations: MP(A, m | F) = 0 if and only if rank(A | F) < D(m), the largest rank of the "
        "Jacobian in the learnables at F and the target dimension of the random teacher. Hence "
        "what is minimal with random frozen weights is so with all. T0, T2, T12 (a) and, of T6, "
        "the bounds by the structure of the Jacobian and by Bezout numbers hold with rank(A | F) "
        "in place of rank(A). The rank of the oracle (T11) at F is never smaller than rank(A | F), "
        "and is it if all activations are polynomials.",
        "t17_given_weights",
    ),
    Statement(
        "T18",
        "Given inputs",
        "inputs that span given samples are as good as random ones, if all others are frozen",
        "Dense linear feed-forward network without biases, inputs X given, n_0 x m of rank m. Let "
        "m of the inputs have independent rows of X. If all learnables of the first layer are on "
        "these, the class is that of the network with these inputs alone, on m random samples. "
        "Whatever else is learnable: if that network is maximal, so is A.",
        "t18_given_inputs",
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
