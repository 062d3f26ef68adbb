"""The sample of the task in each format that is read: for `suite check`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from suite.data import Dataset
from suite_text.reading.lines import text_of


def write_parallel(dataset: Dataset, folder: Path) -> Path:
    """A file for each language, whose lines belong together."""
    pairs = [*_pairs(dataset)]
    for number, language in enumerate(("source", "target")):
        path = folder / f"texts.{language}"
        path.write_text("".join(f"{pair[number]}\n" for pair in pairs), encoding="utf-8")
    return folder


def write_table(dataset: Dataset, folder: Path) -> Path:
    """A CSV file with a column for each language."""
    path = folder / "texts.csv"
    header = ("source", "target")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *_pairs(dataset)])
    return path


def write_tmx(dataset: Dataset, folder: Path) -> Path:
    """A translation memory."""
    languages = (dataset.facts["source"], dataset.facts["target"])
    units = [
        "".join(
            f'<tuv xml:lang="{language}"><seg>{escape(text)}</seg></tuv>'
            for language, text in zip(languages, pair, strict=True)
        )
        for pair in _pairs(dataset)
    ]
    path = folder / "texts.tmx"
    body = "".join(f"<tu>{unit}</tu>\n" for unit in units)
    header = f'<header srclang="{languages[0]}" datatype="plaintext"/>'
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4">{header}<body>\n{body}</body></tmx>\n'
    path.write_text(text, encoding="utf-8")
    return path


def _pairs(dataset: Dataset) -> Iterator[tuple[str, str]]:
    for split in dataset.splits.values():
        for index in range(len(split)):
            yield text_of(split[index].input), split[index].target
