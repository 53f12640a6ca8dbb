"""`theorycheck export`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..common import Failures
from ..options import Results


def export(
    results: Results,
    out: Annotated[str, typer.Argument(metavar="OUT", help="A .csv or .parquet file.")],
) -> None:
    """Write the results of a sweep as CSV or Parquet."""
    from ...errors import writing
    from ...sweeps.results import export as write

    failures = Failures()
    with failures.of(results):
        with writing(out):
            number = write(results, out)
        print(f"{out}: {number} {'row' if number == 1 else 'rows'}")
    failures.leave()
