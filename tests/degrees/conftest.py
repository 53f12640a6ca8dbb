"""What tests of degrees share."""

import contextlib
from pathlib import Path

import pytest

from theorycheck.degrees import groebner


@pytest.fixture
def sympy_in_this_process(monkeypatch):
    """Sympy's bases where the test runs: a process for each takes a second to import sympy.

    The processes themselves, their limits and their end are what test_elimination is about.
    """

    def run(_problem: groebner.BasisProblem, folder: Path, *command: str) -> bool:
        with contextlib.chdir(folder):
            exec(command[-1], {})
        return True

    if groebner.find_msolve() is None:
        monkeypatch.setattr(groebner, "_run", run)
