"""Theorems of nonlinear networks."""

from .base import Statement

STATEMENTS = (
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
)
