"""How a cleaned text becomes the arrays that a network takes. A reader is a part of the codec."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np

from suite_text.tokens.padding import length_for, padded_batch
from suite_text.classification.readers.readers.hashed_words import HashedWords
from suite_text.classification.readers.readers.ngrams import NGrams
from suite_text.tokens.vocabulary import Vocabulary

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WORDS_READ = 512
"""Words at a text's beginning that the convolutions of a bag read; its n-grams are those of all of it."""


class Reader(Protocol):
    """What the codec needs of a reader."""

    def read(self, text: str) -> dict[str, np.ndarray]:
        """A cleaned text as int32 (numbers,) by the name of a network's input, of any length."""

    def batch(self, read: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """What was read of several texts, with padding, as one array per input."""

    @property
    def longest(self) -> int | None:
        """How many numbers are taken at once; None where there is no limit."""

    def impossible(self) -> str:
        """What cannot be about it, in words; empty where nothing is."""


class NGramReader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="ngrams"):
    """Reads `ngrams`, and `words` one after the other where there are any. Texts are of any length.

    Attributes:
        ngrams: what is counted.
        lengths: that n-grams are padded to.
        words: what is read in order; None for nothing.
        word_lengths: that words are padded to.
    """

    ngrams: NGrams
    lengths: tuple[int, ...]
    words: HashedWords | None = None
    word_lengths: tuple[int, ...] = ()

    @property
    def longest(self) -> None:
        """No limit."""
        return None

    def read(self, text: str) -> dict[str, np.ndarray]:
        found = {"ngrams": self.ngrams.encode(text)}
        if self.words is not None:
            found["words"] = self.words.encode(text, self.word_lengths[-1])
        return found

    def batch(self, read: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        arrays = {"ngrams": padded_batch([one["ngrams"] for one in read], self.lengths)}  # type: ignore[misc]
        if self.words is not None:
            arrays["words"] = padded_batch([one["words"] for one in read], self.word_lengths)  # type: ignore[misc]
        return arrays

    def impossible(self) -> str:
        wrong = self.ngrams.impossible() or _wrong_lengths(self.lengths)
        if not wrong and self.lengths[-1] < len(self.ngrams) - 1:
            wrong = "a text may have more n-grams than its longest length"
        if not wrong and self.words is not None:
            wrong = self.words.impossible() or _wrong_lengths(self.word_lengths)
        return wrong


class TokenReader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tokens"):
    """Reads `tokens`, in lower case.

    Attributes:
        vocabulary: of tokens.
        lengths: that they are padded to; the last one is how many are read at once.
    """

    vocabulary: Vocabulary
    lengths: tuple[int, ...]

    @property
    def longest(self) -> int:
        """How many tokens are read at once."""
        return self.lengths[-1]

    def read(self, text: str) -> dict[str, np.ndarray]:
        return {"tokens": np.array(self.vocabulary.encode(text.lower()), np.int32)}

    def batch(self, read: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return {"tokens": padded_batch([one["tokens"] for one in read], self.lengths)}  # type: ignore[misc]

    def impossible(self) -> str:
        return self.vocabulary.impossible() or _wrong_lengths(self.lengths)


class WordPieceReader(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="word-pieces"
):
    """Reads `tokens` as the BERT family does, between a start and an end.

    Attributes:
        pieces: in the order of their numbers; those within a word begin with "##".
        unknown: the number of what cannot be written in pieces.
        padding: that of padding.
        start: that of the token before every text.
        end: that of the token after it.
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

    @property
    def longest(self) -> int:
        """How many tokens are read at once, start and end not counted."""
        return self.lengths[-1] - 2

    def read(self, text: str) -> dict[str, np.ndarray]:
        if self.strip_accents:
            apart = unicodedata.normalize("NFD", text)
            text = "".join(one for one in apart if unicodedata.category(one) != "Mn")
        ids = _word_pieces(self.pieces, self.unknown).encode(text.casefold() if self.lower_case else text).ids
        return {"tokens": np.array(ids, np.int32)}

    def batch(self, read: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        texts = [one["tokens"] for one in read]
        length = length_for(2 + max(map(len, texts), default=0), self.lengths)
        array = np.full((len(texts), length), self.padding, np.int32)
        for row, ids in zip(array, texts, strict=True):
            row[0] = self.start
            row[1 : 1 + len(ids)] = ids
            row[1 + len(ids)] = self.end
        return {"tokens": array}

    def impossible(self) -> str:
        special = (self.unknown, self.padding, self.start, self.end)
        if not all(0 <= one < len(self.pieces) for one in special):
            return f"its special tokens {list(special)} are not all among its {len(self.pieces)} pieces"
        if len(set(self.pieces)) < len(self.pieces):
            return "its pieces are not distinct"
        wrong = _wrong_lengths(self.lengths)
        return wrong or ("" if self.lengths[-1] > 2 else "its longest length has no room for a token")


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


def _wrong_lengths(lengths: Any) -> str:
    rising = bool(lengths) and lengths[0] > 0 and list(lengths) == sorted(set(lengths))
    return "" if rising else f"its lengths {list(lengths)} do not rise"
