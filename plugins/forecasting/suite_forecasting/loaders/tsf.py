"""The .tsf files of the Monash archive: attributes and a series of values in each line.

@attribute series_name string
@attribute start_timestamp date
@frequency hourly
@data
T1:2024-01-01 00-00-00:1.5,2,?,3
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from suite import UserError
from suite.data import Dataset
from suite.kit import some, tables
from suite_forecasting.frequencies import NUMBERED, Frequency, frequency_of
from suite_forecasting.options import TsfOptions
from suite_forecasting.reading.files import files_in, parts_of
from suite_forecasting.reading.numbers import numbers
from suite_forecasting.reading.problems import SeriesProblems
from suite_forecasting.reading.series import Gathering, Rows
from suite_forecasting.reading.times import NO_TIME, times
from suite_forecasting.splits import dataset_of

SUFFIXES = (".tsf", ".tsf.gz")

_FREQUENCIES = {
    "yearly": "YS",
    "quarterly": "QS",
    "monthly": "MS",
    "weekly": "W",
    "daily": "D",
    "hourly": "h",
    "half_hourly": "30min",
    "minutely": "min",
    "secondly": "s",
}
_MINUTES = re.compile(r"(\d{1,4})_(minutes|seconds|hours)")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d)-(\d\d)-(\d\d)")


def detect_tsf(path: Path) -> bool:
    """Whether there is a file with this ending."""
    return bool(files_in(path, SUFFIXES))


def load_tsf(path: Path, options: TsfOptions) -> Dataset:
    """Read a file, or those of a folder: train and test by their names.

    Raises:
        suite.UserError: if there is none, or one is not of this form.
    """
    problems = SeriesProblems()
    files = parts_of(path, files_in(path, SUFFIXES), problems)
    if not files:
        raise UserError(f"{path} has no .tsf file")
    gathering = Gathering(options, problems)
    horizons: list[int] = []
    for file in files:
        content = file.source.read()
        horizons += _horizon(content, file.name)
        for rows in rows_of_tsf(content, file.name, problems, part=file.part):
            gathering.add(rows)
    series = gathering.series()
    chosen = msgspec.structs.replace(options, frequency=series[0].frequency.alias)
    if options.horizon == "auto" and horizons and not any(file.part for file in files):
        chosen = msgspec.structs.replace(chosen, horizon=horizons[0])
    return dataset_of(series, chosen, problems=problems, facts={})


def rows_of_tsf(
    content: bytes, name: str, problems: SeriesProblems, *, frequency: str = "", part: int = 0
) -> Iterator[Rows]:
    """The series of a file, as rows.

    Args:
        content: of the file.
        name: of the file.
        problems: where to name what cannot be read.
        frequency: of all series, if the file says none.
        part: of the data, see `Rows`.

    Raises:
        suite.UserError: if it is not of this form.
    """
    content, bare = tables.unpacked(content, name)
    attributes: list[str] = []
    own: Frequency | None = None
    in_data = False
    for line, text in enumerate(tables.decoded(content, bare).splitlines(), start=1):
        text = text.strip()
        if not text or text.startswith("#"):
            continue
        if not in_data:
            words = text.split()
            key = words[0].lower()
            if key == "@attribute" and len(words) > 1:
                attributes.append(words[1])
            elif key == "@frequency" and len(words) > 1:
                own = _frequency(words[1], f"{name}, line {line}")
            elif key == "@data":
                in_data = True
            continue
        yield _rows(text, attributes, own or frequency_of(frequency), line, name, part, problems)
    if not in_data:
        raise UserError(f"{name} has no line '@data': is it a .tsf file?")


def _frequency(word: str, location: str) -> Frequency:
    word = word.lower()
    if word in _FREQUENCIES:
        return frequency_of(_FREQUENCIES[word])
    if match := _MINUTES.fullmatch(word):
        return frequency_of(match[1] + {"minutes": "min", "seconds": "s", "hours": "h"}[match[2]])
    raise UserError(f"{location}: the frequency '{word}' is none of {some(list(_FREQUENCIES), 20)}")


def _horizon(content: bytes, name: str) -> list[int]:
    """The horizon that a file names, if it does."""
    unpacked, _ = tables.unpacked(content, name)
    match = re.search(rb"^@horizon\s+(\d{1,4})\s*$", unpacked[:10_000], re.MULTILINE)
    return [max(1, int(match[1]))] if match else []


def _rows(
    text: str,
    attributes: list[str],
    frequency: Frequency,
    line: int,
    name: str,
    part: int,
    problems: SeriesProblems,
) -> Rows:
    location = f"{name}, line {line}"
    # A time may have colons of its own only where it would not be of this form.
    cells = text.split(":")
    if len(cells) != len(attributes) + 1:
        raise UserError(
            f"{location} has {len(cells)} parts between colons, and the file has {len(attributes)} attributes"
            " before the values"
        )
    given = dict(zip(attributes, cells, strict=False))
    values, bad = numbers(cells[-1].split(","), location, "point")
    problems.add_no_numbers(f"{location}, value {position + 1}" for position in bad[:10])
    start, numbered, zone = 0, True, ""
    if written := given.get("start_timestamp", "").strip():
        moment = times([_STAMP.sub(r"\1 \2:\3:\4", written)], location)
        if moment.values[0] == NO_TIME:
            raise UserError(f"{location}: the start '{written[:40]}' is no time that can be read")
        start, numbered, zone = int(moment.values[0]), moment.numbered, moment.zone
    called = given.get("series_name", f"series {line}").strip()
    steps = np.arange(len(values))
    return Rows(
        file=name,
        part=part,
        names=[called],
        groups=[called],
        codes=np.zeros(len(values), np.int64),
        lines=np.full(len(values), line, np.int64),
        times=(NUMBERED if numbered else frequency).times(start, steps),
        values=values,
        numbered=numbered,
        zone=zone,
    )
