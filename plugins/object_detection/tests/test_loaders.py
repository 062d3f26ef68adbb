"""COCO, Pascal VOC, YOLO and CSV as people have them; a data set written in each of them is the same."""

import json
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suite import UserError
from suite_object_detection import loaders
from suite_object_detection.options import CocoOptions, CsvOptions, VocOptions, YoloOptions

FORMATS = {
    "coco": (loaders.detect_coco, loaders.load_coco, CocoOptions),
    "voc": (loaders.detect_voc, loaders.load_voc, VocOptions),
    "yolo": (loaders.detect_yolo, loaders.load_yolo, YoloOptions),
    "csv": (loaders.detect_csv, loaders.load_csv, CsvOptions),
}


def load(kind, path, **options):
    _, reader, options_type = FORMATS[kind]
    return reader(Path(path), options_type(**options))


def recognized(path):
    return [kind for kind, (detect, _, _) in FORMATS.items() if detect(Path(path))]


def picture(path, height=40, width=60):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), 128, np.uint8))


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


# A data set is, for each part, what each picture shows: its size and (x1, y1, x2, y2, class).
DATA = {
    "train": {
        "a": ((40, 60), [(1, 2, 30, 40, "cat"), (5, 5, 10, 20, "dog")]),
        "b": ((30, 50), [(0, 0, 50, 30, "dog")]),
        "c": ((20, 20), []),
    },
    "val": {"d": ((40, 60), [(3, 4, 6, 8, "cat")])},
    "test": {"e": ((10, 10), [(2, 2, 9, 9, "dog")])},
}
CLASSES = ["cat", "dog"]
PART_OF = {"train": "train", "val": "validation", "test": "test"}


def expected(data):
    return {
        PART_OF[part]: {name: target(size, boxes) for name, (size, boxes) in pictures.items()}
        for part, pictures in data.items()
    }


def target(size, boxes):
    return {
        "size": list(size),
        "boxes": [list(box[:4]) for box in boxes],
        "labels": [box[4] for box in boxes],
    }


def targets(dataset):
    found = {}
    for part, examples in dataset.parts.items():
        found[part] = {}
        for index in range(len(examples)):
            target = dict(examples[index].target)
            target.pop("areas", None)
            target["boxes"] = [[round(value, 3) for value in box] for box in target["boxes"]]
            found[part][Path(examples[index].id).stem] = target
    return found


def write_pictures(folder, pictures):
    for name, (size, _) in pictures.items():
        picture(folder / f"{name}.png", *size)


def coco_file(pictures, first_id=1, classes=CLASSES):
    images, annotations = [], []
    for number, (name, (size, boxes)) in enumerate(pictures.items(), start=first_id):
        images.append({"id": number, "file_name": f"{name}.png", "height": size[0], "width": size[1]})
        for x1, y1, x2, y2, label in boxes:
            annotations.append(
                {
                    "id": len(annotations) + 1, "image_id": number, "category_id": classes.index(label),
                    "bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1), "iscrowd": 0,
                    "segmentation": [[x1, y1, x2, y1, x2, y2]],
                }
            )  # fmt: skip
    categories = [{"id": number, "name": name} for number, name in enumerate(classes)]
    return {"info": {}, "images": images, "annotations": annotations, "categories": categories}


def write_coco(folder, data=DATA):
    for part, pictures in data.items():
        write_pictures(folder / f"{part}2017", pictures)
        write(folder / f"annotations/instances_{part}2017.json", coco_file(pictures))
    return folder


def voc_file(size, boxes, name="x.png", shift=1):
    objects = "".join(
        f"<object><name>{label}</name><difficult>0</difficult>\n<bndbox><xmin>{x1 + shift}</xmin>"
        f"<ymin>{y1 + shift}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>\n"
        for x1, y1, x2, y2, label in boxes
    )
    return (
        f"<annotation>\n<filename>{name}</filename>\n<size><width>{size[1]}</width><height>{size[0]}</height>"
        f"<depth>3</depth></size>\n{objects}</annotation>\n"
    )


def write_voc(folder, data=DATA, lists=True, shift=1):
    for part, pictures in data.items():
        middle = "" if lists else part
        write_pictures(folder / "JPEGImages" / middle, pictures)
        for name, (size, boxes) in pictures.items():
            write(
                folder / "Annotations" / middle / f"{name}.xml", voc_file(size, boxes, f"{name}.png", shift)
            )
        if lists:
            write(folder / f"ImageSets/Main/{part}.txt", "".join(f"{name}\n" for name in pictures))
            write(folder / f"ImageSets/Main/cat_{part}.txt", "".join(f"{name}  1\n" for name in pictures))
    return folder


def yolo_lines(size, boxes, classes=CLASSES):
    height, width = size
    return "".join(
        f"{classes.index(label)} {(x1 + x2) / 2 / width:.8f} {(y1 + y2) / 2 / height:.8f}"
        f" {(x2 - x1) / width:.8f} {(y2 - y1) / height:.8f}\n"
        for x1, y1, x2, y2, label in boxes
    )


def write_yolo(folder, data=DATA, layout="images/{part}/{name}", yaml="path: .\n"):
    parts = []
    for part, pictures in data.items():
        for name, (size, boxes) in pictures.items():
            where = layout.format(part=part, name=name)
            picture(folder / f"{where}.png", *size)
            label = f"/{where}".replace("/images/", "/labels/")[1:]
            write(folder / f"{label}.txt", yolo_lines(size, boxes))
        parts.append(f"{part}: {layout.format(part=part, name='x').rpartition('/')[0]}\n")
    if yaml is not None:
        write(folder / "data.yaml", f"{yaml}{''.join(parts)}nc: 2\nnames: [cat, dog]\n")
    return folder


