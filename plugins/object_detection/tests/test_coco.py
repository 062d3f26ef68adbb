"""COCO as people have it: layouts, categories, crowds, and everything that is wrong in such files."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxes_on_disk import (
    DATA,
    coco_file,
    expected,
    load,
    recognized,
    targets,
    write,
    write_coco,
    write_image,
    write_images,
)
from suite import UserError
from suite_object_detection.loaders.coco import _around_mask
from suite_object_detection.survey import survey_of


def coco(tmp_path, content, name="train.json", images=("a",)):
    for stem in images:
        write_image(tmp_path / f"images/{stem}.png")
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
    for split, images in DATA.items():
        write_images(tmp_path / folder.format(split), images)
        write(tmp_path / file.format(split), coco_file(images))
    assert recognized(tmp_path) == ["coco"]
    dataset = load("coco", tmp_path)
    assert targets(dataset) == expected(DATA)
    assert list(dataset.problems) == []


def test_a_coco_file_is_the_training_split(tmp_path):
    write_coco(tmp_path)
    path = tmp_path / "annotations/instances_val2017.json"
    assert recognized(path) == ["coco"]
    assert targets(load("coco", path)) == {"train": expected(DATA)["validation"]}


def test_of_cocos_own_files_only_the_instances_count(tmp_path):
    write_coco(tmp_path)
    for name in ("captions_train2017", "person_keypoints_val2017", "image_info_test-dev2017"):
        write(tmp_path / f"annotations/{name}.json", {"images": [], "annotations": [], "categories": []})
    assert targets(load("coco", tmp_path)) == expected(DATA)


def test_images_of_one_name_in_several_splits_are_not_mixed_up(tmp_path):
    for split in ("train", "val"):
        write_image(tmp_path / split / "a.png")
        write(tmp_path / f"annotations/{split}.json", one_image())
    dataset = load("coco", tmp_path)
    assert dataset.train[0].id == "train/a.png"
    assert dataset.validation[0].id == "val/a.png"


def test_categories_with_gaps_and_without_boxes(tmp_path):
    content = one_image(categories=((3, "zebra"), (7, "cat"), (90, "brush")))
    dataset = load("coco", coco(tmp_path, content))
    assert dataset.facts == {"classes": ["zebra", "cat", "brush"], "category_ids": [3, 7, 90]}
    assert dataset.train[0].target["labels"] == ["cat"]


def test_two_categories_of_one_name_are_one_class_and_reported(tmp_path):
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
def test_without_a_bbox_the_segmentation_is_surrounded(tmp_path, segmentation, box):
    dataset = load("coco", coco(tmp_path, one_image({"bbox": None, "segmentation": segmentation})))
    assert dataset.train[0].target["boxes"] == [box]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_the_box_around_run_lengths_is_that_of_pycocotools(height, width, seed):
    mask_utils = pytest.importorskip("pycocotools.mask")
    mask = np.random.default_rng(seed).random((height, width)) < 0.3
    mask[0, 0] |= not mask.any()
    encoded = mask_utils.encode(np.asfortranarray(mask.astype(np.uint8)))
    text = {"counts": encoded["counts"].decode(), "size": [height, width]}
    assert _around_mask(text) == mask_utils.toBbox(encoded).tolist()


def test_images_that_are_elsewhere(tmp_path):
    write(tmp_path / "here/train.json", one_image())
    write_image(tmp_path / "there/deep/a.png")
    with pytest.raises(
        UserError, match=r"none of its 1 images is in .*here: 'a.png'. Name their folder with"
    ):
        load("coco", tmp_path / "here")
    dataset = load("coco", tmp_path / "here", images=str(tmp_path / "there"))
    assert dataset.train[0].id == "deep/a.png"


def test_some_images_that_are_missing_are_named(tmp_path):
    content = one_image()
    content["images"].append({"id": 2, "file_name": "gone.png", "height": 1, "width": 1})
    content["annotations"].append({"id": 6, "image_id": 2, "category_id": 7, "bbox": [0, 0, 1, 1]})
    dataset = load("coco", coco(tmp_path, content))
    assert len(dataset.train) == 1
    assert dataset.problems == ["1 image is missing, left out: 'gone.png'"]


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
    assert "1 image is listed more than once in train.json" in dataset.problems[0]


def test_a_size_that_is_not_annotated_is_read_from_the_image(tmp_path):
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


def test_a_list_of_images_without_annotations_is_reported(tmp_path):
    write_coco(tmp_path)
    path = tmp_path / "annotations/instances_test2017.json"
    content = json.loads(path.read_text())
    del content["annotations"]
    write(path, content)
    dataset = load("coco", tmp_path)
    assert list(dataset.splits) == ["train", "validation"]
    assert "instances_test2017.json has no list of annotations: its 1 images" in dataset.problems[0]


def test_a_file_of_a_split_that_is_no_coco_file_is_reported(tmp_path):
    write_coco(tmp_path)
    write(tmp_path / "annotations/instances_train2017.json", '{"im')
    with pytest.raises(UserError, match=r"no training split.*\n.*1 file is no COCO file by the look of it"):
        load("coco", tmp_path)


@pytest.mark.parametrize(
    "layout", ["annotations/instances_{}2017.json", "{}.json", "{}/_annotations.coco.json"]
)
def test_the_validation_split_is_not_trained_on_if_the_file_of_the_training_split_is_none(tmp_path, layout):
    write_images(tmp_path / "images", DATA["val"])
    write(tmp_path / layout.format("val"), coco_file(DATA["val"]))
    write(tmp_path / layout.format("train"), "<html>404 not found</html>")
    name = re.escape(layout.format("train"))
    with pytest.raises(UserError, match=rf"no training split, only validation\n.*no COCO file .*'{name}'"):
        load("coco", tmp_path)


def test_two_files_for_a_split_are_refused(tmp_path):
    write_coco(tmp_path)
    write(tmp_path / "annotations/train.json", coco_file(DATA["train"]))
    twice = "same split, and both annotate 'a.png', 'b.png', 'c.png': give the path of one"
    with pytest.raises(UserError, match=twice):
        load("coco", tmp_path)


def test_several_files_of_a_split_are_one_data_set_if_each_has_its_own_images(tmp_path):
    for part, stems in (("a", "ab"), ("b", "c")):
        images = {stem: DATA["train"][stem] for stem in stems}
        write_images(tmp_path / part, images)
        write(tmp_path / f"annotations/instances_{part}.json", coco_file(images))
    dataset = load("coco", tmp_path)
    assert targets(dataset)["train"] == expected(DATA)["train"]
    assert list(dataset.problems) == []


def test_ids_may_be_texts_on_one_side_and_numbers_on_the_other(tmp_path):
    texts = load("coco", coco(tmp_path, one_image({"image_id": "1", "category_id": "7"})))
    assert texts.train[0].target["labels"] == ["cat"]
    names = one_image({"image_id": "x1", "category_id": "c"}, {"id": "x1"}, [("c", "cat")])
    assert load("coco", coco(tmp_path, names)).facts == {"classes": ["cat"], "category_ids": ["c"]}


def test_without_categories_classes_are_called_by_number(tmp_path):
    content = one_image()
    del content["categories"]
    dataset = load("coco", coco(tmp_path, content))
    assert dataset.facts == {"classes": ["7"], "category_ids": [7]}
    assert dataset.problems == ["train.json has no list of categories: its class is called by number"]
    del content["annotations"][0]["category_id"]
    dataset = load("coco", coco(tmp_path, content))
    assert dataset.facts == {"classes": ["object"]}
    assert dataset.problems == ["train.json has no list of categories: its class is called 'object'"]


def test_the_category_above_the_others_is_no_class(tmp_path):
    content = one_image()
    content["categories"] = [
        {"id": 0, "name": "pets", "supercategory": "none"},
        {"id": 7, "name": "cat", "supercategory": "pets"},
    ]
    assert load("coco", coco(tmp_path, content)).facts == {"classes": ["cat"], "category_ids": [7]}
    content["annotations"][0]["category_id"] = 0  # then it is one
    dataset = load("coco", coco(tmp_path, content))
    assert dataset.facts == {"classes": ["pets", "cat"], "category_ids": [0, 7]}


def test_if_all_objects_are_crowds_the_option_is_named(tmp_path):
    coco(tmp_path, one_image({"iscrowd": 1}))
    dataset = load("coco", tmp_path)
    assert dataset.problems == [
        (
            "1 box is marked as to be ignored, and there is no other to learn from. --set"
            " loader.crowds=train uses them as any other"
        )
    ]
    with pytest.raises(UserError, match="crowds=train uses them as any other"):
        survey_of(dataset)
    assert "crowd" not in load("coco", tmp_path, crowds="train").train[0].target


@pytest.mark.parametrize(
    ("written", "there"),
    [
        ("a.png", "A.PNG"),
        ("caf\u00e9.png", "cafe\u0301.png"),
        ("a b.png", "A b.png"),
        ("a.jpg", "a.png"),
        ("a%20b.png", "a b.png"),
        ("https://x.org/d/a.png?w=1", "a.png"),
        ("C:\\d\\a.png", "a.png"),
    ],
)
def test_an_image_is_found_under_another_spelling(tmp_path, written, there):
    write_image(tmp_path / "images" / there)
    write(tmp_path / "train.json", one_image(image={"file_name": written}))
    dataset = load("coco", tmp_path)
    assert dataset.train[0].id == f"images/{there}"
    respelled = written.replace("\\", "/").rpartition("/")[2].partition("?")[0].replace("%20", " ") != there
    assert len(dataset.problems) == respelled
    assert not any(problem.wrong for problem in dataset.problems)


def test_the_exact_spelling_wins(tmp_path):
    write_image(tmp_path / "images/A.png", 10, 10)
    coco(tmp_path, one_image())
    assert load("coco", tmp_path).train[0].id == "images/a.png"


def test_classes_are_chosen_merged_and_keep_their_numbers(tmp_path):
    for split, images in DATA.items():
        write_images(tmp_path / split, images)
        write(tmp_path / f"{split}.json", coco_file(images))
    dataset = load("coco", tmp_path, classes="dog")
    assert dataset.facts == {"classes": ["dog"], "category_ids": [1]}
    assert [dataset.train[index].target["labels"] for index in range(3)] == [["dog"], ["dog"], []]
    merged = load("coco", tmp_path, classes="cat=pet,dog=pet")
    assert merged.train[0].target["labels"] == ["pet", "pet"]
    assert load("coco", tmp_path, single_class=True).facts == {"classes": ["object"]}


def test_classes_that_look_alike_are_named(tmp_path):
    coco(tmp_path, one_image(categories=((7, "cat"), (8, "Cat"))))
    assert "'cat' and 'Cat' look alike" in load("coco", tmp_path).problems[0]


def test_annotations_of_another_kind_than_objects_are_called_so(tmp_path):
    content = one_image()
    content["annotations"] = [{"image_id": 1, "id": 1, "caption": "a cat"}]
    with pytest.raises(UserError, match="train.json has annotations of another kind than objects"):
        load("coco", coco(tmp_path, content))
