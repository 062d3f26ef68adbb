"""From labeled texts and options to a pipeline: what is chosen, and that the user's word wins."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite.data import Dataset, Example
from suite.options import as_dict, parse
from suite.training_options import TrainingOptions
from suite_text.classification import builders
from suite_text.classification.batches import TextBatches
from suite_text.classification.options import BagOptions, ConvolutionalOptions, EncoderOptions
from suite_text.classification.recipes import batch_for, epochs_for
from suite_text.classification.survey import survey

SMALL = {"width": 8, "filters": 4}
MAKE = {
    "bag": lambda data, **options: builders.bag(data, BagOptions(**SMALL | options)),
    "convolutional": lambda data, **options: builders.convolutional(
        data, ConvolutionalOptions(**SMALL | options)
    ),
    "encoder": lambda data, **options: builders.encoder(
        data, EncoderOptions(**{"width": 8, "depth": 1, "heads": 2, "vocabulary": 300} | options)
    ),
}


@pytest.fixture(params=sorted(MAKE))
def make(request):
    return MAKE[request.param]


def data(
    texts=("a good film", "good fun", "a bad film", "so bad it hurts"),
    targets=("good", "good", "bad", "bad"),
    *,
    multi_label: bool = False,
    times: int = 3,
) -> Dataset:
    labels = [[target] if multi_label else target for target in targets]
    train = [
        Example(str(index), text, label)
        for index, (text, label) in enumerate(zip(list(texts) * times, labels * times, strict=True))
    ]
    return Dataset(train=train, facts={"classes": sorted(set(targets)), "multi_label": multi_label})


def batch_of(pipeline, dataset):
    prepared = [pipeline.batch_maker.prepare(example) for example in dataset.train]
    return pipeline.batch_maker.make(prepared, np.random.default_rng(0), 0.0)


@pytest.mark.backend
@pytest.mark.parametrize("multi_label", [False, True])
def test_a_pipeline_fits_together(make, multi_label):
    dataset = data(multi_label=multi_label)
    pipeline = make(dataset)
    inputs, targets = batch_of(pipeline, dataset)
    outputs = pipeline.trained_network(inputs)
    assert np.isfinite(float(pipeline.loss(targets, outputs)))
    assert (pipeline.targets(dataset.train[0].target) == [0, 1]).all()
    prediction = pipeline.codec.decode(np.asarray(pipeline.network(inputs))[0])
    assert set(prediction.scores) == {"bad", "good"}
    assert isinstance(prediction.label, list) is multi_label
    assert len(pipeline.lengths) == len(dataset.train)


@pytest.mark.backend
def test_nothing_is_left_to_be_chosen_and_the_recipe_holds_training_options(make):
    pipeline = make(data())
    assert "auto" not in as_dict(pipeline.options).values()
    training = parse(TrainingOptions, pipeline.recipe, "[training]")
    assert training.epochs != "auto"
    assert training.batch_size != "auto"


@pytest.mark.slow
@pytest.mark.backend
@pytest.mark.parametrize("name", sorted(MAKE))
def test_it_learns_what_a_word_tells(name):
    dataset = data(times=4)
    keras.utils.set_random_seed(0)
    more = {"convolutional": {"embedding_dropout": 0.0, "filters": 16}, "encoder": {"block_dropout": 0.0}}
    pipeline = MAKE[name](dataset, dropout=0.0, word_dropout=0.0, **more.get(name, {}))
    network = pipeline.trained_network
    network.compile("adam", pipeline.loss)
    network.optimizer.learning_rate = 0.02
    for _ in range(30):
        network.train_on_batch(*batch_of(pipeline, dataset))
    for text, label in (("a good film", "good"), ("a bad actor", "bad"), ("a good actor", "good")):
        inputs = {key: array[None] for key, array in pipeline.codec.encode(text).items()}
        assert pipeline.codec.decode(np.asarray(pipeline.network(inputs))[0]).label == label


def test_the_users_word_wins():
    options = BagOptions(
        words=1, characters=(2, 3), min_count=2, width=4, filters=0, dropout=0.25, label_smoothing=0.2
    )
    pipeline = builders.bag(data(), options)
    for name in ("words", "characters", "min_count", "width", "filters", "dropout", "label_smoothing"):
        assert getattr(pipeline.options, name) == getattr(options, name)
    assert pipeline.codec.reader.ngrams.words == 1
    assert pipeline.codec.reader.words is None
    assert [tensor.name for tensor in pipeline.network.inputs] == ["ngrams"]


@pytest.mark.parametrize(
    ("options", "optimizer", "layers"),
    [({"width": 0, "filters": 0}, "sgd", []), ({}, "adamw", ["ngram_sums"])],
)
def test_the_linear_part_learns_by_momentum_at_the_same_rate_whatever_is_beside_it(
    options, optimizer, layers
):
    pipeline = MAKE["bag"](data(), **options)
    assert pipeline.recipe["optimizer"] == optimizer
    assert list(pipeline.momentum_layers) == layers
    members = 3 if layers else 1
    rate = pipeline.recipe["learning_rate"] * pipeline.momentum_layers.get("ngram_sums", 1.0)
    assert rate / members == pytest.approx(
        builders.bag(data(), BagOptions(width=0, filters=0)).recipe["learning_rate"], rel=1e-6
    )


@pytest.mark.slow
def test_scripts_without_spaces_are_read_by_characters():
    chinese = data(("这部电影很好看", "好看的电影", "这部电影不好看", "难看的电影"))
    bag = builders.bag(chinese, BagOptions(filters=4)).options
    assert (bag.characters, bag.across_words, bag.parts) == ((1, 2), True, False)
    found = builders.convolutional(chinese, ConvolutionalOptions(width=8, filters=4))
    assert found.options.units == "characters"
    bag = MAKE["bag"](data()).options
    assert (bag.characters, bag.across_words, bag.parts) == ((3, 5), False, True)
    assert MAKE["convolutional"](data()).options.units == "words"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"characters": (4, 2)}, "is no range"),
        ({"words": 0, "characters": (0, 0)}, "cannot both be 0"),
        ({"min_count": 99}, "lower min_count"),
    ],
)
def test_options_that_leave_nothing_to_learn_by_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        MAKE["bag"](data(), **options)


def test_heads_have_to_share_the_width():
    with pytest.raises(UserError, match="give a multiple of 6"):
        MAKE["encoder"](data(), width=8, heads=3)


def test_one_class_and_empty_texts_cannot_be_learned():
    with pytest.raises(UserError, match="only one class"):
        survey(data(targets=("good",) * 4))
    with pytest.raises(UserError, match="all empty"):
        survey(data(("", " ", "\t", "")))
    with pytest.raises(UserError, match="no text"):
        survey(Dataset(train=[], facts={"classes": ["a", "b"], "multi_label": False}))


@pytest.mark.parametrize(("times", "weighted"), [(1, False), (10, True)])
def test_classes_are_weighted_where_they_are_far_from_balanced(times, weighted):
    texts = ["bad film", *["good film"] * 2 * times]
    dataset = data(texts, ["bad", *["good"] * 2 * times], times=1)
    pipeline = MAKE["bag"](dataset)
    assert pipeline.options.class_weights is weighted
    if weighted:
        *_, weights = batch_of(pipeline, dataset)
        assert weights.mean() == pytest.approx(1)
        assert weights[0] == pytest.approx(10 * weights[1])


def test_batches_are_a_pure_function_and_drop_what_they_are_told_to():
    dataset = data(times=40)
    pipeline = MAKE["bag"](dataset)
    maker = TextBatches(codec=pipeline.codec, word_dropout=0.5, ngram_dropout=0.25)
    prepared = [maker.prepare(example) for example in dataset.train]
    first, _ = maker.make(prepared, np.random.default_rng(5), 0.0)
    again, _ = maker.make(prepared, np.random.default_rng(5), 0.0)
    whole, _ = TextBatches(codec=pipeline.codec).make(prepared, np.random.default_rng(5), 0.0)
    for name in first:
        assert (first[name] == again[name]).all()
    changed = first["words"] != whole["words"]
    assert (first["words"][changed] == 1).all()
    assert changed.sum() / (whole["words"] > 0).sum() == pytest.approx(0.5, abs=0.1)
    left_out = (first["ngrams"] == 0) & (whole["ngrams"] > 0)
    assert left_out.sum() / (whole["ngrams"] > 0).sum() == pytest.approx(0.25, abs=0.1)


def test_of_long_texts_a_random_chunk_is_learned_from():
    dataset = data(("one two three four five six seven eight", "a", "b", "c"))
    pipeline = MAKE["convolutional"](dataset, max_length=4)
    prepared = [pipeline.batch_maker.prepare(dataset.train[0])]
    whole = pipeline.codec.read(dataset.train[0].input)["tokens"].tolist()
    maker = TextBatches(codec=pipeline.codec)
    seen = set()
    for seed in range(40):
        inputs, _ = maker.make(prepared, np.random.default_rng(seed), 0.0)
        seen.add(tuple(inputs["tokens"][0].tolist()))
    assert seen == {tuple(whole[start : start + 4]) for start in range(5)}


@given(st.integers(1, 10**7))
def test_more_texts_never_mean_more_epochs_nor_smaller_batches(count):
    assert 1 <= epochs_for(count * 2, 7, 2, 30) <= epochs_for(count, 7, 2, 30) <= 30
    assert batch_for(count, 64) <= batch_for(count * 2, 64) <= 64
