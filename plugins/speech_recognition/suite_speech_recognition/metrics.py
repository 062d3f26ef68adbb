"""Error rates of transcripts as the field defines them, by jiwer: of all, by speaker and by length."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import msgspec
import numpy as np

from suite import UserError
from suite.evaluation import Pairs
from suite.kit import shown
from suite_speech_recognition.normalization import Normalization, normalize
from suite_speech_recognition.types import speaker_of, text_of
from suite_speech_recognition.word_alignment import Alignment, align_characters, align_words

UNKNOWN_SPEAKER = "(not known)"
SECONDS: tuple[int, ...] = (1, 2, 5, 10, 20, 30, 60)
WORDS: tuple[int, ...] = (0, 1, 5, 10, 20, 40)
"""Upper bounds of the groups by length; the last group has none."""


class Scoring:
    """All that is known of some pairs, from one alignment; scores and figures take from it.

    References and predictions are normalized as the model writes (the fact `normalization`).

    Attributes:
        words: the alignment word by word.
        counts: int64 (utterances, 7): substituted, inserted, deleted and all words of the reference, wrong
            and all characters, and whether anything is wrong.
        speakers: who speaks, None if that is not known.
        seconds: how long the recordings are, float64 (utterances,), NaN if that is not known.
    """

    def __init__(self, pairs: Pairs) -> None:
        normalization = msgspec.convert(pairs.facts.get("normalization", {}), Normalization)
        references = [_reference(target, name) for target, name in zip(pairs.targets, pairs.ids, strict=True)]
        references = [normalize(text, normalization) for text in references]
        hypotheses = [normalize(transcript.text, normalization) for transcript in pairs.predictions]
        self.words: Alignment = align_words(references, hypotheses)
        characters = align_characters(references, hypotheses)
        errors = characters.counts.sum(axis=1)
        self.counts = np.column_stack([
            self.words.counts,
            [len(words) for words in self.words.references],
            errors,
            [len(text) for text in characters.references],
            errors > 0,
        ])  # fmt: skip
        self.speakers = [speaker_of(target) for target in pairs.targets]
        seconds = [transcript.seconds for transcript in pairs.predictions]
        self.seconds = np.array([np.nan if length is None else length for length in seconds], np.float64)

    @cached_property
    def by_speaker(self) -> dict[str, np.ndarray]:
        """The utterances of each speaker, by name; empty if no speaker is known."""
        if not any(self.speakers):
            return {}
        names = np.array([speaker or UNKNOWN_SPEAKER for speaker in self.speakers], object)
        return {name: np.flatnonzero(names == name) for name in sorted(set(names))}

    @cached_property
    def by_length(self) -> dict[str, np.ndarray]:
        """The utterances by the length of their recordings, or of their references if that is not known."""
        if np.isfinite(self.seconds).all():
            bounds, lengths = SECONDS, self.seconds
            names = [f"up to {SECONDS[0]} s"]
            names += [f"{low} to {high} s" for low, high in pairwise(SECONDS)]
            names += [f"over {SECONDS[-1]} s"]
        else:
            bounds, lengths = WORDS, self.counts[:, 3]
            names = ["no word", "1 word"]
            names += [f"{low + 1} to {high} words" for low, high in pairwise(WORDS[1:])]
            names += [f"over {WORDS[-1]} words"]
        groups = np.digitize(lengths, bounds, right=True)
        return {names[group]: np.flatnonzero(groups == group) for group in np.unique(groups).tolist()}

    @staticmethod
    def rates(counts: np.ndarray, utterances: int) -> dict[str, float]:
        """The numbers from sums of `counts` over so many utterances; NaN for a share of nothing."""
        substituted, inserted, deleted, words, wrong, characters, sentences = counts.tolist()
        return {
            "cer": _share(wrong, characters),
            "wer": _share(substituted + inserted + deleted, words),
            "sentence_error": _share(sentences, utterances),
            "substitution_rate": _share(substituted, words),
            "insertion_rate": _share(inserted, words),
            "deletion_rate": _share(deleted, words),
        }

    def group(self, indices: np.ndarray) -> dict[str, float]:
        """The numbers and counts of the utterances at `indices`; a share of nothing is left out."""
        counts = self.counts[indices].sum(axis=0)
        names = ("substitutions", "insertions", "deletions", "words")
        rates = self.rates(counts, len(indices))
        return {
            **{name: rate for name, rate in rates.items() if np.isfinite(rate)},
            "utterances": len(indices),
            **dict(zip(names, counts.tolist(), strict=False)),
        }

    def details(self) -> dict[str, dict[str, dict[str, float]]]:
        """The numbers by speaker, if speakers are known, and by length."""
        groups = {"speakers": self.by_speaker, "lengths": self.by_length}
        return {
            name: {key: self.group(indices) for key, indices in members.items()}
            for name, members in groups.items()
            if members
        }

    def notes(self) -> dict[str, str]:
        """Why numbers are missing, and what empty references count."""
        empty = int((self.counts[:, 3] == 0).sum())
        if empty == len(self.counts):
            names = ("cer", "wer", "substitution_rate", "insertion_rate", "deletion_rate")
            return dict.fromkeys(names, "left out, all references are empty")
        if empty:
            return {"wer": f"what is heard if the reference is empty ({empty:,} times) counts as inserted"}
        return {}


def _reference(target: object, name: str) -> str:
    text = target.get("text") if isinstance(target, dict) else target
    if not isinstance(text, str):
        raise UserError(f"'{name}': the target is no transcript: it must be a text or an object with 'text'")
    if isinstance(target, dict) and not isinstance(target.get("speaker"), str | None):
        raise UserError(f"'{name}': the target has a speaker that is no text: {shown(target['speaker'])}")
    return text_of(text)


def _share(count: float, total: float) -> float:
    return count / total if total else float("nan")
