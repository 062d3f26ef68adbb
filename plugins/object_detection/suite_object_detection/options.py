"""The options of loaders and model builders, and at prediction. Imports neither numpy nor Keras."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from suite.options import FROM_REQUESTS, OF_DATA, Auto, Meta, Options
from suite_images.channels import Channels
from suite_images.classes import ClassOptions

Share = Annotated[float, Meta(ge=0, le=1)]

# Options of loaders.

Unlabeled = Annotated[
    Literal["background", "leave-out"],
    Meta(
        description="what becomes of an image without a label file: it counts as an image without objects, or"
        " is left out"
    ),
]


Images = Annotated[
    str,
    Meta(
        description="folder with the images; empty: they are looked for beside the annotations", extra=OF_DATA
    ),
]

Ignored = Literal["ignore", "train"]
Difficult = Annotated[
    Ignored,
    Meta(
        description="what becomes of boxes marked difficult: ignored in training and scores, or used as any"
        " other"
    ),
]

BoxFormat = Annotated[
    Literal["auto", "xywh", "xyxy"],
    Meta(
        description="what the four numbers of a box are: x, y, width and height, or two corners; auto: xyxy"
        " if boxes would reach out of their images as xywh, else xywh"
    ),
]


class BoxOptions(ClassOptions, frozen=True):
    """The options of every loader of boxes. Derive the loader's own options from it."""

    orientation: Annotated[
        Literal["auto", "upright", "stored"],
        Meta(
            description="what boxes of images turned by Exif were drawn on: the upright image, or the image"
            " as it is stored; auto: as their sizes tell, else upright"
        ),
    ] = "auto"

    ignored_option: ClassVar[str] = ""
    """The name of the option by which boxes that are to be ignored are trained on; empty if it has none."""

    @property
    def ignores(self) -> bool:
        """Whether boxes that are marked so are ignored in training and scores."""
        return not self.ignored_option or getattr(self, self.ignored_option) == "ignore"

    @property
    def way_to_train_on_ignored(self) -> str:
        """The end of a sentence: by which option boxes that are to be ignored are used as any other."""
        name = self.ignored_option
        return f". --set loader.{name}=train uses them as any other" if name else ""


class CrowdOptions(BoxOptions, frozen=True):
    """Of formats that mark boxes around groups."""

    crowds: Annotated[
        Ignored,
        Meta(
            description="what becomes of boxes marked as around a crowd: ignored in training and scores, or"
            " used as any other"
        ),
    ] = "ignore"

    ignored_option: ClassVar[str] = "crowds"


class CocoOptions(CrowdOptions, frozen=True):
    """Options of the loader `coco`."""

    images: Images = ""


class VocOptions(BoxOptions, frozen=True):
    """Options of the loader `voc`."""

    difficult: Difficult = "ignore"
    first_pixel: Annotated[
        Literal["auto", "0", "1"],
        Meta(
            description="the number of the first pixel: 1 as in Pascal VOC, whose xmax is the object's last"
            " pixel; 0 if xmax is its right edge; auto: 0 if any coordinate is 0, else 1"
        ),
    ] = "auto"
    unlabeled: Unlabeled = "background"

    ignored_option: ClassVar[str] = "difficult"


class YoloOptions(BoxOptions, frozen=True):
    """Options of the loader `yolo`."""

    unlabeled: Unlabeled = "background"
    beyond: Annotated[
        Literal["auto", "outline", "keypoints"],
        Meta(
            description="what lines with more than four numbers behind the class are: the outline of the"
            " object, or its box and then key points, which are passed over; auto: as kpt_shape or the"
            " numbers themselves tell"
        ),
    ] = "auto"
    images: Images = ""


class CsvOptions(CrowdOptions, frozen=True):
    """Options of the loader `csv`."""

    path_column: Annotated[
        str, Meta(description="column with the images' paths; empty: found by its name")
    ] = ""
    label_column: Annotated[str, Meta(description="column with the classes; empty: found by its name")] = ""
    split_column: Annotated[
        str,
        Meta(description="column that says train, validation or test; empty: found by its name, if any"),
    ] = ""
    group_column: Annotated[
        str,
        Meta(description="column of what examples belong to (a patient, say), which splits keep together"),
    ] = ""
    box_columns: Annotated[
        list[str],
        Meta(
            description="columns with left, upper, right and lower edge, or, called as such, x, y, width and"
            " height; empty: found by their names"
        ),
    ] = []  # noqa: RUF012 (msgspec copies it)
    unit: Annotated[
        Literal["auto", "pixels", "normalized"],
        Meta(
            description="what boxes are in: pixels, or normalized, as shares of the image's width and height;"
            " auto: normalized if all numbers are from 0 to 1"
        ),
    ] = "auto"
    box_format: BoxFormat = "auto"
    images: Images = ""


