"""Figures of speech recognition: which words are confused, for whom, and what one can listen to."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from suite.data.dataset import Example
from suite.evaluation.types import Pairs
from suite.figures import Aligned, Clips, Figure, Gallery, Table
from suite.options import NoOptions
from suite.report.page import ReportContent, render
from suite_speech_recognition.evaluator import transcription
from suite_speech_recognition.types import Transcript


def tone(seconds: float = 0.5) -> np.ndarray:
    return (0.3 * np.sin(np.arange(int(16_000 * seconds)) * 0.2)).astype(np.float32)


def pairs_of(*texts: tuple[str, str], speaker: str = "", inputs=None, **more) -> Pairs:
    targets = [{"text": said, **({"speaker": speaker} if speaker else {})} for said, _ in texts]
    ids = [f"{number}.wav" for number in range(len(texts))]
    examples = None
    if inputs is not None:
        examples = [Example(name, raw) for name, raw in zip(ids, inputs, strict=True)]
    return Pairs(targets, [Transcript(text=heard, **more) for _, heard in texts], ids, examples)


def by_title(pairs: Pairs) -> dict[str, Figure]:
    return {figure.title: figure for figure in transcription(pairs, NoOptions()).figures()}


def page(figures) -> str:
    content = ReportContent(title="t", metric="cer", metrics={"test": {"cer": 0.5}}, figures=list(figures))
    return render(content)


def worst(pairs: Pairs) -> Clips:
    found = by_title(pairs)["The worst utterances"]
    assert isinstance(found, Clips)
    return found


@pytest.mark.slow
def test_all_figures_in_the_order_of_the_report():
    texts = [("one two three", "one too"), ("four", "four five")]
    figures = by_title(pairs_of(*texts, speaker="ann", inputs=[tone(), tone()]))
    assert list(figures) == [
        "Most frequent substitutions", "Most frequent insertions", "Most frequent deletions", "By speaker",
        "By length", "The worst utterances", "Spectrograms of the worst utterances",
    ]  # fmt: skip
    page(figures.values())


def test_the_most_frequent_errors_come_first_with_how_often_the_word_is_said():
    texts = [("a b", "a c")] * 3 + [("b d", "b e")] * 5 + [("b", "b")]
    figure = by_title(pairs_of(*texts))["Most frequent substitutions"]
    assert isinstance(figure, Table)
    assert figure.rows == [["d", "e", 5, 5], ["b", "c", 3, 9]]
    assert figure.caption == "8 substitutions in all."


def test_the_speaker_who_is_understood_least_comes_first():
    targets = [{"text": "one", "speaker": "ann"}, {"text": "two", "speaker": "bob " * 40}]
    pairs = Pairs(targets, [Transcript(text="one"), Transcript(text="too")], ["a", "b"])
    figure = by_title(pairs)["By speaker"]
    assert isinstance(figure, Table)
    assert [row[3] for row in figure.rows] == ["1.000", "0.000"]
    assert len(str(figure.rows[0][0])) <= 20


def test_the_worst_utterance_is_aligned_word_by_word_and_its_errors_are_named():
    figure = worst(
        pairs_of(("x", "y"), ("the cat sat down", "cat sits down so"), ("fine", "fine"), seconds=1.25)
    )
    assert len(figure.items) == 2
    assert figure.items[0].caption == "3 errors in 4 words\n1.wav, 1.2 s"
    assert figure.items[0].rows == ("said", "heard")
    assert figure.items[0].aligned == [
        Aligned(upper="the", lower="", mark="missing"),
        Aligned(upper="cat", lower="cat"),
        Aligned(upper="sat", lower="sits", mark="wrong"),
        Aligned(upper="down", lower="down"),
        Aligned(upper="", lower="so", mark="added"),
    ]


def test_of_equally_many_errors_the_shortest_and_surest_come_first():
    texts = [("a b", "x b"), ("c", "x"), ("d", "x")]
    pairs = pairs_of(*texts)
    unsure, sure = Transcript(text="x", confidence=0.4), Transcript(text="x", confidence=0.9)
    pairs = Pairs(pairs.targets, [pairs.predictions[0], unsure, sure], pairs.ids)
    assert [clip.aligned[0].upper for clip in worst(pairs).items] == ["d", "c", "a"]


@pytest.mark.slow
def test_the_worst_utterances_can_be_played_from_the_page():
    figure = worst(pairs_of(("one", "two"), inputs=[tone(2.0)]))
    samples, rate = soundfile.read(io.BytesIO(figure.items[0].sound))
    assert len(samples) / rate == pytest.approx(2.0, abs=0.2)
    assert samples.ndim == 1
    assert np.abs(samples).max() == pytest.approx(0.3, abs=0.1)
    assert '<audio controls preload="none" src="data:audio/mpeg;base64,' in page([figure])


@pytest.mark.slow
def test_the_worst_utterances_can_be_seen_as_spectrograms(tmp_path):
    texts = ("one", "two"), ("six", "six ten")
    pairs = pairs_of(*texts, inputs=[tmp_path / "gone.wav", tone()])
    gallery = by_title(pairs)["Spectrograms of the worst utterances"]
    assert isinstance(gallery, Gallery)
    ((image, caption),) = gallery.items
    assert image.startswith(b"\x89PNG")
    assert caption == "1.wav: six"
    assert "Spectrograms of the worst utterances" not in by_title(pairs_of(*texts))


@pytest.mark.slow
def test_a_single_sample_can_be_embedded():
    assert worst(pairs_of(("one", "two"), inputs=[tone()[:1]])).items[0].sound


def test_of_a_long_recording_the_beginning_can_be_played_and_that_is_said():
    figure = worst(pairs_of(("one", "two"), inputs=[tone(60)]))
    assert "Only the first 20 of 60 s can be played." in figure.items[0].caption
    assert len(figure.items[0].sound) < 100_000


def test_a_recording_that_cannot_be_read_is_shown_without_its_sound_and_it_is_said_why(tmp_path):
    figure = worst(pairs_of(("one", "two"), ("six", "six ten"), inputs=[tmp_path / "gone.wav", tone()]))
    missing = next(clip for clip in figure.items if "0.wav" in clip.caption)
    assert missing.sound == b""
    assert "Cannot be played: " in missing.caption
    assert "gone.wav" in missing.caption
    assert sum(bool(clip.sound) for clip in figure.items) == 1


def test_without_the_recordings_the_worst_utterances_are_still_aligned():
    figure = worst(pairs_of(("one", "two")))
    assert "<audio" not in page([figure])
    assert figure.items[0].aligned


def test_of_a_long_transcript_the_part_with_most_errors_is_shown():
    said = ["so"] * 200
    heard = said.copy()
    heard[150:155] = ["no"] * 5
    figure = worst(pairs_of((" ".join(said), " ".join(heard))))
    assert len(figure.items[0].aligned) == 40
    assert sum(bool(column.mark) for column in figure.items[0].aligned) == 5
    assert "of 200 are shown" in figure.items[0].caption


@pytest.mark.parametrize(
    "pairs",
    [
        pairs_of(("", "")),
        pairs_of(("", "oh no")),
        pairs_of(("one", "")),
        pairs_of(("one", "one"), speaker="ann", seconds=2.0),
        pairs_of(("今天天气很好", "今天 天汽好啊"), ("กำข", "กข"), speaker="<b>", seconds=2.0),
        pairs_of(*[(f"w{number} <i>", f"v{number}") for number in range(200)]),
    ],
    ids=["neither", "nothing said", "nothing heard", "all right", "without spaces", "many"],
)
def test_any_pairs_can_be_shown(pairs):
    figures = by_title(pairs)
    text = page(figures.values())
    assert "<b>" not in text
    assert "<i>" not in text


def test_equal_pairs_give_equal_pages():
    texts = [("a b c d", "b a d c"), ("e f", "f e g")]
    assert page(by_title(pairs_of(*texts)).values()) == page(by_title(pairs_of(*texts)).values())
