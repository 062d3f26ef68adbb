"""What annotation tools export beside plain boxes: turned ones, outlines, points; and what is wrong in it."""

import json

import pytest

from boxes_on_disk import (
    CLASSES,
    DATA,
    cvat_file,
    expected,
    label_studio_file,
    labelme_file,
    load,
    metadata_lines,
    recognized,
    targets,
    via_file,
    write,
    write_createml,
    write_image,
    write_images,
    write_kitti,
    write_labelme,
    write_metadata,
    write_via,
)
from suite import UserError


def boxes_of(dataset, index=0):
    return [[round(value, 2) for value in box] for box in dataset.train[index].target["boxes"]]


# LabelMe


def labelme(tmp_path, *shapes, **more):
    write_image(tmp_path / "a.png", 100, 100)
    content = labelme_file((100, 100), [(1, 1, 9, 9, "cat")], "a")
    write(tmp_path / "a.json", {**content, "shapes": [*content["shapes"], *shapes], **more})
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "points", "box"),
    [
        ("polygon", [[10, 20], [30, 25], [12, 40]], [10, 20, 30, 40]),
        ("circle", [[50, 50], [53, 54]], [45, 45, 55, 55]),
        ("mask", [[10, 20], [30, 25]], [10, 20, 30, 25]),
        ("rotation", [[10, 20], [20, 10], [30, 20], [20, 30]], [10, 10, 30, 30]),
    ],
)
def test_shapes_of_labelme(tmp_path, kind, points, box):
    dataset = load("labelme", labelme(tmp_path, {"label": "dog", "points": points, "shape_type": kind}))
    assert boxes_of(dataset)[1] == box
    assert dataset.problems == []


def test_points_and_lines_of_labelme_are_named(tmp_path):
    line = {"label": "dog", "points": [[1, 1], [5, 5]], "shape_type": "line"}
    dataset = load("labelme", labelme(tmp_path, line))
    assert dataset.problems == ["1 shape is a point or a line, which has no box, left out: 'a.json, shape 2'"]


def test_images_without_a_file_of_labelme_and_other_json_beside(tmp_path):
    write_labelme(tmp_path, {"train": DATA["train"]})
    (tmp_path / "train/c.json").unlink()
    write(tmp_path / "package.json", {"name": "x"})
    dataset = load("labelme", tmp_path)
    assert targets(dataset)["train"] == expected(DATA)["train"]
    assert dataset.problems == ["1 image has no annotation, taken as showing no object: 'train/c.png'"]
    assert len(load("labelme", tmp_path, unlabeled="leave-out").train) == 2


def test_difficult_shapes_and_a_single_file_of_labelme(tmp_path):
    difficult = {"label": "dog", "points": [[1, 1], [5, 5]], "shape_type": "rectangle", "difficult": True}
    labelme(tmp_path, difficult)
    assert load("labelme", tmp_path).train[0].target["crowd"] == [False, True]
    assert "crowd" not in load("labelme", tmp_path, difficult="train").train[0].target
    with pytest.raises(UserError, match="is of one image: give the folder"):
        load("labelme", tmp_path / "a.json")


def test_shapes_of_labelme_without_label(tmp_path):
    shape = {"label": "", "points": [[1, 1], [5, 5]], "shape_type": "rectangle"}
    with pytest.raises(UserError, match="a.json, shape 2 has no label"):
        load("labelme", labelme(tmp_path, shape))


# CVAT


def cvat(tmp_path, shapes):
    write_image(tmp_path / "images/a.png", 100, 100)
    text = cvat_file({"": {"a": ((100, 100), [(1, 1, 9, 9, "cat")])}})
    write(tmp_path / "annotations.xml", text.replace("</image>", f"{shapes}\n</image>"))
    return tmp_path


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        ('<box label="dog" xtl="40" ytl="45" xbr="60" ybr="55" rotation="90"/>', [45, 40, 55, 60]),
        ('<polygon label="dog" points="10.5,20;30,25.5;12,40"/>', [10.5, 20, 30, 40]),
        ('<ellipse label="dog" cx="50" cy="50" rx="20" ry="10"/>', [30, 40, 70, 60]),
        ('<ellipse label="dog" cx="50" cy="50" rx="20" ry="10" rotation="90"/>', [40, 30, 60, 70]),
        ('<mask label="dog" rle="1, 2" left="10" top="20" width="5" height="6"/>', [10, 20, 15, 26]),
    ],
)
def test_shapes_of_cvat(tmp_path, shape, box):
    dataset = load("cvat", cvat(tmp_path, shape))
    assert boxes_of(dataset)[1] == box