class FileOptions(BoxOptions, frozen=True):
    """Options of the loaders `cvat`, `createml` and `label-studio`."""

    images: Images = ""


class ViaOptions(FileOptions, frozen=True):
    """Options of the loader `via`."""

    class_attribute: Annotated[
        str,
        Meta(description="attribute of regions that is the class; empty: the only one, or found by its name"),
    ] = ""


class MetadataOptions(CrowdOptions, frozen=True):
    """Options of the loader `metadata`."""

    box_format: BoxFormat = "auto"
    images: Images = ""


class ParquetOptions(CrowdOptions, frozen=True):
    """Options of the loader `parquet`."""

    image_column: Annotated[
        str, Meta(description="column with the images themselves; empty: found by what it holds")
    ] = ""
    objects_column: Annotated[
        str,
        Meta(description="column with the boxes and classes of an image's objects; empty: found by its name"),
    ] = ""
    box_format: BoxFormat = "auto"


class LabelmeOptions(BoxOptions, frozen=True):
    """Options of the loader `labelme`."""

    difficult: Difficult = "ignore"
    unlabeled: Unlabeled = "background"

    ignored_option: ClassVar[str] = "difficult"


class KittiOptions(BoxOptions, frozen=True):
    """Options of the loader `kitti`."""

    unlabeled: Unlabeled = "background"


# Options of model builders.

Side = Annotated[int, Meta(ge=32, le=4096)]
Scale = Annotated[float, Meta(ge=0.05, le=20)]
Tiles = Auto | Literal["off"] | Annotated[int, Meta(ge=32, le=8192)]
Overlap = Annotated[float, Meta(ge=0, le=0.75)]
# Two numbers are a tuple of bounded length, not tuple[Side, Side]: msgspec 0.22 crashes in garbage collection
# on a union of a bounded number with a tuple of fixed length.
Range = Annotated[tuple[Scale, ...], Meta(min_length=2, max_length=2)]


class DetectionOptions(Options, frozen=True):
    """What every builder of this task takes: the input, targets and augmentation. Derive from it."""

    size: Annotated[
        Auto | Side | Annotated[tuple[Side, ...], Meta(min_length=2, max_length=2)],
        Meta(description="the network's input in pixels: a side or [height, width], multiples of 32"),
    ] = "auto"
    bits: Annotated[
        Auto | Annotated[int, Meta(ge=8, le=16)],
        Meta(
            description="how many bits of images with 16 per value are used: 12 if white is 4,095; auto: as"
            " many as the largest value of a sample needs"
        ),
    ] = "auto"
    channels: Channels = "auto"
    max_boxes: Annotated[
        Auto | Annotated[int, Meta(ge=1, le=2000)],
        Meta(description="boxes per image that the loss sees; if there are more, the largest"),
    ] = "auto"
    tiles: Annotated[
        Tiles,
        Meta(
            description="the longer side, in pixels of the image, of the tiles that images are learned from"
            " and predicted in; off: whole images; auto: tiles if objects would be smaller than the network's"
            " finest stride"
        ),
    ] = "auto"
    tile_overlap: Annotated[
        Auto | Overlap,
        Meta(
            description="share of a tile that the next one shows too; auto: enough for most objects to be"
            " seen whole"
        ),
    ] = "auto"
    scale: Annotated[
        Auto | Range,
        Meta(description="smallest and largest random size of an image; 1 is that of prediction"),
    ] = "auto"
    translate: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=1)],
        Meta(description="largest random shift beyond that, as a share of the input"),
    ] = "auto"
    aspect_ratio: Annotated[
        Auto | Annotated[float, Meta(ge=1, le=4)],
        Meta(description="largest factor by which proportions change at random; 1 is off"),
    ] = "auto"
    rotate: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=180)], Meta(description="largest random rotation in degrees")
    ] = "auto"
    shear: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=45)], Meta(description="largest random shear in degrees")
    ] = "auto"
    flip: Annotated[Auto | bool, Meta(description="whether images are mirrored, left to right")] = "auto"
    flip_vertical: Annotated[
        Auto | bool, Meta(description="whether images are mirrored, top to bottom: for images without an up")
    ] = "auto"
    quarter_turns: Annotated[
        Auto | bool, Meta(description="whether images are turned by 90 degrees: for images without an up")
    ] = "auto"
    color_jitter: Annotated[
        Auto | Annotated[float, Meta(ge=0, le=2)],
        Meta(description="strength of random brightness, contrast, saturation and hue"),
    ] = "auto"
    grayscale: Annotated[Auto | Share, Meta(description="share of images that lose all color")] = "auto"
    mosaic: Annotated[Auto | Share, Meta(description="share of images that are put together from four")] = (
        "auto"
    )
    mosaic_scale: Annotated[Auto | Range, Meta(description="as scale, of the images in a mosaic")] = "auto"
    mixup: Annotated[Auto | Share, Meta(description="share of images blended with another")] = "auto"
    visible: Annotated[
        Auto | Share,
        Meta(description="share of a box that has to be left for it to count if its image is cut"),
    ] = "auto"
    clean: Annotated[
        Auto | Share,
        Meta(description="share of the training, at its end, without mosaic, MixUp, rotation and shear"),
    ] = "auto"


