"""What a forward of one's own seems to do, by `torch.fx`: a suggestion, which the run then tests.

The forward is called once with a stand-in that writes down what is done to it. Its steps are then
followed from the input to the output: layers with weights, one behind the other, activations and
poolings between them, and what goes around a layer.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from .torch_activations import FUNCTION_NAMES, most_like
from .torch_borrowed import Borrowed
from .torch_probes import POINTS, undisturbed
from .torch_slots import Module
from .torch_steps import Link, Step, pooling, sizes, step_of

Node: TypeAlias = Any  # torch.fx.Node

_SHAPES = frozenset(
    {"flatten", "view", "reshape", "contiguous", "clone", "squeeze", "unsqueeze", "unflatten", "to"}
    | {"float", "double", "type_as", "view_as", "reshape_as", "dropout", "feature_dropout"}
)
_POOL = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override")
_WEIGHTED = ("linear", "conv1d", "conv2d")
_PASSED = ("Identity", "Flatten", "Unflatten", "Dropout", "Dropout1d", "Dropout2d")


@dataclass(frozen=True)
class Trace:
    """The layers in the order of their use; `before` are steps in front of the first.

    Where `unknown` is not empty it says what the forward does that is not read, and the links
    tell nothing.
    """

    links: tuple[Link, ...] = ()
    before: tuple[Step, ...] = ()
    unknown: str = ""


@dataclass(frozen=True)
class _Value:
    """What a node holds: the chain up to the layer `number`, steps behind it, or a flaw."""

    number: int = 0
    steps: tuple[Step, ...] = ()
    around: bool = False
    flaw: str = ""

    def then(self, step: Step) -> _Value:
        return self if self.flaw else replace(self, steps=(*self.steps, step))


def traced(module: Module, layers: Mapping[str, Module]) -> Trace | None:
    """What the forward of a module does with its `layers` that have weights.

    None where all is torch's own: layers are used in their order. The module is left as it was.
    """
    if all(type(part).__module__.startswith("torch.") for part in module.modules()):
        return None
    try:
        with undisturbed(module), Borrowed(module):
            graph = _graph(module, layers)
        return _Following(dict(module.named_modules()), layers).trace(graph)
    except Exception:  # of any kind: forward is anyone's code
        return Trace(unknown="cannot be followed by torch.fx")


def _graph(module: Module, layers: Mapping[str, Module]) -> Any:
    fx = importlib.import_module("torch.fx")
    weighted = {id(layer) for layer in layers.values()}

    class StandIn(fx.Proxy):
        """Has a length, unlike torch's: the number of points."""

        def __len__(self) -> int:
            return POINTS

    class Tracer(fx.Tracer):
        """Looks into all modules but those with weights and torch's own."""

        def is_leaf_module(self, m: Module, module_qualified_name: str) -> bool:
            return id(m) in weighted or super().is_leaf_module(m, module_qualified_name)

        def proxy(self, node: Node) -> Any:
            return StandIn(node, self)

    parameters = list(inspect.signature(module.forward).parameters.values())
    given = {p.name: p.default for p in parameters[1:] if p.default is not p.empty}
    return Tracer().trace(module, given)


