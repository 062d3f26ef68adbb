"""`suite serve` as it is typed: what it prints, how it ends, and what it refuses to begin with."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import msgspec
import pytest

from served import KEPT
from suite.cli.main import main
from suite.errors import UserError
from suite.pipeline.manifest import read_manifest, write_manifest
from suite.serving.loading import named_models

ROOT = Path(__file__).parent.parent
TEXT = str(KEPT / "text-classification" / "export")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "more"), [(signal.SIGINT, []), (signal.SIGTERM, ["--workers", "2"])], ids=str
)
def test_it_says_where_it_is_and_how_to_try_it_and_ends_when_it_is_told(number, more):
    environment = {name: value for name, value in os.environ.items() if name != "SUITE_TOKEN"}
    with subprocess.Popen(
        [sys.executable, "-m", "suite", "serve", f"words={TEXT}", "--port", "0", *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT,
    ) as process:  # fmt: skip
        first = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", first)[0]
        assert process.stdout.readline() == f"  words  text-classification  {address}/v1/models/words\n"
        command = process.stdout.readline()
        body = re.search(r"--json '(.*)' (\S+)$", command)
        request = urllib.request.Request(
            body[2], body[1].encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert b'"label"' in answer.read()
        process.send_signal(number)
        assert process.wait(20) == 0
        assert "ending what was accepted" in process.stderr.read()


@pytest.mark.slow
def test_workers_end_with_their_parent_even_if_it_is_killed(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    script = (
        "import sys, time; from pathlib import Path; from suite.serving.workers import Workers;"
        " Workers(2, lambda first: (print('works', flush=True), time.sleep(60)), Path(sys.argv[1])).run()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(shared)], stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert [process.stdout.readline() for _ in range(2)] == [b"works\n"] * 2
        begin = time.monotonic()
        process.kill()
        assert process.stdout.read() == b""  # it ends when nobody has it open any more
        assert time.monotonic() - begin < 20
    assert not shared.exists()


def refusal(capsys, *words: str) -> str:
    assert main(["serve", *words]) == 2
    return capsys.readouterr().err


@pytest.mark.slow
def test_what_cannot_be_served_is_refused(capsys, tmp_path, monkeypatch):
    assert "nowhere is not there" in refusal(capsys, "nowhere")
    assert "--port 70000" in refusal(capsys, TEXT, "--port", "70000")
    assert "--max-inputs is not allowed" in refusal(capsys, TEXT, "--max-inputs", "0")
    assert "is no origin" in refusal(capsys, TEXT, "--allow-origin", "example.org")
    assert "is no origin" in refusal(capsys, TEXT, "--allow-origin", "https://example.org/")
    assert "two models are called 'a'" in refusal(capsys, f"a={TEXT}", f"a={TEXT}")
    assert "no name for a model" in refusal(capsys, f"a/b={TEXT}")
    assert "--token-file" in refusal(capsys, TEXT, "--token-file", str(tmp_path / "none"))
    (tmp_path / "empty").write_text("\n")
    assert "holds no token" in refusal(capsys, TEXT, "--token-file", str(tmp_path / "empty"))
    assert "there is no such address" in refusal(capsys, TEXT, "--host", "no.such.host.invalid")
    assert "has no option 'wrong'" in refusal(capsys, TEXT, "--set", "wrong=1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} is taken" in refusal(capsys, TEXT, "--port", str(port))


def test_a_model_of_a_training_that_has_not_ended_is_said_to_be_one(capsys, tmp_path):
    folder = tmp_path / "unfinished"
    shutil.copytree(TEXT, folder)
    write_manifest(folder, msgspec.structs.replace(read_manifest(folder), unfinished="after epoch 1 of 3"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = refusal(capsys, str(folder), "--port", str(taken.getsockname()[1]))
    assert "suite: note: this model is of a training that has not ended (after epoch 1 of 3)" in said


def test_without_the_packages_it_says_how_to_get_them(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert "pip install 'keras-suite[serve]'" in refusal(capsys, TEXT)


def test_models_are_called_like_their_folders_or_as_one_likes(tmp_path):
    for folder in ("birds/export", "birds/run/model", "other/birds", "a b"):
        (tmp_path / folder).mkdir(parents=True)
    named = named_models([
        str(tmp_path / "birds/export"), str(tmp_path / "birds/run/model"), str(tmp_path / "other/birds"),
        f"mine={tmp_path / 'a b'}", str(tmp_path / "a b"),
    ])  # fmt: skip
    assert list(named) == ["birds", "run", "birds-2", "mine", "a-b"]
    with pytest.raises(UserError, match="no name"):
        named_models(["=x"])
