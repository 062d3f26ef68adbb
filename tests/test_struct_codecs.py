"""Codecs that are structs are described by their fields, and a broken description is one sentence."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from suite.errors import UserError
from suite.pipeline.codec import StructCodec


class ScaleCodec(StructCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    called: ClassVar[str] = "scale codec"

    labels: tuple[str, ...]
    factor: float = 1.0

    def __post_init__(self) -> None:
        if not self.factor:
            raise ValueError("nothing can be scaled by 0")


def test_a_codec_survives_json():
    codec = ScaleCodec(labels=("low", "high"), factor=0.5)
    assert ScaleCodec.from_json(json.loads(json.dumps(codec.to_json()))) == codec


@pytest.mark.parametrize(
    ("description", "wrong"),
    [
        ({}, "Object missing required field `labels`"),
        ({"labels": [], "factor": "half"}, "Expected `float`, got `str` - at `$.factor`"),
        ({"labels": [], "color": "red"}, "Object contains unknown field `color`"),
        ({"labels": [], "factor": 0}, "nothing can be scaled by 0"),
    ],
)
def test_a_broken_description_is_one_sentence_that_names_the_codec(description, wrong):
    with pytest.raises(UserError) as caught:
        ScaleCodec.from_json(description)
    assert str(caught.value) == f"the scale codec's description is broken: {wrong}"
