"""What `suite predict --set NAME=VALUE` may change of a transcription. Light: imports no numpy."""

from __future__ import annotations

from typing import Annotated

from suite.options import Auto, Meta, Options


class TranscriptionOptions(Options, frozen=True):
    """How the network's outputs become text."""

    beam: Annotated[
        Auto | Annotated[int, Meta(ge=1, le=1024)],
        Meta(description="hypotheses that are followed at once; 1: greedy; auto: 1, or 16 with a file below"),
    ] = "auto"
    words: Annotated[
        str, Meta(description="file of text with the words that may be said; empty: any may")
    ] = ""
    unlisted_word: Annotated[
        Auto | Annotated[float, Meta(le=0)],
        Meta(
            description="added to the log-probability for each word that is not listed; auto: there is none"
        ),
    ] = "auto"
    language_model: Annotated[
        str, Meta(description="file of text in the language, to learn what is likely to be said; empty: none")
    ] = ""
    language_model_weight: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=10)],
        Meta(description="how much the language model counts beside the sound"),
    ] = "auto"
    word_bonus: Annotated[
        Auto | Annotated[float, Meta(ge=-20, le=20)],
        Meta(description="added to the log-probability for each word, against too few of them"),
    ] = "auto"
