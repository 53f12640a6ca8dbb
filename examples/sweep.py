"""A sweep from Python: does it matter how the learnable weights are split over the layers?

Run it: python examples/sweep.py [RESULTS.sqlite]
"""

import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import theorycheck as tc


def split(learnable: str) -> tuple[int, ...]:
    """How many learnables each weight matrix has."""
    return tuple(sum(map(sum, mask)) for mask in json.loads(learnable).values())


def main(path: Path) -> None:
    """Sweep, then sum up by the split."""
    # Widths other than these backwards: else transposing, which exchanges the layers, would be a
    # symmetry, and the split of an orbit's representative would not be that of the orbit.
    network = tc.LinearFeedforward([2, 4, 3])
    spec = tc.SweepSpec(network, samples=2, budget=6, mode="random", count=300)
    summary = tc.sweep(spec, path)
    print(f"{network.describe()}, {spec.samples} samples, {spec.budgets[0]} learnable weights:")
    print(f"{summary.allocations} random allocations in {summary.rows} orbits")

    classes: dict[tuple[int, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in tc.sweep_rows(path):
        name = row["expressivity"] or "failed"
        classes[split(row["learnable"])][name] += row["orbit_size"]
    for layers, counts in sorted(classes.items()):
        total = sum(counts.values())
        shares = ", ".join(f"{name} {n / total:.0%}" for name, n in sorted(counts.items()))
        print(f"  {layers[0]} in W1, {layers[1]} in W2: {total:4} allocations; {shares}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder) / "results.sqlite")
