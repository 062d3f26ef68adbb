"""The options of the model builders. Light: neither numpy nor Keras is imported."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import Auto, Meta, Options

Share = Annotated[float, Meta(ge=0, le=1)]
Speed = Annotated[float, Meta(ge=0.5, le=2)]
# Two numbers are a tuple of bounded length, not tuple[Speed, Speed]: msgspec 0.22 crashes in garbage
# collection on a union of a bounded number with a tuple of fixed length.
Range = Annotated[tuple[Speed, ...], Meta(min_length=2, max_length=2)]


class RecognitionOptions(Options, frozen=True):
    """What every builder of this task takes: audio, text and augmentation."""

    rate: Annotated[
        Auto | Annotated[int, Meta(ge=4000, le=48000)],
        Meta(description="samples per second that the network hears; recordings are resampled to it"),
    ] = "auto"
    longest: Annotated[
        Auto | Annotated[float, Meta(ge=1, le=120)],
        Meta(description="seconds heard at once; longer recordings are transcribed in overlapping windows"),
    ] = "auto"
    case: Annotated[
        Auto | Literal["lower", "upper", "keep"],
        Meta(description="case of transcripts; auto: kept where training has one case only, else lower"),
    ] = "auto"
    punctuation: Annotated[
        Literal["remove", "keep"], Meta(description="what becomes of punctuation in transcripts")
    ] = "remove"
    unicode: Annotated[
        Literal["NFKC", "NFC", "none"], Meta(description="the Unicode normal form of transcripts")
    ] = "NFKC"
    units: Annotated[
        Literal["characters", "subwords"], Meta(description="what the network writes, one after the other")
    ] = "characters"
    subwords: Annotated[
        Auto | Annotated[int, Meta(ge=16, le=20000)], Meta(description="how many subwords there are")
    ] = "auto"
    language_model: Annotated[
        Auto | bool,
        Meta(
            description="whether the model keeps the transcripts, to know what is likely to be said;"
            " auto: from a thousand on, if most are different"
        ),
    ] = "auto"
    speed: Annotated[
        Auto | Range, Meta(description="least and greatest random speed; pitch changes with it")
    ] = "auto"
    gain: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=40)],
        Meta(description="greatest random change of loudness, in decibels"),
    ] = "auto"
    noise: Annotated[
        Auto | Share, Meta(description="share of the recordings to which colored noise is added")
    ] = "auto"
    join: Annotated[
        Auto | Share, Meta(description="share of the recordings that are joined with another one")
    ] = "auto"
    time_masks: Annotated[
        Auto | Annotated[int, Meta(ge=0, le=20)], Meta(description="stretches of time hidden (SpecAugment)")
    ] = "auto"
    time_mask: Annotated[
        Auto | Share, Meta(description="greatest length of one, as a share of the recording")
    ] = "auto"
    frequency_masks: Annotated[
        Auto | Annotated[int, Meta(ge=0, le=20)],
        Meta(description="bands of frequencies hidden (SpecAugment)"),
    ] = "auto"
    frequency_mask: Annotated[
        Auto | Share, Meta(description="greatest width of one, as a share of the bands")
    ] = "auto"
    mels: Annotated[
        Auto | Annotated[int, Meta(ge=8, le=256)], Meta(description="mel bands of the spectrogram")
    ] = "auto"
    dropout: Annotated[
        Auto | Annotated[float, Meta(ge=0, lt=1)], Meta(description="share of dropped units")
    ] = "auto"


class RecurrentOptions(RecognitionOptions, frozen=True):
    """Convolutions, then recurrent layers that read in both directions."""

    network: Annotated[
        Auto | Literal["tiny", "small", "medium", "large"], Meta(description="how large the network is")
    ] = "auto"


class ConformerOptions(RecognitionOptions, frozen=True):
    """A Conformer (Gulati et al. 2020)."""

    network: Annotated[
        Auto | Literal["tiny", "small", "medium", "large"], Meta(description="how large the network is")
    ] = "auto"
