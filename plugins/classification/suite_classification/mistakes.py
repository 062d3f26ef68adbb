"""Which answers are wrong, the worst first, and what is said of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from suite_classification.answers import Answers


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A wrong answer.

    Attributes:
        true: the class that it is; several, or none, in one text.
        taken: the class that it is taken for, likewise.
        true_score: the probability given to what it is; None where there is more than one label to speak of,
            or where predictions carry no probabilities.
        taken_score: the probability given to what it is taken for, likewise.
    """

    true: str
    taken: str
    true_score: float | None
    taken_score: float | None

    @property
    def shown_true(self) -> str:
        """What it is, with its probability: "cat 10 %"."""
        return _with_percent(self.true, self.true_score)

    @property
    def shown_taken(self) -> str:
        """What it is taken for, with its probability: "dog 90 %"."""
        return _with_percent(self.taken, self.taken_score)


def worst_mistakes(answers: Answers) -> np.ndarray:
    """The indices of wrong answers, those first that gave least probability to what is true."""
    if answers.multi_label:
        wrong = np.flatnonzero((answers.true != answers.predicted).any(axis=1))
        if answers.scores is None:
            badness = (answers.true != answers.predicted).sum(axis=1).astype(np.float64)
        else:
            of_truth = np.where(answers.true, answers.scores, 1 - answers.scores)
            badness = -np.log(np.clip(of_truth, 1e-12, 1)).sum(axis=1)
    else:
        wrong = np.flatnonzero(answers.true != answers.predicted)
        badness = np.zeros(len(answers))
        if answers.scores is not None:
            rows = np.arange(len(answers))
            own, taken = answers.scores[rows, answers.true], answers.scores[rows, answers.predicted]
            badness = taken - own
    return wrong[np.argsort(-badness[wrong], kind="stable")]


def mistake_at(answers: Answers, index: int) -> Mistake:
    """What the answer at `index` is, and what it should be."""
    true, taken = answers.true[index], answers.predicted[index]
    if answers.multi_label:
        return Mistake(
            true=_joined(answers, true), taken=_joined(answers, taken), true_score=None, taken_score=None
        )
    scores = None if answers.scores is None else answers.scores[index]
    return Mistake(
        true=answers.classes[true],
        taken=answers.classes[taken],
        true_score=None if scores is None else float(scores[true]),
        taken_score=None if scores is None else float(scores[taken]),
    )


def how_many(answers: Answers, wrong: int, shown: int) -> str:
    """A sentence on `wrong` mistakes of which `shown` are shown, without its full stop."""
    sentence = f"{wrong:,} of {len(answers):,} are wrong"
    if wrong > shown:
        sentence += "; these are the worst of them" if answers.scores is not None else "; these are the first"
    return sentence


def _joined(answers: Answers, chosen: np.ndarray) -> str:
    return " + ".join(np.array(answers.classes, object)[chosen]) or "(none)"


def _with_percent(name: str, score: float | None) -> str:
    return name if score is None else f"{name} {100 * score:.0f} %"
