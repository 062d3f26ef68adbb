"""Files at prediction: read as those that a network learned from."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suite import UserError, limited
from suite.sources import FileSource
from suite_forecasting.codec import ForecastCodec
from suite_forecasting.loaders.detection import detect_gluonts, detect_table
from suite_forecasting.loaders.gluonts import load_gluonts
from suite_forecasting.loaders.tables import load_table
from suite_forecasting.options import GluonOptions, TableOptions
from suite_forecasting.types import History

COLUMNS = {"id": ["id"], "time": "ds", "target": ["y"]}


def codec(**fields: Any) -> ForecastCodec:
    usual: dict[str, Any] = {
        "context": 5, "horizon": 3, "levels": (0.5,), "frequency": "MS", "columns": COLUMNS,
    }  # fmt: skip
    return ForecastCodec(**{**usual, **fields})


def months(name: str, count: int, extra: str = "") -> list[str]:
    return [
        f"{name},{2020 + number // 12}-{number % 12 + 1:02}-01,{number}{extra}" for number in range(count)
    ]


def file(tmp_path: Path, rows: list[str], header: str = "id,ds,y") -> FileSource:
    path = tmp_path / "new.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return FileSource(path)


def histories(reader: ForecastCodec, source: FileSource) -> list[History]:
    stream = reader.open_stream(source)
    assert stream is not None
    return list(stream)


def test_each_series_of_a_file_is_a_history(tmp_path: Path) -> None:
    first, second = histories(codec(), file(tmp_path, [*months("a", 10), *months("b", 13)]))
    assert (first.name, first.start, first.frequency, len(first.values)) == ("a", "2020-01-01", "MS", 10)
    assert (second.name, len(second.values)) == ("b", 13)
    assert codec().encode(second).context.start == "2021-02-01"


def test_a_file_of_one_series_needs_no_name_and_is_an_input(tmp_path: Path) -> None:
    source = file(tmp_path, [row.partition(",")[2] for row in months("", 8)], "ds,y")
    (history,) = histories(codec(), source)
    assert history.name == "y"
    assert codec().encode(source).context.start == "2020-09-01"
    with pytest.raises(UserError, match="holds 2 series"):
        codec().encode(file(tmp_path, [*months("a", 10), *months("b", 13)]))


def test_covariates_may_go_on_after_the_last_value(tmp_path: Path) -> None:
    ahead = [f"a,2020-{month:02}-01,,{month}" for month in (9, 10, 11)]
    source = file(tmp_path, [*months("a", 8, ",1"), *ahead], "id,ds,y,holiday")
    reader = codec(known=("holiday",), known_means=(0.0,), columns={**COLUMNS, "known": ["holiday"]})
    (history,) = histories(reader, source)
    assert len(history.values) == 8
    assert reader.encode(history).arrays["known"][:, 0].tolist() == [1, 1, 1, 1, 1, 9, 10, 11]


@pytest.mark.parametrize(
    ("rows", "header", "said"),
    [
        (months("a", 9), "id,ds,sales", "no column 'y'"),
        ([*months("a", 9), "a,2020-10-01,many"], "id,ds,y", "line 11, y: many"),
        ([*months("a", 9), "a,soon,1"], "id,ds,y", "line 11 .soon"),
        ([*months("a", 9), "a,2020-09-01,70"], "id,ds,y", "more than once"),
        ([f"a,2020-01-{day:02},1" for day in range(1, 29)], "id,ds,y", r"frequency MS.*a \(D\)"),
        ([], "id,ds,y", "no row"),
        ([f"a,2020-{month:02}-01," for month in range(1, 9)], "id,ds,y", "no value"),
    ],
)
def test_what_would_be_left_out_is_refused(tmp_path: Path, rows: list[str], header: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        histories(codec(), file(tmp_path, rows, header))


def gluonts(path: Path, lengths: list[int], **more: Any) -> Path:
    lines = [
        json.dumps({"start": "2020-01-31", "target": list(range(length)), "item_id": f"T{number}", **more})
        for number, length in enumerate(lengths)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.json", "a.parquet"])
def test_a_table_that_would_not_fit_into_memory_is_refused(tmp_path: Path, name: str) -> None:
    rows = [{"id": "a", "ds": "2020-01-01", "y": 1}] * 3000
    content = b"id,ds,y\n" + b"a,2020-01-01,1\n" * 3000
    if name.endswith(".json"):
        content = json.dumps(rows).encode()
    elif name.endswith(".gz"):
        content = gzip.compress(content)
    elif name.endswith(".parquet"):
        pa = pytest.importorskip("pyarrow", reason="writes and reads Parquet")
        pq = pytest.importorskip("pyarrow.parquet", reason="writes and reads Parquet")
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), buffer)
        content = buffer.getvalue()
    (tmp_path / name).write_bytes(content)
    with limited(max_input_gb=0.001), pytest.raises(UserError, match="some .* cells and would take"):
        histories(codec(), FileSource(tmp_path / name))


def test_json_lines_of_gluonts(tmp_path: Path) -> None:
    path = gluonts(tmp_path / "data.jsonl", [60, 72])
    assert detect_gluonts(path)
    assert not detect_table(path)
    dataset = load_gluonts(path, GluonOptions(frequency="M"))
    assert dataset.facts["horizon"] == 18
    assert dataset.test is not None
    example = dataset.test[0]
    assert example.input.name == "T0"
    assert example.id == "T0 2023-07-31"
    with pytest.raises(UserError, match=r"loader\.frequency"):
        load_gluonts(path, GluonOptions())
    (tmp_path / "metadata.json").write_text('{"freq": "M"}')
    assert load_gluonts(path, GluonOptions()).facts["horizon"] == 18


def test_a_test_file_of_gluonts_repeats_the_training_values(tmp_path: Path) -> None:
    gluonts(tmp_path / "train.json", [60, 72])
    gluonts(tmp_path / "test.json", [66, 78])
    dataset = load_gluonts(tmp_path, GluonOptions(frequency="ME"))
    assert dataset.facts["horizon"] == 6
    assert not dataset.problems
    assert dataset.test is not None
    assert [dataset.test[index].target["values"][0] for index in range(2)] == [60, 72]


def test_covariates_and_missing_values_of_gluonts(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    values = [None if number == 3 else number for number in range(40)]
    row = {"start": "2024-01-01", "target": values, "feat_dynamic_real": [list(range(47))], "freq": "D"}
    path.write_text(json.dumps(row) + "\nbroken\n")
    dataset = load_gluonts(path, GluonOptions(horizon=7))
    assert dataset.facts["known"] == ["feat_dynamic_real.0"]
    assert dataset.test is not None
    history = dataset.test[0].input
    assert np.flatnonzero(np.isnan(history.values)).tolist() == [3]
    assert history.known[:, 0].tolist() == list(range(40))
    assert "data.jsonl, line 2" in "\n".join(dataset.problems)
    reader = codec(frequency="D", columns={}, known=("feat_dynamic_real.0",), known_means=(0.0,), horizon=7)
    path.write_text(json.dumps(row))
    (new,) = histories(reader, FileSource(path))
    assert new.known[:, 0].tolist() == list(range(47))


def test_a_network_of_gluonts_reads_tables_too(tmp_path: Path) -> None:
    (history,) = histories(codec(columns={}), file(tmp_path, months("a", 9), "unique_id,ds,y"))
    assert history.name == "a"


def test_facts_of_the_loader_read_another_file_alike(tmp_path: Path) -> None:
    source = file(tmp_path, months("a", 60), "Produkt,Datum,Menge")
    dataset = load_table(source.path, TableOptions(id=("Produkt",)))
    reader = codec(columns=dataset.facts["columns"])
    (history,) = histories(reader, file(tmp_path, months("b", 20), "Produkt,Datum,Menge"))
    assert (history.name, len(history.values)) == ("b", 20)
