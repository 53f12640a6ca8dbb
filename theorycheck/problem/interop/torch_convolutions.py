"""Convolutional torch modules: filters, activations and average pooling, and a dense head."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import InputError
from ..networks.base import Network
from ..networks.kinds import FILTERED, network_from_dict
from .torch_activations import TRIED
from .torch_images import Axis, Images
from .torch_modules import LinearLayer, Reading, linear_layer, slots_of, torch_module
from .torch_refusals import place_of, refusal, why_unknown
from .torch_slots import Module
from .torch_steps import Link, Sizes, Step, sizes, step_of
from .torch_traces import Trace


@dataclass(frozen=True)
class _Filters:
    """A convolution: its weights, and what it does along each axis."""

    layer: LinearLayer
    kernel: Sizes
    stride: Sizes
    padding: Sizes


def has_convolutions(layers: Sequence[tuple[str, Module]]) -> bool:
    """Whether convolutions in one or two dimensions are among the layers."""
    return any(_is_convolution(layer) for _, layer in layers)


def _is_convolution(layer: Module) -> bool:
    nn = torch_module().nn
    lazy = nn.modules.lazy.LazyModuleMixin
    return isinstance(layer, (nn.Conv1d, nn.Conv2d)) and not isinstance(layer, lazy)


def read_convolutions(
    layers: list[tuple[str, Module]], trace: Trace | None, image: Sequence[int] | None
) -> Reading:
    """The convolutional networks that a module may be, for inputs of the size `image`."""
    try:
        return _read(layers, trace, image)
    except InputError as error:
        if trace is None or not trace.unknown:
            raise
        was = f"its forward {trace.unknown}, so layers were taken as they are registered"
        raise InputError(f"{was}: {error}") from None


def _read(
    layers: list[tuple[str, Module]], trace: Trace | None, image: Sequence[int] | None
) -> Reading:
    flat: Sizes = ()
    if type(layers[0][1]).__name__ == "Unflatten":
        image, flat = _unflattened(*layers[0], image)
        layers = layers[1:]
    named, is_told = dict(layers), trace is None or not trace.unknown
    if trace is None or trace.unknown:
        links = _registered(layers)
    else:
        links = list(trace.links)
        if trace.before:
            raise refusal(links[0].name, named[links[0].name], "reads no inputs as they are")
    filters, head = _weights(links, named)
    _check_order(links, named)
    axes = _axes(filters, [link.steps for link in links[:-1]])
    left = filters[-1].layer.outputs
    images = Images(filters[0].layer.inputs, axes, head.name, head.inputs // left, left)
    size = images.found() if image is None else images.of(image)
    weights = [*(one.layer for one in filters), head]
    sized = {
        "input": size,
        "layers": _layers_of(filters, axes, size),
        "outputs": head.outputs,
        "bias": any(one.bias is not None for one in weights),
    }
    networks = [
        _network({**sized, "activation": names}, size)
        for names in _activations(links[:-1], is_told)
    ]
    hint = f"; its forward {trace.unknown}" if trace is not None and trace.unknown else ""
    points = (flat,) if flat else (tuple(size), (math.prod(size),))
    return Reading(tuple(networks), slots_of(weights), hint=hint, points=points)


def _registered(layers: list[tuple[str, Module]]) -> list[Link]:
    """The links in the order in which they were registered."""
    links: list[Link] = []
    for name, layer in layers:
        step = step_of(layer)
        if step is None:
            links.append(Link(name))
        elif step.why:
            raise refusal(name, layer, step.why)
        elif not links:
            what = "is an activation" if step.activation else "pools"
            raise refusal(name, layer, f"{what} before the first convolution, where none is read")
        else:
            last = links[-1]
            links[-1] = Link(last.name, (*last.steps, step))
    return links


def _weights(
    links: Sequence[Link], layers: Mapping[str, Module]
) -> tuple[list[_Filters], LinearLayer]:
    """The convolutions and the head; raises `InputError` for what they are not."""
    *before, last = [link.name for link in links]
    nn = torch_module().nn
    filters: list[_Filters] = []
    for name in before:
        layer = layers[name]
        if isinstance(layer, nn.Linear):
            raise refusal(name, layer, _why_dense(layer, filters))
        filters.append(_filters(name, layer, filters[-1] if filters else None))
    if _is_convolution(layers[last]):
        why = (
            "is a convolution without a head behind it: nn.Flatten() and an nn.Linear, whose "
            "outputs are those of the network"
        )
        raise refusal(last, layers[last], why)
    if not isinstance(layers[last], nn.Linear):
        raise refusal(last, layers[last], why_unknown(layers[last]))
    head = layers[last]
    read = linear_layer(last, head, head.in_features, head.out_features)
    if read.inputs % filters[-1].layer.outputs:
        channels = filters[-1].layer.outputs
        why = f"takes {read.inputs} inputs, which {channels} channels cannot give"
        raise refusal(last, head, why)
    return filters, read


def _why_dense(layer: Module, filters: Sequence[_Filters]) -> str:
    if not filters:
        return "is an nn.Linear before a convolution: convolutions come first"
    kind = "Conv1d" if len(filters[-1].kernel) == 1 else "Conv2d"
    channels = filters[-1].layer.outputs
    return (
        "is an nn.Linear behind convolutions, but not the last layer, the head: "
        f"nn.{kind}({channels}, {layer.out_features}, kernel), with the size of what is left as "
        "its kernel, computes the same and is read"
    )


def _filters(name: str, layer: Module, before: _Filters | None) -> _Filters:
    if not _is_convolution(layer):
        raise refusal(name, layer, why_unknown(layer))
    for key, wanted in (("groups", 1), ("dilation", 1), ("padding_mode", "zeros")):
        value = getattr(layer, key)
        if (value if isinstance(value, (int, str)) else max(value)) != wanted:
            why = f"has {key}={value!r}: {key}={wanted!r} is read"
            raise refusal(name, layer, why)
    kernel, stride = sizes(layer.kernel_size), sizes(layer.stride)
    given = layer.padding
    padding = (0,) * len(kernel) if given == "valid" else sizes(given)
    if given == "same":
        padding = tuple((size - 1) // 2 for size in kernel)
        if any(size % 2 == 0 for size in kernel):
            why = "pads one side more than the other (padding='same'): an odd kernel is read"
            raise refusal(name, layer, why)
    if any(pad >= size for pad, size in zip(padding, kernel, strict=True)):
        why = (
            f"has padding {list(padding)} with kernel {list(kernel)}: less than the kernel is read"
        )
        raise refusal(name, layer, why)
    if before is not None and (
        layer.in_channels != before.layer.outputs or len(kernel) != len(before.kernel)
    ):
        why = (
            f"does not take what {before.layer.name!r} gives; a chain is read, layers registered "
            "in the order of their use"
        )
        raise refusal(name, layer, why)
    read = linear_layer(name, layer, layer.in_channels, layer.out_channels)
    return _Filters(read, kernel, stride, padding)


def _check_order(links: Sequence[Link], layers: Mapping[str, Module]) -> None:
    """Raise `InputError` for an activation behind a pooling, and for anything behind the head."""
    for link in links[:-1]:
        names = [step.activation for step in link.steps]
        acting = [number for number, name in enumerate(names) if name not in ("", "linear")]
        if len(acting) > 1 or (acting and acting[0] > 0 and "" in names[: acting[0]]):
            why = (
                "is followed by an activation behind a pooling, or by two: one activation is read, "
                "then poolings"
            )
            raise refusal(link.name, layers[link.name], why)
        if link.around:
            why = "is a residual convolution: residual layers are read of nn.Linear alone"
            raise refusal(link.name, layers[link.name], why)
    if links[-1].steps or links[-1].around:
        last = links[-1]
        why = "is the head, and is followed by something: outputs are linear"
        raise refusal(last.name, layers[last.name], why)


def _axes(filters: Sequence[_Filters], behind: Sequence[tuple[Step, ...]]) -> list[Axis]:
    """What happens along each axis."""
    found = []
    for axis in range(len(filters[0].kernel)):
        settings = tuple((f.kernel[axis], f.stride[axis], f.padding[axis]) for f in filters)
        poolings = tuple(
            tuple((step.size[axis % len(step.size)], step.adaptive) for step in steps if step.size)
            for steps in behind
        )
        found.append(Axis(settings, poolings))
    return found


def _layers_of(
    filters: Sequence[_Filters], axes: Sequence[Axis], image: Sequence[int]
) -> list[dict[str, Any]]:
    """The layers of the network object, for images of a size that fits."""
    fits = [axis.windows(size) for axis, size in zip(axes, image[1:], strict=True)]
    pools = zip(*[found[0] for found in fits if found is not None], strict=True)
    return [
        {
            "channels": f.layer.outputs,
            "kernel": list(f.kernel),
            "stride": list(f.stride),
            "padding": list(f.padding),
            "pool": list(pool),
        }
        for f, pool in zip(filters, pools, strict=True)
    ]


def _activations(links: Sequence[Link], is_told: bool) -> list[list[str]]:
    """Of each convolution: what is told, and else one for all, which the run has to tell."""
    own = [[step.activation for step in link.steps if step.activation] for link in links]
    told = [([name for name in names if name != "linear"] or ["linear"])[0] for names in own]
    if is_told:
        return [told]
    return [told, *([name] * len(links) for name in TRIED)]


def _network(values: dict[str, Any], image: Sequence[int]) -> Network:
    try:
        return network_from_dict({"kind": FILTERED[0], **values})
    except InputError as error:
        raise InputError(f"for inputs of size {list(image)}: {error}") from None


def _unflattened(
    name: str, layer: Module, given: Sequence[int] | None
) -> tuple[Sequence[int], Sizes]:
    """The image that a first nn.Unflatten makes of flat inputs, and the shape of these."""
    image = sizes(tuple(layer.unflattened_size))
    if layer.dim != 1 or not image or min(image) < 1:
        what = f"{place_of(name, layer)} must make images of axis 1, of sizes told in full"
        raise InputError(f"{what}: nn.Unflatten(1, (channels, height, width))")
    if given is not None and sizes(given) != image:
        raise InputError(f"input={list(given)} is not what {name!r} gives, {list(image)}")
    return list(image), (math.prod(image),)
