"""Settings that all tests share."""

import os
import signal
import sys

# A shell starts what runs in its background with interrupts ignored, and so would all programs that
# the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Before NumPy is imported: workers of `pytest -n` that all use all cores are slower than one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

# Reproducible by default: the same examples on every machine; HYPOTHESIS_PROFILE=search explores.
settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


@pytest.fixture
def device(monkeypatch):
    """A strict double of CuPy, in its place: `--backend cupy` and `auto` run on it."""
    from types import SimpleNamespace

    from tests.shared.device import Device

    double = Device()
    scipy = SimpleNamespace(special=double.special)
    for name, module in {
        "cupy": double,
        "cupyx": SimpleNamespace(scipy=scipy),
        "cupyx.scipy": scipy,
        "cupyx.scipy.special": double.special,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    return double


@pytest.fixture
def cupy(request):
    """CuPy where a GPU answers, else the double."""
    from theorycheck.computing.backend import array_module

    xp = array_module("auto")
    return request.getfixturevalue("device") if xp.__name__ == "numpy" else xp


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_make_scheduler(config, log):
    """With `-n`: halves, not turns, so that tests share what their neighbours have computed.

    Whoever is done takes over what others have not begun.
    """
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None
