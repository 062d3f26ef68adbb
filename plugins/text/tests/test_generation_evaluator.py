"""Bits per byte and perplexity, by hand."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import pytest

from suite import UserError
from suite.data import Example
from suite.evaluation import Pairs
from suite.options import NoOptions
from suite_text.generation.evaluator import likelihood
from suite_text.generation.explanation import explain
from suite_text.generation.types import POSITIONS, Continuation, Dissected


def pairs(predictions, sizes, texts=None) -> Pairs:
    ids = [f"p{index}" for index in range(len(sizes))]
    examples = None
    if texts is not None:
        examples = [Example(name, Dissected(text)) for name, text in zip(ids, texts, strict=True)]
    return Pairs(sizes, predictions, ids, examples)


def scored(found: Pairs):
    return likelihood(found, NoOptions())


def test_bits_per_byte_is_that_of_all_passages_together_not_the_mean_of_theirs():
    found = scored(pairs([Continuation(bits=80, tokens=20), Continuation(bits=10, tokens=10)], [10, 80]))
    assert found.score(np.arange(2)) == pytest.approx({"bits_per_byte": 1.0, "perplexity": 8.0})
    assert found.score(np.array([0, 0])) == pytest.approx({"bits_per_byte": 8.0, "perplexity": 16.0})


def test_what_cannot_be_computed_is_left_out_with_a_note():
    found = scored(pairs([Continuation(bits=8)], [4]))
    assert found.score(np.arange(1))["bits_per_byte"] == 2
    assert np.isnan(found.score(np.arange(1))["perplexity"])
    assert "not known what a token is" in found.notes["perplexity"]
    assert "all passages are empty" in scored(pairs([Continuation()], [0])).notes["bits_per_byte"]


def test_bits_are_told_by_position():
    by_position = [32.0, 8.0, *[0.0] * (len(POSITIONS) - 1)]
    found = scored(pairs([Continuation(bits=40, tokens=20, by_position=tuple(by_position))] * 2, [30, 30]))
    assert found.details()["positions"] == {
        "1 to 16": {"bits_per_token": 2.0, "tokens": 32},
        "17 to 32": {"bits_per_token": 2.0, "tokens": 8},
    }
    tables = {figure.title: figure for figure in found.figures()}
    assert [row[0] for row in tables["By position in the passage"].rows] == ["1 to 16", "17 to 32"]


def test_the_most_surprising_passages_come_first():
    texts = ["calm " * 20, "odd " * 20, "x"]
    found = scored(pairs([Continuation(bits=bits, tokens=9) for bits in (100, 300, 99)], [100, 80, 1], texts))
    (table,) = found.figures()
    assert [row[0] for row in table.rows] == ["p1", "p0"]
    assert table.rows[0][2] == "3.750"


def test_a_target_that_is_no_number_of_bytes_is_named():
    with pytest.raises(UserError, match="'p0': expected the number of bytes .* not 'text'"):
        scored(pairs([Continuation()], ["text"]))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"tokens": 10**30}, r"`int` <= 9007199254740992 - at `\$.tokens`"),
        ({"tokens": -1}, r"`int` >= 0 - at `\$.tokens`"),
        ({"by_position": [1.0, 2.0]}, "by_position has 2 numbers, not 8"),
    ],
)
def test_numbers_that_nobody_can_have_counted_are_refused(value, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert({"bits": 1.0, **value}, Continuation)


def test_the_report_shades_surprising_tokens_and_shows_what_is_written():
    asked = []

    def predict(raws):
        asked.extend(raws)
        return [
            Continuation(bits=20, tokens=2, pieces=(("odd", 16.0), (" text", 4.0)))
            if isinstance(raw, Dissected)
            else Continuation(text=" and so on")
            for raw in raws
        ]

    shaded, samples = explain(pairs([Continuation(bits=300, tokens=9)], [80], ["odd text " * 9]), predict)
    assert shaded.items[0].segments == [("odd", 1.0), (" text", 0.25)]
    assert "3.75 bits per byte" in shaded.items[0].caption
    prompt, written = samples.items[0].segments
    assert ("odd text " * 9).startswith(prompt[0])
    assert 30 <= len(prompt[0]) <= 60
    assert written == (" and so on", 0.5)
    assert explain(pairs([Continuation(bits=3)], [80]), predict) == []


def test_of_predictions_without_targets_tokens_are_shaded():
    def predict(raws):
        assert all(isinstance(raw, Dissected) for raw in raws)
        return [Continuation(bits=20, tokens=2, pieces=(("odd", 16.0), (" text", 4.0))) for _ in raws]

    asked = dataclasses.replace(pairs([Continuation(text="and")], [80], ["odd text"]), targets=[None])
    (shaded,) = explain(asked, predict)
    assert shaded.items[0].segments == [("odd", 1.0), (" text", 0.25)]
    assert "2.50 bits per byte" in shaded.items[0].caption
