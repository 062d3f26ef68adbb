"""The options of keras-hub's presets. Light: imports no numpy."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import FROM_REQUESTS, Auto, Meta, Options


class PresetOptions(Options, frozen=True):
    """A keras-hub preset of Whisper or Moonshine, fine-tuned, or as it is."""

    preset: Annotated[
        str,
        Meta(
            description="a keras-hub preset's name (Whisper or Moonshine), or the folder of one; fetched only"
            " when it is a name"
        ),
    ] = "whisper_tiny_en"
    load_weights: Annotated[
        bool, Meta(description="whether the preset's weights are loaded, or only its architecture")
    ] = True
    learn: Annotated[
        Literal["all", "decoder", "nothing"],
        Meta(
            description="which weights are fine-tuned; nothing: use the preset as it is (its single epoch"
            " changes nothing)"
        ),
    ] = "all"
    language: Annotated[
        str,
        Meta(
            description="code of the spoken language (en, zh, ...); empty: a preset that knows several"
            " finds it for each recording"
        ),
    ] = ""
    max_seconds: Annotated[
        Auto | Annotated[float, Meta(ge=1, le=60)],
        Meta(
            description="seconds heard at once; longer recordings are cut where it is quietest; auto: 30, as"
            " the presets were trained"
        ),
    ] = "auto"
    max_tokens: Annotated[
        Auto | Annotated[int, Meta(ge=1, le=2000)],
        Meta(description="tokens that the network writes at most for what it hears at once"),
    ] = "auto"
    gain: Annotated[
        Annotated[float, Meta(ge=0, le=40)],
        Meta(description="greatest random change of loudness while training, in decibels"),
    ] = 6.0
    dropout: Annotated[float, Meta(ge=0, lt=1, description="share of dropped units while training")] = 0.0
    case: Annotated[
        Literal["lower", "upper", "keep"], Meta(description="case of references and predictions in scores")
    ] = "lower"
    punctuation: Annotated[
        Literal["remove", "keep"], Meta(description="what becomes of punctuation in scores")
    ] = "remove"


class PresetTranscriptionOptions(Options, frozen=True):
    """Options of predictions by a preset that knows several languages."""

    language: Annotated[
        str,
        Meta(
            description="code of the spoken language (en, zh, ...); auto: found each time; empty: as trained",
            extra=FROM_REQUESTS,
        ),
    ] = ""
    translate: Annotated[
        bool, Meta(description="whether to write English, whatever the language is (Whisper)")
    ] = False
