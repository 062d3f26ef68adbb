"""What loaders, builders and evaluators of text generation share: facts, inputs, targets and predictions.

An example is a *passage* of text, which is scored: how many bits it takes for somebody who has the model.
The inputs
of `suite predict`, words, lines or files, are prompts: the model continues them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypedDict

import msgspec

from suite import UserError
from suite.kit import shown
from suite_text.reading.cleaning import CleaningFact
from suite_text.reading.input_files import InputFilesFact

if TYPE_CHECKING:
    from suite_text.generation.examples import Passage
    from suite_text.reading.lines import Line

    Input = Passage | Line | str
"""A passage is scored; a line or a string is continued. Codecs also continue paths, sources and bytes."""

Target = int
"""The number of bytes of the passage in UTF-8."""


class Facts(TypedDict, total=False):
    """What is known of all splits of the data.

    Attributes:
        cleaning: what was done to the texts; the defaults of `suite_text.reading.cleaning.Cleaning` if it is
            missing. Codecs do the same to every input.
        files: how files hold their texts, for prediction; the defaults of
            `suite_text.reading.input_files.InputFiles` if it is missing.
    """

    cleaning: CleaningFact
    files: InputFilesFact


class Continuation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The prediction for a text: its bits, and how it continues.

    Attributes:
        text: what the network wrote after the input; empty if that was only scored.
        bits: minus the binary logarithm of the probability of the input. A character that the vocabulary does
            not have costs 8 bits more for each of its bytes.
        tokens: how many tokens the bits are of; 0 if that is not known.
        ended: whether the text ends here; otherwise it was only long enough.
        written: the tokens of `text`.
        by_position: the bits of the tokens by their position in the text, in the groups of `POSITIONS`.
        samples: what the network wrote each time, if it was asked for several; `text` is the first.
        pieces: the input in pieces, each with its bits; only if the input is `Dissected`.
    """

    text: str = ""
    bits: float = 0.0
    tokens: Annotated[int, msgspec.Meta(ge=0, le=1 << 53)] = 0
    ended: bool = False
    written: tuple[int, ...] = ()
    by_position: tuple[float, ...] = ()
    pieces: tuple[tuple[str, float], ...] = ()
    samples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.by_position and len(self.by_position) != len(POSITIONS) + 1:
            raise ValueError(f"by_position has {len(self.by_position)} numbers, not {len(POSITIONS) + 1}")

    def __str__(self) -> str:
        """For people: what the network wrote."""
        return "\n\n".join(self.samples) or self.text


POSITIONS = (16, 32, 64, 128, 256, 512, 1024)
"""The last position, counted from 1, of each group of tokens; one more group has no end."""


@dataclass(frozen=True)
class Dissected:
    """A text to be scored piece by piece.

    Attributes:
        text: the text.
        name: for messages.
    """

    text: str
    name: str = "the text"


def bytes_of(target: object, name: str) -> int:
    """The number of bytes that a target is.

    Raises:
        suite.UserError: if it is none.
    """
    if isinstance(target, bool) or not isinstance(target, int) or not 0 <= target <= 1 << 53:
        raise UserError(
            f"'{name}': expected the number of bytes of a passage as its target, not {shown(target)}"
        )
    return target
