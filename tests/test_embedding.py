"""What a program needs of a pipeline: errors as values, closing, other processes, other threads."""

from __future__ import annotations

import copy
import gc
import multiprocessing
import os
import pickle
import shutil
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import suite
import weather
from suite.kit import check_memory
from suite.prediction.predictor import LoadedPipeline

COLD, WARM = np.array([1.0, 2.0, 3.0, 4.0]), np.array([20.0, 21.0, 22.0, 23.0])
CLOSED = "this pipeline is closed: load it again"


@pytest.fixture
def folder(tmp_path):
    return weather.save_exported(tmp_path / "shipped")


@pytest.fixture
def pipeline(folder):
    return suite.load(folder, host=weather.host())


def fake(network=lambda inputs: np.zeros((len(inputs), 2))):
    return LoadedPipeline("weather", "weather:linear", weather.codec(), network)


# Errors as values


def test_an_error_takes_the_place_of_its_prediction(pipeline, tmp_path):
    first, missing, broken, last = pipeline.predict(
        [WARM, tmp_path / "none.temps", b"1 2 three", COLD], on_error="return"
    )
    assert (first.label, last.label) == ("warm", "cold")
    assert isinstance(missing, suite.InputError)
    assert (missing.name, missing.reason) == (str(tmp_path / "none.temps"), "no such file or directory")
    assert str(missing) == f"{tmp_path}/none.temps: no such file or directory"
    assert (broken.name, broken.reason) == ("input 2", "it holds something that is not a number")


def test_errors_are_raised_unless_they_are_asked_for(pipeline):
    with pytest.raises(suite.InputError, match="^input 1: it holds something") as caught:
        pipeline.predict([WARM, b"1 2 three"])
    assert caught.value.name == "input 1"
    assert isinstance(caught.value, suite.UserError)


def test_a_single_input_and_a_stream_return_their_error_too(pipeline):
    assert str(pipeline.predict(b"x", on_error="return")) == (
        "the input: it holds something that is not a number"
    )
    (last,) = pipeline.stream(b"x", on_error="return")
    assert isinstance(last, suite.InputError)
    with pytest.raises(suite.InputError):
        list(pipeline.stream(b"x"))


def test_the_command_line_says_the_same_words(pipeline, tmp_path):
    (result,) = pipeline.predict_each([tmp_path / "none.temps"])
    assert str(result.failure) == str(pipeline.predict(tmp_path / "none.temps", on_error="return"))


def test_a_defect_of_the_codec_is_no_error_of_an_input(pipeline):
    with pytest.raises(ZeroDivisionError):
        pipeline.predict([b"defect"], on_error="return")


def test_another_word_for_on_error(pipeline):
    with pytest.raises(suite.UserError, match="on_error is 'raise' or 'return', not 'skip'"):
        pipeline.predict([WARM], on_error="skip")


def test_an_error_travels_between_processes():
    error = pickle.loads(pickle.dumps(suite.InputError("a.png", "it is empty")))
    assert (error.name, error.reason, str(error)) == ("a.png", "it is empty", "a.png: it is empty")


def test_limits_of_a_call_hold_in_its_threads_and_are_errors_of_inputs():
    class Large(weather.WeatherCodec):
        def encode(self, raw):
            check_memory("it", 2e8)
            return super().encode(raw)

    pipeline = LoadedPipeline("weather", "weather:linear", Large(["a", "b"]), lambda x: np.zeros((len(x), 2)))
    with suite.limited(max_input_gb=0.1):
        several = pipeline.predict([WARM, COLD], on_error="return")
        single = pipeline.predict(WARM, on_error="return")
        (result,) = pipeline.predict_each([WARM])
    for error in (*several, single, result.failure):
        assert "it and would take 0.2 GB of memory, more than the limit for one input of 0.1 GB" in str(error)
    assert pipeline.predict([WARM])[0].label == "a"


def test_limits_of_a_pipeline_travel_with_it_and_those_of_a_call_win(folder, monkeypatch):
    def encode(self, raw):
        check_memory("it", 2e8)
        return np.zeros(4, np.float32)

    monkeypatch.setattr(weather.WeatherCodec, "encode", encode)
    pipeline = suite.load(folder, host=weather.host(), limits={"max_input_gb": 0.1})
    assert pickle.loads(pickle.dumps(pipeline))._limits == {"max_input_gb": 0.1}
    for raws in (WARM, [WARM]):
        with pytest.raises(suite.InputError, match=r"limit for one input of 0\.1 GB"):
            pickle.loads(pickle.dumps(pipeline)).predict(raws)
        with suite.limited(max_input_gb=1):
            pipeline.predict(raws)
        with suite.limited(max_input_hours=1), pytest.raises(suite.InputError, match=r"0\.1 GB"):
            pipeline.predict(raws)
    check_memory("another", 2e8)
    with pytest.raises(suite.UserError, match="limits has no option 'max_gb'"):
        suite.load(folder, host=weather.host(), limits={"max_gb": 1})


# Closing


def test_a_closed_pipeline_says_so(folder):
    with suite.load(folder, host=weather.host()) as pipeline:
        assert pipeline.predict(WARM).label == "warm"
    pipeline.close()
    for use in (
        lambda: pipeline.predict(WARM),
        lambda: pipeline.predict([WARM], on_error="return"),
        lambda: list(pipeline.predict_each([WARM])),
        lambda: list(pipeline.stream(WARM)),
        lambda: pipeline.codec,
        lambda: pickle.dumps(pipeline),
        pipeline.__enter__,
    ):
        with pytest.raises(suite.UserError, match=CLOSED):
            use()