def write_csv(folder, data=DATA):
    for part, pictures in data.items():
        write_pictures(folder / part, pictures)
        rows = ["filename,width,height,class,xmin,ymin,xmax,ymax"]
        for name, (size, boxes) in pictures.items():
            for x1, y1, x2, y2, label in boxes or [("", "", "", "", "")]:
                rows.append(f"{name}.png,{size[1]},{size[0]},{label},{x1},{y1},{x2},{y2}")
        write(folder / f"{part}.csv", "\n".join(rows) + "\n")
    return folder


WRITERS = {"coco": write_coco, "voc": write_voc, "yolo": write_yolo, "csv": write_csv}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_data_set_is_the_same_in_every_format(tmp_path, kind):
    WRITERS[kind](tmp_path)
    assert recognized(tmp_path) == [kind]
    options = {"first_pixel": "1"} if kind == "voc" else {}
    dataset = load(kind, tmp_path, **options)
    assert targets(dataset) == expected(DATA)
    assert dataset.facts == {"classes": CLASSES}
    assert list(dataset.problems) == []


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("ending", ["zip", "tar.gz"])
def test_archives_are_read_as_folders_are(tmp_path, kind, ending):
    WRITERS[kind](tmp_path / "data")
    archive = tmp_path / f"data.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            for path in sorted((tmp_path / "data").rglob("*")):
                file.write(path, path.relative_to(tmp_path))
    else:
        with tarfile.open(archive, "w:gz") as file:
            file.add(tmp_path / "data", "data")
    shutil.rmtree(tmp_path / "data")
    assert recognized(archive) == [kind]
    dataset = load(kind, archive, **({"first_pixel": "1"} if kind == "voc" else {}))
    assert targets(dataset) == expected(DATA)
    assert dataset.train[0].input.read().startswith(b"\x89PNG")


names = st.lists(st.text("abcxyz012", min_size=1, max_size=6), min_size=1, max_size=6, unique=True)


@st.composite
def data_sets(draw):
    parts = {}
    for part, letter in (("train", "t"), ("val", "v")):
        parts[part] = {}
        for name in draw(names):
            height, width = draw(st.integers(1, 90)), draw(st.integers(1, 90))
            boxes = []
            for _ in range(draw(st.integers(0, 4))):
                x1, y1 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
                x2, y2 = draw(st.integers(x1 + 1, width)), draw(st.integers(y1 + 1, height))
                boxes.append((x1, y1, x2, y2, draw(st.sampled_from(CLASSES))))
            parts[part][letter + name] = ((height, width), list(dict.fromkeys(boxes)))
    parts["train"]["all"] = ((20, 20), [(0, 1, 5, 6, "cat"), (0, 0, 20, 20, "dog")])
    return parts


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data_sets())
def test_any_data_set_is_the_same_in_every_format(tmp_path, data):
    for kind, writer in WRITERS.items():
        shutil.rmtree(tmp_path / kind, ignore_errors=True)
        writer(tmp_path / kind, data)
        dataset = load(kind, tmp_path / kind, **({"first_pixel": "1"} if kind == "voc" else {}))
        assert targets(dataset) == expected(data)
        assert dataset.facts == {"classes": CLASSES}


def test_class_folders_of_pictures_are_nobodys(tmp_path):
    for name in ("cat/1.png", "cat/2.png", "dog/1.png"):
        picture(tmp_path / name)
    assert recognized(tmp_path) == []
    for kind, sentence in {
        "coco": "has no COCO file: a JSON with images, annotations and categories",
        "voc": "has no annotations of Pascal VOC: an XML for each picture",
        "yolo": "has no labels of YOLO: a text file for each picture",
        "csv": "has no table .* with columns of boxes: xmin, ymin, xmax, ymax",
    }.items():
        with pytest.raises(UserError, match=sentence):
            load(kind, tmp_path)


@pytest.mark.parametrize("kind", FORMATS)
def test_an_empty_folder_and_a_wrong_path(tmp_path, kind):
    assert recognized(tmp_path) == []
    with pytest.raises(UserError):
        load(kind, tmp_path)
    with pytest.raises(UserError, match="nowhere"):
        load(kind, tmp_path / "nowhere")


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_of_another_kind_is_not_recognized(tmp_path, kind):
    (tmp_path / "a.bin").write_bytes(b"\0\1")
    assert recognized(tmp_path / "a.bin") == []
    with pytest.raises(UserError):
        load(kind, tmp_path / "a.bin")


# COCO


def coco(tmp_path, content, name="train.json", pictures=("a",)):
    for stem in pictures:
        picture(tmp_path / f"images/{stem}.png")
    write(tmp_path / name, content)
    return tmp_path


