"""Constructors of allocations from what others have: masks, graphs, torch modules, connectomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from .interop.connectomes import read_connectome
from .interop.graphs import masks_from_graph
from .interop.state_dicts import read_state_dict
from .networks.base import Network

if TYPE_CHECKING:
    from typing import Self

    import networkx as nx
    import torch  # pyright: ignore[reportMissingImports]


class Sources:
    """The constructors of `Allocation` that read what was not made for it."""

    if TYPE_CHECKING:

        def __init__(
            self, network: Network, learnable: Mapping[str, Any], present: Mapping[str, Any] | None
        ) -> None: ...

    @classmethod
    def from_masks(
        cls,
        network: Network,
        learnable: Mapping[str, Any],
        present: Mapping[str, Any] | None = None,
    ) -> Self:
        """The allocation of 0/1 masks from any library, by weight name.

        NumPy arrays, nested lists, SciPy sparse matrices, torch tensors and pandas frames may be
        mixed; the constructor takes the same. Raises `InputError` as the constructor does, and for
        masked and missing entries.

        >>> from scipy.sparse import csr_array
        >>> from theorycheck import Allocation, LinearFeedforward
        >>> masks = {"W1": csr_array([[1, 0], [0, 1]])}
        >>> Allocation.from_masks(LinearFeedforward([2, 2]), masks).n_learnable
        2
        """
        return cls(network, learnable, present)

    @classmethod
    def from_networkx(cls, graph: nx.Graph) -> Self:
        """The allocation of a graph of units; the inverse of `to_networkx`.

        Raises `InputError` if the graph has no network or an edge fits no weight.
        """
        return cls(*masks_from_graph(graph))

    @classmethod
    def from_torch(
        cls,
        module: torch.nn.Module,
        gradient_masks: Mapping[str, Any] | None = None,
        *,
        present: Mapping[str, Any] | None = None,
        optimizer: torch.optim.Optimizer | None = None,
        recurrent: Mapping[str, str] | None = None,
        linear: bool = False,
        steps: int | None = None,
        readout: Literal["final", "all"] = "final",
        input: Sequence[int] | None = None,
    ) -> Self:
        """The allocation of a torch module: what is trained, what is frozen, what is absent.

        Read are chains of `nn.Linear` with activations between them, registered or applied as
        functions (feed-forward, linear or shallow ReLU where they are), residual or not; chains of
        `nn.Conv1d` or `nn.Conv2d` with activations, `nn.AvgPool` behind them, and an `nn.Linear`
        (convolutional; `input`, (channels, length) or (channels, height, width), is the size of one
        input, where the `nn.Linear` leaves it open); and an `nn.RNN` with a
        readout `nn.Linear`, unrolled over `steps` (recurrent; `linear=True` declares that it is to
        be read as if its activation were linear; its two biases are one, learnable where either
        is). A loop of one's own is read if `recurrent` names its parameters: `{"input": NAME,
        "recurrent": NAME, "readout": NAME}`, and maybe `bias` and `readout_bias`.

        Learnable are the entries of parameters with `requires_grad` that the `optimizer`, if given,
        holds at a learning rate other than 0, without those that `gradient_masks` (parameter name,
        as in `named_parameters` -> 0/1 mask) or `apply_to_torch` freezes. Entries that
        `torch.nn.utils.prune` has removed are absent, and those that `present` (by parameter name)
        says a `forward` of one's own masks. The values of the weights are never looked at.

        The module is run with random weights, forward and backward, and left as it was: it is read
        only if it computes just that network, and a step moves just what is learnable. Raises
        `InputError` for any other, naming the submodule and what to do instead.
        """
        from .interop.torch_modules import ReadOptions
        from .interop.torch_reading import read_masks

        options = ReadOptions(linear, steps, readout, recurrent, input)
        return cls(*read_masks(module, gradient_masks, present, optimizer, options))

    @classmethod
    def from_peft(
        cls, model: torch.nn.Module, *, optimizer: torch.optim.Optimizer | None = None
    ) -> Self:
        """The allocation of a model with adapters of peft on a chain of `nn.Linear`.

        LoRA of a linear chain is an allocation of the network with one layer more, see `low_rank`;
        SHiRA, `modules_to_save`, trained biases (BitFit) and layers without adapters are entries of
        the network itself. Only active adapters count; `optimizer` as in `from_torch`.

        Raises `InputError` for other adapters, for merged or disabled ones, and where LoRA is no
        allocation (beside a ReLU), with what to do instead.
        """
        from .interop.torch_peft import read_adapters

        return cls(*read_adapters(model, optimizer))

    @classmethod
    def from_state_dict(
        cls,
        tensors: Mapping[str, Any],
        kind: str | None = None,
        *,
        network: Network | None = None,
        steps: int | None = None,
        readout: Literal["final", "all"] = "final",
        layers: Sequence[str] | None = None,
        activation: str | Sequence[str] | None = None,
    ) -> Self:
        """The allocation of tensors with the names of a module's parameters, as in a state dict.

        With masks of `torch.nn.utils.prune` (`0.weight_mask` beside `0.weight_orig`) what these
        leave is present *and learnable*; parameters without one are so in full. Else every tensor
        must be a 0/1 mask, of what is learnable. Values of weights mean nothing, and what else is
        frozen no state dict tells: see `restricted_to`, or read the module (`from_torch`).

        Nor does it tell activations: `kind` says them, or `activation` (as of `Feedforward` and
        `Recurrent`), or `network`. Modules are taken by the
        numbers in their names, or in the one order that their shapes allow; `layers` says another.
        A module with `weight_ih_l0` and one more are a recurrent network of as many `steps`.
        Raises `InputError` for all else.

        >>> from theorycheck import Allocation
        >>> masks = {"0.weight_mask": [[1, 0]], "0.weight_orig": [[0.3, 0.1]]}
        >>> Allocation.from_state_dict(masks, "linear_feedforward").n_present
        1
        """
        found = read_state_dict(
            tensors,
            kind=kind,
            network=network,
            steps=steps,
            readout=readout,
            layers=layers,
            activation=activation,
        )
        return cls(*found)

    @classmethod
    def from_edges(
        cls,
        edges: Any,
        *,
        inputs: Iterable[Any] | Mapping[Any, Iterable[Any]],
        outputs: Iterable[Any] | Mapping[Any, Iterable[Any]],
        steps: int | None = None,
        readout: Literal["final", "all"] = "final",
        learnable: Any = None,
        labels: Sequence[Any] | None = None,
        rows: Literal["targets", "sources"] = "targets",
        kind: str | None = None,
        activation: str | Sequence[str] | None = None,
    ) -> Self:
        """The allocation of a connectome (a wiring diagram): connections between named units.

        `edges` are pairs (source, target) or triples (source, target, learnable), or a frame with
        such columns, or the path of a CSV file; or a square matrix whose non-zero entries are
        connections, with `labels` (a frame has its own). **The rows of a matrix are targets, its
        columns sources**: entry [i, j] is the connection from unit j to unit i, as in every weight
        here. Say `rows="sources"` for a matrix that is the other way round, as many connectomes.

        With `steps` the network is recurrent. Every unit, inputs and outputs too, is one of its
        hidden units, in the order of `labels`, else of first mention, and the connections are its
        weight `recurrent`. One input of the network drives each unit of `inputs`, one output reads
        each of `outputs`, both by a frozen connection; as a mapping, name -> units, each name is an
        input (output) with a frozen connection to all of its units. Without `steps` the network is
        feed-forward, and all paths from the inputs to a unit must have the same length, which is
        its layer. Networks are linear unless `activation` (as of `Feedforward` and `Recurrent`) or
        the `kind` of a feed-forward one says otherwise.

        `learnable` says it for pairs and matrices: true (all connections, the default for these),
        false (none), pairs, or a 0/1 matrix. A pair that comes twice is one connection.
        `unit_names` tells which unit has which number. Raises `InputError` for unknown names,
        ambiguous layers, and edges that say different things.

        >>> from theorycheck import Allocation
        >>> edges = [("a", "b", True), ("b", "c", False), ("c", "b", True)]
        >>> found = Allocation.from_edges(edges, inputs=["a"], outputs=["c"], steps=4)
        >>> found.network.hidden, found.mask("recurrent").astype(int).tolist()
        (3, [[0, 0, 0], [1, 0, 1], [0, 0, 0]])
        """
        found = read_connectome(
            edges, inputs, outputs, steps, readout, learnable, labels, rows, kind, activation
        )
        return cls(found.network, found.learnable, found.present)


def unit_names(
    edges: Any,
    *,
    inputs: Iterable[Any] | Mapping[Any, Iterable[Any]],
    outputs: Iterable[Any] | Mapping[Any, Iterable[Any]],
    steps: int | None = None,
    labels: Sequence[Any] | None = None,
    **others: Any,
) -> dict[Any, list[Any]]:
    """Which unit has which number in `Allocation.from_edges`, with the same arguments.

    The names of each level: "input", "hidden", "output" of a recurrent network, 0, 1, ... of a
    feed-forward one, as in graphs of units.

    >>> edges = [("a", "b"), ("b", "c")]
    >>> unit_names(edges, inputs=["a"], outputs=["c"], steps=4)
    {'input': ['a'], 'hidden': ['a', 'b', 'c'], 'output': ['c']}
    """
    defaults = {"readout": "final", "learnable": None, "rows": "targets"}
    options = {**defaults, "kind": None, **others}
    return read_connectome(edges, inputs, outputs, steps, labels=labels, **options).units
