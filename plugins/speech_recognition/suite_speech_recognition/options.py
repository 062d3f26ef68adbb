"""The options of the loaders. Importing this costs nothing: declarations need it."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import Meta, Options


class ManifestOptions(Options, frozen=True):
    """Of the loader `manifest`."""

    path_column: Annotated[
        str, Meta(description="column with the recordings' paths; empty: found by its name")
    ] = ""
    text_column: Annotated[str, Meta(description="column with what is said; empty: found by its name")] = ""
    speaker_column: Annotated[
        str, Meta(description="column with who speaks; empty: found by its name, if any")
    ] = ""
    start_column: Annotated[
        str,
        Meta(description="column with the second at which a part begins; empty: found by its name, if any"),
    ] = ""
    end_column: Annotated[
        str, Meta(description="column with the second at which a part ends; empty: found by its name, if any")
    ] = ""
    duration_column: Annotated[
        str,
        Meta(
            description="column with the seconds of a part, used where a start but no end is given; empty:"
            " found by its name, if any"
        ),
    ] = ""
    split_column: Annotated[
        str,
        Meta(description="column that says train, validation or test; empty: found by its name, if any"),
    ] = ""
    recordings: Annotated[
        str, Meta(description="folder to which the paths are relative; empty: that of the manifest")
    ] = ""


class CommonVoiceOptions(Options, frozen=True):
    """Of the loader `common-voice`."""

    parts: Annotated[
        Literal["auto", "official", "validated"],
        Meta(
            description="official: train.tsv, dev.tsv and test.tsv; validated: all of validated.tsv, of which"
            " parts are made; auto: the former where there is a train.tsv"
        ),
    ] = "auto"


class LibriSpeechOptions(Options, frozen=True):
    """Of the loader `librispeech`."""

    subsets: Annotated[
        list[str],
        Meta(description="folders to use, train-clean-100 and dev-clean say; empty: all that are there"),
    ] = []  # noqa: RUF012 (msgspec copies it)


class TextFilesOptions(Options, frozen=True):
    """Of the loader `text-files`."""

    speaker_folders: Annotated[
        bool, Meta(description="whether the folder in which a recording lies is called as its speaker")
    ] = False


class PatternOptions(Options, frozen=True):
    """Of the loader `pattern`."""

    pattern: Annotated[
        str,
        Meta(
            description="what the recordings' names are made of, {text}_{speaker}_{take}.wav say; * is"
            " anything; folders may be part of it"
        ),
    ] = ""
    validation: Annotated[
        str, Meta(description="what the validation part is, as for test; empty: made of the training part")
    ] = ""
    test: Annotated[
        str,
        Meta(
            description="what the test part is: take=0-4, say, or speaker=theo,jackson; several conditions"
            " with spaces between; empty: made of the training part"
        ),
    ] = ""