def one_image(annotation=(), image=(), categories=((7, "cat"),)):
    return {
        "images": [{"id": 1, "file_name": "a.png", "height": 40, "width": 60, **dict(image)}],
        "annotations": [
            {"id": 5, "image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4], "iscrowd": 0, **dict(annotation)}
        ],
        "categories": [{"id": number, "name": name} for number, name in categories],
    }


@pytest.mark.parametrize(
    ("file", "folder"),
    [
        ("annotations/instances_{}2017.json", "{}2017"),
        ("annotations/custom_{}.json", "{}2017"),
        ("{}/_annotations.coco.json", "{}"),
        ("{}.json", "images"),
        ("annotations/{}.json", "images/{}"),
        ("{}/labels.json", "{}/data"),
    ],
)
def test_coco_layouts(tmp_path, file, folder):
    for part, pictures in DATA.items():
        write_pictures(tmp_path / folder.format(part), pictures)
        write(tmp_path / file.format(part), coco_file(pictures))
    assert recognized(tmp_path) == ["coco"]
    dataset = load("coco", tmp_path)
    assert targets(dataset) == expected(DATA)
    assert list(dataset.problems) == []


def test_a_coco_file_is_the_training_part(tmp_path):
    write_coco(tmp_path)
    path = tmp_path / "annotations/instances_val2017.json"
    assert recognized(path) == ["coco"]
    assert targets(load("coco", path)) == {"train": expected(DATA)["validation"]}


def test_of_cocos_own_files_only_the_instances_count(tmp_path):
    write_coco(tmp_path)
    for name in ("captions_train2017", "person_keypoints_val2017", "image_info_test-dev2017"):
        write(tmp_path / f"annotations/{name}.json", {"images": [], "annotations": [], "categories": []})
    assert targets(load("coco", tmp_path)) == expected(DATA)


def test_pictures_of_one_name_in_several_parts_are_not_mixed_up(tmp_path):
    for part in ("train", "val"):
        picture(tmp_path / part / "a.png")
        write(tmp_path / f"annotations/{part}.json", one_image())
    dataset = load("coco", tmp_path)
    assert dataset.train[0].id == "train/a.png"
    assert dataset.validation[0].id == "val/a.png"


def test_categories_with_gaps_and_without_boxes(tmp_path):
    content = one_image(categories=((3, "zebra"), (7, "cat"), (90, "brush")))
    dataset = load("coco", coco(tmp_path, content))
    assert dataset.facts == {"classes": ["zebra", "cat", "brush"], "category_ids": [3, 7, 90]}
    assert dataset.train[0].target["labels"] == ["cat"]


def test_two_categories_of_one_name_are_one_and_it_is_said(tmp_path):
    dataset = load("coco", coco(tmp_path, one_image(categories=((3, "cat"), (7, "cat")))))
    assert dataset.facts["classes"] == ["cat"]
    assert dataset.problems == ["train.json: more than one category is called 'cat', taken as one"]


def test_crowds_have_run_lengths_and_are_kept_as_crowds(tmp_path):
    mask = {"counts": [5, 10, 20], "size": [5, 7]}
    dataset = load("coco", coco(tmp_path, one_image({"iscrowd": 1, "segmentation": mask, "area": 9.5})))
    assert dataset.train[0].target == {
        "size": [40, 60], "boxes": [[1, 2, 4, 6]], "labels": ["cat"], "crowd": [True], "areas": [9.5]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("segmentation", "box"),
    [
        ([[1, 2, 9, 2, 5, 20]], [1, 2, 9, 20]),
        ([[1, 2, 9, 2, 5, 20], [30, 1, 31, 1, 31, 2]], [1, 1, 31, 20]),
        ({"counts": [41, 3, 37, 3, 2316], "size": [40, 60]}, [1, 1, 3, 4]),
    ],
)
def test_where_there_is_no_bbox_the_segmentation_is_surrounded(tmp_path, segmentation, box):
    dataset = load("coco", coco(tmp_path, one_image({"bbox": None, "segmentation": segmentation})))
    assert dataset.train[0].target["boxes"] == [box]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_the_box_around_run_lengths_is_that_of_pycocotools(height, width, seed):
    mask_utils = pytest.importorskip("pycocotools.mask")
    from suite_object_detection.run_lengths import surrounding

    mask = np.random.default_rng(seed).random((height, width)) < 0.3
    mask[0, 0] |= not mask.any()
    encoded = mask_utils.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert surrounding(encoded["counts"].decode(), height) == mask_utils.toBbox(encoded).tolist()


def test_images_that_are_elsewhere(tmp_path):
    write(tmp_path / "here/train.json", one_image())
    picture(tmp_path / "there/deep/a.png")
    with pytest.raises(
        UserError, match=r"none of its 1 pictures is in .*here: 'a.png'. Name their folder with"
    ):
        load("coco", tmp_path / "here")
    dataset = load("coco", tmp_path / "here", pictures=str(tmp_path / "there"))
    assert dataset.train[0].id == "deep/a.png"


def test_some_images_that_are_missing_are_named(tmp_path):
    content = one_image()
    content["images"].append({"id": 2, "file_name": "gone.png", "height": 1, "width": 1})
    content["annotations"].append({"id": 6, "image_id": 2, "category_id": 7, "bbox": [0, 0, 1, 1]})
    dataset = load("coco", coco(tmp_path, content))
    assert len(dataset.train) == 1
    assert dataset.problems == ["1 picture is missing, left out: 'gone.png'"]


def test_paths_of_another_machine_are_found_by_their_ends(tmp_path):
    dataset = load("coco", coco(tmp_path, one_image(image={"file_name": "C:\\data\\images\\a.png"})))
    assert dataset.train[0].id == "images/a.png"


def test_image_ids_that_do_not_match(tmp_path):
    path = coco(tmp_path, one_image({"image_id": 99}))
    with pytest.raises(
        UserError, match="no annotation is of one of its images: image_id is 99, say, but .* '1'"
    ):
        load("coco", path)
    content = one_image()
    content["annotations"].append({"id": 6, "image_id": 99, "category_id": 7, "bbox": [0, 0, 1, 1]})
    assert load("coco", coco(tmp_path, content)).problems == [
        "1 annotation is of an image that the file does not list, left out: 'train.json, annotation 6'"
    ]


@pytest.mark.parametrize(
    ("annotation", "sentence"),
    [
        ({"category_id": 8}, "train.json, annotation 5 has the category 8, which is not among '7'"),
        ({"bbox": [1, 2, 3]}, "train.json, annotation 5 has no bbox of four numbers"),
        ({"bbox": None}, "train.json, annotation 5 has no bbox of four numbers"),
        ({"bbox": None, "segmentation": {"counts": "x y", "size": [2, 2]}}, "has no bbox of four numbers"),
        ({"bbox": [0.1, 0.2, 0.5, 0.5]}, "train.json, annotation 5: .* looks like shares"),
        ({"bbox": [1, 1, 1e308, 1e308], "id": 4}, None),
        ({"bbox": [1e308, 1, 1e308, 1]}, "annotation 5: the box 1e.308, 1, inf, 2 is not of finite numbers"),
    ],
)
def test_annotations_that_must_not_be_trained_on(tmp_path, annotation, sentence):
    path = coco(tmp_path, one_image(annotation))
    if sentence is None:
        assert load("coco", path).train[0].target["boxes"] == [[1, 1, 60, 40]]
        return
    with pytest.raises(UserError, match=sentence):
        load("coco", path)


def test_image_ids_and_files_that_are_there_twice(tmp_path):
    content = one_image()
    content["images"].append({"id": 1, "file_name": "b.png", "height": 40, "width": 60})
    with pytest.raises(UserError, match="train.json: two images have the id 1, the second is 'b.png'"):
        load("coco", coco(tmp_path, content))
    content["images"][1] = {"id": 2, "file_name": "a.png", "height": 40, "width": 60}
    content["annotations"].append({"id": 6, "image_id": 2, "category_id": 7, "bbox": [5, 5, 5, 5]})
    dataset = load("coco", coco(tmp_path, content))
    assert dataset.train[0].target["boxes"] == [[1, 2, 4, 6], [5, 5, 10, 10]]
    assert "1 picture is listed more than once in train.json" in dataset.problems[0]


def test_a_size_that_is_not_annotated_is_read_from_the_picture(tmp_path):
    dataset = load("coco", coco(tmp_path, one_image(image={"height": None, "width": None})))
    assert dataset.train[0].target["size"] == [40, 60]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"images": [],\n"annotations": [],\n"categories": [}', r"train.json, line 3 is not JSON"),
        ('{"images": [],\n"annotations": [],\n"categories": [\n', r"train.json, line 3 is not JSON"),
        ('{"images": 3, "annotations": [], "categories": []}', r"no COCO file: expected 'array', got 'int'"),
        (
            '{"images": [{"id": 1}], "annotations": [], "categories": []}',
            "missing required field 'file_name'",
        ),
    ],
)
def test_json_that_is_broken(tmp_path, content, sentence):
    with pytest.raises(UserError, match=sentence):
        load("coco", coco(tmp_path, content))


