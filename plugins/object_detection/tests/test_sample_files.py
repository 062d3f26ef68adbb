"""The task's sample, written in each format that is read, is read as it was."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from boxes_on_disk import load, recognized
from suite_object_detection.declaration import suite_data_loaders
from suite_object_detection.samples import sample

WRITTEN = {loader.name: loader.write_sample for loader in suite_data_loaders()}


def comparable(target):
    boxes = [[round(edge, 2) for edge in box] for box in target["boxes"]]
    return {"size": list(target["size"]), "boxes": boxes, "labels": list(target["labels"])}


@pytest.mark.parametrize("kind", WRITTEN)
def test_the_sample_is_the_same_in_every_format(tmp_path, kind):
    written = sample()
    path = WRITTEN[kind](written, tmp_path)
    assert recognized(path) == [kind]
    read = load(kind, path)
    assert list(read.problems) == []
    classes = written.facts["classes"]
    assert read.facts["classes"] == (classes if kind in ("coco", "yolo") else sorted(classes))
    assert read.splits.keys() == written.splits.keys()
    for split, examples in written.splits.items():
        by_name = {Path(example.id).stem: example for example in read.splits[split]}
        assert list(by_name) == [f"{split}-{index:03}" for index in range(len(examples))]
        for original, example in zip(examples, by_name.values(), strict=True):
            assert comparable(example.target) == comparable(original.target)
            pixels = cv2.imdecode(np.frombuffer(example.input.read(), np.uint8), cv2.IMREAD_COLOR)
            assert np.array_equal(pixels[..., ::-1], original.input)
