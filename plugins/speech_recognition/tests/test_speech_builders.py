"""From data to a network, and what is chosen where the user chose nothing."""

from __future__ import annotations

import numpy as np
import pytest

from suite import UserError
from suite.data.dataset import Dataset, Example
from suite_speech_recognition.options import ConformerOptions, RecurrentOptions
from suite_speech_recognition.recipes import lengths_for, recurrent_defaults
from suite_speech_recognition.samples import sample
from suite_speech_recognition.survey import Survey, survey


def found(seconds: list[float], rates: list[int] | None = None, texts: tuple[str, ...] = ("a b",)) -> Survey:
    return Survey(
        seconds=np.array(seconds), rates=np.array(rates or [16000] * len(seconds)), texts=texts * len(seconds)
    )


def test_the_survey_has_lengths_rates_and_texts():
    looked = survey(sample())
    assert looked.count == 48
    assert looked.rate == 8000
    assert looked.texts[0] == sample().train[0].target["text"]
    np.testing.assert_allclose(looked.seconds[0], len(sample().train[0].input) / 8000)


def test_a_recording_that_cannot_be_read_does_not_stop_the_survey():
    data = sample()
    broken = Dataset(train=[*data.train, Example("broken", b"no audio", {"text": "a"})], facts=data.facts)
    looked = survey(broken)
    assert looked.count == 49
    assert looked.seconds[48] == np.median(looked.seconds[:48])


@pytest.mark.parametrize(
    ("train", "said"),
    [
        ([], "there is no training split to learn from, or no recording in it"),
        (
            [Example("a", np.ones(800, np.float32), {"text": " "})],
            "none of the 1 training recordings has a transcript",
        ),
        ([Example("a", b"", {"text": "a"})], "none of the 1 training recordings can be read"),
    ],
)
def test_data_with_nothing_to_learn_is_refused(train, said):
    with pytest.raises(UserError, match=said):
        survey(Dataset(train=train))


def test_the_rate_is_that_of_most_hours_but_no_more_than_is_needed():
    assert found([1, 1, 5], [8000, 8000, 16000]).rate == 16000
    assert found([1, 1, 1], [8000, 8000, 16000]).rate == 8000
    assert found([1, 1], [48000, 48000]).rate == 16000


def test_case_is_kept_where_there_is_only_one():
    choices, _ = recurrent_defaults(found([1.0], texts=("MIKE LIKES 2",)), RecurrentOptions())
    assert choices["case"] == "keep"
    choices, _ = recurrent_defaults(found([1.0], texts=("Mike likes 2",)), RecurrentOptions())
    assert choices["case"] == "lower"


@pytest.mark.parametrize("seconds", [[0.3] * 50, [2.0] * 50, list(np.linspace(1, 18, 50)), [1.0, 59.0]])
def test_lengths_rise_are_few_and_hold_every_recording_slowed_down(seconds):
    looked = found(list(seconds))
    choices, _ = recurrent_defaults(looked, RecurrentOptions())
    slowest = choices["speed"][0]
    lengths = lengths_for(looked, 16000, 640, slowest, choices["max_seconds"])
    assert list(lengths) == sorted(set(lengths))
    assert all(length % 640 == 0 for length in lengths)
    assert len(lengths) <= 9
    assert lengths[-1] >= min(60, max(20, max(seconds) / slowest)) * 16000


def test_long_recordings_come_in_small_batches_and_less_data_in_more_epochs():
    def recipe(seconds: float, count: int) -> dict:
        return recurrent_defaults(found([seconds] * count), RecurrentOptions())[1]

    assert recipe(4.0, 2000)["batch_size"] < recipe(0.5, 2000)["batch_size"]
    assert recipe(4.0, 2000)["batch_size"] < recipe(4.0, 20_000)["batch_size"]
    assert recipe(4.0, 100)["epochs"] > recipe(4.0, 2000)["epochs"] > recipe(4.0, 20_000)["epochs"]


def test_weights_are_averaged_over_a_share_of_a_training_on_little_that_is_short():
    def averaging(seconds: float, count: int) -> float:
        return recurrent_defaults(found([seconds] * count), RecurrentOptions())[1]["ema"]

    assert averaging(0.5, 2500) == 0.998
    assert averaging(0.5, 2) == 0
    assert 0.8 < averaging(0.5, 50) < averaging(0.5, 500) < 0.998
    assert averaging(0.5, 8000) == 0
    assert averaging(4.0, 800) == 0


@pytest.mark.parametrize(
    ("texts", "masks", "epochs"),
    [
        (tuple(f"sentence {number}" for number in range(1000)), 1, 37),
        (tuple(" ".join(str(number)) for number in range(1000, 2000)), 0, 25),
        (("one", "two") * 500, 2, 25),
    ],
    ids=["sentences", "connected digits", "words"],
)
def test_how_hours_are_learned_depends_on_what_is_said(texts, masks, epochs):
    def chosen_for(seconds: float) -> tuple[int, int]:
        looked = Survey(seconds=np.full(1000, seconds), rates=np.full(1000, 16000), texts=texts)
        choices, recipe = recurrent_defaults(looked, RecurrentOptions())
        return choices["time_masks"], recipe["epochs"]

    assert chosen_for(9.0) == (masks, epochs)
    assert chosen_for(0.5)[0] == 2


