"""From a dataset and options to everything that training needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset
from suite.options import resolved
from suite.pipeline import TrainablePipeline
from suite_text.tokens.padding import lengths_for
from suite_text.classification.batches import TextBatches
from suite_text.classification.codec import ClassificationCodec
from suite_text.classification.readers.readers.hashed_words import HashedWords
from suite_text.classification.options import BagOptions, ConvolutionalOptions, EncoderOptions, TextModelOptions, TokenOptions
from suite_text.classification.readers.readers.ngrams import NGrams
from suite_text.classification.readers.readers.readers import WORDS_READ, NGramReader, TokenReader
from suite_text.classification.recipes import bag_defaults, convolutional_defaults, encoder_defaults
from suite_text.classification.survey import Survey, survey
from suite_text.tokens.vocabulary import Vocabulary


def assembled(
    options: TextModelOptions,
    found: Survey,
    codec: ClassificationCodec,
    network: Any,
    recipe: Mapping[str, Any],
    **more: Any,
) -> TrainablePipeline:
    """The pipeline of a network, with the batches and the loss that resolved options ask for.

    Args:
        options: resolved.
        found: in the data.
        codec: of the network.
        network: that is shipped.
        recipe: for training.
        more: of the pipeline; the loss, where it is a special one.
    """
    import keras

    kind = keras.losses.BinaryCrossentropy if found.multi_label else keras.losses.CategoricalCrossentropy
    batches = TextBatches(
        codec=codec,
        word_dropout=float(getattr(options, "word_dropout", 0.0)),
        ngram_dropout=float(getattr(options, "ngram_dropout", 0.0)),
        class_weights=found.balanced_weights() if options.class_weights is True else None,
    )
    return TrainablePipeline(
        codec=codec,
        network=network,
        loss=more.pop("loss", None) or kind(from_logits=True, label_smoothing=options.label_smoothing),
        batch_maker=batches,
        targets=codec.target,
        options=options,
        recipe=recipe,
        **more,
    )


def bag(dataset: Dataset, options: BagOptions) -> TrainablePipeline:
    """N-grams of words and characters in a bag, and convolutions over words beside it.

    Raises:
        suite.UserError: where the data cannot be learned from, or the options leave nothing to learn by.
    """
    from suite_text.classification.models.bag import bag_networks
    from suite_text.classification.models.losses import MemberLoss

    found = survey(dataset)
    members = 1 + sum(part not in ("auto", 0) for part in (options.width, options.filters))
    choices, recipe = bag_defaults(found, members)
    options = resolved(options, choices)
    assert options.characters != "auto"
    least, most = options.characters
    if not (0 < least <= most or least == most == 0):
        raise UserError(
            f"characters = [{least}, {most}] is no range: give the shortest and the longest, or [0, 0]"
        )
    if options.words == 0 and most == 0:
        raise UserError("a bag needs n-grams: words and characters cannot both be 0")
    ngrams, texts_with = NGrams.learn(
        found.texts,
        words=int(options.words),
        characters=(least, most),
        least_count=int(options.least_count),
        most=options.most,
    )
    read = [ngrams.encode(text) for text in found.texts]
    lengths = np.array(list(map(len, read)))
    if not lengths.any():
        raise UserError(f"no n-gram is in {options.least_count} training texts or more: lower least_count")
    hashed: HashedWords | None = None
    word_lengths: tuple[int, ...] = ()
    if options.filters:
        hashed = HashedWords.learn(found.texts)
        word_lengths = lengths_for(found.words, WORDS_READ)
    codec = ClassificationCodec(
        classes=found.classes,
        reader=NGramReader(
            ngrams=ngrams,
            lengths=lengths_for(lengths, max(4, len(ngrams) - 1)),
            words=hashed,
            word_lengths=word_lengths,
        ),
        multi_label=found.multi_label,
        cleaning=found.cleaning,
    )
    networks = bag_networks(
        texts_with=texts_with,
        texts=found.count,
        first_of_characters=ngrams.first_of_characters,
        words=0 if hashed is None else len(hashed),
        classes=len(found.classes),
        width=int(options.width),
        filters=int(options.filters),
        dropout=float(options.dropout),
    )
    return assembled(
        options,
        found,
        codec,
        networks.network,
        recipe,
        loss=MemberLoss(multi_label=found.multi_label, label_smoothing=float(options.label_smoothing)),
        training_network=networks.training_network,
        lengths=lengths,
    )


def convolutional(dataset: Dataset, options: ConvolutionalOptions) -> TrainablePipeline:
    """Convolutions over words, characters or subwords.

    Raises:
        suite.UserError: where the data cannot be learned from.
    """
    from suite_text.classification.models.convolutional import convolutional_network

    found = survey(dataset)
    choices, recipe = convolutional_defaults(found, options.units)
    options = resolved(options, choices)
    codec, size, lengths = token_codec(options, found)
    network = convolutional_network(
        size,
        len(found.classes),
        width=int(options.width),
        filters=int(options.filters),
        kernels=options.kernels,
        embedding_dropout=float(options.embedding_dropout),
        dropout=float(options.dropout),
    )
    return assembled(options, found, codec, network, recipe, lengths=lengths)


def encoder(dataset: Dataset, options: EncoderOptions) -> TrainablePipeline:
    """A small Transformer encoder, from scratch.

    Raises:
        suite.UserError: where the data cannot be learned from, or the heads do not divide the width.
    """
    from suite_text.classification.models.encoder import encoder_network

    found = survey(dataset)
    choices, recipe = encoder_defaults(found, options.units)
    options = resolved(options, choices)
    width, heads = int(options.width), int(options.heads)
    if width % (2 * heads):
        raise UserError(
            f"{heads} heads of even size cannot share a width of {width}: give a multiple of {2 * heads}"
        )
    codec, size, lengths = token_codec(options, found)
    network = encoder_network(
        size,
        len(found.classes),
        width=width,
        depth=int(options.depth),
        heads=heads,
        dropout=float(options.dropout),
        block_dropout=float(options.block_dropout),
    )
    return assembled(options, found, codec, network, recipe, lengths=lengths)


def token_codec(options: TokenOptions, found: Survey) -> tuple[ClassificationCodec, int, np.ndarray]:
    """What resolved options ask for.

    Returns:
        The codec; the size of its vocabulary; int (texts,), how many tokens are read of each training text.
    """
    assert options.units != "auto"
    lowered = [text.lower() for text in found.texts]
    vocabulary = Vocabulary.learn(lowered, options.units, int(options.vocabulary))
    lengths = np.minimum(list(map(len, vocabulary.encode_batch(lowered))), int(options.longest))
    codec = ClassificationCodec(
        classes=found.classes,
        reader=TokenReader(vocabulary=vocabulary, lengths=lengths_for(lengths, int(options.longest))),
        multi_label=found.multi_label,
        cleaning=found.cleaning,
    )
    return codec, len(vocabulary), lengths
