"""`suite verify`: every file of a run is compared with its checksum."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import suite
import weather
from suite.cli.main import main
from suite.runs.verify import verify
from suite.training.checkpoints import CheckpointFolder


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    run = weather.save(tmp_path_factory.mktemp("runs") / "run")
    (run / "config.toml").write_text('task = "weather"\ndata = "here"\n')
    (run / "environment.json").write_text("{}\n")
    (run / "history.csv").write_text("epoch,loss\n1,0.5\n")
    (run / "predictions.jsonl").write_text('{"id": "a"}\n' * 3)
    shutil.copytree(run / "model", run / "export")
    folder = CheckpointFolder(run / "checkpoints")
    best = folder.write_best(3, {"weights/00000": np.ones(300, np.float32)})
    folder.write(3, {"network/00000": np.ones(300, np.float32)}, {"step": 3, "best_file": best})
    return run


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "run")


def test_all_files_are_looked_at(run, capsys):
    files = verify(run)
    assert [str(file.path.relative_to(run)) for file in files] == [
        "config.toml",
        "environment.json",
        "history.csv",
        "predictions.jsonl",
        "model/pipeline.json",
        "model/network.keras",
        "export/pipeline.json",
        "export/network.keras",
        "checkpoints/best-0000000003.npz",
        "checkpoints/step-0000000003.npz",
    ]
    assert not any(file.problem for file in files)
    assert main(["verify", str(run)]) == 0
    assert capsys.readouterr().out.endswith("\n0 files are damaged, of 10\n")


@pytest.mark.parametrize(
    "name",
    [
        "model/pipeline.json",
        "model/network.keras",
        "checkpoints/step-0000000003.npz",
        "environment.json",
        "predictions.jsonl",
    ],
)
def test_a_damaged_file_is_named(run, name, capsys):
    file = run / name
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 4
    file.write_bytes(content)
    for path in (run, file if file.suffix == ".npz" else file.parent):
        assert main(["verify", str(path), "--json"]) == 1
        rows = json.loads(capsys.readouterr().out)
        assert [row["path"] for row in rows if row["problem"]] == [str(file)]
    assert main(["verify", str(run)]) == 1
    how = "SHA-256" if "/" in name else "can be read"
    assert f"DAMAGED  {how}" in capsys.readouterr().out


def test_a_missing_file_is_named(run):
    (run / "export" / "network.keras").unlink()
    assert [file.problem.partition(":")[0] for file in verify(run) if file.problem] == [
        f"{run / 'export' / 'network.keras'} is not there"
    ]


def test_something_else_is_refused(tmp_path):
    with pytest.raises(suite.UserError, match="neither a run nor a model"):
        verify(tmp_path)
