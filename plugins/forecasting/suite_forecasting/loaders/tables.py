"""Tables of series: a row for each time of each series, or a column for each series."""

from __future__ import annotations

from pathlib import Path

import msgspec

from suite import UserError
from suite.data import Dataset
from suite.kit import some
from suite_forecasting.options import TableOptions, names_in
from suite_forecasting.reading.columns import columns_of
from suite_forecasting.reading.files import files_in, parts_of
from suite_forecasting.reading.layout import Layout, as_fact, layout_of, options_of
from suite_forecasting.reading.problems import SeriesProblems
from suite_forecasting.reading.rows import rows_of
from suite_forecasting.reading.series import Gathering
from suite_forecasting.reading.shapes import reshaped
from suite_forecasting.splits import dataset_of


def load_table(path: Path, options: TableOptions) -> Dataset:
    """Read a table, or those of a folder: train and test by their names, or a series in each.

    Raises:
        suite.UserError: if there is none, a column is not there or means two things, or the series have no
            frequency in common.
    """
    problems = SeriesProblems()
    files = parts_of(path, files_in(path), problems, options.test)
    if not files:
        raise UserError(f"{path} has no table: .csv, .tsv, .jsonl, .parquet or .xlsx")
    in_parts = any(file.part for file in files)
    gathering = Gathering(options, problems, known=len(names_in(options.known)))
    layout: Layout | None = None
    for file in files:
        table = reshaped(columns_of(file.source.read(), file.name, problems))
        own, unused = layout_of(table, options if layout is None else options_of(as_fact(layout)))
        if layout is None:
            layout = own
            if unused:
                problems.note(
                    f"columns of numbers that are not used: {some(unused, 5)} (as covariates: --set"
                    " loader.known=COLUMN or loader.past=COLUMN; as series: loader.target=COLUMN)"
                )
        called = file.stem if len(files) > 1 and not in_parts else ""
        gathering.add(rows_of(table, own, problems, part=file.part, called=called))
    assert layout is not None
    series = gathering.series()
    facts = {"known": list(layout.known), "past": list(layout.past), "columns": as_fact(layout)}
    chosen = msgspec.structs.replace(
        options, id=layout.id, time=layout.time, target=layout.target, frequency=series[0].frequency.alias
    )
    return dataset_of(series, chosen, problems=problems, facts=facts)
