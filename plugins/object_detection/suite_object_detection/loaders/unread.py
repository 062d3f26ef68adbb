"""Formats of boxes that are not read: what they are called, and what to export instead."""

from __future__ import annotations

import re
from pathlib import Path

from suite import UserError
from suite.sources import FileSource, Source, Tree, is_archive, open_tree
from suite_images.listing import is_image
from suite_object_detection.loaders.files import ends_of

_PEEK = 1 << 15
_MAX_LOOKED_INTO = 20
_INSTEAD = "export COCO JSON, Pascal VOC or YOLO"

_BY_NAME: tuple[tuple[str, str], ...] = (
    (
        r"\.tfrecords?(-\d+-of-\d+)?$|\.record$",
        f"it holds TFRecords of TensorFlow, which are not read: {_INSTEAD} instead",
    ),
    (r"(^|/)(data|lock)\.mdb$", "it is an LMDB database, which is not read: unpack the images to files"),
    (
        r"-asset\.json$|\.vott$",
        "it is a project of VoTT, which is not read: export it from VoTT as Pascal VOC or CSV",
    ),
    (
        r"(^|/)wider_face_\w+_bbx_gt\.txt$",
        "it has the lists of WIDER FACE, which are not read: convert them to COCO JSON or YOLO",
    ),
    (
        r"(^|/)labelTxt[^/]*/[^/]+\.txt$",
        "it has the turned boxes of DOTA (labelTxt), which are not read: convert them to YOLO or COCO JSON",
    ),
    (
        r"(^|/)gt/gt\.txt$|(^|/)seqinfo\.ini$",
        "it has the tracks of MOT Challenge (gt.txt), which are not read: convert them to COCO JSON",
    ),
    (
        r"\.manifest$",
        "it has a manifest of SageMaker Ground Truth, which is not read: convert it to COCO JSON",
    ),
    (
        r"(^|/)digitStruct\.mat$",
        "it has the boxes of SVHN in a MATLAB file, which is not read: convert them to COCO JSON",
    ),
)
"""A pattern of the names of files, and what is said of data that has one."""

_BY_KEYS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("items", "categories", "media_type"),
        "it is a data set of Datumaro, which is not read: convert it, datum convert -f coco_instances",
    ),
    (
        ("items", "categories", "infos?"),
        "it is a data set of Datumaro, which is not read: convert it, datum convert -f coco_instances",
    ),
    (
        ("classes", "title", "shape"),
        f"it is a project of Supervisely, which is not read: {_INSTEAD}, as apps of Supervisely do",
    ),
    (
        ("objects", "classTitle", "size"),
        f"it has annotations of Supervisely, which are not read: {_INSTEAD}, as apps of Supervisely do",
    ),
    (
        ("metadata", "vid", "config"),
        "it is a project of VIA 3, which is not read: export it from VIA as COCO JSON, or use VIA 2",
    ),
    (("data_row", "projects"), "it is an export of Labelbox, which is not read: convert it to COCO JSON"),
    (("item", "annotations", "schema_ref"), "it is an export of V7 Darwin, which is not read: export COCO"),
    (
        ("box2d", "labels"),
        "it has labels of BDD100K (Scalabel), which are not read: convert them to COCO JSON, bdd100k.label",
    ),
    (
        ("assets", "tags", "regions"),
        "it is an export of VoTT in its own JSON, which is not read: export Pascal VOC or CSV from VoTT",
    ),
    (
        ("source-ref",),
        "it has a manifest of SageMaker Ground Truth, which is not read: convert it to COCO JSON",
    ),
)
"""Keys of JSON, and what is said of data with a file that has them all."""

_WITH_KEYS = (".json", ".jsonl", ".ndjson")
"""Files that are looked into."""

_MASK_FOLDERS = re.compile(r"(^|/)(SegmentationClass|SegmentationObject|gtFine)(/|$)")


def unread_format(path: Path) -> str:
    """A sentence on data with boxes or masks in a format that is known and not read; empty for any other.

    Args:
        path: what the user gave.
    """
    try:
        if path.is_file() and not is_archive(path):
            what = _of_name(path.name) or _of_content(path.name, FileSource(path))
        else:
            what = _of_tree(open_tree(path))
    except (UserError, OSError):
        return ""
    return f"{what[:1].upper()}{what[1:]}" if what else ""


def _of_tree(tree: Tree) -> str:
    for name in tree.names:
        if not is_image(name) and (what := _of_name(name)):
            return what
    files = [file for file, name in enumerate(tree.names) if name.lower().endswith(_WITH_KEYS)]
    files.sort(key=lambda file: (tree.names[file].count("/"), tree.names[file]))
    for file in files[:_MAX_LOOKED_INTO]:
        if what := _of_content(tree.names[file], tree.source(file)):
            return what
    if any(map(_MASK_FOLDERS.search, tree.names)) and not any(name.endswith(".xml") for name in tree.names):
        return (
            "it has masks of classes or objects (as Pascal VOC's SegmentationClass), and boxes are not"
            " read from masks: make boxes of them, as COCO JSON, say"
        )
    return ""


def _of_name(name: str) -> str:
    return next((what for pattern, what in _BY_NAME if re.search(pattern, name)), "")


def _of_content(name: str, source: Source) -> str:
    if not name.lower().endswith(_WITH_KEYS):
        return ""
    ends = ends_of(source, _PEEK)
    for keys, what in _BY_KEYS:
        if all(re.search(rf'"{key}"\s*:'.encode(), ends) for key in keys):
            return what
    return ""
