"""Hypothesis strategies for networks, allocations, samples and draws.

For property tests of one's own code, and for what `theorycheck verify` searches. `problems()` is
the one to begin with: a `tc.Problem` (allocation, number of samples) of any of these kinds, all of
which take a strategy of their `networks`:

- `random_problems`: any allocation; `sparse_problems`: with absent connections;
- `critical_problems`: as many learnables as the target dimension D(m), or one fewer or more;
- `rows_problems`, `columns_problems`, `crosses_problems`: whole lines of weights;
- `one_layer_problems`: all learnables in one layer, few entries of it frozen;
- `near_extremal_problems`: one learnable beside what T3 or T4 ask for, and what passes every count
  of T4 and is minimal all the same;
- `bottleneck_problems`: a narrow hidden layer; `recurrent_problems`: one weight, or all.

`networks`, `linear_networks`, `feedforward_networks`, `recurrent_networks`, `relu_networks`,
`analytic_networks`, `deep_networks`, `nonlinear_recurrent_networks`, `residual_networks`,
`convolutional_networks`, `bottleneck_networks`, `allocations`, `present_masks`, `samples` and
`seeds` are their parts.
`draws` yields the numbers of a trial (teacher, frozen weights, inputs), `outputs` what a network
answers, `smallest` a small example of a condition, `describe` the masks of a problem as text.

All of them shrink: entries freeze one by one, absent connections become present, sizes go to 1.

>>> from hypothesis import given, note, settings
>>> import theorycheck as tc
>>> @settings(max_examples=20, database=None, deadline=None)
... @given(problems(feedforward_networks(max_depth=2)))
... def test_no_more_directions_than_learnables(problem):
...     note(describe(*problem))
...     rank = tc.classify(*problem, effort=tc.Effort(seconds=0)).rank
...     assert rank is None or rank <= problem.allocation.n_learnable
>>> test_no_more_directions_than_learnables()
"""

from .allocations import (
    allocations,
    bottleneck_problems,
    columns_problems,
    critical_problems,
    crosses_problems,
    random_problems,
    recurrent_problems,
    rows_problems,
    sparse_problems,
)
from .masks import present_masks
from .networks import (
    analytic_networks,
    bottleneck_networks,
    convolutional_networks,
    deep_networks,
    feedforward_networks,
    linear_networks,
    networks,
    nonlinear_recurrent_networks,
    recurrent_networks,
    relu_networks,
    residual_networks,
    samples,
    seeds,
)
from .one_layer import near_extremal_problems, one_layer_problems
from .problems import problems
from .text import describe, smallest
from .trials import Draw, drawn, draws, outputs

__all__ = [
    "Draw",
    "allocations",
    "analytic_networks",
    "bottleneck_networks",
    "bottleneck_problems",
    "columns_problems",
    "convolutional_networks",
    "critical_problems",
    "crosses_problems",
    "deep_networks",
    "describe",
    "drawn",
    "draws",
    "feedforward_networks",
    "linear_networks",
    "near_extremal_problems",
    "networks",
    "nonlinear_recurrent_networks",
    "one_layer_problems",
    "outputs",
    "present_masks",
    "problems",
    "random_problems",
    "recurrent_networks",
    "recurrent_problems",
    "relu_networks",
    "residual_networks",
    "rows_problems",
    "samples",
    "seeds",
    "smallest",
    "sparse_problems",
]