def test_a_list_of_pictures_without_annotations_is_said(tmp_path):
    write_coco(tmp_path)
    path = tmp_path / "annotations/instances_test2017.json"
    content = json.loads(path.read_text())
    del content["annotations"]
    write(path, content)
    dataset = load("coco", tmp_path)
    assert list(dataset.parts) == ["train", "validation"]
    assert "instances_test2017.json has no list of annotations: its 1 pictures" in dataset.problems[0]


def test_a_file_of_a_part_that_is_no_coco_file_is_said(tmp_path):
    write_coco(tmp_path)
    write(tmp_path / "annotations/instances_train2017.json", '{"im')
    with pytest.raises(UserError, match=r"no training part.*\n.*1 file is no COCO file by the look of it"):
        load("coco", tmp_path)


def test_two_files_for_a_part_are_refused(tmp_path):
    write_coco(tmp_path)
    write(tmp_path / "annotations/train.json", coco_file(DATA["train"]))
    with pytest.raises(UserError, match="more than one COCO file for the train part.*Give the path of one"):
        load("coco", tmp_path)


# Pascal VOC


def test_voc_with_folders_for_parts(tmp_path):
    write_voc(tmp_path, lists=False)
    assert recognized(tmp_path) == ["voc"]
    assert targets(load("voc", tmp_path, first_pixel="1")) == expected(DATA)


def test_voc_with_annotations_beside_the_pictures(tmp_path):
    for part, pictures in {"train": DATA["train"], "valid": DATA["val"]}.items():
        write_pictures(tmp_path / part, pictures)
        for name, (size, boxes) in pictures.items():
            write(tmp_path / part / f"{name}.xml", voc_file(size, boxes))
    assert recognized(tmp_path) == ["voc"]
    found = targets(load("voc", tmp_path, first_pixel="1"))
    assert found == {part: expected(DATA)[part] for part in ("train", "validation")}


def test_voc_without_parts_is_all_for_training(tmp_path):
    write_voc(tmp_path, {"": {**DATA["train"], **DATA["val"]}}, lists=False)
    dataset = load("voc", tmp_path)
    assert list(dataset.parts) == ["train"]
    assert len(dataset.train) == 4


