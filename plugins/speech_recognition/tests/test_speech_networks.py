"""The networks: padding changes nothing, masks hide what they should, weights are saved."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs Keras")

from suite.pipeline.keras_files import load_keras, save_keras  # noqa: E402
from suite_speech_recognition.models.conformer import conformer_network  # noqa: E402
from suite_speech_recognition.models.frames import (  # noqa: E402
    IMPOSSIBLE,
    JoinFrames,
    SplitFrames,
    UtteranceNormalization,
)
from suite_speech_recognition.models.quasi_recurrent import QuasiRecurrence  # noqa: E402
from suite_speech_recognition.models.recurrent import frame_samples, recurrent_network  # noqa: E402
from suite_speech_recognition.models.spec_augment import SpecAugment  # noqa: E402

RATE, SYMBOLS = 8000, 7
STEP = frame_samples(RATE)
MASKS = {"time_masks": 2, "time_mask": 0.3, "frequency_masks": 2, "frequency_mask": 0.3, "seed": 3}
TINY = {
    "recurrent": (recurrent_network, {"mels": 20, "channels": 4, "units": 12, "depth": 2}),
    "conformer": (
        conformer_network,
        {"mels": 20, "channels": 4, "width": 16, "heads": 2, "depth": 2, "kernel": 7},
    ),
}


@pytest.fixture(scope="module", params=sorted(TINY))
def network(request):
    keras.utils.set_random_seed(1)
    make, size = TINY[request.param]
    return make(RATE, SYMBOLS, dropout=0.1, masks=MASKS, **size)


def recordings(*lengths: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [(0.1 * rng.standard_normal(length)).astype(np.float32) for length in lengths]


def heard(network, sounds: list[np.ndarray], padded: int, training: bool = False) -> np.ndarray:
    audio = np.zeros((len(sounds), padded), np.float32)
    for row, sound in zip(audio, sounds, strict=True):
        row[: len(sound)] = sound
    samples = np.array([len(sound) for sound in sounds], np.int32)
    return keras.ops.convert_to_numpy(network({"audio": audio, "samples": samples}, training=training))


@pytest.mark.slow
@pytest.mark.backend
def test_padding_never_changes_what_is_heard(network):
    for sound in recordings(3203, 321):
        frames = -(-len(sound) // STEP)
        alone = heard(network, [sound], len(sound))
        for padded in (frames * STEP, len(sound) + 1234):
            np.testing.assert_allclose(heard(network, [sound], padded)[0, :frames], alone[0], atol=1e-5)


@pytest.mark.slow
@pytest.mark.backend
def test_a_batch_with_longer_recordings_changes_nothing_either(network):
    sounds = recordings(9000, 1)
    together = heard(network, sounds, 9600)
    for sound, row in zip(sounds, together, strict=True):
        alone = heard(network, [sound], len(sound))[0]
        np.testing.assert_allclose(row[: len(alone)], alone, atol=1e-5)


@pytest.mark.slow
@pytest.mark.backend
def test_frames_of_padding_alone_are_certainly_blank(network):
    out = heard(network, recordings(3203, 9600), 9600)
    rest = out[0, -(-3203 // STEP) :]
    assert len(rest) > 0
    assert (rest[:, 0] == 0.0).all()
    assert (rest[:, 1:] == IMPOSSIBLE).all()


@pytest.mark.slow
@pytest.mark.backend
def test_the_others_are_log_probabilities_with_a_frame_per_step(network):
    out = heard(network, recordings(9600, 9601), 9601)
    assert out.shape == (2, -(-9601 // STEP), SYMBOLS)
    assert out.dtype == np.float32
    np.testing.assert_allclose(np.exp(out[1]).sum(axis=-1), 1, atol=1e-5)


@pytest.mark.slow
def test_loudness_does_not_matter(network):
    (sound,) = recordings(6000)
    quiet, loud = heard(network, [0.1 * sound], 6000), heard(network, [sound], 6000)
    np.testing.assert_allclose(quiet, loud, atol=1e-3)


@pytest.mark.parametrize(
    "sound", [np.zeros(4000, np.float32), np.ones(4000, np.float32)], ids=["zeros", "ones"]
)
def test_silence_and_a_constant_give_numbers(network, sound):
    assert np.isfinite(heard(network, [sound], 4000)).all()


@pytest.mark.slow
def test_what_is_saved_hears_the_same(network, tmp_path):
    save_keras(network, tmp_path / "network.keras")
    again = load_keras(tmp_path / "network.keras", ["suite_speech_recognition"])
    sounds = recordings(9000, 3203)
    np.testing.assert_allclose(heard(again, sounds, 9600), heard(network, sounds, 9600), atol=1e-6)


@pytest.mark.slow
def test_another_alphabet_changes_the_last_layer_only():
    for make, size in TINY.values():
        few, many = (
            {weight.path: tuple(weight.shape) for weight in make(RATE, symbols, masks=MASKS, **size).weights}
            for symbols in (5, 50)
        )
        assert {path for path in many if few.get(path) != many[path]} == {"symbols/kernel", "symbols/bias"}


def derivatives(function, *arrays: np.ndarray) -> list[np.ndarray]:
    """Of a sum over what `function` gives, for each of the arrays."""
    tensors = [keras.ops.convert_to_tensor(array) for array in arrays]
    if keras.backend.backend() == "jax":
        import jax

        found = jax.grad(lambda *x: keras.ops.sum(function(*x)), argnums=tuple(range(len(tensors))))(*tensors)
    elif keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(tensors)
            total = keras.ops.sum(function(*tensors))
        found = tape.gradient(total, tensors, unconnected_gradients="zero")
    else:
        pytest.skip("derivatives are taken on TensorFlow and JAX here")
    return [keras.ops.convert_to_numpy(array) for array in found]


@pytest.mark.backend
@pytest.mark.parametrize("frames", [1, 7, 8, 21])
def test_a_recurrent_sum_and_its_derivatives_are_those_of_adding_frame_by_frame(frames):
    rng = np.random.default_rng(frames)
    kept = rng.uniform(0, 1, (2, frames, 4)).astype(np.float32)
    new, weights = (rng.standard_normal((2, frames, 4)).astype(np.float32) for _ in range(2))
    layer = QuasiRecurrence(100, 2)
    layer.build((None, None, 3))

    def frame_by_frame(kept, new):
        states = [new[:, 0]]
        for index in range(1, frames):
            states.append(kept[:, index] * states[-1] + new[:, index])
        return keras.ops.stack(states, axis=1)

    summed = keras.ops.convert_to_numpy(layer.weighted_sum(kept, new))
    np.testing.assert_allclose(summed, keras.ops.convert_to_numpy(frame_by_frame(kept, new)), atol=1e-5)
    found = derivatives(lambda *x: layer.weighted_sum(*x) * weights, kept, new)
    expected = derivatives(lambda *x: frame_by_frame(*x) * weights, kept, new)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.backend
def test_a_recurrent_sum_is_finite_where_nothing_is_kept_or_everything():
    layer = QuasiRecurrence(100, 2)
    layer.build((None, None, 3))
    new = np.ones((1, 400, 4), np.float32)
    for kept, last in ((0.0, 1.0), (1.0, 400.0)):
        summed = keras.ops.convert_to_numpy(layer.weighted_sum(np.full_like(new, kept), new))
        np.testing.assert_allclose(summed[0, -1], last)
    found = derivatives(layer.weighted_sum, np.zeros_like(new), new)
    assert all(np.isfinite(array).all() for array in found)


@pytest.mark.backend
def test_frames_that_are_joined_and_split_are_what_they_were():
    x = np.random.default_rng(0).standard_normal((2, 5, 3)).astype(np.float32)
    joined = keras.ops.convert_to_numpy(JoinFrames(2)(x))
    assert joined.shape == (2, 3, 6)
    np.testing.assert_array_equal(joined[0, 0], np.concatenate([x[0, 0], x[0, 1]]))
    assert (joined[:, 2, 3:] == 0).all()
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(SplitFrames(2)(joined, x)), x)


def test_normalization_gives_mean_zero_and_variance_one_over_the_recordings_own_frames():
    """Frames of one loudness count alike."""
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(2, 40, 8)) - 5).astype(np.float32)
    x -= np.log(np.exp(x).mean(axis=-1, keepdims=True))
    x[1, 25:] = -23.0
    y = keras.ops.convert_to_numpy(UtteranceNormalization(100)(x, np.array([4000, 2500], np.int32)))
    for row, frames in zip(y, (40, 25), strict=True):
        np.testing.assert_allclose(row[:frames].mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(row[:frames].var(axis=0), 1, atol=2e-2)
    assert (y[1, 25:] == 0).all()


@pytest.mark.parametrize("level", [-23.0, -12.0])
def test_silence_around_what_is_said_hardly_shifts_it(level):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 40, 8)).astype(np.float32) + np.linspace(-3, 3, 8, dtype=np.float32)
    padded = np.concatenate([np.full((1, 60, 8), level, np.float32), x], axis=1)
    layer = UtteranceNormalization(100, 30.0)
    alone = keras.ops.convert_to_numpy(layer(x, np.array([4000], np.int32)))
    within = keras.ops.convert_to_numpy(layer(padded, np.array([10000], np.int32)))[:, 60:]
    assert np.abs(alone - within).max() < 0.02


@pytest.mark.backend
def test_a_short_recording_keeps_what_is_the_same_in_all_of_its_frames():
    bands = np.array([0.0, 1.0, 0.0, 3.0], np.float32)
    rng = np.random.default_rng(0)
    x = np.tile(bands, (1, 2000, 1)) + 0.1 * rng.standard_normal((1, 2000, 4)).astype(np.float32)
    layer = UtteranceNormalization(100, 100.0)

    def contrast(frames: int) -> float:
        """By how much the strongest band stands out."""
        y = keras.ops.convert_to_numpy(layer(x, np.array([frames * 100], np.int32)))[0, :frames]
        return float(np.ptp(y.mean(axis=0)))

    assert contrast(10) > 1.5
    assert contrast(10) > contrast(100) > contrast(2000)


@pytest.mark.backend
def test_specaugment_hides_as_much_as_it_may_only_while_training():
    layer = SpecAugment(100, **MASKS)
    x, samples = np.ones((64, 50, 20), np.float32), np.full(64, 5000, np.int32)
    assert (keras.ops.convert_to_numpy(layer(x, samples)) == 1).all()
    hidden = keras.ops.convert_to_numpy(layer(x, samples, training=True)) == 0
    times, bands = hidden.all(axis=2).sum(axis=1), hidden.all(axis=1).sum(axis=1)
    assert 0 < times.max() <= 2 * 0.3 * 50 + 2
    assert 0 < bands.max() <= 2 * 0.3 * 20 + 2
    # What is hidden is whole stretches of time and whole bands.
    whole = hidden.all(axis=2)[:, :, None] | hidden.all(axis=1)[:, None, :]
    np.testing.assert_array_equal(hidden, whole)


@pytest.mark.backend
def test_specaugment_goes_on_from_the_state_of_its_generator():
    x, samples = np.ones((4, 50, 20), np.float32), np.full(4, 5000, np.int32)
    first_layer, second_layer = SpecAugment(100, **MASKS), SpecAugment(100, **(MASKS | {"seed": 4}))
    first_layer(x, samples, training=True)
    second_layer.generator.state.assign(first_layer.generator.state)
    first, second = (
        keras.ops.convert_to_numpy(layer(x, samples, training=True)) for layer in (first_layer, second_layer)
    )
    np.testing.assert_array_equal(first, second)
