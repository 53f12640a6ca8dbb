"""The errors of theorycheck. All derive from `TheorycheckError`, itself a `ValueError`."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class TheorycheckError(ValueError):
    """Base of every error that theorycheck raises on purpose."""


class InputError(TheorycheckError):
    """A network, an allocation, a file or an argument is not as it must be."""


class SizeError(TheorycheckError):
    """The computation would need more memory than the stated limit."""


class OutOfTimeError(TheorycheckError):
    """The time allowed for a question was up before this part of it was answered."""


class CertificateError(TheorycheckError):
    """A certificate does not prove what it claims."""


class ContradictionError(TheorycheckError):
    """Two theorems disagree on one allocation: at least one of them (or its code) is wrong."""


def shown(value: object) -> str:
    """`value` as an error message shows it: on one line and never long.

    >>> shown([1] * 1000)
    '[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,...'
    """
    try:
        text = " ".join(repr(value).split())
    except (ValueError, RecursionError):  # an integer of too many digits, a nested list
        return f"a value of type {type(value).__name__} that is too long to show"
    return text if len(text) <= 80 else f"{text[:60]}..."


def place_of(path: object) -> str:
    """A file's name as an error message begins with it: on one line and never long.

    >>> place_of("mask.json"), place_of("")
    ('mask.json', "''")
    """
    text = " ".join(str(path).split()) or repr(str(path))
    return text if len(text) <= 160 else f"{text[:60]}...{text[-60:]}"


def nearest(name: object, known: Iterable[str]) -> str:
    """What an error message adds about an unknown name: the known one most like it, if any is.

    >>> nearest("recurent", ["input", "recurrent", "readout"]), nearest("x", ["input"])
    (" (did you mean 'recurrent'?)", '')
    """
    text = name[:80] if isinstance(name, str) else shown(name)
    same = {known_name.lower().strip("-"): known_name for known_name in known}  # options too
    near = difflib.get_close_matches(text.lower().strip("-"), same, n=1)
    return f" (did you mean {same[near[0]]!r}?)" if near else ""


@contextmanager
def writing(path: object = "") -> Iterator[None]:
    """What the system says against the file written in the `with` block is an `InputError`.

    It names the `path`, if one is given.

    >>> with writing("no/such/file"):
    ...     open("no/such/file", "w")
    Traceback (most recent call last):
        ...
    theorycheck.errors.InputError: no/such/file cannot be written: No such file or directory
    """
    name = f"{path} " if path else ""
    try:
        yield
    except OSError as error:
        raise InputError(f"{name}cannot be written: {error.strerror}") from None
    except TheorycheckError:
        raise
    except ValueError as error:  # a NUL in the path
        raise InputError(f"cannot be written: {error}") from None
