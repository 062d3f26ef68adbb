"""The report: what it says first, that it stands alone, and that nothing in it can become markup."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.contributions import Metric
from suite.evaluation.metrics import label
from suite.figures import Aligned, Clip, Clips, Gallery, Highlight, Highlights, Image, Table
from suite.report.page import ReportContent, render, write_report
from suite.report.verdict import verdict
from suite.wording import number, some

METRICS = {
    "test": {"accuracy": 0.9, "log_loss": 0.25},
    "validation": {"accuracy": 0.95},
    "baseline": {"accuracy": 0.5, "log_loss": 0.7},
    "intervals": {"test": {"accuracy": [0.85, 0.94]}},
    "counts": {"test": 1200, "validation": 300},
}
PNG = b"\x89PNG\r\n\x1a\n"
OGG = b"OggS\0\2"


def clips(text: str = "a walk", sound: bytes = OGG) -> Clips:
    columns = [
        Aligned(upper=text, lower=text),
        Aligned(upper="said only", lower="", mark="missing"),
        Aligned(upper="", lower=text, mark=text),
    ]
    return Clips(
        title=text,
        items=[Clip(sound=sound, caption=f"{text}\nsecond line", rows=(text, "heard"), aligned=columns)],
        caption=text,
    )


def highlights(text: str = "a video", weights: tuple[float, ...] = (0.75, -0.5, 0.01)) -> Highlights:
    segments = zip((f"{text} ", "dull", " end"), weights, strict=True)
    item = Highlight(caption=f"{text}\nsecond line", segments=list(segments))
    return Highlights(title=text, items=[item], caption=text)


def measured(accuracy, low, high, baseline):
    return {
        "test": {"accuracy": accuracy},
        "baseline": {"accuracy": baseline},
        "intervals": {"test": {"accuracy": [low, high]}},
        "counts": {"test": 100},
    }


def test_the_verdict_says_how_good_how_sure_and_against_what():
    assert verdict(METRICS, "accuracy", declared()).text == (
        "Accuracy is 0.900 on 1,200 test examples, with 95 % confidence between 0.850 and 0.940."
        " Without learning it would be 0.500."
    )


def declared(higher=True):
    return {"accuracy": Metric(label="accuracy", higher_is_better=higher)}


@pytest.mark.parametrize(
    ("metrics", "higher", "kind", "phrase"),
    [
        (measured(0.9, 0.8, 0.95, 0.5), True, "better", "Without learning it would be 0.500"),
        (measured(0.52, 0.45, 0.6, 0.5), True, "unclear", "cannot be told apart from predicting without"),
        (measured(0.4, 0.3, 0.49, 0.5), True, "worse", "no better than predicting without learning"),
        (measured(0.2, 0.1, 0.3, 0.5), False, "better", "Without learning it would be 0.500"),
        (measured(0.6, 0.51, 0.7, 0.5), False, "worse", "no better than predicting without learning"),
    ],
)
def test_the_verdict_does_not_praise_what_the_baseline_does(metrics, higher, kind, phrase):
    found = verdict(metrics, "accuracy", declared(higher))
    assert found.kind == kind
    assert phrase in found.text


@pytest.mark.parametrize(
    ("reference_models", "higher", "kind", "text"),
    [
        (
            {"A": 0.92},
            True,
            "worse",
            "This loses to A, which learned from the same examples and reaches 0.920. Without learning",
        ),
        (
            {"A": 0.7, "B": 0.87},
            True,
            "unclear",
            "This cannot be told apart from B, which learned from the same examples and reaches 0.870.",
        ),
        ({"A": 0.8}, True, "better", "be 0.500. A, which learned from the same examples, reaches 0.800."),
        ({"A": 0.3}, False, "worse", "This loses to A"),
    ],
)
def test_the_verdict_says_first_to_what_the_network_loses(reference_models, higher, kind, text):
    scored = {name: {"accuracy": reached} for name, reached in reference_models.items()}
    found = verdict(
        measured(0.9, 0.85, 0.94, 0.5) | {"reference_models": scored}, "accuracy", declared(higher)
    )
    assert found.kind == kind
    assert text in found.text


def test_without_a_baseline_a_reference_model_is_what_a_network_is_judged_by():
    metrics = {"test": {"accuracy": 0.9}, "reference_models": {"A": {"accuracy": 0.9}, "odd": {}}}
    found = verdict(metrics, "accuracy", declared())
    assert found.kind == "worse"
    assert "This is no better than A" in found.text


def test_reference_models_have_columns_beside_the_baseline():
    page = render(content(metrics=METRICS | {"reference_models": {"A & B": {"accuracy": 0.875}}}))
    heads = re.findall(r'<th class="number">([^<]*)</th>', page)
    assert heads == ["test (1,200)", "baseline", "A &amp; B", "validation (300)"]
    assert '<td class="number">0.875</td>' in page
    assert "A &amp; B is a classical method that learned from the same examples" in page


def test_a_metric_that_is_missing_is_said():
    assert "could not be computed" in verdict({"test": {}}, "accuracy", declared()).text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.91234, "0.912"), (1.0, "1.000"), (0.99996, "0.99996"), (3e-17, "0.000"), (8.703e-05, "0.000087"),
        (0.0003, "0.0003"),
        (12345.6, "12,346"), (123.456, "123.5"), (-0.5, "-0.500"),
    ],
)  # fmt: skip
def test_numbers_have_the_digits_that_people_compare(value, text):
    assert number(value) == text


def test_numbers_are_called_as_their_evaluator_declares_and_others_by_their_name_in_words():
    assert label("macro_f1", {"macro_f1": Metric(label="macro F1")}) == "macro F1"
    assert label("mean_error", {}) == "mean error"


def content(**more) -> ReportContent:
    return ReportContent(**{"title": "birds", "metric": "accuracy", "metrics": METRICS, **more})


VOID = {"meta", "link", "br", "img"}


class Reader(HTMLParser):
    """Collects tags, the addresses they would fetch, and what is left open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href") and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


