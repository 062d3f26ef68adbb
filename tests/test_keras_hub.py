"""Finding and loading what keras-hub calls presets: names, addresses and folders."""

from __future__ import annotations

import pytest

from suite import UserError
from suite.kit.keras_hub import loading_preset, preset_source

KNOWN = ("listener_tiny", "listener_large")


@pytest.mark.parametrize("preset", ["listener_tiny", "hf://somebody/listener"])
def test_names_that_are_known_and_addresses_are_taken_as_they_are(preset):
    assert preset_source(preset, KNOWN) == preset


def test_a_folder_is_one_whatever_it_is_called(tmp_path):
    assert preset_source(str(tmp_path), KNOWN) == str(tmp_path)


def test_an_unknown_name_is_refused_with_the_nearest_one():
    with pytest.raises(
        UserError, match="neither the folder of a preset nor a Listener that keras-hub knows"
    ) as told:
        preset_source("listener_tinny", KNOWN, kind="a Listener")
    assert str(told.value).endswith("did you mean 'listener_tiny'?")


def test_only_some_of_what_may_be_given_can_be_suggested():
    with pytest.raises(UserError, match="known: listener_large$"):
        preset_source("spectrogram", KNOWN, suggested=["listener_large"])


def test_whatever_goes_wrong_while_loading_is_said_of_the_preset_in_a_line():
    with (
        pytest.raises(UserError, match=r"^preset 'listener_tiny' could not be loaded: no such thing$"),
        loading_preset("listener_tiny"),
    ):
        raise RuntimeError("no such thing\nand a long tale")


def test_what_is_wrong_with_the_choice_is_said_as_it_is():
    with pytest.raises(UserError, match="^takes no images$"), loading_preset("listener_tiny"):
        raise UserError("takes no images")
