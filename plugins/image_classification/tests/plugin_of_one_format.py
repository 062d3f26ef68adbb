"""A plugin that adds one format to image classification: a list of images in each split, as Caffe reads it.

`train.txt`, `val.txt` and `test.txt` have a path and the number of a class in each line; `words.txt` has the
names of the classes.
"""

import suite
from suite.kit import split_of_name
from suite_image_classification.api import TASK, labeled_images


def detect(path):
    return (path / "train.txt").is_file() and (path / "words.txt").is_file()


def load(path, options):
    names = (path / "words.txt").read_text(encoding="utf-8").splitlines()
    lists = {split_of_name(file.stem): file for file in sorted(path.glob("*.txt"))}
    splits = {split: rows(file, names) for split, file in lists.items() if split}
    return labeled_images(path, splits)


def rows(file, names):
    for line, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        image, _, number = text.rpartition(" ")
        if not number.isdecimal() or int(number) >= len(names):
            raise suite.UserError(f"{file}, line {line} does not end with the number of a class: {text!r}")
        yield image, names[int(number)]


@suite.hookimpl
def suite_data_loaders():
    summary = "lists of paths and class numbers (train.txt), and words.txt"
    return [suite.DataLoader(name="caffe", task=TASK, summary=summary, load=load, detect=detect)]
