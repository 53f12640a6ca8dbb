"""Calls on several processes: where they run from."""

import contextlib
import os
import tempfile
from pathlib import Path

from theorycheck.computing.parallel import Pool


def test_processes_used_again_run_from_the_directory_that_is_the_callers_now(tmp_path):
    """Also those whose first directory is gone (tests that clean up after themselves)."""
    calls = [(os.getcwd, ())] * 4
    with tempfile.TemporaryDirectory() as gone, contextlib.chdir(gone):
        assert set(Pool(2).run(calls)) == {os.path.realpath(gone)}
    with contextlib.chdir(tmp_path):
        assert {Path(place) for place in Pool(2).run(calls)} == {tmp_path.resolve()}
