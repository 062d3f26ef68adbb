"""Regular expressions that users give, on names from anywhere: matching ends within a second.

The standard library's matcher goes on for years on some pairs of a pattern and a name (`(a+)+b`), and nothing
stops it. That of the package `regex` takes the same patterns and a time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from suite.errors import UserError
from suite.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS = 1.0
"""That one name may take."""


class BoundedPattern:
    """A regular expression of Python's `re`, whose matching is bounded in time.

    Args:
        pattern: the expression.
        what: the beginning of a message: "groups = '(a+)+b'".

    Attributes:
        groups: how many groups in parentheses there are.

    Raises:
        UserError: if it is no regular expression.
    """

    def __init__(self, pattern: str, what: str) -> None:
        import regex  # here, since few runs have a pattern

        self._what = what
        try:
            self.groups = re.compile(pattern).groups  # whose messages are better, and nothing else is allowed
            self._pattern: Any = regex.compile(pattern, regex.VERSION0, cache_pattern=False)
        except (re.error, regex.error, OverflowError, RecursionError) as error:
            raise UserError(f"{what} is no regular expression: {error}") from None

    def search(self, name: str) -> Found | None:
        """The first place in a name that matches. Raises `UserError` if it takes too long."""
        return self._found(self._pattern.search, name)

    def fullmatch(self, name: str) -> Found | None:
        """The whole name, if it matches. Raises `UserError` if it takes too long."""
        return self._found(self._pattern.fullmatch, name)

    def _found(self, match: Any, name: str) -> Found | None:
        try:
            found = match(name, timeout=SECONDS)
        except TimeoutError:
            raise UserError(
                f"{self._what} takes more than {SECONDS:g} s for '{shortened(name, 100)}', which it could"
                " match in too many ways: a repetition within a repetition, (a+)+, is what takes long"
            ) from None
        return None if found is None else Found(found.group(), found.groups(), found.groupdict())


class Found:
    """What a pattern matched.

    Attributes:
        text: all of it.
        groups: what is in parentheses; None for what took no part.
        named: that by name.
    """

    __slots__ = ("groups", "named", "text")

    def __init__(self, text: str, groups: Sequence[str | None], named: Mapping[str, str]) -> None:
        self.text = text
        self.groups = groups
        self.named = named
