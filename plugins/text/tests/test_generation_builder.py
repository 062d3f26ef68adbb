"""What is chosen from the data, and the batches that are learned from."""

from __future__ import annotations

import numpy as np
import pytest

from suite import UserError
from suite.data import Dataset, Example
from suite_text.generation.batches import PassageBatches
from suite_text.generation.codec import GenerationCodec
from suite_text.generation.options import TransformerOptions
from suite_text.generation.recipes import recipe_for, transformer_defaults, vocabulary_for
from suite_text.generation.samples import sample
from suite_text.generation.survey import Survey, survey
from suite_text.generation.types import Dissected
from suite_text.reading.cleaning import AS_IT_IS
from suite_text.tokens.vocabulary import END, PADDING, START, Vocabulary

TEXT = "the cat sat on the mat and the dog sat on the cat "


def batches(lengths=(8, 16)) -> PassageBatches:
    vocabulary = Vocabulary.learn([TEXT], "bpe", 300)
    return PassageBatches(
        GenerationCodec(vocabulary=vocabulary, lengths=lengths, tokens_per_pass=4, cleaning=AS_IT_IS)
    )


def found(sizes, text=TEXT) -> Survey:
    return Survey(sizes=np.array(sizes), texts=(text,), max_size=int(max(sizes)))


def test_a_batch_has_starts_padding_and_weights_of_what_is_told():
    maker = batches()
    prepared = [maker.prepare(Example("a", Dissected(text), 0)) for text in ("the cat", "dog")]
    tokens, weights = maker.make(prepared, np.random.default_rng(0), 0.0)
    assert tokens.shape == weights.shape == (2, 8)
    for row, ids in zip(tokens.tolist(), prepared, strict=True):
        assert row[: len(ids) + 1] == [START, *ids.tolist()]
        assert set(row[len(ids) + 1 :]) == {PADDING}
    told = tokens != PADDING
    told[:, 0] = False
    assert ((weights > 0) == told).all()


def test_the_loss_is_the_mean_over_the_tokens_of_a_batch():
    maker = batches()
    prepared = [maker.prepare(Example("a", Dissected(text), 0)) for text in ("the cat sat", "dog")]
    _, weights = maker.make(prepared, np.random.default_rng(0), 0.0)
    surprise = np.arange(16).reshape(2, 8)
    expected = surprise[weights > 0].mean()
    assert (surprise * weights).sum(axis=1).mean() == pytest.approx(expected)


def test_of_a_long_passage_a_chunk_is_drawn_and_in_time_all_of_it():
    maker = batches()
    ids = maker.prepare(Example("a", Dissected(TEXT * 4), 0))
    assert len(ids) > 40
    seen = set()
    for seed in range(200):
        tokens, _ = maker.make([ids], np.random.default_rng(seed), 0.0)
        assert tokens.shape == (1, 16)
        assert tokens[0, 0] == START
        begins = [begin for begin in range(len(ids) - 14) if (ids[begin : begin + 15] == tokens[0, 1:]).all()]
        assert begins
        seen.update(begins)
    assert seen == set(range(len(ids) - 14))


def test_an_end_is_learned_where_a_file_ends():
    maker = batches()
    (first, *_) = (sample().train[index] for index in range(1))
    assert maker.prepare(first)[-1] == END
    assert maker.prepare(Example("a", Dissected("the cat"), 7))[-1] != END


def test_more_text_gets_a_larger_network_and_vocabulary_and_fewer_epochs():
    options = TransformerOptions()
    little, much = found([500] * 100), found([2000] * 100_000)
    assert vocabulary_for(little, options) < vocabulary_for(much, options) <= 16_384
    assert transformer_defaults(little, options, 3.0)["network"] == "tiny"
    assert transformer_defaults(much, options, 3.0)["network"] == "medium"
    assert recipe_for(little, 3.0, 256)["epochs"] > recipe_for(much, 3.0, 256)["epochs"]
    assert recipe_for(little, 3.0, 256)["batch_size"] <= 256


def test_the_context_takes_the_longest_passage_within_bounds():
    options = TransformerOptions(network="small")
    for longest, expected in ((30, (64, 64)), (900, (362, 380)), (10**6, (512, 512))):
        low, high = expected
        assert low <= transformer_defaults(found([longest]), options, 3.0)["context"] <= high


def test_the_survey_reads_sizes_and_texts():
    seen = survey(sample(), AS_IT_IS)
    assert len(seen.sizes) == 48
    assert seen.bytes == sum(len(text.encode()) for text in seen.texts)
    assert seen.max_size == max(seen.sizes.max(), max(example.target for example in sample().validation))


def test_data_without_text_is_refused():
    with pytest.raises(UserError, match="holds no text"):
        survey(Dataset(train=[]), AS_IT_IS)
    with pytest.raises(UserError, match="white space only"):
        survey(Dataset(train=[Example("a", Dissected(" \n"), 2)]), AS_IT_IS)


@pytest.mark.slow
def test_what_is_auto_is_chosen_and_what_is_given_stays():
    pytest.importorskip("keras", reason="needs Keras")
    from suite_text.generation.builders import transformer

    built = transformer(sample(), TransformerOptions(units="characters", context=40, tokens_per_pass=100))
    assert built.options.context == 40
    assert built.options.network == "tiny"
    assert built.codec.lengths[-1] == 40
    assert built.codec.tokens_per_pass == 19
    assert built.codec.vocabulary.kind == "characters"
    assert built.lengths is not None
    assert built.lengths.max() <= 40
    assert built.training_network is not None
