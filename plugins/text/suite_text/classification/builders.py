"""From a dataset and options to everything that training needs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from suite import UserError
from suite.data import Dataset
from suite.options import chosen, resolved
from suite.pipeline import Stage, TrainablePipeline
from suite_language.casing import lowered
from suite_text.classification.batches import TextBatches
from suite_text.classification.codec import ClassificationCodec
from suite_text.classification.options import (
    BagOptions,
    ConvolutionalOptions,
    EncoderOptions,
    TextModelOptions,
    TokenOptions,
)
from suite_text.classification.readers.bags import MAX_WORDS, NGramReader
from suite_text.classification.readers.hashed_words import HashedWords
from suite_text.classification.readers.ngrams import NGrams
from suite_text.classification.readers.tokens import TokenReader
from suite_text.classification.readers.word_parts import WordParts
from suite_text.classification.recipes import bag_defaults, convolutional_defaults, encoder_defaults
from suite_text.classification.survey import Survey, survey
from suite_text.tokens.padding import lengths_for
from suite_text.tokens.vocabulary import Vocabulary

if TYPE_CHECKING:
    import keras


def pipeline(
    options: TextModelOptions,
    data: Survey,
    codec: ClassificationCodec,
    network: keras.Model,
    recipe: Mapping[str, Any],
    *,
    lengths: np.ndarray,
    loss: Any = None,
    training_network: keras.Model | None = None,
    stages: tuple[Stage, ...] = (Stage(),),
    momentum_layers: Mapping[str, float] = MappingProxyType({}),
) -> TrainablePipeline:
    """The pipeline of a network, with the batches and the loss that resolved options ask for.

    Args:
        options: resolved.
        data: the survey of the data.
        codec: of the network.
        network: the one that is shipped, from what the codec encodes to logits (batch, classes).
        recipe: for training.
        lengths: (training texts,), how long each one is.
        loss: in the place of the cross-entropy.
        training_network: see `suite.pipeline.TrainablePipeline`.
        stages: of fine-tuning.
        momentum_layers: see `suite.pipeline.TrainablePipeline`.
    """
    import keras

    kind = keras.losses.BinaryCrossentropy if data.multi_label else keras.losses.CategoricalCrossentropy
    batches = TextBatches(
        codec=codec,
        word_dropout=float(getattr(options, "word_dropout", 0.0)),
        ngram_dropout=float(getattr(options, "ngram_dropout", 0.0)),
        class_weights=data.balanced_weights() if options.class_weights is True else None,
    )
    return TrainablePipeline(
        codec=codec,
        network=network,
        loss=loss or kind(from_logits=True, label_smoothing=options.label_smoothing),
        batch_maker=batches,
        targets=codec.target,
        options=options,
        recipe=recipe,
        stages=stages,
        momentum_layers=momentum_layers,
        lengths=lengths,
        training_network=training_network,
        notes=data.notes,
    )


def bag(dataset: Dataset, options: BagOptions) -> TrainablePipeline:
    """N-grams of words and characters in a bag, and convolutions over words beside it.

    Raises:
        suite.UserError: if the data cannot be learned from, or the options leave nothing to learn by.
    """
    from suite_text.classification.models.bag import bag_networks
    from suite_text.classification.models.losses import MemberLoss

    data = survey(dataset)
    choices, recipe, momentum_layers = bag_defaults(data, options)
    options = resolved(options, choices)
    min_size, max_size = chosen(options.characters, (0, 0))
    if not (0 < min_size <= max_size or min_size == max_size == 0):
        raise UserError(
            f"characters = [{min_size}, {max_size}] is no range: give the shortest and the longest, or [0, 0]"
        )
    if options.words == 0 and max_size == 0:
        raise UserError("a bag needs n-grams: words and characters cannot both be 0")
    ngrams, texts_with = NGrams.learn(
        data.texts,
        words=int(options.words),
        characters=(min_size, max_size),
        across_words=bool(options.across_words),
        min_count=int(options.min_count),
        max_ngrams=options.max_ngrams,
    )
    lengths = data.lengths(lambda texts: [len(ngrams.encode(text)) for text in texts])
    if not lengths.any():
        raise UserError(f"no n-gram is in {options.min_count} training texts or more: lower min_count")
    hashed: HashedWords | None = None
    parts: WordParts | None = None
    word_lengths: tuple[int, ...] = ()
    if options.filters:
        hashed = HashedWords.learn(data.texts)
        parts = WordParts.learn(data.texts) if options.parts else None
        word_lengths = lengths_for(data.words, MAX_WORDS)
    codec = ClassificationCodec(
        classes=data.classes,
        reader=NGramReader(
            ngrams=ngrams,
            lengths=lengths_for(lengths, max(4, len(ngrams) - 1)),
            words=hashed,
            word_lengths=word_lengths,
            parts=parts,
        ),
        multi_label=data.multi_label,
        cleaning=data.cleaning,
        files=data.files,
        language=data.language,
    )
    networks = bag_networks(
        texts_with=texts_with,
        texts=len(data.texts),
        first_of_characters=ngrams.first_of_characters,
        words=0 if hashed is None else len(hashed),
        parts=0 if parts is None else len(parts),
        classes=len(data.classes),
        width=int(options.width),
        filters=int(options.filters),
        dropout=float(options.dropout),
    )
    return pipeline(
        options,
        data,
        codec,
        networks.network,
        recipe,
        loss=MemberLoss(multi_label=data.multi_label, label_smoothing=float(options.label_smoothing)),
        training_network=networks.training_network,
        momentum_layers=momentum_layers,
        lengths=lengths,
    )


def convolutional(dataset: Dataset, options: ConvolutionalOptions) -> TrainablePipeline:
    """Convolutions over words, characters or subwords.

    Raises:
        suite.UserError: if the data cannot be learned from.
    """
    from suite_text.classification.models.convolutional import convolutional_network

    data = survey(dataset)
    choices, recipe = convolutional_defaults(data, options.units)
    options = resolved(options, choices)
    codec, size, lengths = token_codec(options, data)
    network = convolutional_network(
        size,
        len(data.classes),
        width=int(options.width),
        filters=int(options.filters),
        kernels=options.kernels,
        embedding_dropout=float(options.embedding_dropout),
        dropout=float(options.dropout),
    )
    return pipeline(options, data, codec, network, recipe, lengths=lengths)


def encoder(dataset: Dataset, options: EncoderOptions) -> TrainablePipeline:
    """A small Transformer encoder, from scratch.

    Raises:
        suite.UserError: if the data cannot be learned from, or the heads do not divide the width.
    """
    from suite_text.classification.models.encoder import encoder_network

    data = survey(dataset)
    choices, recipe = encoder_defaults(data, options.units)
    options = resolved(options, choices)
    width, heads = int(options.width), int(options.heads)
    if width % (2 * heads):
        raise UserError(
            f"{heads} heads of even size cannot share a width of {width}: give a multiple of {2 * heads}"
        )
    codec, size, lengths = token_codec(options, data)
    network = encoder_network(
        size,
        len(data.classes),
        width=width,
        depth=int(options.depth),
        heads=heads,
        dropout=float(options.dropout),
        block_dropout=float(options.block_dropout),
    )
    return pipeline(options, data, codec, network, recipe, lengths=lengths)


def token_codec(options: TokenOptions, data: Survey) -> tuple[ClassificationCodec, int, np.ndarray]:
    """The codec that resolved options ask for.

    Returns:
        The codec; the size of its vocabulary; int (texts,), how many tokens are read of each training text.
    """
    small = [lowered(text) for text in data.texts]
    max_length = int(options.max_length)
    vocabulary = Vocabulary.learn(small, chosen(options.units, "words"), int(options.vocabulary))
    measured = data.lengths(lambda texts: list(map(len, vocabulary.encode_batch(list(map(lowered, texts))))))
    lengths = np.minimum(measured, max_length)
    codec = ClassificationCodec(
        classes=data.classes,
        reader=TokenReader(vocabulary=vocabulary, lengths=lengths_for(lengths, max_length)),
        multi_label=data.multi_label,
        cleaning=data.cleaning,
        files=data.files,
        language=data.language,
    )
    return codec, len(vocabulary), lengths
