"""The options of the CTC networks and of their predictions. Light: imports neither numpy nor Keras."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import Auto, Meta, Options

Share = Annotated[float, Meta(ge=0, le=1)]
Speed = Annotated[float, Meta(ge=0.5, le=2)]
# Two numbers are a tuple of bounded length, not tuple[Speed, Speed]: msgspec 0.22 crashes in garbage
# collection on a union of a bounded number with a tuple of fixed length.
Range = Annotated[tuple[Speed, ...], Meta(min_length=2, max_length=2)]


class RecognitionOptions(Options, frozen=True):
    """What every network with CTC takes: audio, text and augmentation."""

    rate: Annotated[
        Auto | Annotated[int, Meta(ge=4000, le=48000)],
        Meta(description="samples per second that the network hears; recordings are resampled to it"),
    ] = "auto"
    max_seconds: Annotated[
        Auto | Annotated[float, Meta(ge=1, le=120)],
        Meta(description="seconds heard at once; longer recordings are transcribed in overlapping chunks"),
    ] = "auto"
    case: Annotated[
        Auto | Literal["lower", "upper", "keep"],
        Meta(description="case of transcripts; auto: kept if training has only one case, else lower"),
    ] = "auto"
    punctuation: Annotated[
        Literal["remove", "keep"], Meta(description="what becomes of punctuation in transcripts")
    ] = "remove"
    unicode: Annotated[
        Literal["NFKC", "NFC", "none"], Meta(description="the Unicode normal form of transcripts")
    ] = "NFKC"
    language: Annotated[
        Auto | str,
        Meta(
            description="language of the transcripts, which matters to their case: tr, az ...; auto: tr if"
            " they have the i without a dot"
        ),
    ] = "auto"
    units: Annotated[
        Literal["characters", "subwords"], Meta(description="what the network writes: characters or subwords")
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
    trim: Annotated[
        bool, Meta(description="whether silence at the ends of training recordings is left out")
    ] = False
    speed: Annotated[
        Auto | Range, Meta(description="smallest and largest random speed; pitch changes with it")
    ] = "auto"
    gain: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=40)],
        Meta(description="largest random change of loudness, in decibels"),
    ] = "auto"
    noise: Annotated[
        Auto | Share, Meta(description="share of the recordings to which colored noise is added")
    ] = "auto"
    join: Annotated[
        Auto | Share, Meta(description="share of the recordings that are joined with another one")
    ] = "auto"
    babble: Annotated[
        Auto | Share,
        Meta(description="share of the recordings behind which others of the batch are heard"),
    ] = "auto"
    echo: Annotated[Auto | Share, Meta(description="share of the recordings that sound as in a room")] = (
        "auto"
    )
    silence: Annotated[
        Auto | Share,
        Meta(description="share of the batches whose recordings get silence or noise at both ends"),
    ] = "auto"
    empty: Annotated[
        Auto | Share,
        Meta(description="share of the recordings that are replaced by silence or noise without words"),
    ] = "auto"
    silence_from: Annotated[
        Auto | Share,
        Meta(description="share of the training that is done without silence and empty, at its beginning"),
    ] = "auto"
    time_masks: Annotated[
        Auto | Annotated[int, Meta(ge=0, le=20)],
        Meta(description="spans of time that are masked (SpecAugment)"),
    ] = "auto"
    time_mask: Annotated[
        Auto | Share, Meta(description="largest length of a time mask, as a share of the recording")
    ] = "auto"
    frequency_masks: Annotated[
        Auto | Annotated[int, Meta(ge=0, le=20)],
        Meta(description="bands of frequencies that are masked (SpecAugment)"),
    ] = "auto"
    frequency_mask: Annotated[
        Auto | Share, Meta(description="largest width of a frequency mask, as a share of the bands")
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


class TranscriptionOptions(Options, frozen=True):
    """How the network's outputs become text."""

    channel: Annotated[
        Auto | Literal["mix", "left", "right"],
        Meta(description="what is heard of a recording with several channels; auto: as in training"),
    ] = "auto"
    beam: Annotated[
        Auto | Annotated[int, Meta(ge=1, le=1024)],
        Meta(description="hypotheses followed at once; 1: the likeliest symbols; auto: 64 with a language"),
    ] = "auto"
    words: Annotated[str, Meta(description="text file with the words that may be said; empty: any may")] = ""
    unlisted_word: Annotated[
        Auto | Annotated[float, Meta(le=0)],
        Meta(description="added to the log-probability for each word that is not listed; auto: -inf"),
    ] = "auto"
    language_model: Annotated[
        str,
        Meta(description="text file in the language of the recordings; empty: the transcripts of training"),
    ] = ""
    language_model_weight: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=10)],
        Meta(description="how much the language model counts beside the sound"),
    ] = "auto"
    word_bonus: Annotated[
        Auto | Annotated[float, Meta(ge=-20, le=20)],
        Meta(description="added to the log-probability for each word, against too few of them; auto: 0"),
    ] = "auto"
    symbol_bonus: Annotated[
        Auto | Annotated[float, Meta(ge=-20, le=20)],
        Meta(description="added for each symbol; auto: the average cost of a symbol in the language model"),
    ] = "auto"
