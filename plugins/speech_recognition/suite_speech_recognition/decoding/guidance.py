"""What a beam search knows of the language: from training, or from the files that a user names."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path

from suite.kit import expanded
from suite_language.symbols import SymbolModel, cost_per_symbol
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.decoding.fusion import Fusion
from suite_speech_recognition.decoding.language_model import read_utterances
from suite_speech_recognition.decoding.lexicon import WordList
from suite_speech_recognition.normalization import Normalization, normalize
from suite_speech_recognition.options import TranscriptionOptions

BEAM = 64
"""How many hypotheses are followed if something is known of the language."""

WEIGHT = 0.7
"""Of a language model.

What gave the smallest character error rate on half of the validation split of `sentences`; see
docs/benchmarks.md.
"""


def guidance(
    options: TranscriptionOptions,
    alphabet: Alphabet,
    normalization: Normalization,
    transcripts: tuple[str, ...] = (),
) -> Fusion | None:
    """What is known of the language; None if nothing is.

    A file is read once, however often this is called, as long as it does not change.

    Args:
        options: with the user's files.
        alphabet: of the network.
        normalization: of its transcripts; the files are normalized in the same way.
        transcripts: what the network learned from, if the user names no text.

    Raises:
        suite.UserError: if a file is not there, is empty or no text, or the alphabet can write nothing of
            it.
    """
    model = words = None
    cost = 0.0
    if options.language_model:
        path = expanded(options.language_model)
        model, cost = _language_model(str(path), _state(path), alphabet, normalization)
    elif transcripts:
        model, cost = _learned(transcripts, alphabet)
    if options.words:
        path = expanded(options.words)
        unlisted = float("-inf") if options.unlisted_word == "auto" else options.unlisted_word
        words = _word_list(str(path), _state(path), alphabet, normalization, unlisted)
    bonuses = (options.word_bonus, options.symbol_bonus)
    if model is None and words is None and bonuses == ("auto", "auto"):
        return None
    of_word = 0.0 if options.word_bonus == "auto" else options.word_bonus
    weight = WEIGHT if options.language_model_weight == "auto" else options.language_model_weight
    # A language model would rather have few symbols: by this, text like its own neither gains nor loses.
    of_symbol = weight * cost if options.symbol_bonus == "auto" else options.symbol_bonus
    return Fusion(alphabet, model, weight, words, of_word, of_symbol)


@lru_cache(maxsize=2)
def guidance_of_training(transcripts: tuple[str, ...], alphabet: Alphabet) -> Fusion | None:
    """What is known of the language from the transcripts of training."""
    return guidance(TranscriptionOptions(), alphabet, Normalization(), transcripts)


def _state(path: Path) -> tuple[int, int]:
    """Changes when the file does; reading it finds what is wrong with it."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=2)
def _language_model(
    path: str, _: tuple[int, int], alphabet: Alphabet, normalization: Normalization
) -> tuple[SymbolModel, float]:
    utterances = read_utterances(path, alphabet, partial(normalize, normalization=normalization))
    return _with_cost(utterances, len(alphabet.symbols))


@lru_cache(maxsize=2)
def _learned(transcripts: tuple[str, ...], alphabet: Alphabet) -> tuple[SymbolModel, float]:
    return _with_cost(list(map(alphabet.encode, transcripts)), len(alphabet.symbols))


def _with_cost(utterances: list[list[int]], symbols: int) -> tuple[SymbolModel, float]:
    """The language model, and what a symbol costs on average."""
    return SymbolModel(utterances, symbols), cost_per_symbol(utterances, symbols)


@lru_cache(maxsize=2)
def _word_list(
    path: str, _: tuple[int, int], alphabet: Alphabet, normalization: Normalization, unlisted: float
) -> WordList:
    return WordList.read(path, alphabet, partial(normalize, normalization=normalization), unlisted)
