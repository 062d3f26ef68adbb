"""Tables as people save them: read right, or named with file and line."""

from __future__ import annotations

import datetime as dt
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite.data import Dataset
from suite_forecasting.examples import Windows
from suite_forecasting.loaders.detection import detect_gluonts, detect_table
from suite_forecasting.loaders.tables import load_table
from suite_forecasting.options import TableOptions
from suite_forecasting.reading.series import Series

DAYS = 40


def series_of(dataset: Dataset) -> dict[str, Series]:
    assert isinstance(dataset.train, Windows)
    return {series.name: series for series in dataset.train.series}


def table(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def day(number: int) -> dt.date:
    return dt.date(2024, 1, 1) + dt.timedelta(number)


def days(form: str = "%Y-%m-%d", count: int = DAYS) -> list[str]:
    return [f"{day(number):{form}},{number}" for number in range(count)]


def read(tmp_path: Path, header: str, rows: list[str], **options: Any) -> Dataset:
    path = table(tmp_path / "data.csv", header, rows)
    assert detect_table(path) or options
    return load_table(path, TableOptions(**options))


@pytest.mark.parametrize(
    "header",
    ["unique_id,ds,y", "id,date,value", "Series,Timestamp,Target", "item_id,time,y", "series_id,Date,Sales"],
)
def test_a_row_for_each_time_of_each_series(tmp_path: Path, header: str) -> None:
    rows = [
        f"{name},{day(number)},{number * scale}"
        for name, scale in (("a", 1), ("b", 2))
        for number in range(DAYS)
    ]
    dataset = read(tmp_path, header, rows)
    found = series_of(dataset)
    assert list(found) == ["a", "b"]
    assert found["b"].values.tolist() == [2 * number for number in range(DAYS)]
    assert found["a"].time_text(0) == "2024-01-01"
    assert dataset.facts["frequency"] == "D"
    assert not dataset.problems


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("%Y-%m-%d", "2024-01-01"),
        ("%Y/%m/%d", "2024-01-01"),
        ("%d.%m.%Y", "2024-01-01"),
        ("%d/%m/%Y", "2024-01-01"),
        ("%m/%d/%Y", "2024-01-01"),
        ("%d-%b-%Y", "2024-01-01"),
        ("%b %d %Y", "2024-01-01"),
        ("%Y%m%d", "2024-01-01"),
        ("%Y-%m-%dT%H:%M:%S", "2024-01-01"),
        ("%Y-%m-%d %H:%M:%S+00:00", "2024-01-01"),
        ("%d/%m/%y %I:%M %p", "2024-01-01"),
    ],
)
def test_dates_as_people_write_them(tmp_path: Path, form: str, start: str) -> None:
    dataset = read(tmp_path, "date,value", days(form))
    (series,) = series_of(dataset).values()
    assert series.values.tolist() == list(range(DAYS))
    assert series.time_text(0)[:10] == start
    assert dataset.facts["frequency"] == "D"


def test_dates_that_may_be_two_things_are_refused(tmp_path: Path) -> None:
    rows = [f"0{number}/0{number % 3 + 1}/2024,{number}" for number in range(1, 10)]
    with pytest.raises(UserError, match=r"loader\.dates=day-first"):
        read(tmp_path, "date,value", rows)
    monthly = [f"{month:02}/01/{year},{month}" for year in (2020, 2021) for month in range(1, 13)]
    # 13 is no month, but no date has it: both readings are regular, and mean something else.
    with pytest.raises(UserError, match="month-first"):
        read(tmp_path, "date,value", monthly)
    dataset = read(tmp_path, "date,value", monthly, dates="month-first")
    assert dataset.facts["frequency"] == "MS"


@pytest.mark.parametrize(
    ("times", "frequency"),
    [
        (["2020-01", "2020-02", "2020-03", "2020-04", "2020-05", "2020-06", "2020-07"], "MS"),
        ([f"{year}Q{quarter}" for year in (2019, 2020) for quarter in (1, 2, 3, 4)], "QS-JAN"),
        ([str(year) for year in range(1990, 2001)], "YS-JAN"),
        (["2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30", "2020-05-31", "2020-06-30"], "ME"),
        ([f"2024-01-{day:02}" for day in range(1, 31) if dt.date(2024, 1, day).weekday() < 5], "B"),
        ([f"2024-W{week:02}" for week in range(1, 12)], "W-MON"),
        ([str(1_700_000_000 + 900 * step) for step in range(12)], "15min"),
        ([str(step) for step in range(5, 17)], ""),
    ],
)
def test_frequencies_are_found(tmp_path: Path, times: list[str], frequency: str) -> None:
    dataset = read(tmp_path, "time,value", [f"{moment},{number}" for number, moment in enumerate(times)])
    assert dataset.facts["frequency"] == frequency


