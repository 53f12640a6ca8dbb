"""What a check may cost: elementary operations, time and memory, asked for before they are spent.

A certificate comes from anyone. A few hundred bytes may name networks of any size, so whatever is
long or large is announced here first, and refused in one line where it is too much. An operation
is one multiplication and addition modulo a prime inside of a long row, about a nanosecond; a step
of plain Python counts as `STEP` of them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ..errors import SizeError

STEP = 100  # operations that a step of plain Python counts as
PER_SECOND = 1e9  # operations
MOST_SECONDS = 600.0  # of a check whose time nobody has limited
MEMORY = 8 * 2**30  # bytes, if nobody says otherwise
_LEAST, _PER_BYTE = 1e10, 4e6  # operations of a check whose time nobody has limited


@dataclass
class Budget:
    """Operations and bytes that are left, and the time at which a check must have ended.

    `operations` go by the size of the certificate, or by the seconds that are asked for: a
    refusal because of them is the same on every machine. `ends` is a time of `time.monotonic`.
    """

    operations: float
    memory: float
    ends: float
    seconds: float
    spent: float = field(default=0.0, init=False)

    @classmethod
    def of(cls, size: int, seconds: float | None = None, memory: float = MEMORY) -> Budget:
        """The budget of a certificate of `size` bytes.

        >>> Budget.of(1000).operations, Budget.of(1000, seconds=2).operations
        (14000000000.0, 2000000000.0)
        """
        if seconds is None:
            seconds = MOST_SECONDS
            operations = min(_LEAST + _PER_BYTE * size, PER_SECOND * seconds)
        else:
            operations = PER_SECOND * seconds
        return cls(operations, memory, time.monotonic() + seconds, seconds)

    def charge(self, operations: float, what: str) -> None:
        """Spend operations; raises `SizeError` if that many are not left, or no time is."""
        self.foresee(operations, what)
        self.spent += operations

    def foresee(self, operations: float, what: str) -> None:
        """As `charge`, of operations that will be charged one after the other."""
        if self.spent + operations > self.operations:
            needed = (self.spent + operations) / PER_SECOND
            raise SizeError(
                f"{what} takes about {operations:.1e} operations, more than are left of "
                f"{self.operations:.1e}; with --seconds {_rounded(needed)} (seconds=...) it is done"
            )
        if time.monotonic() > self.ends:
            raise SizeError(
                f"{what}: not done within {self.seconds:g} s; --seconds (seconds=...) allows more"
            )

    def hold(self, n_bytes: float, what: str) -> None:
        """Raises `SizeError` for something larger than the memory limit."""
        if n_bytes > self.memory:
            raise SizeError(
                f"{what} needs about {n_bytes / 2**30:.3g} GiB, more than the limit of "
                f"{self.memory / 2**30:.3g} GiB; --memory-limit (memory_limit=...) allows more"
            )


def _rounded(seconds: float) -> str:
    return f"{1.1 * seconds + 1:.2g}" if seconds < 1e6 else f"{seconds:.1e}"
