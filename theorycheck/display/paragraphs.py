"""Results as people read them: labelled lines, the same on the command line and in notebooks."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import NamedTuple

INDENT = " " * 13
WARNING = "warning"  # the label of what changes how the others are read


def printable(text: object, instead: Callable[[str], str] = lambda _: "?") -> str:
    """Text that pages, pictures and terminals can show, on one line.

    White space becomes spaces, any other character that is not printable what is to be there
    `instead`.

    >>> printable("a\\nb\\x00\\udcff")
    'a b??'
    """
    return "".join(c if c.isprintable() else " " if c.isspace() else instead(c) for c in str(text))


def one_line(text: object) -> str:
    """Text without line breaks, its words parted by single spaces.

    >>> one_line("a\\n  b")
    'a b'
    """
    return " ".join(str(text).split())


class Paragraph(NamedTuple):
    """A labelled paragraph; `style` is that of the label on terminals, in the words of rich."""

    label: str
    text: str
    style: str = ""

    def lines(self, width: int = 100) -> list[str]:
        """Its lines, wrapped after `width` characters; further ones are indented.

        >>> Paragraph("rigor", "proved").lines()
        ['  rigor      proved']
        """
        room = max(min(width, 100) - len(INDENT), 20)
        wrapper = textwrap.TextWrapper(room, break_long_words=False, break_on_hyphens=False)
        first, *more = wrapper.wrap(self.text) or [""]
        # A longer label pushes the first line.
        return [f"  {self.label.ljust(len(INDENT) - 3)} {first}", *(INDENT + line for line in more)]


def list_some(names: Sequence[str], most: int = 8) -> str:
    """A list in words, cut after `most`.

    >>> list_some(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def samples_in_words(samples: int) -> str:
    """How many samples there are.

    >>> samples_in_words(1), samples_in_words(3)
    ('1 sample', '3 samples')
    """
    return f"{samples} sample{'' if samples == 1 else 's'}"


def rigor_in_words(error_bound: float) -> str:
    """Whether something is proved, else how probable an error is at most.

    >>> rigor_in_words(0.0), rigor_in_words(2e-9)
    ('proved', 'probabilistic: wrong with probability at most 2.0e-09')
    """
    if not error_bound:
        return "proved"
    return f"probabilistic: wrong with probability at most {error_bound:.1e}"
