"""How precisely a module computes: where it leaves double precision on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...problem.interop.torch_memory import Tensor
from ...problem.interop.torch_modules import torch_module


@dataclass(frozen=True, eq=False)
class Watched:
    """The outputs of a run, and what was seen on the way.

    `epsilon` is that of the coarsest type into which finer numbers were cast; `volume` is the
    number of all real numbers that were computed.
    """

    outputs: Tensor
    epsilon: float
    volume: int


def watched(run: Callable[[], Tensor]) -> Watched:
    """Run, and look at the types of what goes into every operation of torch and comes out."""
    torch = torch_module()
    from torch.utils._python_dispatch import (  # pyright: ignore[reportMissingImports]
        TorchDispatchMode,
    )
    from torch.utils._pytree import (  # pyright: ignore[reportMissingImports]
        tree_flatten,
    )

    seen: dict[str, Any] = {"epsilon": torch.finfo(torch.float64).eps, "volume": 0}

    def epsilons(tree: Any) -> list[float]:
        tensors = [leaf for leaf in tree_flatten(tree)[0] if isinstance(leaf, torch.Tensor)]
        real = [t.dtype for t in tensors if t.dtype.is_floating_point or t.dtype.is_complex]
        return [torch.finfo(dtype).eps for dtype in real]

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            found = func(*args, **(kwargs or {}))
            before, after = epsilons((args, kwargs)), epsilons(found)
            if before and after and max(after) > min(before):
                seen["epsilon"] = max(seen["epsilon"], *after)
            seen["volume"] += sum(
                leaf.numel() for leaf in tree_flatten(found)[0] if isinstance(leaf, torch.Tensor)
            )
            return found

    with Watch():
        outputs = run()
    return Watched(outputs, seen["epsilon"], seen["volume"])
