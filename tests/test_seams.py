"""What crosses from a plugin into the host is checked at the seam: the right one is blamed, before step 1."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import suite
import toy_plugin
from broken_codecs import CODECS, Unset, codec
from broken_plugins import blamed, built, plugin
from suite.options import NoOptions, Options

keras = pytest.importorskip("keras", reason="needs Keras")
from broken_networks import NETWORKS, Described, building, network, unbuilt  # noqa: E402 - needs Keras


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    return toy_plugin.write(folder / "toy.jsonl", train=12, validation=6, test=6)


def refused(data, mutant, **tables):
    """The blame for a plugin that must not reach the first step."""
    with pytest.raises(Exception) as caught:
        built(mutant, data, **tables)
    assert not isinstance(caught.value, suite.UserError), f"the user is blamed: {caught.value}"
    return blamed(caught.value)


def test_the_plugin_without_a_defect_passes(data):
    assert built(plugin(), data).pipeline.codec.trends == ["falling", "level", "rising"]


# --- the pipeline -------------------------------------------------------------------------------------------


class OtherOptions(Options, frozen=True):
    width: int = 3


def changed(**members):
    return lambda pipeline: replace(
        pipeline, **{name: make() if callable(make) else make for name, make in members.items()}
    )


PIPELINES = {
    "nothing": (lambda pipeline: None, "gave NoneType, not a TrainablePipeline"),
    "a network alone": (lambda pipeline: pipeline.network, "not a TrainablePipeline"),
    "no options": (changed(options=NoOptions), "options of the class NoOptions, not DenseOptions"),
    "other options": (changed(options=OtherOptions), "options of the class OtherOptions"),
    "options left at auto": (changed(options=toy_plugin.DenseOptions), "'width' at \"auto\""),
    "no codec": (changed(codec=None), "gave None as its codec"),
    "a codec that is none": (changed(codec=dict), "gave a dict as its codec"),
    "a codec of another class": (changed(codec=lambda: Unset(["a", "b"])), "not the Unset that was built"),
    "no network": (changed(network=None), "gave None as its network"),
    "a network that is a layer": (changed(network=lambda: keras.layers.Dense(3)), "not a keras.Model"),
    "a network that is not built": (changed(network=unbuilt), "is not built: begin it with keras.Input"),
    "a network for other arrays": (
        changed(network=lambda: network(keras.layers.Dense(3), length=4)),
        r"encodes to the shape \(8,\), but its network takes \(4,\)",
    ),
    "no loss": (changed(loss=None), "gave no loss"),
    "a loss by its name": (changed(loss="mse"), "the loss 'mse', which is not an instance"),
    "a class of loss": (lambda p: replace(p, loss=keras.losses.MeanSquaredError), "not an instance"),
    "no loss of any output": (changed(loss=dict), "gave losses|no loss"),
    "no batch maker and no targets": (changed(batch_maker=None, targets=None), "without targets or a batch"),
    "no targets": (changed(targets=None), "without targets for the loss on validation"),
    "targets that cannot be called": (changed(targets=[]), r"targets = \[\], which cannot be called"),
    "targets that are nothing": (
        lambda p: replace(p, targets=lambda trend: None),
        "None as what its targets",
    ),
    "targets that raise": (lambda p: replace(p, targets=lambda trend: {}[trend]), "plugin 'mutant'"),
    "a batch maker that is none": (changed(batch_maker=dict), r"lacks prepare\(example\) or make"),
    "a recipe that is a list": (changed(recipe=list), "gave list as its recipe"),
    "a recipe with a wrong name": (
        changed(recipe={"epoch": 3}),
        "'epoch' that does not exist: did you mean 'ep",
    ),
    "a recipe with the user's own": (changed(recipe={"seed": 3}), "'seed', which is the user's alone"),
    "a recipe out of bounds": (changed(recipe={"ema": 2.0}), "recommends what is not allowed: .*ema = 2.0"),
    "a recipe of another type": (changed(recipe={"epochs": "many"}), "not allowed: .*epochs = 'many'"),
    "no stages": (changed(stages=()), "gave the stages"),
    "a stage that is none": (changed(stages=(1,)), "gave int as a stage"),
    "a stage of a misspelt layer": (
        changed(stages=(suite.Stage(freeze=("hiden",)),)),
        "freezes a layer 'hiden' .*: did you mean 'hidden'",
    ),
    "a stage that freezes a text": (changed(stages=(suite.Stage(freeze="hidden"),)), "give a tuple of names"),
    "stages without shares": (changed(stages=(suite.Stage(share=0.0),)), "shares are all 0"),
    "a stage with a share below 0": (changed(stages=(suite.Stage(share=-1.0),)), "share = -1.0"),
    "a stage that does not learn": (
        changed(stages=(suite.Stage(learning_rate_factor=0.0),)),
        "learning_rate_factor = 0.0",
    ),
    "a calibrate that is none": (changed(calibrate=3), "calibrate = 3, which cannot be called"),
    "lengths of some": (changed(lengths=np.arange(3)), "a number for each of the 12 training examples"),
    "lengths that are not finite": (changed(lengths=np.full(12, np.nan)), "gave lengths of shape"),
    "a training network of its own": (
        changed(training_network=lambda: network(keras.layers.Dense(3))),
        "do not have the same weights",
    ),
    "a training network that is none": (changed(training_network=3), "a int as its training network"),
}


@pytest.mark.parametrize("defect", PIPELINES)
def test_a_pipeline_with_a_defect_is_the_builders_fault(data, defect):
    change, message = PIPELINES[defect]
    blame = refused(data, plugin(pipeline=change))
    assert "model builder 'dense' of plugin 'mutant'" in blame
    assert re.search(message, blame), blame


def test_a_value_that_the_user_gave_is_kept(data):
    mutant = plugin(pipeline=changed(options=lambda: toy_plugin.DenseOptions(width=16, dropout=0.1)))
    blame = refused(data, mutant, model={"dropout": 0.3})
    assert "model builder 'dense' of plugin 'mutant' replaced its option dropout = 0.3" in blame
    built(mutant, data, model={"dropout": 0.1, "width": "auto"})


def test_a_builder_that_raises_is_named_and_its_words_to_the_user_are_not(data):
    def fails(pipeline):
        raise ZeroDivisionError

    def leaves(pipeline):
        raise SystemExit(1)

    def refuses(pipeline):
        raise suite.UserError("three classes are too few")

    assert "model builder 'dense' of plugin 'mutant'" in refused(data, plugin(pipeline=fails))
    assert "model builder 'dense' of plugin 'mutant' ended the program" in refused(
        data, plugin(pipeline=leaves)
    )
    with pytest.raises(suite.UserError, match="^three classes are too few$"):
        built(plugin(pipeline=refuses), data)


# --- networks that cannot be loaded again -------------------------------------------------------------------


@pytest.mark.parametrize("defect", NETWORKS)
def test_a_network_that_cannot_be_loaded_again_is_refused_before_it_is_trained(data, defect):
    layer, message = NETWORKS[defect]
    blame = refused(
        data, plugin(builder={"build": building(lambda: network(layer(), keras.layers.Dense(3)))})
    )
    assert "model builder 'dense' of plugin 'mutant' gave a network that can be saved but not loaded" in blame
    assert re.search(message, blame), blame


def test_a_registered_layer_that_is_described_passes(data):
    built(plugin(builder={"build": building(lambda: network(Described(4), keras.layers.Dense(3)))}), data)


# --- codecs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("defect", CODECS)
def test_a_codec_with_a_defect_is_the_builders_fault(data, defect):
    mutated, message = CODECS[defect]
    blame = refused(data, plugin(codec=mutated))
    assert "model builder 'dense' of plugin 'mutant'" in blame
    assert re.search(message, blame), blame


def test_a_codec_beside_keras_is_refused(data, monkeypatch):
    monkeypatch.setattr(toy_plugin, "ops", keras.ops, raising=False)
    blame = refused(data, plugin(codec=codec()))
    assert "imports keras ('keras')" in blame or "imports keras ('ops')" in blame


def test_prediction_options_that_change_nothing_are_refused(data):
    blame = refused(data, plugin(builder={"prediction_options": OtherOptions}))
    assert "without with_options(), so its prediction_options (OtherOptions) would change nothing" in blame


def test_a_codec_that_cannot_be_made_again_is_named(data):
    def fails(words):
        raise suite.UserError("this is no codec")

    blame = refused(data, plugin(builder={"codec": fails}))
    assert "model builder 'dense' of plugin 'mutant' cannot make its codec again" in blame
    assert "not the TrendCodec" in refused(data, plugin(builder={"codec": dict}))
