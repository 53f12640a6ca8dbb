"""Run the properties of statements, on several processes if asked, and keep what they find."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial

from ..computing.parallel import of_statement, run_all
from ..computing.progress import Progress, Teller, Watch, watching
from ..errors import InputError, shown
from ..problem.networks.base import positive_integer
from ..proofs.registry import checked_ids
from ..theorems.base import Theorem
from .base import Property
from .catalogue import properties_by_id
from .comparison import compare
from .measured import OTHER_TRIALS, trials_of
from .predictions import SMALL_EFFORT, properties_of
from .results import Counterexample, PropertyResult, Verification
from .search import SHRINKING_SECONDS, Found, search


def verify(
    ids: Iterable[str] | None = None,
    *,
    examples: int = 1000,
    seed: int = 0,
    workers: int = 1,
    progress: Watch = False,
) -> list[Verification]:
    """Search counterexamples to the statements `ids` (all by default) among random cases, in order.

    Every property of a statement gets `examples` cases, slow ones fewer (`PropertyResult.examples`
    says how many); `seed` fixes them all. `workers` processes share the properties (with more than
    1, scripts need the usual `if __name__ == "__main__":`). `progress` is True for a bar in
    terminals and notebooks, or a function that is told each result as it comes (`Progress.found`).
    An interrupt (Ctrl-C) keeps the properties that are done.

    Raises `InputError` for an unknown id or arguments out of range.

    >>> [(each.id, each.passed) for each in verify(["T3"], examples=20)]
    [('T3', True)]
    """
    examples, workers = positive_integer(examples, "examples"), positive_integer(workers, "workers")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed must be an integer from 0, not {shown(seed)}")
    chosen = checked_ids(ids)
    tasks = [(id, number) for id in chosen for number in range(len(properties_by_id(id)))]
    run = partial(run_numbered, examples=examples, seed=seed)
    with watching(progress, "verify") as tell:
        results = run_all(run, tasks, workers, partial(_tell, tell))
    return [Verification(id, *of_statement(id, tasks, results)) for id in chosen]


def _tell(tell: Teller, item: PropertyResult, done: int, total: int) -> None:
    tell(Progress(f"{item.id}: {item.name}", done, total, found=item))


def run_numbered(id: str, number: int, examples: int, seed: int) -> PropertyResult:
    """Run property `number` (from 0) of the statement `id`.

    >>> run_numbered("T3", 0, 20, seed=0).passed
    True
    """
    return run_property(properties_by_id(id)[number], examples, seed)


def run_property(item: Property, examples: int, seed: int) -> PropertyResult:
    """Search a counterexample to one property with its share of `examples`."""
    found = search(item, item.examples_of(examples), _seed_of(item, seed))
    failure = counterexample = None
    if found.error is not None:
        failure = f"the check broke ({type(found.error).__name__}: {found.error})"
    elif found.case is not None:
        counterexample = _counterexample(item, found)
    elif not found.decided:
        failure = f"it decided none of {found.examples} examples"
    return PropertyResult(
        item.id, item.name, found.examples, found.decided, found.seconds, counterexample, failure
    )


def _seed_of(item: Property, seed: int) -> int:
    """Another seed for each property, so that they do not all see the same cases."""
    text = f"{seed}/{item.id}/{item.name}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _counterexample(item: Property, found: Found) -> Counterexample:
    case = found.case
    assert case is not None
    claim = item.claim(case) if item.claim is not None else None
    comparison = None
    if claim is not None:
        with suppress(InputError):  # networks that no measurement knows
            comparison = compare(
                claim.allocation,
                claim.samples,
                trials=trials_of(claim.allocation, claim.samples) or OTHER_TRIALS,
                seed=case.seed,
                backend="numpy",
                effort=SMALL_EFFORT,
                verdict=claim.verdict,
            )
    about = claim or case
    return Counterexample(
        item.id,
        item.name,
        found.message,
        about.allocation,
        about.samples,
        case.seed,
        found.examples,
        case,
        comparison,
    )


def refute(
    statement: Theorem | Property | Sequence[Property],
    examples: int = 1000,
    seed: int = 0,
    *,
    shrinking: float = SHRINKING_SECONDS,
) -> Counterexample | None:
    """The first counterexample to a theorem or properties of your own, None if none is found.

    The properties (of a theorem: those of `properties_of`) are searched one after the other, each
    with its share of `examples`; a counterexample is shrunk for at most `shrinking` seconds. An
    error that a theorem or a check raises passes through.

    >>> from dataclasses import replace
    >>> from theorycheck.theorems.t03_rows import THEOREM
    >>> from theorycheck.verdict import Expressivity
    >>> def always_maximal(analysis):
    ...     return replace(THEOREM.decide(analysis), expressivity=Expressivity.MAXIMAL)
    >>> found = refute(replace(THEOREM, decide=always_maximal), examples=300)
    >>> found.id, found.comparison.outcome
    ('T3', 'refuted')
    """
    for item in _properties(statement):
        count = item.examples_of(examples)
        found = search(item, count, _seed_of(item, seed), shrinking=shrinking)
        if found.error is not None:
            raise found.error
        if found.case is not None:
            return _counterexample(item, found)
    return None


def _properties(statement: Theorem | Property | Sequence[Property]) -> Sequence[Property]:
    if isinstance(statement, Theorem):
        return properties_of(statement)
    return (statement,) if isinstance(statement, Property) else statement
