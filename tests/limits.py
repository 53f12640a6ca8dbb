"""Random problems of all kinds and sizes on the command line, each with a limit of seconds.

python -m tests.limits --problems 300 --seconds 5 prints, for every command, how many problems there
were and how they ended, the longest runs, the largest overrun and the peak of memory, and whatever
was printed on standard error. Exit status 1 if a run breaks the promise: it ends within 1.2 times
the seconds and 2 more, says nothing on standard error, and is not killed. Other work on the machine
makes runs longer; with --cpu seconds of CPU time count, in the limit and in the promise.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import theorycheck as tc
from theorycheck.problem.files import save
from theorycheck.problem.networks.base import Network

COMMANDS = {
    "classify": 0.6,
    "explain": 0.08,
    "estimate": 0.08,
    "repair": 0.08,
    "design": 0.06,
    "capacity": 0.06,
    "compare": 0.04,
}
LINEAR_ONLY = ("repair", "design", "capacity")


@dataclass(frozen=True)
class Problem:
    """An allocation, a number of samples, and what is asked."""

    command: str
    allocation: tc.Allocation
    samples: int

    def __str__(self) -> str:
        sparse = "" if self.allocation.is_dense else "sparse "
        network = f"{sparse}{self.allocation.network.describe()}"
        counts = f"{self.allocation.n_learnable} of {self.allocation.n_present}"
        return f"{self.command}: {network}, {self.samples} samples, {counts} learnable"


@dataclass(frozen=True)
class Run:
    """How a problem ended: seconds by the clock and of CPU, memory in MiB, and what was said."""

    problem: Problem
    wall: float
    cpu: float
    memory: float
    outcome: str
    err: str

    def counted(self, cpu: bool) -> float:
        """The seconds that the limit is about."""
        return self.cpu if cpu else self.wall


def problems(count: int, seed: int) -> Iterator[Problem]:
    """Random problems; the same for the same seed, however many are drawn."""
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        command = str(rng.choice(list(COMMANDS), p=list(COMMANDS.values())))
        kinds = [_feedforward, _recurrent, *([] if command in LINEAR_ONLY else [_relu])]
        network, samples = kinds[rng.integers(len(kinds))](rng)
        present = _present(network, rng)
        frame = tc.Allocation.none(network, present)
        yield Problem(command, _allocation(frame, samples, rng), samples)


def _size(rng: np.random.Generator, most: int) -> int:
    return round(math.exp(rng.uniform(0, math.log(most))))


def _feedforward(rng: np.random.Generator) -> tuple[Network, int]:
    if rng.random() < 0.25:
        widths = [(784, 256, 10), (392, 128, 10), (196, 64, 10)][rng.integers(3)]
    else:
        widths = [_size(rng, 400) for _ in range(rng.integers(2, 6))]
    network = tc.LinearFeedforward(list(widths), bias=bool(rng.random() < 0.2))
    return network, _size(rng, 1000)


def _recurrent(rng: np.random.Generator) -> tuple[Network, int]:
    steps = _size(rng, 10_000 if rng.random() < 0.15 else 20)
    readout = "all" if rng.random() < 0.15 and steps <= 20 else "final"
    sizes = {"inputs": _size(rng, 40), "hidden": _size(rng, 300), "outputs": _size(rng, 20)}
    return tc.LinearRecurrent(**sizes, steps=steps, readout=readout), _size(rng, 300)


def _relu(rng: np.random.Generator) -> tuple[Network, int]:
    if rng.random() < 0.3:
        widths = (784, 256, 10)
    else:
        widths = (_size(rng, 300), _size(rng, 200), _size(rng, 10))
    return tc.ShallowReLU(list(widths), bias=bool(rng.random() < 0.3)), _size(rng, 300)


def _present(network: Network, rng: np.random.Generator) -> dict[str, np.ndarray] | None:
    """A third of the networks are sparse: some of their weights, a few for each unit."""
    if rng.random() > 0.35:
        return None
    present = {}
    for name, shape in network.weight_shapes.items():
        if len(shape) == 2 and rng.random() < 0.6:
            present[name] = rng.random(shape) < min(1.0, rng.uniform(2, 12) / shape[1])
    return present


def _allocation(frame: tc.Allocation, samples: int, rng: np.random.Generator) -> tc.Allocation:
    """Whole layers, a share of all weights, or about as many as there are equations."""
    network, present = frame.network, frame.given_present()
    masks = {name: frame.present_mask(name) for name in network.weight_shapes}
    names = [name for name in masks if rng.random() < 0.6] or list(masks)[-1:]
    if rng.random() < 0.2:
        return tc.Allocation(network, {name: masks[name] for name in names}, present)
    size = sum(int(np.count_nonzero(masks[name])) for name in names)
    outputs = network.weight_shapes[list(masks)[-1]][0]
    equations = outputs * min(samples, network.inputs)
    share = float(rng.choice([0.01, 0.05, 0.3, 0.8]))
    if rng.random() < 0.5:
        share = min(equations / max(size, 1) * float(rng.choice([1.0, 1.05, 1.5])), 1.0)
    learnable = {name: masks[name] & (rng.random(masks[name].shape) < share) for name in names}
    return tc.Allocation(network, learnable, present)


# The deadline's clock, put in the place of the one that it finds when it is imported.
_CPU_CLOCK = (
    "import time; time.monotonic = time.process_time; from theorycheck.cli.app import main; main()"
)


def run(problem: Problem, folder: Path, seconds: float, *, cpu: bool = False) -> Run:
    """Ask the command line in a process of its own, killed long after it should have ended."""
    file = folder / "problem.json"
    save(file, problem.allocation, problem.samples)
    options = [f"--seconds={seconds:g}", "--json"]
    if problem.command == "design":
        budget = max(problem.allocation.n_learnable, 1)
        options += [f"--samples={problem.samples}", f"--budget={budget}"]
    if problem.command == "compare":
        options += ["--trials=200", "--backend=numpy"]
    program = ["-c", _CPU_CLOCK] if cpu else ["-m", "theorycheck"]
    command = [sys.executable, *program, problem.command, str(file), *options]
    out, err = folder / "out", folder / "err"
    start = time.monotonic()
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr)
        usage = None
        patience = (100 if cpu else 10) * seconds + 60
        while usage is None and time.monotonic() - start < patience:
            pid, _, used = os.wait4(process.pid, os.WNOHANG)
            usage = used if pid else time.sleep(0.02)
        if usage is None:
            process.kill()
            _, _, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    said = err.read_text(errors="replace")
    memory = usage.ru_maxrss / 1024
    return Run(problem, wall, usage.ru_utime + usage.ru_stime, memory, _outcome(out), said)


def _outcome(out: Path) -> str:
    try:
        data = json.loads(out.read_text())
    except ValueError:
        return "no answer"
    verdict = data.get("verdict") or data
    answer = data.get("outcome") or data.get("expressivity") or "numbers"
    limit = data.get("limited_by") or (verdict.get("limited_by") if "outcome" in data else None)
    return f"{answer} ({limit})" if limit else str(answer)


def main() -> int:
    """Run the problems and sum them up."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="number of the first problem")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cpu", action="store_true", help="count seconds of CPU time")
    arguments = parser.parse_args()
    runs: list[Run] = []
    promised = 1.2 * arguments.seconds + 2
    with tempfile.TemporaryDirectory() as name:
        for number, problem in enumerate(problems(arguments.problems, arguments.seed)):
            if number < arguments.first:
                continue
            done = run(problem, Path(name), arguments.seconds, cpu=arguments.cpu)
            runs.append(done)
            mark = (
                "" if done.counted(arguments.cpu) <= promised and not _complaint(done) else "  <--"
            )
            print(f"{number:4} {_line(done)}{mark}", flush=True)
    return _sum_up(runs, promised, arguments.cpu)


