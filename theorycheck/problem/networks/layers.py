"""What networks have in common whose layers follow each other, `W1`, `b1`, `W2`, ... by name."""

from __future__ import annotations

from functools import cached_property

from .base import Network
from .unrolled import Group


class LayerAfterLayer(Network):
    """Layers 1 to L of matrices or filters, with biases in all of them or in none."""

    @property
    def depth(self) -> int:
        """Number of weight layers L."""
        return len(self.widths) - 1

    @cached_property
    def weight_layers(self) -> tuple[tuple[str, ...], ...]:
        """The weights of layers 1 to L: `("W1",)`, with biases `("W1", "b1")`, and so on."""
        names = ("W", "b") if self.bias else ("W",)
        return tuple(
            tuple(f"{name}{layer}" for name in names) for layer in range(1, self.depth + 1)
        )

    @cached_property
    def groups(self) -> dict[Group, int]:
        """Number of the layer -> its units (channels), 0 for the inputs."""
        return dict(enumerate(self.widths))

    def ends(self, weight: str) -> tuple[Group, Group]:
        """The layers that a weight leads from and to; for a bias both are its own."""
        layer = int(weight[1:])
        return (layer - 1 if weight[0] == "W" else layer), layer
