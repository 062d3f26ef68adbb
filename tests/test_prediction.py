"""A trained pipeline: saved, loaded, and used on an input, on several, and on a stream."""

from __future__ import annotations

import errno
import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest

import suite
import weather
from suite.errors import InputError, attribution
from suite.pipeline.manifest import read_manifest, write_manifest
from suite.prediction.loading import _how_to_get, load
from suite.prediction.predictor import LoadedPipeline

pytest.importorskip("keras", reason="needs Keras")

COLD, WARM = [1.0, 2.0, 3.0, 4.0], [20.0, 21.0, 22.0, 23.0]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return weather.save(tmp_path_factory.mktemp("runs") / "first")


@pytest.fixture(scope="module")
def pipeline(run):
    return load(run, host=weather.host())


@pytest.fixture
def files(tmp_path):
    for name, numbers in (("a", COLD), ("b", WARM), ("c", COLD)):
        (tmp_path / f"{name}.temps").write_text(" ".join(map(str, numbers)))
    (tmp_path / "broken.temps").write_text("1 2 three")
    return tmp_path


def fake(network=lambda inputs: np.zeros((len(inputs), 2)), codec=None):
    return LoadedPipeline("weather", "weather:linear", codec or weather.codec(), network)


# An input and several


@pytest.mark.backend
def test_one_input_gives_one_prediction(pipeline):
    assert pipeline.predict(np.array(WARM)).label == "warm"
    assert pipeline.predict(b"1 2 3 4").label == "cold"


def test_a_path_is_one_input_as_a_string_and_as_a_path(pipeline, files):
    assert pipeline.predict(files / "b.temps") == pipeline.predict(str(files / "b.temps"))


@pytest.mark.parametrize("kind", [list, tuple, iter])
def test_several_inputs_give_a_list_in_their_order(pipeline, kind):
    labels = [
        prediction.label
        for prediction in pipeline.predict(kind([np.array(COLD), np.array(WARM), b"1 2 3 4"]))
    ]
    assert labels == ["cold", "warm", "cold"]


def test_an_array_with_one_axis_more_than_the_codec_takes_is_a_stack(pipeline):
    assert [prediction.label for prediction in pipeline.predict(np.array([COLD, WARM]))] == ["cold", "warm"]


def test_without_input_axes_every_array_is_one_input():
    codec = weather.codec()
    codec.input_ndim = None
    with pytest.raises(suite.UserError, match="8 numbers"):
        fake(codec=codec).predict(np.array([COLD, WARM]))


def test_nothing_gives_an_empty_list(pipeline):
    assert pipeline.predict([]) == []


def test_a_broken_input_is_named(pipeline, files):
    with pytest.raises(suite.UserError, match=r"broken\.temps: it holds something that is not a number"):
        pipeline.predict(files / "broken.temps")
    with pytest.raises(suite.UserError, match="input 1: it holds 3 numbers"):
        pipeline.predict([np.array(COLD), np.zeros(3)])


def test_a_file_that_is_not_there_is_named(pipeline, tmp_path):
    with pytest.raises(suite.UserError, match=r"none\.temps: no such file"):
        pipeline.predict(tmp_path / "none.temps")


# A stream


def test_a_broken_input_gives_an_error_and_the_others_go_on(pipeline, files):
    results = list(pipeline.predict_each(sorted(files.iterdir()), batch_size=2))
    assert [result.name.rpartition("/")[2] for result in results] == [
        "a.temps",
        "b.temps",
        "broken.temps",
        "c.temps",
    ]
    assert [result.prediction and result.prediction.label for result in results] == [
        "cold",
        "warm",
        None,
        "cold",
    ]
    assert results[2].error == "it holds something that is not a number"


class BreaksOff:
    """Chunks of which only the first can be read."""

    total = 2

    def __iter__(self):
        yield np.array(COLD)
        raise OSError(errno.EIO, "Input/output error")


def test_a_file_that_cannot_be_read_while_it_is_taken_apart_is_an_error_of_its_own(files):
    codec = weather.codec()
    codec.chunks = lambda raw: (
        BreaksOff() if raw.stem == "a" else raw.with_suffix("").read_bytes() if raw.stem == "b" else None
    )
    results = list(fake(codec=codec).predict_each([files / f"{name}.temps" for name in "abc"]))
    assert [result.error for result in results] == ["input/output error", "no such file or directory", None]
    with pytest.raises(suite.UserError, match=r"a\.temps: input/output error"):
        fake(codec=codec).predict(files / "a.temps")


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 50])
def test_every_input_has_its_result_in_order(count):
    pipeline = fake(network=lambda inputs: np.stack([inputs[:, 0], 1 - inputs[:, 0]], 1))
    raws = [np.full(4, float(number)) for number in range(count)]
    assert [result.input[0] for result in pipeline.predict_each(raws, batch_size=4)] == list(range(count))


def test_an_endless_stream_is_read_only_a_little_ahead():
    read = []

    def endless():
        for number in itertools.count():
            read.append(number)
            yield np.zeros(4)

    results = fake().predict_each(endless(), batch_size=4)
    for _ in range(10):
        next(results)
    results.close()
    assert len(read) <= 10 + 3 * 4


def test_closing_the_stream_ends_its_threads():
    results = fake().predict_each((np.zeros(4) for _ in range(100)), batch_size=4)
    next(results)
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("encode")]


def test_inputs_of_different_shapes_share_no_batch():
    class Lengths(weather.WeatherCodec):
        def encode(self, raw):
            return np.zeros(raw)

    seen = []

    def network(inputs):
        seen.append(inputs.shape)
        return np.tile([1.0, float(inputs.shape[1])], (len(inputs), 1))

    results = list(fake(network, Lengths(["a", "b"])).predict_each([3, 5, 3], batch_size=8))
    assert seen == [(2, 3), (1, 5)]
    assert [result.prediction.score for result in results] == [3, 5, 3]


