"""The options of the loaders. Light: the declaration needs it."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import Auto, Meta, Options

TextColumn = Annotated[str, Meta(description="column with what is said; empty: found by its name")]
SpeakerColumn = Annotated[str, Meta(description="column with who speaks; empty: found by its name, if any")]
SplitColumn = Annotated[
    str, Meta(description="column with train, validation or test; empty: found by its name, if any")
]
GroupColumn = Annotated[
    str,
    Meta(
        description="column of what recordings belong to (a session, say), which splits keep together; empty:"
        " the speaker, if that is known"
    ),
]


class RecordingOptions(Options, frozen=True):
    """What all loaders of recordings take."""

    channel: Annotated[
        Literal["mix", "left", "right", "each"],
        Meta(
            description="what is heard of a recording with several channels; each: every channel by itself,"
            " with the same transcript"
        ),
    ] = "mix"


class ListedOptions(RecordingOptions, frozen=True):
    """What loaders of text files with transcripts take."""

    encoding: Annotated[
        str,
        Meta(
            description="encoding of the texts: utf-8, gb18030, windows-1252 ...; auto: UTF-8 or UTF-16, else"
            " what the bytes look like"
        ),
    ] = "auto"


class ManifestOptions(ListedOptions, frozen=True):
    """Options of the loader `manifest`."""

    header: Annotated[
        Auto | bool,
        Meta(
            description="whether the first row names the columns; else they are called 1, 2, 3 ...; auto: it"
            " does, unless it names a recording"
        ),
    ] = "auto"

    path_column: Annotated[
        str, Meta(description="column with the recordings' paths; empty: found by its name")
    ] = ""
    text_column: TextColumn = ""
    speaker_column: SpeakerColumn = ""
    start_column: Annotated[
        str,
        Meta(
            description="column with the second at which a section begins; empty: found by its name, if any"
        ),
    ] = ""
    end_column: Annotated[
        str,
        Meta(description="column with the second at which a section ends; empty: found by its name, if any"),
    ] = ""
    duration_column: Annotated[
        str,
        Meta(
            description="column with the seconds of a section, used if there is a start but no end; empty:"
            " found by its name, if any"
        ),
    ] = ""
    split_column: SplitColumn = ""
    group_column: GroupColumn = ""
    channel_column: Annotated[
        str,
        Meta(
            description="column with the channel (left, right, A, B, 0, 1); empty: found by its name, if any"
        ),
    ] = ""
    time_unit: Annotated[
        Literal["auto", "s", "ms", "samples"],
        Meta(description="what times are counted in; auto: as the columns' names end, else seconds"),
    ] = "auto"
    recordings: Annotated[
        str, Meta(description="folder to which the paths are relative; empty: that of the manifest")
    ] = ""


class ParquetOptions(RecordingOptions, frozen=True):
    """Options of the loader `parquet`."""

    audio_column: Annotated[
        str, Meta(description="column with the recordings themselves; empty: found by what it holds")
    ] = ""
    text_column: TextColumn = ""
    speaker_column: SpeakerColumn = ""
    split_column: SplitColumn = ""
    group_column: GroupColumn = ""


class CommonVoiceOptions(RecordingOptions, frozen=True):
    """Options of the loader `common-voice`."""

    splits: Annotated[
        Auto | Literal["official", "validated", "other", "invalidated"],
        Meta(
            description="official: train.tsv, dev.tsv and test.tsv; validated, other, invalidated: all of"
            " that file, of which splits are made; auto: official if there is a train.tsv"
        ),
    ] = "auto"


class LibriSpeechOptions(ListedOptions, frozen=True):
    """Options of the loader `librispeech`."""

    subsets: Annotated[
        list[str],
        Meta(description="folders to use, like train-clean-100 and dev-clean; empty: all that are there"),
    ] = []  # noqa: RUF012 (msgspec copies it)


class TextFilesOptions(ListedOptions, frozen=True):
    """Options of the loader `text-files`."""

    ending: Annotated[
        str,
        Meta(
            description="ending of the texts, like .txt, .lab, .normalized.txt, .wrd, .phn, .srt or .vtt;"
            " empty: the first of these that is there"
        ),
    ] = ""

    speaker_folders: Annotated[
        bool, Meta(description="whether the folder of a recording is named after its speaker")
    ] = False


class IdTextOptions(ListedOptions, frozen=True):
    """Options of the loader `id-text`."""

    text_column: Annotated[
        Annotated[int, Meta(ge=0)],
        Meta(description="number of the column with the text, the id being 1; 0: the last one"),
    ] = 0


class KaldiOptions(ListedOptions, frozen=True):
    """Options of the loader `kaldi`."""

    recordings: Annotated[
        str,
        Meta(
            description="folder to which the paths in wav.scp are relative; empty: looked for in those above"
        ),
    ] = ""


class PatternOptions(RecordingOptions, frozen=True):
    """Options of the loader `pattern`."""

    pattern: Annotated[
        str,
        Meta(
            description="what the recordings' names are made of, like {text}_{speaker}_{take}.wav; * is"
            " anything; it may have folders; empty: names like those of Speech Commands are understood"
        ),
    ] = ""
    validation: Annotated[
        str, Meta(description="what the validation split is, as for test; empty: made of the training split")
    ] = ""
    test: Annotated[
        str,
        Meta(
            description="what the test split is, like take=0-4 or speaker=theo,jackson; several conditions"
            " with spaces between; empty: made of the training split"
        ),
    ] = ""
