"""An interrupt ends the program within seconds, also while one call of a library takes minutes.

Python looks at signals between steps of its own only, and a singular value decomposition of LAPACK
is one step. So a thread waits for the signal, too, and ends the program if Python does not notice.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from .common import complain

PATIENCE = 3.0  # seconds for Python to notice; after that all that is done is lost anyway


@contextlib.contextmanager
def noticed_soon(patience: float | None = None) -> Iterator[None]:
    """In the `with` block an interrupt is noticed within `patience` seconds, or ends the program.

    Where interrupts are handled otherwise already, or ignored, nothing is changed.
    """
    is_usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not is_usual or threading.current_thread() is not threading.main_thread():
        yield
        return
    noticed = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        noticed.set()
        signal.default_int_handler(number, frame)

    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    previous = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, handle)
    watcher = threading.Thread(
        target=_watch, args=(reader, noticed, patience or PATIENCE), daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.set_wakeup_fd(previous)
        os.close(writer)
        watcher.join()
        os.close(reader)


def _watch(reader: int, noticed: threading.Event, patience: float) -> None:
    """Wait for signals, which write their number into the pipe, until its other end is closed."""
    while numbers := os.read(reader, 4096):
        if signal.SIGINT not in numbers:
            continue
        if not noticed.wait(patience):
            if sys.stderr.isatty():
                print("\x1b[?25h", end="", file=sys.stderr)  # the cursor, which a bar has hidden
            complain("interrupted in the middle of a long step; what it had is lost")
            os._exit(130)
        while select.select([reader], [], [], 0)[0] and os.read(reader, 4096):
            pass  # more signals that came before Python took notice of all of them at once
        noticed.clear()