def test_voc_in_a_development_kit_with_masks_beside(tmp_path):
    write_voc(tmp_path / "VOCdevkit/VOC2007")
    picture(tmp_path / "VOCdevkit/VOC2007/SegmentationClass/a.png")
    picture(tmp_path / "VOCdevkit/VOC2007/SegmentationObject/zz.png")
    dataset = load("voc", tmp_path, first_pixel="1")
    assert targets(dataset) == expected(DATA)
    assert dataset.train[0].id == "VOCdevkit/VOC2007/JPEGImages/a.png"


def test_names_below_the_folder_of_annotations(tmp_path):
    write(tmp_path / "Annotations/day/one.xml", voc_file((40, 60), [(1, 1, 9, 9, "cat")]))
    write(tmp_path / "Annotations/night/one.xml", voc_file((40, 60), [(1, 1, 5, 5, "cat")]))
    picture(tmp_path / "JPEGImages/day/one.png")
    picture(tmp_path / "JPEGImages/night/one.png", 50, 60)
    write(tmp_path / "ImageSets/Main/train.txt", "day/one\n")
    write(tmp_path / "ImageSets/Main/val.txt", "night/one\n")
    dataset = load("voc", tmp_path)
    assert dataset.train[0].id == "JPEGImages/day/one.png"
    assert dataset.validation[0].id == "JPEGImages/night/one.png"
    assert dataset.validation[0].target["boxes"] == [[1, 1, 5, 5]]


def test_trainval_where_there_is_no_train(tmp_path):
    write_voc(tmp_path)
    (tmp_path / "ImageSets/Main/train.txt").rename(tmp_path / "ImageSets/Main/trainval.txt")
    assert len(load("voc", tmp_path).train) == 3


def test_pixels_are_counted_from_one_unless_a_coordinate_is_zero(tmp_path):
    one = load("voc", write_voc(tmp_path / "1", {"train": {"a": ((40, 60), [(0, 1, 9, 9, "cat")])}}))
    assert one.train[0].target["boxes"] == [[0, 1, 9, 9]]
    zero = load(
        "voc", write_voc(tmp_path / "0", {"train": {"a": ((40, 60), [(0, 1, 9, 9, "cat")])}}, shift=0)
    )
    assert zero.train[0].target["boxes"] == [[0, 1, 9, 9]]
    asked = load("voc", tmp_path / "0", first_pixel="1")
    assert asked.train[0].target["boxes"] == [[0, 0, 9, 9]]


def test_difficult_objects_are_ignored_or_as_any_other(tmp_path):
    write_voc(tmp_path, {"train": {"a": ((40, 60), [(1, 1, 9, 9, "cat"), (2, 2, 9, 9, "cat")])}})
    path = tmp_path / "Annotations/a.xml"
    path.write_text(path.read_text().replace("<difficult>0", "<difficult>1", 1))
    assert load("voc", tmp_path).train[0].target["crowd"] == [True, False]
    assert "crowd" not in load("voc", tmp_path, difficult="train").train[0].target


def test_annotations_without_picture_and_pictures_without_annotation_are_named(tmp_path):
    write_voc(tmp_path)
    (tmp_path / "JPEGImages/b.png").unlink()
    (tmp_path / "Annotations/c.xml").unlink()
    dataset = load("voc", tmp_path)
    assert [dataset.train[index].id for index in range(len(dataset.train))] == [
        "JPEGImages/a.png", "JPEGImages/c.png"
    ]  # fmt: skip
    assert dataset.problems == [
        "1 annotation has no picture, left out: 'Annotations/b.xml'",
        "1 picture has no annotation, taken as showing no object: 'JPEGImages/c.png'",
    ]
    assert len(load("voc", tmp_path, unlabelled="leave-out").train) == 1


def test_names_of_lists_that_are_nowhere_and_annotations_in_no_list_are_named(tmp_path):
    write_voc(tmp_path)
    write(tmp_path / "ImageSets/Main/val.txt", "gone\n")
    dataset = load("voc", tmp_path)
    assert dataset.problems == [
        "1 name of ImageSets/Main has neither annotation nor picture, left out: 'val.txt: gone'",
        "1 annotation is in no list of ImageSets/Main, left out: 'Annotations/d.xml'",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("<annotation>\n<object>\n</annotation>", r"a.xml, line 3 is not XML: mismatched tag"),
        ("", r"a.xml, line 1 is not XML: no element found"),
        ("<html/>", r"a.xml is no annotation of Pascal VOC: its root is <html>"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]>\n<annotation/>", r"a.xml, line 1 declares a document type"),
        ("<annotation>\n<object><name>cat</name></object></annotation>", r"line 2: the object has no bndbox"),
        ("<annotation>\n\n<object><bndbox/></object></annotation>", r"line 3: the object has no name"),
        (
            "<annotation><object><name>cat</name>\n<bndbox><xmin>x</xmin></bndbox></object></annotation>",
            r"Annotations/a.xml, line 2: the bndbox has no xmin, ymin, xmax and ymax that are numbers",
        ),
    ],
)
def test_xml_that_is_broken(tmp_path, content, sentence):
    write_voc(tmp_path)
    write(tmp_path / "Annotations/a.xml", content)
    with pytest.raises(UserError, match=sentence):
        load("voc", tmp_path)


# YOLO


@pytest.mark.parametrize("layout", ["images/{part}/{name}", "{part}/images/{name}", "{part}/{name}"])
@pytest.mark.parametrize("yaml", ["path: .\n", "", None])
def test_yolo_layouts(tmp_path, layout, yaml):
    write_yolo(tmp_path, layout=layout, yaml=yaml)
    if yaml is None:
        write(tmp_path / "classes.txt", "cat\ndog\n")
    assert recognized(tmp_path) == ["yolo"]
    dataset = load("yolo", tmp_path)
    assert targets(dataset) == expected(DATA)
    assert dataset.facts == {"classes": CLASSES}
    assert list(dataset.problems) == []