def test_a_column_for_each_series(tmp_path: Path) -> None:
    rows = [f"{day(number)},{number},{2 * number},text" for number in range(DAYS)]
    dataset = read(tmp_path, "date,HUFL,OT,note", rows)
    found = series_of(dataset)
    assert list(found) == ["HUFL", "OT"]
    assert found["OT"].values[-1] == 2 * (DAYS - 1)


def test_several_columns_of_several_series(tmp_path: Path) -> None:
    rows = [f"{day(number)},{name},{number},{-number}" for name in "xy" for number in range(DAYS)]
    dataset = read(tmp_path, "date,store,profit,cost", rows)
    assert list(series_of(dataset)) == ["x/profit", "y/profit", "x/cost", "y/cost"]


def test_columns_can_be_named_and_wrong_names_are_refused(tmp_path: Path) -> None:
    rows = [f"{number},{day(number)},{number},1" for number in range(DAYS)]
    dataset = read(tmp_path, "a,b,c,d", rows, time="b", target=("c",))
    assert list(series_of(dataset)) == ["c"]
    with pytest.raises(UserError, match="no column 'z'"):
        read(tmp_path, "a,b,c,d", rows, target=("z",))
    with pytest.raises(UserError, match="no column of numbers"):
        read(tmp_path, "date,words", [f"{day(number)},word" for number in range(DAYS)], time="date")


def test_a_number_for_each_row_is_no_name(tmp_path: Path) -> None:
    rows = [f"{number},{day(number)},{number * 3}" for number in range(DAYS)]
    assert list(series_of(read(tmp_path, "id,date,value", rows))) == ["value"]
    assert list(series_of(read(tmp_path, ",date,value", rows))) == ["value"]


def test_gaps_stay_missing_and_can_be_filled(tmp_path: Path) -> None:
    rows = [row for number, row in enumerate(days()) if number not in (5, 6, 20)]
    rows[10] = rows[10].partition(",")[0] + ","
    (series,) = series_of(read(tmp_path, "ds,y", rows)).values()
    assert np.flatnonzero(np.isnan(series.values)).tolist() == [5, 6, 12, 20]
    (filled,) = series_of(read(tmp_path, "ds,y", rows, missing="previous")).values()
    assert filled.values[[4, 5, 6, 7, 20]].tolist() == [4, 4, 4, 7, 19]
    (zeros,) = series_of(read(tmp_path, "ds,y", rows, missing="zero")).values()
    assert zeros.values[[5, 20]].tolist() == [0, 0]


def test_times_that_are_there_twice_are_named(tmp_path: Path) -> None:
    rows = [*days(), f"{day(7)},100", f"{day(9)},9"]
    dataset = read(tmp_path, "ds,y", rows)
    (series,) = series_of(dataset).values()
    assert series.values[7] == 100
    said = "\n".join(dataset.problems)
    assert "with another value: the last one counts: 'data.csv, line 9 and data.csv, line 42 (y)'" in said
    assert "with the same value" in said
    (first,) = series_of(read(tmp_path, "ds,y", rows, duplicates="first")).values()
    assert first.values[7] == 7
    (mean,) = series_of(read(tmp_path, "ds,y", rows, duplicates="mean")).values()
    assert mean.values[7] == 53.5


def test_what_is_no_number_and_no_time_is_named_with_its_line(tmp_path: Path) -> None:
    rows = days()
    rows[3] = f"{day(3)},many"
    rows[8] = "yesterday,8"
    rows[9] = ",9"
    rows[12] = f"{day(12)},inf"
    dataset = read(tmp_path, "ds,y", rows)
    said = "\n".join(dataset.problems)
    assert "data.csv, line 5, y: many" in said
    assert "data.csv, line 14, y: inf" in said
    assert "data.csv, line 10 (yesterday)" in said
    assert "has no time and is left out: 'data.csv, line 11'" in said
    (series,) = series_of(dataset).values()
    assert np.flatnonzero(np.isnan(series.values)).tolist() == [3, 8, 9, 12]


