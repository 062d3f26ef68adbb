"""The code on the pages of docs/ works: it is written out as files, installed, and its commands are run."""

from __future__ import annotations

import re
import shlex
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import suite
from distributions import write_distribution
from made_up_detections import write_yolo
from speech_on_disk import write as write_recording
from suite import hookspecs, options
from suite.cli.main import main
from suite.evaluation.scoring import score
from suite.testing.check import BUILT
from test_api import PUBLIC

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "plugins.md"
PROGRAMS = ROOT / "docs" / "programs.md"

SINGLE_FILES = ("suite_errors", "suite_stripes", "suite_caffe")
"""The plugins of the guide that are one file."""

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return [text for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language]


def written(page: Path, folder: Path) -> dict[str, Path]:
    """Write every block whose first line names a file, as `# package/module.py`, into `folder`."""
    files = {}
    for language in ("python", "toml"):
        for text in blocks(page, language):
            name = re.match(r"# (\S+\.(?:py|toml))\n", text)
            assert name, f"a block of {page.name} does not say which file it is: {text[:60]!r}"
            path = folder / name[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            files[name[1]] = path
    return files


def commands(page: Path) -> Iterator[list[str]]:
    """The words of the `suite` commands in the console blocks of a page."""
    for text in blocks(page, "console"):
        for line in text.splitlines():
            if line.startswith("$ suite "):
                yield shlex.split(line.removeprefix("$ suite "))


@pytest.fixture
def guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the guide's files in it, installed, and data; also the working directory."""
    files = written(GUIDE, tmp_path)
    project = tomllib.loads(files["pyproject.toml"].read_text())["project"]
    points = "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    )
    write_distribution(tmp_path, project["name"], points, project["version"])
    for name in SINGLE_FILES:
        write_distribution(tmp_path, name.replace("_", "-"), f"[suite.v1]\n{name} = {name}\n")
    rows = [f"{index % 2 + index / 999},{-(index % 2)},{'ab'[index % 2]}\n" for index in range(60)]
    (tmp_path / "points.csv").write_text("x,y,kind\n" + "".join(rows))
    (tmp_path / "point.txt").write_text("1.01, -1")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith(("suite_tabular", *SINGLE_FILES))]:
        del sys.modules[name]


@pytest.mark.slow
def test_the_commands_of_the_plugin_guide_work(guide, capsys):
    printed = {}
    for words in commands(GUIDE):
        assert main(words) == 0, capsys.readouterr().err
        printed[words[0]] = capsys.readouterr().out
    assert list(printed) == ["show", "train", "evaluate", "predict", "export"]
    assert "width = 32" in printed["show"]
    assert "point.txt" in printed["predict"]
    assert suite.load("exported").predict("point.txt") == "b"


def write_images(folder: Path, count: int = 12) -> None:
    """Images in lists, as the guide's format reads them."""
    cv2 = pytest.importorskip("cv2")
    samples = pytest.importorskip("suite_image_classification.samples").sample()
    classes = samples.facts["classes"]
    folder.mkdir()
    (folder / "words.txt").write_text("\n".join(classes))
    for split, examples in samples.splits.items():
        rows = []
        for index in range(min(count, len(examples))):
            cv2.imwrite(str(folder / f"{split}{index}.png"), examples[index].input)
            rows.append(f"{split}{index}.png {classes.index(examples[index].target)}\n")
        (folder / f"{split}.txt").write_text("".join(rows))


@pytest.mark.slow
def test_the_model_and_the_format_of_the_plugin_guide_train_together(guide, capsys):
    write_images(guide / "lists")
    words = ["train", "image-classification", "lists", "--loader", "caffe", "--model", "stripes"]
    assert main([*words, "--epochs", "1", "--out", "stripes"]) == 0, capsys.readouterr().err
    assert "filters = 8" in (guide / "stripes" / "config.toml").read_text()
    assert main(["predict", "stripes", "lists/test0.png"]) == 0


