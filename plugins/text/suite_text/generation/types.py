"""What loaders, builders and evaluators of text generation share: inputs, targets and predictions.

An example is a *passage* of text: its input is something with a `text` that is read when it is asked for, its
target the number of bytes of that text in UTF-8. A passage is scored: how many bits tell it to somebody who
has the model. What `suite predict` is given, a word, a line or a file, is gone on with.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from suite import UserError


class Continuation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The prediction for a text: what it is worth, and how it goes on.

    Attributes:
        text: what was written after the given text; empty where that was only scored.
        bits: minus the binary logarithm of the probability of the given text. Characters that the
            vocabulary does not have count 8 bits for each of their bytes besides.
        tokens: the tokens of the given text that the bits are of; 0 where that is not known.
        ended: whether the text ends here; else it was only enough.
        written: the tokens of `text`.
        by_place: the bits of the tokens by their place in the text, in the groups of `PLACES`.
        pieces: the given text in pieces, each with its bits; only where the input is `Dissected`.
    """

    text: str = ""
    bits: float = 0.0
    tokens: int = 0
    ended: bool = False
    written: tuple[int, ...] = ()
    by_place: tuple[float, ...] = ()
    pieces: tuple[tuple[str, float], ...] = ()

    def __str__(self) -> str:
        """For people: what was written."""
        return self.text


PLACES = (16, 32, 64, 128, 256, 512, 1024)
"""Up to which place, counted from 1, each group of tokens goes; the last one has no end."""


@dataclass(frozen=True)
class Dissected:
    """A text that is to be scored piece by piece.

    Attributes:
        text: the text.
        name: how a message calls it.
    """

    text: str
    name: str = "the text"


def bytes_of(target: object, name: str) -> int:
    """The number of bytes that a target is.

    Raises:
        suite.UserError: where it is none.
    """
    if isinstance(target, bool) or not isinstance(target, int) or target < 0:
        raise UserError(f"'{name}': expected the number of bytes of a passage as its target, not {target!r}")
    return target
