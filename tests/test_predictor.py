"""`suite.Predictor`: batches of columns in, and out with the columns of the predictions."""

from __future__ import annotations

import pickle
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import suite
import weather
from suite.prediction import batches

ROOT = Path(__file__).parent.parent


class weather_of_a_type(weather.weather):  # noqa: N801 - its name is the plugin's
    """The plugin, whose task says what a prediction is."""

    @suite.hookimpl
    def suite_tasks(self):
        return [
            suite.Task(
                name="weather",
                summary="",
                sample=weather.sample,
                metric="accuracy",
                builder="linear",
                evaluators=(),
                prediction_type=weather.Weather,
            )
        ]


weather_of_a_type.__name__ = "weather"


def host():
    return suite.Host(weather_of_a_type(), discover=False)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return weather.save_exported(tmp_path_factory.mktemp("exported"))


@pytest.fixture
def predictor(exported):
    return suite.Predictor(exported, host=host())


def test_a_mapping_of_columns_gets_those_of_the_predictions(predictor):
    rows = np.array([[1, 2, 3, 4], [21, 22, 23, 24]])
    added = predictor({"temperatures": rows})
    assert list(added) == ["temperatures", "label", "score", "error"]
    assert list(added["label"]) == ["cold", "warm"]
    assert added["score"].dtype == np.float64
    assert list(added["error"]) == ["", ""]


def test_bytes_texts_and_what_cannot_be_read(predictor, tmp_path):
    file = tmp_path / "a.temps"
    file.write_text("21 22 23 24")
    inputs = np.array([str(file), b"1 2 3 4", b"1 2 3"], object)
    added = predictor({"inputs": inputs})
    assert list(added["label"]) == ["warm", "cold", ""]
    assert np.isnan(added["score"]).tolist() == [False, False, True]
    assert added["error"][2] == "it holds 3 numbers instead of 4"
    assert list(predictor({"inputs": np.array([str(file)])})["label"]) == ["warm"]


def test_a_batch_without_rows_has_the_same_columns(predictor):
    added = predictor({"inputs": np.array([], object)})
    assert {name: len(column) for name, column in added.items()} == dict.fromkeys(added, 0)
    assert list(added) == ["inputs", "label", "score", "error"]
    assert [added[name].dtype.kind for name in ("label", "score", "error")] == ["U", "f", "U"]


def test_a_frame_and_a_series_keep_their_index(predictor):
    frame = pd.DataFrame({"inputs": [b"1 2 3 4", b"21 22 23 24"]}, index=[7, 3])
    added = predictor(frame)
    assert list(added.columns) == ["inputs", "label", "score", "error"]
    assert list(added.index) == [7, 3]
    assert list(predictor(frame["inputs"])["label"]) == ["cold", "warm"]


def test_the_column_of_the_inputs_is_named_if_there_are_several(exported):
    batch = {"label": ["a"], "inputs": [b"1 2 3 4"]}
    with pytest.raises(suite.UserError, match="has the columns label, inputs: say which one"):
        suite.Predictor(exported, host=host())(batch)
    with pytest.raises(suite.UserError, match="has no column 'input': did you mean 'inputs'"):
        suite.Predictor(exported, host=host(), column="input")(batch)
    with pytest.raises(suite.UserError, match="has a column 'label' and so have the predictions"):
        suite.Predictor(exported, host=host(), column="inputs")(batch)
    named = suite.Predictor(exported, host=host(), column="inputs", prefix="predicted_")
    assert list(named(batch)) == ["label", "inputs", "predicted_label", "predicted_score", "predicted_error"]


def test_predictions_of_no_type_are_json(exported):
    added = suite.Predictor(exported, host=weather.host())({"inputs": [b"1 2 3 4"]})
    assert list(added) == ["inputs", "prediction", "error"]
    assert added["prediction"][0].startswith('{"label":"cold","score":0.8')


def test_a_process_loads_once_however_often_it_is_unpickled(exported, monkeypatch):
    opened = []
    monkeypatch.setattr(batches, "_open", {})
    monkeypatch.setattr(
        batches.FolderOrigin,
        "open",
        lambda self, before=batches.FolderOrigin.open: opened.append(self) or before(self),
    )
    predictor = suite.Predictor(exported, host=host())
    assert not opened
    for each in (predictor, pickle.loads(pickle.dumps(predictor)), suite.Predictor(exported, host=host())):
        for _ in range(2):
            assert list(each({"inputs": [b"1 2 3 4"]})["label"]) == ["cold"]
    assert len(opened) == 1


def test_there_has_to_be_a_model(tmp_path):
    with pytest.raises(suite.UserError):
        suite.Predictor(tmp_path)


class Rows:
    """As much of a table of Ray Data and of Spark as docs/scale.md uses, with one batch."""

    def __init__(self, batch):
        self.batch = batch

    def map_batches(self, kind, *, fn_constructor_args, fn_constructor_kwargs, compute, batch_size):
        return Rows(kind(*fn_constructor_args, **fn_constructor_kwargs)(self.batch))

    def drop_columns(self, names):
        return Rows({name: column for name, column in self.batch.items() if name not in names})

    def write_parquet(self, path):
        assert {"path", "label", "scores", "error"} == set(self.batch)

    def select(self, *names):
        return Rows(pd.DataFrame({name: self.batch[name] for name in names}))

    def mapInPandas(self, function, schema):  # noqa: N802 - so it is called
        (frame,) = function(iter([self.batch]))
        assert list(frame.columns) == [column.split()[0] for column in schema.split(", ")]
        return frame


def test_what_the_page_on_scale_says_of_ray_data_and_spark(monkeypatch):
    pytest.importorskip("suite_image_classification", reason="needs the plugin for image classification")
    import cv2

    image = cv2.imencode(".png", np.zeros((32, 32, 3), np.uint8))[1].tobytes()
    files = Rows({"path": np.array([image, b"none"], object), "bytes": np.array([image, b"none"], object)})
    data = SimpleNamespace(
        read_binary_files=lambda path, include_paths: files, ActorPoolStrategy=lambda size: size
    )
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(data=data))
    export = ROOT / "tests" / "data" / "kept" / "0.1.0" / "image-classification" / "export"
    names = {"frame": files, "suite": suite}
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    for code in re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        exec(code.replace("/shared/runs/birds", str(export)), names)
    assert names["rows"].batch["error"][0] == ""
    assert "image" in names["predictions"]["error"][1]
