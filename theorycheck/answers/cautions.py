"""What changes how a verdict is read: constant outputs, learnable weights that act on nothing."""

from __future__ import annotations

from collections.abc import Collection

from ..problem.allocation import Allocation
from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.base import Network
from ..structure.reachability import Idle, Reach, reach

_MOST_NAMED = 6  # outputs in one sentence


def warnings_of(
    allocation: Allocation, samples: int, inputs: Collection[int] | None = None
) -> tuple[str, ...]:
    """Sentences about outputs that do not depend on the inputs, and about idle learnable weights.

    `inputs` names those that are not 0 in all samples, where samples are given.

    >>> from theorycheck import LinearFeedforward
    >>> cut = {"W2": [[1, 0], [0, 0]]}
    >>> warnings_of(Allocation.layer(LinearFeedforward([1, 2, 2]), "W2", present=cut), 1)
    ('output 1 is constant: no present path reaches it',)
    """
    found = reach(allocation, inputs)
    constant = _constant(allocation, samples, found)
    if not (found.by_inputs | found.by_biases).any():
        return tuple(constant)  # which says already that nothing learnable acts
    return (*constant, *_idle(allocation, found.idle))


def _constant(allocation: Allocation, samples: int, found: Reach) -> list[str]:
    network = allocation.network
    constant = [k for k in range(network.outputs) if not found.by_inputs[k]]
    if not constant:
        return []
    groups: dict[str, list[int]] = {}
    for k in constant:
        groups.setdefault(_why(network, found, k), []).append(k)
    sentences = []
    for why, members in groups.items():
        reason = why.format(it="it" if len(members) == 1 else "them")
        sentences.append(f"{_outputs(members, network.outputs)}: {reason}")
    never = samples > 1 or any(not found.by_biases[k] for k in constant)
    if network.is_shallow_relu and never:
        sentences[-1] += "; so no teacher is regular, and the class speaks of none"
    return sentences


def _why(network: Network, found: Reach, output: int) -> str:
    if found.by_biases[output]:
        return f"present paths reach {{it}} from {_sources(network)}, none from an input"
    needed = found.needed[output]
    if network.is_recurrent and needed is not None:
        steps = f"{network.steps} step{'s' if network.steps > 1 else ''}"
        return f"the shortest present path to {{it}} takes {needed} steps, the network has {steps}"
    return "no present path reaches {it}"


def _sources(network: Network) -> str:
    """What adds constants in a network, in words; '' if nothing does."""
    names = dict.fromkeys(n for n in network.activations if ACTIVATIONS[n].at_zero[0] != 0)
    units = [f"units with {name}(0)" for name in names]
    return " or ".join([*(["biases"] if network.bias else []), *units])


def _outputs(members: list[int], total: int) -> str:
    if len(members) == total > 1:
        return "all outputs are constant"
    if len(members) == 1:
        return f"output {members[0]} is constant"
    named = ", ".join(map(str, members[:_MOST_NAMED]))
    more = len(members) - _MOST_NAMED
    return f"outputs {named}{f' and {more} more' if more > 0 else ''} are constant"


def _idle(allocation: Allocation, idle: tuple[Idle, ...]) -> list[str]:
    number = sum(part.number for part in idle)
    if not number:
        return []
    network = allocation.network
    names = ", ".join(
        f"{part.weight}[{','.join(map(str, part.first))}]"
        + (f" and {part.number - 1} more" if part.number > 1 else "")
        for part in idle[:_MOST_NAMED]
    )
    more = " and more" if len(idle) > _MOST_NAMED else ""
    sources = _sources(network)
    start = f"an input or {sources.replace('biases', 'a bias')}" if sources else "an input"
    within = ""
    if network.is_recurrent:
        within = f" within {network.steps} step{'s' if network.steps > 1 else ''}"
    what = f"{number} learnable weights act" if number > 1 else "1 learnable weight acts"
    one = "them" if number > 1 else "it"
    return [
        f"{what} on no output ({names}{more}): no present path through {one} leads from {start} to "
        f"an output{within}"
    ]