FULL = {
    "history": [
        {"epoch": 1, "loss": 2.0, "validation_loss": 2.1, "validation_accuracy": 0.3, "learning_rate": 0.1},
        {"epoch": 2, "loss": 1.0, "validation_loss": 1.2, "validation_accuracy": 0.6, "learning_rate": 0.2},
    ],
    "best_epoch": 2,
    "figures": [
        Image(title="ours", content='<svg class="chart"></svg>'),
        Image(title="theirs", content="<svg><script>alert(1)</script></svg>"),
        Table(title="table", columns=["name", "n"], rows=[["a", 1], ["b", 2]]),
        Gallery(title="gallery", items=[(PNG, "cat 90 %\nis dog\ntest/1.png")]),
        clips(),
        highlights(),
    ],
    "facts": {"weights": "1,000"},
    "data": {"path": "birds.zip", "classes": ["a", "b"], "multi_label": False},
    "configuration": {"task": "t", "training": {"epochs": 2, "schedule": "cosine", "nesterov": True}},
    "environment": {"python": "3.11", "packages": {"keras": "3.15"}},
    "command": "suite train t birds.zip --set a='b'",
    "notes": ["left out: x.png"],
}


def test_the_page_stands_alone_and_runs_nothing():
    page = Reader(render(content(**FULL)))
    assert all(address.startswith("data:") for address in page.addresses)
    assert "script" not in page.tags
    assert page.open == []


def test_everything_that_is_given_is_shown():
    text = " ".join(Reader(render(content(**FULL))).text.split())
    for expected in (
        "birds", "Accuracy is 0.900", "1,200", "left out: x.png", "suite train t birds.zip --set a='b'",
        '"cosine"', "true", "[training]", "keras 3.15", "a, b", "cat 90 %", "a walk", "second line", "heard",
        "said only", "missing", "a video dull end", "Loss", "Learning rate", "best",
    ):  # fmt: skip
        assert expected in text, expected


def test_what_is_empty_has_no_heading():
    text = Reader(render(content())).text
    for absent in ("Notes", "A closer look", "Training", "Repeat it", "Configuration", "Environment"):
        assert absent not in text


