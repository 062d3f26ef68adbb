"""`report.html`: one self-contained page on how good a model is, and why.

It opens anywhere and years later: no scripts, no requests (its own policy forbids both), light, dark and
printed. All text is escaped, so no class name or file name can become markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from suite.charts import Line, interval_chart, line_chart
from suite.contributions import Metric
from suite.evaluation.metrics import label
from suite.figures import Figure
from suite.files import atomic_write
from suite.report.formatting import capitalized, facts_table, toml_value
from suite.report.html import grid, page_html, section
from suite.report.verdict import verdict
from suite.wording import number


@dataclass(frozen=True, kw_only=True)
class ReportContent:
    """What a report shows; plain data, and whatever is empty is not shown.

    Attributes:
        title: the name of the run.
        subtitle: what it is, in a line.
        metric: the name of the metric that counts.
        declared: what evaluators declare of the metrics, by name.
        metrics: the content of `metrics.json`.
        split: the split of the data that the verdict is on.
        facts: a few words or numbers each, shown large: how many examples, weights, minutes.
        history: a row of numbers per epoch; columns `x` and `validation_x` share a chart.
        best_epoch: the epoch whose weights were kept.
        figures: of the evaluators.
        examples: figures of a few examples of the data.
        data: what is known of the data, by name.
        configuration: tables of options, as in `config.toml`.
        environment: what it ran on, by name.
        command: what repeats it.
        notes: sentences on what was left out or is odd.
        footer: a line at the end.
    """

    title: str
    subtitle: str = ""
    metric: str
    declared: Mapping[str, Metric] = field(default_factory=dict)
    metrics: Mapping[str, Any]
    split: str = "test"
    facts: Mapping[str, str] = field(default_factory=dict)
    history: Sequence[Mapping[str, float]] = ()
    best_epoch: int | None = None
    figures: Sequence[Figure] = ()
    examples: Sequence[Figure] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    notes: Sequence[str] = ()
    footer: str = ""


def write_report(content: ReportContent, path: Path) -> None:
    """Write the page, completely or not at all."""
    atomic_write(path, render(content))


def render(content: ReportContent) -> str:
    """The page as HTML; equal content gives equal text."""
    return page_html(content.title, content.subtitle, _sections(content), content.footer)


def _sections(content: ReportContent) -> Iterator[str]:
    yield _verdict(content)
    if content.facts:
        items = "".join(
            f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
            for name, value in content.facts.items()
        )
        yield f'<dl class="facts">{items}</dl>'
    if any(content.metrics.get(split) for split in ("test", "validation", "baseline", content.split)):
        yield section("Scores", _scores(content))
    if content.notes:
        notes = "".join(f"<li>{escape(note)}</li>" for note in content.notes)
        yield section("Notes", f'<ul class="notes">{notes}</ul>')
    if content.figures:
        yield section("A closer look", grid(content.figures))
    curves = "".join(_curves(content))
    if curves:
        yield section("Training", f'<div class="grid">{curves}</div>')
    if content.examples:
        yield section("Examples as read", grid(content.examples))
    if content.data:
        yield section("Data", facts_table(content.data))
    if content.command:
        yield section("Repeat it", f"<pre>{escape(content.command)}</pre>")
    if content.configuration:
        yield section("Configuration", f'<div class="grid">{"".join(_configuration(content))}</div>')
    if content.environment:
        yield section("Environment", facts_table(content.environment))


def _verdict(content: ReportContent) -> str:
    judged = verdict(content.metrics, content.metric, content.declared, content.split)
    doubt = "" if judged.kind == "better" else " doubt"
    value = content.metrics.get(content.split, {}).get(content.metric)
    baseline = content.metrics.get("baseline", {}).get(content.metric)
    spread = content.metrics.get("intervals", {}).get(content.split, {}).get(content.metric)
    chart = ""
    if value is not None and all(0 <= share <= 1 for share in (value, baseline or 0, *(spread or ()))):
        chart = interval_chart(judged.text, value, spread, baseline, label(content.metric, content.declared))
    remark = ""
    if content.split == "validation":
        remark = (
            "<p>There is no test split. The weights were chosen on these examples, so this is optimistic.</p>"
        )
    return f'<div class="verdict{doubt}"><p>{escape(judged.text)}</p>{remark}{chart}</div>'


_Column = tuple[str, Mapping[str, float], Mapping[str, Sequence[float]]]
"""Of the table of scores: its head, its numbers, and their intervals."""


def _scores(content: ReportContent) -> str:
    columns = list(_score_columns(content))
    names = list(dict.fromkeys(name for _, numbers, _ in columns for name in numbers))
    names.sort(key=lambda name: name != content.metric)
    rows = []
    for name in names:
        cells = [f"<td>{escape(label(name, content.declared))}</td>"]
        for _, numbers, spreads in columns:
            text = number(numbers[name]) if name in numbers else "&ndash;"
            if name in spreads:
                low, high = spreads[name]
                text += f" <small>{number(low)} &ndash; {number(high)}</small>"
            cells.append(f'<td class="number">{text}</td>')
        kind = ' class="main"' if name == content.metric else ""
        rows.append(f"<tr{kind}>{''.join(cells)}</tr>")
    heads = "".join(f'<th class="number">{escape(head)}</th>' for head, _, _ in columns)
    return (
        f'<div class="scroll"><table><thead><tr><th></th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody>'
        f'</table></div><p class="caption">{escape(_scores_caption(content))}</p>'
    )


def _score_columns(content: ReportContent) -> Iterator[_Column]:
    """What there is of: the split of the verdict, test, baseline, reference models, validation."""
    metrics = content.metrics
    intervals, counts = metrics.get("intervals", {}), metrics.get("counts", {})

    def of_split(split: str) -> Iterator[_Column]:
        head = f"{split} ({counts[split]:,})" if split in counts else split
        if metrics.get(split):
            yield head, metrics[split], intervals.get(split, {})

    for split in dict.fromkeys((content.split, "test", "baseline")):
        yield from of_split(split)
    for name, numbers in metrics.get("reference_models", {}).items():
        yield name, numbers, {}
    if content.split != "validation":
        yield from of_split("validation")


def _scores_caption(content: ReportContent) -> str:
    metrics = content.metrics
    caption = "In small: the range in which the score lies with 95 % confidence (bootstrap over examples)."
    if metrics.get("baseline"):
        caption += " The baseline predicts without learning from the inputs."
    reference_models = metrics.get("reference_models", {})
    if reference_models:
        learned = "is a classical method that" if len(reference_models) == 1 else "are classical methods that"
        caption += f" {' and '.join(reference_models)} {learned} learned from the same examples."
    if metrics.get("validation") and content.split != "validation":
        caption += " Weights were chosen on the validation split, so its scores are optimistic."
    return caption


def _curves(content: ReportContent) -> Iterator[str]:
    """Charts of loss, metric and learning rate; `history.csv` has the rest."""
    rows = content.history
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if len(rows) < 2:
        return
    quantities: dict[str, list[str]] = {}
    for column in columns:
        quantities.setdefault(column.removeprefix("validation_"), []).append(column)
    mark = (content.best_epoch, "best") if content.best_epoch is not None else None
    for quantity in dict.fromkeys(("loss", content.metric, "learning_rate")):
        names = quantities.get(quantity)
        if not names:
            continue
        lines = []
        for name in sorted(names, key=lambda name: name != quantity):
            name_of_line = "validation" if name != quantity else "training" if len(names) > 1 else ""
            xs = [row.get("epoch", index + 1) for index, row in enumerate(rows) if name in row]
            ys = [row[name] for row in rows if name in row]
            lines.append(Line(name=name_of_line, x=xs, y=ys, color=1 if name != quantity else 0))
        title = capitalized(label(quantity, content.declared))
        svg = line_chart(title, lines, x_label="epoch", whole_x=True, mark=mark)
        yield f"<figure><h3>{escape(title)}</h3>{svg}</figure>"


def _configuration(content: ReportContent) -> Iterator[str]:
    """A table per section; values as they would be written in `config.toml`."""
    plain = {name: value for name, value in content.configuration.items() if not isinstance(value, Mapping)}
    tables = {name: value for name, value in content.configuration.items() if isinstance(value, Mapping)}
    for title, values in [("", plain), *tables.items()]:
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td><code>{escape(toml_value(value))}</code></td></tr>"
            for name, value in values.items()
            if value != {}
        )
        head = f"<h3>[{escape(title)}]</h3>" if title else ""
        if rows:
            yield f"<figure>{head}<table><tbody>{rows}</tbody></table></figure>"
