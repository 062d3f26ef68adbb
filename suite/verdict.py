"""How good a model is, in words: against predicting without learning, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Verdict:
    """The first lines of a report.

    Attributes:
        text: a sentence or two.
        kind: whether the model is surely better than the baseline, not told apart from it, or worse; or
            unknown, where there is no baseline or no score.
    """

    text: str
    kind: Literal["better", "unclear", "worse", "unknown"]


def verdict(
    metrics: Mapping[str, Any], metric: str, *, higher_is_better: bool = True, part: str = "test"
) -> Verdict:
    """Judge a model by its task's metric.

    Args:
        metrics: the content of `metrics.json`.
        metric: the name of the number that counts.
        higher_is_better: whether a larger one is better.
        part: the part that was scored.
    """
    name = words(metric)
    value = metrics.get(part, {}).get(metric)
    if value is None:
        return Verdict(f"The {name} of the {part} part could not be computed: see the notes.", "unknown")
    count = metrics.get("counts", {}).get(part)
    examples = f"{count:,} {part} examples" if count else f"the {part} part"
    spread = metrics.get("intervals", {}).get(part, {}).get(metric)
    text = f"{capitalized(name)} is {number(value)} on {examples}"
    if spread:
        text += f", with 95 % confidence between {number(spread[0])} and {number(spread[1])}"
    text += "."
    baseline = metrics.get("baseline", {}).get(metric)
    if baseline is None:
        return Verdict(text, "unknown")
    low, high = spread or (value, value)
    gain, surely = (
        (value - baseline, low > baseline) if higher_is_better else (baseline - value, high < baseline)
    )
    reached = number(baseline)
    if surely:
        return Verdict(f"{text} Without learning it would be {reached}.", "better")
    if gain < 0 or not spread:
        return Verdict(f"{text} This is no better than predicting without learning, which reaches {reached}.",
                       "worse")  # fmt: skip
    return Verdict(
        f"{text} This cannot be told apart from predicting without learning, which reaches {reached}.",
        "unclear",
    )


def words(name: str) -> str:
    """A number's name for people: `macro_f1` is "macro F1"."""
    known = {
        "f1": "F1",
        "roc": "ROC",
        "auc": "AUC",
        "top5": "top-5",
        "map": "mAP",
        "map50": "mAP50",
        "map75": "mAP75",
        "ar1": "AR1",
        "ar10": "AR10",
        "ar100": "AR100",
        "wer": "WER",
        "cer": "CER",
    }
    return " ".join(known.get(word, word) for word in name.split("_"))


def capitalized(text: str) -> str:
    """With a capital at its beginning, but for a first word that has capitals of its own (mAP)."""
    first = text.partition(" ")[0]
    return text if first != first.lower() else f"{text[:1].upper()}{text[1:]}"


def number(value: float) -> str:
    """A number with the digits that people compare: three after the point, or four in all."""
    if abs(value) < 1e-6 or 0.0095 <= abs(value) < 100:
        # What is not quite one does not read as one.
        return f"{value:.5f}" if 0.9995 <= abs(value) < 1 else f"{value:.3f}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
