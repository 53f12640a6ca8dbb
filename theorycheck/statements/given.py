"""Theorems of what is given: weights, inputs, parameters."""

from .base import Statement

STATEMENTS = (
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
        "T19",
        "Parametrised weights",
        "parameters that move several weights: the rank by the chain rule decides",
        "Linear or analytic network, random inputs. Weights of students are W = F + E + B A, E "
        "free at some places, rows and columns of W scaled, scalings perhaps shared; or W is "
        "another weight, or its transpose. F is random or given, factors that are not trained are "
        "random. Teachers are random networks with all present weights free, of target dimension "
        "D; or with the ties of the students, and D is the rank in the weights left. Whatever "
        "students have, teachers can have. Let the rank be that of the outputs in the parameters, "
        "at generic parameters, inputs and, if random, base. If it is below D, the match "
        "probability is 0, else it is not. If outputs are affine in some of the parameters, and "
        "the rank in these is D, it is 1. B and A of inner size r, at most p and q, move W in r (p "
        "+ q - r) dimensions. The rank of the oracle (T11) is an upper bound; it is the rank where "
        "T11 says so of the plain network, F is random and nothing is tied, and for polynomials.",
        "t19_parametrised",
    ),
)