def test_rows_of_another_length_are_named(tmp_path: Path) -> None:
    rows = days()
    rows[4] += ",1"
    assert "line 6" in "\n".join(read(tmp_path, "ds,y", rows).problems)


def test_mixed_frequencies_are_refused_and_one_can_be_chosen(tmp_path: Path) -> None:
    daily = [f"a,{row}" for row in days()]
    weekly = [f"b,{day(7 * number)},{number}" for number in range(DAYS)]
    with pytest.raises(UserError, match=r"1 series has W-MON \('b'\).*frequency=D"):
        read(tmp_path, "id,ds,y", [*daily, *daily[:0], *weekly, *(f"c,{row}" for row in days())])
    dataset = read(tmp_path, "id,ds,y", [*daily, *weekly], frequency="D")
    assert list(series_of(dataset)) == ["a"]
    assert "b (W-MON)" in "\n".join(dataset.problems)


def test_times_without_a_grid_are_refused(tmp_path: Path) -> None:
    rng = random.Random(0)
    moments = sorted(dt.datetime(2024, 1, 1) + dt.timedelta(seconds=rng.randrange(10**7)) for _ in range(50))  # noqa: DTZ001
    with pytest.raises(UserError, match="not regular"):
        read(tmp_path, "ds,y", [f"{moment:%Y-%m-%d %H:%M:%S},1" for moment in moments])


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1.5", "1e3", "-2", "+4"], [1.5, 1000, -2, 4]),
        (['"1,5"', '"1000,25"', '"3,0"', '"0"'], [1.5, 1000.25, 3, 0]),
        (['"1,234.5"', '"12,345,678"', '"1"', '"2"'], [1234.5, 12345678, 1, 2]),
        (['"1.234,5"', '"2"', '"3"', '"4"'], [1234.5, 2, 3, 4]),
        (["$5", "6 %", "1 234", "7"], [5, 6, 1234, 7]),
        (["NA", "null", "", "nan"], [np.nan] * 4),
    ],
)
def test_numbers_as_people_write_them(tmp_path: Path, cells: list[str], expected: list[float]) -> None:
    plain = ["1"] * 12
    rows = [f"{day(number)},{cell}" for number, cell in enumerate([*plain, *cells, *plain])]
    (series,) = series_of(read(tmp_path, "date,y", rows)).values()
    assert np.array_equal(series.values[12:16], expected, equal_nan=True)


def test_commas_that_may_be_two_things_are_refused(tmp_path: Path) -> None:
    rows = [f'{day(number)};"1,{number:03}"' for number in range(100, 140)]
    with pytest.raises(UserError, match=r"loader\.decimal=comma"):
        read(tmp_path, "date;y", rows)
    (series,) = series_of(read(tmp_path, "date;y", rows, decimal="comma")).values()
    assert series.values[0] == 1.1


def test_clock_changes_are_read_in_utc_and_said(tmp_path: Path) -> None:
    begin = dt.datetime(2024, 3, 30, 20, tzinfo=dt.UTC)
    moments = [begin + dt.timedelta(hours=number) for number in range(60)]
    change = dt.datetime(2024, 3, 31, 1, tzinfo=dt.UTC)
    local = [moment.astimezone(dt.timezone(dt.timedelta(hours=1 + (moment >= change)))) for moment in moments]
    dataset = read(tmp_path, "ds,y", [f"{moment.isoformat()},{n}" for n, moment in enumerate(local)])
    (series,) = series_of(dataset).values()
    assert not np.isnan(series.values).any()
    assert series.time_text(0) == "2024-03-30T20:00:00Z"
    assert "UTC" in "\n".join(dataset.problems)


def test_train_and_test_files(tmp_path: Path) -> None:
    names = ("a", "b")
    table(
        tmp_path / "train.csv", "unique_id,ds,y", [f"{name},{row}" for name in names for row in days()[:33]]
    )
    table(
        tmp_path / "test.csv",
        "unique_id,ds,y",
        [f"{name},{row}" for name in (*names, "new") for row in days()[33:]],
    )
    dataset = load_table(tmp_path, TableOptions())
    assert dataset.facts["horizon"] == 7
    assert dataset.test is not None
    assert [dataset.test[index].target["values"] for index in range(len(dataset.test))] == [
        list(range(33, 40))
    ] * 2
    assert "left out: 'new'" in "\n".join(dataset.problems)


