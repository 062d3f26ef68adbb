"""Between text and the numbers of tokens: words, characters or subwords, learned from texts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec

from suite import UserError
from suite_text.tokens.byte_pairs import bytes_of_token

if TYPE_CHECKING:
    from tokenizers import trainers

Learned = Literal["words", "characters", "bpe", "unigram"]
Kind = Literal[Learned, "byte-pairs"]

PADDING, UNKNOWN, START, END = range(4)
"""The special tokens of every vocabulary. Of these, text is encoded to `UNKNOWN` only."""

SPECIAL = ("<padding>", "<unknown>", "<start>", "<end>")
BYTES = tuple(f"<0x{value:02X}>" for value in range(256))
"""The tokens after the special ones, if the kind is "bpe" or "unigram": the bytes, in UTF-8, of characters
that the
vocabulary does not have. So there is no text that it cannot write."""

# A space belongs to the word that it stands before. Letters, numbers and all else are never in one token: so
# no text is taken for the name of a special token or of a byte.
_PIECES = r" ?[\p{L}\p{M}]+| ?\p{N}{1,3}| ?[^\s\p{L}\p{M}\p{N}]+|\s+(?!\S)|\s+"

# Scripts that are written without spaces give a word per character.
_WORDS = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*"
    r"|(?:(?![\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])[\p{L}\p{M}\p{N}_])+"
    r"|[^\s\p{L}\p{M}\p{N}_]"
)

_MAX_PIECE = 20
"""Characters of the longest subword that is learned."""


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """Texts as numbers of tokens, and back.

    If the kind is "bpe" or "unigram", `decode(encode(text)) == text` for every text; if it is "characters" or
    "byte-pairs", for texts without unknown characters. Words are joined by single spaces.

    Attributes:
        kind: "words", "characters", "bpe" (Sennrich et al., Neural Machine Translation of Rare Words with
            Subword Units, 2016), "unigram" (Kudo, Subword Regularization, 2018), or "byte-pairs": not
            learned here but taken from a preset, see `suite_text.tokens.byte_pairs`.
        tokenizer: the JSON of a `tokenizers.Tokenizer`.
    """

    kind: Kind
    tokenizer: str

    def __post_init__(self) -> None:
        try:
            tokens = self._tokens
        except ValueError as error:
            raise ValueError(f"its tokenizer cannot be read: {error}") from None
        if tokens[: len(SPECIAL)] != SPECIAL:
            raise ValueError(f"the first tokens of its tokenizer are not {', '.join(SPECIAL)}")
        if self._has_bytes and tokens[len(SPECIAL) : len(SPECIAL) + len(BYTES)] != BYTES:
            raise ValueError("its tokenizer has not all bytes after the special tokens")
        if max(_tokenizer(self.tokenizer).get_vocab().values()) != len(tokens) - 1:
            raise ValueError("its tokenizer does not number its tokens one by one")
        try:
            self.encode("\ue000")  # which no vocabulary has
        except Exception as error:  # noqa: BLE001 - the library raises nothing more special
            raise ValueError(f"its tokenizer cannot be used: {error}") from None

    @classmethod
    def learn(cls, texts: Iterable[str], kind: Learned, size: int) -> Vocabulary:
        """The vocabulary of `size` tokens at most, special ones and bytes included, that suits the texts.

        Args:
            texts: cleaned texts.
            kind: see the attribute.
            size: subwords fill what characters and bytes leave of it; of words and characters the most
                frequent ones are kept.

        Raises:
            suite.UserError: if the texts hold nothing, or `size` is too small for anything.
        """
        min_size = len(SPECIAL) + 1 + (len(BYTES) if kind in ("bpe", "unigram") else 0)
        if size < min_size:
            raise UserError(f"a vocabulary of {kind} needs a size of at least {min_size}, not {size}")
        learned = _learned((_valid(text) for text in texts), kind, size)
        vocabulary = cls(kind=kind, tokenizer=learned)
        if len(vocabulary) < min_size:
            raise UserError("the texts for training hold no character, so there is nothing to learn")
        return vocabulary

    def __len__(self) -> int:
        """The number of tokens."""
        return len(self._tokens)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The name of each token, by its number: two vocabularies share tokens by these names."""
        return self._tokens

    def encode(self, text: str) -> list[int]:
        """The tokens of a cleaned text, without start and end; none for an empty text."""
        ids: list[int] = _tokenizer(self.tokenizer).encode(self._written(text)).ids if text else []
        return ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, as `encode` gives them, faster for many."""
        encodings = _tokenizer(self.tokenizer).encode_batch_fast([self._written(text) for text in texts])
        return [encoding.ids if text else [] for encoding, text in zip(encodings, texts, strict=True)]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of tokens, special ones passed over.

        U+FFFD stands for `UNKNOWN` and for bytes that are no UTF-8, as a network may write them.
        """
        pieces = [self._bytes_of[index] for index in ids]
        joined = (b" " if self.kind == "words" else b"").join(piece for piece in pieces if piece)
        text = joined.decode("utf-8", "replace")
        return text.removeprefix(" ") if self._has_bytes else text

    def unknown(self, text: str) -> list[str]:
        """The characters, or words, that the vocabulary does not have, each as often as it occurs."""
        if not text:
            return []
        written = self._written(text)
        encoding = _tokenizer(self.tokenizer).encode(written)
        last = len(SPECIAL) + (len(BYTES) if self._has_bytes else 0)
        spans = [
            span
            for index, span in zip(encoding.ids, encoding.offsets, strict=True)
            if index == UNKNOWN or len(SPECIAL) <= index < last
        ]
        # The bytes of a character all have its span.
        return [written[start:end] for start, end in dict.fromkeys(spans)]

    @property
    def _has_bytes(self) -> bool:
        return self.kind in ("bpe", "unigram")

    def _written(self, text: str) -> str:
        # The first word is written like every other word, with a space before it.
        return f" {_valid(text)}" if self._has_bytes else _valid(text)

    @cached_property
    def _tokens(self) -> tuple[str, ...]:
        indices: dict[str, int] = _tokenizer(self.tokenizer).get_vocab()
        return tuple(sorted(indices, key=indices.__getitem__))

    @cached_property
    def _bytes_of(self) -> list[bytes]:
        """The bytes of each token, in UTF-8."""
        special = [b"", "\N{REPLACEMENT CHARACTER}".encode(), b"", b""]
        single = [bytes([value]) for value in range(256)] if self._has_bytes else []
        rest = self._tokens[len(special) + len(single) :]
        to_bytes = bytes_of_token if self.kind == "byte-pairs" else str.encode
        return [*special, *single, *map(to_bytes, rest)]