def test_points_of_cvat_are_named_and_tags_are_of_the_image(tmp_path):
    dataset = load("cvat", cvat(tmp_path, '<tag label="day"/><points label="dog" points="1,2"/>'))
    assert dataset.problems == [
        "1 shape is a point or a line, or of a kind that has no box, left out: 'annotations.xml, line 5'"
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<annotations><version>1.1</version><track id='0' label='cat'/></annotations>", "tracks of a video"),
        (
            "<annotations><meta/>\n<image name='a.png'>\n<box label='x' xtl='a'/></image></annotations>",
            "annotations.xml, line 3: the box has no coordinates that are numbers",
        ),
        (
            "<annotations><image name='a.png'><box xtl='1' ytl='1' xbr='2' ybr='2'/></image></annotations>",
            "line 1: the box has no label",
        ),
        ("<annotations><version>1.1</version><image/></annotations>", "line 1: the image has no name"),
        ("<annotations><version>1.1</version><image name='a.png'>", "is not XML"),
    ],
)
def test_files_of_cvat_that_are_not_read(tmp_path, text, sentence):
    write_image(tmp_path / "a.png")
    write(tmp_path / "annotations.xml", text)
    assert recognized(tmp_path) == ["cvat"]
    with pytest.raises(UserError, match=sentence):
        load("cvat", tmp_path)


# Label Studio


def region(kind, value, **more):
    return {"type": kind, "original_width": 200, "original_height": 100, "value": value, **more}


def label_studio(tmp_path, *regions, name="/data/upload/1/3f2a91c0-a.png", tasks=()):
    write_image(tmp_path / "images/a.png", 100, 200)
    box = region("rectanglelabels", {"x": 1, "y": 1, "width": 5, "height": 5, "rectanglelabels": ["cat"]})
    task = {"id": 7, "data": {"image": name}, "annotations": [{"result": [box, *regions]}]}
    write(tmp_path / "project.json", [task, *tasks])
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "value", "box"),
    [
        ("rectanglelabels", {"x": 50, "y": 50, "width": 10, "height": 20, "rotation": 90}, [80, 50, 100, 70]),
        ("polygonlabels", {"points": [[10, 10], [20, 10], [15, 30]]}, [20, 10, 40, 30]),
        ("ellipselabels", {"x": 50, "y": 50, "radiusX": 10, "radiusY": 10}, [80, 40, 120, 60]),
    ],
)
def test_regions_of_label_studio(tmp_path, kind, value, box):
    dataset = load("label-studio", label_studio(tmp_path, region(kind, {**value, kind: ["dog"]})))
    assert recognized(tmp_path) == ["label-studio"]
    assert boxes_of(dataset)[1] == box
    assert dataset.problems == []


def test_labels_of_label_studio_may_be_regions_of_their_own(tmp_path):
    place = {"x": 10, "y": 10, "width": 10, "height": 10}
    parts = (region("rectangle", place, id="x"), region("labels", {**place, "labels": ["dog"]}, id="x"))
    dataset = load("label-studio", label_studio(tmp_path, *parts))
    assert dataset.train[0].target["labels"] == ["cat", "dog"]


@pytest.mark.parametrize(
    "name",
    [
        "/data/local-files/?d=images/a.png",
        "s3://bucket/x/a.png",
        "https://x.org/a.png?token=1",
        "images\\a.png",
    ],
)
def test_images_of_label_studio_are_found_by_any_address(tmp_path, name):
    assert load("label-studio", label_studio(tmp_path, name=name)).train[0].id == "images/a.png"


def test_tasks_of_label_studio_that_are_not_annotated_or_several_times(tmp_path):
    for stem in "bc":
        write_image(tmp_path / f"images/{stem}.png", 100, 200)
    box = {"x": 50, "y": 50, "width": 10, "height": 10, "rectanglelabels": ["dog"]}
    later = {"created_at": "2024-02-01", "result": [region("rectanglelabels", box)]}
    earlier = {"created_at": "2024-01-01", "result": []}
    cancelled = {"created_at": "2024-03-01", "was_cancelled": True, "result": []}
    tasks = [
        {"id": 8, "data": {"image": "b.png"}, "annotations": []},
        {"id": 9, "data": {"image": "c.png"}, "annotations": [later, earlier, cancelled]},
    ]
    dataset = load("label-studio", label_studio(tmp_path, tasks=tasks))
    assert [dataset.train[index].target["labels"] for index in range(2)] == [["cat"], ["dog"]]
    assert dataset.problems[:2] == [
        "1 task is not annotated, left out: 'project.json, task 8'",
        "1 task has several annotations, of which the latest is read: 'project.json, task 9'",
    ]


