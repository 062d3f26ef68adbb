"""JSON lines of GluonTS: {"start": "2024-01-01", "target": [1.0, 2.0], "item_id": "a"} in each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from suite import UserError
from suite.data import Dataset
from suite.kit import NotJsonError, decode_json, tables
from suite.sources import read_file
from suite_forecasting.frequencies import Frequency, frequency_of
from suite_forecasting.options import GluonOptions
from suite_forecasting.reading.files import files_in, parts_of
from suite_forecasting.reading.numbers import numbers
from suite_forecasting.reading.problems import SeriesProblems
from suite_forecasting.reading.series import Gathering, Rows
from suite_forecasting.reading.times import NO_TIME, times
from suite_forecasting.splits import dataset_of

SUFFIXES = (*tables.JSON, *(f"{suffix}.gz" for suffix in tables.JSON))


def is_gluonts(content: bytes, name: str) -> bool:
    """Whether a file has a series in each line."""
    if not name.lower().endswith(SUFFIXES):
        return False
    unpacked, _ = tables.unpacked(content, name)
    first = unpacked.lstrip().split(b"\n", 1)[0]
    return first[:1] == b"{" and b'"target"' in first and b"[" in first


def load_gluonts(path: Path, options: GluonOptions) -> Dataset:
    """Read a file, or those of a folder: train and test by their names, where a test series may repeat what
    is in train.

    Raises:
        suite.UserError: if there is none, or no frequency is known.
    """
    problems = SeriesProblems()
    files = parts_of(path, files_in(path, SUFFIXES), problems)
    if not files:
        raise UserError(f"{path} has no file of JSON lines")
    frequency = options.frequency or _metadata(path)
    gathering = Gathering(msgspec.structs.replace(options, frequency=frequency), problems)
    known = 0
    for file in files:
        content = file.source.read()
        for rows in rows_of_gluonts(content, file.name, problems, frequency=frequency, part=file.part):
            known = max(known, 0 if rows.covariates is None else rows.covariates.shape[1])
            gathering.add(rows)
    gathering.known = known
    series = gathering.series()
    names = [f"feat_dynamic_real.{number}" for number in range(known)]
    chosen = msgspec.structs.replace(options, frequency=series[0].frequency.alias)
    return dataset_of(series, chosen, problems=problems, facts={"known": names})


def _metadata(path: Path) -> str:
    """The frequency in a data set's metadata.json; empty if there is none."""
    for folder in (path, path.parent):
        for name in ("metadata.json", "metadata/metadata.json"):
            file = folder / name
            if file.is_file() and file.stat().st_size < 1 << 20:
                try:
                    found = decode_json(read_file(file))
                except (UserError, NotJsonError):
                    return ""
                return str(found.get("freq") or "") if isinstance(found, dict) else ""
    return ""


def rows_of_gluonts(
    content: bytes,
    name: str,
    problems: SeriesProblems,
    *,
    frequency: str = "",
    part: int = 0,
) -> Iterator[Rows]:
    """The series of a file, as rows.

    Args:
        content: of the file.
        name: of the file.
        problems: where to name what cannot be read.
        frequency: of the series whose lines say none ("freq").
        part: of the data, see `Rows`.

    Raises:
        suite.UserError: if a frequency is not known.
    """
    content, bare = tables.unpacked(content, name)
    for line, text in enumerate(tables.decoded(content, bare).split("\n"), start=1):
        if not text.strip():
            continue
        location = f"{name}, line {line}"
        try:
            row = decode_json(text)
        except NotJsonError:
            row = None
        if not isinstance(row, dict) or not isinstance(row.get("target"), list) or not row["target"]:
            problems.add(
                'line has no series ("start" and "target") and is left out',
                'lines have no series ("start" and "target") and are left out',
                location,
            )
            continue
        own = str(row.get("freq") or "") or frequency
        if not own:
            raise UserError(
                f"{location} does not say how far its values are apart: say --set loader.frequency=h (D, MS,"
                f' ...), or add a metadata.json with "freq"'
            )
        yield _rows(row, frequency_of(own), line, name, part, problems)


def _rows(
    row: Mapping[str, Any], frequency: Frequency, line: int, name: str, part: int, problems: SeriesProblems
) -> Rows:
    location = f"{name}, line {line}"
    values, bad = numbers(row["target"], location)
    problems.add_no_numbers(f"{location}: {str(row['target'][position])[:40]}" for position in bad[:10])
    started = times([row.get("start")], location)
    if started.values[0] == NO_TIME:
        raise UserError(f'{location} has no "start" that can be read: {str(row.get("start"))[:40]}')
    covariates = _covariates(row, len(values), location)
    count = len(values) if covariates is None else max(len(values), len(covariates))
    padded = np.concatenate([values, np.full(count - len(values), np.nan)])
    called = str(row.get("item_id") if row.get("item_id") is not None else f"series {line}")
    return Rows(
        file=name,
        part=part,
        names=[called],
        groups=[called],
        codes=np.zeros(count, np.int64),
        lines=np.full(count, line, np.int64),
        times=frequency.times(int(started.values[0]), np.arange(count)),
        values=padded,
        covariates=covariates,
        numbered=started.numbered,
        zone=started.zone,
    )


def _covariates(row: Mapping[str, Any], length: int, location: str) -> np.ndarray | None:
    """What is known in the future, float64 (steps, columns); None if there is nothing."""
    columns = row.get("feat_dynamic_real")
    if not columns:
        return None
    try:
        array = np.array(columns, np.float64).T
    except (TypeError, ValueError, OverflowError):
        array = np.zeros(0)
    if array.ndim != 2 or len(array) < length:
        raise UserError(
            f"{location}: feat_dynamic_real is not lists of {length} numbers or more, one for each covariate"
        )
    return array
