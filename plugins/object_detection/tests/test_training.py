"""From a folder of annotated images to boxes on images, through the host, as a user has it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import suite
from killed_runs import check_same_state, left_after
from made_up_detections import write_yolo
from suite.configuration import from_mapping
from suite.data.inspection import inspect
from suite.runs.train import resume, train
from suite_object_detection.samples import sample
from suite_object_detection.types import Detections

keras = pytest.importorskip("keras", reason="needs Keras")
pytestmark = pytest.mark.slow

TASK = "object-detection"
TRAINING = {"epochs": 2, "batch_size": 8, "validation_every": 1, "checkpoint_seconds": 0.0}


@pytest.fixture(scope="module")
def host():
    import suite_object_detection

    return suite.Host(suite_object_detection, discover=False)


@pytest.fixture(scope="module", autouse=True)
def small_networks():
    """Of few channels and blocks, which are trained sooner."""
    from suite_object_detection.models.detector import NETWORKS

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(NETWORKS, "nano", {"width": 8, "depths": (1, 1, 1, 1), "filters": 16})
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_yolo(tmp_path_factory.mktemp("data") / "shapes", sample())


def configuration(data: Path):
    return from_mapping({"task": TASK, "data": str(data), "training": TRAINING}, "the test")


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def run(host, data, runs):
    killed = left_after(4, runs / "unbroken", runs / "killed")
    return train(host, configuration(data), out=runs / "unbroken", stop=killed)


def test_the_run_is_scored_beside_a_baseline_and_with_intervals(run):
    for split in ("test", "validation"):
        assert 0 <= run.metrics[split]["map"] <= run.metrics[split]["map50"] <= 1
    assert "map" in run.metrics["intervals"]["test"]
    assert "map" in run.metrics["baseline"]
    assert set(run.metrics["details"]["test"]["classes"]) == {"disc", "square", "triangle"}


def test_the_report_shows_boxes(run):
    assert "data:image/jpeg" in (run.path / "report.html").read_text()


def test_the_threshold_that_suits_validation_best_is_shipped(run, host):
    codec = suite.load(run.path, host=host).codec
    assert codec.threshold == json.loads((run.model / "pipeline.json").read_text())["codec"]["threshold"]
    assert suite.load(run.path, host=host, options={"threshold": 0.9}).codec.threshold == 0.9


def test_precision_and_recall_are_those_at_the_shipped_threshold(run, host):
    from suite.data.loading import load_dataset
    from suite.runs.evaluate import predict_examples

    dataset, _ = load_dataset(host, TASK, run.configuration.data, None, {})
    pairs, _ = predict_examples(suite.load(run.path, host=host), dataset.test)
    assert pairs.facts["threshold"] == suite.load(run.path, host=host).codec.threshold
    assert not any("on these very images" in note for note in run.metrics["notes"])


def test_a_resumed_run_is_the_unbroken_one(run, runs, host):
    resumed = resume(host, runs / "killed")
    assert resumed.metrics["test"] == run.metrics["test"]
    check_same_state(run, resumed)


def test_detections_are_in_the_pixels_of_the_image(run, host, data):
    pipeline = suite.load(run.path, host=host, options={"threshold": 0.0})
    image = sorted((data / "images" / "test").iterdir())[0]
    height, width = cv2.imread(str(image)).shape[:2]
    found = pipeline.predict(image)
    assert isinstance(found, Detections)
    boxes = np.array(found.boxes)
    assert len(boxes)
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= (width, height)).all()


def test_another_detector_starts_from_its_weights(run, host, data, tmp_path):
    tables = {"task": TASK, "data": str(data), "init": str(run.path), "training": TRAINING | {"epochs": 1}}
    again = train(host, from_mapping(tables, "the test"), out=tmp_path / "again")
    assert again.metrics is not None


def test_nothing_is_wrong_with_the_sample_data(host, data):
    assert not inspect(host, TASK, str(data)).findings


def test_an_exported_detector_gives_the_same_boxes(run, host, data):
    pytest.importorskip("tf2onnx", reason="needs keras-suite[export]")
    pytest.importorskip("onnxruntime", reason="needs keras-suite[export]")
    from suite.runs.export import export

    options = {"threshold": 0.0, "max_detections": 20}
    exported = suite.load(export(run.path, verify=False, host=host).folder, host=host, options=options)
    trained = suite.load(run.path, host=host, options=options)
    for image in sorted((data / "images" / "test").iterdir()):
        ours, theirs = trained.predict(image), exported.predict(image)
        assert ours.labels == theirs.labels
        assert np.array(ours.boxes) == pytest.approx(np.array(theirs.boxes), abs=0.01)
        assert ours.scores == pytest.approx(theirs.scores, abs=1e-4)
