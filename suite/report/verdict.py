"""How good a model is, in words: against a baseline and classical methods, and with which confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from suite.contributions import Metric
from suite.evaluation.metrics import label
from suite.report.formatting import capitalized
from suite.wording import counted, number

Kind = Literal["better", "unclear", "worse", "unknown"]

_WORST_FIRST: tuple[Kind, ...] = ("worse", "unclear", "better", "unknown")


@dataclass(frozen=True)
class Verdict:
    """The first lines of a report.

    Attributes:
        text: a sentence or two.
        kind: better, if the model is so with confidence than the baseline and every reference model; unclear,
            if it cannot be told apart from one of them; worse, if it loses to one; unknown, if there is
            neither, or no score.
    """

    text: str
    kind: Kind


def verdict(
    metrics: Mapping[str, Any], metric: str, declared: Mapping[str, Metric], split: str = "test"
) -> Verdict:
    """Judge a model by its task's metric.

    Args:
        metrics: the content of `metrics.json`.
        metric: the name of the metric that counts.
        declared: what evaluators declare of the metrics, by name.
        split: the split that was scored.
    """
    name = label(metric, declared)
    value = metrics.get(split, {}).get(metric)
    if value is None:
        return Verdict(f"The {name} of the {split} split could not be computed: see the notes.", "unknown")
    count = metrics.get("counts", {}).get(split)
    examples = counted(count, f"{split} example", f"{split} examples") if count else f"the {split} split"
    spread = metrics.get("intervals", {}).get(split, {}).get(metric)
    text = f"{capitalized(name)} is {number(value)} on {examples}"
    if spread:
        text += f", with 95 % confidence between {number(spread[0])} and {number(spread[1])}"
    text += "."
    score = _Score(value, spread, metric not in declared or declared[metric].higher_is_better)
    against = [
        _against_baseline(score, metrics.get("baseline", {}).get(metric)),
        _against_reference_models(score, metrics.get("reference_models", {}), metric),
    ]
    # Lead with what the model loses to, so the report never praises and then retracts.
    against.sort(key=lambda judged: _WORST_FIRST.index(judged.kind))
    texts = [text, *(judged.text for judged in against)]
    return Verdict(" ".join(filter(None, texts)), against[0].kind)


@dataclass(frozen=True)
class _Score:
    value: float
    spread: Sequence[float] | None
    higher_is_better: bool

    def gain(self, rival: float) -> float:
        """How much better it is; negative if it is worse."""
        return self.value - rival if self.higher_is_better else rival - self.value

    def against(self, rival: float) -> Kind:
        """Whether it is better with confidence; without an interval, equal is not better."""
        low, high = self.spread or (self.value, self.value)
        if low > rival if self.higher_is_better else high < rival:
            return "better"
        return "worse" if self.gain(rival) < 0 or not self.spread else "unclear"


def _against_baseline(score: _Score, baseline: float | None) -> Verdict:
    if baseline is None:
        return Verdict("", "unknown")
    kind, reached = score.against(baseline), number(baseline)
    texts = {
        "better": f"Without learning it would be {reached}.",
        "worse": f"This is no better than predicting without learning, which reaches {reached}.",
        "unclear": f"This cannot be told apart from predicting without learning, which reaches {reached}.",
    }
    return Verdict(texts[kind], kind)


def _against_reference_models(
    score: _Score, reference_models: Mapping[str, Mapping[str, float]], metric: str
) -> Verdict:
    """Against the best of the classical methods."""
    reached = {name: numbers[metric] for name, numbers in reference_models.items() if metric in numbers}
    if not reached:
        return Verdict("", "unknown")
    best = min(reached, key=lambda name: score.gain(reached[name]))
    kind, learned = score.against(reached[best]), "learned from the same examples"
    texts = {
        "better": f"{best}, which {learned}, reaches {number(reached[best])}.",
        "worse": f"This {'loses to' if score.gain(reached[best]) < 0 else 'is no better than'} {best}, which"
        f" {learned} and reaches {number(reached[best])}.",
        "unclear": f"This cannot be told apart from {best}, which {learned} and reaches"
        f" {number(reached[best])}.",
    }
    return Verdict(texts[kind], kind)
