"""From the log-probabilities of frames to symbols and words with their times: CTC decoding.

Connectionist temporal classification (Graves et al., Connectionist Temporal Classification: Labelling
Unsegmented Sequence Data with Recurrent Neural Networks, 2006) gives each frame a symbol or the blank. What
is said are the symbols of the frames, neighboring equal ones taken for one, without the blanks.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

from suite_language.scripts import without_spaces
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.decoding.beam_search import Scorer, search
from suite_speech_recognition.types import Word


@dataclass(frozen=True, slots=True)
class Decoded:
    """Symbols and where they are; all lists are of one length.

    Attributes:
        indices: the symbols as the network numbers them; never the blank, 0.
        starts: the first frame of each.
        ends: the frame after the last one of each.
        probabilities: what the network gives each in the surest of its frames, 0 to 1.
        score: a natural logarithm: from `greedy` the probability of the best path, from `beam` that of all
            paths that were followed and give these symbols, and what the scorer adds.
    """

    indices: list[int]
    starts: list[int]
    ends: list[int]
    probabilities: list[float]
    score: float


def greedy(log_probabilities: np.ndarray) -> Decoded:
    """The symbols of the best path: the likeliest of each frame (Graves et al. 2006, section 3.2).

    Args:
        log_probabilities: (frames, symbols), natural logarithms; symbol 0 is the blank.

    Raises:
        ValueError: if the shape is another, or something is not a number.
    """
    log_probabilities = _checked(log_probabilities)
    path = log_probabilities.argmax(axis=1)
    score = np.take_along_axis(log_probabilities, path[:, None], axis=1).sum(dtype=np.float64)
    begins = (path != 0) & (path != np.concatenate([[0], path[:-1]]))
    positions = np.where(path == 0, -1, begins.cumsum() - 1)
    return _decoded(path[begins].tolist(), positions, log_probabilities, float(score))


def beam(
    log_probabilities: np.ndarray,
    width: int = 16,
    scorer: Scorer | None = None,
    *,
    min_log_probability: float = -8.0,
    max_symbols: int = 40,
    margin: float = 16.0,
) -> Decoded:
    """The likeliest symbols by prefix beam search, with shallow fusion of a scorer.

    Probabilities of paths that give the same symbols are summed (Hannun et al., First-Pass Large Vocabulary
    Continuous Speech Recognition using Bi-Directional Recurrent DNNs, 2014, algorithm 1). It is exact if
    nothing is left out: a width of all sequences that can be, `min_log_probability` -inf, `margin` inf,
    `max_symbols` the alphabet's size. The frames of the symbols are those of their likeliest path.

    Args:
        log_probabilities: (frames, symbols), natural logarithms; symbol 0 is the blank.
        width: how many sequences of symbols are followed at once.
        scorer: what is known of the language. If nothing that was followed may end where the frames do, the
            best is cut back to where it may.
        min_log_probability: symbols with a lower log-probability in a frame are not looked at there.
        max_symbols: nor are more symbols than this in a frame; the likeliest are.
        margin: sequences less likely than the best by more than this (a natural logarithm) are given up.

    Raises:
        ValueError: if the shape is another, or something is not a number.
    """
    log_probabilities = _checked(log_probabilities)
    indices, score = search(
        log_probabilities,
        max(1, width),
        scorer,
        min_log_probability=min_log_probability,
        max_symbols=max_symbols,
        margin=margin,
    )
    return _decoded(indices, align(log_probabilities, indices), log_probabilities, score)


def align(log_probabilities: np.ndarray, indices: list[int]) -> np.ndarray:
    """Which symbol each frame belongs to on the likeliest path that gives `indices` (Viterbi).

    Args:
        log_probabilities: (frames, symbols), natural logarithms; symbol 0 is the blank.
        indices: symbols, not the blank; with equal neighbors counted twice at most as many as frames.

    Returns:
        int64 (frames,): positions in `indices`, -1 if the path has a blank there.

    Raises:
        ValueError: if there are too few frames.
    """
    frames, symbols = len(log_probabilities), np.array(indices, np.int64)
    if not frames:
        return np.empty(0, np.int64)
    if frames < len(symbols) + int((symbols[1:] == symbols[:-1]).sum()):
        raise ValueError(f"{frames} frames are too few for {len(symbols)} symbols")
    # States are the symbols with a blank before, between and after; of two ways equally likely the
    # staying one is taken.
    states = np.zeros(2 * len(symbols) + 1, np.int64)
    states[1::2] = symbols
    chosen = np.maximum(log_probabilities[:, states].astype(np.float64), -1e30)
    skips = np.full(len(states), -np.inf)
    skips[3::2][symbols[1:] != symbols[:-1]] = 0.0
    best = np.full((3, len(states)), -np.inf)
    scores = np.full(len(states), -np.inf)
    scores[:2] = chosen[0, :2]
    steps = np.zeros(chosen.shape, np.int8)
    every = np.arange(len(states))
    for frame in range(1, frames):
        best[0] = scores
        best[1, 1:] = scores[:-1]
        best[2, 2:] = scores[:-2]
        best[2] += skips
        steps[frame] = step = best.argmax(axis=0)
        scores = best[step, every] + chosen[frame]
    state = len(states) - 1
    if state and scores[state - 1] > scores[state]:
        state -= 1
    positions = np.empty(frames, np.int64)
    for frame in range(frames - 1, -1, -1):
        positions[frame] = state // 2 if state % 2 else -1
        state -= int(steps[frame, state])
    return positions


def words(decoded: Decoded, alphabet: Alphabet, frame_seconds: float, offset: float = 0.0) -> list[Word]:
    """The words of what was decoded: between spaces, and each character of a script without spaces.

    Args:
        decoded: from `greedy` or `beam`.
        alphabet: what the symbols stand for.
        frame_seconds: the length of a frame.
        offset: where the first frame begins, in seconds.

    Returns:
        in their order; a word lasts from its first symbol's first frame to its last one's last, and its
        confidence is its least sure symbol's.
    """
    pieces: list[tuple[str, int, int]] = []  # text, positions of the first and the last symbol
    inside = spaced = False  # whether no space came since the last word began; whether its script has spaces
    for position, index in enumerate(decoded.indices):
        for character in alphabet.symbols[index - 1]:
            if character.isspace():
                inside = False
                continue
            alone = without_spaces(character)
            if inside and (_is_attached(character) or (spaced and not alone)):
                text, first, _ = pieces[-1]
                pieces[-1] = (text + character, first, position)
            else:
                pieces.append((character, position, position))
                inside, spaced = True, not alone
    return [
        Word(
            text=text,
            start=offset + decoded.starts[first] * frame_seconds,
            end=offset + decoded.ends[last] * frame_seconds,
            confidence=min(decoded.probabilities[first : last + 1]),
        )
        for text, first, last in pieces
    ]


def _is_attached(character: str) -> bool:
    """Whether it belongs to what is before it in any script: accents, and punctuation that closes."""
    category = unicodedata.category(character)
    return category[0] == "M" or category in ("Pe", "Pf", "Po")


def _checked(log_probabilities: np.ndarray) -> np.ndarray:
    checked = np.asarray(log_probabilities)
    if checked.ndim != 2 or checked.shape[1] < 2:
        raise ValueError(f"log-probabilities of (frames, symbols) are needed, not of shape {checked.shape}")
    if np.isnan(checked).any():
        raise ValueError("the network's output is not a number (NaN); its weights are broken")
    return checked


def _decoded(
    indices: list[int], positions: np.ndarray, log_probabilities: np.ndarray, score: float
) -> Decoded:
    """From which of the symbols each frame belongs to (-1: to none)."""
    (frames,) = np.nonzero(positions >= 0)
    owners = positions[frames]
    changes = np.flatnonzero(owners[1:] != owners[:-1]) + 1 if len(frames) else np.empty(0, np.int64)
    firsts = np.concatenate([np.zeros(min(1, len(frames)), np.int64), changes])
    lasts = np.append(changes, len(frames))[: len(firsts)] - 1
    own = log_probabilities[frames, np.array(indices, np.int64)[owners]]
    surest = np.maximum.reduceat(own, firsts) if len(firsts) else own
    return Decoded(
        indices=indices,
        starts=frames[firsts].tolist(),
        ends=(frames[lasts] + 1).tolist(),
        probabilities=np.exp(np.minimum(surest, 0.0), dtype=np.float64).tolist(),
        score=score,
    )