def test_closing_lets_go_of_the_session_of_the_runtime(pipeline):
    network = weakref.ref(pipeline.network)
    pipeline.close()
    gc.collect()
    assert network() is None


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Windows")
def test_closing_keeps_no_file_open(folder, pipeline):
    pipeline.predict([WARM])
    pipeline.close()
    gc.collect()
    opened = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert str(folder) not in "".join(opened) + Path("/proc/self/maps").read_text()


def test_closing_ends_the_threads_of_a_stream_that_was_left(pipeline):
    results = pipeline.predict_each((WARM for _ in range(1000)), batch_size=4)
    next(results)
    pipeline.close()
    with pytest.raises(suite.UserError, match=CLOSED):
        list(results)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("encode")]


def test_closing_while_another_thread_predicts():
    started, goes_on = threading.Event(), threading.Event()

    def network(inputs):
        started.set()
        goes_on.wait(10)
        return np.zeros((len(inputs), 2))

    pipeline = fake(network)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(pipeline.predict, [WARM] * 200)
        started.wait(10)
        pipeline.close()
        goes_on.set()
        with pytest.raises(suite.UserError, match=CLOSED):
            running.result()


def test_a_pipeline_with_another_codec_is_closed_with_it(pipeline):
    other = pipeline.with_codec(weather.WeatherCodec(["kalt", "warm"]))
    assert (other.predict(COLD).label, pipeline.predict(COLD).label) == ("kalt", "cold")
    pipeline.close()
    with pytest.raises(suite.UserError, match=CLOSED):
        other.predict(COLD)


# Pickling


def test_a_pickle_holds_the_folder_and_the_options_and_not_the_network(folder):
    pipeline = suite.load(folder, host=weather.host(), batch_size=7)
    pickled = pickle.dumps(pipeline)
    assert len(pickled) < 1000
    again = pickle.loads(pickled)
    assert again.batch_size == 7
    assert again._session._contents is None  # it is opened when it is first used
    assert again.predict(WARM) == pipeline.predict(WARM)


def test_relative_folders_travel(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(folder.parent)
    pickled = pickle.dumps(suite.load("shipped", host=weather.host()))
    monkeypatch.chdir("/")
    assert pickle.loads(pickled).predict(WARM).label == "warm"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pipeline: pickle.loads(pickle.dumps(pipeline))])
def test_a_copy_is_closed_alone(pipeline, copied):
    again = copied(pipeline)
    pipeline.close()
    assert again.predict(COLD).label == "cold"


def test_a_folder_that_is_gone_or_holds_another_model(folder, pipeline, tmp_path):
    gone, other = pickle.dumps(pipeline), pickle.dumps(pipeline)
    shutil.move(folder, tmp_path / "moved")
    with pytest.raises(suite.UserError, match=r"shipped is not there: .* put it there on this machine too"):
        pickle.loads(gone).predict([WARM], on_error="return")
    weather.save_exported(folder, warm_bias=-2.0)
    with pytest.raises(suite.UserError, match="holds another model than it did when this pipeline was load"):
        pickle.loads(other).predict(WARM)


def test_a_pipeline_from_no_folder_is_not_pickled():
    for copied in (copy.deepcopy, pickle.dumps):
        with pytest.raises(suite.UserError, match="was not loaded from a folder"):
            copied(fake())


def test_a_host_is_pickled_as_what_it_was_made_with():
    host = pickle.loads(pickle.dumps(suite.Host(weather.weather(), discover=False)))
    assert [task.name for task in host.tasks()] == ["weather"]
    import toy_plugin

    assert [task.name for task in copy.deepcopy(suite.Host(toy_plugin, discover=False)).tasks()] == ["trend"]


# Processes and threads


def labels(pipeline, raws):
    return os.getpid(), [prediction.label for prediction in pipeline.predict(raws)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "method", ["spawn", pytest.param("fork", marks=pytest.mark.skipif(os.name == "nt", reason="Windows"))]
)
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_other_processes_predict(pipeline, method):
    pipeline.predict([WARM] * 3)
    with multiprocessing.get_context(method).Pool(1) as processes:
        process, predicted = processes.apply_async(labels, (pipeline, [WARM, COLD])).get(60)
    assert predicted == ["warm", "cold"]
    assert process != os.getpid()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_uses_the_pipeline_that_it_inherits(pipeline):
    pipeline.predict([WARM] * 3)
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    process = context.Process(target=lambda: answers.put(labels(pipeline, [WARM, COLD])[1]))
    process.start()
    process.join(30)
    assert process.exitcode == 0
    assert answers.get() == ["warm", "cold"]
    assert pipeline.predict(WARM).label == "warm"


def test_a_forked_process_refuses_the_keras_of_its_parent(monkeypatch):
    from suite import devices

    monkeypatch.setattr(devices, "_active_in", -1)
    with pytest.raises(suite.UserError, match="Keras ran already before this process was forked"):
        devices.activate()


def test_several_threads_predict_with_one_pipeline(pipeline):
    raws = [np.full(4, float(number)) for number in range(40)]
    expected = pipeline.predict(raws)
    with ThreadPoolExecutor(8) as threads:
        several = threads.map(lambda _: pipeline.predict(raws), range(24))
        single = threads.map(pipeline.predict, raws)
        assert all(predictions == expected for predictions in several)
        assert [round(prediction.score, 5) for prediction in single] == [
            round(prediction.score, 5) for prediction in expected
        ]
