"""The evaluation of text generation: how many bits the texts take, and where they surprise."""

from __future__ import annotations

from suite.evaluation import Evaluation, Pairs
from suite.options import NoOptions
from suite_text.generation.figures import figures_of
from suite_text.generation.metrics import Scoring, rates


def likelihood(pairs: Pairs, options: NoOptions) -> Evaluation:
    """Score the bits of passages.

    - `bits_per_byte`: the bits of all passages by their bytes in UTF-8. It compares networks of any
      vocabulary, and other methods; 8 is the cost without any knowledge.
    - `perplexity`: 2 to the power of the bits per token; comparable between equal vocabularies only.

    Raises:
        UserError: for a target that is no number of bytes.
    """
    scoring = Scoring(pairs)
    return Evaluation(
        score=lambda indices: rates(scoring.sums[indices].sum(axis=0)),
        details=scoring.details,
        figures=lambda: figures_of(scoring, pairs),
        notes=scoring.notes(),
    )
