"""A checker written from docs/certificates.md alone: nothing here imports the package."""

from tests.page_checker import graphs
from tests.page_checker.checker import check

__all__ = ["check", "graphs"]
