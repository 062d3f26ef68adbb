"""The page of a cross-validation: the mean of the scores over folds, their spread, and those of each fold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Literal

from suite.contributions import Metric
from suite.evaluation.metrics import label
from suite.files import atomic_write
from suite.report.formatting import capitalized
from suite.report.html import page_html, section
from suite.wording import number

CAPTION = (
    "The number after ± is the standard deviation over folds. Folds share most of their training examples, so"
    " it says how much the score varies with what is held out; it is no confidence interval."
)


@dataclass(frozen=True, kw_only=True)
class FoldsContent:
    """What the page shows.

    Attributes:
        title: the name of the directory.
        subtitle: what it is, in a line.
        metric: the name of the metric that counts.
        declared: what evaluators declare of the metrics, by name.
        metrics: the content of `metrics.json`: `mean`, `deviation` and `folds`.
        notes: sentences on what was left out or is odd.
        links: the address of each fold's report, by its name.
        command: what repeats it.
        configuration: tables of options, as in `config.toml`.
        footer: a line at the end.
    """

    title: str
    subtitle: str = ""
    metric: str
    declared: Mapping[str, Metric] = field(default_factory=dict)
    metrics: Mapping[str, Any]
    notes: Sequence[str] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    configuration: Mapping[str, Any] = field(default_factory=dict)
    footer: str = ""


def write_folds_report(content: FoldsContent, path: Path) -> None:
    """Write the page, completely or not at all."""
    atomic_write(path, page_html(content.title, content.subtitle, _sections(content), content.footer))


def folds_verdict(
    metrics: Mapping[str, Any], metric: str, declared: Mapping[str, Metric]
) -> tuple[str, Literal["better", "doubt"]]:
    """How good the model is over all folds, in a few sentences, and whether it beats its rivals.

    Args:
        metrics: the content of `metrics.json`.
        metric: the name of the metric that counts.
        declared: what evaluators declare of the metrics, by name.
    """
    folds = metrics["folds"]
    values = [fold["test"].get(metric) for fold in folds]
    name = capitalized(label(metric, declared))
    if metric not in metrics["mean"]["test"]:
        return f"The {label(metric, declared)} could not be computed on each fold: see the notes.", "doubt"
    text = (
        f"{name} is {number(metrics['mean']['test'][metric])} on average over {len(folds)} folds, with a"
        f" standard deviation of {number(metrics['deviation']['test'][metric])}"
        f" (from {number(min(values))} to {number(max(values))})."
    )
    sign = 1 if metric not in declared or declared[metric].higher_is_better else -1
    kind: Literal["better", "doubt"] = "better"
    rivals = {"predicting without learning": [fold["baseline"] for fold in folds]}
    for model in metrics["mean"]["reference_models"]:
        rivals[model] = [fold["reference_models"].get(model, {}) for fold in folds]
    sentences = []
    for rival, reached in rivals.items():
        if not all(metric in numbers for numbers in reached):
            continue
        theirs = [numbers[metric] for numbers in reached]
        won = sum(sign * (own - other) > 0 for own, other in zip(values, theirs, strict=True))
        mean = number(sum(theirs) / len(theirs))
        if won == len(folds):
            sentences.append(f"It is better in every fold than {rival}, which reaches {mean}.")
            continue
        kind = "doubt"
        within = f"in {won} of {len(folds)} folds only" if won else "in no fold"
        sentences.insert(0, f"It is better than {rival} ({mean} on average) {within}.")
    return " ".join([text, *sentences]), kind


def _sections(content: FoldsContent) -> Iterator[str]:
    text, kind = folds_verdict(content.metrics, content.metric, content.declared)
    yield f'<div class="verdict{" doubt" if kind == "doubt" else ""}"><p>{escape(text)}</p></div>'
    yield section("Scores", f'{_table(content)}<p class="caption">{escape(CAPTION)}</p>')
    if content.notes:
        notes = "".join(f"<li>{escape(note)}</li>" for note in content.notes)
        yield section("Notes", f'<ul class="notes">{notes}</ul>')
    links = "".join(
        f'<li><a href="{escape(address)}">{escape(name)}</a></li>' for name, address in content.links.items()
    )
    yield section("Reports of the folds", f"<ul>{links}</ul>")
    if content.command:
        yield section("Repeat it", f"<pre>{escape(content.command)}</pre>")


def score_rows(
    metrics: Mapping[str, Any], metric: str, declared: Mapping[str, Metric]
) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of the table of scores: means with their spread, and each fold."""
    mean, deviation = metrics["mean"], metrics["deviation"]
    columns = {"mean": ("test",), "baseline": ("baseline",)}
    columns |= {model: ("reference_models", model) for model in mean["reference_models"]}
    columns = {name: keys for name, keys in columns.items() if _at(mean, keys)}
    head = ["", *columns, *(f"fold {index}" for index in range(1, len(metrics["folds"]) + 1))]
    rows = []
    for name in sorted(mean["test"], key=lambda name: name != metric):
        cells = [label(name, declared)]
        for keys in columns.values():
            known = name in _at(mean, keys)
            cells.append(_with_spread(_at(mean, keys)[name], _at(deviation, keys)[name]) if known else "")
        cells += [number(fold["test"][name]) for fold in metrics["folds"]]
        rows.append(cells)
    return head, rows


def _with_spread(mean: float, deviation: float) -> str:
    """A mean and its deviation with as many decimals."""
    text = number(mean)
    decimals = len(text.partition(".")[2])
    plain = "e" not in text and "," not in text
    spread = f"{deviation:.{decimals}f}" if plain else number(deviation)
    return f"{text}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{spread}"


def _at(numbers: Mapping[str, Any], keys: Sequence[str]) -> Mapping[str, float]:
    found: Any = numbers
    for key in keys:
        found = found.get(key, {})
    return found  # type: ignore[no-any-return]


def _table(content: FoldsContent) -> str:
    head, rows = score_rows(content.metrics, content.metric, content.declared)
    heads = "".join(f'<th class="number">{escape(name)}</th>' if name else "<th></th>" for name in head)
    body = ""
    for index, row in enumerate(rows):
        cells = "".join(f'<td class="number">{escape(cell) or "&ndash;"}</td>' for cell in row[1:])
        kind = ' class="main"' if index == 0 else ""
        body += f"<tr{kind}><td>{escape(row[0])}</td>{cells}</tr>"
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
