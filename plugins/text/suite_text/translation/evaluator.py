"""The evaluation of translation: BLEU and chrF, by length, and translations side by side."""

from __future__ import annotations

from suite.evaluation import Evaluation, Pairs
from suite.options import NoOptions
from suite_text.translation.figures import figures_of
from suite_text.translation.metrics import Scoring


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
    return Evaluation(
        score=scoring.score,
        details=scoring.details,
        figures=lambda: figures_of(scoring, pairs),
        notes=scoring.notes(),
    )
