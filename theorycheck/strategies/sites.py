"""Where a layer stands at the edge of T3 and T4: networks made for one layer, and their sizes."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..problem.networks.base import Network
from ..problem.networks.feedforward import LinearFeedforward
from ..ranks.point import effective_samples
from .masks import Layer, layers
from .networks import Linear, samples


class Site(NamedTuple):
    """One layer of a network on `samples` inputs, to hold all learnables."""

    network: Linear
    layer: Layer
    samples: int

    @property
    def columns_needed(self) -> int:
        """m_e: the samples that count."""
        return effective_samples(self.network, self.samples)

    @property
    def spare(self) -> tuple[int, int]:
        """a = rows - d and b = columns - m_e of T4."""
        rows, columns = self.layer.shape
        return rows - self.network.outputs, columns - self.columns_needed


@st.composite
def sites(
    draw: st.DrawFn,
    rows: SearchStrategy[int] | None = None,
    columns: SearchStrategy[int] | None = None,
    least: int = 1,
) -> Site:
    """Feed-forward layers of d + a rows and m_e + b columns that no other layer narrows.

    a is drawn from `rows`, b from `columns` (0 to 2 by default), d and m_e from `least` on.
    """
    d, m_e = draw(st.integers(least, 3)), draw(st.integers(least, 3))
    a = draw(st.integers(0, 2) if rows is None else rows)
    b = draw(st.integers(0, 2) if columns is None else columns)
    ahead, extra = draw(st.booleans()), draw(st.integers(0, 1))
    spare_inputs = extra if ahead else b
    bias = min(m_e + b, m_e + spare_inputs) > 1 and draw(st.booleans())
    widths = [m_e + b - bias, d + a]
    if ahead:
        widths.insert(0, m_e + spare_inputs - bias)
    if draw(st.booleans()) and a == 0:
        widths.append(d + extra)
    if widths[-1] != d:
        widths.append(d)
    network = LinearFeedforward(widths, bias=bias)
    more = draw(st.integers(0, 1)) if spare_inputs == 0 else 0
    return Site(network, layers(network)[ahead], m_e + more)


@st.composite
def sites_of(draw: st.DrawFn, networks: SearchStrategy[Network]) -> Site:
    """Any layer of the given linear networks on any number of samples."""
    network = draw(networks)
    return Site(network, draw(st.sampled_from(layers(network))), draw(samples()))  # type: ignore
