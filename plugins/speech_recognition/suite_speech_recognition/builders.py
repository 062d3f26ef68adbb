"""From a dataset and options to everything that training needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.data import Dataset
from suite.options import resolved
from suite.pipeline import TrainablePipeline
from suite_speech_recognition.alphabet import Alphabet, learn_characters, learn_subwords
from suite_speech_recognition.augmentation import Augmentation, SpeechBatches
from suite_speech_recognition.codec import SpeechCodec
from suite_speech_recognition.guidance import BEAM
from suite_speech_recognition.model_options import ConformerOptions, RecognitionOptions, RecurrentOptions
from suite_speech_recognition.normalization import Normalization, normalize
from suite_speech_recognition.recipes import Choices, conformer_defaults, lengths_for, recurrent_defaults
from suite_speech_recognition.survey import Survey, survey

if TYPE_CHECKING:
    import keras

MOST_CHARACTERS = 2_000_000
"""Of the transcripts that a language model is learned from: it is learned anew whenever a run is loaded."""

MASKS = ("time_masks", "time_mask", "frequency_masks", "frequency_mask")
"""The options that are the arguments of `SpecAugment`."""


def recurrent(dataset: Dataset, options: RecurrentOptions) -> TrainablePipeline:
    """Convolutions and recurrent layers: audio, text, network and training as the data suggests.

    Raises:
        suite.UserError: where the data has nothing to learn from.
    """
    from suite_speech_recognition.models.recurrent import NETWORKS, recurrent_network

    found = survey(dataset)
    return _pipeline(found, options, recurrent_defaults(found, options), recurrent_network, NETWORKS)


def conformer(dataset: Dataset, options: ConformerOptions) -> TrainablePipeline:
    """A Conformer: audio, text, network and training as the data suggests.

    Raises:
        suite.UserError: where the data has nothing to learn from.
    """
    from suite_speech_recognition.models.conformer import NETWORKS, conformer_network

    found = survey(dataset)
    return _pipeline(found, options, conformer_defaults(found, options), conformer_network, NETWORKS)


def _pipeline(
    found: Survey,
    options: RecurrentOptions | ConformerOptions,
    defaults: Choices,
    make_network: Callable[..., keras.Model],
    networks: Mapping[str, Mapping[str, Any]],
) -> TrainablePipeline:
    from suite_speech_recognition.models.loss import TranscriptionLoss
    from suite_speech_recognition.models.recurrent import frame_samples

    choices, recipe = defaults
    options = resolved(options, choices)
    assert options.rate != "auto"
    assert options.speed != "auto"
    assert options.longest != "auto"
    assert options.case != "auto"
    normalization = Normalization(case=options.case, punctuation=options.punctuation, unicode=options.unicode)
    texts = [normalize(text, normalization) for text in found.texts]
    alphabet = _alphabet(texts, options)
    transcripts = _transcripts(texts) if options.language_model else ()
    step = frame_samples(options.rate)
    slowest = min(1.0, *options.speed)
    codec = SpeechCodec(
        rate=options.rate,
        lengths=lengths_for(found, options.rate, step, slowest, options.longest),
        frame_samples=step,
        alphabet=alphabet,
        normalization=normalization,
        beam=BEAM if transcripts else 1,
        transcripts=transcripts,
    )
    network = make_network(
        options.rate,
        alphabet.size,
        mels=options.mels,
        dropout=options.dropout,
        masks={name: getattr(options, name) for name in MASKS},
        **networks[options.network],
    )
    drawn = {name: getattr(options, name) for name in Augmentation.__struct_fields__}
    return TrainablePipeline(
        codec=codec,
        network=network,
        loss=TranscriptionLoss(),
        batch_maker=SpeechBatches(codec=codec, augmentation=Augmentation(**drawn)),
        targets=codec.target,
        options=options,
        recipe=recipe,
        lengths=np.round(found.seconds * options.rate).astype(np.int64),
    )


def _alphabet(texts: list[str], options: RecognitionOptions) -> Alphabet:
    if options.units == "characters":
        return learn_characters(texts)
    assert options.subwords != "auto"
    return learn_subwords(texts, options.subwords)


def _transcripts(texts: Sequence[str]) -> tuple[str, ...]:
    """Each of them once, those without any text left out; evenly spaced ones where there are too many."""
    different = [text for text in dict.fromkeys(texts) if text.strip()]
    step = -(-sum(map(len, different)) // MOST_CHARACTERS)
    return tuple(different[:: max(1, step)])
