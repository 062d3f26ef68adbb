"""A short run of the fuzzing, and that it finds what it is to find."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.append(str(BENCHMARKS))

from fuzzing import worker  # noqa: E402
from fuzzing.mutations import mutated, mutated_content  # noqa: E402
from fuzzing.targets import Target  # noqa: E402

from suite import UserError  # noqa: E402


@pytest.mark.slow
def test_some_inputs_of_each_target():
    command = [
        sys.executable,
        BENCHMARKS / "fuzz.py",
        "--inputs",
        "8",
        "--minutes",
        "20",
        "--target",
        "!keras",
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 findings" in run.stdout


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


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b'{"a": [1, {"b": "c"}]}'),
        ("a.jsonl", b'{"a": 1}\n{"a": 2}\n'),
        ("a.toml", b'a = 1\n[table]\nb = "c"\n'),
        ("a.xml", b'<a><b c="1">text</b><b/></a>'),
        ("a.csv", b"x,y\n1,2\n3,4\n"),
        ("a.wav", b"RIFF\xff\xff\0\0WAVEfmt " + bytes(30)),
        ("empty", b""),
    ],
)
def test_every_content_is_mutated(name, content):
    assert len({mutated_content(content, name, Random(number)) for number in range(100)}) > (
        40 if content else 3
    )
