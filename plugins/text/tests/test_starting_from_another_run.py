"""What codecs name in the weights of their networks, for runs that start from another one."""

from __future__ import annotations

import pytest

from suite_text.classification.codec import ClassificationCodec
from suite_text.classification.readers.tokens import TokenReader
from suite_text.generation.codec import GenerationCodec
from suite_text.tokens.vocabulary import Vocabulary
from suite_text.translation.codec import TranslationCodec

pytestmark = pytest.mark.backend

VOCABULARY = Vocabulary.learn(["a b c", "c d"], "words", 20)


def shapes(network):
    return {weight.path: tuple(weight.shape) for weight in network.weights}


def check(codec, network):
    found = shapes(network)
    named = {path: entry for path, entry in codec.named_axes().items() if path in found}
    assert named
    for path, (axis, names) in named.items():
        assert found[path][axis] == len(names), path
    return named


def test_tokens_of_a_translator_are_named():
    from suite_text.translation.models.translator import networks

    codec = TranslationCodec(vocabulary=VOCABULARY, lengths=(8,))
    network, _ = networks(len(VOCABULARY), width=8, heads=2, units=8, depth=1)
    check(codec, network)


def test_tokens_of_a_generator_are_named():
    from suite_text.generation.models.generator import generation_network

    codec = GenerationCodec(vocabulary=VOCABULARY, lengths=(16,), tokens_per_pass=4)
    network, _ = generation_network(len(VOCABULARY), width=8, depth=1, heads=2)
    check(codec, network)


def test_tokens_and_classes_of_a_classifier_are_named():
    from suite_text.classification.models.encoder import encoder_network

    codec = ClassificationCodec(classes=("x", "y"), reader=TokenReader(vocabulary=VOCABULARY, lengths=(8,)))
    sizes = {"width": 8, "depth": 1, "heads": 2, "dropout": 0.0, "block_dropout": 0.0}
    assert len(check(codec, encoder_network(len(VOCABULARY), 2, **sizes))) == 3