def test_a_foreign_svg_is_shown_as_an_image_and_cannot_run():
    assert "<script>" not in render(content(**FULL))


@pytest.mark.slow
@settings(max_examples=30)
@given(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1))
def test_no_text_can_become_markup(text):
    plain = Reader(render(content(**FULL))).tags
    marked = {
        **FULL, "notes": [text], "command": text, "data": {text: text}, "environment": {text: [text]},
        "facts": {text: text},
        "figures": [
            FULL["figures"][0], FULL["figures"][1],
            Table(title=text, columns=[text, "n"], rows=[[text, 1], [text, 2]], caption=""),
            Gallery(title=text, items=[(PNG, text.replace("\n", " ") + "\nb\nc")]),
            clips(text),
            highlights(text),
        ],
    }  # fmt: skip
    page = Reader(render(content(title=text, **marked)))
    assert "script" not in page.tags
    assert page.open == []
    assert page.tags.count("svg") == plain.count("svg")


@pytest.mark.parametrize(
    ("sound", "kind"),
    [
        (b"OggS\0\2", "ogg"), (b"RIFF\x24\x08\0\0WAVEfmt ", "wav"), (b"fLaC\0", "flac"),
        (b"\xff\xf3\x88\xc4", "mpeg"), (b"ID3\4", "mpeg"),
    ],
)  # fmt: skip
def test_sounds_are_played_from_the_page_itself(sound, kind):
    page = render(content(figures=[clips(sound=sound)]))
    address = f"data:audio/{kind};base64,{base64.b64encode(sound).decode()}"
    assert f'<audio controls preload="none" src="{address}"' in page
    assert "media-src data:" in page


def test_a_clip_without_its_sound_is_shown_without_a_player():
    page = render(content(figures=[clips(sound=b"")]))
    assert "<audio" not in page
    assert "said only" in page


def test_what_is_wrong_is_said_in_words_and_not_by_color_alone():
    page = render(content(figures=[clips()]))
    wrong = '<span class="marked"><span dir="auto">said only</span><span dir="auto">&ndash;</span>'
    assert f"{wrong}<small>missing</small></span>" in page
    assert '<span><span dir="auto">a walk</span><span dir="auto">a walk</span></span>' in page


def test_a_highlighted_text_is_shaded_by_weight_and_says_the_signs_in_text_too():
    page = render(content(figures=[highlights()]))
    assert 'class="for" style="background:rgba(0,114,178,0.38)" title="+0.75">a video </mark>' in page
    against = 'class="against" style="background:rgba(213,94,0,0.25)" title="\N{MINUS SIGN}0.50"'
    assert f"{against}>dull</mark> end</p>" in page
    assert "for: a video (+0.75); against: dull (\N{MINUS SIGN}0.50)" in page
    assert "solid line counts for it, orange over a dashed line against it" in page


def test_weights_that_are_none_or_too_large_do_no_harm():
    page = render(content(figures=[highlights(weights=(float("nan"), -7.0, 0.0))]))
    assert '<p class="text" dir="auto">a video <mark class="against"' in page
    assert "against: dull (\N{MINUS SIGN}1.00)" in page


def test_a_score_on_validation_is_called_optimistic():
    metrics = {"validation": {"accuracy": 0.9}, "counts": {"validation": 10}}
    assert "optimistic" in render(content(metrics=metrics, split="validation"))


def test_a_model_that_loses_to_the_baseline_is_marked():
    assert 'class="verdict doubt"' in render(content(metrics=measured(0.4, 0.3, 0.49, 0.5)))
    assert 'class="verdict doubt"' not in render(content())


def test_equal_content_gives_equal_bytes(tmp_path):
    for name in ("a", "b"):
        write_report(content(**FULL), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_page_forbids_requests():
    assert re.search(r"Content-Security-Policy\" content=\"default-src 'none'", render(content()))


def test_a_message_stays_short_whatever_names_a_file_has():
    assert some(["a", "b"]) == "'a', 'b'"
    assert len(some(["x" * 5000] * 9)) < 1700
