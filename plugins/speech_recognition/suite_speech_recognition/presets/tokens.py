"""What tokens of a preset mean, taken out of keras-hub's tokenizers."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

UNKNOWN_LANGUAGE = -1
"""Stands in a prompt for a language that the network is to find out."""


@dataclass(frozen=True, kw_only=True)
class PresetTokens:
    """The tokens of a preset.

    Attributes:
        tokenizer: keras-hub's.
        written: how each token is written, by its index; empty for those that are no text.
        form: "bytes" if characters stand for bytes (as GPT-2 has it), "pieces" if a piece is text
            (SentencePiece).
        text: the tokens that are text.
        prompt: the tokens with which every text begins.
        end: the token with which every text ends.
        languages: the tokens of languages by their codes.
        tasks: the tokens of "transcribe" and "translate".
    """

    tokenizer: Any
    written: tuple[str, ...]
    form: Literal["bytes", "pieces"]
    text: tuple[int, ...]
    prompt: tuple[int, ...]
    end: int
    languages: Mapping[str, int]
    tasks: Mapping[str, int]

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, without prompt and end; white space is collapsed."""
        words = " ".join(unicodedata.normalize("NFC", text).split())
        if not words:
            return []
        # A byte token that begins a word begins with a space; SentencePiece adds it by itself.
        indices = self.tokenizer(f" {words}" if self.form == "bytes" else words)
        return [int(index) for index in np.asarray(indices)]


def preset_tokens(tokenizer: Any, *, is_whisper: bool, vocabulary: int) -> PresetTokens:
    """The tokens of a Whisper or a Moonshine.

    Args:
        tokenizer: keras-hub's.
        is_whisper: else it is a Moonshine.
        vocabulary: how many tokens the network knows, which may be more than the tokenizer does.
    """
    written = [""] * vocabulary
    if not is_whisper:
        model = tokenizer._sentence_piece_spm
        text = [
            index
            for index in range(tokenizer.vocabulary_size())
            if not (model.IsControl(index) or model.IsUnknown(index) or model.IsUnused(index))
        ]
        for index in text:
            written[index] = tokenizer.id_to_token(index)
        return PresetTokens(
            tokenizer=tokenizer,
            written=tuple(written),
            form="pieces",
            text=tuple(text),
            prompt=(tokenizer.start_token_id,),
            end=tokenizer.end_token_id,
            languages={},
            tasks={},
        )
    special = set(tokenizer.special_token_ids) | set((tokenizer.language_tokens or {}).values())
    for token, index in tokenizer.vocabulary.items():
        is_special = index in special or (token.startswith("<|") and token.endswith("|>"))  # times, say
        if not is_special and index < vocabulary:
            written[index] = token
    languages = {name.strip("<|>"): index for name, index in (tokenizer.language_tokens or {}).items()}
    middle = (UNKNOWN_LANGUAGE, tokenizer.transcribe_token_id) if languages else ()
    return PresetTokens(
        tokenizer=tokenizer,
        written=tuple(written),
        form="bytes",
        text=tuple(index for index, token in enumerate(written) if token),
        prompt=(tokenizer.bos_token_id, *middle, tokenizer.no_timestamps_token_id),
        end=tokenizer.eos_token_id,
        languages=languages,
        tasks={"transcribe": tokenizer.transcribe_token_id, "translate": tokenizer.translate_token_id}
        if languages
        else {},
    )