class _Following:
    """Follows the nodes of a graph, and knows what each layer reads."""

    def __init__(self, modules: Mapping[str, Module], layers: Mapping[str, Module]) -> None:
        self._modules, self._layers = modules, layers
        self._names: list[str] = []
        self._read: list[_Value] = []  # what layer 1, 2, ... reads
        self._values: dict[Node, _Value] = {}

    def trace(self, graph: Any) -> Trace:
        last = _Value(flaw="returns nothing")
        for number, node in enumerate(graph.nodes):
            if node.op == "output":
                last = self._of(node.args[0])
                break
            value = _Value() if number == 0 and node.op == "placeholder" else self._value(node)
            self._values[node] = value
        if last.flaw or last.number != len(self._names):
            return Trace(unknown=last.flaw or "does not use what all of its layers give")
        behind = [*self._read[1:], last]
        links = zip(self._names, behind, strict=True)
        return Trace(
            tuple(Link(name, value.steps, value.around) for name, value in links),
            self._read[0].steps if self._read else (),
        )

    def _of(self, argument: object) -> _Value:
        known = self._values.get(argument)
        return _Value(flaw="computes with other values than its inputs") if known is None else known

    def _value(self, node: Node) -> _Value:
        first = self._of(node.args[0]) if node.args else _Value(flaw="computes without its inputs")
        if node.op == "call_module":
            name = str(node.target)
            if name in self._layers:
                return self._layer(name, first)
            part = self._modules[name]
            step = step_of(part)
            if step is not None:
                return _flawed(first, step.why) if step.why else first.then(step)
            passes = type(part).__name__ in _PASSED
            return first if passes else _flawed(first, f"applies {type(part).__name__}")
        if node.op not in ("call_function", "call_method"):
            return _Value(flaw="computes with other values than its inputs")
        name = node.target if isinstance(node.target, str) else node.target.__name__
        return self._function(name.rstrip("_"), node, first)

    def _layer(self, name: str, read: _Value) -> _Value:
        if read.flaw:
            return read
        if read.number != len(self._names):
            return _Value(flaw=f"is no chain: {name} does not read the layer before it")
        if name in self._names:
            return _Value(flaw=f"uses {name} more than once")
        self._names.append(name)
        self._read.append(read)
        return _Value(len(self._names))

    def _function(self, name: str, node: Node, first: _Value) -> _Value:
        if name in FUNCTION_NAMES:
            return first.then(Step(FUNCTION_NAMES[name]))
        if name in _SHAPES:
            return first
        if name in ("avg_pool1d", "avg_pool2d"):
            given: dict[str, Any] = dict(zip(_POOL, node.args[1:], strict=False))
            step = pooling(given | dict(node.kwargs))
            return _flawed(first, step.why) if step.why else first.then(step)
        if name in ("adaptive_avg_pool1d", "adaptive_avg_pool2d"):
            size = [*node.args[1:], *node.kwargs.values()][0]
            return first.then(Step(size=sizes(size), adaptive=True))
        if name == "mean":
            axes = sizes([*node.args[1:2], *node.kwargs.values(), None][0])
            if axes and set(axes) <= {2, 3, -1, -2}:
                return first.then(Step(size=(1,), adaptive=True))
        if name in _WEIGHTED:
            layer = self._layer_below(node)
            return self._layer(layer, first) if layer else _flawed(first, "masks its weights")
        combined = _COMBINED.get(name)
        found = combined(self, node) if combined else None
        if found is not None:
            return found
        read = [self._of(other) for other in node.all_input_nodes]
        own = _Value(flaw=f"applies {name}{_nearest(name)}")
        return next((value for value in read if value.flaw), own)

    def _layer_below(self, node: Node) -> str:
        """The layer whose weight a function is called with, as it is."""
        weight = ([*node.args[1:2], node.kwargs.get("weight")])[0]
        target = str(getattr(weight, "target", ""))
        name = target.rpartition(".")[0]
        return name if getattr(weight, "op", "") == "get_attr" and name in self._layers else ""

    def _power(self, node: Node) -> _Value | None:
        exponent = [*node.args[1:2], *node.kwargs.values(), None][0]
        names = {1: "linear", 2: "square", 3: "cube"}
        if not isinstance(exponent, (int, float)) or exponent not in names:
            return None
        return self._of(node.args[0]).then(Step(names[int(exponent)]))

    def _product(self, node: Node) -> _Value | None:
        """x x, x x x, and x sigmoid(x)."""
        one, other = (self._of(argument) for argument in node.args)
        for base, value in ((one, other), (other, one)):
            for step, result in _PRODUCTS.items():
                if value == (base.then(Step(step)) if step else base):
                    return base.then(Step(result))
        return None

    def _sum(self, node: Node) -> _Value | None:
        """What a layer reads, and what it gives."""
        one, other = (self._of(argument) for argument in node.args)
        for value, before in ((one, other), (other, one)):
            plain = value.number and not value.around and not value.flaw
            if plain and self._read[value.number - 1] == before:
                return replace(value, around=True)
        return None


_PRODUCTS = {"": "square", "square": "cube", "sigmoid": "silu"}
_COMBINED: dict[str, Callable[[_Following, Node], _Value | None]] = {
    "pow": _Following._power,
    "mul": _Following._product,
    "multiply": _Following._product,
    "add": _Following._sum,
    "iadd": _Following._sum,
}


def _nearest(name: str) -> str:
    """What is read in place of a function of torch, where something is much like it."""
    like = most_like(name) or (name.replace("max", "avg") if "max_pool" in name else "")
    return f" (what is most like it and read is {like})" if like else ""


def _flawed(value: _Value, flaw: str) -> _Value:
    """The first flaw counts."""
    return value if value.flaw else _Value(flaw=flaw)
