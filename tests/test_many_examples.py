"""What grows with the number of examples: bytes for each one, and what is read when."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suite import PluginError, UserError
from suite.data import ColumnExamples, Dataset, Example, NumberedIds, Subset, fingerprint, ids_at
from suite.data.checks import check_dataset
from suite.data.duplicates import same_content
from suite.data.splits import complete
from suite.kit import open_row_groups

COUNT = 20_000


class Words:
    """Texts that are made when they are asked for."""

    def __init__(self, count: int, different: int) -> None:
        self._count = count
        self._different = different

    def __len__(self) -> int:
        return self._count

    def take(self, rows: np.ndarray) -> list[str]:
        return [f"text {row % self._different}" for row in rows.tolist()]


def columns(count: int, different: int, targets: Sequence[Any] = ("a", "b", ["a", "b"])) -> ColumnExamples:
    kinds = np.arange(count) ** 2 % 7 % len(targets)
    ids = NumberedIds(["b.parquet", "a.parquet"], np.arange(count) + 1, np.arange(count) % 2)
    return ColumnExamples(ids, Words(count, different), targets, kinds)


@pytest.mark.parametrize("different", [50, 700, 3000])
def test_columns_are_split_checked_and_named_like_a_list_of_the_same_examples(different: int) -> None:
    kept = columns(3000, different)
    listed: list[Example] = [kept[index] for index in range(len(kept))]
    check_dataset(Dataset(train=kept), "the test")
    assert fingerprint(Dataset(train=kept)) == fingerprint(Dataset(train=listed))
    assert same_content(kept).tolist() == same_content(listed).tolist()
    made, notes = complete(Dataset(train=kept))
    of_list, of_list_notes = complete(Dataset(train=listed))
    assert notes == of_list_notes
    for name, split in of_list.splits.items():
        same = made.splits[name]
        assert isinstance(same, Subset)
        assert isinstance(split, Subset)
        assert same.indices.tolist() == split.indices.tolist()
    part = Subset(Subset(kept, np.arange(0, 3000, 3)), np.arange(900)[::-1])
    assert ids_at(part, np.array([0, 5])) == [part[0].id, part[5].id]
    assert (
        same_content(part, kept).tolist()
        == same_content([*map(part.__getitem__, range(900))], listed).tolist()
    )


@pytest.mark.parametrize("names", [["t.csv"], ["b", "a"], ["a", "a:1"]])
def test_numbered_ids_are_in_the_order_of_texts(names: list[str]) -> None:
    numbers = np.random.default_rng(0).permutation(2500)
    ids = NumberedIds(names, numbers, numbers % len(names))
    texts = ids.take(np.arange(2500))
    order = ids.order(np.arange(2500))
    if names == ["a", "a:1"]:
        assert order is None
    else:
        assert order is not None
        assert order.tolist() == sorted(range(2500), key=texts.__getitem__)


def test_ids_that_are_there_twice_are_refused_in_columns_too() -> None:
    kept = columns(100, 100)
    twice = ColumnExamples(NumberedIds(["a"], np.arange(100) // 2), kept.inputs, kept.targets, kept.kinds)
    with pytest.raises(PluginError, match=r"the id 'a:\d+' to two examples"):
        check_dataset(Dataset(train=twice), "the test")
    with pytest.raises(IndexError):
        kept[100]
    assert kept[-1] == kept[99]


def test_columns_and_their_splits_take_few_bytes_for_each_example() -> None:
    complete(Dataset(train=columns(100, 100)))
    tracemalloc.start()
    kept = columns(COUNT, COUNT, ["a", "b"])
    assert tracemalloc.get_traced_memory()[0] < 8 * COUNT + 50_000
    data, _ = complete(Dataset(train=kept))
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 12 * COUNT + 100_000
    assert peak < 80 * COUNT + 6_000_000  # texts are made, and let go of, some thousands at a time
    assert len(data.train) == 0.8 * COUNT


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two thousand rows in twenty row groups."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path: Path = tmp_path_factory.mktemp("table") / "rows.parquet"
    texts = [
        None if row % 500 == 7 else f"  row\u00a0{row} " if row < 100 else f"row {row}" for row in range(2000)
    ]
    labels = pa.array(["odd" if row % 2 else "even" for row in range(2000)]).dictionary_encode()
    pq.write_table(
        pa.table({"text": texts, "label": labels, "number": list(range(2000))}), path, row_group_size=100
    )
    return path


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The row groups that were read, in order."""
    import pyarrow.parquet as pq

    groups: list[int] = []
    reading = pq.ParquetFile.read_row_group

    def recorded(self: Any, group: int, *arguments: Any, **more: Any) -> Any:
        groups.append(group)
        return reading(self, group, *arguments, **more)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", recorded)
    return groups


def test_row_groups_are_read_when_they_are_needed(table: Path, read: list[int]) -> None:
    (rows,) = open_row_groups([table], limit=4000)
    assert (len(rows), rows.names, read) == (2000, ["text", "label", "number"], [])
    assert rows.take("text", np.array([1999, 1000, 1005, 1001])) == [
        "row 1999",
        "row 1000",
        "row 1005",
        "row 1001",
    ]
    assert read == [10, 19]
    rows.take("text", np.arange(1000, 1100))
    assert read == [10, 19]  # still there
    for row in range(0, 2000, 100):
        rows.take("text", np.array([row]))
    assert rows.take("text", np.array([1000])) == ["row 1000"]
    assert read[-1] == 10  # let go of when others came
    assert rows.is_text("text")
    assert rows.is_plain("label")
    assert not rows.is_text("number")


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(UserError, match=r"bad\.parquet is damaged"):
        open_row_groups([tmp_path / "bad.parquet"])


def test_texts_of_a_table_are_those_that_reading_it_as_a_whole_gives(
    table: Path, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = pytest.importorskip("suite_text.classification.loaders.tables")
    from suite_text.classification.options import TableOptions

    lazily = loader.load_table(table, TableOptions())
    assert isinstance(lazily.train, ColumnExamples)
    before = len(read)
    assert lazily.train[1200] == Example("rows.parquet:1204", "row 1203", "odd")
    assert lazily.train[2].input == "row 2"
    assert len(read) == before
    monkeypatch.setattr(loader, "labeled_tables", lambda files, options: None)
    whole = loader.load_table(table, TableOptions())
    assert list(map(lazily.train.__getitem__, range(len(lazily.train)))) == whole.train
    assert list(map(str, lazily.problems)) == list(map(str, whole.problems))
    assert lazily.facts == whole.facts
    assert replace(lazily, train=whole.train, problems=[]) == replace(whole, problems=[])