def test_the_short_export_of_label_studio(tmp_path):
    write_image(tmp_path / "a.png", 100, 200)
    box = {"x": 10, "y": 10, "width": 10, "height": 10, "rotation": 0, "rectanglelabels": ["cat"]}
    row = {
        "image": "/data/upload/a.png",
        "id": 1,
        "label": [{**box, "original_width": 200, "original_height": 100}],
    }
    write(tmp_path / "short.json", [row])
    assert recognized(tmp_path) == ["label-studio"]
    assert boxes_of(load("label-studio", tmp_path)) == [[20, 10, 40, 20]]


def test_regions_of_label_studio_that_are_not_read(tmp_path):
    key_point = region("keypointlabels", {"x": 1, "y": 1, "width": 1, "keypointlabels": ["eye"]})
    choice = {"type": "choices", "value": {"choices": ["good"]}}
    dataset = load("label-studio", label_studio(tmp_path, key_point, choice))
    assert len(dataset.problems) == 1
    assert "'project.json, task 7, region 2'" in dataset.problems[0]
    unlabeled = region("rectangle", {"x": 1, "y": 1, "width": 5, "height": 5})
    with pytest.raises(UserError, match="project.json, task 7, region 2 has no label"):
        load("label-studio", label_studio(tmp_path, unlabeled))


# VIA


def via(tmp_path, shape, attributes=None, **options):
    write_image(tmp_path / "a.png", 100, 100)
    content = via_file({"a": ((100, 100), [(1, 1, 9, 9, "cat")])})
    entry = next(iter(content.values()))
    entry["regions"].append({"shape_attributes": shape, "region_attributes": attributes or {"class": "dog"}})
    write(tmp_path / "project.json", {"_via_settings": {}, "_via_img_metadata": content})
    assert recognized(tmp_path) == ["via"]
    return load("via", tmp_path, **options)


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        ({"name": "circle", "cx": 50, "cy": 40, "r": 10}, [40, 30, 60, 50]),
        ({"name": "ellipse", "cx": 50, "cy": 50, "rx": 20, "ry": 10, "theta": 0}, [30, 40, 70, 60]),
        ({"name": "polygon", "all_points_x": [1, 9, 5], "all_points_y": [2, 3, 8]}, [1, 2, 9, 8]),
    ],
)
def test_shapes_of_via(tmp_path, shape, box):
    dataset = via(tmp_path, shape)
    assert boxes_of(dataset)[1] == box
    assert dataset.problems == []


def test_points_of_via_are_named(tmp_path):
    problems = via(tmp_path, {"name": "point", "cx": 1, "cy": 1}).problems
    assert "'project.json, 'a.png', region 2'" in problems[0]


def test_the_attribute_of_via_that_is_the_class(tmp_path):
    rect = {"name": "rect", "x": 1, "y": 1, "width": 5, "height": 5}
    ticked = via(tmp_path, rect, {"class": {"dog": True, "cat": False}})
    assert ticked.train[0].target["labels"] == ["cat", "dog"]
    with pytest.raises(UserError, match="region 2 has no 'class', which is the class"):
        via(tmp_path, rect, {"color": "red"})
    content = json.loads((tmp_path / "project.json").read_text())
    for number, entry in enumerate(content["_via_img_metadata"]["a.png123"]["regions"]):
        entry["region_attributes"] = {"breed": f"b{number}", "color": "red"}
    write(tmp_path / "project.json", content)
    with pytest.raises(
        UserError, match=r"attributes 'breed', 'color': say which .*loader.class_attribute=NAME"
    ):
        load("via", tmp_path)
    assert load("via", tmp_path, class_attribute="breed").facts == {"classes": ["b0", "b1"]}
    with pytest.raises(UserError, match="no region has the attribute 'bred'"):
        load("via", tmp_path, class_attribute="bred")