def test_the_format_of_the_plugin_guide_says_what_is_wrong(guide, capsys):
    write_images(guide / "lists")
    (guide / "lists" / "train.txt").write_text("train0.png 99\n")
    assert main(["inspect", "image-classification", "lists", "--loader", "caffe"]) == 2
    assert "train.txt, line 1 does not end with the number of a class" in capsys.readouterr().err


def test_the_evaluator_of_the_plugin_guide_scores(guide):
    evaluator = suite.Host().evaluator("empty", "object-detection")
    boxes = pytest.importorskip("suite_object_detection.types").Detections
    nothing = boxes(boxes=[], scores=[], labels=[])
    scores = score([evaluator], suite.Pairs([None] * 4, [nothing] * 4, list("abcd")), intervals=True)
    assert scores.numbers == {"empty": 1.0}


def test_plugins_are_as_short_as_the_guide_says():
    lines = {}
    for block in blocks(GUIDE, "python"):
        name, *code = block.splitlines()
        counted = [line for line in code if line.strip() and not line.strip().startswith('"""')]
        lines[name.removeprefix("# ").partition("/")[0]] = lines.get(
            name.removeprefix("# ").partition("/")[0], 0
        ) + len(counted)
    said = [int(number) for number in re.findall(r"\| (\d+) \|", GUIDE.read_text())]
    assert said == [
        lines[name] for name in ("suite_errors.py", "suite_stripes.py", "suite_caffe.py", "suite_tabular")
    ]
    assert all(count <= most for count, most in zip(said, (20, 30, 45, 120), strict=True))


def test_the_tests_of_the_plugin_guide_pass(guide, tmp_path):
    names: dict[str, Any] = {}
    exec((guide / "test_tabular.py").read_text(), names)
    names["test_everything_is_declared"]()
    for check in names["suite"].testing.checks(suite.Host(names["suite_tabular"], discover=False)):
        if check.cost <= BUILT and check.name not in ("loader-reads-its-format", "loader-answers-damage"):
            check()
    names["test_a_row_is_read_from_a_file"](tmp_path)


def test_the_sample_of_the_plugin_guide_is_complete(guide):
    import suite_tabular  # type: ignore[import-not-found]

    dataset = suite.Host(suite_tabular, discover=False).task("tabular-classification").sample()
    assert set(dataset.splits) == {"train", "validation", "test"}


def write_photos(folder: Path) -> None:
    """A folder of images for each class."""
    cv2 = pytest.importorskip("cv2")
    samples = pytest.importorskip("suite_image_classification.samples").sample()
    for number, example in enumerate(samples.train):
        path = folder / {"disc": "cat", "square": "dog", "triangle": "hen"}[example.target]
        path.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path / f"{number // 3}.png"), example.input)


@pytest.mark.slow
def test_the_programs_of_the_page_for_programs_work(tmp_path, monkeypatch, capsys):
    write_photos(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"uploads": ["photos/cat/1.png", b"no image"]}
    for code in blocks(PROGRAMS, "python"):
        if '"shipped"' in code and not Path("shipped").exists():
            suite.export("runs/photos", out="shipped")
        if Path("shipped").exists():
            names["pipeline"] = suite.load("shipped")
        exec(code.replace("logging.basicConfig()", "pass"), names)
    assert "accuracy" in capsys.readouterr().out
    assert names["bar"].done == 1


def write_texts(folder: Path) -> None:
    """Labeled texts, parallel files and plain text, as the README speaks of them."""
    labeled = pytest.importorskip("suite_text.classification.samples").sample()
    rows = [f"{example.target},{example.input}\n" for example in labeled.train]
    (folder / "reviews.csv").write_text("label,text\n" + "".join(rows))
    pairs = pytest.importorskip("suite_text.translation.samples").sample()
    (folder / "sentences").mkdir()
    for ending, side in (("en", "input"), ("de", "target")):
        lines = [f"{getattr(example, side)}\n" for example in pairs.train]
        (folder / "sentences" / f"train.{ending}").write_text("".join(lines), encoding="utf-8")
    passages = pytest.importorskip("suite_text.generation.samples").sample()
    (folder / "stories").mkdir()
    for number, example in enumerate(passages.train):
        (folder / "stories" / f"{number}.txt").write_text(example.input.text)


