"""Methods side by side under one budget: what each can match, and on how many samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..computing.backend import array_module
from ..computing.effort import DEFAULT_EFFORT, DEFAULT_SECONDS, divided
from ..computing.options import Options
from ..computing.progress import Watch, watching
from ..display.paragraphs import Paragraph, list_some, rigor_in_words, samples_in_words
from ..display.shown import Shown
from ..errors import InputError, shown
from ..problem.allocation import Allocation
from ..problem.arguments import allocation_of
from ..problem.networks.base import Network, positive_integer
from ..problem.parametrization import Parametrization
from ..problem.weight_files import checked_weights
from .capacities import MODEST_EFFORT
from .method_questions import MethodQuestions
from .method_rows import MethodRow
from .methods import Choice, Setting, choices

if TYPE_CHECKING:
    import torch  # pyright: ignore[reportMissingImports]

_FOR_ROWS = 0.5  # of the time: then no further budgets are chosen for
_MOST_DRAWS = 100
_MOST_BUDGETS = 100


@dataclass(frozen=True, repr=False)
class MethodComparison(Shown):
    """What `compare_methods` returns: a row for each method at the `budget`.

    `size` is the number of weights of the network, `others` are the rows at further budgets.
    """

    network: Network
    samples: int
    budget: int
    size: int
    rows: tuple[MethodRow, ...]
    others: tuple[MethodRow, ...] = ()

    @property
    def limited_by(self) -> str | None:
        """`seconds` where the time was up before all was known, which rows tell; else None."""
        rows = (*self.rows, *self.others)
        return "seconds" if any(draw.is_limited for row in rows for draw in row.draws) else None

    @property
    def error_bound(self) -> float:
        """Probability that any class or number of the rows is wrong, at most; 0 if all are proved.

        Ranks beside a class that needs none are not counted.
        """
        draws = [draw for row in (*self.rows, *self.others) for draw in row.draws]
        found = [each for draw in draws for each in (draw.verdict, draw.capacity) if each]
        return min(sum(each.error_bound for each in found), 1.0)

    @property
    def conditioned_on(self) -> str | None:
        """`regular teacher` where the rows speak of these alone, or None."""
        verdicts = [draw.verdict for row in self.rows for draw in row.draws if draw.verdict]
        return next((each.conditioned_on for each in verdicts if each.conditioned_on), None)

    @property
    def reservations(self) -> list[Paragraph]:
        """Of which teachers the rows speak, if not of all, and how sure they are."""
        given = self.conditioned_on
        found = [Paragraph("given", f"a {given}")] if given else []
        return [*found, Paragraph("rigor", rigor_in_words(self.error_bound))]

    def paragraphs(self) -> list[Paragraph]:
        """What was asked, and what each method comes to."""
        good = [row.method for row in self.rows if row.keeps_budget and row.may_match]
        said = f"is possible with {list_some(good)}" if good else "is shown of no method"
        on = samples_in_words(self.samples)
        head = f"{self.budget} of {self.size} weights: a match on {on} {said}"
        rows = [row.paragraph for row in self.rows]
        return [Paragraph("BUDGET", head, "bold"), *rows, *self.reservations]

    def to_dict(self) -> dict[str, Any]:
        """The object that `methods --json` prints, without the key `file`."""
        return {
            "network": self.network.to_dict(),
            "samples": self.samples,
            "budget": self.budget,
            "size": self.size,
            "rows": [row.to_dict() for row in self.rows],
            "others": [row.to_dict() for row in self.others],
            "error_bound": self.error_bound,
            "conditioned_on": self.conditioned_on,
            "limited_by": self.limited_by,
        }


def compare_methods(
    subject: Network | Allocation | torch.nn.Module,
    budget: int,
    samples: int,
    *,
    masks: Mapping[str, Mapping[str, ArrayLike] | Parametrization] | None = None,
    weights: Mapping[str, ArrayLike] | None = None,
    budgets: Iterable[int] | int = (),
    draws: int = 3,
    seed: int = 0,
    error_bound: float = 1e-9,
    memory_limit: int = 8 * 2**30,
    backend: str = "numpy",
    seconds: float = DEFAULT_SECONDS,
    progress: Watch = False,
) -> MethodComparison:
    """Ways of choosing what to train, side by side under one budget of learnable numbers.

    `subject` is a network, an allocation (its present weights count, and what it has learnable is
    one more row, `yours`) or a torch module that `Allocation.from_torch` reads. The methods: full
    training, the ceiling whatever the budget; the last layers; biases; LoRA; factors for rows;
    entries at random; entries spread evenly; rows; columns; with the values `weights` by name the
    largest of them; each as large as fits into the `budget`. `masks` are your own by a name for
    each: learnable masks, or a `Parametrization`.

    A row has the verdict of `classify` on so many `samples`, the rank, and the capacity, of each of
    the `draws` of methods that draw, with seeds from `seed` on; its median is what counts.

    `budgets`, further ones or how many in geometric steps up to all weights, give `others`, which
    `plot_methods` draws: by ranks alone, and nobody looks for how many samples they are maximal.

    `seconds` limit the whole: they are shared, and rows that were not reached say so. The other
    options are those of `classify`. Frozen weights are random, also where `weights` are given.
    Raises `InputError` for arguments out of range.

    >>> from theorycheck import LinearFeedforward
    >>> found = compare_methods(LinearFeedforward([4, 6, 3]), budget=18, samples=3)
    >>> [(row.method, row.median.capacity.positive) for row in found.rows if row.draws][2:4]
    [('LoRA of W1', 1), ('LoRA of W2', 2)]
    """
    given = allocation_of(subject)
    budget = positive_integer(budget, "budget", given.n_present)
    samples = positive_integer(samples, "samples")
    deadline, each = divided(seconds, MODEST_EFFORT)
    effort = replace(DEFAULT_EFFORT, seconds=seconds)
    options = Options(seed, error_bound, memory_limit, array_module(backend), effort, deadline)
    seeds = tuple(range(seed, seed + positive_integer(draws, "draws", _MOST_DRAWS)))
    values = None if weights is None else checked_weights(given, weights, "weights")
    setting = Setting(given.network, dict(given.masks("present")), budget, seeds, values)
    asked = [*choices(setting), *_own(given, masks)]
    further = [
        (size, choice)
        for size in _further(setting, given.n_present, budgets)
        if deadline.left > _FOR_ROWS * seconds or not seconds  # what is chosen takes time, too
        for choice in choices(replace(setting, budget=size))
        if choice.method != "full"
    ]
    with watching(progress, "methods") as tell:
        shares = _shares(asked, [choice for _, choice in further])
        questions = MethodQuestions(samples, options, each, shares, tell)
        # First what is asked briefly: the time that it leaves is for the budget itself.
        others = tuple(questions.row(choice, size, briefly=True) for size, choice in further)
        rows = tuple(questions.row(choice, budget) for choice in asked)
        return MethodComparison(given.network, samples, budget, given.n_present, rows, others)


def _own(given: Allocation, masks: Mapping[str, Any] | None) -> Iterator[Choice]:
    """What is learnable already, unless it is nothing or all, and the masks that were named."""
    if 0 < given.n_learnable < given.n_present:
        yield Choice("yours", "what is learnable already", (given,))
    if masks is None:
        return
    if not isinstance(masks, Mapping):
        raise InputError(f"masks must map names of your own to masks, not {shown(masks)}")
    for name, own in masks.items():
        place = f"masks[{shown(name)}]"
        if isinstance(own, Parametrization):
            if own.whole != Allocation.none(given.network, given.given_present()):
                here, there = given.network.describe(), own.network.describe()
                raise InputError(f"{place} is of {there} or of other connections, not of {here}")
            yield Choice(str(name), "parametrised weights of your own", (own,))
            continue
        try:
            allocation = Allocation(given.network, own, given.given_present())
        except InputError as error:
            raise InputError(f"{place}: {error}") from None
        yield Choice(str(name), "a mask of your own", (allocation,))


def _further(setting: Setting, size: int, budgets: Iterable[int] | int) -> list[int]:
    """The further budgets, in order; raises `InputError` for what is none."""
    if isinstance(budgets, int) and not isinstance(budgets, bool):
        if not 0 <= budgets <= _MOST_BUDGETS:
            raise InputError(f"budgets must be at most {_MOST_BUDGETS}, not {budgets}")
        least = min(setting.network.outputs * setting.network.n_reads, size)
        return sorted({round(each) for each in np.geomspace(least, size, budgets)})
    if isinstance(budgets, str) or not isinstance(budgets, Iterable):
        raise InputError(f"budgets must be integers, or how many, not {shown(budgets)}")
    return sorted({positive_integer(each, "budgets", size) for each in budgets})


def _shares(asked: list[Choice], further: list[Choice]) -> list[float]:
    """The shares of the time of all draws: half of it is for what was asked, in any case."""
    first, rest = (sum(len(choice.trained) for choice in part) for part in (asked, further))
    return [1.0] * rest + [max(1.0, rest / first)] * first