def _valid(text: str) -> str:
    """The text, halves of characters (lone surrogates, which JSON can hold) replaced."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _learned(texts: Iterable[str], kind: Learned, size: int) -> str:
    """The JSON of the tokenizer that is learned."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    if kind not in get_args(Learned):
        raise UserError(f"there is no vocabulary of '{kind}': take {', '.join(get_args(Learned))}")
    unknown = SPECIAL[UNKNOWN]
    model: Any
    if kind == "bpe":
        model = models.BPE(byte_fallback=True)
    elif kind == "unigram":
        model = models.Unigram()
    else:
        model = models.WordLevel({}, unk_token=unknown)
    pattern = {"words": _WORDS, "characters": r"[\s\S]"}.get(kind, _PIECES)
    tokenizer = Tokenizer(model)
    # "removed" and inverted: the white space between words is no token.
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    if kind in ("bpe", "unigram"):
        # Not by the trainer's own limit: of equally frequent characters it keeps different ones each time.
        texts = _without_rare_characters(texts, (size - len(SPECIAL) - len(BYTES)) // 2)
    if kind in ("bpe", "unigram"):
        texts = (f" {text}" for text in texts)
    try:
        tokenizer.train_from_iterator(texts, _trainer(kind, size))
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - the library raises nothing more special
        raise UserError(f"no vocabulary of {kind} can be learned from these texts: {error}") from None
    learned = json.loads(tokenizer.to_str())
    # Added tokens would be found in any text; special tokens must not be found in text.
    learned["added_tokens"] = []
    if kind == "unigram":
        learned["model"]["byte_fallback"] = True
    return json.dumps(learned, ensure_ascii=False, separators=(",", ":"))


def _trainer(kind: Learned, size: int) -> trainers.Trainer:
    from tokenizers import trainers

    special = list(SPECIAL)
    if kind in ("words", "characters"):
        return trainers.WordLevelTrainer(vocab_size=size, special_tokens=special, show_progress=False)
    special += BYTES
    if kind == "bpe":
        return trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=2,
            special_tokens=special,
            initial_alphabet=[" "],
            max_token_length=_MAX_PIECE,
            show_progress=False,
        )
    return trainers.UnigramTrainer(
        vocab_size=size,
        special_tokens=special,
        unk_token=SPECIAL[UNKNOWN],
        max_piece_length=_MAX_PIECE,
        show_progress=False,
    )


def _without_rare_characters(texts: Iterable[str], max_characters: int) -> list[str]:
    """The texts, made of their `max_characters` most frequent characters: the trainer would keep all."""
    from collections import Counter

    texts = list(texts)
    counts = Counter[str]()
    for text in texts:
        counts.update(text)
    rare = dict.fromkeys(
        (ord(character) for character, _ in counts.most_common()[max(1, max_characters) :]), None
    )
    return [text.translate(rare) for text in texts] if rare else texts


@lru_cache(maxsize=8)
def _tokenizer(json: str) -> Any:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(json)
    except Exception as error:  # noqa: BLE001 - the library raises nothing more special
        raise ValueError(str(error)) from None
