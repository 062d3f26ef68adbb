"""The builder of keras-hub's Whisper and Moonshine."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from suite import UserError
from suite.data import Dataset
from suite.options import chosen
from suite.pipeline import Stage, TrainablePipeline
from suite_speech_recognition.audio import recordings
from suite_speech_recognition.normalization import Normalization
from suite_speech_recognition.presets.batches import PresetBatches
from suite_speech_recognition.presets.codec import LANGUAGE, PresetCodec, language_token
from suite_speech_recognition.presets.options import PresetOptions
from suite_speech_recognition.types import text_of

if TYPE_CHECKING:
    from suite_speech_recognition.presets.network import Preset

SPARE = 1.25
"""The network may write so many times the tokens of the longest transcript for training."""


def preset(dataset: Dataset, options: PresetOptions) -> TrainablePipeline:
    """A Whisper or Moonshine of keras-hub, fine-tuned, or as it is.

    Transcripts are learned as the data writes them; they are normalized only to be scored.

    Raises:
        suite.UserError: if keras-hub is missing, the preset is not known, does not load or recognizes no
            speech, or an option does not fit it.
    """
    from suite_speech_recognition.presets.losses import TokenLoss
    from suite_speech_recognition.presets.network import encoder_layers, load_preset, preset_network

    loaded = load_preset(options.preset, load_weights=options.load_weights)
    tokens = loaded.tokens
    if options.language:
        if not tokens.languages:
            raise UserError(f"'{options.preset}' knows only one language: leave language empty")
        language = language_token(options.language, tokens.languages)
        prompt = (*tokens.prompt[:LANGUAGE], language, *tokens.prompt[LANGUAGE + 1 :])
        tokens = replace(tokens, prompt=prompt)
    seconds = chosen(options.max_seconds, loaded.seconds)
    if loaded.is_whisper and seconds > loaded.seconds:
        raise UserError(f"'{options.preset}' hears {loaded.seconds:g} seconds at most, not {seconds:g}")
    lengths = _lengths(seconds, loaded.rate, shorter=not loaded.is_whisper)
    texts = [text_of(dataset.train[index].target) for index in range(len(dataset.train))]
    counts = np.array([len(tokens.encode(text)) + 1 for text in texts])
    steps = _steps(loaded, options, seconds, int(counts.max(initial=1)))
    codec = PresetCodec(
        tokens=tokens.written,
        form=tokens.form,
        prompt=tokens.prompt,
        end=tokens.end,
        languages=dict(tokens.languages),
        translate=tokens.tasks.get("translate", -1),
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
        options=msgspec.structs.replace(options, max_seconds=seconds, max_tokens=steps),
        recipe=_recipe(len(dataset.train), options),
        stages=(Stage(freeze=frozen[options.learn]),),
        lengths=None if durations is None else np.array(durations * loaded.rate, np.int64),
    )


def _lengths(seconds: float, rate: int, *, shorter: bool) -> tuple[int, ...]:
    """Samples that recordings are padded to: what is heard at once, and two thirds of it, and so on to 1 s.

    A Whisper was trained on one length alone. All are multiples of 20 ms, its frames.
    """
    step = rate // 50
    lengths = [seconds]
    while shorter and lengths[-1] > 1.5:
        lengths.append(lengths[-1] / 1.5)
    return tuple(sorted({math.ceil(length * rate / step) * step for length in lengths}))


def _steps(loaded: Preset, options: PresetOptions, seconds: float, longest: int) -> int:
    """Tokens that are written at most: as the presets' authors have it, more if transcripts are longer."""
    from suite_speech_recognition.presets.network import MAX_STEPS, MOONSHINE_PACE

    limit = loaded.max_tokens
    if options.max_tokens != "auto":
        if limit is not None and options.max_tokens > limit:
            raise UserError(
                f"'{options.preset}' writes {limit} tokens at most: max_tokens cannot be {options.max_tokens}"
            )
        return options.max_tokens
    usual = MAX_STEPS if loaded.is_whisper else math.ceil(MOONSHINE_PACE * seconds)
    wanted = max(usual, math.ceil(longest * SPARE))
    return wanted if limit is None else min(wanted, limit)


def _durations(dataset: Dataset, rate: int) -> np.ndarray:
    """Seconds of each training example; 0 if it cannot be read, which training reports."""

    def seconds(raw: Any) -> float:
        try:
            return recordings.describe(raw, rate).seconds
        except (UserError, OSError):
            return 0.0

    return np.array([seconds(dataset.train[index].input) for index in range(len(dataset.train))])


def _pace(durations: np.ndarray, counts: np.ndarray) -> float:
    """Tokens per second that are written at most: the authors' number, more if people speak faster."""
    from suite_speech_recognition.presets.network import MOONSHINE_PACE

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
    if options.load_weights:
        steps, rate, min_epochs, max_epochs = 2000, 1e-5, 3, 30
    else:
        steps, rate, min_epochs, max_epochs = 20_000, 3e-4, 20, 200
    epochs = max(min_epochs, min(max_epochs, round(steps * common["batch_size"] / max(1, count))))
    learned = {"epochs": epochs, "learning_rate": rate, "schedule": "cosine", "warmup": 0.1}
    return {**common, **learned, "weight_decay": 0.01, "clip_norm": 1.0}
