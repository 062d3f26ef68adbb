"""The evaluator of transcripts: scores from `metrics`, figures from `figures`."""

from __future__ import annotations

from collections.abc import Sequence

from suite.evaluation import Evaluation, Pairs
from suite.figures import Figure
from suite.options import NoOptions
from suite_speech_recognition.metrics import Scoring


def transcription(pairs: Pairs, options: NoOptions) -> Evaluation:
    """Score transcripts.

    - `cer`: the character error rate, substituted, inserted and deleted characters (spaces are characters)
      per character of the references.
    - `wer`: the word error rate, the same of words; it is the sum of `substitution_rate`, `insertion_rate`
      and `deletion_rate`.
    - `sentence_error`: the share of transcripts that are not entirely right.

    References and predictions are first written alike, as the model writes (the fact `normalization`). In
    scripts without spaces each character is a word, and spaces inside of them count for nothing; see
    `suite_language.words`. What is predicted for an empty reference counts as inserted.

    Raises:
        suite.UserError: for a target that is no transcript.
    """
    scoring = Scoring(pairs)

    def figures() -> Sequence[Figure]:
        from suite_speech_recognition.figures import figures_of

        return figures_of(scoring, pairs)

    return Evaluation(
        score=lambda indices: scoring.rates(scoring.counts[indices].sum(axis=0), len(indices)),
        details=scoring.details,
        figures=figures,
        notes=scoring.notes(),
    )
