"""Which way to translate, if the data does not say it."""

from __future__ import annotations

from collections.abc import Sequence

from suite import UserError
from suite.kit import nearest

_SOURCES = ("source", "src")


def direction(location: str, languages: Sequence[str], source: str, target: str) -> tuple[str, str]:
    """What to translate from and to.

    Args:
        location: how messages call what has the languages.
        languages: the languages, or the columns, that there are: two or more.
        source: the language that the user named; empty for none.
        target: the same.

    Raises:
        UserError: if that leaves the direction open; the message says what to type.
    """
    for option, named in (("source", source), ("target", target)):
        if named and named not in languages:
            raise UserError(f"{location} has no {option} '{named}': {nearest(named, languages)}")
    if source and source == target:
        raise UserError(f"source and target are both '{source}': name two of {', '.join(languages)}")
    rest = [name for name in languages if name not in (source, target)]
    if source and target:
        return source, target
    if len(languages) == 2 and (source or target):
        return (source or rest[0]), (target or rest[0])
    if len(languages) == 2 and languages[0] in _SOURCES and languages[1] not in _SOURCES:
        return languages[0], languages[1]
    if len(languages) == 2:
        first, second = languages
        raise UserError(
            f"{location} has '{first}' and '{second}': say which to translate from, with --set"
            f" loader.source={first} or --set loader.source={second}"
        )
    missing = " ".join(
        f"--set loader.{option}=NAME"
        for option, named in (("source", source), ("target", target))
        if not named
    )
    raise UserError(f"{location} has {', '.join(languages)}: say which two are meant, with {missing}")