def test_regions_of_via_without_any_attribute_are_one_class(tmp_path):
    write_image(tmp_path / "a.png", 100, 100)
    rect = {"shape_attributes": {"name": "rect", "x": 1, "y": 1, "width": 5, "height": 5}}
    content = {"a.png1": {"filename": "a.png", "size": 1, "regions": {"0": rect}}}
    write(tmp_path / "via.json", content)
    dataset = load("via", tmp_path)
    assert dataset.facts == {"classes": ["object"]}
    assert dataset.problems == ["no region has an attribute: the class is called 'object'"]


def test_the_csv_of_via(tmp_path):
    write_images(tmp_path, DATA["train"])
    rows = [
        "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
    ]
    for name, (_, boxes) in DATA["train"].items():
        for row, (x1, y1, x2, y2, label) in enumerate(boxes):
            shape = {"name": "rect", "x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1}
            cells = [json.dumps(value).replace('"', '""') for value in (shape, {"class": label})]
            rows.append(f'{name}.png,9,"{{}}",{len(boxes)},{row},"{cells[0]}","{cells[1]}"')
        if not boxes:
            rows.append(f'{name}.png,9,"{{}}",0,0,"{{}}","{{}}"')
    write(tmp_path / "via_region_data.csv", "\n".join(rows))
    assert recognized(tmp_path) == ["via"]
    dataset = load("via", tmp_path)
    assert targets(dataset)["train"] == expected(DATA)["train"]
    write(tmp_path / "via_region_data.csv", "\n".join([*rows, 'a.png,9,"{}",1,0,"{x","{}"']))
    with pytest.raises(UserError, match="via_region_data.csv, line 6 has attributes that are no JSON"):
        load("via", tmp_path)


# Create ML, metadata, KITTI


def test_what_is_wrong_in_files_of_create_ml(tmp_path):
    write_createml(tmp_path, {"train": DATA["train"]})
    path = tmp_path / "train/_annotations.createml.json"
    content = json.loads(path.read_text())
    del content[0]["annotations"][1]["label"]
    write(path, content)
    with pytest.raises(UserError, match=r"_annotations.createml.json, 'a.png', annotation 2 has no label"):
        load("createml", tmp_path)
    content[0]["annotations"][1]["coordinates"] = {"x": "wide"}
    write(path, content)
    with pytest.raises(UserError, match="is no file of Create ML: expected 'float'"):
        load("createml", tmp_path)


def test_metadata_with_numbers_of_classes(tmp_path):
    write_metadata(tmp_path, classes=CLASSES)
    assert load("metadata", tmp_path).facts == {"classes": ["0", "1"]}
    write(
        tmp_path / "README.md",
        "---\ndataset_info:\n  features:\n  - name: objects\n    sequence:\n    - name: categories\n"
        "      dtype:\n        class_label:\n          names:\n            '0': cat\n            '1': dog\n"
        "---\n# Pets\n",
    )
    dataset = load("metadata", tmp_path)
    assert dataset.facts == {"classes": CLASSES}
    assert targets(dataset) == expected(DATA)


def test_metadata_whose_objects_are_none_are_refused(tmp_path):
    write(tmp_path / "metadata.jsonl", {"file_name": "a.png", "objects": [{"bbox": [1, 2, 3, 4]}, "cat"]})
    with pytest.raises(UserError, match="metadata.jsonl, line 1 has objects that are not lists of boxes and"):
        load("metadata", tmp_path)


def test_metadata_with_corners_and_objects_one_by_one(tmp_path):
    write_image(tmp_path / "a.png", 100, 100)
    objects = [{"bbox": [60, 10, 70, 20], "category": "cat"}, {"bbox": [1, 2, 9, 9], "category": "dog"}]
    write(tmp_path / "metadata.jsonl", json.dumps({"file_name": "a.png", "objects": objects}) + "\n")
    dataset = load("metadata", tmp_path)
    assert boxes_of(dataset) == [[60, 10, 70, 20], [1, 2, 9, 9]]
    assert dataset.options.box_format == "xyxy"
    assert "two corners" in dataset.problems[0]
    assert not dataset.problems[0].wrong
    clipped = load("metadata", tmp_path, box_format="xywh")
    assert boxes_of(clipped)[0] == [60, 10, 100, 30]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            {"file_name": "a.png", "objects": {"bbox": [[1, 2, 3]], "categories": [0]}},
            "line 4 has 1 boxes and 1",
        ),
        (
            {"file_name": "a.png", "objects": {"bbox": [[1, 2, 3, 4]], "categories": []}},
            "1 boxes and 0 classes",
        ),
        ({"file_name": "a.png", "objects": 7}, "line 4 has objects that are not lists"),
        ({"objects": {}}, "line 4 has no file_name"),
    ],
)
def test_lines_of_metadata_that_are_not_read(tmp_path, line, sentence):
    write_images(tmp_path, DATA["train"])
    write(tmp_path / "metadata.jsonl", metadata_lines(DATA["train"]) + json.dumps(line))
    with pytest.raises(UserError, match=f"metadata.jsonl, .*{sentence}"):
        load("metadata", tmp_path)


