"""With which versions something was written, said where it cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import metadata

from suite.errors import UserError

PACKAGE = "keras-suite"


def installed(names: Iterable[str]) -> dict[str, str]:
    """The versions of packages, of those that are installed."""
    versions = {}
    for name in names:
        with suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


def other_versions(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The end of a sentence on packages that were of another version when something was written; or "".

    Args:
        then: versions by the names of packages; an empty one is not known.
        now: likewise.
    """
    others = [
        f"{name} {version} (now {now.get(name, 'not installed')})"
        for name, version in then.items()
        if name and version and now.get(name) not in ("", version)
    ]
    return f"; it was written with {' and '.join(others)}" if others else ""


@contextmanager
def said_with(end: Callable[[], str]) -> Iterator[None]:
    """Add the end of a sentence to what the user can read of an error."""
    try:
        yield
    except UserError as error:
        more = end()
        if not more:
            raise
        raise UserError(f"{error}{more}") from error.__cause__
