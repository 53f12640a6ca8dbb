"""What is asked about each method of a comparison, within its share of the time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..computing.effort import Effort
from ..computing.options import Options
from ..computing.progress import Progress, Teller
from ..errors import OutOfTimeError, SizeError
from ..problem.allocation import Allocation
from ..ranks.exactness import why_undecided_by_ranks
from ..theorems import t19_parametrised
from ..theorems.analysis import Analysis
from ..verdict import Verdict
from .capacities import Capacity, capacity_on, parametrised_capacity_on
from .classification import verdict_on
from .method_rows import LATE, MethodDraw, MethodRow
from .methods import Choice, Trained, numbers_trained
from .parametrised import classify_parametrised

_BRIEF = Effort(seconds=0)


class MethodQuestions:
    """Asks what is known of what methods train, each in its share of the time that is left.

    `shares` are those of all that will be asked, in this order; the `options` have the effort for a
    verdict, and `each` is that for each number of samples in the search for a capacity.
    """

    def __init__(
        self, samples: int, options: Options, each: Effort, shares: Sequence[float], tell: Teller
    ) -> None:
        self._samples, self._options, self._each, self._tell = samples, options, each, tell
        self._shares, self._asked = shares, 0
        self._known: dict[tuple[str, str, int | None, int, bool], MethodDraw] = {}

    def row(self, choice: Choice, budget: int, *, briefly: bool = False) -> MethodRow:
        """The row of a choice; what was asked before is not asked again.

        Asked `briefly`, ranks alone tell, and nobody looks for how many samples it is maximal.
        """
        seeds = choice.seeds or (None,) * len(choice.trained)
        draws = []
        for trained, seed in zip(choice.trained, seeds, strict=True):
            self._tell(Progress(choice.method, self._asked, len(self._shares)))
            key = choice.method, choice.what, seed, numbers_trained(trained), briefly
            known = self._known.get(key)
            # Allocations compare their masks; of parametrised weights the very same ones are meant.
            if known is None or known.trained != trained:
                known = self._known[key] = self._ask(trained, seed, briefly)
            draws.append(known)
            self._asked += 1
        return MethodRow(choice.method, choice.what, budget, tuple(draws))

    def _ask(self, trained: Trained, seed: int | None, briefly: bool) -> MethodDraw:
        whole, start = self._options.deadline, time.perf_counter()
        found = MethodDraw(trained, seed, why_open=LATE)
        if whole.has_passed:
            return found
        shares = self._shares[self._asked :]
        part = whole.within(whole.left * shares[0] / sum(shares))
        effort, each = (_BRIEF, _BRIEF) if briefly else (self._options.effort, self._each)
        try:
            options = replace(self._options, deadline=part.within(part.left / 2), effort=effort)
            found = _on_samples(found, self._samples, options)
            why = _why_no_capacity(trained, self._samples, options)
            if why is not None:
                found = replace(found, why_open=f"for how many samples is open: {why}")
            elif not part.has_passed:
                options = replace(options, deadline=part, effort=each)
                limits = _capacity(trained, options, self._kept(found), seeks_maximal=not briefly)
                found = replace(found, capacity=limits, why_open="")
        except OutOfTimeError:
            pass
        except SizeError as error:
            found = replace(found, why_open=str(error))
        return replace(found, seconds=time.perf_counter() - start)

    def _kept(self, draw: MethodDraw) -> dict[int, Verdict]:
        """The verdict by samples, unless more effort might tell more."""
        found = draw.verdict
        return {} if found is None or found.limited_by else {self._samples: found}


def _on_samples(draw: MethodDraw, samples: int, options: Options) -> MethodDraw:
    """With verdict, rank and target dimension, these two also where the verdict needed neither."""
    trained, found = draw.trained, _verdict(draw.trained, samples, options)
    rank, target = found.rank, found.target_dimension
    try:
        if rank is None or target is None:
            rank, target = _ranks(trained, samples, options) or (rank, target)
    except (OutOfTimeError, SizeError):
        pass
    return replace(draw, verdict=found, rank=rank, target_dimension=target)


def _verdict(trained: Trained, samples: int, options: Options) -> Verdict:
    if isinstance(trained, Allocation):
        return verdict_on(trained, samples, options)
    return classify_parametrised(trained, samples, options)


def _ranks(trained: Trained, samples: int, options: Options) -> tuple[int, int] | None:
    """Rank and target dimension, or None where the oracle's may be others."""
    if isinstance(trained, Allocation):
        analysis = Analysis(trained, samples, options)
        is_analytic = analysis.network.is_analytic
        if not analysis.is_linear and not (is_analytic and analysis.why_not_exact is None):
            return None
        return analysis.rank.value, analysis.target.value
    analysis = Analysis(trained.whole, samples, options, parametrization=trained)
    if t19_parametrised.why_not(analysis) or t19_parametrised.why_rank_open(trained):
        return None
    target = analysis.once(t19_parametrised.target).value
    return analysis.once(t19_parametrised.rank).value, target


def _why_no_capacity(trained: Trained, samples: int, options: Options) -> str | None:
    """Why nothing tells for how many samples a match is possible, or None."""
    if isinstance(trained, Allocation):
        return why_undecided_by_ranks(trained)
    analysis = Analysis(trained.whole, samples, options, parametrization=trained)
    return t19_parametrised.why_not(analysis)


def _capacity(
    trained: Trained, options: Options, known: Mapping[int, Verdict], *, seeks_maximal: bool
) -> Capacity:
    if isinstance(trained, Allocation):
        return capacity_on(trained, options, known=known, seeks_maximal=seeks_maximal)
    return parametrised_capacity_on(trained, options, known=known, seeks_maximal=seeks_maximal)
