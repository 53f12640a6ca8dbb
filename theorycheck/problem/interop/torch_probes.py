"""What a module computes, and which gradients its weights receive: it is run with random weights.

The outputs of a module, and the gradients of a random combination of them, are set beside those of
the function it is taken for, at random inputs and random weights in place of the module's own. Two
functions that differ on an open set of weights and inputs differ there with probability 1 (in exact
arithmetic, for the piecewise analytic functions that modules of these layers compute).
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from .torch_borrowed import Borrowed
from .torch_evidence import GradientEvidence
from .torch_memory import Tensor
from .torch_slots import Module

POINTS = 32  # a ReLU unit that is dead at all of them, in all draws: probability 2^-96
_SCALES = (1.0, 1e6, 1e-6)  # of inputs, draw by draw: a clamp at 6 acts on large ones only
_MORE = 24  # draws at most, while units rest at all points: behind others with ReLU many do
_SINGLE_ABOVE = 2**24  # weights: above, double precision would take too much memory
_THREADS_ABOVE = 2**20  # weights: below, one thread
_LARGEST_SPECTRUM = 512  # units whose spectral radius is computed
_BEYOND = 1e30  # outputs, of which gradients and their products stay finite
_SMALL = 1e-6  # of the output's gradient, so that hooks that only clip leave it alone
_TOLERANCE = {"torch.float64": 1e-9, "torch.float32": 1e-3}

Tensors: TypeAlias = Mapping[str, Tensor]


@dataclass(frozen=True)
class ModuleClaim:
    """What a module is taken for: a function of named weights and of inputs of one shape.

    The outputs are compared unless `compared` is False (a tanh that is declared linear).
    `recurrent` names a weight that is applied `steps` times; `kept` has 0/1 tensors of entries that
    are drawn, others stay 0. Inputs are up to `largest` times larger than normal, and `spread` is
    the factor by which matrices are in turns larger and smaller: less where that would overflow, or
    where rounding would count. Where outputs are `is_growing` inputs are as large as these allow.
    Units that `may_rest` (ReLU) are drawn anew while some weight has shown no effect.
    """

    parameters: Tensors
    outputs: Callable[[Tensors, Tensor], Tensor]
    shape: tuple[int, ...]
    compared: bool = True
    recurrent: str = ""
    steps: int = 1
    kept: Tensors = field(default_factory=dict)
    largest: float = 1e6
    spread: float = 1e3
    is_growing: bool = False
    may_rest: bool = False


@dataclass
class Probe:
    """What came out: `why` the module is not what is claimed, or '', and what moves."""

    why: str = ""
    as_is: GradientEvidence = field(default_factory=GradientEvidence)
    # In training mode, if it was not in it:
    training: GradientEvidence = field(default_factory=GradientEvidence)


class _Fails(Exception):
    """The module's own code has raised something."""


def probe(module: Module, claims: Sequence[ModuleClaim]) -> tuple[int, Probe]:
    """The first of `claims` that the module fulfils, by number, and its gradients.

    If there is none, what is wrong with the first. The module is left as it was.
    """
    results = []
    for number, claim in enumerate(claims):
        result = _probe(module, claim)
        if not result.why:
            return number, result
        results.append(result)
    return 0, results[0]


def _probe(module: Module, claim: ModuleClaim) -> Probe:
    """In double precision, or in single where the module is large or cannot be run in double."""
    torch = importlib.import_module("torch")
    n_weights = sum(parameter.numel() for parameter in claim.parameters.values())
    dtypes = [torch.float64, torch.float32][n_weights > _SINGLE_ABOVE :]
    why = ""
    for dtype in dtypes:
        try:
            with undisturbed(module), Borrowed(module) as borrowed:
                return _run(module, claim, dtype, borrowed)
        except _Fails as error:
            why = str(error)
    return Probe(why)


