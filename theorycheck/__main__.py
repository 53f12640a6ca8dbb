"""`python -m theorycheck`."""

from .cli import main

main()