@pytest.mark.parametrize("layout", ["images/{name}", "{name}", "obj_train_data/{name}"])
def test_yolo_without_parts_and_names(tmp_path, layout):
    data = {"train": DATA["train"]}
    write_yolo(tmp_path, data, layout=layout, yaml=None)
    write(tmp_path / "README.txt", "0 what this is")
    assert recognized(tmp_path) == ["yolo"]
    dataset = load("yolo", tmp_path)
    assert dataset.facts == {"classes": ["0", "1"]}
    assert dataset.problems == [
        "no data.yaml or classes.txt says what the classes are called: they are called by number"
    ]


def test_a_data_yaml_names_lists_and_texts(tmp_path):
    write_yolo(tmp_path, yaml=None)
    write(tmp_path / "train.txt", "./images/train/a.png\n/home/me/images/train/b.png\nimages/train/x.png\n")
    write(
        tmp_path / "my.yaml",
        "train: [train.txt, images/test]\nval: images/val\nnames:\n  0: no\n  1: 'on'\n",
    )
    assert recognized(tmp_path / "my.yaml") == ["yolo"]
    dataset = load("yolo", tmp_path / "my.yaml")
    assert dataset.facts == {"classes": ["no", "on"]}
    assert sorted(targets(dataset)["train"]) == ["a", "b", "e"]
    assert dataset.problems == [
        "1 picture of train.txt is not there, left out: 'images/train/x.png'",
        "1 picture with a label file belongs to no part, left out: 'images/train/c.png'",
    ]


def test_a_data_yaml_may_lie_elsewhere(tmp_path):
    write_yolo(tmp_path / "data", yaml=None)
    for text in (f"path: {tmp_path}/data\ntrain: images/train\n", f"train: {tmp_path}/data/images/train\n"):
        write(tmp_path / "elsewhere/d.yaml", f"{text}val: ../data/images/val\nnames: [cat, dog]\n")
        dataset = load("yolo", tmp_path / "elsewhere/d.yaml")
        assert targets(dataset)["train"] == expected(DATA)["train"]


def test_a_data_yaml_of_another_machine(tmp_path):
    write_yolo(tmp_path, yaml="path: /home/somebody/datasets/pets\n")
    dataset = load("yolo", tmp_path)
    assert targets(dataset) == expected(DATA)
    assert dataset.problems[0] == (
        f"{tmp_path}/data.yaml says '/home/somebody/datasets/pets/images/train', which is not there: took"
        " 'images/train'"
    )


def test_roboflows_data_yaml(tmp_path):
    write_yolo(tmp_path, layout="{part}/images/{name}", yaml=None)
    write(
        tmp_path / "data.yaml", "train: ../train/images\nval: ../val/images\nnc: 2\nnames: ['cat', 'dog']\n"
    )
    dataset = load("yolo", tmp_path)
    assert list(dataset.parts) == ["train", "validation"]
    assert dataset.problems == [
        "1 picture with a label file belongs to no part, left out: 'test/images/e.png'"
    ]


@pytest.mark.parametrize(
    ("yaml", "sentence"),
    [
        ("train: images/train\nnames: [cat\nval: x", r"data.yaml, line 3 is not YAML"),
        ("train: images/train\nnc: 3\nnames: [cat, dog]", "says nc: 3, but names 2 classes"),
        ("train: nowhere\nnames: [cat, dog]", "the train part is 'nowhere', but there is no such folder"),
        ("train: {a: b}\nnames: [cat, dog]", "train is no folder, no file, and no list"),
        ("train: images/train\nnames: {a: cat}", "names has 'a', which are no numbers of classes"),
        ("train: images/train\nnames: [[cat]]", "names is no list of names"),
        ("names: [cat, dog]", "describes no data"),
    ],
)
def test_a_data_yaml_that_is_wrong(tmp_path, yaml, sentence):
    write_yolo(tmp_path)
    write(tmp_path / "data.yaml", yaml)
    with pytest.raises(UserError, match=sentence):
        load("yolo", tmp_path / "data.yaml")


def test_a_part_that_is_not_there_is_said(tmp_path):
    write_yolo(tmp_path)
    shutil.rmtree(tmp_path / "images/test")
    dataset = load("yolo", tmp_path)
    assert list(dataset.parts) == ["train", "validation"]
    assert (
        "the test part is 'images/test', but there is no such folder or file: left out" in dataset.problems[0]
    )


def yolo_line(tmp_path, line, yaml="path: .\n"):
    write_yolo(tmp_path, yaml=yaml)
    write(tmp_path / "labels/train/a.txt", line)
    return load("yolo", tmp_path)


@pytest.mark.parametrize(
    ("line", "box"),
    [
        ("0 0.25 0.25 0.75 0.25 0.75 0.5", [15, 10, 45, 20]),
        ("0.0 0.5 0.5 1 1", [0, 0, 60, 40]),
        ("1 0.25 0.25 0.75 0.25 0.75 0.5 0.25 0.5", [15, 10, 45, 20]),
    ],
)
def test_outlines_become_the_box_around_them(tmp_path, line, box):
    assert yolo_line(tmp_path, line).train[0].target["boxes"] == [box]


