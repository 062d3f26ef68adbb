"""The networks: uint8 images in, float32 logits out, trainable, and portable as files."""

from __future__ import annotations

import sys

import keras
import numpy as np
import pytest

from suite import UserError
from suite_image_classification.models import applications
from suite_image_classification.models.residual import photograph_residual_network, small_residual_network
from suite_image_classification.presets.network import preset_network
from suite_images.normalization import fuse_normalization, keep_statistics

NETWORKS = {
    "small": lambda: small_residual_network((16, 16), 3, width=8),
    "photograph": lambda: photograph_residual_network((64, 48), 3, width=8),
}


@pytest.fixture(params=sorted(NETWORKS))
def build(request):
    return NETWORKS[request.param]


@pytest.fixture
def dtype_policy():
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


def images_for(network: keras.Model, count: int = 4) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *network.input.shape[1:]), dtype=np.uint8)


def predicted(network: keras.Model, images: np.ndarray) -> np.ndarray:
    """As `network.predict`, which compiles it for much longer than it then runs."""
    return keras.ops.convert_to_numpy(network(images, training=False))


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_one_step_of_training_is_finite_and_changes_every_weight(build, policy, dtype_policy):
    dtype_policy(policy)
    keras.utils.set_random_seed(0)
    network = build()
    images = images_for(network)
    outputs = keras.ops.convert_to_numpy(network(images))
    assert outputs.shape == (4, 3)
    assert outputs.dtype == np.float32
    network.compile(keras.optimizers.SGD(0.1), keras.losses.CategoricalCrossentropy(from_logits=True))
    before = [np.array(weight) for weight in network.get_weights()]
    for _ in range(3):  # what starts at zero lets the gradient through to what lies before it later
        loss = network.train_on_batch(images, np.eye(3, dtype=np.float32)[[0, 1, 2, 0]])
    assert np.isfinite(loss)
    for variable, old, new in zip(network.weights, before, network.get_weights(), strict=True):
        assert np.isfinite(new).all(), variable.path
        assert (new != old).any(), variable.path


@pytest.mark.slow
def test_the_same_seed_builds_the_same_weights_under_the_same_names(build):
    keras.utils.set_random_seed(3)
    first = build()
    keras.utils.set_random_seed(3)
    second = build()
    for weight, again in zip(first.weights, second.weights, strict=True):
        assert weight.path == again.path
        assert (keras.ops.convert_to_numpy(weight) == keras.ops.convert_to_numpy(again)).all()
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]


@pytest.mark.slow
def test_the_file_needs_no_code_of_ours(build, tmp_path):
    network = build()
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", custom_objects={}, safe_mode=True)
    assert all(type(layer).__module__.startswith("keras.") for layer in loaded.layers)
    images = images_for(network)
    assert (predicted(network, images) == predicted(loaded, images)).all()


