"""Packages that a plugin needs for a part of what it does: a sentence says how to install them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from suite.errors import UserError


@contextmanager
def needing(extra: str, what: str = "training, inspecting and scoring need") -> Iterator[None]:
    """Import within it what a distribution has in an extra.

        with needing("suite-birds[train]"):
            import ornithology

    Args:
        extra: as it is installed.
        what: the beginning of the sentence, which the name of the package ends.

    Raises:
        UserError: if the package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package or find_spec(package) is not None:
            raise  # a module that is missing from a package that is there
        raise UserError(f"{what} {package}, which is not installed: pip install '{extra}'") from None
