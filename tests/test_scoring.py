"""Running evaluators: numbers, intervals, what is left out and said, and the baseline."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import suite.evaluation.intervals
from suite import Evaluator, PluginError, Task, UserError
from suite.contributions import Contributed, Metric
from suite.data.dataset import Example
from suite.evaluation.metrics import declared_metrics
from suite.evaluation.scoring import baseline_pairs, metrics, reference_model_pairs, score, scored_metrics
from suite.evaluation.types import Evaluation, Pairs
from suite.figures import Table
from suite.options import Options


def pairs_of(targets, predictions=None):
    predictions = targets if predictions is None else predictions
    return Pairs(list(targets), list(predictions), [f"e{index}" for index in range(len(targets))])


def evaluator(evaluate, name="right", plugin="tests", **more):
    return Contributed(plugin, Evaluator(name=name, task="t", evaluate=evaluate, **more), "evaluator")


def right(pairs, options):
    """The share of equal pairs, resampled by indices."""
    equal = np.asarray([a == b for a, b in zip(pairs.targets, pairs.predictions, strict=True)])
    return Evaluation(score=lambda indices: {"right": equal[indices].mean()})


def right_as_mapping(pairs, options):
    equal = [a == b for a, b in zip(pairs.targets, pairs.predictions, strict=True)]
    return {"right": sum(equal) / len(equal)}


HALF = pairs_of([0] * 100, [0] * 50 + [1] * 50)


@pytest.mark.parametrize("evaluate", [right, right_as_mapping])
def test_an_evaluator_gives_an_evaluation_or_a_mapping(evaluate):
    assert score([evaluator(evaluate)], HALF, intervals=False).numbers == {"right": 0.5}


@pytest.mark.parametrize("evaluate", [right, right_as_mapping])
def test_the_interval_of_a_share_is_the_binomial_one(evaluate):
    low, high = score([evaluator(evaluate)], HALF, intervals=True).intervals["right"]
    # 1.96 standard deviations of the mean of 100 fair coins are 0.098.
    assert low == pytest.approx(0.402, abs=0.02)
    assert high == pytest.approx(0.598, abs=0.02)


def test_equal_seeds_give_equal_intervals():
    spreads = [score([evaluator(right)], HALF, intervals=True, seed=seed).intervals for seed in (1, 1, 2)]
    assert spreads[0] == spreads[1] != spreads[2]


def test_examples_of_a_group_are_drawn_together():
    # Ten speakers, of each of whom all or no recordings are right: ten observations, not a hundred.
    by_speaker = replace(HALF, groups=[index // 10 for index in range(100)])
    apart = score([evaluator(right)], HALF, intervals=True).intervals["right"]
    together = score([evaluator(right)], by_speaker, intervals=True).intervals["right"]
    assert together[1] - together[0] > 2 * (apart[1] - apart[0])


def test_one_group_has_no_interval():
    scores = score([evaluator(right)], replace(HALF, groups=["me"] * 100), intervals=True)
    assert scores.notes == ["right: no interval, there is one group only"]


def test_a_share_on_which_all_examples_agree_is_not_certain():
    share = {"right": Metric(label="right", share=True)}
    all_right, all_wrong = pairs_of([0] * 12), pairs_of([0] * 12, [1] * 12)
    low, high = score([evaluator(right, metrics=share)], all_right, intervals=True).intervals["right"]
    assert (low, high) == (pytest.approx(0.735, abs=1e-3), 1.0)
    low, high = score([evaluator(right, metrics=share)], all_wrong, intervals=True).intervals["right"]
    assert (low, high) == (0.0, pytest.approx(0.265, abs=1e-3))


def test_any_other_number_that_is_the_same_in_every_resample_has_no_interval():
    scores = score([evaluator(right)], pairs_of([0] * 12), intervals=True)
    assert scores.notes == ["right: no interval, it is the same in every resample"]


def test_without_intervals_each_evaluation_is_scored_once():
    calls = []

    def counted(pairs, options):
        return Evaluation(score=lambda indices: calls.append(len(indices)) or {"n": 1.0})

    score([evaluator(counted)], HALF, intervals=False)
    assert calls == [100]


def test_a_slow_mapping_is_resampled_less_and_says_so(monkeypatch):
    monkeypatch.setattr(suite.evaluation.intervals, "SECONDS_FOR_RESAMPLES", 0.0)
    scores = score([evaluator(right_as_mapping)], HALF, intervals=True)
    assert "right" in scores.intervals
    assert scores.notes == ["right: its interval is of 200 resamples instead of 1,000"]


def test_a_mapping_too_slow_to_resample_has_no_interval_and_says_so(monkeypatch):
    monkeypatch.setattr(suite.evaluation.intervals, "SECONDS_FOR_RESAMPLES", 0.0)
    monkeypatch.setattr(suite.evaluation.intervals, "MAX_SECONDS_FOR_RESAMPLES", 0.0)
    scores = score([evaluator(right_as_mapping)], HALF, intervals=True)
    assert not scores.intervals
    assert "no interval" in scores.notes[0]


def test_a_number_computed_once_has_no_interval():
    def both(pairs, options):
        return Evaluation(score=lambda indices: {"a": indices.mean()}, point_only=lambda: {"b": 2.0})

    scores = score([evaluator(both)], HALF, intervals=True)
    assert scores.numbers == {"a": 49.5, "b": 2.0}
    assert list(scores.intervals) == ["a"]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_cannot_be_computed_is_left_out_and_said(value):
    scores = score([evaluator(lambda pairs, options: {"a": value, "b": 1})], HALF, intervals=False)
    assert scores.numbers == {"b": 1.0}
    assert scores.notes == [f"a is left out: it is {value}"]


def test_the_evaluator_may_say_why_a_number_is_missing():
    def one_class(pairs, options):
        return Evaluation(score=lambda indices: {"auc": math.nan}, notes={"auc": "left out, one class only"})

    assert score([evaluator(one_class)], HALF, intervals=False).notes == ["auc: left out, one class only"]


def test_a_number_that_often_fails_on_resamples_has_no_interval():
    def rare(pairs, options):
        return Evaluation(score=lambda indices: {"r": 1.0 if 0 in indices else math.nan})

    scores = score([evaluator(rare)], HALF, intervals=True)
    assert scores.numbers == {"r": 1.0}
    assert "r" not in scores.intervals
    assert "cannot be computed in every resample" in scores.notes[0]


def test_one_example_has_no_interval():
    scores = score([evaluator(right)], pairs_of([1]), intervals=True)
    assert scores.numbers == {"right": 1.0}
    assert scores.notes == ["right: no interval, there is one example only"]


def test_no_examples_is_the_users_error():
    with pytest.raises(UserError, match="nothing to score"):
        score([evaluator(right)], pairs_of([]), intervals=False)


def test_the_first_evaluator_keeps_a_name_that_two_give():
    other = evaluator(lambda pairs, options: {"right": 7.0}, name="other", plugin="theirs")
    scores = score([evaluator(right), other], HALF, intervals=True)
    assert scores.numbers == {"right": 0.5, "other/right": 7.0}
    assert "evaluator 'other' of plugin 'theirs'" in scores.notes[0]
    assert scores.notes[1] == "other/right: no interval, it is the same in every resample"


def test_evaluators_of_one_name_are_told_apart_by_their_plugins():
    three = [evaluator(lambda p, o, n=n: {"x": n}, name="e", plugin=f"p{n}") for n in range(3)]
    assert score(three, HALF, intervals=False).numbers == {"x": 0.0, "e/x": 1.0, "p2:e/x": 2.0}


@pytest.mark.parametrize("answer", [None, [1.0], {"a": "0.5"}, {"a": True}, {"a": None}])
def test_an_answer_that_is_not_numbers_names_the_plugin(answer):
    with pytest.raises(PluginError, match="evaluator 'right' of plugin 'tests'"):
        score([evaluator(lambda pairs, options: answer)], HALF, intervals=False)


def test_an_error_in_an_evaluator_keeps_its_type_and_names_it():
    with pytest.raises(ZeroDivisionError) as caught:
        score([evaluator(lambda pairs, options: {"a": 1 / 0})], HALF, intervals=False)
    assert caught.value.__notes__ == ["in evaluator 'right' of plugin 'tests'"]


class Threshold(Options, frozen=True):
    at: float = 0.5


def test_options_reach_their_evaluator():
    one = evaluator(lambda pairs, options: {"at": options.at}, options=Threshold)
    assert score([one], HALF, {"right": {"at": 0.25}}, intervals=False).numbers == {"at": 0.25}


def test_options_of_an_unknown_evaluator_are_refused():
    with pytest.raises(UserError, match="did you mean 'right'"):
        score([evaluator(right)], HALF, {"rihgt": {}}, intervals=False)


def test_figures_are_made_only_when_asked_for_and_a_failure_is_a_note():
    def drawing(pairs, options):
        return Evaluation(score=lambda indices: {}, figures=lambda: [Table(title=1 / 0, columns=[], rows=[])])

    scores = score([evaluator(drawing), evaluator(right)], HALF, intervals=False)
    figures, (note,) = scores.figures()
    assert figures == []
    assert note.startswith("the figures of evaluator 'right' of plugin 'tests' are missing, for a defect of")
    assert note.endswith("ZeroDivisionError: division by zero")


def task_with(baseline):
    task = Task(
        name="t",
        summary="",
        sample=lambda: None,
        metric="right",
        builder="b",
        evaluators=(),
        baseline=baseline,
    )
    return Contributed("tests", task, "task")


def test_the_baseline_is_scored_on_the_same_examples():
    task = task_with(lambda train, examples, facts: [train[0].target] * len(examples))
    pairs = baseline_pairs(task, [Example("x", None, 0)], HALF)
    assert pairs.predictions == [0] * 100
    assert score([evaluator(right)], pairs, intervals=False).numbers == {"right": 1.0}


def test_the_baseline_never_sees_what_is_to_be_predicted():
    task = task_with(lambda train, examples, facts: [example.target for example in examples])
    assert baseline_pairs(task, [0], HALF).predictions == [None] * 100


def test_a_task_without_baseline_has_none():
    assert baseline_pairs(task_with(None), [0], HALF) is None


def test_a_baseline_of_the_wrong_length_is_the_plugins_fault():
    with pytest.raises(PluginError, match="the baseline of task 't' of plugin 'tests' predicts 1 of 100"):
        baseline_pairs(task_with(lambda train, examples, facts: [0]), [0], HALF)


def reference_model_task(reference_model):
    task = task_with(None)
    return replace(task, item=replace(task.item, reference_models={"a method": reference_model}))


def test_a_reference_model_learns_from_the_training_split_and_predicts_the_same_examples():
    train = [Example("x", 1.0, target=3)]
    pairs = replace(HALF, examples=[Example(name, index, 7) for index, name in enumerate(HALF.ids)])
    task = reference_model_task(
        lambda train, examples, facts: [train[0].target + one.input for one in examples]
    )
    found = reference_model_pairs(task, "a method", train, pairs)
    assert found.predictions == [3 + index for index in range(100)]
    assert found.targets is HALF.targets


def test_a_reference_model_never_sees_what_is_to_be_predicted():
    pairs = replace(HALF, examples=[Example(name, None, 7) for name in HALF.ids])
    task = reference_model_task(lambda train, examples, facts: [one.target for one in examples])
    assert reference_model_pairs(task, "a method", [], pairs).predictions == [None] * 100


def test_a_reference_model_without_inputs_or_its_package_is_left_out_for_a_reason():
    pairs = replace(HALF, examples=[Example(name, None) for name in HALF.ids])

    def unpacked(train, examples, facts):
        import a_package_that_nobody_has  # noqa: F401

    with pytest.raises(UserError, match="it needs the package 'a_package_that_nobody_has'"):
        reference_model_pairs(reference_model_task(unpacked), "a method", [], pairs)
    with pytest.raises(UserError, match="the inputs are not known"):
        reference_model_pairs(reference_model_task(unpacked), "a method", [], replace(pairs, examples=None))


def test_a_reference_model_that_fails_otherwise_is_the_plugins_fault():
    pairs = replace(HALF, examples=[Example(name, None) for name in HALF.ids])
    too_few = reference_model_task(lambda train, examples, facts: [0])
    with pytest.raises(PluginError, match="'a method', a reference model of task 't' .* predicts 1 of 100"):
        reference_model_pairs(too_few, "a method", [], pairs)
    with pytest.raises(ZeroDivisionError) as caught:
        reference_model_pairs(
            reference_model_task(lambda train, examples, facts: 1 / 0), "a method", [], pairs
        )
    assert "reference model of task 't' of plugin 'tests'" in caught.value.__notes__[0]


def test_metrics_are_plain_data_by_split():
    def detailed(pairs, options):
        return Evaluation(
            score=lambda indices: {"right": 0.5},
            details=lambda: {"classes": {"cat": {"f1": 0.25}}},
            notes={"auc": "left out"},
        )

    test = score([evaluator(detailed)], HALF, intervals=True)
    baseline = score([evaluator(right)], HALF, intervals=False)
    assert metrics({"test": test}, baseline) == {
        "test": {"right": 0.5},
        "baseline": {"right": 0.5},
        "intervals": {},
        "details": {"test": {"classes": {"cat": {"f1": 0.25}}}},
        "counts": {"test": 100},
        "notes": ["test: auc: left out", "test: right: no interval, it is the same in every resample"],
    }
    assert metrics({"test": test}, baseline, {"a method": baseline})["reference_models"] == {
        "a method": {"right": 0.5}
    }


def test_one_that_cannot_score_the_baseline_is_named_and_the_others_are_compared():
    def picky(pairs, options):
        return {"picky": 1 / (len({str(each) for each in pairs.predictions}) - 1)}

    picked = evaluator(picky, "picky", metrics={"picky": Metric(label="picky")})
    task = Task(
        name="t", summary="", builder="b", sample=list, metric="right", evaluators=("right",),
        baseline=lambda train, examples, facts: ["a"] * len(examples),
    )  # fmt: skip
    contributed = Contributed("plugin", task, "task")
    found, _ = scored_metrics(contributed, [evaluator(right), picked], {"test": HALF}, [1], {}, [])
    assert found["baseline"].keys() == {"right"}
    assert {"right", "picky"} <= found["test"].keys()
    (note,) = [note for note in found["notes"] if "baseline" in note]
    assert note.startswith(
        "evaluator 'picky' of plugin 'tests' cannot score the baseline: a defect of it, ZeroDivisionError in"
        " test_scoring.py, line "
    )
    assert any("gives 'right' and does not declare it" in note for note in found["notes"])


def test_of_two_metrics_with_one_label_the_later_one_says_its_name():
    first = evaluator(right, metrics={"right": Metric(label="Accuracy")})
    second = evaluator(right, "other", metrics={"hits": Metric(label="Accuracy"), "right": Metric(label="x")})
    labels = {name: metric.label for name, metric in declared_metrics([first, second]).items()}
    assert labels == {"right": "Accuracy", "hits": "Accuracy (hits)"}
