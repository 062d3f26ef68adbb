"""What `suite predict --set NAME=VALUE` may change of a transcription. Light: imports no numpy."""

from __future__ import annotations

from typing import Annotated

from suite.options import Auto, Meta, Options


class TranscriptionOptions(Options, frozen=True):
    """How the network's outputs become text."""

    beam: Annotated[
        Auto | Annotated[int, Meta(ge=1, le=1024)],
        Meta(description="hypotheses followed at once; 1: what is heard as it is; auto: 32 with a language"),
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
        str,
        Meta(description="file of text to learn what is likely to be said; empty: what training knows of it"),
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
        Meta(description="added for each symbol; auto: what one costs on average with the language model"),
    ] = "auto"
