"""Boxes as they are written down: what is put right, what is left out, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite import UserError
from suite.data.dataset import Examples
from suite.sources import FolderTree
from suite_object_detection.loaders.annotations import Annotations
from suite_object_detection.loaders.cleaning import clean
from suite_object_detection.loaders.sizes import written_size

SIZE = (100, 200)


def annotations(count=1):
    names = [f"{index}.jpg" for index in range(count)]
    return Annotations(Path("data"), FolderTree("data", names, np.zeros(count, np.int64)))


def loaded(*boxes, label="cat", size=SIZE, **options):
    """The data set of one image with `boxes`, and a second one with a good box."""
    found = annotations(2)
    number = found.image("train", 0, "0.xml", size)
    for line, box in enumerate(boxes, start=1):
        found.box(number, box, label, line)
    found.box(found.image("train", 1, "1.xml", size), (10.5, 10, 20, 20), "dog", 1)
    return found.dataset(**options)


def boxes_of(dataset):
    return dataset.train[0].target["boxes"]


def test_a_good_box_is_kept_as_it_is():
    dataset = loaded((10, 20, 30.5, 40))
    assert isinstance(dataset.train, Examples)
    assert dataset.train[0].target == {"size": [100, 200], "boxes": [[10, 20, 30.5, 40]], "labels": ["cat"]}
    assert dataset.facts == {"classes": ["cat", "dog"]}
    assert dataset.problems == []


def test_an_image_without_boxes_is_an_example():
    assert loaded().train[0].target == {"size": [100, 200], "boxes": [], "labels": []}


def test_a_box_partly_outside_is_clipped_and_named():
    dataset = loaded((-5, 20, 30, 40), (190, 90, 300, 101), (10, 10, 20, 20))
    assert boxes_of(dataset) == [[0, 20, 30, 40], [190, 90, 200, 100], [10, 10, 20, 20]]
    assert dataset.problems == [
        "2 boxes are partly outside of the image, clipped: '0.xml, line 1', '0.xml, line 2'"
    ]


def test_what_rounding_did_is_clipped_without_a_word():
    dataset = loaded((-0.4, 20, 200.3, 40))
    assert boxes_of(dataset) == [[0, 20, 200, 40]]
    assert dataset.problems == []


@pytest.mark.parametrize("box", [(-20, 10, -5, 20), (200, 10, 210, 20), (10, 100, 20, 120), (10, -9, 20, 0)])
def test_a_box_entirely_outside_is_left_out_and_named(box):
    dataset = loaded(box, (10, 10, 20, 20))
    assert boxes_of(dataset) == [[10, 10, 20, 20]]
    assert dataset.problems == ["1 box is outside of the image, left out: '0.xml, line 1'"]


@pytest.mark.parametrize("box", [(10, 10, 10, 20), (10, 10, 20, 10), (5, 5, 5, 5), (0, 0, 0, 0)])
def test_a_box_without_area_is_left_out_and_named(box):
    dataset = loaded((10, 10, 20, 20), box)
    assert boxes_of(dataset) == [[10, 10, 20, 20]]
    assert dataset.problems == ["1 box is without area, left out: '0.xml, line 2'"]


@pytest.mark.parametrize("box", [(30, 40, 10, 20), (30, 20, 10, 40), (10, 40, 30, 20)])
def test_exchanged_corners_are_put_right_and_named(box):
    dataset = loaded(box)
    assert boxes_of(dataset) == [[10, 20, 30, 40]]
    assert dataset.problems == ["1 box is upside down or left for right, corners exchanged: '0.xml, line 1'"]


def test_a_doubled_box_is_left_out_and_named():
    dataset = loaded((10, 20, 30, 40), (1, 2, 3, 4), (10, 20, 30, 40))
    assert boxes_of(dataset) == [[10, 20, 30, 40], [1, 2, 3, 4]]
    assert dataset.problems == ["1 box is there twice, left out once: '0.xml, line 3'"]


def test_all_locations_of_a_problem_are_kept_though_few_are_shown():
    problem = loaded(*[(-5, line, 10, 100) for line in range(1, 6)]).problems[0]
    assert problem.endswith("'0.xml, line 1', '0.xml, line 2', '0.xml, line 3' and 2 more")
    assert len(problem.locations) == 5


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(value):
    with pytest.raises(UserError, match=r"^0.xml, line 1: the box 10, .*, 20, 20 is not of finite numbers$"):
        loaded((10, value, 20, 20))


def test_shares_where_pixels_should_be_are_refused():
    with pytest.raises(UserError, match=r"0.xml, line 1: the box 0.1, 0.2, 0.3, 0.4 looks like shares"):
        loaded((0.1, 0.2, 0.3, 0.4), (0.5, 0.5, 0.9, 1))


def test_a_tiny_box_among_others_is_no_share():
    assert len(boxes_of(loaded((0.1, 0.2, 0.9, 0.9), (10, 10, 20, 20)))) == 2


def test_an_image_of_a_single_pixel():
    dataset = loaded((0, 0, 1, 1), (0.25, 0.25, 0.5, 0.5), size=(1, 1), normalized=True)
    assert boxes_of(dataset) == [[0, 0, 1, 1], [0.25, 0.25, 0.5, 0.5]]


def test_ten_thousand_boxes_in_an_image():
    corners = [(index % 190, index // 190, index % 190 + 3, index // 190 + 4) for index in range(10_000)]
    assert boxes_of(loaded(*corners)) == [list(map(float, box)) for box in corners]


def test_several_refusals_are_one_message_with_all_that_was_found():
    wrong = [(10, np.nan, 20, line) for line in range(7)]
    with pytest.raises(UserError) as caught:
        loaded(*wrong, (-9, 1, 10, 10))
    lines = str(caught.value).split("\n  ")
    assert lines[0] == "data: 7 annotations are wrong, and training on them would be too"
    assert lines[1].startswith("0.xml, line 1: ")
    assert lines[6:] == [
        "and 2 more",
        "Beside that:",
        "1 box is partly outside of the image, clipped: '0.xml, line 8'",
    ]


def test_pixels_counted_from_one():
    dataset = loaded((1, 1, 200, 100), (5, 6, 5, 6), first_pixel=1)
    assert boxes_of(dataset) == [[0, 0, 200, 100], [4, 5, 5, 6]]
    assert dataset.problems == []


def test_crowds_and_areas():
    found = Annotations(Path("data"), annotations(2).tree, areas=True)
    number = found.image("train", 0, "a.json", SIZE)
    found.box(number, (0, 0, 10, 10), "cat", 1, crowd=True, area=50)
    found.box(number, (0, 0, 20, 10), "cat", 2)
    found.box(found.image("train", 1, "a.json", SIZE), (0, 0, 5, 5), "cat", 3, area=20)
    train = found.dataset().train
    assert train[0].target["crowd"] == [True, False]
    assert train[0].target["areas"] == [50, 200]
    assert "crowd" not in train[1].target


def test_no_box_at_all_is_refused():
    found = annotations()
    found.image("train", 0, "a", SIZE)
    with pytest.raises(UserError, match="data: no image has a box, so there is nothing to learn from"):
        found.dataset()


def test_splits_without_one_for_training():
    for splits, outcome in ((("test",), None), (("test", "validation"), "has no training split")):
        found = annotations(2)
        for file, split in enumerate(splits):
            found.box(found.image(split, file, "a", SIZE), (1, 1, 9, 9), "cat", 1)
        if outcome:
            with pytest.raises(UserError, match=outcome):
                found.dataset()
        else:
            dataset = found.dataset()
            assert len(dataset.train) == 1
            assert dataset.problems == ["there is a test split only: it is taken as the training split"]


corner = st.floats(-300, 300, allow_nan=False) | st.integers(-3, 3).map(float)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(corner, corner, corner, corner), max_size=12), st.integers(1, 120), st.integers(1, 120)
)
def test_whatever_the_boxes_are_all_that_is_kept_lies_inside_and_has_an_area(corners, height, width):
    boxes = np.array(corners, np.float64).reshape(-1, 4)
    image = np.zeros(len(boxes), np.int64)
    cleaned = clean(boxes, image, image, np.array([[height, width]]))
    kept = cleaned.boxes[cleaned.kept]
    assert (kept >= 0).all()
    assert (kept <= [width, height, width, height]).all()
    assert (kept[:, 2:] > kept[:, :2]).all()
    assert len(np.unique(kept, axis=0)) == len(kept)
    # What is not kept has a reason.
    assert (cleaned.kept | cleaned.outside | cleaned.empty | cleaned.doubled).all()


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (480, 640, (480, 640)),
        ("480", "640.0", (480, 640)),
        (None, 640, None),
        (480, "wide", None),
        (0, 640, None),
        (480, -640, None),
        (480, float("nan"), None),
        (480, 10**400, None),
        (10**30, 640, None),  # more than the arrays of sizes hold
    ],
)
def test_a_size_that_is_none_is_as_one_that_is_not_written(height, width, size):
    assert written_size(height, width) == size
