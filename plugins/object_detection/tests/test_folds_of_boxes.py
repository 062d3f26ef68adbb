"""Folds of images with boxes: each image is scored once, and every fold has its share of each class."""

from collections import Counter

from boxes_on_disk import load, write_coco
from suite.data.folds import folded

IMAGES = {
    f"{number:02}": (
        (20 + number, 20),
        [(1, 2, 9, 10, "cat")] * (number % 3) + [(5, 5, 15, 15, "dog")] * (number % 4 == 0),
    )
    for number in range(24)
}


def test_every_image_is_scored_once_and_classes_are_in_every_fold(tmp_path):
    write_coco(tmp_path, {"train": IMAGES})
    dataset = load("coco", tmp_path)
    scored = []
    for number in range(1, 4):
        fold, notes = folded(dataset, number, 3, seed=0)
        assert len(fold.test) == 8
        assert "fold" in notes[0]
        own = {fold.test[index].id for index in range(8)}
        assert not own & {fold.train[index].id for index in range(len(fold.train))}
        labels = Counter(label for index in range(8) for label in fold.test[index].target["labels"])
        assert set(labels) == {"cat", "dog"}
        scored += sorted(own)
    assert len(scored) == len(set(scored)) == 24
