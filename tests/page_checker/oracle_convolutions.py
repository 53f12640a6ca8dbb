"""The oracle of convolutional networks (NC), unit by unit."""

from __future__ import annotations

from typing import Any

from tests.page_checker import oracle
from tests.page_checker.arguments import Level
from tests.page_checker.problem import Cell, Matrix


class Oracle(oracle.Oracle):
    """Values and slopes of all units on all samples in a trial, modulo its first prime."""

    def evaluate(self, weights: list[Any], rows: list[Matrix]) -> None:
        problem, m = self.problem, self.problem.samples
        self.levels, self.lists = ([], [0]), [layer.lists() for layer in problem.layers]
        self.values, self.layer_slopes = [rows[0]], []
        for number, layer in enumerate(problem.layers, start=1):
            terms, windows = self.lists[number - 1]
            level = Level(layer.units, [], number, problem.activations[number - 1])
            units: list[list[Any]] = []
            for unit, pairs in enumerate(terms):
                channel = unit // layer.positions
                units.append([])
                for s in range(m):
                    z = []
                    for k, p in enumerate(self.primes):
                        row = weights[k][f"W{number}"][channel]
                        sums = sum(row[column] * rows[k][source][s] for column, source in pairs)
                        if problem.bias:
                            sums += weights[k][f"b{number}"][channel][0]
                        z.append(sums % p)
                    units[-1].append(self.by_residues(level, unit * m + s, tuple(z)))
            pool = layer.pool if problem.is_student else 1
            rows = [[[sum(units[unit][s][k][0] for unit in window) * self.inverse(pool, p) % p
                      for s in range(m)] for window in windows]
                    for k, p in enumerate(self.primes)]  # fmt: skip
            self.values.append(rows[0])
            self.layer_slopes.append([[each[0][1] for each in unit] for unit in units])

    def inverse(self, x: int, p: int) -> Any:
        return pow(x, -1, p)

    def equation(self, read: int, output: int, sample: int, cells: list[Cell]) -> list[int]:
        last = len(self.problem.layers) + 1
        total: dict[Cell, int] = {(f"b{last}", output, 0): 1}
        behind = []
        for j, row in enumerate(self.values[-1]):
            total[f"W{last}", output, j] = row[sample]
            behind.append(self.weights[f"W{last}"][output][j])
        for number in range(last - 1, 0, -1):
            terms, windows = self.lists[number - 1]
            values, name = self.values[number - 1], f"W{number}"
            into = [0] * len(values)
            pool = self.problem.layers[number - 1].pool if self.problem.is_student else 1
            for x, window in zip(behind, windows, strict=True):
                for unit in window:
                    through = (
                        x
                        * self.inverse(pool, self.p)
                        * self.layer_slopes[number - 1][unit][sample]
                        % self.p
                    )
                    channel = unit // self.problem.layers[number - 1].positions
                    bias = f"b{number}", channel, 0
                    total[bias] = total.get(bias, 0) + through
                    for column, source in terms[unit]:
                        cell = name, channel, column
                        product = through * values[source][sample]
                        total[cell] = total.get(cell, 0) + product
                        into[source] += through * self.weights[name][channel][column]
            behind = [x % self.p for x in into]
        return [total.get(cell, 0) % self.p for cell in cells]
