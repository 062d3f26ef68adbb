"""docs/image-classification.md is true: its commands and its code run, its table has the defaults."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

import suite
import suite_image_classification
from suite.cli.main import main
from suite_image_classification.options import FineTuningOptions, ImageModelOptions
from suite_image_classification.recipes import fine_tuning_defaults, photograph_defaults, small_defaults
from suite_image_classification.samples import sample
from suite_image_classification.survey import Survey

PAGE = (Path(__file__).parents[3] / "docs" / "image-classification.md").read_text(encoding="utf-8")
CODE = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^\$ suite (.*)$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """The data that the page speaks of: folders and two tables of the same images."""
    folder = tmp_path_factory.mktemp("page")
    animals = {"disc": "cat", "square": "dog", "triangle": "hen"}
    rows = []
    for number, example in enumerate(sample().train):
        animal = animals[example.target]
        path = folder / "photos" / animal / f"{number // 3}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), example.input)
        rows.append((f"photos/{animal}/{path.name}", animal))
        flat = folder / "pets" / f"{animal}_{number}.png"
        flat.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(flat), example.input)
    single = [f"{path},{animal}\n" for path, animal in rows]
    (folder / "photos.csv").write_text("photo,animal\n" + "".join(single))
    several = [f"{path},{animal}|pet\n" for path, animal in rows]
    (folder / "tags.csv").write_text("path,labels\n" + "".join(several))
    (folder / "some.list").write_text("".join(f"{path} {animal}\n" for path, animal in rows))
    return folder


SHORT = ["--epochs", "1", "--set", "model.size=8", "--set", "model.width=8"]


@pytest.mark.slow
def test_the_commands_and_the_program_of_the_page_work(photos, monkeypatch, capsys):
    monkeypatch.chdir(photos)
    assert main(["train", "image-classification", "photos", *SHORT, "--out", "cats"]) == 0
    capsys.readouterr()
    for command in COMMANDS:
        words = shlex.split(command)
        words += SHORT if words[0] == "train" else []
        assert main(words) == 0, f"{words}: {capsys.readouterr()}"
    exec(CODE[0], {})
    assert capsys.readouterr().out


def plugin(code):
    module = ModuleType("suite_of_the_page")
    exec(code, vars(module))
    return suite.Host(suite_image_classification, module, discover=False)


def test_the_network_of_the_page_can_be_built():
    builder = plugin(CODE[1]).builder("tiny", "image-classification").item
    pipeline = builder.build(sample(), builder.options())
    images = np.zeros((2, 24, 24, 3), np.uint8)
    assert pipeline.network(images).shape == (2, 3)


def test_the_format_of_the_page_can_be_loaded(photos):
    loader = plugin(CODE[2]).loader("list", "image-classification").item
    assert loader.detect(photos / "some.list")
    dataset = loader.load(photos / "some.list", loader.options())
    assert dataset.facts["classes"] == ["cat", "dog", "hen"]


def test_the_table_of_options_has_every_shared_option_and_their_defaults():
    lines = [line.split(" | ") for line in PAGE.splitlines() if re.match(r"\| `(\w+`, `)?\w+` \|", line)]
    listed = {name for cells in lines for name in re.findall(r"`(\w+)`", cells[0])}
    loaders = {"folder", "table"}
    mentioned = set(re.findall(r"`(\w+)`", PAGE))
    assert listed - loaders == set(ImageModelOptions.__struct_fields__) - {"rand_augment_strength"}
    assert mentioned >= {"rand_augment_strength"}
    data = Survey(
        count=1000,
        classes=("cat", "dog"),
        multi_label=False,
        class_counts=(500, 500),
        sizes=np.array([[100, 100]]),
        in_color=True,
    )
    defaults = [
        small_defaults(data)[0],
        photograph_defaults(data)[0],
        fine_tuning_defaults(data, trained=True)[0],
    ]
    for cells in lines:
        for name in set(re.findall(r"`(\w+)`", cells[0])) - loaders - {"mixup", "cutmix"}:
            for cell, values in zip(cells[2:], defaults, strict=True):
                number = re.match(r"(\d[\d.]*)( |,|$)", cell.strip(" |"))
                if number and "to" not in cell:
                    assert float(number[1]) == values[name], (name, cell)
    assert set(FineTuningOptions.__struct_fields__) > set(ImageModelOptions.__struct_fields__)
