"""The networks: windows in, quantiles out; blind to scale, safe, trainable, and portable as files."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from suite_forecasting.encoding import logarithms
from suite_forecasting.models import bodies
from suite_forecasting.models.ends import (
    MAX_GROWTH,
    MIN_SCALE,
    FromLogarithms,
    Normalize,
    Patches,
    Quantiles,
    Seasonal,
    ToLogarithms,
)
from suite_forecasting.models.losses import QuantileLoss
from suite_forecasting.models.networks import Form, Member, networks_of

LEVELS = (0.1, 0.5, 0.8, 0.9)
CONTEXT, HORIZON, SEASON = 26, 5, 6
NONE = np.zeros((2, 0))


def form(*, covariates: bool) -> Form:
    known = np.array([[1.0, -2.0], [2.0, 0.5]]) if covariates else NONE
    past = np.array([[3.0], [1.5]]) if covariates else NONE
    return Form(context=CONTEXT, horizon=HORIZON, levels=LEVELS, season=SEASON, known=known, past=past)


BODIES = {
    "dlinear": bodies.linear(decompose=True),
    "nlinear": bodies.linear(decompose=False),
    "dense": bodies.dense(width=16, depth=2, dropout=0.1),
    "mixer": bodies.mixer(width=8, depth=2, dropout=0.1),
    "recurrent": bodies.recurrent(width=8, depth=2, dropout=0.1),
}


def networks(name: str, *, covariates: bool = False):
    body = BODIES[name]
    members = [
        Member(context=CONTEXT, body=body, logarithmic=True),
        Member(context=CONTEXT - 8, body=body),
    ]
    return networks_of(form(covariates=covariates), members, name)


@pytest.fixture(
    scope="module", params=[(name, covariates) for name in BODIES for covariates in (False, True)], ids=str
)
def network(request):
    """A network whose weights are all other than they begin."""
    keras.utils.set_random_seed(0)
    name, covariates = request.param
    network = networks(name, covariates=covariates).network
    rng = np.random.default_rng(0)
    fixed = {variable.path for variable in network.non_trainable_variables}
    for variable in network.weights:
        if variable.path not in fixed:
            variable.assign(variable.numpy() + rng.normal(0, 0.1, variable.shape))
    return network


def inputs_for(network, count: int = 4, ratio: float = 0.1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    observed = (rng.random((count, CONTEXT)) > 0.2).astype(np.float32)
    observed[-1, : CONTEXT - 6] = 0  # a series that is shorter than the window
    arrays = {
        "values": rng.normal(3, 2, (count, CONTEXT)).astype(np.float32) * observed,
        "observed": observed,
        "ratio": np.full((count, 1), ratio, np.float32),
    }
    for tensor in network.inputs:
        if tensor.name not in arrays:
            arrays[tensor.name] = rng.normal(0, 1, (count, *tensor.shape[1:])).astype(np.float32)
    return arrays


def outputs_of(network, inputs) -> np.ndarray:
    return keras.ops.convert_to_numpy(network(inputs, training=False))


SCALES = [(1e-12, 0.0), (1e12, 0.0), (1e-3, 5.0), (70.0, -1e3)]
FACTORS = [1e-3, 50.0, 1e6]
CONSTANTS = [0.0, 7.0, -3e30, 1e-38]


def changes(inputs: dict[str, np.ndarray]) -> dict[Any, dict[str, np.ndarray]]:
    """What the tests change of the inputs, by a name."""
    values, observed, ratio = inputs["values"], inputs["observed"], inputs["ratio"]
    made = {
        "none": {},
        "no logarithms": {"ratio": 0 * ratio},
        "others where nothing is observed": {"values": np.where(observed > 0, values, 99)},
        "nothing observed": {"observed": 0 * observed},
    }
    for factor, offset in SCALES:
        made["scale", factor, offset] = {"values": (factor * values + offset) * observed, "ratio": 0 * ratio}
    for factor in FACTORS:
        made["with logarithms", factor] = {"values": factor * values, "ratio": ratio / factor}
    for value in CONSTANTS:
        made["constant", value] = {"values": value * observed, "ratio": 0 * ratio}
    for name in {"known", "past"} & inputs.keys():
        made["covariates", name] = {name: inputs[name] + 1}
    return made


@pytest.fixture(scope="module")
def outputs(network) -> dict[Any, np.ndarray]:
    """What the network gives for the inputs with each of the changes (one call, for time)."""
    inputs = inputs_for(network)
    cases = [inputs | changed for changed in changes(inputs).values()]
    together = {name: np.concatenate([case[name] for case in cases]).astype(np.float32) for name in inputs}
    given = np.split(outputs_of(network, together), len(cases))
    return dict(zip(changes(inputs), given, strict=True))


@pytest.mark.backend
def test_quantiles_never_cross(outputs):
    assert outputs["none"].shape == (4, HORIZON, len(LEVELS))
    assert (np.diff(outputs["none"], axis=-1) > 0).all()


@pytest.mark.backend
@pytest.mark.parametrize(("factor", "offset"), SCALES)
def test_the_scale_and_the_level_of_a_series_do_not_matter(network, outputs, factor, offset):
    expected = factor * outputs["no logarithms"].astype(np.float64) + offset
    size = float(np.abs(factor * inputs_for(network)["values"] + offset).max())
    given = outputs["scale", factor, offset]
    assert given == pytest.approx(expected, abs=1e-4 * abs(factor) + 2e-6 * size)


@pytest.mark.backend
@pytest.mark.parametrize("factor", FACTORS)
def test_the_scale_of_a_series_with_logarithms_does_not_matter(outputs, factor):
    expected = factor * outputs["none"].astype(np.float64)
    assert outputs["with logarithms", factor] == pytest.approx(expected, abs=2e-4 * factor)


@pytest.mark.backend
@pytest.mark.parametrize("value", CONSTANTS)
def test_a_series_that_never_changes_stays_as_it_is(outputs, value):
    given = outputs["constant", value]
    assert given == pytest.approx(np.full(given.shape, value, np.float32), rel=1e-5)


@pytest.mark.backend
def test_what_was_not_observed_is_not_seen(outputs):
    assert outputs["others where nothing is observed"] == pytest.approx(outputs["none"], abs=1e-5)
    assert (outputs["nothing observed"] == 0).all()


@pytest.mark.backend
def test_series_of_a_batch_do_not_see_each_other(network, outputs):
    alone = {name: array[:1] for name, array in inputs_for(network).items()}
    assert outputs_of(network, alone) == pytest.approx(outputs["none"][:1], abs=1e-5)


@pytest.mark.backend
def test_covariates_are_seen(network, outputs):
    for name in {"known", "past"} & inputs_for(network).keys():
        assert np.abs(outputs["covariates", name] - outputs["none"]).max() > 1e-3


@pytest.mark.backend
def test_windows_are_normalized_as_numpy_does_it():
    rng = np.random.default_rng(0)
    values = (rng.normal(1e4, 300, (3, 20))).astype(np.float32)
    observed = (rng.random((3, 20)) > 0.3).astype(np.float32)
    normalized, level, scale = (keras.ops.convert_to_numpy(part) for part in Normalize()(values, observed))
    for row in range(3):
        known = values[row, observed[row] > 0].astype(np.float64)
        assert level[row, 0] == pytest.approx(known.mean(), rel=1e-6)
        assert scale[row, 0] == pytest.approx(known.std(), rel=1e-4)
        assert normalized[row, observed[row] > 0] == pytest.approx(
            (known - known.mean()) / known.std(), abs=1e-3
        )
        assert (normalized[row, observed[row] == 0] == 0).all()
    noise = np.float32(1) + np.float32(MIN_SCALE) * rng.random((1, 20)).astype(np.float32) / 4
    assert (keras.ops.convert_to_numpy(Normalize()(noise, np.ones((1, 20), np.float32))[2]) == 0).all()


@pytest.mark.backend
@pytest.mark.parametrize("middle", [0, 1, 3])
def test_quantiles_are_made_outward_from_the_median(middle):
    numbers = np.random.default_rng(0).normal(0, 1, (2, 3, 4)).astype(np.float32)
    level, scale = np.array([[1.0], [-5.0]], np.float32), np.array([[2.0], [0.5]], np.float32)
    naive = np.arange(6, dtype=np.float32).reshape(2, 3)
    given = keras.ops.convert_to_numpy(Quantiles(middle)(numbers, naive, level, scale))
    distances = np.log1p(np.exp(numbers.astype(np.float64) - 2))
    expected = np.empty((2, 3, 4))
    expected[..., middle] = naive + numbers[..., middle]
    for index in range(middle + 1, 4):
        expected[..., index] = expected[..., index - 1] + distances[..., index]
    for index in range(middle - 1, -1, -1):
        expected[..., index] = expected[..., index + 1] - distances[..., index]
    assert given == pytest.approx(level[..., None] + scale[..., None] * expected, abs=1e-5)


@pytest.mark.backend
def test_logarithms_and_back():
    values = np.array([[0.5, 3.0, -0.9, 0.0], [-5.0, 0.0, 1.0, 2.0]], np.float32)
    ratio = np.array([[1.0], [0.0]], np.float32)
    logs = keras.ops.convert_to_numpy(ToLogarithms()(values, ratio))
    assert logs[0] == pytest.approx(np.log1p(values[0].astype(np.float64)), rel=1e-6)
    assert logs[1].tolist() == values[1].tolist()
    assert logs == pytest.approx(logarithms(values, ratio[:, 0]), rel=1e-6)
    back = keras.ops.convert_to_numpy(FromLogarithms()(logs[:, None], ratio, values))
    assert back[:, 0] == pytest.approx(values, rel=1e-6)
    # For a tiny ratio they are the values, and nothing is lost.
    tiny = np.full((2, 1), 1e-9, np.float32)
    assert keras.ops.convert_to_numpy(ToLogarithms()(values, tiny)) == pytest.approx(values, rel=1e-6)
    far = keras.ops.convert_to_numpy(FromLogarithms()(np.full((2, 1, 1), 900, np.float32), ratio, values))
    assert far[:, 0, 0] == pytest.approx([4 * MAX_GROWTH - 1, 900], rel=1e-5)


@pytest.mark.backend
def test_the_loss_is_that_of_numpy():
    rng = np.random.default_rng(0)
    values, logs = rng.normal(0, 1, (3, 5)), rng.normal(0, 1, (3, 5))
    quantiles = rng.normal(0, 1, (3, 2, 5, 4))
    weights = rng.random((3, 5)) * (rng.random((3, 5)) > 0.3)
    levels = np.array(LEVELS)
    missed = np.stack([logs, values], axis=1)[..., None] - quantiles
    pinball = np.where(missed >= 0, levels * missed, (levels - 1) * missed)
    expected = (2 * pinball * weights[:, None, :, None]).mean()
    targets = np.stack([values, weights, logs], axis=-1).astype(np.float32)
    loss = QuantileLoss(LEVELS, [True, False])
    assert float(loss(targets, quantiles.astype(np.float32))) == pytest.approx(expected, rel=1e-6)


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="the gradient is TensorFlow's")
def test_the_gradient_of_the_loss_is_the_difference_quotient():
    import tensorflow as tf

    rng = np.random.default_rng(0)
    columns = [rng.normal(0, 1, (2, 3)), rng.random((2, 3)), np.zeros((2, 3))]
    targets = np.stack(columns, axis=-1).astype(np.float32)
    numbers = rng.normal(0, 1, (2, 3, 4))
    level, scale = np.zeros((2, 1), np.float32), np.ones((2, 1), np.float32)
    naive = np.zeros((2, 3), np.float32)
    layer, loss = Quantiles(1), QuantileLoss(LEVELS, [False])

    def of(array: np.ndarray) -> float:
        middle, distances = array[..., 1:2], np.log1p(np.exp(array - 2))
        below, above = middle - distances[..., :1], middle + np.cumsum(distances[..., 2:], axis=-1)
        missed = targets[..., :1].astype(np.float64) - np.concatenate([below, middle, above], axis=-1)
        levels = np.array(LEVELS)
        return float((2 * np.maximum(levels * missed, (levels - 1) * missed) * targets[..., 1:2]).mean())

    variable = tf.Variable(numbers.astype(np.float32))
    with tf.GradientTape() as tape:
        value = loss(targets, layer(variable, naive, level, scale)[:, None])
    gradient = tape.gradient(value, variable).numpy()
    assert float(value) == pytest.approx(of(numbers), rel=1e-5)
    for index in np.ndindex(numbers.shape):
        step = np.zeros_like(numbers)
        step[index] = 1e-6
        assert gradient[index] == pytest.approx((of(numbers + step) - of(numbers - step)) / 2e-6, abs=1e-5)


@pytest.mark.backend
def test_the_network_is_the_mean_of_its_members():
    both = networks("dense")
    inputs = inputs_for(both.network)
    members = outputs_of(both.training_network, inputs)
    assert members.shape == (4, 2, HORIZON, len(LEVELS))
    logs = FromLogarithms()(members[:, 0], inputs["ratio"], inputs["values"])
    expected = (keras.ops.convert_to_numpy(logs) + members[:, 1]) / 2
    assert outputs_of(both.network, inputs) == pytest.approx(expected, abs=1e-6)


@pytest.mark.backend
@pytest.mark.parametrize("name", sorted(BODIES))
def test_before_training_a_series_with_one_pattern_goes_on(name):
    network = networks(name).network
    values = np.tile(np.random.default_rng(0).normal(0, 1, (2, SEASON)), 5)[:, -CONTEXT:].astype(np.float32)
    inputs = {"values": values, "observed": np.ones_like(values), "ratio": np.zeros((2, 1), np.float32)}
    median = outputs_of(network, inputs)[..., LEVELS.index(0.5)]
    assert median == pytest.approx(values[:, -SEASON:][:, :HORIZON], abs=1e-4)


@pytest.mark.backend
@pytest.mark.parametrize(("season", "expected"), [(1, [7] * 5), (9, [7] * 5), (4, [1, 2, 5, 7, 1])])
def test_a_window_without_two_periods_is_repeated(season, expected):
    values = np.array([[9, 1, 2, 5, 7]], np.float32)
    given = Seasonal(5, season)(values, np.ones_like(values))
    assert keras.ops.convert_to_numpy(given)[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.backend
def test_a_pattern_is_the_mean_of_what_is_known_of_it():
    values = np.array([[0, 0, 4, 6, 11, 13, 24, 22]], np.float32)
    observed = np.array([[0, 0, 1, 1, 1, 1, 1, 1]], np.float32)
    given = keras.ops.convert_to_numpy(Seasonal(3, 2)(values, observed))
    assert given[0] == pytest.approx([23 - 1 / 3, 23 + 1 / 3, 23 - 1 / 3], abs=1e-5)


@pytest.mark.backend
def test_patches_end_with_the_last_step():
    patches = keras.ops.convert_to_numpy(Patches(3)(np.arange(1, 6, dtype=np.float32)[None]))
    assert patches.tolist() == [[[0, 1, 2], [3, 4, 5]]]


@pytest.mark.parametrize(
    ("context", "season", "size"),
    [
        (336, 24, 24),
        (96 * 7, 96, 48),
        (24, 12, 3),
        (36, 12, 12),
        (32, 1, 2),
        (5, 1, 1),
        (8, 7, 1),
        (104, 52, 26),
    ],
)
def test_a_patch_is_a_period_if_there_are_several(context, season, size):
    assert bodies.patch_size(context, season) == size


@pytest.mark.slow
@pytest.mark.backend
@pytest.mark.parametrize("name", sorted(BODIES))
def test_training_changes_every_weight_that_is_learned(name):
    keras.utils.set_random_seed(0)
    network = networks(name, covariates=True).training_network
    network.compile(keras.optimizers.Adam(0.01), QuantileLoss(LEVELS, [True, False]), run_eagerly=True)
    before = [variable.numpy() for variable in network.weights]
    inputs = inputs_for(network)
    targets = np.tile(np.array([9.0, 1.0, 4.0], np.float32), (4, HORIZON, 1))
    for _ in range(3):
        value = network.train_on_batch(inputs, targets)
    assert np.isfinite(value)
    learned = {variable.path for variable in network.trainable_variables}
    for variable, old in zip(network.weights, before, strict=True):
        assert (old != variable.numpy()).any() == (variable.path in learned), variable.path


@pytest.mark.slow
@pytest.mark.backend
@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_saved_network_is_the_same(name, tmp_path):
    network = networks(name, covariates=True).network
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    inputs = inputs_for(network)
    assert outputs_of(loaded, inputs) == pytest.approx(outputs_of(network, inputs), abs=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="ONNX is written from TensorFlow")
@pytest.mark.parametrize("name", ["dlinear", "mixer", "recurrent"])
def test_the_exported_network_agrees(name, tmp_path):
    network = networks(name, covariates=True).network
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    from suite.conversion.process import convert

    network.save(tmp_path / "network.keras")
    target = tmp_path / "network.onnx"
    batches = [inputs_for(network, count) for count in (1, 4)]
    given, expected = convert(tmp_path / "network.keras", target, ["suite_forecasting"], batches, tmp_path)
    session = onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"])
    for inputs, outputs in zip(given, expected, strict=True):
        (exported,) = session.run(None, inputs)
        assert exported == pytest.approx(outputs, abs=1e-4)
