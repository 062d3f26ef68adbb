"""A classifier elsewhere: on another backend, and exported to where neither Keras nor TensorFlow is."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import cv2
import numpy as np
import pytest

import suite
from suite.prediction.loading import load, save_pipeline
from suite.runs.export import export

pytestmark = pytest.mark.slow
keras = pytest.importorskip("keras", reason="needs Keras")
for _package in ("tf2onnx", "onnxruntime"):
    pytest.importorskip(_package, reason="needs keras-suite[export]")

ROOT = Path(__file__).parents[3]
PROGRAM = """
import importlib.util, json, pathlib, sys
assert not any(importlib.util.find_spec(name) for name in ("keras", "tensorflow", "jax", "torch"))
import suite
pipeline = suite.load(sys.argv[1])
paths = sorted(pathlib.Path(sys.argv[2]).iterdir())
from_paths = pipeline.predict(paths)
path = paths[0]
assert pipeline.predict(path) == pipeline.predict(str(path)) == pipeline.predict(path.read_bytes())
assert "keras" not in sys.modules
print(json.dumps([[prediction.label, prediction.scores] for prediction in from_paths]))
"""


ON_A_BACKEND = """
import json, pathlib, sys
import suite
pipeline = suite.load(sys.argv[1], backend=sys.argv[3], device="cpu")
import keras
assert keras.backend.backend() == sys.argv[3]
predictions = pipeline.predict(sorted(pathlib.Path(sys.argv[2]).iterdir()))
print(json.dumps([prediction.scores for prediction in predictions]))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with random weights: what is compared is runtimes, not skill."""
    host = suite.Host()
    dataset = host.task("image-classification").sample()
    builder = host.builder("residual", "image-classification")
    keras.utils.set_random_seed(0)
    pipeline = builder.item.build(dataset, builder.item.options())
    folder = tmp_path_factory.mktemp("runs") / "first"
    save_pipeline(
        folder / "model",
        task="image-classification",
        builder=f"{builder.plugin}:residual",
        codec=pipeline.codec,
        network=pipeline.network,
        facts=dataset.facts,
    )
    return folder


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for number in range(6):
        image = cv2.resize(rng.integers(0, 256, (4, 5, 3), np.uint8), (90, 60 + number))
        cv2.imwrite(str(folder / f"{number}.{'png' if number % 2 else 'jpg'}"), image)
    return folder


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """An interpreter with the distributions and what they require to run an exported network."""
    folder = tmp_path_factory.mktemp("bare")
    sources = folder / "sources"
    plugins = ("images", "classification", "image_classification")
    for name in (
        "setup.cfg",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "suite",
        *(f"plugins/{plugin}" for plugin in plugins),
    ):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (sources / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, sources / name)
    venv.create(folder / "venv", with_pip=False, symlinks=os.name != "nt")
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-compile"]
    constraints = ["--constraint", str(ROOT / "constraints.txt")]
    done = subprocess.run(
        [
            *install,
            *constraints,
            f"{sources}[onnx]",
            *(str(sources / "plugins" / plugin) for plugin in plugins),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 and "connection" in done.stderr.lower():
        pytest.skip("pip cannot reach a package index from here")
    assert done.returncode == 0, done.stderr
    return python


def test_it_predicts_what_keras_predicts(run, images, bare_python):
    exported = export(run).folder
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(bare_python), "-I", "-c", PROGRAM, str(exported), str(images)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=exported,
    )
    assert done.returncode == 0, done.stderr
    expected = load(run).predict(sorted(images.iterdir()))
    predictions = json.loads(done.stdout)
    assert [label for label, _ in predictions] == [prediction.label for prediction in expected]
    for (_, scores), prediction in zip(predictions, expected, strict=True):
        assert scores == pytest.approx(prediction.scores, abs=1e-4)


@pytest.mark.parametrize("backend", sorted({"tensorflow", "jax", "torch"} - {keras.backend.backend()}))
def test_other_backends_predict_the_same(run, images, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", ON_A_BACKEND, str(run), str(images), backend],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = load(run).predict(sorted(images.iterdir()))
    for scores, prediction in zip(json.loads(done.stdout), expected, strict=True):
        assert scores == pytest.approx(prediction.scores, abs=1e-4)


def test_a_stack_of_images_is_several(run):
    pipeline = load(run)
    image = np.zeros((40, 40, 3), np.uint8)
    assert len(pipeline.predict(np.stack([image, image]))) == 2
    assert isinstance(pipeline.predict(image).label, str)
    assert isinstance(pipeline.predict(image[:, :, 0]).label, str)
