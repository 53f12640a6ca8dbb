r"""# T18 Given inputs

**Statement.** Dense linear feed-forward network without biases, inputs X given, n_0 x m of rank m.
Let m of the inputs have independent rows of X. If all learnables of the first layer are on these,
the class is that of the network with these inputs alone, on m random samples. Whatever else is
learnable: if that network is maximal, so is A.

**Assumptions.** Weights are drawn as in T1, inputs are fixed, and X has been reduced to a basis of
the samples. All connections of the first layer are present. Learnables of other layers are the same
in both networks.

**Proof.** The second claim follows from the first by T0: freeze the learnables on other inputs. Let
$X_c$, $m \times m$ and invertible, be the rows of the chosen inputs, $X_o$ the others, and $W_c$,
$W_o$ the columns of $W_1$ in the same way. Multiply the samples by $X_c^{-1}$, which changes no
match: what the first layer puts out becomes
$$W_1 X X_c^{-1} = W_c + W_o X_o X_c^{-1} = W_c + E,$$
where $E$ is a function of $W_o$ alone, and nothing of $W_o$ is learnable. Fix $W_o$, and with it
$E$. The entries of $W' = W_c + E$ at frozen places are independent draws with positive densities,
those of $W_c$ shifted; at learnable places they can be given any value, as those of $W_c$ can. In
the same way the teacher has $W'^* = W_c^* + E^*$. So this is a draw of the network with $m$ inputs,
first layers $W'$ and $W'^*$, on $m$ unit vectors. So is a draw on $m$ random samples of $m$ inputs,
which are invertible almost surely: with the random samples in place of $X$, and no other inputs.
The laws are not the same, but the class does not depend on them: it is minimal, maximal or neither
for every $W_o$ and $W_o^*$, and so it is on the whole. The same holds for rank, target dimension
and degree, all of which are those at generic points.

*What the conditions are for.* An absent connection of the first layer would have the entry of $E$
in $W'$, which is neither absent nor free. With learnables in $W_o$, $E$ is not fixed, and more may
be matched than by the network with $m$ inputs.

**What is checked.** The inputs are distinct, without learnables on others in what is left, and the
minor $X_c$ is not 0 modulo a prime; then the certificate about random samples.

**Source.** This file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..problem.networks.base import Network
from .base import ProofStep
from .shared import exhaustive
from .shared.polynomial_systems import (
    PRIME,
    IntegerInstance,
    draw,
    entries_of,
    equations,
    number_of_solutions,
)

_INPUTS = (
    ((1, 0), (0, 1), (1, 1)), ((1, 2), (2, 4), (0, 3)), ((1,), (2,)),
)  # fmt: skip
_OUTER = ((2, 2), (1, 2), (1, 2, 1))  # widths behind the inputs


@dataclass(frozen=True)
class Conditions:
    """Whether the rows of the chosen inputs are independent, and the first layer is dense."""

    independent: bool = True
    dense: bool = True


def same_degree(conditions: Conditions) -> Iterator[str | None]:
    """Complex solutions on given inputs, and on random samples of those chosen, for r = D."""
    networks = {net.widths: net for net in exhaustive.feedforward_networks((1, 2, 3), (2, 3), 10)}
    for rows in _INPUTS:
        values = np.array(rows, dtype=object)
        n, m = values.shape
        for chosen in combinations(range(n), m):
            minor = round(float(np.linalg.det(values[list(chosen)].astype(float))))
            if (minor != 0) != conditions.independent:
                continue
            for behind in _OUTER:
                whole, part = (networks[size, *behind] for size in (n, m))
                yield from _compared(whole, part, values, list(chosen), conditions.dense)


def _compared(
    whole: Network,
    part: Network,
    values: NDArray[np.object_],
    chosen: list[int],
    dense: bool,
) -> Iterator[str | None]:
    names, m = list(part.weight_shapes), values.shape[1]
    on_values, on_random = (draw(net, m, np.random.default_rng(k), PRIME - 1)
                            for k, net in enumerate((whole, part)))  # fmt: skip
    on_values = IntegerInstance(on_values.student, on_values.teacher, values)
    if not dense:
        for instance, column in ((on_values, chosen[0]), (on_random, 0)):
            for weights in (instance.student, instance.teacher):
                weights["W1"][0, column] = 0
    for mask in exhaustive.all_masks(part.n_weights, exhaustive.target(part, m)):
        entries = entries_of(part, mask, names)
        if not dense and ("W1", (0, 0)) in entries:
            continue
        moved = [
            (name, (index[0], chosen[index[1]])) if name == "W1" else (name, index)
            for name, index in entries
        ]
        before = number_of_solutions(equations(whole, moved, on_values, PRIME))
        after = number_of_solutions(equations(part, entries, on_random, PRIME))
        words = exhaustive.shown(part, m, names, mask)
        yield None if before == after else f"{words}, inputs {chosen}: {before} and {after}"


STEPS = (
    ProofStep(
        "as many solutions on given inputs as on random samples of those that span",
        same_degree,
        Conditions(),
        {
            "dependent rows": Conditions(independent=False),
            "an absent connection of the first layer": Conditions(dense=False),
        },
        "every mask of r = D on the chosen inputs: three inputs X, three networks each",
    ),
)
"""What the steps of the proof of T18 check."""