def test_kitti_as_it_is_published(tmp_path):
    write_kitti(tmp_path, {"training": DATA["train"]})
    write_images(tmp_path / "training/image_3", DATA["train"])
    write_images(tmp_path / "testing/image_2", DATA["test"])
    path = tmp_path / "training/label_2/b.txt"
    path.write_text(path.read_text() + "DontCare -1 -1 -10 1 1 9 9 -1 -1 -1 -1000 -1000 -1000 -10\n")
    assert recognized(tmp_path) == ["kitti"]
    dataset = load("kitti", tmp_path)
    assert dataset.train[0].id == "training/image_2/a.png"
    assert dataset.train[1].target["labels"] == ["dog", "cat", "dog"]
    assert dataset.train[1].target["crowd"] == [False, True, True]
    assert dataset.problems == ["1 image is of a split without labels, left out: 'testing/image_2/e.png'"]
    path.write_text("Car 1 2\n")
    with pytest.raises(
        UserError, match=r"label_2/b.txt, line 1: 'Car 1 2' is no object: a type and 14 numbers"
    ):
        load("kitti", tmp_path)


def test_images_that_are_missing_or_not_listed_are_named(tmp_path):
    write_via(tmp_path, {"train": DATA["train"]})
    (tmp_path / "train/b.png").unlink()
    write_image(tmp_path / "train/z.png")
    assert load("via", tmp_path).problems == [
        "1 image is missing, left out: 'b.png'",
        "1 image is not listed, left out: 'train/z.png'",
    ]
    labels = tmp_path / "labels.json"
    write(labels, label_studio_file(DATA["train"]))
    write_images(tmp_path / "pool", DATA["train"])
    dataset = load("label-studio", labels, images=str(tmp_path / "pool"))
    assert targets(dataset)["train"] == expected(DATA)["train"]


def test_two_exports_that_annotate_the_same_images_are_refused(tmp_path):
    images = {name: DATA["train"][name] for name in "ab"}
    write_images(tmp_path, DATA["train"])
    write(tmp_path / "project-1.json", label_studio_file(images))
    write(tmp_path / "project-2.json", label_studio_file({"c": ((20, 20), [(1, 1, 5, 5, "cat")])}))
    assert len(load("label-studio", tmp_path).train) == 3
    write(tmp_path / "project-2.json", label_studio_file(images))
    with pytest.raises(
        UserError, match="project-1.json and project-2.json .* both annotate '/data/upload/1/a"
    ):
        load("label-studio", tmp_path)


HUGE = 10**400
"""JSON can hold it, and no coordinate can."""


def test_numbers_too_large_for_a_coordinate_are_said(tmp_path):
    write_image(tmp_path / "m/a.png", 100, 100)
    objects = {"bbox": [[HUGE, 1, 2, 3]], "categories": ["cat"]}
    write(tmp_path / "m/metadata.jsonl", json.dumps({"file_name": "a.png", "objects": objects}) + "\n")
    with pytest.raises(UserError, match="not lists of boxes"):
        load("metadata", tmp_path / "m")
    value = {"x": HUGE, "y": 1, "width": 1, "height": 1, "rectanglelabels": ["dog"]}
    with pytest.raises(UserError, match="no numbers for its place"):
        load("label-studio", label_studio(tmp_path / "l", region("rectanglelabels", value)))
    with pytest.raises(UserError, match="no coordinates that are numbers"):
        via(tmp_path / "v", {"name": "circle", "cx": HUGE, "cy": 40, "r": 10})


@pytest.mark.parametrize("regions", [5, "rect", True])
def test_regions_of_via_that_are_no_list_are_said(tmp_path, regions):
    content = via_file({"a": ((100, 100), [(1, 1, 9, 9, "cat")])})
    next(iter(content.values()))["regions"] = regions
    write_image(tmp_path / "a.png", 100, 100)
    write(tmp_path / "project.json", {"_via_settings": {}, "_via_img_metadata": content})
    with pytest.raises(UserError, match=r"the regions of 'a.png' are \w+, no list"):
        load("via", tmp_path)
