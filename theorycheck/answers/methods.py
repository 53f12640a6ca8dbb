"""Methods: rules that say what to train of a network under a budget of learnable numbers.

Each is a function in `METHODS` that says what it makes of a `Setting`. A further one is a function
more; nothing else has to know it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..problem.allocation import Allocation
from ..problem.masks import Entry, Mask, count
from ..problem.networks.base import Network
from ..problem.networks.unrolled import as_matrix
from ..problem.parametrization import LowRank, Parametrization, Scaling
from .orders import even_order

# Entries are learnable, or numbers each of which moves many weights.
Trained: TypeAlias = Allocation | Parametrization

_MOST_ALONE = 4  # matrices of a network of which each has a low-rank update of its own


@dataclass(frozen=True)
class Setting:
    """What is to be trained: a network with its present weights, a budget, and maybe values.

    `seeds` are those of the draws of methods that draw.
    """

    network: Network
    present: Mapping[str, Mask]
    budget: int
    seeds: tuple[int, ...]
    weights: Mapping[str, NDArray[np.float64]] | None = None

    @property
    def whole_matrices(self) -> list[str]:
        """The weights, biases aside, whose connections are all present."""
        return [
            name
            for name, mask in self.present.items()
            if len(mask.shape) > 1 and count(mask) == mask.size
        ]

    @property
    def layers(self) -> Iterator[dict[str, Mask]]:
        """The present weights of each layer, from the inputs to the outputs."""
        for names in self.network.weight_layers:
            yield {name: self.present[name] for name in names}

    def of(self, masks: Mapping[str, Mask]) -> Allocation:
        """The allocation in which the entries of `masks` are learnable."""
        return Allocation(self.network, masks, self.present)

    def of_entries(self, entries: Iterable[Entry]) -> Allocation:
        """The allocation in which these entries are learnable."""
        masks: dict[str, Mask] = {}
        for name, index in entries:
            mask = masks.setdefault(name, np.zeros(self.network.weight_shapes[name], dtype=bool))
            mask[index] = True
        return self.of(masks)


class Choice(NamedTuple):
    """What a method makes of a setting, or for each seed if it draws: what is `trained`.

    There is none where nothing fits into the budget; `what`, the choice in words, then says why.
    """

    method: str
    what: str
    trained: tuple[Trained, ...] = ()
    seeds: tuple[int, ...] = ()


Method: TypeAlias = Callable[[Setting], Iterator[Choice]]


def numbers_trained(trained: Trained) -> int:
    """How many numbers are trained.

    >>> from theorycheck import LinearFeedforward
    >>> numbers_trained(Parametrization(LinearFeedforward([3, 2]), {"W1": LowRank(1)}))
    5
    """
    return trained.n_learnable if isinstance(trained, Allocation) else trained.n_parameters


def choices(setting: Setting) -> Iterator[Choice]:
    """What every method makes of a setting; all but `full` keep the budget.

    >>> from theorycheck import LinearFeedforward
    >>> whole = Allocation.full(LinearFeedforward([2, 3, 2]))
    >>> found = choices(Setting(whole.network, dict(whole.masks("present")), 6, (0,)))
    >>> {choice.method: numbers_trained(choice.trained[0]) for choice in found if choice.trained}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'full': 12, 'last layers': 6, 'LoRA of W1': 5, 'LoRA of W2': 5, 'scalings': 5, 'random': 6,
     'spread': 6, 'rows': 5, 'columns': 5}
    """
    for method in METHODS:
        yield from method(setting)


def _full(setting: Setting) -> Iterator[Choice]:
    yield Choice("full", "every weight: the ceiling", (setting.of(setting.present),))


def _last_layers(setting: Setting) -> Iterator[Choice]:
    """As many whole layers as fit, from the outputs back."""
    taken: dict[str, Mask] = {}
    needed = 0
    for layer in reversed(list(setting.layers)):
        needed = _size({**taken, **layer})
        if needed > setting.budget:
            break
        taken |= layer
    if not _size(taken):
        yield Choice("last layers", _too_few("the last one has", needed))
        return
    yield Choice("last layers", f"all of {', '.join(taken)}", (setting.of(taken),))


def _biases(setting: Setting) -> Iterator[Choice]:
    names = [name for name, shape in setting.network.weight_shapes.items() if len(shape) == 1]
    masks = {name: setting.present[name] for name in names}
    needed, name = _size(masks), "biases"
    if not needed:
        yield Choice(name, "the network has no biases")
    elif needed > setting.budget:
        yield Choice(name, _too_few("all biases are", needed))
    else:
        yield Choice(name, f"all of {', '.join(names)} (BitFit)", (setting.of(masks),))


def _low_rank(setting: Setting) -> Iterator[Choice]:
    """LoRA of the largest rank that fits: on all matrices alike, and on each one alone."""
    matrices = setting.whole_matrices
    if not matrices:
        yield Choice("LoRA", "no weight matrix has all connections: it would fill in absent ones")
        return
    refusal = _refusal(setting)
    if refusal is not None:
        yield Choice("LoRA", refusal)
        return
    yield _low_rank_on(setting, "LoRA", matrices)
    if 1 < len(matrices) <= _MOST_ALONE:
        for name in matrices:
            yield _low_rank_on(setting, f"LoRA of {name}", [name])


def _low_rank_on(setting: Setting, method: str, matrices: Sequence[str]) -> Choice:
    """Updates of all `matrices` of one rank, or of their own full rank where that is less."""
    shapes = [setting.network.weight_shapes[name] for name in matrices]

    def ranks(rank: int) -> dict[str, int]:
        return {name: min(rank, *shape) for name, shape in zip(matrices, shapes, strict=True)}

    def cost(rank: int) -> int:
        return sum(map(math.prod, zip(ranks(rank).values(), map(sum, shapes), strict=True)))

    largest = max(min(shape) for shape in shapes)
    rank = next((r for r in range(largest, 0, -1) if cost(r) <= setting.budget), 0)
    if not rank:
        return Choice(method, _too_few("rank 1 takes", cost(1)))
    what = f"updates of rank {rank} of {', '.join(matrices)}"
    network, is_dense = setting.network, _size(setting.present) == setting.network.n_weights
    if network.is_linear and network.is_layered and is_dense:  # of which more is known
        return Choice(method, what, (Allocation.low_rank(network, ranks(rank)),))
    updates = {name: LowRank(each) for name, each in ranks(rank).items()}
    return Choice(method, what, (Parametrization(network, updates, setting.present),))


def _scalings(setting: Setting) -> Iterator[Choice]:
    """A factor for each unit that reads weights, as (IA)3 learns some."""
    network, refusal = setting.network, _refusal(setting)
    matrices = [name for name, shape in network.weight_shapes.items() if len(shape) > 1]
    needed = sum(network.weight_shapes[name][0] for name in matrices)
    if refusal is not None:
        yield Choice("scalings", refusal)
    elif needed > setting.budget:
        yield Choice("scalings", _too_few("all rows are", needed))
    else:
        what = f"a factor for each row of {', '.join(matrices)} (as in (IA)3)"
        terms = {name: Scaling("rows") for name in matrices}
        yield Choice("scalings", what, (Parametrization(network, terms, setting.present),))


def _refusal(setting: Setting) -> str | None:
    """Why the network has no parametrised weights, or None."""
    try:
        Parametrization(setting.network, {}, setting.present)
    except InputError:
        return "of networks without filters and residual layers only"
    return None


def _random(setting: Setting) -> Iterator[Choice]:
    """Single entries anywhere, as SHiRA draws them."""
    draws = tuple(
        Allocation.random(
            setting.network,
            setting.budget,
            np.random.default_rng(seed),
            within=setting.present,
            present=setting.present,
        )
        for seed in setting.seeds
    )
    yield Choice("random", "entries at random (SHiRA)", draws, setting.seeds)


def _spread(setting: Setting) -> Iterator[Choice]:
    draws = tuple(
        setting.of_entries(
            even_order(setting.present, np.random.default_rng(seed))[: setting.budget]
        )
        for seed in setting.seeds
    )
    yield Choice("spread", "entries, even over layers, rows and columns", draws, setting.seeds)


def _rows(setting: Setting) -> Iterator[Choice]:
    """All weights into some units."""
    layers = [
        [
            [(name, (i, *rest)) for name, mask in layer.items() for rest in _places(mask[i])]
            for i in range(len(next(iter(layer.values()))))
        ]
        for layer in setting.layers
    ]
    yield _whole_lines(setting, "rows", "whole rows, with their biases", layers)


def _columns(setting: Setting) -> Iterator[Choice]:
    """All weights out of some units, or out of the constant, which biases read."""
    layers = [
        [
            [(name, (i, *others)) for i in np.flatnonzero(column).tolist()]
            for name, mask in layer.items()
            for others, column in zip(np.ndindex(mask.shape[1:]), as_matrix(mask).T, strict=True)
        ]
        for layer in setting.layers
    ]
    yield _whole_lines(setting, "columns", "whole columns; a bias is one, too", layers)


def _whole_lines(
    setting: Setting, method: str, what: str, layers: list[list[list[Entry]]]
) -> Choice:
    """Whole lines while one fits, the next always of the layer with the fewest learnables."""
    chosen: list[list[Entry]] = [[] for _ in layers]
    left = setting.budget
    waiting = [[line for line in lines if line] for lines in layers]
    least = min((len(line) for lines in waiting for line in lines), default=0)
    while True:
        waiting = [[line for line in lines if len(line) <= left] for lines in waiting]
        rest = [number for number, lines in enumerate(waiting) if lines]
        if not rest:
            break
        layer = min(rest, key=lambda number: len(chosen[number]))
        line = waiting[layer].pop(0)
        chosen[layer] += line
        left -= len(line)
    entries = [entry for lines in chosen for entry in lines]
    if not entries:
        return Choice(method, _too_few("the shortest has", least))
    return Choice(method, what, (setting.of_entries(entries),))


def _magnitude(setting: Setting) -> Iterator[Choice]:
    """The present entries whose given values are the largest; of equal ones the first."""
    if setting.weights is None:
        yield Choice("magnitude", "it needs the values of the weights")
        return
    missing = [name for name in setting.present if name not in setting.weights]
    if missing:
        yield Choice("magnitude", f"it needs the values of {', '.join(missing)}, too")
        return
    entries = [
        (name, (*map(int, index),))
        for name, mask in setting.present.items()
        for index in np.argwhere(mask)
    ]
    values = [abs(setting.weights[name][index]) for name, index in entries]
    order = np.argsort(-np.array(values), kind="stable")[: setting.budget]
    chosen = setting.of_entries(entries[number] for number in order)
    yield Choice("magnitude", "the entries of the largest absolute values", (chosen,))


# The table of methods, in the order in which they are shown.
METHODS: tuple[Method, ...] = (
    _full,
    _last_layers,
    _biases,
    _low_rank,
    _scalings,
    _random,
    _spread,
    _rows,
    _columns,
    _magnitude,
)


def _places(part: Mask) -> list[tuple[int, ...]]:
    """The set places of a part of a mask; of a single entry its empty index."""
    return [tuple(index) for index in np.argwhere(part).tolist()]


def _size(masks: Mapping[str, Mask]) -> int:
    return sum(map(count, masks.values()))


def _too_few(what: str, needed: int) -> str:
    return f"{what} {needed} weights, more than the budget"
