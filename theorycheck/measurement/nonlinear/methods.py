"""How draws of nonlinear networks are decided: by proofs, in ball arithmetic.

- no frozen weight leads to an output: the student can be the teacher, every draw is matched;
- outputs affine in the learnables: linear equations, solved by elimination, in floats if large;
- an output out of reach for all learnables, or affine ones in contradiction: no match;
- else Levenberg-Marquardt, and Krawczyk's test where it ends;
- what it does not match, with few learnables: boxes that cover them all, none with a solution.

What is not proved is undecided. Where the equations depend on each other, or outnumber the
learnables, Krawczyk's test cannot succeed: then only the arguments for "no match" are left, and the
name of the method says so.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from ...computing.arrays import Array, on_host
from ...numeric.instances import Instance
from ...problem.masks import entries_of
from ..existence import Certificates, System
from ..least_squares import MATCH, NO_MATCH, UNDECIDED, decide_affine
from ..levenberg import fit
from ..methods import Method
from ..trials import Source
from .ball_network import BallNetwork, BallWeights, Row
from .balls import BITS
from .draws import Drawn, Draws, fits_elimination, measured_ranks, middles
from .elimination import solvable
from .exclusion import Exclusion
from .krawczyk import SolutionTest
from .passes import NonlinearEquations
from .ranges import OutputRanges
from .reach import AFFINE, FIXED, NONLINEAR, reach_of
from .regular import RegularTeachers

WHOLE, COMPARISON, ELIMINATION = "no frozen weights", "comparison", "elimination"
LEAST_SQUARES = "least squares"  # in place of elimination where the matrices are large
SEARCH = "Levenberg-Marquardt"
BOUNDS = "bounds alone (dependent equations: matches stay unproved)"

_DRAW = "draw"  # the name under which an instance carries its number
_SPREADS = (1.0, 1.0, 5.0, 25.0)  # of starts: solutions may be far from what is drawn
_PROMISING = 1e-6  # largest residual, relative to the outputs, at which a proof is tried


class _Decider:
    """What is asked of each draw of one allocation, in the order of its cost."""

    def __init__(self, source: Source, seed: int, restarts: int, xp: ModuleType) -> None:
        self._source, self._draws, self._restarts, self.xp = (
            source,
            Draws(source, seed),
            restarts,
            xp,
        )
        allocation, samples = source.allocation, source.samples
        self._network = allocation.network
        self.entries = entries_of(dict(allocation.masks("learnable")))
        reach = reach_of(allocation, samples)
        self._fixed, self._affine = reach.equations(FIXED), reach.equations(AFFINE)
        self._moving = reach.equations(AFFINE, NONLINEAR)
        self._ranges = OutputRanges(allocation, samples)
        self.ranks = measured_ranks(self._draws, reach)
        self._system = NonlinearEquations(self._network, samples, self.entries, self._moving, xp)
        self._exclusion = Exclusion(allocation, samples, self._moving)
        self._test = SolutionTest(self.entries, self._moving)
        self.regular = RegularTeachers(self._draws)
        needed = len(self._moving)
        is_possible = needed <= len(self.entries) and self.ranks.rank in (None, needed)
        self.name = SEARCH if is_possible else BOUNDS
        if self._affine == self._moving:
            self.name = ELIMINATION if self._moving else COMPARISON
            if not fits_elimination(len(self._affine), len(self.entries)):
                self.name = LEAST_SQUARES
        if reach.is_whole:
            self.name = WHOLE

    def decide(self, chunk: int, count: int) -> Array:
        """MATCH, NO_MATCH or UNDECIDED for the draws of a chunk."""
        if self.name == WHOLE:
            return np.full(count, MATCH)
        drawn, decisions = self._draws.chunk(chunk, count), np.full(count, UNDECIDED)
        wanted: dict[int, Row] = {}
        for draw in range(count):
            self._source.deadline.check("the bounds of a draw")
            decisions[draw] = self._first_look(drawn, draw, wanted)
        positions = np.array(sorted(wanted), dtype=np.int64)
        if self.name == SEARCH and len(positions):
            matched = self._searched(drawn.instances.take(positions), positions, wanted, chunk)
            decisions[positions[matched]] = MATCH
            positions = positions[~matched]
        if self._exclusion.is_possible and len(positions):
            goals, deadline = [wanted[k] for k in positions.tolist()], self._source.deadline
            some = drawn.instances.take(positions)
            decisions[positions[self._exclusion.excluded(some, goals, deadline)]] = NO_MATCH
        return decisions

    def _first_look(self, drawn: Drawn, draw: int, wanted: dict[int, Row]) -> int:
        """What is known without a search; else the teacher's outputs are put to those `wanted`."""
        with ctx.workprec(BITS):
            network = BallNetwork(self._network, drawn.instances.inputs[draw])
            taught, given = (
                network.weights({name: value[draw] for name, value in weights.items()})
                for weights in (drawn.teacher, drawn.instances.weights)
            )
            outputs = network.outputs(taught, range(drawn.instances.outputs.shape[1]))
            bounded = [outputs[number] for number in self._ranges.equations]
            if bounded and self._ranges.excludes(network, given, bounded):
                return NO_MATCH
            is_met = self._fixed_are_met(network, given, outputs)
            decision = self._affine_are_met(network, given, outputs)
        if decision == NO_MATCH or not is_met:
            return NO_MATCH if decision == NO_MATCH else UNDECIDED
        if self._affine == self._moving:
            return decision
        wanted[draw] = outputs
        return UNDECIDED

    def _fixed_are_met(self, network: BallNetwork, given: BallWeights, outputs: Row) -> bool:
        """Whether outputs that no learnable reaches are certainly equal, as 0 and 0 are."""
        values = network.outputs(given, self._fixed)
        goals = [outputs[number] for number in self._fixed]
        return all(bool(value == goal) for value, goal in zip(values, goals, strict=True))

    def _affine_are_met(self, network: BallNetwork, given: BallWeights, outputs: Row) -> int:
        """Whether the affine equations alone have a solution."""
        if not self._affine:
            return MATCH
        network.put(given, self.entries, [arb(0)] * len(self.entries))
        slopes = network.jacobian(given, self.entries, self._affine)
        values = network.outputs(given, self._affine)
        misfit = [outputs[k] - value for k, value in zip(self._affine, values, strict=True)]
        if fits_elimination(len(slopes), len(self.entries)):
            return solvable(slopes, misfit)
        return int(decide_affine(middles(slopes)[None], middles([misfit])).decision[0])

    def _searched(
        self, instances: Instance, positions: NDArray[np.int64], wanted: dict[int, Row], chunk: int
    ) -> Array:
        """Which of some draws a search matches, proved."""
        xp, rng = self.xp, np.random.default_rng([self._draws.seed, 1, chunk])
        weights = {**instances.weights, _DRAW: positions}
        moving = Instance(
            {name: xp.asarray(value) for name, value in weights.items()},
            xp.asarray(instances.inputs),
            xp.asarray(instances.outputs[:, self._moving]),
        )

        def certifier(system: System, theta: Array, some: Instance, xp: ModuleType) -> Certificates:
            return self._certificates(theta, some, wanted)

        deadline = self._source.deadline
        found = fit(
            self._system, moving, rng,
            restarts=self._restarts,
            spreads=_SPREADS, certifier=certifier, xp=xp, deadline=deadline,
        )  # fmt: skip
        return on_host(found.matched)

    def _certificates(
        self, theta: Array, instances: Instance, wanted: dict[int, Row]
    ) -> Certificates:
        """Proofs at the ends of descents; none is tried where the residual is not small."""
        value, jacobian = self._system.residual(theta, instances)
        with np.errstate(all="ignore"):
            scale = 1 + abs(instances.outputs).max(axis=1)
            residual = abs(value).max(axis=1) / scale
        points, slopes = on_host(theta), on_host(jacobian)
        inputs, numbers = on_host(instances.inputs), on_host(instances.weights[_DRAW])
        weights = {name: on_host(instances.weights[name]) for name in self._network.weight_shapes}
        proved = np.zeros(len(points), dtype=bool)
        for k in np.flatnonzero(on_host(residual) <= _PROMISING):
            if self._source.deadline.has_passed:
                break
            with ctx.workprec(BITS):
                network = BallNetwork(self._network, inputs[k])
            given = {name: own[k] for name, own in weights.items()}
            goals = [wanted[int(numbers[k])][number] for number in self._moving]
            proved[k] = self._test.proves(network, given, goals, points[k], slopes[k])
        xp = self.xp
        nothing = xp.zeros(len(points))
        return Certificates(
            xp.asarray(proved), nothing, xp.nan_to_num(residual, nan=np.inf), nothing
        )


def nonlinear_method(source: Source, seed: int, restarts: int, xp: ModuleType) -> Method:
    """The method for any network: proofs alone, or a search whose matches are proved."""
    decider = _Decider(source, seed, restarts, xp)
    return Method(
        decider.name,
        decider.decide,
        decider.ranks.rank,
        decider.ranks.target_dimension,
        is_regular=decider.regular.of_chunk if decider.regular.are_known else None,
        must_be_shown=True,
        backend=xp.__name__ if decider.name == SEARCH else "numpy",
    )