@pytest.mark.slow
@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="ONNX is written from TensorFlow")
def test_the_exported_network_agrees(build, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    network = build()
    expected = predicted(network, images_for(network, 5))
    network.export(tmp_path / "network.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / "network.onnx", providers=["CPUExecutionProvider"])
    images = images_for(network, 5)
    (outputs,) = session.run(None, {session.get_inputs()[0].name: images})
    assert outputs == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="the kernel is TensorFlow's")
def test_fused_normalization_computes_the_same():
    def trained(fused: bool) -> list[np.ndarray]:
        keras.utils.set_random_seed(0)
        inputs = keras.Input((6, 6, 3))
        x = keras.layers.Conv2D(4, 3, name="convolution")(inputs)
        x = keras.layers.BatchNormalization(momentum=0.9, name="normalization")(x)
        network = keras.Model(inputs, keras.layers.GlobalMaxPooling2D(name="pool")(x))
        if fused:
            fuse_normalization(network)
        network.compile(keras.optimizers.SGD(0.1), "mean_squared_error")
        generator = np.random.default_rng(0)
        for _ in range(4):
            network.train_on_batch(generator.random((8, 6, 6, 3)), generator.random((8, 4)))
        return network.get_weights()

    for plain, fused in zip(trained(False), trained(True), strict=True):
        # The fused kernel's moving variance is that of a sample (n - 1), Keras's that of the batch (n).
        assert fused == pytest.approx(plain, rel=5e-3, abs=1e-5)


@pytest.mark.parametrize("size", [(4, 4), (8, 8), (12, 20), (28, 28), (64, 64)])
def test_small_networks_take_any_small_size(size):
    assert small_residual_network(size, 2, width=4).output.shape == (None, 2)


def test_all_families_of_keras_are_found():
    families = applications.families()
    assert len(families) >= 38
    assert {"ResNet50", "MobileNetV3Small", "ConvNeXtTiny", "EfficientNetV2B0", "VGG16"} <= set(families)


@pytest.mark.parametrize("family", sorted(applications.families()))
def test_preprocessing_is_that_of_the_family(family):
    build = applications.families()[family]
    inputs = keras.Input((2, 3, 3), dtype="uint8")
    layer = keras.Model(inputs, applications.preprocessed(inputs, build))
    images = np.random.default_rng(0).integers(0, 256, (2, 2, 3, 3), dtype=np.uint8)
    expected = sys.modules[build.__module__].preprocess_input(images.astype("float32"))
    assert keras.ops.convert_to_numpy(layer(images)) == pytest.approx(np.asarray(expected), abs=1e-4)


@pytest.fixture(scope="module")
def family_network():
    return applications.application_network("MobileNetV3Small", (32, 32), 3)


@pytest.fixture(scope="module")
def family_files(family_network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    family_network.save(folder / "network.keras")
    backbone_of(family_network).save_weights(folder / "backbone.weights.h5")
    return folder


def backbone_of(network: keras.Model) -> keras.Model:
    (backbone,) = [layer for layer in network.layers if isinstance(layer, keras.Model)]
    return backbone


@pytest.mark.slow
@pytest.mark.parametrize("name", ["network.keras", "backbone.weights.h5"])
def test_a_family_takes_its_weights_from_a_file_for_any_number_of_classes(family_network, family_files, name):
    again = applications.application_network(
        "MobileNetV3Small", (32, 32), 7, weights=str(family_files / name)
    )
    assert predicted(again, images_for(again)).shape == (4, 7)
    ours, theirs = backbone_of(family_network), backbone_of(again)
    assert [weight.path for weight in ours.weights] == [weight.path for weight in theirs.weights]
    for weight, loaded in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert (weight == loaded).all()


@pytest.mark.slow
def test_statistics_are_kept_while_the_rest_learns():
    tuned = small_residual_network((8, 8), 3, width=4)
    keep_statistics(tuned)
    tuned.compile(keras.optimizers.SGD(0.1), keras.losses.CategoricalCrossentropy(from_logits=True))
    before = tuned.get_weights()
    tuned.fit(images_for(tuned), np.eye(3, dtype=np.float32)[[0, 1, 2, 0]], epochs=2, verbose=0)
    for weight, old, new in zip(tuned.weights, before, tuned.get_weights(), strict=True):
        assert (old == new).all() == ("moving" in weight.path), weight.path


def test_an_unknown_family_names_the_nearest():
    with pytest.raises(UserError, match="did you mean 'ResNet50'"):
        applications.application_network("Resnet50", (32, 32), 3)


def test_an_image_too_small_for_a_family_is_refused():
    with pytest.raises(UserError, match=r"InceptionV3 cannot be built for images of 32 x 32: .*75"):
        applications.application_network("InceptionV3", (32, 32), 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.weights.h5", b"not weights", "its weights are not an HDF5 file"),
        ("text.keras", b"not a network", "not a Keras model"),
        ("weights.pickle", b"", r"weights are read from \.weights\.h5"),
        ("missing.keras", None, "no such file"),
    ],
)
def test_files_that_are_no_weights_are_refused(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message):
        applications.application_network("MobileNetV3Small", (32, 32), 3, weights=str(tmp_path / name))


@pytest.mark.slow
def test_weights_of_another_network_are_refused(tmp_path):
    other = small_residual_network((16, 16), 3, width=4)
    other.save(tmp_path / "other.keras")
    other.save_weights(tmp_path / "other.weights.h5")
    for name in ("other.keras", "other.weights.h5"):
        with pytest.raises(UserError, match="does not hold weights that fit MobileNetV3Small"):
            applications.application_network("MobileNetV3Small", (32, 32), 3, weights=str(tmp_path / name))


def test_without_keras_hub_a_preset_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(UserError, match=r'pip install "keras-suite\[presets\]"'):
        preset_network("resnet_18_imagenet", (32, 32), 3)