# What the smallest network of each plugin has less of here, so that it is compiled sooner.
SMALLER = {
    "suite_object_detection.models.detector": {"width": 8, "filters": 16},
    "suite_speech_recognition.models.recurrent": {"channels": 8, "units": 32, "depth": 1},
    "suite_text.generation.models.generator": {"depth": 1},
    "suite_text.translation.models.translator": {"depth": 1},
}


@pytest.fixture
def small_networks(monkeypatch):
    pytest.importorskip("keras", reason="needs Keras")
    for module, smaller in SMALLER.items():
        networks = pytest.importorskip(module).NETWORKS
        smallest = next(iter(networks))
        monkeypatch.setitem(networks, smallest, {**networks[smallest], **smaller})


@pytest.mark.slow
def test_the_commands_of_the_readme_work(tmp_path, monkeypatch, capsys, small_networks):
    write_photos(tmp_path / "photos")
    detection = pytest.importorskip("suite_object_detection.samples").sample()
    write_yolo(tmp_path / "cells", detection)
    speech = pytest.importorskip("suite_speech_recognition.samples").sample()
    recordings = speech.train[:16]
    for number, example in enumerate(recordings):
        write_recording(tmp_path / "calls" / f"{number}.wav", example.input, speech.facts["rate"])
        (tmp_path / "calls" / f"{number}.txt").write_text(example.target["text"])
    (tmp_path / "letters.txt").write_text("\n".join(example.target["text"] for example in recordings))
    write_texts(tmp_path)
    monkeypatch.chdir(tmp_path)
    for words in commands(README):
        if words[0] == "train":
            words += ["--epochs", "1"]
        assert main(words) == 0, f"{words}: {capsys.readouterr()}"
    for code in blocks(README, "python"):
        exec(code, {})
    assert (tmp_path / "drawn" / "predictions.jsonl").is_file()
    assert len(list((tmp_path / "subtitles").glob("*.srt"))) == len(recordings)
    described = re.findall(r"^    (\S+)  ", "".join(blocks(README, "text")), re.MULTILINE)
    assert {path.name for path in (tmp_path / "cats").iterdir()} >= {name.rstrip("/") for name in described}
    for option in re.findall(r"`--set (\S+)`", README.read_text()):
        command = (
            ["train", "image-classification"] if "." in option.partition("=")[0] else ["predict", "detector"]
        )
        assert main([*command, "nowhere", "--set", option]) == 2
        assert "nowhere" in capsys.readouterr().err, option


def test_the_look_ups_of_the_readme_work(capsys):
    for line in re.findall(r"`suite ((?:plugins|tasks|show)[^`]*)`", README.read_text()):
        assert main(shlex.split(line)) == 0, line


def test_pages_point_at_pages_that_exist():
    for page in [README, *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8")):
            if not target.startswith("generated/"):  # those are made, and looked for, when the site is built
                assert (page.parent / target).exists(), f"{page.name} points at {target}"


def test_the_example_of_the_hooks_is_a_plugin():
    indented = [line for line in (hookspecs.__doc__ or "").splitlines() if line.startswith("    ")]
    start = next(index for index, line in enumerate(indented) if "import suite" in line)
    example = ModuleType("suite_birds")
    exec(textwrap.dedent("\n".join(indented[start:])), vars(example))
    host = suite.Host(example, discover=False)
    assert host.broken == []
    assert [builder.item.name for builder in host.builders()] == ["tiny"]


def test_the_example_of_the_options_describes_itself():
    indented = [line for line in (options.__doc__ or "").splitlines() if line.startswith("    ")]
    names: dict[str, Any] = dict(vars(options))
    exec(textwrap.dedent("\n".join(indented)), names)
    described = {option.name: option for option in options.describe(names["ResidualOptions"])}
    assert described["dropout"].help == "share of features dropped"
    assert described["width"].default == "auto"


def test_the_reference_of_the_site_is_of_the_public_modules(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    generated_pages = import_module("generated_pages")
    assert set(generated_pages.HOST_MODULES) == set(PUBLIC)
    assert "suite_text.classification.api" in generated_pages.plugin_modules()
