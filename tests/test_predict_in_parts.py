"""`suite predict --workers N --out`: the same file as that of one process, killed or not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

import suite
import weather
import weather_in_a_file
from suite.cli.main import main
from suite.prediction.parts import Parts, fingerprint, part_size
from suite.sources import FileSource

TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    weather_in_a_file.write(folder)
    return folder


@pytest.fixture
def predict(folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)

    def call(*words):
        host = suite.Host(Path("slow_weather.py"), discover=False)
        status = main(["predict", "exported", *words], host)
        return status, capfd.readouterr().err

    return call


@pytest.fixture(scope="module")
def alone(folder):
    """What one process writes."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        host = suite.Host(Path("slow_weather.py"), discover=False)
        main(["predict", "exported", "in", "--batch-size", "2", "--out", "alone.jsonl"], host)
    finally:
        os.chdir(before)
    return (folder / "alone.jsonl").read_bytes()


@pytest.mark.slow
def test_who_is_killed_goes_on_and_ends_with_the_same_file(folder, alone):
    paths = os.pathsep.join([str(TESTS.parent), str(TESTS), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "SLOWLY": "0.3"}
    command = [sys.executable, "-m", "suite", "--plugin", "slow_weather.py", "predict", "exported", "in"]
    command += ["--batch-size", "2", "--workers", "2", "--out", "killed.jsonl"]
    process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
    parts = folder / "killed.jsonl.parts"
    while len(list(parts.glob("*.part"))) < 3:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.communicate()
    assert not (folder / "killed.jsonl").exists()
    for child in children:
        for _ in range(500):
            if not Path(f"/proc/{child}/cmdline").exists():
                break
            time.sleep(0.01)
        else:
            raise AssertionError("a process goes on without the one that started it")
    before = len(list(parts.glob("*.part")))
    assert 3 <= before < 20
    environment["SLOWLY"] = "0"
    done = subprocess.run(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, timeout=60)
    assert f"goes on after {2 * before} of 40 inputs, which were predicted before" in done.stderr
    assert done.returncode == 1  # for one cannot be read
    assert (folder / "killed.jsonl").read_bytes() == alone
    assert not parts.exists()


@pytest.mark.slow
def test_a_table_is_that_of_one_process(predict, folder):
    assert predict("in", "--batch-size", "8", "--out", "alone.csv")[0] == 1
    status, text = predict("in", "--batch-size", "8", "--workers", "2", "--out", "table.csv")
    assert status == 1
    assert "in/07.temps: it holds something that is not a number" in text
    assert "no prediction for 1 of 40 inputs" in text
    assert (folder / "table.csv").read_bytes() == (folder / "alone.csv").read_bytes()


@pytest.mark.slow
def test_a_process_that_is_killed_again_and_again_is_said(predict, folder):
    (folder / "deadly.temps").write_text("dies")
    status, text = predict("deadly.temps", "--workers", "1", "--out", "deadly.jsonl")
    assert status == 1
    assert "was lost 3 times at the same inputs, the last time with status -9" in text
    assert (folder / "deadly.jsonl.parts").is_dir()
    assert not (folder / "deadly.jsonl").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["in", "--workers", "2"], "--workers needs --out"),
        (["in", "--workers", "0", "--out", "x.jsonl"], "--workers 0 is not allowed: 1 to 256"),
        (["--server", "http://localhost:1", "in", "--workers", "2"], "not with --server"),
    ],
)
def test_what_several_processes_do_not_do(predict, words, sentence):
    status, text = predict(*words)
    assert status == 2
    assert sentence in text


def test_parts_of_something_else_begin_anew(tmp_path):
    out = tmp_path / "out.jsonl"
    first = Parts(out, "one", 3, weather.Weather)
    prediction = weather.Weather(label="cold", score=float("nan"))
    with suppress(KeyboardInterrupt), first.open():
        first.write(1, [(None, prediction), ("it cannot be read", None)])
        raise KeyboardInterrupt
    again = Parts(out, "one", 3, weather.Weather)
    with suppress(KeyboardInterrupt), again.open():
        assert (again.found, again.are_others) == (1, False)
        (_, read), failed = again.read(1)
        assert isinstance(read, weather.Weather)
        assert read.score != read.score
        assert failed == ("it cannot be read", None)
        raise KeyboardInterrupt
    other = Parts(out, "two", 3, weather.Weather)
    with other.open():
        assert (other.found, other.are_others) == (0, True)
        with pytest.raises(suite.UserError, match="another process predicts into"), first.open():
            pass
    assert not other.folder.exists()


def test_a_damaged_part_and_a_folder_of_somebody(tmp_path):
    parts = Parts(tmp_path / "out.jsonl", "one", 1, None)
    with parts.open():
        parts.write(0, [(None, "cold")])
        file = next(parts.folder.glob("*.part"))
        file.write_bytes(file.read_bytes()[:-1])
        with pytest.raises(suite.UserError, match="is damaged .* remove it, and predict again"):
            parts.read(0)
    parts.folder.mkdir()
    (parts.folder / "mine.txt").touch()
    with pytest.raises(suite.UserError, match="holds no parts of predictions"), parts.open():
        pass


def test_the_name_of_a_prediction_knows_files_and_settings(tmp_path):
    file = tmp_path / "a.temps"
    file.write_text("1 2 3 4")
    source = FileSource(file)
    first = fingerprint(["in"], [source], {"batch_size": 2})
    assert first == fingerprint(["in"], [source], {"batch_size": 2})
    assert first != fingerprint(["in"], [source], {"batch_size": 3})
    assert first != fingerprint(["in"], [source, source], {"batch_size": 2})
    file.write_text("1 2 3 4 5")
    assert first != fingerprint(["in"], [source], {"batch_size": 2})


@pytest.mark.parametrize(("total", "size"), [(0, 32), (100, 32), (10_000, 128), (10**6, 256)])
def test_parts_are_whole_batches(total, size):
    assert part_size(total, 32) == size
