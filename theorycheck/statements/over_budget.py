"""Theorems of linear networks over budget."""

from .base import Statement

STATEMENTS = (
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
)