def test_a_defect_of_the_codec_is_raised_with_a_note_of_whose_it_is():
    with pytest.raises(ZeroDivisionError) as caught:
        list(fake().predict_each([b"defect"]))
    assert "weather:linear" in (attribution(caught.value) or "")


@pytest.mark.backend
def test_several_threads_predict_with_one_network(pipeline):
    raws = [np.full(4, float(number)) for number in range(40)]
    sizes = [1, 3, 9, 40, 2, 17, 5, 30] * 2
    expected = [prediction.label for prediction in pipeline.predict(raws)]
    with ThreadPoolExecutor(8) as threads:
        for size, several in zip(
            sizes, threads.map(lambda size: pipeline.predict(raws[:size]), sizes), strict=True
        ):
            assert [prediction.label for prediction in several] == expected[:size]


# Saving and loading


def test_a_run_a_model_folder_and_a_file_in_it_load_alike(run):
    for path in (run, run / "model", run / "model" / "pipeline.json", str(run)):
        loaded = load(path, host=weather.host())
        assert (loaded.task, loaded.facts) == ("weather", {"classes": ["cold", "warm"]})


def test_the_manifest_is_plain_json(run):
    manifest = json.loads((run / "model" / "pipeline.json").read_text())
    assert manifest.pop("files").keys() == {"network.keras"}
    assert len(manifest.pop("sha256")) == 64
    assert manifest.pop("versions").keys() == {"keras", "keras-suite"}
    assert manifest == {
        "format": 2,
        "task": "weather",
        "task_plugin": "",
        "builder": "weather:linear",
        "plugin": {"name": "weather", "version": "1.2"},
        "codec": {"classes": ["cold", "warm"]},
        "network": "network.keras",
        "facts": {"classes": ["cold", "warm"]},
        "replacing": {},
        "unfinished": "",
    }


@pytest.fixture
def changed(tmp_path):
    """A run whose manifest a test changes."""
    run = weather.save(tmp_path / "run")
    file = run / "model" / "pipeline.json"

    def change(**values):
        file.write_text(json.dumps({**json.loads(file.read_text()), **values}))
        return run

    return change


def refusal(path, host=None):
    with pytest.raises(suite.UserError) as caught:
        load(path, host=host or weather.host())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_path_that_is_not_there(tmp_path):
    assert refusal(tmp_path / "none").startswith(f"{tmp_path}/none is not there")


def test_a_folder_of_something_else(tmp_path):
    assert "neither a run nor a model" in refusal(tmp_path)


def test_a_run_before_its_first_epoch(tmp_path):
    (tmp_path / "config.toml").write_text("")
    assert (
        f"holds no model yet, its training ended before the first one was written: suite resume {tmp_path}"
        in (refusal(tmp_path))
    )


def test_a_run_without_its_network(changed):
    run = changed()
    (run / "model" / "network.keras").unlink()
    assert "network.keras is not there" in refusal(run)


def test_without_keras_a_run_points_to_its_export(changed, monkeypatch):
    def activate(backend: str, device: str) -> None:
        raise suite.UserError("this needs Keras")

    monkeypatch.setattr("suite.prediction.loading.activate", activate)
    run = changed()
    assert refusal(run) == "this needs Keras"
    for name in ("export-int8", "export"):
        (run / name).mkdir()
        (run / name / "pipeline.json").touch()
    assert refusal(run) == f"this needs Keras. Without Keras, use its export: {run / 'export'}"


def test_a_missing_plugin(run):
    message = refusal(run, suite.Host(discover=False))
    assert "needs the plugin 'weather' (1.2)" in message
    assert "pip install weather, if you trust whoever made it, for a plugin is code" in message


@pytest.mark.parametrize("name", ["-e git+https://x.y/z", "evil; rm -rf ~", "a\x1b[31m", "--pre", "näme", ""])
def test_no_advice_to_install_what_is_no_name_of_a_package(name):
    assert "pip" not in _how_to_get(name)


def test_a_newer_format(changed):
    assert "written by a newer version (format 3" in refusal(changed(format=3))


def test_an_older_format(changed):
    older = refusal(changed(format=1))
    assert "written by an older version (format 1, this one reads 2; it was written by keras-suite" in older


@pytest.mark.parametrize(
    "network", ["../network.keras", "/etc/passwd", "sub/network.onnx", "..\\network.keras"]
)
def test_a_network_elsewhere_is_refused(changed, network):
    assert "is not a file beside it" in refusal(changed(network=network))


def test_an_unknown_builder_of_a_known_plugin_names_the_model(changed):
    run = changed()
    folder = run / "model"
    write_manifest(folder, msgspec.structs.replace(read_manifest(folder), builder="weather:storm"))
    message = refusal(run)
    assert message.startswith(f"{folder} cannot be used: ")
    assert "storm" in message


def test_an_unknown_kind_of_network(changed):
    folder = changed() / "model"
    write_manifest(folder, msgspec.structs.replace(read_manifest(folder), network="network.pkl"))
    assert "no runtime here reads 'network.pkl'" in refusal(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 2}', b"\xff\xfe"])
def test_a_damaged_manifest(changed, content):
    run = changed()
    (run / "model" / "pipeline.json").write_bytes(content)
    assert "pipeline.json is damaged" in refusal(run)


def test_an_error_tells_the_beginning_of_a_long_text_and_the_whole_of_a_path():
    assert str(InputError("word " * 30, "it is too long")) == f"{('word ' * 12)[:59]}…: it is too long"
    path = "/data/" + "folder/" * 20 + "a.txt"
    assert str(InputError(path, "it is empty")) == f"{path}: it is empty"
