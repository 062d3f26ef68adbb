"""Words and characters of references, aligned with those of hypotheses, by jiwer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from suite.kit import needing
from suite_language.words import without_idle_spaces, words_of
from suite_speech_recognition.extras import TRAIN

with needing(TRAIN):
    import jiwer

Kind = Literal["equal", "substitution", "insertion", "deletion"]


class Step(NamedTuple):
    """A word of a reference and the word of the hypothesis that stands for it.

    Attributes:
        kind: how they differ.
        reference: the word of the reference, empty for an insertion.
        hypothesis: the word of the hypothesis, empty for a deletion.
    """

    kind: Kind
    reference: str
    hypothesis: str


@dataclass(frozen=True)
class Alignment:
    """Utterances, each with as few errors as its texts allow (Levenshtein 1966).

    Attributes:
        references: the words of each.
        hypotheses: the words of each.
        counts: the substitutions, insertions and deletions of each utterance, int64 (utterances, 3).
    """

    references: Sequence[Sequence[str]]
    hypotheses: Sequence[Sequence[str]]
    counts: np.ndarray
    _chunks: Sequence[Sequence[jiwer.AlignmentChunk]]

    def steps(self, index: int) -> list[Step]:
        """The utterance at `index`, word by word."""
        reference, hypothesis = self.references[index], self.hypotheses[index]
        steps = []
        for chunk in self._chunks[index]:
            before = reference[chunk.ref_start_idx : chunk.ref_end_idx]
            after = hypothesis[chunk.hyp_start_idx : chunk.hyp_end_idx]
            if chunk.type == "insert":
                steps += [Step("insertion", "", word) for word in after]
            elif chunk.type == "delete":
                steps += [Step("deletion", word, "") for word in before]
            else:
                kind: Kind = "equal" if chunk.type == "equal" else "substitution"
                steps += [Step(kind, *pair) for pair in zip(before, after, strict=True)]
        return steps


def align_words(references: Sequence[str], hypotheses: Sequence[str]) -> Alignment:
    """Align texts word by word; words are those of `suite_language.words`."""
    output = jiwer.process_words(
        [" ".join(words_of(text)) for text in references],
        [" ".join(words_of(text)) for text in hypotheses],
    )
    return _alignment(output)


def align_characters(references: Sequence[str], hypotheses: Sequence[str]) -> Alignment:
    """Align texts character by character; spaces count, except inside of a script that has none."""
    output = jiwer.process_characters(
        [without_idle_spaces(text) for text in references],
        [without_idle_spaces(text) for text in hypotheses],
    )
    return _alignment(output)


def _alignment(output: jiwer.WordOutput | jiwer.CharacterOutput) -> Alignment:
    counts = np.zeros((len(output.alignments), 3), np.int64)
    columns = {"substitute": 0, "insert": 1, "delete": 2}
    for row, chunks in zip(counts, output.alignments, strict=True):
        for chunk in chunks:
            if chunk.type == "insert":
                row[1] += chunk.hyp_end_idx - chunk.hyp_start_idx
            elif chunk.type != "equal":
                row[columns[chunk.type]] += chunk.ref_end_idx - chunk.ref_start_idx
    return Alignment(output.references, output.hypotheses, counts, output.alignments)
