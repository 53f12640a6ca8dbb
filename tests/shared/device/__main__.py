"""Prints the names and signatures of the CuPy that is installed: see `names`."""

import json

import cupy  # pyright: ignore[reportMissingImports]

from .names import names_of

print(json.dumps(names_of(cupy), indent=0, sort_keys=True))
