"""Recurrent torch modules: an nn.RNN with a readout, or a loop of one's own."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import InputError, nearest, shown
from ..networks.kinds import kind_entries, network_from_dict
from .torch_activations import TRIED
from .torch_modules import Reading, ReadOptions, read_layer, torch_module
from .torch_refusals import refusal
from .torch_slots import Module, Slot, from_masks, slot_of

_NAMES = {"linear": "linear", "identity": "linear", "tanh": "tanh", "relu": "relu"}
_WEIGHTS = ("input", "recurrent", "readout")
_BIASES = ("bias", "readout_bias")
_FORM = '{"input": "wx.weight", "recurrent": "wh.weight", "readout": "out.weight"}'
_DECLARE = "linear=True declares that it is to be read as linear"


def read_rnn(layers: list[tuple[str, Module]], options: ReadOptions) -> Reading:
    """The recurrent network of an nn.RNN and a readout.

    Its two biases are added at once, so they are one weight `bias`: learnable where either is.
    """
    nn = torch_module().nn
    if [isinstance(layer, nn.RNN) for _, layer in layers] != [True, False]:
        raise InputError(
            "an nn.RNN must be followed by one readout nn.Linear, in one module; for "
            f"other forms name the weights, from_torch(module, recurrent={_FORM}, steps=T)"
        )
    (name, recurrent), (end, final) = layers
    _check_rnn(name, recurrent)
    readout = read_layer(end, final)
    if readout.inputs != recurrent.hidden_size:
        what = f"takes {readout.inputs} inputs, {name!r} gives {recurrent.hidden_size}"
        raise refusal(end, final, what)
    if options.steps is None:
        raise InputError(f"how many steps does {name!r} (RNN) run? say steps=T")
    activation = getattr(recurrent, "nonlinearity", "?")
    if not options.linear and activation not in _NAMES:
        raise refusal(name, recurrent, f"has the activation {activation!r}; {_DECLARE}")
    slots = {
        "input": slot_of(recurrent, "weight_ih_l0", name),
        "recurrent": slot_of(recurrent, "weight_hh_l0", name),
        "readout": readout.weight,
    }
    if recurrent.bias:
        slots["bias"] = slot_of(recurrent, "bias_ih_l0", name)
        slots["bias'"] = slot_of(recurrent, "bias_hh_l0", name)
    if readout.bias is not None:
        slots["readout_bias"] = readout.bias
    sizes = (recurrent.input_size, recurrent.hidden_size, readout.outputs)
    applied = ("linear",) if options.linear else (_NAMES[activation],)
    return _reading(sizes, slots, options, (bool(recurrent.batch_first),), applied)


def _check_rnn(name: str, layer: Module) -> None:
    if layer.num_layers != 1 or layer.bidirectional:
        raise refusal(name, layer, "has more than one layer or both directions; one is supported")
    known = {f"weight_{kind}_l0{end}" for kind in ("ih", "hh") for end in ("", "_orig")}
    known |= {"bias_ih_l0", "bias_hh_l0"}
    for key, parameter in layer._parameters.items():
        if parameter is not None and key not in known:
            why = f"has a parameter {key!r}: its weight is computed"
            if key.startswith("bias"):
                why = f"has a parameter {key!r}: of its two biases, which are added, none is pruned"
            raise refusal(name, layer, why)


def read_loop(module: Module, options: ReadOptions) -> Reading:
    """The recurrent network of a module whose weights `options.recurrent` names."""
    given = options.recurrent
    if not isinstance(given, Mapping) or set(given) - set(_BIASES) != set(_WEIGHTS):
        raise InputError(
            f"recurrent must name three parameters, {_FORM}, and may name bias and readout_bias, "
            f"not {shown(given)}"
        )
    slots = {weight: _named(module, weight, name) for weight, name in given.items()}
    shapes = _shapes(slots)
    (hidden, inputs), outputs = shapes["input"], shapes["readout"][0]
    applied = ("linear",) if options.linear else TRIED
    return _reading((inputs, hidden, outputs), slots, options, (True, False), applied)


def _shapes(slots: Mapping[str, Slot]) -> dict[str, tuple[int, ...]]:
    """The shapes of the three matrices; raises `InputError` if they do not fit each other."""
    shapes = {}
    for weight in _WEIGHTS:
        slot = slots[weight]
        shape = () if slot.parameter is None else tuple(slot.parameter.shape)
        if len(shape) != 2:
            raise InputError(f"{slot.name} must be a matrix, rows outputs, not of shape {shape}")
        shapes[weight] = shape
    hidden, outputs = shapes["input"][0], shapes["readout"][0]
    for weight, wanted in (("recurrent", (hidden, hidden)), ("readout", (outputs, hidden))):
        if shapes[weight] != wanted:
            raise InputError(
                f"{slots[weight].name} has the shape {shapes[weight]}, not {wanted}, as "
                f"{slots['input'].name} of shape {shapes['input']} asks: rows are outputs"
            )
    return shapes


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
    activations: tuple[str, ...],
) -> Reading:
    """The networks that differ in their activation; with a bias that is not there absent."""
    if options.steps is None:
        raise InputError(f"how many steps does {slots['recurrent'].name} run? say steps=T")
    given = dict(zip(("inputs", "hidden", "outputs"), sizes, strict=True))
    run = {"steps": options.steps, "readout": options.readout}
    run["bias"] = any(name in slots for name in _BIASES)
    networks = (
        network_from_dict({**kind_entries(None, name, recurrent=True), **given, **run}).plainest
        for name in activations
    )
    return Reading(tuple(networks), slots, batch_first, not options.linear)


def why_not_recurrent(module: Module, reading: Reading) -> str:
    """What a refusal says of a module that does not compute the recurrence, and what may be meant.

    All networks of the reading were tried: the first of them is named.
    """
    network = reading.networks[0]
    tried = "" if len(reading.networks) == 1 else ", nor that with another activation"
    other = "final" if network.reads_every_step else "all"
    read = {id(slot.parameter) for slot in reading.slots.values()}
    left = [name for name, value in module.named_parameters() if id(value) not in read]
    unread = ""
    if left:
        unread = f"recurrent= leaves out {', '.join(left[:8])} (biases: bias, readout_bias); "
    return (
        f"{type(module).__name__}.forward does not compute the {network.describe()}{tried}; "
        f"{unread}{_DECLARE}, readout={other!r} another readout; else masks: "
        f"{from_masks(network, ('recurrent', 'input'))}"
    )
