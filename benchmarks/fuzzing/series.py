"""Small tables and files of time series, as the loaders of forecasting read them."""

from __future__ import annotations

import gzip
import json
import math

from fuzzing.corpora import lines_of, table_of
from fuzzing.mutations import Files

_DAYS = [f"2024-{1 + day // 28:02}-{1 + day % 28:02}" for day in range(28)]
_VALUES = [round(10 + 5 * math.sin(day * 0.9), 2) for day in range(28)]


def series(loader: str) -> list[Files]:
    """Series as a loader reads them."""
    match loader:
        case "gluonts":
            lines = [
                json.dumps({"item_id": name, "start": _DAYS[0], "freq": "D", "target": _VALUES})
                for name in "ab"
            ]
            covariate = json.dumps(
                {"start": _DAYS[0], "freq": "D", "target": _VALUES, "feat_dynamic_real": [_VALUES]}
            )
            both = lines_of(*lines)
            return [
                {"data.json": both},
                {"train.json": both, "test.json": both},
                {"data.jsonl": lines_of(covariate)},
            ]
        case "tsf":
            values = ",".join(map(str, _VALUES))
            head = ("@attribute series_name string", "@attribute start_timestamp date", "@frequency daily")
            return [
                {
                    "data.tsf": lines_of(
                        *head, "@data", *(f"{name}:2024-01-01 00-00-00:{values}" for name in "ab")
                    )
                }
            ]
        case _:
            long = table_of(
                "unique_id,ds,y",
                *(
                    f"{name},{day},{value}"
                    for name in "ab"
                    for day, value in zip(_DAYS, _VALUES, strict=True)
                ),
            )
            wide = lines_of(
                "date,a,b",
                *(f"{day},{value},{value + 1}" for day, value in zip(_DAYS, _VALUES, strict=True)),
            )
            return [*({f"data{ending}": rows} for ending, rows in long.items()), {"wide.csv": wide}]


def input_series() -> Files:
    """Files with series to forecast."""
    rows = lines_of("ds,y", *(f"{day},{value}" for day, value in zip(_DAYS, _VALUES, strict=True)))
    return {
        "one.csv": rows,
        "many.csv": next(iter(series("table")))["data.csv"],
        "lines.jsonl": series("gluonts")[2]["data.jsonl"],
        "empty.csv": b"",
        "z.csv.gz": gzip.compress(rows, mtime=0),
    }
