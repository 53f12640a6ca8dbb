"""theorycheck: is this choice of learnable weights any good? Answered without training."""

import lazy_loader

from .version import __version__ as __version__

# Loaded on first use: `theorycheck --help` must not wait for NumPy. `__init__.pyi` lists the names.
# No public function may carry the name of a submodule, whose import would put it in its place.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
