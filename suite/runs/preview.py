"""Examples as they are read, for people to look at before they train: `suite inspect --preview`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import suite
from suite.contributions import Contributed, Task
from suite.data.dataset import Dataset, Example
from suite.data.findings import Finding, Inspection
from suite.data.shown import Shown, headline, suspicious, typical
from suite.errors import UserError, attributed
from suite.evaluation.checks import check_figure, described
from suite.figures import Figure, Table
from suite.files import atomic_write
from suite.report.html import MADE_BY, check_page_path
from suite.report.preview import PreviewContent, Remark, Sheet, render_preview
from suite.wording import shortened

IN_A_REPORT = 8
"""Examples of the training split that the report of a run shows; of each other split half as many."""

_MAX_TEXT = 400


@dataclass(frozen=True)
class Preview:
    """Sheets of examples.

    Attributes:
        suspicious: of the examples that findings name.
        typical: of a few of each class and split.
        defect: what the task's own preview raised, with its plugin noted; the sheets are then plain tables.
    """

    suspicious: Sequence[Sheet]
    typical: Sequence[Sheet]
    defect: Exception | None = None


def preview(
    task: Contributed[Task], dataset: Dataset, findings: Sequence[Finding], *, seed: int = 0
) -> Preview:
    """Show the examples that findings name, and a few of each class and split.

    Only what is shown is read. If the task has no preview, or it fails, tables show the examples plainly.

    Args:
        task: may have a preview.
        dataset: that was inspected.
        findings: of the inspection.
        seed: of the choice.
    """
    maker = _Maker(task, dataset.facts)
    return Preview(
        suspicious=[maker.sheet(shown) for shown in suspicious(dataset, findings)],
        typical=[maker.sheet(shown) for shown in typical(dataset, seed=seed)],
        defect=maker.defect,
    )


def example_figures(task: Contributed[Task], dataset: Dataset) -> tuple[list[Figure], list[str]]:
    """A few examples of each split for the report of a run, and a note if the task's preview failed."""
    maker = _Maker(task, dataset.facts)
    figures = [
        replace(figure, title=shown.title)
        for shown in typical(dataset, train=IN_A_REPORT, others=IN_A_REPORT // 2)
        for figure in maker.sheet(shown).figures
    ]
    notes = []
    if maker.defect is not None:
        notes.append(f"examples are shown plainly, for a defect of {task}: {described(maker.defect)}")
    return figures, notes


def write_preview(path: Path, data: str, task: str, inspection: Inspection, shown: Preview) -> None:
    """Write the page, completely or not at all."""
    notes = []
    if shown.defect is not None:
        notes.append(
            f"The examples are shown plainly, for the task's own preview failed: {described(shown.defect)}"
        )
    content = PreviewContent(
        title=Path(data).name or data,
        subtitle=f"{task} · {data}",
        facts=inspection.numbers,
        remarks=[
            Remark(text=headline(finding), wrong=finding.wrong, locations=finding.locations)
            for finding in inspection.findings
        ],
        notes=notes,
        suspicious=shown.suspicious,
        typical=shown.typical,
        tables=inspection.tables,
        footer=f"{MADE_BY}{suite.__version__}.",
    )
    atomic_write(path, render_preview(content))


def check_preview_path(path: Path) -> None:
    """Refuse to write a page where it cannot be, or over anything but an earlier page.

    Raises:
        UserError: saying why.
    """
    check_page_path(path, "--preview")


class _Maker:
    """Makes sheets, by the task's preview as long as that works."""

    def __init__(self, task: Contributed[Task], facts: Mapping[str, Any]) -> None:
        self._task = task
        self._facts = facts
        self.defect: Exception | None = None

    def sheet(self, shown: Shown) -> Sheet:
        """The figures of examples that are shown together."""
        figures = self._figures(shown.examples)
        return Sheet(title=shown.title, figures=figures, lines=shown.lines)

    def _figures(self, examples: Sequence[Example]) -> list[Figure]:
        if self._task.item.preview is not None and self.defect is None:
            try:
                return self._previewed(examples)
            except Exception as error:  # noqa: BLE001 - the rest of an inspection is worth seeing
                self.defect = error
        return [_plain(examples)]

    def _previewed(self, examples: Sequence[Example]) -> list[Figure]:
        try:
            return self._made(examples)
        except UserError:
            pass
        readable, rows = [], []
        for example in examples:
            try:
                self._made([example])
                readable.append(example)
            except UserError as error:
                rows.append([example.id, _text(example.target), str(error)])
        figures = self._made(readable) if readable else []
        table = Table(title="", columns=["example", "target", "cannot be shown"], rows=rows)
        return [*figures, table]

    def _made(self, examples: Sequence[Example]) -> list[Figure]:
        assert self._task.item.preview is not None
        with attributed(f"preview of {self._task}"):
            figures = list(self._task.item.preview(examples, self._facts))
            for figure in figures:
                check_figure(figure)
        return figures


def _plain(examples: Sequence[Example]) -> Table:
    rows = [[example.id, _text(example.target), _text(example.input)] for example in examples]
    return Table(title="", columns=["example", "target", "input"], rows=rows)


def _text(value: Any) -> str:
    """A value in a cell: its beginning; of a file its name."""
    text = str(getattr(value, "name", "") if hasattr(value, "read") else value)
    return shortened(text, _MAX_TEXT)
