"""Data whose files were swapped for others of the same names and sizes is noticed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from suite.data.contents import SAMPLE, Contents, changes, contents_of
from suite.data.dataset import Dataset, Example
from suite.sources import FileSource

SINCE = "runs/birds was started"


@pytest.fixture
def folder(tmp_path):
    for number in range(10):
        (tmp_path / f"{number}.txt").write_text(f"it is {number}")
    return tmp_path


def seen(folder):
    files = [FileSource(path) for path in sorted(folder.glob("*.txt"))]
    return contents_of(Dataset(train=[Example(Path(file.name).name, file) for file in files]), str(folder))


def swap(file, content):
    """Replace what a file holds, and give it the time that it had."""
    before = file.stat()
    file.write_text(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_nothing_is_said_of_the_same_data(folder):
    assert changes(seen(folder), seen(folder), str(folder), SINCE, moved=False) == ""


def test_contents_of_the_same_size_and_time_are_noticed(folder):
    before = seen(folder)
    swap(folder / "3.txt", "it is X")
    said = changes(before, seen(folder), "birds", SINCE, moved=True)
    assert said == (
        "the data in birds holds something else than when runs/birds was started: of 10 examples that were"
        " compared, 1 are changed, '3.txt' for one"
    )


def test_files_that_were_written_again_or_added_are_noticed_unless_all_have_moved(folder):
    before = seen(folder)
    os.utime(folder / "3.txt", (1, 1))
    said = changes(before, seen(folder), "birds", SINCE, moved=False)
    assert said.startswith(
        "files in birds were changed, added or removed after runs/birds was started; the 10"
    )
    assert changes(before, seen(folder), "birds", SINCE, moved=True) == ""


def test_data_in_memory_and_what_cannot_be_read(tmp_path):
    inputs = [np.full(3, number) for number in range(100)]
    before = contents_of(Dataset.of(inputs, ["a"] * 100), "")
    assert len(before.sample) == SAMPLE
    assert before.files == ""
    inputs[99] = np.zeros(3)
    after = contents_of(Dataset.of(inputs, ["a"] * 100), "")
    assert "'train 99' for one" in changes(before, after, "", SINCE, moved=False)
    gone = Dataset(train=[Example("x", FileSource(tmp_path / "nowhere")), Example("y", object())])
    assert contents_of(gone, str(tmp_path / "nowhere")).sample == {}
    assert changes(Contents(), before, "", SINCE, moved=False) == ""