@contextmanager
def undisturbed(module: Module) -> Iterator[None]:
    """The caller's random numbers, warnings and autograd modes play no part and are kept."""
    torch = importlib.import_module("torch")
    warnings = importlib.import_module("warnings")
    with ExitStack() as stack:
        if sum(parameter.numel() for parameter in module.parameters()) < _THREADS_ABOVE:
            # Many small operations: threads that wait for each other on busy cores cost 25 times.
            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(1)
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(torch.random.fork_rng(devices=[]))
        stack.enter_context(torch.inference_mode(False))
        for kind in {parameter.device.type for parameter in module.parameters()}:
            stack.enter_context(torch.autocast(kind, enabled=False))
        stack.enter_context(torch.enable_grad())
        yield


def _run(module: Module, claim: ModuleClaim, dtype: Any, borrowed: Borrowed) -> Probe:
    torch = importlib.import_module("torch")
    generator = torch.Generator().manual_seed(0)
    result = Probe()
    draws = len(_SCALES) if dtype == torch.float64 else 2
    for number in range(draws + _MORE * claim.may_rest):
        if number >= draws and result.as_is.is_complete:
            break
        size = number if claim.compared and number < draws else 0
        why = _fill_and_draw(module, claim, dtype, borrowed, generator, result.as_is, size)
        if why:
            return Probe(why)
    if borrowed.to_training_mode():
        claim = replace(claim, compared=False)
        for _ in range(draws):
            why = _fill_and_draw(module, claim, dtype, borrowed, generator, result.training, 0)
            if why:
                return Probe(why)
    return result


def _fill_and_draw(
    module: Module,
    claim: ModuleClaim,
    dtype: Any,
    borrowed: Borrowed,
    generator: Any,
    evidence: GradientEvidence,
    size: int,
) -> str:
    """One draw of weights and inputs, of one of `_SCALES`; '' or a flaw."""
    borrowed.fill(lambda shape: _weights(shape, dtype, generator, claim.is_growing))
    _tame(claim, generator)
    for name, mask in claim.kept.items():
        claim.parameters[name].data *= mask
    x = _values(claim.shape, dtype, generator)
    scale = min(_SCALES[size], claim.largest) if size else 1.0
    if size == 1 and claim.is_growing:
        scale = _finite_scale(claim, x)
    if size:
        _spread(claim, claim.spread if size == 1 else 1 / claim.spread)
    why = _draw(module, claim, x * scale, generator, claim.compared, evidence, _SMALL / scale)
    if not why and borrowed.toggled():
        return f"it sets requires_grad of {borrowed.toggled()} itself"
    return why


def _finite_scale(claim: ModuleClaim, x: Tensor) -> float:
    """How large inputs may be until outputs grow beyond all bounds: a clamp acts on large ones."""
    torch, scale = importlib.import_module("torch"), 1.0
    values = {name: parameter.detach() for name, parameter in claim.parameters.items()}
    x = x.to(next(iter(values.values())).device)
    with torch.no_grad():
        while scale < _SCALES[1] and claim.outputs(values, 2 * scale * x).abs().max() < _BEYOND:
            scale *= 2
    return scale


def _values(shape: tuple[int, ...], dtype: Any, generator: Any) -> Any:
    torch = importlib.import_module("torch")
    value = torch.randn(shape, generator=generator, dtype=dtype, device="cpu")
    inputs, outputs = (max(side, 1) for side in ((*shape, 1)[len(shape) - 1], (*shape, 1)[0]))
    # So that the logarithm of the norm neither grows nor shrinks from layer to layer, on average.
    drift = torch.digamma(torch.tensor(outputs / 2, device="cpu")) + math.log(2 / outputs)
    return value * (math.exp(-float(drift) / 2) / inputs**0.5)


def _weights(shape: tuple[int, ...], dtype: Any, generator: Any, is_growing: bool) -> Any:
    """A matrix, a bias, or a filter, whose inputs are all that it reads at once."""
    if len(shape) < 2:
        return _values(shape, dtype, generator)
    inputs = math.prod(shape[1:])
    value = _values((shape[0], inputs), dtype, generator).reshape(shape)
    # Exponentials of sums of very many values must not overflow.
    return value / max(inputs, 1) ** 0.5 if is_growing else value


