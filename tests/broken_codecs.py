"""Codecs with one defect each, and what the host says of it. No Keras here: a codec must do without."""

from __future__ import annotations

import random
from typing import ClassVar

import numpy as np

import suite
import toy_plugin


class Unset(toy_plugin.TrendCodec):
    """A stranger to the builder's `codec`."""


def codec(**members):
    return type("Mutated", (toy_plugin.TrendCodec,), {"__module__": __name__, **members})


def row_of(raw):
    return np.asarray(raw, np.float32)


class Forgetful(toy_plugin.TrendCodec):
    """Knows a scale and a name that its JSON leaves out."""

    def __init__(self, trends, scale=2.0, suffix="!"):
        super().__init__(trends)
        self.scale = scale
        self.suffix = suffix

    @classmethod
    def from_json(cls, words):
        return cls(words["trends"], scale=1.0, suffix="?")


class ForgetsScale(Forgetful):
    def encode(self, raw):
        return super().encode(raw) * np.float32(self.scale)


class ForgetsName(Forgetful):
    def decode(self, outputs):
        return toy_plugin.Trend(trend=super().decode(outputs).trend + self.suffix)


class Sorted(toy_plugin.TrendCodec):
    """Another one each time that it is made again."""

    @classmethod
    def from_json(cls, words):
        return cls(words["trends"][1:])


def raising(self, *arguments):
    raise KeyError("no luck")


class ShuffledCodec(toy_plugin.TrendCodec):
    """Gets the trends in another order each time, of which this was the last one."""

    last: ClassVar[list[str]] = []


class Trusting(toy_plugin.TrendCodec):
    """Believes that every input is a row."""

    def encode(self, raw):
        return np.asarray(raw, np.float32)


class Impatient(toy_plugin.TrendCodec):
    """Allows an export no difference."""

    export_tolerance = 1e-30


class Honest(toy_plugin.TrendCodec):
    """Decodes to another type, but only what a real network gives."""

    def decode(self, outputs):
        if abs(outputs.sum() - 1) > 0.01:
            raise ValueError("these are no probabilities")
        return "rising"


CODECS = {
    "random encode": (
        codec(encode=lambda self, raw: row_of(raw) + random.random()),
        "encodes the same input diff",
    ),
    "encode of nothing": (codec(encode=lambda self, raw: None), "None as what its encode"),
    "encode of a list": (codec(encode=lambda self, raw: [1.0] * 8), "a list as what its encode"),
    "encode of objects": (codec(encode=lambda self, raw: np.array([None] * 8)), "of the type object"),
    "encode of NaN": (codec(encode=lambda self, raw: np.full(8, np.nan)), "numbers that are not finite"),
    "encode of another shape": (
        codec(encode=lambda self, raw: row_of(raw)[:4]),
        r"encodes to the shape \(4,\)",
    ),
    "encode by name": (
        codec(encode=lambda self, raw: {"a": row_of(raw)}),
        "arrays by name, but its network takes",
    ),
    "encode that raises": (codec(encode=raising), "the codec of model builder"),
    "a context that decode does not take": (
        codec(encode=lambda self, raw: suite.Encoded(row_of(raw), 1)),
        "does not take what encode",
    ),
    "decode of a bare text": (
        codec(decode=lambda self, outputs: "rising"),
        "gives a str for a prediction: .*Trend",
    ),
    "decode of nothing": (codec(decode=lambda self, outputs: None), "gives None for a prediction"),
    "decode to arrays": (
        codec(decode=lambda self, outputs: toy_plugin.Trend(trend="a", probability=outputs.max())),
        "cannot be written to JSON and read back",
    ),
    "decode to wrong fields": (
        codec(decode=lambda self, outputs: toy_plugin.Trend(trend=3)),
        "cannot be written to JSON and read back",
    ),
    "JSON that is none": (
        codec(to_json=lambda self: {"trends": {1, 2}}),
        r"to_json\(\) of its codec that are not",
    ),
    "JSON with arrays": (codec(to_json=lambda self: {"trends": np.zeros(2)}), "'trends' is a ndarray"),
    "JSON that is a list": (codec(to_json=lambda self: [1]), "gave list as to_json"),
    "JSON with NaN": (codec(to_json=lambda self: {"trends": [float("nan")]}), "a number that is not finite"),
    "JSON that raises": (codec(to_json=raising), "the codec of model builder"),
    "JSON that leaves out what encodes": (
        ForgetsScale,
        "leaves something out: made again from it, it encodes",
    ),
    "JSON that leaves out what decodes": (
        ForgetsName,
        "leaves something out: made again from it, it decodes",
    ),
    "JSON of another one": (Sorted, "is another one when made again"),
    "suffixes that are a text": (codec(suffixes=".json"), "whose suffixes are '.json'"),
    "suffixes without a dot": (codec(suffixes=("json",)), "whose suffixes are"),
    "suffixes in capitals": (codec(stream_suffixes=(".MP4",)), "whose stream_suffixes are"),
    "a tolerance of 0": (codec(export_tolerance=0.0), "export_tolerance is 0.0"),
    "axes by name": (codec(input_ndim="2"), "input_ndim is '2'"),
    "can_stream without next_input": (codec(can_stream=True), r"without next_input\(\)"),
    "next_input without can_stream": (
        codec(next_input=lambda self, raw, so_far: None),
        "never called unless",
    ),
    "a misspelt member": (
        codec(scoring_fact=lambda self: {}),
        "'scoring_fact': did you mean 'scoring_facts'",
    ),
    "for_scoring of nothing": (codec(for_scoring=lambda self: None), r"for_scoring\(\) gives NoneType"),
    "scoring_facts of nothing": (codec(scoring_facts=lambda self: None), r"scoring_facts\(\) gives NoneType"),
    "named_axes of a list": (codec(named_axes=lambda self: []), r"named_axes\(\) gives list"),
    "chunks of a list": (codec(chunks=lambda self, raw: [raw]), "which has no total"),
    "chunks that raise": (codec(chunks=raising), "the codec of model builder"),
}
