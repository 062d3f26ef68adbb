"""A plugin that adds one format to object detection: a sidecar, a JSON with outlines for each image."""

import json

import suite
from suite.kit import split_of_name
from suite.sources import open_tree
from suite_object_detection.api import TASK, Annotations


def files(tree):
    return [file for file, name in enumerate(tree.names) if name.endswith(".json")]


def detect(path):
    tree = open_tree(path)
    return any(b'"picture"' in tree.read(file) for file in files(tree)[:5])


def load(path, options):
    found = Annotations(path, counted_by="outline")
    for file in files(found.tree):
        name = found.tree.names[file]
        folder = name.rpartition("/")[0]
        split = split_of_name(folder) or "train"
        try:
            content = json.loads(found.tree.read(file))
            image = found.images.named(content["picture"], folder, split)
            outlines = [
                (outline["label"], *zip(*outline["points"], strict=True)) for outline in content["outlines"]
            ]
        except (ValueError, TypeError, LookupError):
            found.refusals.append(f"{name} has no picture, or no outlines with a label and points")
            continue
        if image is None:
            found.missing(content["picture"])
            continue
        number = found.image(split, image, name)
        for line, (label, x, y) in enumerate(outlines, 1):
            found.box(number, (min(x), min(y), max(x), max(y)), label, line)
    return found.dataset()


@suite.hookimpl
def suite_data_loaders():
    summary = "sidecar: a JSON with outlines for each image"
    return [suite.DataLoader(name="sidecar", task=TASK, summary=summary, load=load, detect=detect)]
