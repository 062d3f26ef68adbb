"""Real recordings: learned from, exported, and transcribed where no training framework can be imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import suite
from suite.configuration import from_mapping
from suite.runs.train import train

pytest.importorskip("keras", reason="needs Keras")
pytestmark = pytest.mark.slow

DATA = Path(os.environ.get("SUITE_DATA", Path(__file__).parents[4] / "shared/data")) / "fsdd"

WITHOUT_FRAMEWORKS = """
import json, sys
from importlib.abc import MetaPathFinder

REFUSED = ("keras", "tensorflow", "jax", "torch", "librosa", "numba", "PIL", "scipy", "jiwer", "tokenizers")

class Refuse(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in REFUSED:
            raise ImportError(f"{name} is refused")

sys.meta_path.insert(0, Refuse())
import suite
print(json.dumps([transcript.text for transcript in suite.load(sys.argv[1]).predict(sys.argv[2:])]))
"""


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Zeros and sixes of two speakers, which sound different enough to be learned at once."""
    if not DATA.is_dir():
        pytest.skip(f"there is no {DATA}: set SUITE_DATA")
    folder = tmp_path_factory.mktemp("digits")
    for path in DATA.glob("[06]_[jt]*_*.wav"):
        if path.stem.split("_")[1] in ("jackson", "theo") and int(path.stem.split("_")[2]) < 24:
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def run(digits, tmp_path_factory):
    tables = {
        "task": "speech-recognition",
        "data": str(digits),
        "loader": {"pattern": "{text}_{speaker}_{take}.wav", "test": "take=0-3", "validation": "take=4-7"},
        "model": {"network": "tiny", "mels": 40},
        "training": {"epochs": 20, "batch_size": 8, "validation_every": 5},
    }
    return train(suite.Host(), from_mapping(tables, "the test"), out=tmp_path_factory.mktemp("runs") / "run")


def test_real_digits_are_learned(run):
    assert run.metrics["test"]["wer"] < 0.5
    assert run.metrics["test"]["wer"] < run.metrics["baseline"]["wer"]


def test_the_export_transcribes_as_keras_does_where_nothing_else_can_be_imported(run, digits):
    pytest.importorskip("tf2onnx", reason="needs keras-suite[export]")
    pytest.importorskip("onnxruntime", reason="needs keras-suite[export]")
    from suite.runs.export import export

    clips = [str(clip) for clip in sorted(digits.glob("*_[0-7].wav"))]
    folder = export(run.path).folder
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_FRAMEWORKS, str(folder), *clips],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    texts = json.loads(done.stdout)
    assert texts == [transcript.text for transcript in suite.load(run.path).predict(clips)]
    assert {"0", "6"} <= set(texts)
