"""Files of networks: written whole and in float32; opening one from anywhere executes nothing."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import suite
import weather
from suite.limits import check_model_bytes
from suite.pipeline.keras_files import as_float32, check_keras, load_keras, save_keras

keras = pytest.importorskip("keras", reason="needs Keras")
pytestmark = pytest.mark.backend


def rewritten(path, change):
    """The same file with another configuration."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    members["config.json"] = json.dumps(change(config) or config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def saved(tmp_path):
    save_keras(weather.network(), tmp_path / "network.keras")
    return tmp_path / "network.keras"


def test_what_was_saved_is_loaded(saved):
    x = np.ones((2, 4), "float32")
    loaded, original = (
        keras.ops.convert_to_numpy(network(x)) for network in (load_keras(saved), weather.network())
    )
    np.testing.assert_allclose(loaded, original, atol=1e-7)


def test_nothing_but_the_file_is_left_beside_it(saved):
    assert [path.name for path in saved.parent.iterdir()] == ["network.keras"]


def test_a_failed_save_leaves_the_old_file(saved, monkeypatch):
    before = saved.read_bytes()
    model = weather.network()

    def fail(path):
        path.write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(model, "save", fail)
    with pytest.raises(OSError, match="no space"):
        save_keras(model, saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["network.keras"]


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 not really", "ümlaut".encode()])
def test_a_file_that_is_not_one(tmp_path, content):
    file = tmp_path / "network.keras"
    file.write_bytes(content)
    with pytest.raises(suite.UserError, match=r"network\.keras is not a Keras model or is damaged"):
        load_keras(file)


def packed(path, config, weights, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", weights)
    return path


@pytest.mark.slow
def test_a_file_that_unpacks_to_far_more_than_it_has_is_refused_before_it_is(tmp_path):
    file = packed(tmp_path / "network.keras", "{}", b"0" * 100_000_000)
    assert file.stat().st_size < 200_000
    with pytest.raises(suite.UserError, match=r"it unpacks to 0\.1 GB and has 0\.\d+ MB, which no network"):
        load_keras(file)
    with suite.limited(max_model_gb=1e-3), pytest.raises(suite.UserError, match="max_model_gb=1"):
        check_model_bytes(file, 2_000_000, 2_000_000, "unpacks to")


def test_weights_that_are_in_no_file_take_no_memory(saved, tmp_path):
    def larger(config):
        text = json.dumps(config).replace('"units": 2', '"units": 2000000000')
        return json.loads(text.replace("[null, 2]", "[null, 2000000000]"))

    with pytest.raises(suite.UserError, match=r"describes weights of 32 GB or more, and it holds .* MB"):
        load_keras(rewritten(saved, larger))
    save_keras(weather.network(), tmp_path / "again.keras")
    assert load_keras(tmp_path / "again.keras").count_params() == 10  # nothing of the guard is left


def test_arrays_that_are_declared_and_not_there_are_refused(saved, tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.create_dataset("huge", (10**6, 10**6), "float32", chunks=(64, 64))
    with zipfile.ZipFile(saved) as archive:
        config = archive.read("config.json")
    file = packed(tmp_path / "network.keras", config, (tmp_path / "w.h5").read_bytes())
    with pytest.raises(suite.UserError, match=r"says that its weights have 4e\+03 GB and has"):
        load_keras(file)


def test_a_zip_of_something_else(tmp_path):
    file = tmp_path / "network.keras"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("cat.jpg", b"")
    with pytest.raises(suite.UserError, match=r"a zip file without config\.json"):
        load_keras(file)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file(saved, share):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    with pytest.raises(suite.UserError, match="damaged"):
        load_keras(saved)


def test_a_flipped_byte_in_the_weights(saved):
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 0xFF
    saved.write_bytes(content)
    with pytest.raises(suite.UserError, match="damaged"):
        load_keras(saved)


def test_a_missing_file(tmp_path):
    with pytest.raises(suite.UserError, match="is not there"):
        load_keras(tmp_path / "network.keras")


def test_a_lambda_is_refused_and_not_executed(tmp_path):
    marker = tmp_path / "executed"
    marker_text = str(marker)
    inputs = keras.Input((4,))
    outputs = keras.layers.Lambda(lambda x: (open(marker_text, "w"), x)[1], output_shape=(4,))(inputs)  # noqa: SIM115
    keras.Model(inputs, outputs).save(tmp_path / "network.keras")
    marker.unlink(missing_ok=True)
    with pytest.raises(suite.UserError, match=r"carries code \(a Lambda\)|carries code \(a lambda\)"):
        load_keras(tmp_path / "network.keras")
    assert not marker.exists()


@pytest.mark.parametrize("class_name", ["TorchModuleWrapper", "TFSMLayer", "__lambda__"])
def test_other_carriers_of_code_are_refused(saved, class_name):
    def change(config):
        config["config"]["layers"][1].update(class_name=class_name, module="keras.layers")

    with pytest.raises(suite.UserError, match="carries code"):
        load_keras(rewritten(saved, change))


@pytest.mark.parametrize(
    ("module", "class_name", "argument"),
    [("os", "system", "touch {}"), ("subprocess", "Popen", ["touch", "{}"]), ("evil_module", "Evil", "")],
)
@pytest.mark.parametrize("as_function", [False, True])
def test_other_modules_are_refused_and_not_imported(
    saved, tmp_path, monkeypatch, module, class_name, argument, as_function
):
    marker = tmp_path / "executed"
    (tmp_path / "evil_module.py").write_text(f"open({str(marker)!r}, 'w')\nclass Evil: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    argument = json.loads(json.dumps(argument).replace("{}", str(marker)))
    named = {
        "module": module,
        "class_name": class_name,
        "config": {"args": argument},
        "registered_name": None,
    }
    if as_function:
        named = {
            "module": module,
            "class_name": "function",
            "config": class_name,
            "registered_name": class_name,
        }

    def change(config):
        config["config"]["layers"][2]["config"]["activation"] = named

    with pytest.raises(suite.UserError, match=f"names {module}"):
        load_keras(rewritten(saved, change))
    assert not marker.exists()


def test_registered_layers_of_the_plugins_package_are_allowed(tmp_path, monkeypatch):
    (tmp_path / "birds_plugin").mkdir()
    (tmp_path / "birds_plugin" / "__init__.py").write_text("")
    (tmp_path / "birds_plugin" / "wings.py").write_text(
        "import keras\n"
        "@keras.saving.register_keras_serializable('birds')\n"
        "class Wings(keras.layers.Layer):\n"
        "    def call(self, x):\n"
        "        return 2 * x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from birds_plugin.wings import Wings

    inputs = keras.Input((4,))
    save_keras(keras.Model(inputs, Wings()(inputs)), tmp_path / "network.keras")
    model = load_keras(tmp_path / "network.keras", packages=["birds_plugin"])
    assert float(model(np.ones((1, 4), "float32"))[0][0]) == 2
    with pytest.raises(suite.UserError, match=r"names birds_plugin\.wings\.Wings"):
        load_keras(tmp_path / "network.keras")


def mixed_model():
    def block(name):
        inputs = keras.Input((8, 8, 3))
        x = keras.layers.Conv2D(4, 3, padding="same")(inputs)
        x = keras.layers.BatchNormalization()(x)
        return keras.Model(inputs, keras.ops.relu(x), name=name)

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        inputs = keras.Input((8, 8, 3), dtype="uint8")
        x = keras.layers.Rescaling(1 / 255)(inputs)
        x = block("inner")(x)
        x = keras.layers.GlobalAveragePooling2D()(x)
        return keras.Model(inputs, keras.layers.Dense(5, activation="softmax", dtype="float32")(x))
    finally:
        keras.config.set_dtype_policy(policy)


def test_a_network_trained_in_bfloat16_is_shipped_in_float32():
    mixed = mixed_model()
    rebuilt = as_float32(mixed)
    assert {layer.compute_dtype for layer in mixed._flatten_layers()} >= {"bfloat16"}
    assert {layer.compute_dtype for layer in rebuilt._flatten_layers()} <= {"float32", "uint8"}
    x = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).astype("uint8")
    outputs = keras.ops.convert_to_numpy(rebuilt(x))
    assert np.isfinite(outputs).all()
    np.testing.assert_allclose(outputs, keras.ops.convert_to_numpy(mixed(x)), atol=0.02)


def test_it_is_float32_in_the_file_too_even_where_the_process_computes_in_bfloat16(tmp_path):
    save_keras(mixed_model(), tmp_path / "network.keras")
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        loaded = load_keras(tmp_path / "network.keras")
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert {layer.compute_dtype for layer in loaded._flatten_layers()} <= {"float32", "uint8"}


def test_a_float32_network_is_itself():
    model = weather.network()
    assert as_float32(model) is model


def test_a_compiled_network_loses_its_optimizer_in_the_rebuilding():
    mixed = mixed_model()
    mixed.compile("adam", "mse")
    assert not as_float32(mixed).compiled


# Whatever a file holds, it is refused in a sentence or read


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda content: b"PK\x03\x04" + content))
def test_any_bytes_are_refused_in_a_sentence(tmp_path, content):
    file = tmp_path / "network.keras"
    file.write_bytes(content)
    with pytest.raises(suite.UserError):
        check_keras(file)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.just("config"), inner, max_size=3)
    ),
    max_leaves=8,
)
FOREIGN = st.fixed_dictionaries(
    {"module": st.sampled_from(["os", "os.path", "keras2", "builtins2", ".keras", 5]), "class_name": JSON}
)


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON, FOREIGN, st.booleans())
def test_a_foreign_name_is_found_wherever_it_is(tmp_path, around, foreign, in_list):
    file = tmp_path / "network.keras"
    hidden = [around, {"x": [foreign]}] if in_list else {"around": around, "x": {"config": foreign}}
    config = {"class_name": "Functional", "module": "keras", "config": {"layers": hidden}}
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("config.json", "metadata.json", "model.weights.h5"):
            archive.writestr(name, json.dumps(config))
    with pytest.raises(suite.UserError, match="is refused"):
        check_keras(file)
