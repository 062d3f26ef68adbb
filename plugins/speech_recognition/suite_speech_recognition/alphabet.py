"""Between text and the symbols of a network: characters, or subwords learned from the transcripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from suite import UserError

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class Alphabet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """The symbols that a network writes, and text in terms of them.

    Index 0 of the network's outputs is CTC's blank; `symbols[i]` has index i + 1. A space is a symbol like
    any other. Texts must be normalized before.

    Attributes:
        symbols: what each stands for: a character, or with a tokenizer a piece of text. A subword that
            begins a word begins with a space.
        tokenizer: for subwords, the JSON of a `tokenizers.Tokenizer`; empty for characters.
    """

    symbols: tuple[str, ...]
    tokenizer: str = ""

    def __post_init__(self) -> None:
        if not self.symbols or "" in self.symbols or len(set(self.symbols)) < len(self.symbols):
            raise ValueError(
                f"an alphabet needs distinct symbols, not {len(self.symbols)} with empty or double ones"
            )
        if not self.tokenizer:
            if longer := [symbol for symbol in self.symbols if len(symbol) > 1]:
                raise ValueError(f"'{longer[0]}' in an alphabet of characters is not one character")
            return
        try:
            tokenizer = _tokenizer(self.tokenizer)
        except ValueError as error:
            raise ValueError(f"the alphabet's subword tokenizer cannot be read: {error}") from None
        if _vocabulary(tokenizer) != self.symbols:
            raise ValueError("the alphabet's symbols are not its tokenizer's")

    @property
    def size(self) -> int:
        """The number of the network's outputs: the symbols and the blank."""
        return len(self.symbols) + 1

    @cached_property
    def characters(self) -> frozenset[str]:
        """All characters that it can write."""
        return frozenset("".join(self.symbols))

    def encode(self, text: str) -> list[int]:
        """The indices of the text's symbols; characters that are not in the alphabet are left out."""
        # What is left out may leave two spaces.
        known = " ".join("".join(character for character in text if character in self.characters).split())
        if not self.tokenizer:
            return [self._indices[character] for character in known]
        return [index + 1 for index in _tokenizer(self.tokenizer).encode(f" {known}").ids] if known else []

    def decode(self, indices: Iterable[int]) -> str:
        """The text of symbols, blanks passed over."""
        text = "".join(self.symbols[index - 1] for index in indices if index > 0)
        return text.removeprefix(" ") if self.tokenizer else text

    def unknown(self, text: str) -> list[str]:
        """The characters of `text` that the alphabet does not have, each once, in their order."""
        return [character for character in dict.fromkeys(text) if character not in self.characters]

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {symbol: index for index, symbol in enumerate(self.symbols, start=1)}


def learn_characters(texts: Iterable[str]) -> Alphabet:
    """The alphabet of all characters in normalized texts, sorted.

    Raises:
        suite.UserError: if there is none.
    """
    symbols = set[str]().union(*texts)
    if not symbols:
        raise UserError("the transcripts for training hold no character, so there is nothing to learn")
    return Alphabet(symbols=tuple(sorted(symbols)))


def learn_subwords(texts: Sequence[str], size: int) -> Alphabet:
    """An alphabet of `size` subwords at most, learned from normalized texts by byte pair encoding.

    It holds every character too (Sennrich et al., Neural Machine Translation of Rare Words with Subword
    Units, 2016, section 3.2), so it can write whatever the texts are made of. Subwords do not reach over
    spaces.

    Raises:
        suite.UserError: if there is no text, or `size` is no more than the number of characters.
    """
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    characters = learn_characters(texts).symbols
    characters = tuple(sorted({*characters, " "}))
    if size <= len(characters):
        raise UserError(
            f"{size:,} subwords are too few: the transcripts have {len(characters):,} characters, which all"
            " are subwords themselves"
        )
    tokenizer = Tokenizer(models.BPE())
    # Space and word stay together, so that a subword says whether it begins a word.
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(" ?[^ ]+"), "isolated")
    trainer = trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, initial_alphabet=list(characters), show_progress=False
    )
    tokenizer.train_from_iterator((f" {text}" for text in texts), trainer)
    return Alphabet(symbols=_vocabulary(tokenizer), tokenizer=tokenizer.to_str())


def _vocabulary(tokenizer: Tokenizer) -> tuple[str, ...]:
    indices: dict[str, int] = tokenizer.get_vocab()
    return tuple(sorted(indices, key=indices.__getitem__))


@lru_cache(maxsize=8)
def _tokenizer(json: str) -> Any:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(json)
    except Exception as error:  # noqa: BLE001 - the library raises nothing more special
        raise ValueError(str(error)) from None
