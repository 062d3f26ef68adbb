"""What a beam search knows of the language, from the files that a user names."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path

from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.fusion import Fusion
from suite_speech_recognition.language_model import NgramModel
from suite_speech_recognition.lexicon import WordList
from suite_speech_recognition.normalisation import Normalisation, normalise
from suite_speech_recognition.prediction_options import TranscriptionOptions

BEAM = 16
"""How many hypotheses are followed where a file is given."""

WEIGHT = 0.5
"""Of a language model."""

BONUS = 1.0
"""For each word with a language model, which alone would rather have few of them."""


def guidance(
    options: TranscriptionOptions, alphabet: Alphabet, normalisation: Normalisation
) -> Fusion | None:
    """What the options say of the language; None where they say nothing.

    A file is read once, however often it is asked for, as long as it does not change.

    Args:
        options: with the files.
        alphabet: of the network.
        normalisation: of its transcripts; the files are normalised in the same way.

    Raises:
        suite.UserError: where a file is not there, is empty or no text, or the alphabet can write nothing of
            it.
    """
    model = words = None
    if options.language_model:
        path = Path(options.language_model).expanduser()
        model = _language_model(str(path), _state(path), alphabet, normalisation)
    if options.words:
        path = Path(options.words).expanduser()
        unlisted = float("-inf") if options.unlisted_word == "auto" else options.unlisted_word
        words = _word_list(str(path), _state(path), alphabet, normalisation, unlisted)
    if model is None and words is None and options.word_bonus == "auto":
        return None
    bonus = (BONUS if model else 0.0) if options.word_bonus == "auto" else options.word_bonus
    weight = WEIGHT if options.language_model_weight == "auto" else options.language_model_weight
    return Fusion(alphabet, model, weight, words, bonus)


def _state(path: Path) -> tuple[int, int]:
    """Changes when the file does; what is wrong with it, reading says."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=2)
def _language_model(
    path: str, _: tuple[int, int], alphabet: Alphabet, normalisation: Normalisation
) -> NgramModel:
    return NgramModel.read(path, alphabet, partial(normalise, normalisation=normalisation))


@lru_cache(maxsize=2)
def _word_list(
    path: str, _: tuple[int, int], alphabet: Alphabet, normalisation: Normalisation, unlisted: float
) -> WordList:
    return WordList.read(path, alphabet, partial(normalise, normalisation=normalisation), unlisted)
