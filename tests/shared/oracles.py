"""Independent oracles: the same quantities computed another way, slowly and plainly."""

from __future__ import annotations

from itertools import combinations, product

import networkx as nx
import numpy as np
from flint import nmod_mat

from theorycheck import Allocation, LinearFeedforward, LinearRecurrent

PRIME = 536_870_909  # below 2^29, so that int64 sums of a few products are exact


def dual_number_rank(allocation: Allocation, samples: int, which: str) -> int:
    """Generic rank of the Jacobian by forward-mode differentiation modulo another, larger prime.

    Every weight of `which` gets one forward pass of pairs (value, derivative); FLINT takes the
    rank. Two random points outvote each other.
    """
    return max(_rank_at_random_point(allocation, samples, which, seed) for seed in (1, 2))


def _rank_at_random_point(allocation: Allocation, samples: int, which: str, seed: int) -> int:
    network = allocation.network
    rng = np.random.default_rng(seed)
    weights = {
        name: rng.integers(1, PRIME, shape) * allocation.present_mask(name)
        for name, shape in network.weight_shapes.items()
    }
    steps = (network.steps,) if isinstance(network, LinearRecurrent) else ()
    inputs = rng.integers(1, PRIME, (samples, *steps, network.inputs))
    rows: list[list[int]] = []
    for name in network.weight_shapes:
        for index in np.argwhere(getattr(allocation, which)[name]):
            direction = {key: np.zeros_like(value) for key, value in weights.items()}
            direction[name][tuple(index)] = 1
            rows.append(_derivative(network, weights, direction, inputs).tolist())
    return nmod_mat(rows, PRIME).rank() if rows else 0


def _derivative(network, weights, direction, inputs) -> np.ndarray:
    """Derivative of all outputs on all samples along `direction`, modulo PRIME."""

    def times(name: str, value, change):
        w, dw = weights[name], direction[name]
        return w @ value % PRIME, (w @ change + dw @ value) % PRIME

    if isinstance(network, LinearFeedforward):
        value, change = inputs.T, np.zeros_like(inputs.T)
        for layer in range(1, network.depth + 1):
            value, change = times(f"W{layer}", value, change)
            if network.bias:
                value = (value + weights[f"b{layer}"][:, None]) % PRIME
                change = (change + direction[f"b{layer}"][:, None]) % PRIME
        return change.ravel()
    assert isinstance(network, LinearRecurrent)
    value = change = np.zeros((network.hidden, len(inputs)), dtype=np.int64)
    outputs = []
    for step in range(network.steps):
        drive = times("input", inputs[:, step].T, np.zeros_like(inputs[:, step].T))
        state = times("recurrent", value, change)
        value, change = ((a + b) % PRIME for a, b in zip(drive, state, strict=True))
        outputs.append(times("readout", value, change)[1])
    return np.ravel(outputs if network.readout == "all" else outputs[-1])


def path_graph(allocation: Allocation) -> tuple[nx.MultiDiGraph, list, list]:
    """The unrolled network as a graph, with its sources and its outputs."""
    network = allocation.network
    graph = nx.MultiDiGraph()

    def connect(name: str, tail, head) -> None:
        """Edges of weight `name` between the units named tail(j) and head(i)."""
        for index in np.argwhere(allocation.present_mask(name)):
            i, j = (int(index[0]), int(index[-1]))
            source = tail(j) if len(index) == 2 else ("constant", name)
            learnable = bool(allocation.mask(name)[tuple(index)])
            entry = (name, tuple(index.tolist()))
            graph.add_edge(source, head(i), learnable=learnable, entry=entry)

    if isinstance(network, LinearFeedforward):
        for layer in range(1, network.depth + 1):
            for name in (f"W{layer}", f"b{layer}"):
                if name in network.weight_shapes:
                    connect(name, lambda j, k=layer: (k - 1, j), lambda i, k=layer: (k, i))
        sources = [(0, j) for j in range(network.inputs)]
        outputs = [(network.depth, i) for i in range(network.outputs)]
    else:
        assert isinstance(network, LinearRecurrent)
        times = range(1, network.steps + 1)
        for t in times:
            connect("input", lambda j, t=t: ("x", t, j), lambda i, t=t: ("h", t, i))
            if t > 1:
                connect("recurrent", lambda j, t=t: ("h", t - 1, j), lambda i, t=t: ("h", t, i))
            if network.readout == "all" or t == network.steps:
                connect("readout", lambda j, t=t: ("h", t, j), lambda i, t=t: ("y", t, i))
        sources = [("x", t, j) for t in times for j in range(network.inputs)]
        outputs = [("y", t, i) for t in times for i in range(network.outputs)]
    sources += [node for node in graph if node[0] == "constant"]
    return graph, sources, outputs


def has_conflict(allocation: Allocation) -> bool:
    """Whether some input-output path has two learnable edges, by listing every path."""
    graph, sources, outputs = path_graph(allocation)
    for source, output in product(sources, outputs):
        if source in graph and output in graph:
            for path in nx.all_simple_edge_paths(graph, source, output):
                if sum(graph.get_edge_data(*edge)["learnable"] for edge in path) >= 2:
                    return True
    return False


def conflicting_pairs(allocation: Allocation) -> set[frozenset]:
    """Pairs of learnables on a common input-output path, by listing every path."""
    graph, sources, outputs = path_graph(allocation)
    pairs: set[frozenset] = set()
    for source, output in product(sources, outputs):
        if source in graph and output in graph:
            for path in nx.all_simple_edge_paths(graph, source, output):
                data = [graph.get_edge_data(*edge) for edge in path]
                met = [edge["entry"] for edge in data if edge["learnable"]]
                pairs |= {frozenset(pair) for pair in combinations(met, 2)}
    return pairs


def forward(network, weights: dict[str, np.ndarray], inputs: np.ndarray) -> np.ndarray:
    """Outputs in floating point; `inputs` is (samples, n_0) or (samples, steps, n_in)."""
    if isinstance(network, LinearFeedforward):
        state = inputs.T
        for layer in range(1, network.depth + 1):
            state = weights[f"W{layer}"] @ state
            if network.bias:
                state = state + weights[f"b{layer}"][:, None]
        return state.ravel()
    state = np.zeros((network.hidden, len(inputs)))
    outputs = []
    for step in range(network.steps):
        state = weights["recurrent"] @ state + weights["input"] @ inputs[:, step].T
        outputs.append(weights["readout"] @ state)
    return np.ravel(outputs if network.readout == "all" else outputs[-1])