def test_keypoints_are_passed_over(tmp_path):
    dataset = yolo_line(tmp_path, "0 0.5 0.5 1 1 0.1 0.1 2 0.2 0.2 2", "kpt_shape: [2, 3]\n")
    assert dataset.train[0].target["boxes"] == [[0, 0, 60, 40]]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("\n0 30 20 10 10", r"labels/train/a.txt, line 2: 30 looks like pixels"),
        ("0 0.5 0.5 0.1 0.1\n7 0.5 0.5 0.1 0.1", "line 2: there is no class 7, the numbers are 0 to 1"),
        ("cat 0.5 0.5 0.1 0.1", "line 1: 'cat 0.5 0.5 0.1 0.1' is not of numbers"),
        ("0.5 0.5 0.5 0.1 0.1", "line 1: 0.5 is no number of a class"),
        ("-1 0.5 0.5 0.1 0.1", "line 1: -1 is no number of a class"),
        ("0 0.5 0.5 nan 0.1", "line 1: '0 0.5 0.5 nan 0.1' is not of finite numbers"),
        ("0 0.5 0.5 0.1", "line 1 has 4 numbers: a box is class, x, y, width and height"),
        ("0 0.5 0.5 0.1 0.1 0.9", "line 1 has 6 numbers"),
        ("0 0.5\0 0.5 0.1 0.1", "labels/train/a.txt is no text"),
    ],
)
def test_label_files_that_must_not_be_trained_on(tmp_path, line, sentence):
    with pytest.raises(UserError, match=sentence):
        yolo_line(tmp_path, line)


def test_a_label_file_that_is_binary(tmp_path):
    write_yolo(tmp_path)
    (tmp_path / "labels/train/a.txt").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(UserError, match="labels/train/a.txt is no text: a label file has a line 'class x y"):
        load("yolo", tmp_path)


def test_labels_without_picture_and_pictures_without_label_are_named(tmp_path):
    write_yolo(tmp_path)
    (tmp_path / "images/train/b.png").unlink()
    (tmp_path / "labels/train/c.txt").unlink()
    dataset = load("yolo", tmp_path)
    assert sorted(targets(dataset)["train"]) == ["a", "c"]
    assert dataset.problems == [
        "1 picture has no label file, taken as showing no object: 'images/train/c.png'",
        "1 label file has no picture, left out: 'labels/train/b.txt'",
    ]
    assert len(load("yolo", tmp_path, unlabelled="leave-out").train) == 1


def test_a_part_without_any_label_is_left_out_and_said(tmp_path):
    write_yolo(tmp_path)
    shutil.rmtree(tmp_path / "labels/test")
    dataset = load("yolo", tmp_path)
    assert list(dataset.parts) == ["train", "validation"]
    assert dataset.problems == ["the test part has 1 picture but no labels, left out"]


def test_an_unreadable_picture_is_an_example_and_said(tmp_path):
    write_yolo(tmp_path)
    (tmp_path / "images/train/a.png").write_bytes(b"no picture")
    dataset = load("yolo", tmp_path)
    assert len(dataset.train) == 3
    assert dataset.train[0].target == {"size": [0, 0], "boxes": [], "labels": []}
    assert dataset.problems == ["1 picture cannot be read: 'images/train/a.png'"]


# CSV


def csv(tmp_path, text, name="train.csv", pictures=("a", "b")):
    for stem in pictures:
        picture(tmp_path / f"images/{stem}.png")
    write(tmp_path / name, text)
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,60,40,cat,10,20,30,40\n",
        "path,x1,y1,x2,y2,label\nimages/a.png,10,20,30,40,cat\nimages/b.png,,,,,\n",
        "image_id,x,y,width,height,category\na,10,20,20,20,cat\n",
        "Image;Left;Top;Right;Bottom;Label\na.png;10;20;30;40;cat\n",
        (
            "image_path,label,bbox_x,bbox_y,bbox_width,bbox_height,image_width,image_height\n"
            "a.png,cat,10,20,20,20,60,40\n"
        ),
        (
            "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsGroupOf\n"
            "a,xclick,cat,1,0.16666667,0.5,0.5,1,0\n"
        ),
        "images/a.png,10,20,30,40,cat\nimages/b.png,,,,,\n",
    ],
)
def test_tables_as_people_have_them(tmp_path, text):
    csv(tmp_path, text)
    assert recognized(tmp_path) == ["csv"]
    assert recognized(tmp_path / "train.csv") == ["csv"]
    dataset = load("csv", tmp_path / "train.csv")
    assert targets(dataset)["train"]["a"] == {
        "size": [40, 60],
        "boxes": [[10, 20, 30, 40]],
        "labels": ["cat"],
    }
    assert len(dataset.train) == (2 if "b.png" in text else 1)


def test_a_column_says_the_part(tmp_path):
    text = "path,x1,y1,x2,y2,label,split\na.png,1,2,3,4,cat,train\nb.png,1,2,3,4,cat,VAL\n"
    dataset = load("csv", csv(tmp_path, text))
    assert list(dataset.parts) == ["train", "validation"]


def test_columns_by_their_names(tmp_path):
    csv(tmp_path, "where,what,u,v,r,s\na.png,cat,1,2,3,4\n")
    with pytest.raises(UserError, match="no columns of boxes .*, only 'where', 'what', 'u', 'v', 'r', 's'"):
        load("csv", tmp_path / "train.csv")
    options = {"path_column": "where", "label_column": "what", "box_columns": ["u", "v", "r", "s"]}
    assert load("csv", tmp_path / "train.csv", **options).train[0].target["boxes"] == [[1, 2, 3, 4]]
    with pytest.raises(UserError, match="no column 'whit' .label_column.: did you mean 'what'"):
        load("csv", tmp_path / "train.csv", **{**options, "label_column": "whit"})


