"""The metrics of translation, all from texts: BLEU and chrF as sacrebleu computes them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from suite.evaluation import Details, Pairs
from suite.kit import needing
from suite_text.extras import TRAIN
from suite_text.reading.lines import text_of
from suite_text.translation.types import references_of

with needing(TRAIN):
    from sacrebleu.metrics import BLEU, CHRF

WORDS: tuple[int, ...] = (5, 10, 15, 20, 30, 50)
"""Upper bounds of the groups by length; the last group has no bound."""

Statistics = tuple[np.ndarray, np.ndarray]
"""What BLEU and chrF count, (translations, numbers) each; a corpus has the sums over its translations."""


class Scoring:
    """All that is counted of some pairs, once; metrics and figures take from it.

    Attributes:
        references: of each pair, at least one.
        translations: the texts that were predicted.
    """

    def __init__(self, pairs: Pairs) -> None:
        self._pairs = pairs
        self.references = [
            references_of(target, name) for target, name in zip(pairs.targets, pairs.ids, strict=True)
        ]
        self.translations = [str(prediction.text) for prediction in pairs.predictions]
        self._bleu: Any = BLEU(tokenize=tokenization(self.references), force=True)  # without warnings
        self._chrf: Any = CHRF()
        count = max(map(len, self.references), default=1)
        # sacrebleu wants the first reference of all, then the second of all, ...; None for a missing one.
        streams = [
            [references[nth] if nth < len(references) else None for references in self.references]
            for nth in range(count)
        ]
        self._statistics: Statistics = (
            _statistics(self._bleu, self.translations, streams),
            _statistics(self._chrf, self.translations, streams),
        )

    def score(self, indices: np.ndarray) -> dict[str, float]:
        """The numbers of the pairs at `indices` as a corpus."""
        of_bleu, of_chrf = (numbers[indices].sum(axis=0).tolist() for numbers in self._statistics)
        if not any(of_bleu[1:2]):
            return dict.fromkeys(("bleu", "chrf", "length_ratio"), float("nan"))
        return {
            "bleu": float(self._bleu._compute_score_from_stats(of_bleu).score),
            "chrf": float(self._chrf._compute_score_from_stats(of_chrf).score),
            "length_ratio": of_bleu[0] / of_bleu[1],
        }

    @cached_property
    def sentence_chrf(self) -> np.ndarray:
        """ChrF of each translation alone, float64 (translations,): BLEU means little for one sentence."""
        scores = [self._chrf._compute_score_from_stats(row).score for row in self._statistics[1].tolist()]
        return np.array(scores, np.float64)

    @cached_property
    def sources(self) -> list[str] | None:
        """The texts that were translated, if they are at hand."""
        examples = self._pairs.examples
        if examples is None:
            return None
        return [text_of(examples[index].input) for index in range(len(self._pairs))]

    @cached_property
    def by_length(self) -> dict[str, np.ndarray]:
        """The pairs by words of the source, or of the reference if the source is not at hand.

        In a script without spaces a character is a word.
        """
        texts = self.sources or [references[0] for references in self.references]
        joined = "".join(texts)
        spaced = joined.count(" ") * 20 > len(joined)
        lengths = np.array([len(text.split() if spaced else text) for text in texts], np.int64)
        unit = "words" if spaced else "characters"
        names = [f"up to {WORDS[0]} {unit}"]
        names += [f"{low + 1} to {high} {unit}" for low, high in pairwise(WORDS)]
        names += [f"over {WORDS[-1]} {unit}"]
        groups = np.digitize(lengths, WORDS, right=True)
        return {names[group]: np.flatnonzero(groups == group) for group in np.unique(groups).tolist()}

    def details(self) -> Details:
        """The numbers by length."""
        groups = {
            name: {**self.score(indices), "translations": len(indices)}
            for name, indices in self.by_length.items()
        }
        finite = {
            name: {key: value for key, value in numbers.items() if np.isfinite(value)}
            for name, numbers in groups.items()
        }
        return {"lengths" if self.sources is not None else "reference lengths": finite}

    def notes(self) -> dict[str, str]:
        """The signatures, by which anybody can compute the same; and what the model could not read."""
        if not self._statistics[0][:, 1].any():
            return {"bleu": "left out, all references are empty"}
        notes = {
            "bleu": f"sacrebleu {self._bleu.get_signature()}",
            "chrf": f"sacrebleu {self._chrf.get_signature()}",
        }
        unknown = sum(getattr(prediction, "unknown", 0) for prediction in self._pairs.predictions)
        if unknown:
            notes["bleu"] += f"; the sources have {unknown:,} characters or words that training did not have"
        return notes


def tokenization(references: Sequence[Sequence[str]]) -> str:
    """The name of sacrebleu's tokenizer that suits the script of the references."""
    counts = {"zh": 0, "char": 0, "13a": 0}
    for alternatives in references:
        for character in alternatives[0]:
            if "\u4e00" <= character <= "\u9fff":
                counts["zh"] += 1
            elif "\u3040" <= character <= "\u30ff" or "\u0e00" <= character <= "\u0eff":  # kana; Thai and Lao
                counts["char"] += 1
            elif character.isalpha():
                counts["13a"] += 1
    if counts["zh"] + counts["char"] <= counts["13a"]:
        return "13a"
    # Japanese has kana in every sentence, Chinese none.
    return "char" if 10 * counts["char"] > counts["zh"] else "zh"


def _statistics(metric: Any, translations: list[str], streams: Sequence[Sequence[str | None]]) -> np.ndarray:
    """What a metric of sacrebleu counts of each translation, int64 (translations, numbers).

    These are the numbers from which sacrebleu makes the scores of a corpus and of its own resampling.
    """
    if not translations:
        return np.zeros((0, 2), np.int64)
    return np.array(metric._extract_corpus_statistics(translations, streams), np.int64)
