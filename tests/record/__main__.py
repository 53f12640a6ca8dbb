"""`python -m tests.record write FILE` and `python -m tests.record compare OLD NEW`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# Before NumPy is loaded: with small matrices threads of BLAS only take time from the workers.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def main(arguments: list[str] | None = None) -> int:
    """Write a record, or compare two; the exit status is 1 if they differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.record", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    write = commands.add_parser("write", help="write the record of the code as it is")
    write.add_argument("file", type=Path)
    write.add_argument("--jobs", type=int, default=2, help="processes (2)")
    write.add_argument("--only", default="", help="cases whose names begin so, for a quick look")
    compare = commands.add_parser("compare", help="what differs between two records")
    compare.add_argument("old", type=Path)
    compare.add_argument("new", type=Path)
    compare.add_argument("--most", type=int, default=10, help="paths shown for each case (10)")
    compare.add_argument(
        "--tolerance", type=float, default=0.0, help="relative difference of floats let pass (0)"
    )
    given = parser.parse_args(arguments)
    if given.command == "compare":
        from .comparison import compare_files

        return compare_files(given.old, given.new, given.most, given.tolerance)
    from .writing import write_record

    write_record(given.file, given.jobs, given.only)
    return 0


if __name__ == "__main__":
    sys.exit(main())