class DetectorOptions(DetectionOptions, frozen=True):
    """A one-stage detector trained from scratch, or from the weights of another (`--init`)."""

    network: Annotated[
        Auto | Literal["nano", "small", "medium"], Meta(description="how large the network is")
    ] = "auto"
    candidates: Annotated[
        int, Meta(ge=1, le=100, description="locations per box that learn it, at most (top-k of TOOD)")
    ] = 10
    box_weight: Annotated[float, Meta(ge=0, description="weight of the boxes' overlap in the loss")] = 7.5
    class_weight: Annotated[float, Meta(ge=0, description="weight of the classes in the loss")] = 0.5
    distance_weight: Annotated[
        float, Meta(ge=0, description="weight of the distribution focal loss of the boxes' edges")
    ] = 1.5


class PresetOptions(DetectionOptions, frozen=True):
    """A keras-hub preset."""

    preset: Annotated[
        str,
        Meta(
            description="a keras-hub preset's name (RetinaNet, D-FINE, or a backbone such as ResNet), or the"
            " folder of one; fetched only when it is a name"
        ),
    ] = "retinanet_resnet50_fpn_v2_coco"
    load_weights: Annotated[
        bool, Meta(description="whether the preset's weights are loaded, or only its architecture")
    ] = True
    frozen_share: Annotated[
        Auto | Share, Meta(description="share of the epochs in which a RetinaNet's backbone stays as it is")
    ] = "auto"
    backbone_learning_rate: Annotated[
        Auto | Annotated[float, Meta(gt=0, le=1)],
        Meta(description="factor of the learning rate once a RetinaNet's backbone learns too"),
    ] = "auto"


# Options at prediction.


class DetectionPredictionOptions(Options, frozen=True):
    """Which detections are kept."""

    threshold: Annotated[
        Auto | Share,
        Meta(description="score from which an object counts as detected; auto: the best on validation"),
    ] = "auto"
    iou_threshold: Annotated[
        Auto | Share,
        Meta(
            description="of two boxes of a class that overlap more than this, the one with the lower score"
            " is left out"
        ),
    ] = "auto"
    max_detections: Annotated[
        Auto | Annotated[int, Meta(ge=1, le=100_000)],
        Meta(description="detections per image at most: those with the highest scores"),
    ] = "auto"
    classes: Annotated[
        tuple[str, ...], Meta(description="only these classes; empty: all", extra=FROM_REQUESTS)
    ] = ()
    thresholds: Annotated[
        dict[str, Share],
        Meta(description="thresholds of single classes: '{cat = 0.3, dog = 0.6}'", extra=FROM_REQUESTS),
    ] = {}  # noqa: RUF012 (msgspec copies it)
    tiles: Annotated[
        Tiles,
        Meta(
            description="the longer side, in pixels of the image, of the tiles that it is predicted in; off:"
            " as a whole; auto: as the model was trained"
        ),
    ] = "auto"
    tile_overlap: Annotated[
        Auto | Overlap, Meta(description="share of a tile that the next one shows too")
    ] = "auto"
    augment: Annotated[
        bool,
        Meta(description="predict every image mirrored as well and join both: twice the time"),
    ] = False