def test_a_file_for_each_series(tmp_path: Path) -> None:
    for name in ("oslo", "rome"):
        table(tmp_path / f"{name}.csv", "date,close", days())
    assert list(series_of(load_table(tmp_path, TableOptions()))) == ["oslo", "rome"]


def test_covariates(tmp_path: Path) -> None:
    rows = [f"{row},{number % 2},{number * 10}" for number, row in enumerate(days())]
    rows += [f"{day(DAYS + number)},,{number % 2}," for number in range(14)]
    dataset = read(tmp_path, "ds,y,holiday,temperature", rows, known=("holiday",), past=("temperature",))
    assert dataset.facts["known"] == ["holiday"]
    assert dataset.test is not None
    history = dataset.test[0].input
    assert history.known.shape == (DAYS, 1)
    assert history.past.shape == (len(history.values), 1)
    assert not np.isnan(history.known).any()
    unused = read(tmp_path, "ds,y,holiday,temperature", rows)
    assert "not used: 'holiday', 'temperature'" in "\n".join(unused.problems)


@pytest.mark.parametrize("suffix", [".tsv", ".parquet", ".xlsx", ".jsonl"])
def test_other_files_of_the_same_table(tmp_path: Path, suffix: str) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {"id": ["a"] * DAYS, "date": pd.date_range("2024-01-01", periods=DAYS), "y": range(DAYS)}
    )
    path = tmp_path / f"data{suffix}"
    if suffix == ".tsv":
        frame.to_csv(path, sep="\t", index=False)
    elif suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.assign(date=frame["date"].astype(str)).to_json(path, orient="records", lines=True)
    assert detect_table(path)
    assert not detect_gluonts(path)
    (series,) = series_of(load_table(path, TableOptions())).values()
    assert (series.name, series.frequency.alias, series.time_text(0)) == ("a", "D", "2024-01-01")
    assert series.values.tolist() == list(range(DAYS))


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "is empty"), ("date,value\n", "no row"), ("date,value\n2024-01-01,1\n", "single time")],
)
def test_files_without_series_are_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(content)
    with pytest.raises(UserError, match=said):
        load_table(path, TableOptions())


def test_other_tables_are_not_taken_for_series(tmp_path: Path) -> None:
    assert not detect_table(table(tmp_path / "texts.csv", "text,label", ["good,pos", "bad,neg"]))
    assert not detect_table(table(tmp_path / "images.csv", "file,label", ["a.png,cat", "b.png,dog"]))


@pytest.mark.slow
@given(order=st.randoms(use_true_random=False), gaps=st.sets(st.integers(1, DAYS - 2), max_size=8))
def test_the_order_of_rows_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: random.Random, gaps: set[int]
) -> None:
    rows = [f"{name},{row}" for name in ("b", "a") for number, row in enumerate(days()) if number not in gaps]
    mixed = list(rows)
    order.shuffle(mixed)
    folder = tmp_path_factory.mktemp("order")
    plain, other = (
        series_of(load_table(table(folder / name, "id,ds,y", lines), TableOptions()))
        for name, lines in (("plain.csv", rows), ("mixed.csv", mixed))
    )
    assert set(plain) == set(other)
    for name, series in plain.items():
        assert np.array_equal(series.values, other[name].values, equal_nan=True)
        assert series.time_text(0) == other[name].time_text(0)


def test_rows_out_of_order_are_said(tmp_path: Path) -> None:
    rows = days()
    rows[3], rows[4] = rows[4], rows[3]
    assert "line 6" in "\n".join(read(tmp_path, "ds,y", rows).problems)


@pytest.mark.slow
def test_many_rows_are_read_quickly(tmp_path: Path) -> None:
    rows = [
        f"H{name},{dt.datetime(2024, 1, 1) + dt.timedelta(hours=hour)},{hour}"  # noqa: DTZ001
        for name in range(40)
        for hour in range(1000)
    ]
    path = table(tmp_path / "data.csv", "unique_id,ds,y", rows)
    begin = time.process_time()
    load_table(path, TableOptions())
    assert time.process_time() - begin < 2
