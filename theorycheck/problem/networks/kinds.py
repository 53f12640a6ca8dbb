"""The kinds of networks by name, and the `network` object of an allocation file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields

from ...errors import InputError, nearest, shown
from .base import Network
from .convolutional import Convolutional
from .feedforward import Feedforward, LinearFeedforward, ShallowReLU
from .recurrent import LinearRecurrent, Recurrent

KINDS: dict[str, type[Network]] = {
    cls.kind: cls
    for cls in (
        LinearFeedforward,
        LinearRecurrent,
        ShallowReLU,
        Feedforward,
        Recurrent,
        Convolutional,
    )
}


def _defaults(cls: type[Network]) -> dict[str, object]:
    """The keys of a kind in an allocation file, and what they are if left out."""
    given = (field for field in fields(cls) if field.init)  # type: ignore[arg-type]
    return {field.name: field.default for field in given}


# Kinds that a list of widths makes, and those that are run step by step.
LAYERED = tuple(kind for kind, cls in KINDS.items() if "widths" in _defaults(cls))
RECURRENT = tuple(kind for kind, cls in KINDS.items() if cls.is_recurrent)
# Kinds whose filters act at many positions.
FILTERED = tuple(kind for kind, cls in KINDS.items() if "input" in _defaults(cls))
# Kinds of these two sorts that say what their hidden units apply.
ACTIVATED = tuple(kind for kind in LAYERED + RECURRENT if "activation" in _defaults(KINDS[kind]))


def kind_entries(
    kind: str | None, activation: object = None, *, recurrent: bool = False
) -> dict[str, object]:
    """The entries `kind` and `activation` of a network object, of what somebody has said of them.

    Without a `kind` it is that of linear networks or, with an `activation`, that which says them.

    >>> kind_entries(None, "tanh", recurrent=True)
    {'kind': 'recurrent', 'activation': 'tanh'}
    """
    among = RECURRENT if recurrent else LAYERED
    if kind is None:
        kind = next(name for name in among if (name in ACTIVATED) == (activation is not None))
    if activation is not None and kind not in ACTIVATED:
        raise InputError(f"an activation is for {' and '.join(ACTIVATED)}, not for {kind}")
    return {"kind": kind} if activation is None else {"kind": kind, "activation": activation}


def check_network(network: object) -> None:
    """Raise `InputError` unless `network` is one of the known kinds."""
    if not isinstance(network, tuple(KINDS.values())):
        raise InputError(f"network must be one of {', '.join(KINDS)}, not {shown(network)}")


def network_from_dict(data: object) -> Network:
    """Build a network from the `network` object of an allocation file.

    Raises `InputError` for an unknown kind and for missing or unknown keys.

    >>> network_from_dict({"kind": "linear_feedforward", "widths": [2, 2]})
    LinearFeedforward(widths=(2, 2), bias=False)
    """
    if not isinstance(data, Mapping):
        raise InputError(f"network must be an object, not {shown(data)}")
    if "kind" not in data:
        raise InputError(f"network.kind is missing; it must be one of {', '.join(KINDS)}")
    kind = data["kind"]
    if not isinstance(kind, str) or kind not in KINDS:
        wrong = f"not {shown(kind)}{nearest(kind, KINDS)}"
        raise InputError(f"network.kind must be one of {', '.join(KINDS)}, {wrong}")
    cls = KINDS[kind]
    arguments = {key: value for key, value in data.items() if key != "kind"}
    defaults = _defaults(cls)
    for key in arguments:
        if key not in defaults:
            wrong = f"{shown(key)}{nearest(key, [*defaults, 'kind'])}"
            raise InputError(f"network has no key {wrong}; {kind} has {', '.join(defaults)}")
    for key, default in defaults.items():
        if default is MISSING and key not in arguments:
            raise InputError(f"network.{key} is missing; {kind} needs it")
    return cls(**arguments)


def changed(network: Network, **values: object) -> Network:
    """The network with other values of some keys; raises `InputError` where its kind has none.

    >>> changed(LinearFeedforward([2, 2]), widths=[2, 3, 2])
    LinearFeedforward(widths=(2, 3, 2), bias=False)
    """
    return network_from_dict({**network.to_dict(), **values})
