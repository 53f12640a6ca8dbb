"""Recurrent torch modules: an nn.RNN with a readout, or a loop of one's own."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import InputError, nearest, shown
from ..networks.base import Network
from ..networks.kinds import network_from_dict
from .torch_modules import Reading, ReadOptions, read_layer, refusal, torch_module
from .torch_slots import Module, Slot, from_masks, slot_of

_LINEAR_NAMES = ("linear", "identity")
_WEIGHTS = ("input", "recurrent", "readout")
_FORM = '{"input": "wx.weight", "recurrent": "wh.weight", "readout": "out.weight"}'
_DECLARE = "linear=True declares that it is to be read as linear"


def read_rnn(layers: list[tuple[str, Module]], options: ReadOptions) -> Reading:
    """The linear recurrent network of an nn.RNN and a readout."""
    nn = torch_module().nn
    if [isinstance(layer, nn.RNN) for _, layer in layers] != [True, False]:
        raise InputError(
            "an nn.RNN must be followed by one readout nn.Linear(bias=False), in one module; for "
            f"other forms name the weights, from_torch(module, recurrent={_FORM}, steps=T)"
        )
    (name, recurrent), (end, final) = layers
    _check_rnn(name, recurrent)
    readout = read_layer(end, final)
    if readout.bias is not None:
        raise refusal(end, final, "has a bias, the networks of the theory none: bias=False")
    if readout.inputs != recurrent.hidden_size:
        what = f"takes {readout.inputs} inputs, {name!r} gives {recurrent.hidden_size}"
        raise refusal(end, final, what)
    if options.steps is None:
        raise InputError(f"how many steps does {name!r} (RNN) run? say steps=T")
    activation = getattr(recurrent, "nonlinearity", "?")
    if not options.linear and activation not in _LINEAR_NAMES:
        raise refusal(name, recurrent, f"has the activation {activation!r}; {_DECLARE}")
    slots = {
        "input": slot_of(recurrent, "weight_ih_l0", name),
        "recurrent": slot_of(recurrent, "weight_hh_l0", name),
        "readout": readout.weight,
    }
    sizes = (recurrent.input_size, recurrent.hidden_size, readout.outputs)
    return _reading(sizes, slots, options, (bool(recurrent.batch_first),))


def _check_rnn(name: str, layer: Module) -> None:
    if layer.num_layers != 1 or layer.bidirectional:
        raise refusal(name, layer, "has more than one layer or both directions; one is supported")
    if layer.bias:
        raise refusal(name, layer, "has biases, the networks of the theory none: bias=False")
    known = {f"weight_{kind}_l0{end}" for kind in ("ih", "hh") for end in ("", "_orig")}
    for key, parameter in layer._parameters.items():
        if parameter is not None and key not in known:
            raise refusal(name, layer, f"has a parameter {key!r}: its weight is computed")


def read_loop(module: Module, options: ReadOptions) -> Reading:
    """The linear recurrent network of a module whose three weights `options.recurrent` names."""
    given = options.recurrent
    if not isinstance(given, Mapping) or set(given) != set(_WEIGHTS):
        raise InputError(f"recurrent must name three parameters, {_FORM}, not {shown(given)}")
    slots = {weight: _named(module, weight, given[weight]) for weight in _WEIGHTS}
    shapes = {}
    for weight, slot in slots.items():
        shape = () if slot.parameter is None else tuple(slot.parameter.shape)
        if len(shape) != 2:
            raise InputError(f"{slot.name} must be a matrix, rows outputs, not of shape {shape}")
        shapes[weight] = shape
    hidden, inputs = shapes["input"]
    outputs = shapes["readout"][0]
    for weight, wanted in (("recurrent", (hidden, hidden)), ("readout", (outputs, hidden))):
        if shapes[weight] != wanted:
            raise InputError(
                f"{slots[weight].name} has the shape {shapes[weight]}, not {wanted}, as "
                f"{slots['input'].name} of shape {shapes['input']} asks: rows are outputs"
            )
    return _reading((inputs, hidden, outputs), slots, options, (True, False))


def _named(module: Module, weight: str, name: object) -> Slot:
    names = [key for key, _ in module.named_parameters(remove_duplicate=False)]
    known = [key.removesuffix("_orig") for key in names]
    plain = name.removesuffix("_orig") if isinstance(name, str) else name
    if plain not in known:
        raise InputError(
            f"recurrent[{weight!r}] names no parameter of the module: {shown(name)}"
            f"{nearest(name, known)}; it has {', '.join(known[:12])}"
        )
    owner, _, attribute = str(plain).rpartition(".")
    return slot_of(module.get_submodule(owner), attribute, owner)


def _reading(
    sizes: tuple[int, int, int],
    slots: dict[str, Slot],
    options: ReadOptions,
    batch_first: tuple[bool, ...],
) -> Reading:
    if options.steps is None:
        raise InputError(f"how many steps does {slots['recurrent'].name} run? say steps=T")
    given = dict(zip(("inputs", "hidden", "outputs"), sizes, strict=True))
    run = {"steps": options.steps, "readout": options.readout}
    network = network_from_dict({"kind": "linear_recurrent", **given, **run})
    return Reading((network,), slots, batch_first, not options.linear)


def why_not_recurrent(name: str, network: Network) -> str:
    """What a refusal says of a module that does not compute the recurrence."""
    other = "final" if network.reads_every_step else "all"
    return (
        f"{name}.forward does not compute the {network.describe()}; {_DECLARE}, readout={other!r} "
        f"another readout; else masks: {from_masks(network, ('recurrent', 'input'))}"
    )
