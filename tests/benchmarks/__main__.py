"""All benchmarks, and one table of how fast each is against its references, timed in turn with it.

python -m tests.benchmarks prints it; --out docs/benchmarks/DATE.md also records it, with the
medians in DATE.json beside it. -k EXPRESSION runs some only, as in pytest. One BLAS thread. Exit
status 1, and nothing is written, if a benchmark and its reference disagree or one fails.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console

from .machine import BLAS_THREADS, ROOT, machine, versions
from .table import (
    RATIOS,
    TIMES,
    Measured,
    markdown,
    print_ratios,
    ratio_rows,
    read,
    time_rows,
)

QUIET = 0.5  # load average up to which a machine had nothing else to do


def run(expression: str, folder: Path = Path(__file__).parent) -> list[Measured] | None:
    """Run the benchmarks in `folder` in a process of its own; None, after its output, if one fails.

    Each finished one is named on standard error.
    """
    with tempfile.TemporaryDirectory() as directory:
        result = Path(directory) / "benchmarks.json"
        command = [sys.executable, "-m", "pytest", str(folder), "-v", "--benchmark-only"]
        command += [f"--benchmark-json={result}", "-p", "no:cacheprovider", "-o", "addopts="]
        command += ["-k", expression] if expression else []
        # Not PYTEST_XDIST_WORKER and its like, with which pytest-benchmark times nothing.
        own = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        environment = own | BLAS_THREADS | {"PYTHONUNBUFFERED": "1"}
        lines: list[str] = []
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                if "::" in line and "SKIPPED" not in line:
                    print(line, end="", file=sys.stderr)
        if process.returncode:
            print("".join(lines), file=sys.stderr)
            return None
        return read(json.loads(result.read_text())["benchmarks"])


def record(measured: list[Measured], facts: dict[str, str], path: Path) -> None:
    """Write the tables as Markdown, and the medians as JSON beside them."""
    is_busy = float(facts.get("load average before", 0)) > QUIET
    busy = " Other work ran on the machine: times are long, and ratios unsteady." if is_busy else ""
    text = f"""# Benchmarks, {facts["date"]}

Written by `python -m tests.benchmarks` ([what it does](../benchmarks.md)).{busy}

{chr(10).join(f"- {name}: {value}" for name, value in facts.items())}

## Ratios

Medians. A ratio is the reference's time over the own: above 1, theorycheck is that many times
faster. Answers were compared, as [described](../benchmarks.md).

{markdown(RATIOS, ratio_rows(measured))}

## Times without a reference

{markdown(TIMES, time_rows(measured))}
"""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    medians: dict[str, Any] = {"facts": facts, "medians": [asdict(each) for each in measured]}
    path.with_suffix(".json").write_text(json.dumps(medians, indent=1) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """The exit status of the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--out", type=Path, help="Markdown file to write")
    parser.add_argument("-k", default="", metavar="EXPRESSION", help="run those only")
    options = parser.parse_args(arguments)
    facts = {"date": date.today().isoformat(), **machine(), **versions()}
    start = perf_counter()
    measured = run(options.k)
    if measured is None:
        return 1
    facts["load average after, 1 of it this run"] = f"{os.getloadavg()[0]:.2f}"
    facts["duration"] = f"{perf_counter() - start:.0f} s"
    console = Console()
    print_ratios(console, measured)
    console.print("; ".join(f"{name}: {value}" for name, value in facts.items()), soft_wrap=True)
    if options.out:
        record(measured, facts, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
