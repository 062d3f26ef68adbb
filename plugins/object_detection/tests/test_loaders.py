"""A data set written as COCO, Pascal VOC, YOLO and CSV is the same; what holds for every format."""

import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxes_on_disk import (
    CLASSES,
    DATA,
    FORMATS,
    WRITERS,
    coco_file,
    expected,
    load,
    recognized,
    targets,
    write,
    write_image,
)
from suite import UserError


@pytest.mark.parametrize("kind", FORMATS)
def test_a_data_set_is_the_same_in_every_format(tmp_path, kind):
    WRITERS[kind](tmp_path)
    assert recognized(tmp_path) == [kind]
    options = {"first_pixel": "1"} if kind == "voc" else {}
    dataset = load(kind, tmp_path, **options)
    assert targets(dataset) == expected(DATA)
    assert dataset.facts == {"classes": CLASSES}
    assert list(dataset.problems) == []


@pytest.mark.parametrize("kind", sorted(set(FORMATS) - {"parquet"}))
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
    splits = {}
    for split, letter in (("train", "t"), ("val", "v")):
        splits[split] = {}
        for name in draw(names):
            height, width = draw(st.integers(1, 90)), draw(st.integers(1, 90))
            boxes = []
            for _ in range(draw(st.integers(0, 4))):
                x1, y1 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
                x2, y2 = draw(st.integers(x1 + 1, width)), draw(st.integers(y1 + 1, height))
                boxes.append((x1, y1, x2, y2, draw(st.sampled_from(CLASSES))))
            splits[split][letter + name] = ((height, width), list(dict.fromkeys(boxes)))
    splits["train"]["all"] = ((20, 20), [(0, 1, 5, 6, "cat"), (0, 0, 20, 20, "dog")])
    return splits


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data_sets())
def test_any_data_set_is_the_same_in_every_format(tmp_path, data):
    for kind, writer in WRITERS.items():
        shutil.rmtree(tmp_path / kind, ignore_errors=True)
        writer(tmp_path / kind, data)
        dataset = load(kind, tmp_path / kind, **({"first_pixel": "1"} if kind == "voc" else {}))
        assert targets(dataset) == expected(data)
        assert dataset.facts == {"classes": CLASSES}


def test_class_folders_of_images_are_nobodys(tmp_path):
    for name in ("cat/1.png", "cat/2.png", "dog/1.png"):
        write_image(tmp_path / name)
    assert recognized(tmp_path) == []
    for kind, sentence in {
        "coco": "has no COCO file: a JSON with images, annotations and categories",
        "voc": "has no annotations of Pascal VOC: an XML for each image",
        "yolo": "has no labels of YOLO: a text file for each image",
        "csv": "has no table .* with columns of boxes: xmin, ymin, xmax, ymax",
        "labelme": "has no annotations of LabelMe: a JSON with shapes for each image",
        "cvat": "has no CVAT file: an XML with <annotations>",
        "label-studio": "has no Label Studio file: a list of tasks",
        "via": "has no VIA file: a project, or annotations exported",
        "createml": "has no Create ML file: a list of images",
        "metadata": "has no metadata file: a metadata.jsonl",
        "kitti": "has no labels of KITTI: a text file for each image",
        "parquet": "is no .parquet file, nor a folder with some",
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


FILES = {
    "coco": "annotations/instances_train2017.json",
    "voc": "Annotations/a.xml",
    "yolo": "labels/train/a.txt",
    "csv": "train.csv",
    "labelme": "train/a.json",
    "cvat": "annotations.xml",
    "label-studio": "train.json",
    "via": "train/via_region_data.json",
    "createml": "train/_annotations.createml.json",
    "metadata": "train/metadata.jsonl",
    "kitti": "train/label_2/a.txt",
    "parquet": "data/train-00000-of-00001.parquet",
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_many_images_take_little_memory(tmp_path):
    count = 2000
    images = {f"{index:06}": ((40, 60), [(1, 2, 30, 40, "cat")] * 1) for index in range(count)}
    (tmp_path / "images").mkdir()
    for name in images:
        (tmp_path / f"images/{name}.png").touch()
    write(tmp_path / "train.json", coco_file(images))
    train = load("coco", tmp_path).train
    arrays = (train.files, train.sizes, train.starts, train.boxes, train.labels, train.crowd, train.areas)
    assert sum(array.nbytes for array in arrays) < 100 * count


DATA_FOLDER = Path(os.environ.get("SUITE_DATA", Path(__file__).parents[4] / "shared/data"))


@pytest.mark.slow
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
    assert [len(split) for split in dataset.splits.values()] == counts
    assert sum(len(split.boxes) for split in dataset.splits.values()) == boxes
    assert dataset.facts == {"classes": classes}
    assert list(dataset.problems) == []