def test_with_minutes_of_recordings_silence_is_learned_when_words_are():
    def chosen_for(count: int) -> tuple[dict, dict]:
        looked = Survey(
            seconds=np.full(count, 0.5), rates=np.full(count, 8000), texts=("one", "two") * (count // 2)
        )
        return recurrent_defaults(looked, RecurrentOptions())

    few, recipe = chosen_for(100)
    assert (few["silence"], few["empty"], few["silence_from"], few["babble"]) == (0.5, 0.03, 0.5, 0.0)
    assert recipe["epochs"] == 80
    more, recipe = chosen_for(1000)
    assert (more["silence"], more["empty"], more["silence_from"], more["babble"]) == (0.5, 0.03, 0.0, 0.1)
    assert recipe["epochs"] == 40


@pytest.fixture(scope="module")
def built():
    pytest.importorskip("keras", reason="needs Keras")
    from suite_speech_recognition.builders import conformer, recurrent
    from suite_speech_recognition.models.conformer import NETWORKS as CONFORMERS
    from suite_speech_recognition.models.recurrent import NETWORKS

    small = {"mels": 20, "network": "tiny"}
    # One block is compiled sooner than four.
    monkeypatch = pytest.MonkeyPatch()
    for networks in (NETWORKS, CONFORMERS):
        monkeypatch.setitem(networks, "tiny", {**networks["tiny"], "depth": 1})
    pipelines = {
        "recurrent": recurrent(sample(), RecurrentOptions(**small)),
        "conformer": conformer(sample(), ConformerOptions(**small)),
    }
    monkeypatch.undo()
    return pipelines


@pytest.mark.slow
@pytest.mark.backend
@pytest.mark.parametrize("name", ["recurrent", "conformer"])
def test_what_is_built_fits_together(built, name):
    pipeline = built[name]
    codec = pipeline.codec
    assert codec.rate == 8000
    assert codec.alphabet.symbols == (" ", "a", "b", "c")
    assert not [
        field for field in pipeline.options.__struct_fields__ if getattr(pipeline.options, field) == "auto"
    ]
    assert len(pipeline.lengths) == 48
    maker = pipeline.batch_maker
    examples = [sample().train[index] for index in range(4)]
    inputs, targets = maker.make(
        [maker.prepare(example) for example in examples], np.random.default_rng(0), 0.0
    )
    outputs = pipeline.network(inputs, training=True)
    assert outputs.shape == (4, inputs["audio"].shape[1] // codec.frame_samples, 5)
    assert np.isfinite(float(pipeline.loss(targets, outputs)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["recurrent", "conformer"])
def test_a_few_steps_lower_the_loss(built, name):
    pipeline = built[name]
    network, maker = pipeline.network, pipeline.batch_maker
    ready = [maker.prepare(sample().train[index]) for index in range(8)]
    batch = maker.make(ready, np.random.default_rng(0), 0.0)
    network.compile(optimizer=_adam(), loss=pipeline.loss)
    losses = [float(network.train_on_batch(*batch)) for _ in range(12)]
    assert losses[-1] < 0.6 * losses[0]


def _adam():
    import keras

    return keras.optimizers.Adam(3e-3)


def test_transcripts_are_kept_where_there_are_many_different_ones():
    def kept(texts: tuple[str, ...]) -> bool:
        looked = Survey(seconds=np.ones(len(texts)), rates=np.full(len(texts), 16000), texts=texts)
        return recurrent_defaults(looked, RecurrentOptions())[0]["language_model"]

    assert kept(tuple(f"sentence {number}" for number in range(1000)))
    assert not kept(tuple(f"sentence {number}" for number in range(999)))
    assert not kept(("one", "two") * 500)


def test_transcripts_that_are_kept_are_those_that_the_network_writes():
    pytest.importorskip("keras", reason="needs Keras")
    from suite_speech_recognition.builders import recurrent

    codec = recurrent(sample(), RecurrentOptions(mels=20, network="tiny", language_model=True)).codec
    texts = {
        codec.alphabet.decode(codec.alphabet.encode(example.target["text"])) for example in sample().train
    }
    assert set(codec.transcripts) == texts
    assert codec.beam > 1


def test_what_the_user_gives_stays():
    pytest.importorskip("keras", reason="needs Keras")
    from suite_speech_recognition.builders import recurrent

    options = RecurrentOptions(
        rate=16000, mels=24, network="tiny", speed=(1.0, 1.0), units="subwords", subwords=16, case="upper"
    )
    pipeline = recurrent(sample(), options)
    assert pipeline.codec.rate == 16000
    assert pipeline.codec.alphabet.tokenizer
    assert pipeline.codec.alphabet.symbols[0].strip("ABC ") == ""
    assert pipeline.options.speed == (1.0, 1.0)
