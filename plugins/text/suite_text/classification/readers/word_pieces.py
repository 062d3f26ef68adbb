"""Reads a text as word pieces, as the BERT family does."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from suite_text.tokens.padding import check_lengths, length_for

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class WordPieceReader(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="word-pieces"
):
    """Reads `tokens` as the BERT family does, between a start and an end.

    Attributes:
        pieces: in the order of their numbers; those within a word begin with "##".
        unknown: the number of a word that cannot be written in pieces.
        padding: the number of padding.
        start: the number of the token before every text.
        end: the number of the token after it.
        lower_case: whether case is folded.
        strip_accents: whether accents are removed.
        lengths: that tokens are padded to, start and end included.
    """

    pieces: tuple[str, ...]
    unknown: int
    padding: int
    start: int
    end: int
    lower_case: bool
    strip_accents: bool
    lengths: tuple[int, ...]

    def __post_init__(self) -> None:
        special = (self.unknown, self.padding, self.start, self.end)
        if not all(0 <= number < len(self.pieces) for number in special):
            raise ValueError(
                f"its special tokens {list(special)} are not all among its {len(self.pieces)} pieces"
            )
        if len(set(self.pieces)) < len(self.pieces):
            raise ValueError("its pieces are not distinct")
        check_lengths(self.lengths)
        if self.lengths[-1] <= 2:
            raise ValueError("its longest length has no room for a token")

    @property
    def inputs(self) -> Mapping[str, int]:
        """How many axes each array that is read has, by its name."""
        return {"tokens": 1}

    @property
    def max_length(self) -> int:
        """How many tokens are read at once, start and end not counted."""
        return self.lengths[-1] - 2

    def read(self, text: str) -> dict[str, np.ndarray]:
        if self.strip_accents:
            apart = unicodedata.normalize("NFD", text)
            text = "".join(mark for mark in apart if unicodedata.category(mark) != "Mn")
        ids = _word_pieces(self.pieces, self.unknown).encode(text.casefold() if self.lower_case else text).ids
        return {"tokens": np.array(ids, np.int32)}

    def batch(self, read: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        texts = [numbers["tokens"] for numbers in read]
        length = length_for(2 + max(map(len, texts), default=0), self.lengths)
        array = np.full((len(texts), length), self.padding, np.int32)
        for row, ids in zip(array, texts, strict=True):
            row[0] = self.start
            row[1 : 1 + len(ids)] = ids
            row[1 + len(ids)] = self.end
        return {"tokens": array}


@lru_cache(maxsize=4)
def _word_pieces(pieces: tuple[str, ...], unknown: int) -> Tokenizer:
    """Splits at white space, punctuation and Chinese characters, as Devlin et al. 2018 did, and in pieces."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    numbers = {piece: number for number, piece in enumerate(pieces)}
    model = models.WordPiece(numbers, unk_token=pieces[unknown], max_input_chars_per_word=100)
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[\p{Cc}\p{Cf}]"), "removed"),
            pre_tokenizers.Split(Regex(_CHINESE), "isolated"),
            pre_tokenizers.BertPreTokenizer(),
        ]
    )
    return tokenizer


_CHINESE = (
    "[\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0002a6df\U0002a700-\U0002b73f\U0002b740-\U0002b81f"
    "\U0002b820-\U0002ceaf\uf900-\ufaff\U0002f800-\U0002fa1f]"
)
