"""A learning rate that is far too high ends a training with one sentence; no other training is ended."""

from __future__ import annotations

import dataclasses
import math

import pytest

import suite
import toy_plugin
from suite.cli.main import main
from suite.configuration import from_mapping
from suite.runs.train import train
from suite.training.divergence import MAX_ABSURD_STEPS, DivergedError, Losses, advice, check_end, check_steps


def through(losses, per_epoch=10):
    """What is known after single losses, and whether a step was refused."""
    known, mean = Losses(), 0.0
    for step, loss in enumerate(losses):
        in_epoch = step % per_epoch + 1
        mean = loss if in_epoch == 1 else mean + (loss - mean) / in_epoch
        known = known.after(mean, in_epoch, 1)
        check_steps(known, mean, step=step + 1, epoch=step // per_epoch + 1, rate=0.1, advice="lower it")
    return known


def rows(*losses):
    return [{"epoch": float(epoch), "loss": loss} for epoch, loss in enumerate(losses, start=1)]


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_a_training(wrong):
    with pytest.raises(DivergedError, match=rf"became {wrong} at step 3 \(epoch 1\), when the learning rate"):
        through([2.0, 1.0, wrong])


def test_a_loss_that_stays_absurd_ends_a_training():
    with pytest.raises(DivergedError, match=r"the loss was 2\.000 at first and .* at step 52 .*; lower it"):
        through([2.0, 3.0] + [500.0] * MAX_ABSURD_STEPS)


@pytest.mark.parametrize(
    "losses",
    [
        [2.0] + [1e6] * (MAX_ABSURD_STEPS - 5) + [1.5] * 100,  # a warm-up that recovers
        [2.0, 1e18] + [2.0] * 200,  # a single spike, after which means are not exact
        [2.0, 150.0] * 60,
        [0.001] + [5.0] * 100,  # a network that was trained before, on other data
        [-3.0] * 100,
        [1e6] + [5e7] * 100,  # a loss of another scale
    ],
    ids=["warm-up", "spike", "restless", "warm start", "negative", "large"],
)
def test_a_training_that_may_recover_goes_on(losses):
    known = through(losses)
    assert check_end(known, rows(losses[0] * 20, losses[0] - 0.1), "lower it") == ""


def test_a_training_that_jumped_and_learned_nothing_more_has_diverged():
    with pytest.raises(DivergedError, match=r"was 5\.800 at first, 14,069 in epoch 1 and 5\.820 in the end"):
        check_end(Losses(first=5.8), rows(14069.0, 164488.0 / 20, 5.82), "lower it")


def test_a_loss_that_jumped_and_came_back_is_no_divergence():
    assert check_end(Losses(first=5.8), rows(14069.0, 7.0, 3.0), "lower it") == ""


def test_a_loss_that_rose_is_said():
    note = check_end(Losses(first=2.3), rows(5.9, 10.8), "lower the rate")
    assert note == (
        "the loss rose from 2.300 to 10.800 while training, so the learning rate is too high: lower the rate"
    )


def test_the_advice_is_the_default_or_less():
    assert advice(100.0, 0.3) == "lower the rate: --learning-rate 0.3 is the default here"
    assert advice(0.3, 0.3) == "lower the rate: --learning-rate 0.03, or --set training.clip_norm=1"


def test_steps_of_one_call_count_each():
    known = Losses().after(2.0, 8, 8).after((2.0 * 8 + 900.0 * 8) / 16, 16, 8)
    assert known.absurd_steps == 8
    assert known.first == 2.0


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return toy_plugin.write(tmp_path_factory.mktemp("data") / "toy.jsonl", train=60)


@pytest.mark.slow
def test_the_command_line_says_it_in_a_sentence(data, tmp_path, capsys):
    words = [
        "train",
        "trend",
        str(data),
        "--learning-rate",
        "1e30",
        "--set",
        "training.optimizer=sgd",
        "--out",
    ]
    assert main([*words, str(tmp_path / "run")], suite.Host(toy_plugin, discover=False)) == 1
    said = capsys.readouterr().err
    assert "suite: training diverged: the loss " in said
    assert "lower the rate: --learning-rate 0.02 is the default here" in said
    assert "Traceback" not in said


class failing:  # noqa: N801 - its name is the plugin's
    """The test plugin, whose evaluator fails when a training has gone wrong."""

    suite_tasks = staticmethod(toy_plugin.suite_tasks)
    suite_data_loaders = staticmethod(toy_plugin.suite_data_loaders)
    suite_model_builders = staticmethod(toy_plugin.suite_model_builders)

    @suite.hookimpl
    def suite_evaluators(self):
        def evaluate(pairs, options):
            raise OverflowError("what a box of infinite width is")

        (evaluator,) = toy_plugin.suite_evaluators()
        return [dataclasses.replace(evaluator, evaluate=evaluate)]


@pytest.mark.slow
def test_what_fails_because_of_it_is_not_a_plugins_defect(data, tmp_path):
    training = {"learning_rate": 1e6, "epochs": 3, "schedule": "constant", "warmup": 0.0}
    tables = {"task": "trend", "data": str(data), "training": training}
    host = suite.Host(failing(), discover=False)
    with pytest.raises(
        suite.RunError, match="what the network predicts now cannot be scored; lower the rate"
    ):
        train(host, from_mapping(tables, "the test"), out=tmp_path / "run")
    tables["training"] = {"epochs": 1}
    with pytest.raises(OverflowError):
        train(host, from_mapping(tables, "the test"), out=tmp_path / "sound")