def _line(done: Run) -> str:
    numbers = f"{done.wall:6.1f} s {done.cpu:6.1f} CPU {done.memory:6.0f} MiB"
    said = f"  said: {done.err.strip()[:200]}" if done.err else ""
    return f"{numbers}  {done.outcome:24} {done.problem}{said}"


def _complaint(done: Run) -> str:
    """What was said on standard error that is no plain answer: refusals are one line."""
    lines = done.err.splitlines()
    is_refusal = len(lines) == 1 and lines[0].startswith("theorycheck: ")
    return "" if is_refusal and "internal error" not in lines[0] else done.err


def _sum_up(runs: list[Run], promised: float, cpu: bool) -> int:
    print()
    for command in COMMANDS:
        own = [done for done in runs if done.problem.command == command]
        outcomes = Counter(done.outcome for done in own)
        print(f"{command:9} {len(own):4}: {', '.join(f'{n} {o}' for o, n in outcomes.items())}")
    print("\nlongest:")
    for done in sorted(runs, key=lambda done: -done.counted(cpu))[:10]:
        print(f"  {_line(done)}")
    peak = max(done.memory for done in runs)
    late = [done for done in runs if done.counted(cpu) > promised]
    loud = [done for done in runs if _complaint(done)]
    longest = max(done.wall for done in runs)
    busiest = max(done.cpu for done in runs)
    print(f"\nlongest run {longest:.1f} s, {busiest:.1f} s of CPU; promised {promised:.1f} s")
    print(f"late: {len(late)}; said something on standard error: {len(loud)}; peak {peak:.0f} MiB")
    return 1 if late or loud else 0


if __name__ == "__main__":
    sys.exit(main())
