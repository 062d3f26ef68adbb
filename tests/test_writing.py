"""What is written is there whole or not at all, and what cannot be written is said in one line."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

import suite
import toy_plugin
from suite import files, folders
from suite.cli.main import main
from suite.errors import UnwritableError, UserError
from suite.files import atomic_folder, atomic_path, atomic_write
from suite.folders import claimed_folder, claimed_new_folder, swap_folder

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(autouse=True)
def nothing_swept(monkeypatch):
    monkeypatch.setattr(files, "_swept", set())


@pytest.fixture(scope="module")
def host():
    return suite.Host(toy_plugin, discover=False)


def fails(*_, **__):
    raise FULL


def fails_in_a_library():
    try:
        fails()
    except OSError:
        raise RuntimeError("something else") from None


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    with suppress(ValueError), atomic_path(tmp_path / "it.csv") as temporary:
        temporary.write_text("half")
        raise ValueError
    assert not list(tmp_path.iterdir())
    atomic_write(tmp_path / "it.csv", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["it.csv"]
    assert (tmp_path / "it.csv").read_text() == "whole"


def test_names_of_temporary_files_cannot_be_guessed_and_keep_their_ending(tmp_path):
    with atomic_path(tmp_path / "it.csv") as first, atomic_path(tmp_path / "it.csv") as second:
        assert first != second
        assert first.suffix == ".csv"
        assert str(os.getpid()) not in first.name.partition("-")[0]


def test_a_name_of_the_greatest_length_can_be_written(tmp_path):
    atomic_write(tmp_path / ("n" * 251 + ".csv"), "whole")


def test_planted_links_are_not_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(files.secrets, "token_hex", lambda count: "0" * 16)
    (tmp_path / "victim").write_text("mine")
    (tmp_path / f".suite-{'0' * 16}.csv").symlink_to(tmp_path / "victim")
    with pytest.raises(UnwritableError, match="file exists"):
        atomic_write(tmp_path / "it.csv", "theirs")
    assert (tmp_path / "victim").read_text() == "mine"


def test_leftovers_of_dead_processes_are_removed_and_nothing_else(tmp_path):
    name = ".suite-" + "0123456789abcde{}"
    old = time.time() - 3600
    dead = [tmp_path / name.format(end) for end in "01"]
    dead[0].write_text("half")
    dead[1].mkdir()
    (dead[1] / "part").write_text("half")
    link = tmp_path / name.format("2")
    (tmp_path / "victim").mkdir()
    link.symlink_to(tmp_path / "victim")
    other = tmp_path / ".suite-notes"
    other.write_text("mine")
    young = tmp_path / name.format("3")
    young.write_text("half")
    with atomic_path(tmp_path / "one.csv") as living:
        for path in (*dead, other, living):
            os.utime(path, (old, old))
        atomic_write(tmp_path / "two.csv", "whole")
        assert not any(path.exists() for path in dead)
        assert living.exists()
        assert other.exists()
        assert link.is_symlink()
        assert young.exists()


def test_a_device_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UserError, match="no regular file"):
        atomic_write(tmp_path / "pipe.csv", "whole")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_what_cannot_be_written_is_said_with_what_to_do(tmp_path, monkeypatch, number):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "open", refuse)
    with pytest.raises(UnwritableError) as caught:
        atomic_write(tmp_path / "it.csv", "whole")
    assert str(caught.value).startswith(f"cannot write {tmp_path / 'it.csv'}: ")
    assert "write elsewhere" in str(caught.value)


def test_a_folder_that_is_gone(tmp_path):
    with pytest.raises(UnwritableError, match="no such file or directory; make its folder again"):
        atomic_write(tmp_path / "gone" / "it.csv", "whole")
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableError, match="cannot write .*run"), atomic_folder(tmp_path / "file" / "run"):
        pass


def test_errors_of_reading_within_a_block_that_writes_are_not_blamed_on_it(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "it.csv"):
        (tmp_path / "input").read_bytes()
    with pytest.raises(UnwritableError, match="no space left"), atomic_path(tmp_path / "it.csv"):
        fails_in_a_library()


@pytest.mark.slow
def test_a_training_on_a_full_disk_says_so_and_goes_on_later(tmp_path, host, monkeypatch, capsys):
    data = toy_plugin.write(tmp_path / "toy.jsonl", train=30, validation=9, test=9)
    run = tmp_path / "run"
    words = ["train", "trend", str(data), "--out", str(run), "--epochs", "2", "--backend", "tensorflow"]
    with monkeypatch.context() as patched:
        patched.setattr("suite.training.checkpoints.np.savez", fails)
        assert main(words, host=host) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith(f"suite: cannot write {run / 'checkpoints'}")
    assert error.endswith(
        f"no space left on device; make room, or write elsewhere; then go on with: suite resume {run}"
    )
    assert main(["resume", str(run)], host=host) == 0
    assert (run / "metrics.json").is_file()


def test_a_folder_that_is_claimed_is_refused_at_once_to_everybody_else(tmp_path):
    path = tmp_path / "runs" / "mine"
    with claimed_folder(path, "go on"):
        with pytest.raises(UserError, match=r"another process is about to write .*mine: go on"):
            claimed_folder(path, "go on").__enter__()
        with atomic_folder(path) as made:
            (made / "it").write_text("it")
    assert (path / "it").is_file()
    with pytest.raises(UserError, match=r"mine exists already: go on"):
        claimed_folder(path, "go on").__enter__()


def test_of_several_names_nobody_gets_the_same_and_an_unused_one_is_free_again(tmp_path):
    names = [tmp_path / "runs" / name for name in ("a", "b", "c")]
    with claimed_new_folder(names) as first, claimed_new_folder(names) as second:
        assert [first, second] == names[:2]
    assert not (tmp_path / "runs").exists()
    names[0].mkdir(parents=True)
    with claimed_folder(names[0], ""):
        pass
    assert names[0].is_dir()  # it was there before


@pytest.mark.parametrize("exchanges", [True, False])
def test_a_folder_takes_the_place_of_another_one(tmp_path, monkeypatch, exchanges):
    if not exchanges:
        monkeypatch.setattr(folders, "_exchange", lambda first, second: False)
    place = tmp_path / "export"
    for number in range(3):
        new = tmp_path / "new"
        new.mkdir()
        (new / f"{number}").write_text("")
        swap_folder(new, place)
        assert [file.name for file in place.iterdir()] == [f"{number}"]
        assert [file.name for file in tmp_path.iterdir()] == ["export"]


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="elsewhere there is a gap")
def test_there_is_no_moment_without_a_whole_folder(tmp_path):
    place = tmp_path / "export"
    place.mkdir()
    (place / "it").write_text("0")
    done, missing = threading.Event(), []

    def look():
        while not done.is_set():
            if not (place / "it").exists():
                missing.append(1)

    looking = threading.Thread(target=look)
    looking.start()
    for number in range(100):
        new = tmp_path / "new"
        new.mkdir()
        (new / "it").write_text(f"{number}")
        swap_folder(new, place)
    done.set()
    looking.join()
    assert not missing


def test_a_full_disk_is_no_defect_of_a_plugin_that_writes_predictions(tmp_path):
    from suite.evaluation.prediction_files import AttributedWriter

    class Writer:
        add = close = fails

    writer = AttributedWriter(lambda path, facts: Writer(), "a format", tmp_path / "it.txt", {})
    for write in (lambda: writer.add(None, "", None), writer.close):
        with pytest.raises(UnwritableError, match=r"cannot write .*it.txt: no space left"):
            write()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_full_standard_output():
    with open("/dev/full", "w") as full:
        done = suite_process("tasks", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == (
        "suite: cannot write the standard output: no space left on device; make room, or write elsewhere\n"
    )


def suite_process(*words, before="", **streams):
    code = f"import sys\n{before}\nfrom suite.cli.main import main\nsys.exit(main({list(words)!r}))"
    return subprocess.run([sys.executable, "-c", code], text=True, check=False, **streams)
