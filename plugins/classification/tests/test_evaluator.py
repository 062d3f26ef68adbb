"""The scores of classification are scikit-learn's, on any targets and predictions."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from suite import Evaluator, UserError
from suite.contributions import Contributed
from suite.data import Example
from suite.evaluation.scoring import Scores, score
from suite.evaluation.types import Pairs
from suite_classification.arrays import label_arrays
from suite_classification.baseline import most_frequent
from suite_classification.declaration import METRICS
from suite_classification.evaluator import evaluation
from suite_classification.types import Classification

# scikit-learn is slow when it is first called, and other tests may run beside this one.
patient = settings(deadline=None, max_examples=50)


def classification(pairs, options):
    return evaluation(label_arrays(pairs))


EVALUATOR = Contributed(
    "us",
    Evaluator(name="classification", task="songs", evaluate=classification, metrics=METRICS),
    "evaluator",
)


def scored(pairs: Pairs, intervals: bool = False) -> Scores:
    return score([EVALUATOR], pairs, intervals=intervals)


def pairs_of(targets, predictions, **facts) -> Pairs:
    return Pairs(targets, predictions, [f"number {index}" for index in range(len(targets))], facts=facts)


def examples_of(*targets) -> list[Example]:
    return [Example(str(index), None, target) for index, target in enumerate(targets)]


def one_label(true, probabilities) -> Pairs:
    names = [f"c{index}" for index in range(probabilities.shape[1])]
    return pairs_of(
        [names[index] for index in true],
        [
            Classification(label=names[int(row.argmax())], scores=dict(zip(names, row.tolist(), strict=True)))
            for row in probabilities
        ],
        classes=names,
        multi_label=False,
    )


def several_labels(true, probabilities) -> Pairs:
    names = [f"c{index}" for index in range(probabilities.shape[1])]

    def chosen(row):
        return [name for name, on in zip(names, row, strict=True) if on]

    return pairs_of(
        [chosen(row) for row in true],
        [
            Classification(label=chosen(row >= 0.5), scores=dict(zip(names, row.tolist(), strict=True)))
            for row in probabilities
        ],
        classes=names,
        multi_label=True,
    )


@st.composite
def single(draw, min_classes=2, ties=True):
    """Targets and probabilities of one label per example; `ties` lets scores be equal, often."""
    classes, count = draw(st.integers(min_classes, 8)), draw(st.integers(1, 40))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    true = generator.integers(0, classes, count)
    raw = generator.random((count, classes))
    if ties:
        raw = generator.integers(1, draw(st.sampled_from([3, 1000])), (count, classes)).astype(float)
    if draw(st.booleans()):
        raw[np.arange(count), true] += raw.max()
    return true, raw / raw.sum(axis=1, keepdims=True)


@st.composite
def several(draw):
    classes, count = draw(st.integers(2, 6)), draw(st.integers(1, 40))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    probabilities = generator.integers(0, draw(st.sampled_from([3, 1000])), (count, classes)) / 1000
    return generator.random((count, classes)) < 0.4, probabilities / max(probabilities.max(), 1e-3)


def test_every_number_is_declared():
    generator = np.random.default_rng(0)
    one = scored(one_label(generator.integers(0, 6, 30), generator.dirichlet([1] * 6, 30)))
    several = scored(several_labels(generator.random((30, 3)) < 0.5, generator.random((30, 3))))
    assert one.numbers.keys() | several.numbers.keys() == METRICS.keys()
    assert METRICS["log_loss"].higher_is_better is False


@pytest.mark.slow
@patient
@given(single())
def test_numbers_from_labels_are_those_of_scikit_learn(case):
    true, probabilities = case
    predicted = probabilities.argmax(axis=1)
    numbers = scored(one_label(true, probabilities)).numbers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        balanced = sk.balanced_accuracy_score(true, predicted)
    assert numbers["accuracy"] == pytest.approx(sk.accuracy_score(true, predicted))
    assert numbers["balanced_accuracy"] == pytest.approx(balanced)
    assert numbers["macro_f1"] == pytest.approx(sk.f1_score(true, predicted, average="macro"))


@pytest.mark.slow
@patient
@given(single())
def test_log_loss_is_that_of_scikit_learn(case):
    true, probabilities = case
    expected = sk.log_loss(true, probabilities, labels=range(probabilities.shape[1]))
    assert scored(one_label(true, probabilities)).numbers["log_loss"] == pytest.approx(expected)


@patient
@given(
    single(min_classes=6, ties=False)
)  # of equal scores, scikit-learn has the last one higher, and argmax the first
def test_top_5_accuracy_is_that_of_scikit_learn(case):
    true, probabilities = case
    expected = sk.top_k_accuracy_score(true, probabilities, k=5, labels=range(probabilities.shape[1]))
    assert scored(one_label(true, probabilities)).numbers["top5_accuracy"] == pytest.approx(expected)


def test_five_classes_have_no_top_5_accuracy():
    assert "top5_accuracy" not in scored(one_label(np.array([0, 1]), np.full((2, 5), 0.2))).numbers


def areas_by_scikit_learn(true, probabilities):
    """Macro averages over the classes for which scikit-learn can compute the area."""
    with_both = [k for k in range(true.shape[1]) if 0 < true[:, k].sum() < len(true)]
    with_any = [k for k in range(true.shape[1]) if true[:, k].any()]
    roc = [sk.roc_auc_score(true[:, k], probabilities[:, k]) for k in with_both]
    precision = [sk.average_precision_score(true[:, k], probabilities[:, k]) for k in with_any]
    expected = {"roc_auc": np.mean(roc) if roc else None}
    return expected | {"average_precision": np.mean(precision) if precision else None}


@pytest.mark.slow
@patient
@given(single())
def test_areas_under_curves_are_those_of_scikit_learn(case):
    true, probabilities = case
    one_hot = np.eye(probabilities.shape[1], dtype=bool)[true]
    numbers = scored(one_label(true, probabilities)).numbers
    for name, expected in areas_by_scikit_learn(one_hot, probabilities).items():
        assert numbers.get(name) == (None if expected is None else pytest.approx(expected))


@pytest.mark.slow
@patient
@given(several())
def test_several_labels_per_example_are_scored_as_scikit_learn_does(case):
    true, probabilities = case
    predicted = probabilities >= 0.5
    numbers = scored(several_labels(true, probabilities)).numbers
    used = np.flatnonzero((true | predicted).any(axis=0))  # classes that nobody names have no F1
    f1 = [sk.f1_score(true[:, k], predicted[:, k], zero_division=0) for k in used]
    expected = {
        "accuracy": sk.accuracy_score(true, predicted),
        "hamming_loss": sk.hamming_loss(true, predicted),
        "micro_f1": sk.f1_score(true, predicted, average="micro", zero_division=0),
        "macro_f1": np.mean(f1) if f1 else 0.0,
        "log_loss": np.mean(
            [sk.log_loss(true[:, k], probabilities[:, k], labels=[0, 1]) for k in range(true.shape[1])]
        ),
    } | areas_by_scikit_learn(true, probabilities)
    for name, value in expected.items():
        assert numbers.get(name) == (None if value is None else pytest.approx(value)), name


@pytest.mark.slow
@patient
@given(single())
def test_numbers_of_each_class_are_those_of_scikit_learn(case):
    true, probabilities = case
    classes = range(probabilities.shape[1])
    details = scored(one_label(true, probabilities)).details["classes"]
    expected = sk.precision_recall_fscore_support(
        true, probabilities.argmax(axis=1), labels=classes, zero_division=0
    )
    for name, column in zip(("precision", "recall", "f1", "examples"), expected, strict=True):
        assert [details[f"c{k}"][name] for k in classes] == pytest.approx(column.tolist())


def test_calibration_error_is_zero_if_confidence_is_accuracy():
    # Four of five are right, and 0.8 sure.
    pairs = one_label(np.array([0, 0, 0, 0, 1]), np.tile([0.8, 0.2], (5, 1)))
    assert scored(pairs).numbers["calibration_error"] == pytest.approx(0.0, abs=1e-12)


def test_calibration_error_is_the_gap_weighted_by_bin():
    # Two of four at 0.9 are right (a gap of 0.4), two of two at 0.6 are (0.4 the other way).
    probabilities = np.array([[0.9, 0.1]] * 4 + [[0.6, 0.4]] * 2)
    assert scored(one_label(np.array([0, 0, 1, 1, 0, 0]), probabilities)).numbers[
        "calibration_error"
    ] == pytest.approx(0.4)


@patient
@given(single(), st.integers(0, 2**32 - 1))
def test_a_resample_is_scored_like_the_pairs_it_stands_for(case, seed):
    true, probabilities = case
    pairs = one_label(true, probabilities)
    indices = np.random.default_rng(seed).integers(0, len(true), len(true))
    resampled = classification(pairs, None).score(indices)
    direct = scored(pairs.at(indices)).numbers
    for name, number in direct.items():
        assert resampled[name] == pytest.approx(number), name


def test_predictions_without_probabilities_are_scored_by_their_labels_and_it_says_so():
    scores = scored(pairs_of(["a", "b"], [Classification(label="a"), Classification(label="a")]))
    assert set(scores.numbers) == {"accuracy", "balanced_accuracy", "macro_f1"}
    assert scores.notes == ["scores: the predictions carry no probabilities, so only their labels are scored"]


def test_one_class_only_leaves_out_the_areas_and_says_so():
    scores = scored(one_label(np.array([0, 0]), np.array([[0.9, 0.1], [0.4, 0.6]])))
    assert "roc_auc" not in scores.numbers
    assert "roc_auc: left out, only one class is present" in scores.notes


def test_a_class_without_examples_is_named():
    notes = scored(one_label(np.array([0, 1]), np.full((2, 3), 1 / 3))).notes
    assert "average_precision: over 2 of 3 classes, for 'c2' has no example" in notes


def test_scores_are_matched_by_name_whatever_their_order():
    right = Classification(label="a", scores={"b": 0.25, "a": 0.75})
    scores = scored(pairs_of(["a", "b"], [right, Classification(label="b", scores={"b": 1.0})]))
    assert scores.numbers["log_loss"] == pytest.approx(-np.log(0.75) / 2)


def test_many_cells_have_areas_without_interval_and_it_says_so(monkeypatch):
    monkeypatch.setattr("suite_classification.evaluator.MAX_CELLS_TO_RESAMPLE", 10)
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet([1] * 3, 20)
    scores = scored(one_label(generator.integers(0, 3, 20), probabilities), intervals=True)
    assert {"roc_auc", "average_precision"} <= set(scores.numbers)
    assert set(scores.numbers) - set(scores.intervals) == {"roc_auc", "average_precision"}
    assert any("too many examples and classes" in note for note in scores.notes)


@pytest.mark.parametrize(
    ("target", "prediction", "message"),
    [
        ("dgo", Classification(label="cat"), "labels that the model does not know: 'dgo' .1 times.; did you"),
        ("dog", Classification(label="Dog"), "predictions name labels that are none of the classes: 'Dog'"),
        ("dog", Classification(label="dog", scores={"dog": 1.5}), "'number 0' has the score 1.5 for 'dog'"),
        ("dog", Classification(label="dog", scores={"dog": -0.5}), "from 0 to 1"),
        ("dog", Classification(label="dog", scores={"cow": 1}), "score labels that are no classes: 'cow'"),
        (
            ["dog"],
            Classification(label="dog"),
            "the target of 'number 0' is .'dog'., but an example has exactly",
        ),
        ("dog", Classification(label=[]), "the predicted label of 'number 0' is .."),
    ],
)
def test_what_does_not_fit_the_classes_is_a_clear_error(target, prediction, message):
    with pytest.raises(UserError, match=message):
        scored(pairs_of([target], [prediction], classes=["cat", "dog"], multi_label=False))


def test_the_baseline_is_the_majority_with_the_frequencies_of_training():
    predictions = most_frequent(examples_of("b", "a", "b", "c"), [Example("x", None)] * 2, {})
    assert predictions == [Classification(label="b", scores={"a": 0.25, "b": 0.5, "c": 0.25})] * 2


def test_the_baseline_of_several_labels_is_the_most_frequent_set():
    predictions = most_frequent(examples_of(["y", "x"], ["x", "y"], ["x"], []), [Example("x", None)], {})
    assert predictions == [Classification(label=["x", "y"], scores={"x": 0.75, "y": 0.5})]


@pytest.mark.slow
def test_validation_during_training_costs_milliseconds():
    generator = np.random.default_rng(0)
    pairs = one_label(generator.integers(0, 10, 2500), generator.dirichlet([1] * 10, 2500))
    seconds = []
    for _ in range(5):
        start = time.process_time()
        scored(pairs)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.1
