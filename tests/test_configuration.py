"""What the user said wins; what is not known is an error that names the nearest."""

from __future__ import annotations

import tomllib

import pytest

from suite.configuration import apply_settings, from_mapping, read_toml, resolve_training
from suite.errors import UserError
from suite.training_options import TrainingOptions

BASE = {"task": "trend", "data": "x.jsonl"}


def resolved(given, recipe):
    return resolve_training(TrainingOptions(**given), recipe, 100, device_kind="cpu", builder="a builder")


def test_the_users_value_wins_over_the_builders():
    assert resolved({"epochs": 3}, {"epochs": 50}).epochs == 3


def test_the_builders_value_wins_over_the_hosts():
    assert resolved({}, {"epochs": 50}).epochs == 50


def test_nothing_stays_auto():
    options = resolved({}, {})
    assert "auto" not in [getattr(options, name) for name in options.__struct_fields__]


def test_a_recipe_with_an_unknown_option_names_its_builder():
    with pytest.raises(TypeError, match="a builder recommends a training option 'epoks'"):
        resolved({}, {"epoks": 3})


def test_torch_runs_one_step_at_a_time():
    given = TrainingOptions(steps_per_execution=3)
    with pytest.raises(UserError, match="not possible on torch"):
        resolve_training(given, {}, 100, device_kind="cpu", builder="a builder", backend="torch")


def test_a_written_configuration_reads_back_equal():
    configuration = from_mapping(
        BASE
        | {
            "init": "runs/a",
            "loader": {"name": "lines", "target": "trend"},
            "model": {"name": "dense", "width": 8, "size": [4, 4]},
            "training": {"epochs": 3},
            "split": {"test": 0.2},
            "runtime": {"device": "gpu:1"},
            "evaluators": {"hits": {}},
            "plugins": {"suite-toy": "1.0"},
        },
        "here",
    )
    assert from_mapping(tomllib.loads(configuration.to_toml()), "there") == configuration


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (BASE | {"modle": {}}, "did you mean 'model'"),
        (BASE | {"training": {"epoch": 3}}, "did you mean 'epochs'"),
        (BASE | {"training": {"epochs": -1}}, "expected int >= 1"),
        (BASE | {"training": {"epochs": "many"}}, "epochs = 'many' is not allowed"),
        (BASE | {"training": 3}, "a table of options"),
        (BASE | {"runtime": {"device": "tpu"}}, "device = 'tpu' is not allowed"),
        (BASE | {"evaluators": {"hits": 3}}, "'evaluators.hits' is a table"),
        ({"task": "trend"}, "'data' is missing"),
        (BASE | {"task": 3}, "'task' is text"),
    ],
)
def test_what_is_not_allowed_is_refused_in_a_sentence(document, message):
    with pytest.raises(UserError, match=message):
        from_mapping(document, "c.toml")


def test_a_setting_reaches_its_table():
    document = apply_settings(BASE, ["model.width=8", "training.ema=0.9", "evaluators.hits.top=3"])
    assert document["model"] == {"width": 8}
    assert document["training"] == {"ema": 0.9}
    assert document["evaluators"] == {"hits": {"top": 3}}


def test_a_bare_setting_reaches_the_only_table_that_has_it():
    assert apply_settings(BASE, ["ema=0.9"])["training"] == {"ema": 0.9}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("ema", "takes key=value"),
        ("seed=3", "write --set split.seed=3 or --set training.seed=3"),
        ("epoks=3", "did you mean 'training.epochs'"),
        ("trainin.epochs=3", "did you mean 'training'"),
        ("wheels=3", "no option 'wheels': known: .*'suite show TASK NAME' lists"),
    ],
)
def test_a_setting_that_cannot_be_placed_is_refused(setting, message):
    with pytest.raises(UserError, match=message):
        apply_settings(BASE, [setting])


def test_a_bare_setting_is_answered_with_a_key_that_can_be_set_here():
    def others():
        return ["loader.classes", "model.classes_weighed"]

    for setting in ("classes=cat", "names=cat"):
        with pytest.raises(UserError, match="write --set loader.classes=cat"):
            apply_settings({}, [setting], ("loader",), others)
    with pytest.raises(UserError, match="no option 'lr': known: loader.classes$"):
        apply_settings({}, ["lr=1"], ("loader",), others)


def test_a_broken_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('task = "trend"\ndata = \n')
    with pytest.raises(UserError, match=r"c\.toml is not TOML.*line 2"):
        read_toml(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"there is no configuration file .*c\.toml"):
        read_toml(tmp_path / "c.toml")
