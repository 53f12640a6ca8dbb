"""Changed and forged certificates of one kind, checked, and the accepted ones judged."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import theorycheck as tc
from theorycheck.certificates import VERSION

from .changes import changed
from .corpus import corpus
from .forgers import FORGERS
from .leaf_changes import Data, redigested
from .problems import read
from .random_problems import random_problem
from .truth import is_shown, refuted


@dataclass
class Tally:
    """How many certificates of a kind were tried, and what became of them.

    `shown` claims are true as far as is asked, `open` ones just not known to be false; `given` ones
    rest on a number that the check says it has not computed, and are false because of it; `wrong`
    are what must not be: accepted and false, with the reason.
    """

    tried: int = 0
    accepted: int = 0
    shown: int = 0
    open: int = 0
    given: int = 0
    wrong: list[tuple[str, Data]] = field(default_factory=list)

    def add(self, data: Data, *, is_open: bool = False) -> None:
        """Check one certificate and judge it, with `is_open` also if it is known to be true."""
        self.tried += 1
        result = tc.check(data)
        if not result:
            return
        self.accepted += 1
        reason = refuted(data)
        if reason is None:
            known = not is_open or is_shown(data)
            self.shown += known
            self.open += not known
        elif result.given:
            self.given += 1
        else:
            self.wrong.append((reason, data))


def changes(kind: str, count: int, seed: int = 0) -> Iterator[Data]:
    """Certificates of a kind, changed at random."""
    rng = random.Random(f"{seed} {kind}")
    others = [data for found in corpus().values() for data in found]
    for number in range(count):
        bases = corpus()[kind]
        yield changed(rng, bases[number % len(bases)], others)


def forged(kind: str, count: int, seed: int = 0) -> Iterator[Data]:
    """Certificates of a kind with evidence that is right in itself, on random problems."""
    rng = random.Random(f"{seed} {kind}")
    for _ in range(count):
        problem = random_problem(rng, kind)
        part = read(problem)
        claim = FORGERS[kind](rng, part)
        if claim is not None:
            data = {"kind": kind, "version": VERSION, "learnable": part.n_learnable, **claim}
            yield redigested({**data, "problem": copy.deepcopy(problem)})


def tally(kind: str, mutants: int, others: int, seed: int = 0, *, is_open: bool = False) -> Tally:
    """What became of so many changed and so many forged certificates."""
    found = Tally()
    for data in (*changes(kind, mutants, seed), *forged(kind, others, seed)):
        found.add(data, is_open=is_open)
    return found