def test_groups_of_open_images_are_crowds(tmp_path):
    text = "ImageID,LabelName,XMin,XMax,YMin,YMax,IsGroupOf\na,cat,0.5,1,0.5,1,1\na,cat,0,1,0,1,0\n"
    assert load("csv", csv(tmp_path, text)).train[0].target["crowd"] == [True, False]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("a.png,1,2,3,x,cat", "train.csv, line 2: the box 1, 2, 3, x is not of four numbers"),
        ("a.png,1,2,3,4,", "train.csv, line 2 has no class"),
        (",1,2,3,4,cat", "train.csv, line 2 has no path of a picture"),
        ("a.png,1,2,3,4,cat\na.png,1,2", "train.csv, line 3 has 3 cells, but the first row has 6"),
        ("gone.png,1,2,3,4,cat", "none of its 1 pictures is in .*: 'gone.png'"),
        ("a.png,nan,2,3,4,cat", "train.csv, line 2: the box nan, 2, 3, 4 is not of finite numbers"),
        ("a.png,.1,.2,.3,.4,cat\nb.png,1,2,3,4,cat", "train.csv, line 2: .* looks like shares"),
    ],
)
def test_rows_that_must_not_be_trained_on(tmp_path, rows, sentence):
    with pytest.raises(UserError, match=sentence):
        load("csv", csv(tmp_path, f"path,x1,y1,x2,y2,label\n{rows}\n"))


def test_a_table_of_a_part_that_has_no_boxes_is_said(tmp_path):
    csv(tmp_path, "path,x1,y1,x2,y2,label\na.png,1,2,3,4,cat\n")
    write(tmp_path / "val.csv", "path,label\na.png,cat\n")
    dataset = load("csv", tmp_path)
    assert dataset.problems[0] == "1 table has no columns of boxes, left out: 'val.csv'"


def test_pictures_that_are_missing_or_in_no_row_are_named(tmp_path):
    text = "path,x1,y1,x2,y2,label\na.png,1,2,3,4,cat\ngone.png,1,2,3,4,cat\n"
    assert load("csv", csv(tmp_path, text)).problems == [
        "1 picture is missing, left out: 'gone.png'",
        "1 picture is in no row, left out: 'images/b.png'",
    ]


# All of them


FILES = {
    "coco": "annotations/instances_train2017.json",
    "voc": "Annotations/a.xml",
    "yolo": "labels/train/a.txt",
    "csv": "train.csv",
    "yaml": "data.yaml",
    "list": "ImageSets/Main/train.txt",
}


PIECES = (b"-1", b"1e999", b"nan", b"null", b"[]", b"{}", b"\n", b"0", b'"', b"&x;", b"9" * 20)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    for kind, writer in WRITERS.items():
        writer(folder / kind)
    shutil.copytree(folder / "yolo", folder / "yaml")
    shutil.copytree(folder / "voc", folder / "list")
    return folder


@pytest.mark.parametrize("where", FILES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_in_a_file_are_loaded_or_refused_with_a_sentence(written, where, data):
    kind = {"yaml": "yolo", "list": "voc"}.get(where, where)
    path = written / where / FILES[where]
    original = path.read_bytes()
    if data.draw(st.booleans()):
        content = data.draw(st.binary(max_size=60))
    else:
        start = data.draw(st.integers(0, len(original)))
        end = data.draw(st.integers(start, min(len(original), start + 8)))
        content = (
            original[:start] + data.draw(st.binary(max_size=4) | st.sampled_from(PIECES)) + original[end:]
        )
    try:
        path.write_bytes(content)
        recognized(written / where)
        dataset = load(kind, written / where)
        assert len(dataset.train)
    except UserError:
        pass
    finally:
        path.write_bytes(original)


def test_many_pictures_take_little_memory(tmp_path):
    count = 2000
    pictures = {f"{index:06}": ((40, 60), [(1, 2, 30, 40, "cat")] * 1) for index in range(count)}
    (tmp_path / "images").mkdir()
    for name in pictures:
        (tmp_path / f"images/{name}.png").touch()
    write(tmp_path / "train.json", coco_file(pictures))
    train = load("coco", tmp_path).train
    arrays = (train.places, train.sizes, train.starts, train.boxes, train.labels, train.crowd, train.areas)
    assert sum(array.nbytes for array in arrays) < 100 * count


DATA_FOLDER = Path(os.environ.get("SUITE_DATA", Path(__file__).parents[4] / "shared/data"))


@pytest.mark.parametrize(
    ("kind", "name", "counts", "boxes", "classes"),
    [
        ("voc", "bccd", [205, 87, 72], 4888, ["Platelets", "RBC", "WBC"]),
        ("coco", "facemask", [677, 171], 4021, ["mask_weared_incorrect", "with_mask", "without_mask"]),
    ],
)
def test_real_data(kind, name, counts, boxes, classes):
    if not (DATA_FOLDER / name).is_dir():
        pytest.skip(f"there is no {DATA_FOLDER / name}: set SUITE_DATA")
    assert recognized(DATA_FOLDER / name) == [kind]
    dataset = load(kind, DATA_FOLDER / name)
    assert [len(part) for part in dataset.parts.values()] == counts
    assert sum(len(part.boxes) for part in dataset.parts.values()) == boxes
    assert dataset.facts == {"classes": classes}
    assert list(dataset.problems) == []
