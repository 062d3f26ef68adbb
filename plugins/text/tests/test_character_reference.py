"""The 5-gram reference model: the bits of passages (the model itself is tested with suite_language)."""

from __future__ import annotations

from suite.data import Example
from suite_language.characters import CharacterModel
from suite_text.generation.ngram_reference import five_gram
from suite_text.generation.types import Dissected

TEXTS = ["the cat sat on the mat\n", "the dog sat on the cat\n", "a dog and a cat", "the the the"]


def test_as_a_reference_model_it_gives_the_bits_of_each_passage():
    train = [Example(f"t{index}", Dissected(text), len(text)) for index, text in enumerate(TEXTS)]
    examples = [Example("a", Dissected("the cat")), Example("b", Dissected(""))]
    predictions = five_gram(train, examples, {"cleaning": {"white_space": "kept"}})
    bits = [prediction.bits for prediction in predictions]
    assert bits == CharacterModel(TEXTS).bits(["the cat", ""]).tolist()
    assert predictions[0].tokens == 0