def _tame(claim: ModuleClaim, generator: Any) -> None:
    """Scale recurrent weights, by a random factor, so that no power of them overflows."""
    if not claim.recurrent:
        return
    torch = importlib.import_module("torch")
    parameter = claim.parameters[claim.recurrent]
    radius = 1.1  # with many units little above 1
    if len(parameter) <= _LARGEST_SPECTRUM:
        radius = float(torch.linalg.eigvals(parameter.data.cpu().double()).abs().max()) or 1.0
    factor = (0.5 + 0.5 * float(torch.rand((), generator=generator, device="cpu"))) ** (
        1 / claim.steps
    )
    parameter.data = parameter.data * (factor / radius)


def _spread(claim: ModuleClaim, factor: float) -> None:
    """Make matrices large and small in turns: weights that are clamped in a forward show."""
    matrices = [p for n, p in claim.parameters.items() if p.dim() > 1 and n != claim.recurrent]
    for number, parameter in enumerate(matrices):
        parameter.data = parameter.data * (1 / factor if number % 2 else factor)


def _draw(
    module: Module,
    claim: ModuleClaim,
    x: Tensor,
    generator: Any,
    compared: bool,
    evidence: GradientEvidence,
    size: float,
) -> str:
    """Run forward and backward once, with an output's gradient of some `size`; '' or a flaw."""
    torch = importlib.import_module("torch")
    device, dtype = next(iter(claim.parameters.values())).device, x.dtype
    x = x.to(device)
    # Copies: forward may change what it finds, and then computes something else.
    leaves = {
        name: parameter.detach().clone().requires_grad_()
        for name, parameter in claim.parameters.items()
    }
    wanted = claim.outputs(leaves, x)
    found = _outputs(_called(lambda: module(x.clone())), wanted)
    if found is None:
        return "its forward returns no tensor"
    why = _difference(found, wanted, _TOLERANCE[str(dtype)]) if compared else ""
    if why and found.shape == wanted.shape and not torch.equal(found, _called(lambda: module(x))):
        return "its outputs are random, as in training mode: call model.eval() for reading"
    if why:
        return why
    ways = _values(tuple(wanted.shape), dtype, generator).to(device) * size
    if found.requires_grad:
        own = ways if found.shape == wanted.shape else found.detach().new_ones(found.shape) * size
        _called(lambda: found.backward(own.to(found.dtype)))
    for name, parameter in claim.parameters.items():
        if not torch.equal(parameter.detach(), leaves[name].detach()):
            return f"running it changes its weights, those of {name}"
    due = torch.autograd.grad(wanted, list(leaves.values()), ways, allow_unused=True)
    for (name, parameter), gradient in zip(claim.parameters.items(), due, strict=True):
        evidence.add(name, parameter.grad, gradient, tuple(parameter.shape), _TOLERANCE[str(dtype)])
    return ""


def _called(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # of any kind: forward and hooks are anyone's code
        text = " ".join(str(error).split())[:120]
        raise _Fails(f"run with random inputs it raises {type(error).__name__}: {text}") from None


def _outputs(found: Any, wanted: Tensor) -> Tensor | None:
    """The module's outputs as one tensor, a list of all steps' stacked; or None."""
    torch = importlib.import_module("torch")
    if isinstance(found, torch.Tensor):
        return found if torch.is_floating_point(found) else None
    if not isinstance(found, (list, tuple)) or wanted.dim() != 3:
        return None
    if not all(isinstance(y, torch.Tensor) and y.shape == found[0].shape for y in found):
        return None
    for dim in (1, 0):
        if len(found) == wanted.shape[dim]:
            return torch.stack(list(found), dim)
    return None


def _difference(found: Tensor, wanted: Tensor, tolerance: float) -> str:
    if found.shape != wanted.shape:
        return f"its outputs have the shape {tuple(found.shape)}, not {tuple(wanted.shape)}"
    with importlib.import_module("torch").no_grad():
        difference, scale = (found - wanted).abs().max(), wanted.abs().max()
    if not bool(scale.isfinite()):
        return "with random weights its outputs are too large to be compared"
    if bool(difference <= tolerance * scale):
        return ""
    return f"with random weights its outputs differ by {float(difference / scale):.2g} of theirs"
