"""Whether a module in training mode computes otherwise than in evaluation mode."""

from __future__ import annotations

from ...problem.interop.torch_modules import torch_module
from ...problem.interop.torch_slots import Module


def differing(module: Module) -> list[str]:
    """The submodules in training mode that torch knows to compute otherwise there, by name."""
    nn = torch_module().nn
    found = []
    for name, part in module.named_modules():
        if not part.training:
            continue
        has_statistics = (
            isinstance(part, nn.modules.batchnorm._NormBase) and part.track_running_stats
        )
        is_dropout = isinstance(part, nn.modules.dropout._DropoutNd) and part.p > 0
        drops = getattr(part, "dropout", 0.0)  # of attention and recurrent layers
        if has_statistics or is_dropout or (isinstance(drops, float) and drops > 0):
            found.append(name)
    return found


def warnings_of(module: Module) -> list[str]:
    """What to say of a module in training mode: it is measured in evaluation mode.

    >>> import pytest
    >>> torch = pytest.importorskip("torch")
    >>> len(warnings_of(torch.nn.Dropout(0.5))), warnings_of(torch.nn.Linear(2, 3))
    (1, [])
    """
    names = differing(module)
    if not names:
        return []
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    some = ", ".join(map(repr, names[:4]))
    return [
        f"{some}{more} in training mode: measured in evaluation mode, without "
        "dropout and with running statistics"
    ]
