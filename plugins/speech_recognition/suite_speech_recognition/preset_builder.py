"""The builder of keras-hub's Whisper and Moonshine."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from suite import UserError
from suite.data import Dataset
from suite.pipeline import Stage, TrainablePipeline
from suite_speech_recognition import recordings
from suite_speech_recognition.normalization import Normalization
from suite_speech_recognition.preset_batches import PresetBatches, preset_codec
from suite_speech_recognition.preset_codec import LANGUAGE, language_token
from suite_speech_recognition.preset_options import PresetOptions
from suite_speech_recognition.types import text_of

if TYPE_CHECKING:
    from suite_speech_recognition.models.presets import Preset

SPARE = 1.25
"""What is written at most is so much more than the longest transcript for training."""


def preset(dataset: Dataset, options: PresetOptions) -> TrainablePipeline:
    """A Whisper or Moonshine of keras-hub, fine-tuned, or as it is.

    Transcripts are learned as the data writes them; they are normalized only to be scored.

    Raises:
        suite.UserError: where keras-hub is missing, the preset is not known, does not load or recognizes no
            speech, or an option does not fit it.
    """
    from suite_speech_recognition.models.preset_losses import TokenLoss
    from suite_speech_recognition.models.presets import encoder_layers, load_preset, preset_network

    loaded = load_preset(options.preset, load_weights=options.load_weights)
    tokens = loaded.tokens
    if options.language != "auto":
        if not tokens.languages:
            raise UserError(f"'{options.preset}' knows one language only: leave language at auto")
        language = language_token(options.language, tokens.languages)
        prompt = (*tokens.prompt[:LANGUAGE], language, *tokens.prompt[LANGUAGE + 1 :])
        tokens = replace(tokens, prompt=prompt)
    seconds = loaded.seconds if options.seconds == "auto" else options.seconds
    if loaded.is_whisper and seconds > loaded.seconds:
        raise UserError(f"'{options.preset}' hears {loaded.seconds:g} seconds at most, not {seconds:g}")
    lengths = _lengths(seconds, loaded.rate, shorter=not loaded.is_whisper)
    texts = [text_of(dataset.train[index].target) for index in range(len(dataset.train))]
    counts = np.array([len(tokens.encode(text)) + 1 for text in texts])
    steps = _steps(loaded, options, seconds, int(counts.max(initial=1)))
    codec = preset_codec(
        tokens,
        rate=loaded.rate,
        lengths=lengths,
        steps=steps,
        normalization=Normalization(case=options.case, punctuation=options.punctuation),
    )
    durations = None if loaded.is_whisper else _durations(dataset, loaded.rate)
    network = preset_network(
        loaded,
        lengths[-1] if loaded.is_whisper else None,
        steps,
        pace=0.0 if durations is None else _pace(durations, counts),
        dropout=options.dropout,
    )
    frozen = {
        "all": (),
        "decoder": encoder_layers(network),
        "nothing": tuple(layer.name for layer in network.layers if layer.weights),
    }
    batches = PresetBatches(codec, tokens, options.gain)
    return TrainablePipeline(
        codec=codec,
        network=network,
        loss=TokenLoss(len(codec.tokens)),
        batch_maker=batches,
        targets=batches.target,
        options=msgspec.structs.replace(options, seconds=seconds, most_tokens=steps),
        recipe=_recipe(len(dataset.train), options),
        stages=(Stage(freeze=frozen[options.learn]),),
        lengths=None if durations is None else np.array(durations * loaded.rate, np.int64),
    )


def _lengths(seconds: float, rate: int, *, shorter: bool) -> tuple[int, ...]:
    """Samples that recordings are padded to: what is heard at once, and two thirds of it, and so on to 1 s.

    A Whisper was trained on one length alone. All are multiples of 20 ms, its frames.
    """
    step = rate // 50
    found = [seconds]
    while shorter and found[-1] > 1.5:
        found.append(found[-1] / 1.5)
    return tuple(sorted({math.ceil(one * rate / step) * step for one in found}))


def _steps(loaded: Preset, options: PresetOptions, seconds: float, longest: int) -> int:
    """Tokens that are written at most: as the presets' authors have it, more where transcripts are longer."""
    from suite_speech_recognition.models.presets import MOONSHINE_PACE, MOST_STEPS

    most = loaded.most_tokens
    if options.most_tokens != "auto":
        if most is not None and options.most_tokens > most:
            raise UserError(
                f"'{options.preset}' writes {most} tokens at most: most_tokens cannot be"
                f" {options.most_tokens}"
            )
        return options.most_tokens
    usual = MOST_STEPS if loaded.is_whisper else math.ceil(MOONSHINE_PACE * seconds)
    wanted = max(usual, math.ceil(longest * SPARE))
    return wanted if most is None else min(wanted, most)


def _durations(dataset: Dataset, rate: int) -> np.ndarray:
    """Seconds of each training example; 0 for what cannot be read, which training says."""

    def seconds(raw: Any) -> float:
        try:
            return recordings.describe(raw, rate).seconds
        except (UserError, OSError):
            return 0.0

    return np.array([seconds(dataset.train[index].input) for index in range(len(dataset.train))])


def _pace(durations: np.ndarray, counts: np.ndarray) -> float:
    """Tokens per second that are written at most: the authors' number, more where people speak faster."""
    from suite_speech_recognition.models.presets import MOONSHINE_PACE

    known = durations > 0
    fastest = float((counts[known] / durations[known]).max(initial=0.0))
    return max(MOONSHINE_PACE, fastest * SPARE)


def _recipe(count: int, options: PresetOptions) -> dict[str, Any]:
    """How to fine-tune; not measured, but taken from how others do it."""
    common: dict[str, Any] = {"batch_size": 8, "optimizer": "adamw", "ema": 0.0, "early_stopping": 0}
    if options.learn == "nothing":
        # No weight changes, but training has one epoch at least.
        still = {"epochs": 1, "learning_rate": 1e-5, "schedule": "constant", "warmup": 0.0}
        return {**common, **still, "weight_decay": 0.0, "clip_norm": 0.0}
    steps, rate, least, most = (2000, 1e-5, 3, 30) if options.load_weights else (20_000, 3e-4, 20, 200)
    epochs = max(least, min(most, round(steps * common["batch_size"] / max(1, count))))
    learned = {"epochs": epochs, "learning_rate": rate, "schedule": "cosine", "warmup": 0.1}
    return {**common, **learned, "weight_decay": 0.01, "clip_norm": 1.0}
