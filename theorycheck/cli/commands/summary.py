"""`theorycheck summary`."""

from __future__ import annotations

from ..common import Failures, print_json
from ..options import Json, PlotOut, Results


def summary(results: Results, plot: PlotOut = None, as_json: Json = False) -> None:
    """Sum up the results of a sweep by class, theorem and degree; also while it is at work."""
    from rich.console import Console

    from ...sweeps.results import summarize
    from ..tables import print_summary

    failures = Failures()
    with failures.of(results):
        found = summarize(results)
        if as_json:
            print_json(found.to_dict())
        else:
            print_summary(Console(highlight=False), results, found)
        if plot is not None:
            from ...plots.summary import plot_summary

            with failures.of(plot):
                plot_summary(found, plot)
    failures.leave()
