"""Measure the match probability: chunk after chunk of trials, each decided by the best method."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import ModuleType
from typing import Any

from numpy.typing import ArrayLike

from ..computing.arrays import Array
from ..computing.backend import array_module
from ..computing.deadline import NEVER, Deadline
from ..computing.progress import Progress, Watch, watching
from ..display.paragraphs import Paragraph
from ..display.shown import Shown
from ..errors import InputError, OutOfTimeError
from ..problem.allocation import Allocation
from ..problem.arguments import check_allocation
from ..problem.networks.base import positive_integer
from .intervals import clopper_pearson
from .least_squares import MATCH, UNDECIDED
from .methods import Method, linear_method
from .teachers import Teacher
from .trials import Source


def _interval(interval: Sequence[float]) -> str:
    return f"{interval[0]:.4f} to {interval[1]:.4f}"


@dataclass(frozen=True, repr=False)
class Estimate(Shown):
    """A measured match probability.

    Of `trials` draws, `matches` were proved matched, `undecided` neither proved matched nor found
    to have no match. `match_probability` is the share among the decided ones (None without any);
    `interval` (95 %, Clopper-Pearson) counts the undecided as failures below and as matches above.
    `rank` and `target_dimension` are measured numerically at a few trials, `degree` is the number
    of complex solutions that were followed; None where that was undecided or not needed. Where
    activations have corners `regular` has matches, trials, undecided and interval among the regular
    teachers, those whose Jacobian has as large a rank as there are equations; None where no draw of
    other than shallow ReLU networks has, or the network is too large for that to be measured.
    `backend` is the module (`numpy` or `cupy`) that decided the draws, `generator` the one whose
    random numbers they are: the same seed gives other draws on the other.
    `teacher` is the structure of the teachers, if any: then neither the dimension of their outputs
    nor who is regular is measured. `given` names the weights whose frozen values were given.
    """

    matches: int
    trials: int
    undecided: int
    match_probability: float | None
    interval: tuple[float, float]
    method: str
    backend: str
    seed: int
    law: str
    rank: int | None
    target_dimension: int | None
    degree: int | None
    seconds: float
    regular: dict[str, Any] | None = None
    teacher: str | None = None
    given: tuple[str, ...] = ()
    generator: str = "numpy"

    def paragraphs(self) -> list[Paragraph]:
        """How many draws were matched, how, and from which draws."""
        counts = f"{self.matches} of {self.trials} draws, {self.undecided} undecided"
        # Where draws are open, the share among the others is no estimate: a search finds matches.
        point = "" if self.undecided else f"{self.match_probability:.4f}; "
        found = [
            Paragraph("MATCHED", counts, "bold"),
            Paragraph("estimate", f"{point}95 % interval {_interval(self.interval)}"),
        ]
        if self.regular is not None:
            part = self.regular
            text = f"{part['matches']} of {part['trials']} draws, {part['undecided']} undecided"
            text += f"; 95 % interval {_interval(part['interval'])}"
            found.append(Paragraph("regular", text))
        followed = f", {self.degree} complex solutions of each draw" if self.degree else ""
        found.append(Paragraph("method", f"{self.method}{followed}"))
        if self.target_dimension is not None:
            rank = "not clear" if self.rank is None else self.rank
            found.append(Paragraph("rank", f"{rank} of {self.target_dimension}, as measured"))
        if self.teacher is not None:
            found.append(Paragraph("teachers", self.teacher))
        if self.given:
            found.append(Paragraph("given", f"frozen weights of {', '.join(self.given)}"))
        made = f" of {self.generator}'s generator" if self.generator != "numpy" else ""
        run = f"{self.backend}, {self.seconds:.1f} s"
        return [*found, Paragraph("draws", f"{self.law}, seed {self.seed}{made}, {run}")]

    def to_dict(self) -> dict[str, Any]:
        """The object that `measure --json` prints.

        `regular`, `teacher` and `given` only where there is something to tell.
        """
        result = {**asdict(self), "interval": list(self.interval), "given": list(self.given)}
        optional = ("regular", "teacher", "given")
        return {key: value for key, value in result.items() if value or key not in optional}


@dataclass(frozen=True)
class _Tally:
    matches: int = 0
    trials: int = 0
    undecided: int = 0

    def plus(self, decisions: Array) -> _Tally:
        return _Tally(
            self.matches + int((decisions == MATCH).sum()),
            self.trials + len(decisions),
            self.undecided + int((decisions == UNDECIDED).sum()),
        )

    @property
    def interval(self) -> tuple[float, float]:
        return clopper_pearson(self.matches, self.trials, self.undecided)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "interval": list(self.interval)}


def measure(
    allocation: Allocation,
    samples: int,
    *,
    trials: int = 1000,
    seed: int = 0,
    backend: str = "auto",
    law: str = "normal",
    inputs: ArrayLike | None = None,
    weights: Mapping[str, ArrayLike] | None = None,
    teacher: Teacher | None = None,
    width: float | None = None,
    restarts: int = 20,
    deadline: Deadline = NEVER,
    progress: Watch = False,
) -> Estimate:
    """Estimate the match probability of `allocation` on `samples` inputs from `trials` draws.

    Nothing of the theory is used. Teacher, frozen weights and inputs follow `law` (`normal` or
    `uniform`), or the inputs are points of the array `inputs`, (points, n_0), and frozen weights
    keep the values that `weights` gives by name. Teachers may have a structure: `"sparse:0.1"`
    keeps each weight with that probability, `"low_rank:3"` and `"symmetric"` are about every matrix
    and every square one, masks by weight say what is not 0. Affine students are
    fitted by linear algebra; others by following all complex solutions, shallow ReLU ones by trying
    all activation patterns, else by Levenberg-Marquardt with `restarts` starts, which proves
    matches, misses some, and leaves the rest undecided. With `width` the
    measurement ends as soon as the interval is that narrow. `progress` is True for a bar in
    terminals and notebooks, or a function that is told the estimate so far (`Progress.found`) after
    each chunk of 500 trials. An interrupt (Ctrl-C, or raised there), or the `deadline`, which is
    looked at between them, keeps the chunks that are done.

    Raises `InputError` for arguments out of range, `OutOfTimeError` without time for one chunk.

    >>> from theorycheck import LinearFeedforward
    >>> student = Allocation.layer(LinearFeedforward([2, 3, 2]), "W2")
    >>> estimate = measure(student, samples=2, trials=50, backend="numpy")
    >>> estimate.matches, estimate.undecided, estimate.method
    (50, 0, 'least squares')
    """
    start = time.perf_counter()
    trials, seed = positive_integer(trials, "trials"), _seed(seed)
    if width is not None and not 0 < width < 1:
        raise InputError(f"width must be between 0 and 1, not {width!r}")
    check_allocation(allocation)
    samples = positive_integer(samples, "samples")
    source = Source(allocation, samples, law, inputs, deadline, teacher, weights)
    xp = array_module(backend)
    restarts = positive_integer(restarts, "restarts")
    estimate = None
    with watching(progress, "measure") as tell:
        try:
            method = _method(source, seed, restarts, xp)
            for tallies in _tallies(method, trials):
                estimate = _estimate(source, method, *tallies, seed, start)
                tell(_progress(estimate, trials))
                if deadline.has_passed or _is_narrow(estimate, width):
                    break
        except (KeyboardInterrupt, OutOfTimeError):
            if estimate is None:
                raise
    assert estimate is not None
    return estimate


def _tallies(method: Method, trials: int) -> Iterator[tuple[_Tally, _Tally]]:
    """The counts after each chunk: of all draws, and of those with a regular teacher."""
    tally, regular = _Tally(), _Tally()
    for chunk in range(math.ceil(trials / method.chunk)):
        count = min(method.chunk, trials - tally.trials)
        decisions = method.decide(chunk, count)
        if method.is_regular is not None:
            regular = regular.plus(decisions[method.is_regular(chunk, count)])
        tally = tally.plus(decisions)
        if method.is_refuted():  # so were the answers of earlier chunks
            tally = replace(tally, undecided=tally.trials - tally.matches)
        yield tally, regular


def _progress(estimate: Estimate, trials: int) -> Progress:
    point = estimate.match_probability
    rate = estimate.trials / max(estimate.seconds, 1e-9)
    note = f"{'none decided' if point is None else f'matched {point:.3f}'}, {rate:.3g}/s"
    return Progress("draws", estimate.trials, trials, note, estimate)


def _is_narrow(estimate: Estimate, width: float | None) -> bool:
    low, high = estimate.interval
    return width is not None and high - low <= width


def _method(source: Source, seed: int, restarts: int, xp: ModuleType) -> Method:
    network = source.allocation.network
    if network.is_shallow_relu:
        from .relu.methods import relu_method

        return relu_method(source, seed, restarts, xp)
    if not network.is_linear:
        from .nonlinear.methods import nonlinear_method

        return nonlinear_method(source, seed, restarts, xp)
    return linear_method(source, seed, restarts, xp)


def _estimate(
    source: Source, method: Method, tally: _Tally, regular: _Tally, seed: int, start: float
) -> Estimate:
    decided, structure = tally.trials - tally.undecided, source.structure
    is_told = method.is_regular is not None and (regular.trials > 0 or not method.must_be_shown)
    return Estimate(
        tally.matches,
        tally.trials,
        tally.undecided,
        tally.matches / decided if decided else None,
        tally.interval,
        method.name,
        method.backend,
        seed,
        source.law,
        method.rank,
        method.target_dimension if structure is None else None,
        None if method.is_refuted() else method.degree,
        time.perf_counter() - start,
        regular.to_dict() if is_told and structure is None else None,
        None if structure is None else structure.words,
        tuple(source.given or ()),
        method.generator,
    )


def _seed(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed must be an integer from 0, not {seed!r}")
    return seed
