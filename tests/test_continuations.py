"""Predictions that take several forward passes, each of which the codec asks for."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

import counting_plugin
import suite
import toy_plugin
from counting_plugin import CountingCodec, network, pipeline
from suite.configuration import from_mapping


def texts(predictions):
    return [str(prediction) for prediction in predictions]


def test_a_prediction_is_joined_of_all_that_its_passes_gave():
    assert str(pipeline().predict("1 2")) == "3 4 5 6 7 8 9 10"


def test_a_stream_gives_what_there_is_after_each_pass():
    assert texts(pipeline().stream("1 2")) == ["3 4 5", "3 4 5 6 7 8", "3 4 5 6 7 8 9 10"]


def test_what_is_complete_with_the_first_pass_is_joined_too():
    assert texts(pipeline().stream("9")) == ["10"]
    assert str(pipeline().predict("9")) == "10"


def test_a_stream_runs_no_further_than_it_is_read():
    passes = []

    def counted(inputs):
        passes.append(len(inputs))
        return network(inputs)

    stream = pipeline(counted, until=10**9).stream("1")
    assert texts(islice(stream, 2)) == ["2 3 4", "2 3 4 5 6 7"]
    assert passes == [1, 1]


def test_a_stream_of_a_codec_that_does_not_go_on_has_one_prediction():
    class Once(suite.Codec):
        encode, decode = CountingCodec.encode, CountingCodec.decode
        until = 10

    assert texts(pipeline(codec=Once()).stream("1")) == ["2 3 4"]


def test_a_batch_goes_on_together_until_each_of_it_is_complete():
    passes = []

    def counted(inputs):
        passes.append(len(inputs))
        return network(inputs)

    predictions = pipeline(counted).predict(["1", "5", "9", "4"])
    assert texts(predictions) == ["2 3 4 5 6 7 8 9 10", "6 7 8 9 10", "10", "5 6 7 8 9 10"]
    assert passes == [4, 3, 1]


def test_results_come_in_their_order_in_small_batches():
    results = pipeline().predict_each((str(number) for number in range(1, 10)), batch_size=2)
    assert [str(result.prediction).split()[0] for result in results] == [
        str(number) for number in range(2, 11)
    ]


def test_partial_predictions_are_told_of_and_complete_ones_are_results():
    partials = []
    results = list(pipeline().predict_each(["3", "8"], on_partial=partials.append))
    assert [(partial.name, str(partial.prediction)) for partial in partials] == [
        ("3", "4 5 6"),
        ("3", "4 5 6 7 8 9"),
    ]
    assert [str(result.prediction) for result in results] == ["4 5 6 7 8 9 10", "9 10"]


def test_what_cannot_be_gone_on_with_has_an_error_and_the_others_go_on():
    class Forgetful(CountingCodec):
        def next_input(self, raw, predictions):
            text = super().next_input(raw, predictions)
            return f"{text} x" if raw == "2" and text else text

    results = list(pipeline(codec=Forgetful(16)).predict_each(["3", "2", "10"]))
    assert [result.error for result in results] == [None, "'x' is not a number", "nobody counts on from 13"]
    assert str(results[0].prediction).endswith("16")
    with pytest.raises(suite.UserError, match="10: nobody counts on from 13"):
        pipeline(until=16).predict("10")
    with pytest.raises(suite.UserError, match="10: nobody counts on from 13"):
        list(pipeline(until=16).stream("10"))


def test_an_error_of_the_codec_in_going_on_is_called_its_own():
    class Broken(CountingCodec):
        def join(self, predictions):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        pipeline(codec=Broken()).predict("1")
    assert caught.value.__notes__ == ["in the codec of model builder 'counting_plugin:counter'"]


def test_chunks_go_on_as_well():
    class InChunks(CountingCodec):
        def chunks(self, raw):
            class Lines:
                total = raw.count("\n") + 1

                def __iter__(self):
                    return iter(raw.splitlines())

                def merge(self, predictions):
                    return counting_plugin.Counted(text=" | ".join(texts(predictions)))

            return Lines() if "\n" in raw else None

    partials = []
    many = pipeline(codec=InChunks())
    (result,) = many.predict_each(["1\n8"], on_partial=partials.append)
    assert str(result.prediction) == "2 3 4 5 6 7 8 9 10 | 9 10"
    assert partials == []
    assert texts(many.stream("1\n8")) == [str(result.prediction)]


@pytest.mark.slow
def test_validation_while_training_scores_predictions_that_are_joined(tmp_path):
    pytest.importorskip("keras", reason="needs Keras")
    from suite.runs.train import train

    class AlwaysRising(toy_plugin.TrendCodec):
        can_stream = True

        def next_input(self, raw, predictions):
            return raw if len(predictions) < 2 else None

        def join(self, predictions):
            assert len(predictions) == 2
            return toy_plugin.Trend(trend="rising")

    class continuing:  # noqa: N801 - its name is the plugin's
        suite_tasks = staticmethod(toy_plugin.suite_tasks)
        suite_data_loaders = staticmethod(toy_plugin.suite_data_loaders)
        suite_evaluators = staticmethod(toy_plugin.suite_evaluators)

        @suite.hookimpl
        def suite_model_builders(self):
            def build(dataset, options):
                built = toy_plugin.build(dataset, options)
                return replace(built, codec=AlwaysRising(built.codec.trends))

            (builder,) = toy_plugin.suite_model_builders()
            return [replace(builder, build=build, codec=AlwaysRising.from_json)]

    data = toy_plugin.write(tmp_path / "toy.jsonl", train=60)
    tables = {"task": "trend", "data": str(data), "training": {"epochs": 1}}
    run = train(suite.Host(continuing(), discover=False), from_mapping(tables, "the test"), folder=tmp_path)
    assert run.history()[0]["validation_accuracy"] == pytest.approx(1 / 3)
    assert run.metrics["validation"]["accuracy"] == pytest.approx(1 / 3)
