"""Match probability against the concentration of the learnable weights, linear networks.

    python examples/experiments/concentration.py --out concentration [--quick] [--seed S]

Takes allocations of feed-forward (LFFN) and recurrent (LRNN) networks at the critical budget D and
above, all of them or random ones, and correlates their match probability with how widely they are
spread over layers (input, recurrent, readout), over rows and over columns. Where `classify` finds
minimal or maximal the probability is 0 or 1, else it is measured. Writes concentration.csv,
concentration.png and prints the correlations; an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from common import (
    Correlation,
    Family,
    Table,
    allocations,
    correlation,
    dispersion,
    forest,
    options_parser,
    orbit,
    plotting,
    ranks,
    save_figure,
)
from heuristic_data import mask_text

import theorycheck as tc

KEYS = ("layers", "rows", "columns")
FIELDS = (
    *("kind", "family", "budget", "target", "draw", "number", "learnable", "class", "mp"),
    *("trials", "undecided", "method", *KEYS),
)


class Setting(NamedTuple):
    """Families with budgets above D, kinds of draws and their numbers; and the work for each."""

    families: tuple[tuple[Family, tuple[int, ...], str, int], ...]
    trials: int
    effort: tc.Effort


L222, L2222 = Family("LFFN", (2, 2, 2), 2), Family("LFFN", (2, 2, 2, 2), 2)
L333, L353 = Family("LFFN", (3, 3, 3), 3), Family("LFFN", (3, 5, 3), 3)
R1214, R2213 = Family("LRNN", (1, 2, 1, 4), 2), Family("LRNN", (2, 2, 1, 3), 3)
R1215 = Family("LRNN", (1, 2, 1, 5), 2)
# No witnesses: whether an allocation is intermediate or maximal is seen from the measurement.
FULL = Setting(
    (
        (L222, (0, 1), "all", 0),
        (L2222, (0, 1), "uniform", 150),
        (L333, (0, 1), "uniform", 150),
        (L353, (0, 1), "uniform", 100),
        (L333, (0, 1), "split", 100),
        (L353, (0, 1), "split", 100),
        (R1214, (0, 1), "all", 0),
        (R1215, (0, 1), "all", 0),
        (R2213, (0, 1), "all", 0),
    ),
    300,
    tc.Effort(seconds=20, degree=30, instances=0, bases=2),
)
QUICK = Setting(
    ((L222, (0, 1), "all", 0), (L353, (0,), "split", 30), (R1214, (0,), "all", 0)),
    300,
    tc.Effort(seconds=0),
)


class Measured(NamedTuple):
    """What is known of the match probability of one allocation."""

    name: str
    mp: float
    trials: int
    undecided: int
    method: str


def match_probability(
    allocation: tc.Allocation, samples: int, setting: Setting, seed: int
) -> Measured:
    """0 or 1 by theorem, else the share of matches among all draws (undecided: no match)."""
    verdict = tc.classify(allocation, samples, effort=setting.effort)
    name = str(verdict.expressivity)
    if name in ("minimal", "maximal"):
        return Measured(name, float(name == "maximal"), 0, 0, verdict.theorem or "")
    found = tc.measure(allocation, samples, trials=setting.trials, seed=seed, backend="numpy")
    mp = found.matches / found.trials
    return Measured(name, mp, found.trials, found.undecided, found.method)


def run(setting: Setting, seed: int, table: Table) -> None:
    """Add the rows that are missing; allocations of one orbit are measured once."""
    known: dict[Any, Measured] = {}
    done = {(r["family"], r["budget"], r["draw"], r["number"]): r for r in table.rows}
    for family, above, draw, count in setting.families:
        for budget in (family.target + more for more in above):
            chosen = allocations(family, budget, draw, count, seed)
            for number, allocation in enumerate(chosen):
                key = (family, orbit(allocation))
                old = done.get((family.name, str(budget), draw, str(number)))
                if old is not None:
                    counts = float(old["mp"]), int(old["trials"]), int(old["undecided"])
                    known[key] = Measured(old["class"], *counts, old["method"])
                    continue
                table.progress(f"{family.name}, {budget} learnables, {draw}")
                if key not in known:
                    own = seed * 1_000_003 + len(known)
                    known[key] = match_probability(allocation, family.samples, setting, own)
                found = known[key]
                table.add(
                    {
                        "kind": family.kind,
                        "family": family.name,
                        "budget": budget,
                        "target": family.target,
                        "draw": draw,
                        "number": number,
                        "learnable": mask_text(allocation),
                        "class": found.name,
                        **found._asdict(),
                        **dispersion(allocation),
                    }
                )


class Group(NamedTuple):
    """The rows of one family, budget and kind of draw."""

    name: str
    kind: str
    draw: str
    rows: list[dict[str, Any]]

    def column(self, key: str, positive: bool = False) -> list[float]:
        """The numbers of one column, of all allocations or of those with MP > 0."""
        return [float(r[key]) for r in self.rows if not positive or r["class"] != "minimal"]


def groups(rows: Sequence[dict[str, Any]]) -> list[Group]:
    """The rows by family, budget and kind of draw."""
    found: dict[str, Group] = {}
    for row in rows:
        above = int(row["budget"]) - int(row["target"])
        name = f"{row['family']}, D{f' + {above}' if above else ''}, {row['draw']}"
        found.setdefault(name, Group(name, row["kind"], row["draw"], [])).rows.append(row)
    return list(found.values())


def correlations(group: Group, seed: int, positive: bool = False) -> dict[str, Correlation]:
    """Spearman's correlation of the match probability with the spread over layers, rows, columns.

    An effective number and its logarithm, the entropy, have the same.
    """
    mp = group.column("mp", positive)
    return {key: correlation(group.column(key, positive), mp, seed) for key in KEYS}


def summary(rows: Sequence[dict[str, Any]], seed: int) -> str:
    """The classes and the correlations of each group."""
    lines = []
    for group in groups(rows):
        mp, names = np.array(group.column("mp")), [row["class"] for row in group.rows]
        shares = ", ".join(f"{n} {names.count(n)}" for n in dict.fromkeys(sorted(names)))
        lines.append(f"{group.name}: {shares}; mean MP {mp.mean():.2f}")
        for positive, text in ((False, "all"), (True, "MP > 0")):
            found = correlations(group, seed, positive)
            lines.append(f"  {text}: " + ", ".join(f"{key} {found[key]}" for key in KEYS))
        if group.draw == "split":
            layers = np.array(group.column("layers"))
            one, even = layers < 1.001, layers > 0.95 * layers.max()
            minimal = np.array([name == "minimal" for name in names])
            for part, text in ((one, "one layer"), (even, "even over layers")):
                if part.any():
                    lines.append(f"  {text}: {minimal[part].mean():.0%} of {part.sum()} minimal")
    return "\n".join(lines)


def draw(rows: Sequence[dict[str, Any]], path: Path, seed: int) -> None:
    """Correlations with their intervals, and mean match probabilities where layers are even."""
    plt = plotting()
    found = groups(rows)
    figure, panels = plt.subplots(1, 4, figsize=(14, 1.8 + 0.27 * len(found)), sharey=True)
    colours = {"LFFN": "tab:blue", "LRNN": "tab:red"}
    places = np.arange(len(found))[::-1]
    for panel, key in zip(panels, KEYS, strict=False):
        for place, group in zip(places, found, strict=True):
            for positive in (False, True):
                value = correlations(group, seed, positive)[key]
                forest(panel, place, value, colours[group.kind], hollow=positive)
        panel.axvline(0, color="grey", linewidth=0.7)
        panel.set(title=f"spread over {key}", xlim=(-1.05, 1.05), xlabel="Spearman with MP")
    for place, group in zip(places, found, strict=True):
        layers, mp = np.array(group.column("layers")), np.array(group.column("mp"))
        third = (3 * (ranks(layers) - 0.5) / len(layers)).astype(int)  # ties stay together
        for part, marker in enumerate("vs^"):
            if (third == part).any():
                mean = mp[third == part].mean()
                panels[3].plot(mean, place, marker, color=colours[group.kind], ms=6)
    panels[3].set(title="thirds by spread over layers", xlabel="MP: v narrow, s middle, ^ wide")
    panels[0].set_yticks(places, [group.name for group in found])
    figure.suptitle("right of 0: spreading helps; full: all allocations, hollow: those with MP > 0")
    save_figure(figure, path)


def main() -> None:
    """Run it all, write the table and the figure, print the summary."""
    options = options_parser(__doc__, "concentration").parse_args()
    run_of = {"seed": options.seed, "quick": options.quick}
    table = Table(options.out / "concentration.csv", FIELDS, run_of)
    run(QUICK if options.quick else FULL, options.seed, table)
    print(summary(table.rows, options.seed))
    draw(table.rows, options.out / "concentration.png", options.seed)


if __name__ == "__main__":
    main()
