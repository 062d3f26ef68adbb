"""What is likely to be said: an n-gram model over the symbols of an alphabet, learned from a text file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from suite import UserError
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.decoding.plain_text import read_text

_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])|[\r\n]+")


def read_utterances(path: str | Path, alphabet: Alphabet, normalize: Callable[[str], str]) -> list[list[int]]:
    """The lines and sentences of a text file as the indices of their symbols.

    Args:
        path: text in UTF-8.
        alphabet: what it cannot write is left out.
        normalize: what is done to transcripts.

    Raises:
        suite.UserError: if it cannot be read, or the alphabet can write nothing of it.
    """
    text = read_text(path, "the text for a language model")
    utterances = (alphabet.encode(normalize(line)) for line in _SENTENCE_ENDS.split(text))
    known = [utterance for utterance in utterances if utterance]
    if not known:
        raise UserError(
            f"the text for a language model '{path}' has no character that the model can write; it must be"
            " in the language of the transcripts that the model was trained with"
        )
    return known
