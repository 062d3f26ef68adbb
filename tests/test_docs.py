"""The code on the pages of docs/ works: it is written out as files, installed, and its commands are run."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import shutil
import sys
import textwrap
import tomllib
import zipfile
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
from suite.runs.new_plugins import write_new_plugin
from test_api import PUBLIC

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "plugins.md"
PROGRAMS = ROOT / "docs" / "programs.md"
FORECASTING = ROOT / "docs" / "forecasting.md"
TEXT = ROOT / "docs" / "text.md"
IMAGES = ROOT / "docs" / "image-classification.md"
"""Its code is run by the tests of its plugin."""
EXPORTING = ROOT / "docs" / "exporting.md"
"""Its commands are about the run and the export that the README makes."""
DEPLOYMENT = ROOT / "docs" / "deployment.md"  # run by test_deployment.py
SCALE = ROOT / "docs" / "scale.md"  # run by test_predictor.py
SERVING = ROOT / "docs" / "serving.md"
"""Its code is run by the tests of the client."""

SINGLE_FILES = ("suite_miscounted", "suite_stripes", "suite_lists", "suite_journal")
"""The plugins of the guide that are one file."""

NEW = {
    "suite_stripes.py": ("stripes", "model", "image-classification"),
    "suite_lists.py": ("lists", "format", "image-classification"),
    "suite_miscounted.py": ("miscounted", "evaluator", "object-detection"),
    "suite_tabular": ("tabular", "task", None),
}
"""What of the guide `suite new` writes."""

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
    (tmp_path / "suite-stripes").mkdir()
    shutil.copy(tmp_path / "suite_stripes.py", tmp_path / "suite-stripes")
    assert tomllib.loads(files["pyproject.toml"].read_text())["project"]["name"] == "suite-stripes"
    write_distribution(tmp_path, "suite-tabular", "[suite.v1]\ntabular = suite_tabular\n")
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
        if words[0] in ("new", "check"):  # below, and in a test of its own
            continue
        if words[0] == "--plugin":
            shutil.rmtree(guide / "suite_stripes-1.0.dist-info")
            (guide / "suite_stripes.py").unlink()
            sys.modules.pop("suite_stripes", None)
        words += ["--epochs", "1"] if "--sample" in words else []
        assert main(words) == 0, capsys.readouterr().err
        printed[words[0]] = capsys.readouterr().out
    assert list(printed) == ["train", "--plugin", "show", "evaluate", "predict", "export"]
    assert 'filters = "auto"' in printed["--plugin"]
    assert "width = 32" in printed["show"]
    assert "point.txt" in printed["predict"]
    assert suite.load("exported").predict("point.txt") == "b"


def test_the_code_of_the_plugin_guide_is_what_suite_new_writes(tmp_path):
    files = written(GUIDE, tmp_path / "guide")
    compared = set()
    for name, kind, task in NEW.values():
        made = write_new_plugin(suite.Host(), name, kind, task, tmp_path)
        for file in set(made.files) & set(files) - {"pyproject.toml"}:
            assert files[file].read_text() == f"# {file}\n" + (made.folder / file).read_text()
            compared.add(file)
        if name == "stripes":
            assert files["pyproject.toml"].read_text() == "# pyproject.toml\n" + (
                made.folder / "pyproject.toml"
            ).read_text("utf-8")
    assert len(compared) == 7
    lines = [words for words in commands(GUIDE) if words[0] == "new"]
    lines += map(shlex.split, re.findall(r"`suite (new [^`]+)`", GUIDE.read_text()))
    for words in lines:
        assert main([*words, "--out", str(tmp_path / "again")]) == 0
    assert len(list((tmp_path / "again").iterdir())) == len(NEW)


def test_the_checks_of_the_plugin_guide_are_those_of_what_it_writes(guide, capsys):
    words = next(words for words in commands(GUIDE) if words[0] == "check")
    assert main([*words, "--list"]) == 0
    assert "image-classification/stripes/builder-overfits" in capsys.readouterr().out


@pytest.mark.slow
def test_the_model_and_the_format_of_the_plugin_guide_train_together(guide, capsys):
    loader = suite.Host().loader("lists", "image-classification").item
    sample = pytest.importorskip("suite_image_classification.samples").sample()
    (guide / "photos").mkdir()
    loader.write_sample(sample, guide / "photos")
    words = ["train", "image-classification", "photos", "--loader", "lists", "--model", "stripes"]
    words += ["--epochs", "1", "--out", "stripes", "--log", "journal"]
    assert main(words) == 0, capsys.readouterr().err
    (line,) = (guide / "journal.jsonl").read_text().splitlines()
    assert json.loads(line)["epoch"] == 1
    assert "filters = 16" in (guide / "stripes" / "config.toml").read_text()
    assert main(["predict", "stripes", "photos/test0.png"]) == 0


def test_the_format_of_the_plugin_guide_is_recognized_with_images_in_folders(guide, capsys):
    write_photos(guide)
    images = sorted(guide.glob("*/*.png"))
    rows = [f"{image.parent.name}/{image.name}\t{image.parent.name}\n" for image in images]
    (guide / "train.lst").write_text("".join(rows))
    with zipfile.ZipFile("photos.zip", "w") as archive:
        for file in [*images, guide / "train.lst"]:
            archive.write(file, file.relative_to(guide))
    for data in (".", "photos.zip"):
        words = ["inspect", "image-classification", data, "--set", "loader.classes=cat,dog"]
        assert main(words) != 2, capsys.readouterr().err
        assert "lists" in capsys.readouterr().out


def test_the_format_of_the_plugin_guide_says_what_is_wrong(guide, capsys):
    (guide / "photos").mkdir()
    (guide / "photos" / "train.lst").write_text("train0.png cat\n")
    assert main(["inspect", "image-classification", "photos", "--loader", "lists"]) == 2
    assert "train.lst, line 1: no tab after the path in 'train0.png cat'" in capsys.readouterr().err


def test_the_evaluator_of_the_plugin_guide_scores(guide):
    evaluator = suite.Host().evaluator("miscounted", "object-detection")
    boxes = pytest.importorskip("suite_object_detection.types").Detections
    nothing = boxes(boxes=[], scores=[], labels=[])
    target = {"size": [4, 4], "boxes": [[0, 0, 1, 1]], "labels": ["a"]}
    scores = score([evaluator], suite.Pairs([target] * 4, [nothing] * 4, list("abcd")), intervals=True)
    assert scores.numbers == {"miscounted": 1.0}


@pytest.mark.slow
def test_the_layer_of_the_plugin_guide_is_found_by_its_name(guide):
    doubling = importlib.import_module("doubling")
    assert doubling.Doubled().call(3.0) == 6.0
    with pytest.raises(AttributeError):
        doubling.Trebled  # noqa: B018
    del sys.modules["doubling"]


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
        lines[name] for name in ("suite_miscounted.py", "suite_stripes.py", "suite_lists.py", "suite_tabular")
    ]
    assert all(count <= most for count, most in zip(said, (20, 35, 45, 122), strict=True))


def test_the_tests_of_the_plugin_guide_pass(guide, tmp_path):
    names: dict[str, Any] = {}
    exec((guide / "test_rows.py").read_text(), names)
    names["test_everything_is_declared"]()
    names["test_a_row_is_read_from_a_file"](tmp_path)


def test_the_sample_of_the_plugin_guide_is_complete(guide):
    import suite_tabular  # type: ignore[import-not-found]

    dataset = suite.Host(suite_tabular, discover=False).task("tabular").sample()
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
    "suite_object_detection.models.detector": {"width": 8, "depths": (1, 1, 1, 1), "filters": 16},
    "suite_speech_recognition.models.recurrent": {"channels": 8, "units": 32, "depth": 1},
    "suite_text.generation.models.generator": {"depth": 1},
    "suite_text.translation.models.translator": {"depth": 1},
}
SMALL_IMAGES = ["--set", "model.size=8"]


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
    for package in ("ai_edge_litert", "openvino"):
        pytest.importorskip(package, reason="needs keras-suite[litert,openvino]")
    for words in [*commands(README), *commands(EXPORTING)]:
        if words[0] == "train":
            words += ["--epochs", "1"]
            words += SMALL_IMAGES if words[1] == "image-classification" else []
        assert main(words) == 0, f"{words}: {capsys.readouterr()}"
    for code in [*blocks(README, "python"), *blocks(TEXT, "python")]:
        if "tritonclient" not in code:  # test_serving.py runs that
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


@pytest.mark.slow
def test_the_commands_of_the_page_on_forecasting_work(tmp_path, monkeypatch, capsys):
    samples = pytest.importorskip("suite_forecasting.samples").sample()
    frequencies = pytest.importorskip("suite_forecasting.frequencies")
    rows = ["unique_id,ds,y"]
    for example in [samples.test[index] for index in range(3)]:
        values = [*example.input.values.tolist(), *example.target["values"]]
        days = frequencies.texts(example.input.start, frequencies.frequency_of("D"), range(len(values)))
        rows += [f"{example.input.name},{day},{value}" for day, value in zip(days, values, strict=True)]
    (tmp_path / "sales.csv").write_text("\n".join(rows))
    monkeypatch.chdir(tmp_path)
    for words in commands(FORECASTING):
        assert main([*words, *(["--epochs", "1"] if words[0] == "train" else [])]) == 0, (
            capsys.readouterr().err
        )
    written = (tmp_path / "forecasts.csv").read_text().splitlines()
    assert written[0] == "unique_id,ds,y,q0.1,q0.2,q0.3,q0.4,q0.5,q0.6,q0.7,q0.8,q0.9"
    assert written[1].startswith("shop 1,2024-04-30,")
    assert len(written) == 1 + 3 * 14
    for code in blocks(FORECASTING, "python"):
        exec(code, {})
    assert len(capsys.readouterr().out.split(",")) >= 14
    for option in re.findall(r"`?--set (loader\.[^\s`]+)", FORECASTING.read_text()):
        assert main(["inspect", "forecasting", "nowhere", "--set", option]) == 2
        assert "nowhere" in capsys.readouterr().err, option


def test_the_look_ups_of_the_readme_work(capsys):
    for line in re.findall(r"`suite ((?:plugins|tasks|show)[^`]*)`", README.read_text()):
        assert main(shlex.split(line)) == 0, line


def test_there_is_no_page_with_code_that_no_test_runs():
    pages = [README, *(ROOT / "docs").glob("*.md")]
    with_code = {page for page in pages if blocks(page, "python") or blocks(page, "console")}
    own = {README, GUIDE, PROGRAMS, FORECASTING, TEXT, IMAGES, EXPORTING}
    assert with_code == {*own, DEPLOYMENT, SCALE, SERVING}


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
