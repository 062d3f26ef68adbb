"""Tables of series as people have them: read right, or refused with what to do."""

from __future__ import annotations

import numpy as np
import pytest

from suite import UserError
from suite.options import parse
from suite_forecasting.inspection import inspect
from suite_forecasting.loaders.detection import detect_table
from suite_forecasting.loaders.tables import load_table
from suite_forecasting.loaders.tsf import detect_tsf, load_tsf
from suite_forecasting.options import TableOptions, TsfOptions
from suite_forecasting.reading.numbers import numbers
from suite_forecasting.reading.streams import series_in

DAYS = [f"2024-01-{day:02}" for day in range(1, 29)]


def load(folder, text, **options):
    path = folder / "data.csv"
    path.write_text(text, encoding="utf-8")
    return load_table(path, TableOptions(**options))


def series(dataset):
    """The values of each series up to its last window, and its frequency."""
    last = {}
    for split in dataset.splits.values():
        for index in range(len(split)):
            example = split[index]
            last[example.input.name] = [*example.input.values.tolist(), *example.target["values"]]
    return last, dataset.facts["frequency"]


def test_a_table_without_a_header_loses_no_row(tmp_path):
    dataset = load(tmp_path, "".join(f"{day},{index}\n" for index, day in enumerate(DAYS)))
    assert series(dataset) == ({"2": list(range(28))}, "D")
    assert any("has no header" in problem for problem in dataset.problems)
    # Columns may well be called after years, or by their numbers.
    wide = "".join(f"{day},{index},{index}\n" for index, day in enumerate(DAYS))
    assert set(series(load(tmp_path, "date,1,2\n" + wide))[0]) == {"1", "2"}


def test_several_columns_name_a_series_if_one_does_not_suffice(tmp_path):
    rows = [
        f"{day},{store},{item},{index}\n"
        for store in (1, 2)
        for item in (1, 2)
        for index, day in enumerate(DAYS)
    ]
    dataset = load(tmp_path, "date,store,item,sales\n" + "".join(rows))
    assert set(series(dataset)[0]) == {"1/1", "1/2", "2/1", "2/2"}
    assert dataset.problems == []


def test_a_column_of_words_names_the_series_whatever_it_is_called(tmp_path):
    rows = [f"{day},{where},{index}\n" for where in ("here", "there") for index, day in enumerate(DAYS)]
    assert set(series(load(tmp_path, "when,where,amount\n" + "".join(rows)))[0]) == {"here", "there"}


def test_a_remark_names_no_series(tmp_path):
    rows = [f"{day},{index},remark {index}\n" for index, day in enumerate(DAYS)]
    dataset = load(tmp_path, "ds,y,note\n" + "".join(rows) + "2024-01-02,77,twice\n")
    assert series(dataset)[0] == {"y": [0, 77, *range(2, 28)]}
    assert any("with another value" in problem for problem in dataset.problems)


def test_times_that_are_there_many_times_are_refused(tmp_path):
    rows = [f"{day},{index}\n" for _ in range(3) for index, day in enumerate(DAYS)]
    with pytest.raises(
        UserError, match=r"'ds': most times are there more than once, 3 times .* loader.id=COLUMN"
    ):
        load(tmp_path, "ds,y\n" + "".join(rows))


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("date,time,y", "2024-01-01,{:02}:00,{}"),
        ("Date;Hour;Load", "1.1.2024;{};{}"),
        ("day,hr,y", "20240101,{},{}"),
    ],
)
def test_a_date_and_a_time_may_be_in_two_columns(tmp_path, header, row):
    dataset = load(tmp_path, header + "\n" + "".join(row.format(hour, hour) + "\n" for hour in range(24)))
    (values,), frequency = series(dataset)[0].values(), series(dataset)[1]
    assert (values, frequency) == (list(range(24)), "h")


@pytest.mark.parametrize("names", [DAYS, [f"d_{n}" for n in range(1, 29)], [f"V{n}" for n in range(2, 30)]])
def test_series_may_be_in_rows(tmp_path, names):
    rows = [
        f"{key}," + ",".join(str(factor * n) for n in range(28)) + "\n"
        for factor, key in ((1, "A"), (2, "B"))
    ]
    head = "V1," if names[0] == "V2" else "id,"
    found, frequency = series(load(tmp_path, head + ",".join(names) + "\n" + "".join(rows)))
    assert found == {"A": list(range(28)), "B": list(range(0, 56, 2))}
    assert frequency == ("D" if names is DAYS else "")


def test_columns_that_are_numbered_are_series_beside_one_of_times(tmp_path):
    head = ",".join(f"shop {number}" for number in range(1, 7))
    rows = [f"{day}," + ",".join(str(index + shop) for shop in range(6)) for index, day in enumerate(DAYS)]
    found, frequency = series(load(tmp_path, f"time,{head}\n" + "\n".join(rows) + "\n"))
    assert (len(found), found["shop 2"], frequency) == (6, list(range(1, 29)), "D")


def test_a_column_may_say_the_split(tmp_path):
    rows = [f"{day},{index},{'train' if index < 20 else 'Test'}\n" for index, day in enumerate(DAYS)]
    dataset = load(tmp_path, "ds,y,split\n" + "".join(rows))
    assert [dataset.test[0].target["values"], dataset.facts["horizon"]] == [list(range(20, 28)), 8]
    assert len(dataset.test) == 1


