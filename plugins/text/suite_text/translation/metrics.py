"""The scores of translation, all from texts: BLEU and chrF as sacrebleu computes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from sacrebleu.metrics import BLEU, CHRF

from suite.evaluation import Evaluation, Pairs
from suite.figures import Figure
from suite.options import NoOptions
from suite_text.reading.lines import text_of
from suite_text.translation.types import references_of

WORDS: tuple[int, ...] = (5, 10, 15, 20, 30, 50)
"""Upper bounds of the groups by length; the last group has none."""

Statistics = tuple[np.ndarray, np.ndarray]
"""What BLEU and chrF count, (translations, numbers) each: a corpus has the sums of its translations'."""


def translation(pairs: Pairs, options: NoOptions) -> Evaluation:
    """Score translations.

    - `bleu`: 0 to 100, of the whole corpus (Papineni et al., BLEU, 2002), by sacrebleu (Post, A Call for
      Clarity in Reporting BLEU Scores, 2018), whose signature is among the notes. Chinese is cut into
      words as sacrebleu does it, other scripts without spaces into characters.
    - `chrf`: 0 to 100, of the whole corpus, chrF2 (Popovic, chrF, 2015).
    - `length_ratio`: words of the translations per word of the references, as BLEU counts them.

    Raises:
        UserError: for a target that is no translation.
    """
    scoring = Scoring(pairs)

    def figures() -> Sequence[Figure]:
        from suite_text.translation.figures import figures_of

        return figures_of(scoring, pairs)

    return Evaluation(score=scoring.score, details=scoring.details, figures=figures, notes=scoring.notes())


class Scoring:
    """All that is counted of some pairs, once; scores and figures take from it.

    Attributes:
        references: of each pair, at least one.
        translations: the texts that were predicted.
    """

    def __init__(self, pairs: Pairs) -> None:
        self._pairs = pairs
        self.references = [
            references_of(target, name) for target, name in zip(pairs.targets, pairs.ids, strict=True)
        ]
        self.translations = [str(one.text) for one in pairs.predictions]
        self._bleu: Any = BLEU(tokenize=tokenization(self.references), force=True)  # without warnings
        self._chrf: Any = CHRF()
        most = max(map(len, self.references), default=1)
        # sacrebleu wants the first reference of all, then the second of all, ...; None where there is none.
        streams = [[one[nth] if nth < len(one) else None for one in self.references] for nth in range(most)]
        self._statistics: Statistics = (
            _statistics(self._bleu, self.translations, streams),
            _statistics(self._chrf, self.translations, streams),
        )

    def score(self, indices: np.ndarray) -> dict[str, float]:
        """The numbers of the pairs at `indices` as a corpus."""
        of_bleu, of_chrf = (one[indices].sum(axis=0).tolist() for one in self._statistics)
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
        each = self._statistics[1].tolist()
        return np.array([self._chrf._compute_score_from_stats(one).score for one in each], np.float64)

    @cached_property
    def sources(self) -> list[str] | None:
        """The texts that were translated, where they are at hand."""
        examples = self._pairs.examples
        if examples is None:
            return None
        return [text_of(examples[index].input) for index in range(len(self._pairs))]

    @cached_property
    def by_length(self) -> dict[str, np.ndarray]:
        """The pairs by words of the source, or of the reference where the source is not at hand.

        In a script without spaces a character is a word.
        """
        texts = self.sources or [references[0] for references in self.references]
        joined = "".join(texts)
        spaced = joined.count(" ") * 20 > len(joined)
        lengths = np.array([len(text.split() if spaced else text) for text in texts], np.int64)
        what = "words" if spaced else "characters"
        names = [f"up to {WORDS[0]} {what}"]
        names += [f"{low + 1} to {high} {what}" for low, high in pairwise(WORDS)]
        names += [f"over {WORDS[-1]} {what}"]
        groups = np.digitize(lengths, WORDS, right=True)
        return {names[group]: np.flatnonzero(groups == group) for group in np.unique(groups).tolist()}

    def details(self) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
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
        """The signatures, by which others can compute the same; and what the model could not read."""
        if not self._statistics[0][:, 1].any():
            return {"bleu": "left out, all references are empty"}
        notes = {
            "bleu": f"sacrebleu {self._bleu.get_signature()}",
            "chrf": f"sacrebleu {self._chrf.get_signature()}",
        }
        unknown = sum(getattr(one, "unknown", 0) for one in self._pairs.predictions)
        if unknown:
            notes["bleu"] += f"; the sources have {unknown:,} characters or words that training did not have"
        return notes


def tokenization(references: Sequence[Sequence[str]]) -> str:
    """The name of sacrebleu's tokenizer that suits the script of the references."""
    counts = {"zh": 0, "char": 0, "13a": 0}
    for one in references:
        for character in one[0]:
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
