"""Search for a case that refutes a property, and shrink it: Hypothesis as a library."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from .base import Case, Inapplicable, Property

SHRINKING_SECONDS = 20.0


@dataclass(frozen=True)
class Found:
    """What a search came to.

    `examples` were tried, up to and including the first that refuted the property, if any did, and
    the property decided `decided` of them. `case` is the smallest counterexample after shrinking,
    None without one, and `message` the contradiction in words. `error` is what the check raised at
    `case`, where it did not come to an answer.
    """

    examples: int
    decided: int
    case: Case | None
    message: str
    error: Exception | None
    seconds: float


class _Refuted(Exception):
    """Tells Hypothesis that an example fails; always raised at one place."""


@dataclass
class _CounterexampleSearch:
    """Counts examples until the first failure, then remembers the last failing one."""

    property: Property
    on_example: Callable[[int], None] | None
    shrinking: float
    examples: int = 0
    decided: int = 0
    case: Case | None = None
    message: str = ""
    error: Exception | None = None
    end: float = field(default=float("inf"))
    failures: dict[str, tuple[str, Exception | None]] = field(default_factory=dict)

    def run(self, case: Case) -> None:
        """Raise `_Refuted` if the case refutes the property."""
        if self.case is None:
            self.examples += 1
            if self.on_example is not None:
                self.on_example(self.examples)
        if self._fails(case):
            raise _Refuted

    def _fails(self, case: Case) -> bool:
        key = case.key
        if key not in self.failures:
            # Time is up: what was not tried counts as no failure, what failed before still fails.
            message, error = (None, None) if time.process_time() > self.end else self._ask(case)
            if message is None:
                return False
            self.failures[key] = message, error
        if self.case is None:
            self.end = time.process_time() + self.shrinking
        self.case = case
        self.message, self.error = self.failures[key]
        return True

    def _ask(self, case: Case) -> tuple[str | None, Exception | None]:
        try:
            message = self.property.refute(case)
        except Inapplicable:
            return None, None
        except Exception as error:  # a statement that cannot even be computed has failed
            return str(error), error
        if self.case is None:
            self.decided += 1
        return message, None


def search(
    property: Property,
    examples: int,
    seed: int,
    on_example: Callable[[int], None] | None = None,
    *,
    shrinking: float = SHRINKING_SECONDS,
) -> Found:
    """Try `examples` cases of a property, drawn from `seed`; shrink the first that refutes it.

    `on_example` is told how many were tried. Shrinking ends after `shrinking` seconds of processor
    time. Fewer examples are tried if there are no more. The same seed finds the same case, unless
    shrinking ran out of time.
    """
    from hypothesis import currently_in_test_context

    start = time.perf_counter()
    state = _CounterexampleSearch(property, on_example, shrinking)
    if currently_in_test_context():
        # Hypothesis refuses a search within a test, but not one in another thread.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(_run, state, examples, seed).result()
    else:
        _run(state, examples, seed)
    seconds = time.perf_counter() - start
    return Found(state.examples, state.decided, state.case, state.message, state.error, seconds)


def _run(state: _CounterexampleSearch, examples: int, seed: int) -> None:
    from hypothesis import HealthCheck, Phase, Verbosity, given, settings
    from hypothesis import seed as seeded
    from hypothesis.errors import Flaky

    def attempt(case: Case) -> None:
        state.run(case)

    limits = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),  # type: ignore[arg-type]
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
    )
    # Flaky: the time for shrinking ended while an example was being simplified.
    with contextlib.suppress(_Refuted, Flaky):
        seeded(seed)(limits(given(state.property.strategy)(attempt)))()