def test_times_without_any_order_have_no_frequency(tmp_path):
    days = ("2024-01-01", "2024-01-02", "2024-01-05", "2024-01-17", "2024-02-23", "2024-03-11", "2024-05-09")
    with pytest.raises(UserError, match=r"'y' \(data.csv, line 2 and on\) are not regular"):
        load(tmp_path, "ds,y\n" + "".join(f"{day},1\n" for day in days))


def test_daylight_saving_time_is_read_right_with_offsets(tmp_path):
    moments = np.datetime64("2024-03-30T12:00") + np.arange(24).astype("timedelta64[h]")
    offset = [1 if moment < np.datetime64("2024-03-31T01:00") else 2 for moment in moments]
    rows = [
        f"{moment + np.timedelta64(hours, 'h')}+0{hours}:00,{index}\n"
        for index, (moment, hours) in enumerate(zip(moments, offset, strict=True))
    ]
    dataset = load(tmp_path, "ds,y\n" + "".join(rows))
    assert series(dataset) == ({"y": list(range(24))}, "h")
    assert dataset.test[0].input.start == "2024-03-30T12:00:00Z"


@pytest.mark.parametrize("given", ["store,item", ("store", "item"), ["store", "item"]])
def test_columns_are_named_in_a_list_or_with_commas(tmp_path, given):
    rows = [f"{day},{store},7,{index}\n" for store in (1, 2) for index, day in enumerate(DAYS)]
    path = tmp_path / "data.csv"
    path.write_text("date,store,item,sales\n" + "".join(rows))
    options = parse(TableOptions, {"id": given}, "[loader]")
    assert set(series(load_table(path, options))[0]) == {"1/7", "2/7"}


def test_a_wide_table_at_prediction_may_have_other_series(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("date,C,D\n" + "".join(f"{day},{index},{index}\n" for index, day in enumerate(DAYS)))
    columns = {"time": "date", "target": ["A", "B", "C"]}
    (history,) = series_in(path, columns, "D", 2, (), ())
    assert (history.name, history.values.tolist()) == ("C", list(range(28)))
    assert [
        history.name for history in series_in(path, {**columns, "target": ["A", "B"]}, "D", 2, (), ())
    ] == ["C", "D"]
    with pytest.raises(UserError, match="no series of the frequency h"):
        list(series_in(path, columns, "h", 2, (), ()))


TSF = """# of the archive
@relation Test
@attribute series_name string
@attribute start_timestamp date
@frequency half_hourly
@horizon 3
@missing true
@data
T1:2024-01-01 00-30-00:{}
T2:2024-01-01 00-00-00:{}
"""


def test_files_of_the_monash_archive_are_read(tmp_path):
    path = tmp_path / "solar.tsf"
    path.write_text(TSF.format(",".join(map(str, range(20))), "1,?,3," + ",".join(map(str, range(20)))))
    assert detect_tsf(path)
    assert not detect_table(path)
    dataset = load_tsf(path, TsfOptions())
    found, frequency = series(dataset)
    assert (found["T1"], frequency, dataset.facts["horizon"]) == (list(range(20)), "30min", 3)
    assert np.isnan(found["T2"][1])
    assert dataset.test[0].input.start == "2024-01-01T00:30:00"
    names = [history.name for history in series_in(path, {}, "30min", 2, (), ())]
    assert names == ["T1", "T2"]
    path.write_text(TSF.format("1:2", "1"))
    with pytest.raises(UserError, match="solar.tsf, line 9 has 4 parts between colons"):
        load_tsf(path, TsfOptions())


def test_lines_of_gluonts_have_the_frequency_of_the_model_at_prediction(tmp_path):
    path = tmp_path / "new.jsonl"
    path.write_text('{"start": "2024-01-31", "target": [1, 2, null, 4], "item_id": "a"}\n')
    (history,) = series_in(path, {}, "ME", 2, (), ())
    assert (history.start, history.frequency, len(history.values)) == ("2024-01-31", "ME", 4)


def test_points_between_thousands_are_seen():
    values, bad = numbers(["1.234", "2.345.678", "\u22125"], "column")
    assert (values.tolist(), bad) == ([1234, 2345678, -5], [])


def test_inspection_says_where_a_gap_is_and_what_an_hour_that_lacks_in_spring_means(tmp_path):
    moments = np.datetime64("2024-03-29T00:00") + np.arange(80).astype("timedelta64[h]")
    local = [moment for moment in moments if moment != np.datetime64("2024-03-31T02:00")]
    dataset = load(
        tmp_path, "ds,y\n" + "".join(f"{moment},{index % 24}\n" for index, moment in enumerate(local))
    )
    findings = {
        finding.text[:20]: finding.locations
        for finding in inspect(dataset, lambda done, total: None).findings
    }
    assert findings["1 series has missing"] == ["y: 1 of 80, 1 in a row from 2024-03-31T02:00:00"]
    assert findings["1 series lacks an ho"] == ["y: 2024-03-31 02:00:00"]
