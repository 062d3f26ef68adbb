"""The options of the loaders. Light: the declaration needs it."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import Auto, Meta, Options


class ManifestOptions(Options, frozen=True):
    """Options of the loader `manifest`."""

    path_column: Annotated[
        str, Meta(description="column with the recordings' paths; empty: found by its name")
    ] = ""
    text_column: Annotated[str, Meta(description="column with what is said; empty: found by its name")] = ""
    speaker_column: Annotated[
        str, Meta(description="column with who speaks; empty: found by its name, if any")
    ] = ""
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
    split_column: Annotated[
        str,
        Meta(description="column with train, validation or test; empty: found by its name, if any"),
    ] = ""
    group_column: Annotated[
        str,
        Meta(
            description="column of what recordings belong to (a session, say), which splits keep together;"
            " empty: the speaker, if that is known"
        ),
    ] = ""
    recordings: Annotated[
        str, Meta(description="folder to which the paths are relative; empty: that of the manifest")
    ] = ""


class CommonVoiceOptions(Options, frozen=True):
    """Options of the loader `common-voice`."""

    splits: Annotated[
        Auto | Literal["official", "validated"],
        Meta(
            description="official: train.tsv, dev.tsv and test.tsv; validated: all of validated.tsv, of which"
            " splits are made; auto: official if there is a train.tsv"
        ),
    ] = "auto"


class LibriSpeechOptions(Options, frozen=True):
    """Options of the loader `librispeech`."""

    subsets: Annotated[
        list[str],
        Meta(description="folders to use, like train-clean-100 and dev-clean; empty: all that are there"),
    ] = []  # noqa: RUF012 (msgspec copies it)


class TextFilesOptions(Options, frozen=True):
    """Options of the loader `text-files`."""

    speaker_folders: Annotated[
        bool, Meta(description="whether the folder of a recording is named after its speaker")
    ] = False


class PatternOptions(Options, frozen=True):
    """Options of the loader `pattern`."""

    pattern: Annotated[
        str,
        Meta(
            description="what the recordings' names are made of, like {text}_{speaker}_{take}.wav; * is"
            " anything; it may have folders"
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
