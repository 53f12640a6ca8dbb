"""The errors of theorycheck. All derive from `TheorycheckError`, itself a `ValueError`."""


class TheorycheckError(ValueError):
    """Base of every error that theorycheck raises on purpose."""


class InputError(TheorycheckError):
    """A network, an allocation, a file or an argument is not as it must be."""


class SizeError(TheorycheckError):
    """The computation would need more memory than the stated limit."""


class CertificateError(TheorycheckError):
    """A certificate does not prove what it claims."""


class ContradictionError(TheorycheckError):
    """Two theorems disagree on one allocation: at least one of them (or its code) is wrong."""
