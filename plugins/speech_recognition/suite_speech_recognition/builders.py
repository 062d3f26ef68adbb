"""From a dataset and options to everything that training needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from suite.data import Dataset
from suite.options import chosen, resolved
from suite.pipeline import TrainablePipeline
from suite_speech_recognition.alphabet import Alphabet, learn_characters, learn_subwords
from suite_speech_recognition.batches import Augmentation, SpeechBatches
from suite_speech_recognition.codec import SpeechCodec
from suite_speech_recognition.decoding.guidance import BEAM
from suite_speech_recognition.normalization import Normalization, normalize
from suite_speech_recognition.options import ConformerOptions, RecognitionOptions, RecurrentOptions
from suite_speech_recognition.recipes import Choices, conformer_defaults, lengths_for, recurrent_defaults
from suite_speech_recognition.survey import Survey, survey

if TYPE_CHECKING:
    import keras

MAX_CHARACTERS = 2_000_000
"""Of the transcripts that a language model is learned from: it is learned again whenever a run is loaded."""

MASKS = ("time_masks", "time_mask", "frequency_masks", "frequency_mask")
"""The options that are the arguments of `SpecAugment`."""

AnyOptions = TypeVar("AnyOptions", bound=RecognitionOptions)


def recurrent(dataset: Dataset, options: RecurrentOptions) -> TrainablePipeline:
    """Convolutions and recurrent layers: audio, text, network and training as the data suggests.

    Raises:
        suite.UserError: if the data has nothing to learn from.
    """
    from suite_speech_recognition.models.recurrent import NETWORKS, recurrent_network

    def network(rate: int, symbols: int, options: RecurrentOptions) -> keras.Model:
        return recurrent_network(rate, symbols, **network_arguments(options), **NETWORKS[options.network])

    surveyed = survey(dataset)
    return assemble(surveyed, options, recurrent_defaults(surveyed, options), network)


def conformer(dataset: Dataset, options: ConformerOptions) -> TrainablePipeline:
    """A Conformer: audio, text, network and training as the data suggests.

    Raises:
        suite.UserError: if the data has nothing to learn from.
    """
    from suite_speech_recognition.models.conformer import NETWORKS, conformer_network

    def network(rate: int, symbols: int, options: ConformerOptions) -> keras.Model:
        return conformer_network(rate, symbols, **network_arguments(options), **NETWORKS[options.network])

    surveyed = survey(dataset)
    return assemble(surveyed, options, conformer_defaults(surveyed, options), network)


def network_arguments(options: RecognitionOptions) -> dict[str, Any]:
    """What networks take of the shared options: `mels`, `dropout`, and `masks` for `SpecAugment`."""
    masks = {name: getattr(options, name) for name in MASKS}
    return {"mels": options.mels, "dropout": options.dropout, "masks": masks}


def assemble(
    surveyed: Survey,
    options: AnyOptions,
    defaults: Choices,
    network: Callable[[int, int, AnyOptions], keras.Model],
    frame_samples: int | None = None,
) -> TrainablePipeline:
    """The alphabet, the codec, the network and the batches for some data.

    Args:
        surveyed: what the training split holds.
        options: of the builder.
        defaults: values for the options that are "auto", and for the training options.
        network: `network(rate, symbols, options)` from the inputs "audio" and "samples" to log-probabilities
            (batch, frames, symbols).
        frame_samples: samples from one frame of its output to the next; None if it begins as the networks of
            this plugin do, see `models.ends.front`.

    Raises:
        suite.UserError: if the transcripts have no character.
    """
    from suite_speech_recognition.models import ends
    from suite_speech_recognition.models.loss import TranscriptionLoss

    choices, recipe = defaults
    options = resolved(options, choices)
    rate = chosen(options.rate, surveyed.rate)
    normalization = Normalization(
        case=chosen(options.case, "lower"),
        punctuation=options.punctuation,
        unicode=options.unicode,
        language=chosen(options.language, ""),
    )
    texts = [normalize(text, normalization) for text in surveyed.texts]
    alphabet = _alphabet(texts, options)
    transcripts = _transcripts(texts) if options.language_model else ()
    step = ends.frame_samples(rate) if frame_samples is None else frame_samples
    slowest = min(1.0, *chosen(options.speed, (1.0, 1.0)))
    max_seconds = chosen(options.max_seconds, surveyed.longest)
    codec = SpeechCodec(
        rate=rate,
        lengths=lengths_for(surveyed, rate, step, slowest, max_seconds),
        frame_samples=step,
        alphabet=alphabet,
        normalization=normalization,
        channel=surveyed.channel,
        beam=BEAM if transcripts else 1,
        transcripts=transcripts,
    )
    augmentation = {name: getattr(options, name) for name in Augmentation.__struct_fields__}
    return TrainablePipeline(
        codec=codec,
        network=network(rate, alphabet.size, options),
        loss=TranscriptionLoss(),
        batch_maker=SpeechBatches(codec=codec, augmentation=Augmentation(**augmentation), trim=options.trim),
        targets=codec.target,
        options=options,
        recipe=recipe,
        lengths=np.round(surveyed.seconds * rate).astype(np.int64),
    )


def _alphabet(texts: list[str], options: RecognitionOptions) -> Alphabet:
    if options.units == "characters":
        return learn_characters(texts)
    return learn_subwords(texts, chosen(options.subwords, 64))


def _transcripts(texts: Sequence[str]) -> tuple[str, ...]:
    """Each of them once, without the empty ones; evenly spaced ones if there are too many."""
    different = [text for text in dict.fromkeys(texts) if text.strip()]
    step = -(-sum(map(len, different)) // MAX_CHARACTERS)
    return tuple(different[:: max(1, step)])
