"""Words and characters of what was said, aligned with those of what was heard."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import jiwer
import numpy as np

from suite_speech_recognition.scripts import without_spaces

Kind = Literal["equal", "substitution", "insertion", "deletion"]


class Step(NamedTuple):
    """A word that was said and the one that was heard for it.

    Attributes:
        kind: how they differ.
        said: the word of the reference, empty for an insertion.
        heard: the word of the hypothesis, empty for a deletion.
    """

    kind: Kind
    said: str
    heard: str


@dataclass(frozen=True)
class Alignment:
    """Utterances, each with as few errors as its texts allow (Levenshtein 1966).

    Attributes:
        said: the words of each reference.
        heard: the words of each hypothesis.
        counts: the substitutions, insertions and deletions of each utterance, int64 (utterances, 3).
    """

    said: Sequence[Sequence[str]]
    heard: Sequence[Sequence[str]]
    counts: np.ndarray
    _chunks: Sequence[Sequence[jiwer.AlignmentChunk]]

    def steps(self, index: int) -> list[Step]:
        """The utterance at `index`, word by word."""
        said, heard = self.said[index], self.heard[index]
        steps = []
        for chunk in self._chunks[index]:
            before = said[chunk.ref_start_idx : chunk.ref_end_idx]
            after = heard[chunk.hyp_start_idx : chunk.hyp_end_idx]
            if chunk.type == "insert":
                steps += [Step("insertion", "", word) for word in after]
            elif chunk.type == "delete":
                steps += [Step("deletion", word, "") for word in before]
            else:
                kind: Kind = "equal" if chunk.type == "equal" else "substitution"
                steps += [Step(kind, *pair) for pair in zip(before, after, strict=True)]
        return steps


def align_words(references: Sequence[str], hypotheses: Sequence[str]) -> Alignment:
    """Align texts word by word; words are those of `words_of`."""
    found = jiwer.process_words(
        [" ".join(words_of(text)) for text in references],
        [" ".join(words_of(text)) for text in hypotheses],
    )
    return _alignment(found)


def align_characters(references: Sequence[str], hypotheses: Sequence[str]) -> Alignment:
    """Align texts character by character, spaces included, but for those of `without_idle_spaces`."""
    found = jiwer.process_characters(
        [without_idle_spaces(text) for text in references],
        [without_idle_spaces(text) for text in hypotheses],
    )
    return _alignment(found)


def words_of(text: str) -> list[str]:
    """What counts as a word: what stands between spaces, and each character of a script without spaces.

    The latter makes the word error rate the mixed error rate that is usual for Mandarin among English. Marks
    belong to the character that they follow.
    """
    if text.isascii():
        return text.split()
    parted: list[str] = []
    before = ""
    for character in text:
        if not (before and unicodedata.category(character).startswith("M")):
            if before and (without_spaces(before) or without_spaces(character)):
                parted.append(" ")
            before = character
        parted.append(character)
    return "".join(parted).split()


def without_idle_spaces(text: str) -> str:
    """The text without the spaces inside of a script that is written without them.

    Some transcripts part the words of Chinese, others do not; that is no error.
    """
    if text.isascii():
        return text
    around = zip(f" {text}", text, f"{text[1:]} ", strict=False)
    return "".join(
        character
        for before, character, after in around
        if not (character == " " and without_spaces(before) and without_spaces(after))
    )


def _alignment(found: jiwer.WordOutput | jiwer.CharacterOutput) -> Alignment:
    counts = np.zeros((len(found.alignments), 3), np.int64)
    columns = {"substitute": 0, "insert": 1, "delete": 2}
    for row, chunks in zip(counts, found.alignments, strict=True):
        for chunk in chunks:
            if chunk.type == "insert":
                row[1] += chunk.hyp_end_idx - chunk.hyp_start_idx
            elif chunk.type != "equal":
                row[columns[chunk.type]] += chunk.ref_end_idx - chunk.ref_start_idx
    return Alignment(found.references, found.hypotheses, counts, found.alignments)
