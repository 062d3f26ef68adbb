"""A short run of the fuzzing, and that it finds what it is to find."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from random import Random

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.append(str(BENCHMARKS))

from fuzzing import worker  # noqa: E402
from fuzzing.mutations import format_of, mutated, mutated_content  # noqa: E402
from fuzzing.targets import Target  # noqa: E402

from suite import UserError  # noqa: E402


@pytest.mark.slow
def test_some_inputs_of_each_target():
    flags = ["--inputs", "24", "--minutes", "20", "--target", "!keras", "!saved-model"]
    command = [sys.executable, BENCHMARKS / "fuzz.py", *flags]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert ", 0 findings of 0 kinds; " in run.stdout


def attempted(attempt, tmp_path):
    return worker.attempted(Target("made-up", list, lambda folder, random: attempt()), tmp_path, 0)


def test_success_and_a_mistake_of_the_user_are_allowed(tmp_path):
    def refuse():
        raise UserError("damaged")

    assert attempted(lambda: None, tmp_path) == ("accepted", None)
    assert attempted(refuse, tmp_path) == ("refused", None)


def test_any_other_error_is_a_finding(tmp_path):
    ended, finding = attempted(lambda: {}["key"], tmp_path)
    assert ended == "finding"
    assert finding.kind.startswith("KeyError test_fuzz.py:")


def test_too_much_time_is_a_finding(tmp_path, monkeypatch):
    def hang():
        while True:
            try:
                sum(range(1000))
            except Exception:
                return

    monkeypatch.setattr(worker, "CPU_SECONDS", 0.05)
    _, finding = attempted(hang, tmp_path)
    assert finding.kind.startswith("TooLong")


def test_too_much_memory_is_a_finding(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "MAX_GROWTH", 16 << 20)
    _, finding = attempted(lambda: bytearray(b"x") * (64 << 20), tmp_path)
    assert finding.kind == "made-up: memory"


def test_an_input_is_known_by_its_number():
    files = {"a.json": b'{"a": [1, {"b": "c"}]}', "b.csv": b"x,y\n1,2\n3,4\n", "c.txt": b"text\n" * 9}
    made = [mutated(files, Random(f"target {number}")) for number in range(50)]
    assert made == [mutated(files, Random(f"target {number}")) for number in range(50)]
    assert len({str(each) for each in made}) > 45


def zipped(files):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


CONTENTS = {
    "a.json": b'{"a": [1, {"b": "c"}]}',
    "a.jsonl": b'{"a": 1}\n{"a": 2}\n',
    "a.toml": b'a = 1\n[table]\nb = "c"\n',
    "a.xml": b'<a><b c="1">text</b><b/></a>',
    "a.csv": b"x,y\n1,2\n3,4\n",
    "a.wav": b"RIFF\xff\xff\0\0WAVEfmt " + bytes(30),
    "a.csv.gz": gzip.compress(b"x,y\n1,2\n", mtime=0),
    "a.zip": zipped({"a.json": b"[1, 2]", "b.csv": b"x,y\n1,2\n"}),
    "a.png": b"\x89PNG\r\n\x1a\n" + 2 * (b"\0\0\0\4tEXt" + bytes(8)),
    "empty": b"",
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", CONTENTS)
def test_every_content_is_mutated(name):
    content = CONTENTS[name]
    made = {mutated_content(content, name, Random(number)) for number in range(100)}
    assert len(made) > (40 if content else 3)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", [name for name in CONTENTS if name != "empty"])
def test_what_knows_a_format_understands_it(name):
    mutate = format_of(CONTENTS[name], name)
    for number in range(200):
        mutate(CONTENTS[name], Random(number))
