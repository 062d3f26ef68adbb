"""Tables with a row per box as people have them, and everything that is wrong in them."""

import pytest

from boxes_on_disk import load, recognized, targets, write, write_image
from suite import UserError


def csv(tmp_path, text, name="train.csv", images=("a", "b")):
    for stem in images:
        write_image(tmp_path / f"images/{stem}.png")
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


def test_a_column_says_the_split(tmp_path):
    text = "path,x1,y1,x2,y2,label,split\na.png,1,2,3,4,cat,train\nb.png,1,2,3,4,cat,VAL\n"
    dataset = load("csv", csv(tmp_path, text))
    assert list(dataset.splits) == ["train", "validation"]


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
        (",1,2,3,4,cat", "train.csv, line 2 has no path of an image"),
        ("a.png,1,2,3,4,cat\na.png,1,2", "train.csv, line 3 has 3 cells, but the first row has 6"),
        ("gone.png,1,2,3,4,cat", "none of its 1 images is in .*: 'gone.png'"),
        ("a.png,nan,2,3,4,cat", "train.csv, line 2: the box nan, 2, 3, 4 is not of finite numbers"),
        ("a.png,.1,.2,.3,.4,cat\nb.png,1,2,3,4,cat", "train.csv, line 2: .* looks like shares"),
    ],
)
def test_rows_that_must_not_be_trained_on(tmp_path, rows, sentence):
    with pytest.raises(UserError, match=sentence):
        load("csv", csv(tmp_path, f"path,x1,y1,x2,y2,label\n{rows}\n"))


def test_a_table_of_a_split_that_has_no_boxes_is_reported(tmp_path):
    csv(tmp_path, "path,x1,y1,x2,y2,label\na.png,1,2,3,4,cat\n")
    write(tmp_path / "val.csv", "path,label\na.png,cat\n")
    dataset = load("csv", tmp_path)
    assert dataset.problems[0] == "1 table has no columns of boxes, left out: 'val.csv'"


def test_the_validation_split_is_not_trained_on_if_the_table_of_the_training_split_is_none(tmp_path):
    csv(tmp_path, "\0\1", "train.csv")
    csv(tmp_path, "path,x1,y1,x2,y2,label\na.png,1,2,3,4,cat\n", "val.csv")
    with pytest.raises(
        UserError, match=r"no training split, only validation\n.*no columns of boxes.*'train.csv'"
    ):
        load("csv", tmp_path)


def test_images_that_are_missing_or_in_no_row_are_named(tmp_path):
    text = "path,x1,y1,x2,y2,label\na.png,1,2,3,4,cat\ngone.png,1,2,3,4,cat\n"
    assert load("csv", csv(tmp_path, text)).problems == [
        "1 image is missing, left out: 'gone.png'",
        "1 image is in no row, left out: 'images/b.png'",
    ]


def test_a_box_in_one_cell_and_a_single_class(tmp_path):
    text = 'image_id,width,height,bbox,source\na,60,40,"[10.0, 20.0, 20.0, 20.0]",farm_1\nb,60,40,[],farm_2\n'
    csv(tmp_path, text)
    assert recognized(tmp_path) == ["csv"]
    with pytest.raises(UserError, match="no column for the classes.*say --set loader.single_class=true"):
        load("csv", tmp_path)
    dataset = load("csv", tmp_path, single_class=True)
    assert dataset.facts == {"classes": ["object"]}
    assert dataset.train[0].target["boxes"] == [[10, 20, 30, 40]]
    assert dataset.train[1].target["boxes"] == []
    assert dataset.options.box_format == "xywh"
    assert dataset.problems == []


def test_a_box_in_one_cell_may_be_two_corners(tmp_path):
    text = 'file,box,label\na.png,"(30, 20, 50, 40)",cat\nb.png,1 2 3 4,cat\n'
    dataset = load("csv", csv(tmp_path, text))
    assert [dataset.train[index].target["boxes"] for index in range(2)] == [
        [[30, 20, 50, 40]],
        [[1, 2, 3, 4]],
    ]
    assert dataset.options.box_format == "xyxy"
    assert "two corners" in dataset.problems[0]
    with pytest.raises(UserError, match=r"train.csv, line 2: the box \[1, 2, 3\] is not of four numbers"):
        load("csv", csv(tmp_path, 'file,box,label\na.png,"[1, 2, 3]",cat\n') / "train.csv")


def test_several_tables_of_a_split_are_one_data_set_unless_they_have_the_same_images(tmp_path):
    header = "filename,class,xmin,ymin,xmax,ymax\n"
    csv(tmp_path, f"{header}a.png,cat,1,2,3,4\n", "boxes_1.csv")
    csv(tmp_path, f"{header}b.png,dog,1,2,3,4\n", "boxes_2.csv")
    dataset = load("csv", tmp_path)
    assert len(dataset.train) == 2
    assert dataset.facts == {"classes": ["cat", "dog"]}
    csv(tmp_path, f"{header}a.png,cat,1,2,3,5\n", "boxes_2.csv")
    with pytest.raises(
        UserError, match=r"boxes_1.csv and boxes_2.csv are of the same split, and both annotate 'a"
    ):
        load("csv", tmp_path)
