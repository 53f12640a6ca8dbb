"""The rank of any torch module as measured, beside the exact one where its network is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..computing.deadline import Deadline
from ..computing.options import Options
from ..computing.progress import Progress, Watch, watching
from ..errors import ContradictionError, InputError, TheorycheckError, shown
from ..measurement.modules.measure import Limits, measure_module
from ..measurement.modules.result import ExactRank, MeasuredRank
from ..measurement.modules.selection import Parameters, Selection, select
from ..problem.allocation import Allocation
from ..problem.interop.torch_borrowed import Borrowed
from ..problem.interop.torch_modules import has_adapters, plain_module, torch_module
from ..problem.interop.torch_slots import hooked
from ..problem.networks.base import positive_integer
from ..ranks.generic_rank import generic_rank
from ..ranks.given_inputs import given_inputs
from ..ranks.given_points import given_points

if TYPE_CHECKING:
    import torch  # pyright: ignore[reportMissingImports]

_SECONDS = 60.0  # of the comparison
_READ = ("present", "optimizer", "recurrent", "linear", "steps", "readout", "input")


def measured_rank(
    module: torch.nn.Module,
    inputs: Any,
    parameters: Parameters = None,
    *,
    output: Callable[[Any], Any] | None = None,
    compare: bool | Mapping[str, Any] = True,
    sketch: int | None = None,
    seed: int = 0,
    memory_limit: int = 8 * 2**30,
    progress: Watch = False,
) -> MeasuredRank:
    """The numerical rank of the Jacobian of a torch module's outputs on `inputs`, as it is.

    A measurement of any `torch.nn.Module` with the weights it has, not a theorem about random ones:
    in how many directions its chosen parameters move the outputs, to first order, at these values.
    `inputs` are a tensor or array, all samples at once, a tuple of positional arguments, or a dict
    of named ones; every output on them is an equation. `parameters` are names of
    `named_parameters`, or masks by name (0/1 arrays of the parameter's shape), else those with
    `requires_grad`. A parameter in several places is counted once. `output` chooses one real tensor
    from what the module returns, where that is no tensor.

    Computed in double precision with converted copies, in evaluation mode; the module is left as it
    was. Singular values up to larger side x 2^-52 x the largest count as 0, or up to three times
    what rounding is seen to do. The rank is None where the last that counts is not 1000 times the
    next, or that step not ten times steeper than all before (`is_clear`).

    A Jacobian that does not fit into `memory_limit` bytes, four times, is compressed by random
    combinations to a side of at most 4096, or of `sketch` if that is given; the rank is then a
    lower estimate, never above the true one, and for almost all random numbers (`seed`) equal to it
    if it is below the sketch's sides.

    Where `Allocation.from_torch` reads the module (`compare` may be a dict of its options, such as
    `steps`; False: never) the exact rank of its network, for random weights on the same inputs, is
    an upper bound, and the rank itself for almost all weights. A larger measured one raises
    `ContradictionError`. Other `InputError`s say what is wrong with an argument, or with outputs.

    >>> import pytest
    >>> torch = pytest.importorskip("torch")
    >>> found = measured_rank(torch.nn.Linear(3, 2), np.eye(3)[:2])
    >>> found.rank, found.parameters, found.equations, found.exact.value
    (4, 8, 4, 4)
    """
    options = Options(seed=seed, memory_limit=memory_limit)
    if sketch is not None:
        sketch = positive_integer(sketch, "sketch")
    if output is not None and not callable(output):
        raise InputError(f"output must be a function of what the module returns, not {output!r}")
    reading = _reading(compare)
    module = plain_module(module)
    selection = select(module, parameters)
    with watching(progress, "measured_rank") as tell:
        limits = Limits(sketch, options.memory_limit)
        found = measure_module(
            module, inputs, selection, output, seed=seed, limits=limits, tell=tell
        )
        if reading is None:
            return found
        tell(Progress("exact rank"))
        return _compared(found, module, inputs, selection, output, reading, options)


def _reading(compare: bool | Mapping[str, Any]) -> dict[str, Any] | None:
    """The options of `from_torch`; None where nothing is compared."""
    if isinstance(compare, bool):
        return {} if compare else None
    if not isinstance(compare, Mapping) or not set(compare) <= set(_READ):
        known = ", ".join(_READ)
        raise InputError(
            f"compare must be True, False or options of from_torch ({known}), not {shown(compare)}"
        )
    return dict(compare)


def _compared(
    found: MeasuredRank,
    module: torch.nn.Module,
    inputs: Any,
    selection: Selection,
    output: Any,
    reading: dict[str, Any],
    options: Options,
) -> MeasuredRank:
    """The measurement beside the exact rank, or with the reason why there is none."""
    try:
        if output is not None:
            raise InputError("output= changes what the module returns")
        allocation = _allocation(module, selection, reading)
        points = _points(allocation, module, inputs, found.equations)
        exact = _exact(allocation, points, options)
    except TheorycheckError as error:
        return replace(found, not_compared=str(error))
    if found.rank is not None and found.rank > exact.value:
        raise ContradictionError(
            f"the measured rank {found.rank} is above {exact.value}, the exact rank of the "
            f"{exact.network} for random weights on these inputs, which no weights exceed (but "
            f"with probability {exact.error_bound:.1e}): one of the two is wrong, or the module "
            "computes something else than it seems to (compare=False measures alone)"
        )
    return replace(found, exact=exact)


def _allocation(
    module: torch.nn.Module, selection: Selection, reading: dict[str, Any]
) -> Allocation:
    """The module as an allocation with just the chosen entries learnable."""
    with Borrowed(module):
        chosen = selection.masks
        for name, parameter in module.named_parameters():
            if name in chosen and any((chosen[name] & ~mask).any() for mask in hooked(parameter)):
                raise InputError(f"chosen entries of {name} are frozen by apply_to_torch")
            parameter.requires_grad_(name in chosen)
        if not has_adapters(module):
            return Allocation.from_torch(module, chosen, **reading)
        if not all(mask.all() for mask in chosen.values()):
            raise InputError("single entries of adapters are no allocation")
        return Allocation.from_peft(module)


def _points(
    allocation: Allocation, module: torch.nn.Module, inputs: Any, equations: int
) -> np.ndarray:
    """The inputs as the allocation's network takes them, one point a row."""
    nn = torch_module().nn
    network = allocation.network
    if isinstance(inputs, (tuple, Mapping)):
        raise InputError("the module takes several arguments, or named ones")
    array = torch_module().as_tensor(inputs).detach().cpu().double().numpy()
    if network.is_recurrent:
        layers = [part for part in module.modules() if isinstance(part, nn.RNNBase)]
        if not layers or not all(part.batch_first for part in layers):
            raise InputError("of recurrent modules those of an nn.RNN with batch_first are known")
    points = array.reshape(len(array), -1)
    if equations != len(points) * network.outputs * network.n_reads:
        raise InputError("the outputs are not those of one sample after the other")
    return points


def _exact(allocation: Allocation, points: np.ndarray, options: Options) -> ExactRank:
    """The generic rank on these points; raises where it is not known to be an upper bound."""
    network, samples = allocation.network, len(points)
    words = network.describe()
    if not network.is_analytic:
        raise InputError(f"of a {words} ranks differ between patterns of its units")
    given: Any
    if network.is_linear:
        given = given_inputs(network, samples, points)
        allocation, samples = given.reduced(allocation), given.rank
    else:
        given = given_points(network, samples, points)
    upper = min(allocation.n_learnable, allocation.network.n_equations(samples))
    found = generic_rank(
        allocation,
        samples,
        upper=upper,
        seed=options.seed,
        memory_limit=int(options.memory_limit),
        given=given,
        deadline=Deadline(_SECONDS),
    )
    return ExactRank(found.value, found.error_bound, words)
