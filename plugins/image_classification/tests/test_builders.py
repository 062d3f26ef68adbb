"""From a dataset and options to a pipeline: what is chosen, and that the user's word wins."""

from __future__ import annotations

import cv2
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite.data import Dataset, Example
from suite.options import as_dict, parse
from suite.training_options import TrainingOptions
from suite_image_classification import builders, pretrained
from suite_image_classification.assembly import balanced_weights
from suite_image_classification.options import ApplicationsOptions, PresetOptions, ResidualOptions
from suite_image_classification.presets import builder as preset_builder
from suite_image_classification.recipes import batch_for, epochs_for
from suite_image_classification.survey import survey_of
from suite_images.inspection import endless_note


def data(
    height: int = 16,
    width: int = 16,
    classes: tuple[str, ...] = ("cat", "dog"),
    *,
    counts: tuple[int, ...] = (12, 4),
    gray: bool = False,
    multi_label: bool = False,
) -> Dataset:
    generator = np.random.default_rng(0)
    names = [name for name, count in zip(classes, counts, strict=False) for _ in range(count)]
    train = []
    for index, name in enumerate(names):
        image = generator.integers(0, 256, (height, width, 1 if gray else 3), dtype=np.uint8)
        train.append(Example(str(index), image, [name] if multi_label else name))
    return Dataset(train=train, facts={"classes": list(classes), "multi_label": multi_label})


def batch_of(pipeline, dataset):
    examples = [pipeline.batch_maker.prepare(example) for example in dataset.train]
    return pipeline.batch_maker.make(examples, np.random.default_rng(0), 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("multi_label", [False, True])
def test_a_pipeline_fits_together(multi_label):
    dataset = data(multi_label=multi_label)
    pipeline = builders.residual(dataset, ResidualOptions(width=4))
    inputs, targets = batch_of(pipeline, dataset)
    outputs = np.asarray(pipeline.network(inputs, training=False))
    assert np.isfinite(float(pipeline.loss(targets, outputs)))
    assert (pipeline.targets(dataset.train[0].target) == [1, 0]).all()
    prediction = pipeline.codec.decode(outputs[0])
    assert set(prediction.scores) == {"cat", "dog"}
    assert isinstance(prediction.label, list) is multi_label


def test_nothing_is_left_to_be_chosen_and_the_recipe_holds_training_options():
    pipeline = builders.residual(data(), ResidualOptions(width=4))
    assert "auto" not in as_dict(pipeline.options).values()
    training = parse(TrainingOptions, pipeline.recipe, "[training]")
    assert training.epochs != "auto"
    assert training.batch_size != "auto"


@pytest.mark.slow
def test_the_users_word_wins():
    options = ResidualOptions(size=24, width=4, crop=0.5, flip=False, label_smoothing=0.0, clean=0.2)
    pipeline = builders.residual(data(), options)
    assert pipeline.codec.size == (24, 24)
    for name in ("size", "width", "crop", "flip", "label_smoothing", "clean"):
        assert getattr(pipeline.options, name) == getattr(options, name)
    assert pipeline.batch_maker.augmentation.crop == 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("height", "width", "architecture", "size"),
    [(8, 8, "small", (8, 8)), (28, 20, "small", (28, 20)), (256, 192, "photograph", (112, 112))],
)
def test_the_architecture_follows_the_images(height, width, architecture, size):
    pipeline = builders.residual(data(height, width), ResidualOptions(width=4))
    assert pipeline.options.architecture == architecture
    assert pipeline.codec.size == size


def test_images_of_many_sizes_get_one():
    small, large = data(20, 30), data(40, 40)
    dataset = Dataset(train=[*small.train, *large.train], facts=small.facts)
    assert builders.residual(dataset, ResidualOptions(width=4)).codec.size == (32, 32)


@pytest.mark.parametrize(
    ("changes", "mirrored"),
    [
        ({}, True),
        ({"gray": True}, False),
        ({"classes": ("0", "1")}, False),
        ({"classes": ("turn left", "turn right")}, False),
    ],
)
def test_images_are_mirrored_if_that_is_likely_to_be_right(changes, mirrored):
    assert builders.residual(data(**changes), ResidualOptions(width=4)).options.flip is mirrored


def test_balanced_weights_have_the_mean_of_one_over_all_images():
    dataset = data(counts=(12, 4))
    pipeline = builders.residual(dataset, ResidualOptions(width=4, class_weights=True, mixup=0.0, cutmix=0.0))
    _, _, weights = batch_of(pipeline, dataset)
    assert sorted(set(weights.tolist())) == pytest.approx([16 / 24, 2])
    assert weights.mean() == pytest.approx(1)


@pytest.mark.parametrize(("counts", "weighted"), [((12, 4), False), ((40, 4), True)])
def test_classes_are_weighted_if_they_are_far_from_balanced(counts, weighted):
    pipeline = builders.residual(data(counts=counts), ResidualOptions(width=4))
    assert pipeline.options.class_weights is weighted


def test_no_class_outweighs_a_batch():
    weights = balanced_weights(survey_of(data(counts=(300, 1))))
    assert weights[1] == pytest.approx(10 * weights[0])


def test_one_class_cannot_be_learned():
    with pytest.raises(UserError, match="only one class"):
        builders.residual(data(classes=("cat",)), ResidualOptions())


def test_an_empty_split_cannot_be_learned_from():
    with pytest.raises(UserError, match="no image"):
        survey_of(Dataset(train=[], facts={"classes": ["a", "b"], "multi_label": False}))


def test_a_photograph_without_an_end_marker_is_named():
    content = cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))[1].tobytes()
    known = data()
    cut = Example("cut.jpg", content[:-2], "cat")
    found = survey_of(Dataset(train=[*known.train, cut, Example("b", content, "dog")], facts=known.facts))
    assert found.endless == ("cut.jpg",)
    (note,) = endless_note(found.endless, found.count)
    assert note.startswith("1 of 18 images looked at: a JPEG without an end marker")
    assert endless_note((), 18) == []


def test_a_few_broken_images_do_not_hinder_the_survey_but_only_broken_ones_do():
    whole = data()
    broken = [Example("x", b"no image", "cat")]
    assert survey_of(Dataset(train=[*broken, *whole.train], facts=whole.facts)).one_size == (16, 16)
    with pytest.raises(UserError, match="none of the sampled images"):
        survey_of(Dataset(train=broken, facts=whole.facts))


@given(st.integers(1, 10**7))
def test_more_images_never_mean_more_epochs_nor_smaller_batches(count):
    assert 1 <= epochs_for(count * 2, 40, 8, 100) <= epochs_for(count, 40, 8, 100) <= 100
    assert batch_for(count, 256) <= batch_for(count * 2, 256) <= 256


@pytest.mark.slow
def test_a_family_from_scratch_has_one_stage_and_from_weights_two(tmp_path):
    dataset = data(40, 40)
    scratch = builders.applications(dataset, ApplicationsOptions(size=32))
    assert [stage.freeze for stage in scratch.stages] == [()]
    path = tmp_path / "weights.keras"
    scratch.network.save(path)
    tuned = builders.applications(dataset, ApplicationsOptions(size=32, weights=str(path)))
    frozen, whole = tuned.stages
    (backbone,) = [layer.name for layer in tuned.network.layers if isinstance(layer, keras.Model)]
    assert frozen.freeze == (backbone,)
    assert frozen.share + whole.share == 1
    assert whole.learning_rate_factor < 1
    assert "auto" not in as_dict(tuned.options).values()


@pytest.mark.slow
def test_colors_that_change_places_never_learn_to_do_otherwise():
    pipeline = builders.applications(data(40, 40), ApplicationsOptions(size=32, family="VGG16"))
    assert all("preprocessing" in stage.freeze for stage in pipeline.stages)


def test_an_unknown_family_is_refused_before_any_image_is_read():
    dataset = Dataset(train=[], facts={"classes": ["a", "b"], "multi_label": False})
    with pytest.raises(UserError, match="did you mean 'VGG16'"):
        builders.applications(dataset, ApplicationsOptions(family="VGG-16"))


@pytest.mark.slow
def test_a_preset_is_resized_to_its_own_size_and_fine_tuned(tmp_path):
    keras_hub = pytest.importorskip("keras_hub")
    backbone = keras_hub.models.ViTBackbone(
        image_shape=(32, 32, 3), patch_size=8, num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=8
    )
    backbone.save_to_preset(tmp_path / "tiny")
    pipeline = preset_builder.build(data(40, 40), PresetOptions(preset=str(tmp_path / "tiny")))
    assert pipeline.options.size == 32
    assert len(pipeline.stages) == 2
    with pytest.raises(UserError, match="keras-hub knows"):
        preset_builder.build(data(40, 40), PresetOptions(preset="resnet_18_imagent"))
    (offer,) = pretrained.presets(str(tmp_path / "tiny"), data())
    assert offer.here
    assert offer.options == {"preset": str(tmp_path / "tiny")}
    names = [offer.name for offer in pretrained.presets("", data())]
    assert names[0] == "resnet_50_imagenet"
    assert len(names) == len(set(names))


def test_weights_in_a_file_are_those_of_the_network_that_it_is_called_after(tmp_path):
    file = tmp_path / "mobilenet_v3_small_flowers.weights.h5"
    file.write_bytes(b"")
    (offer,) = pretrained.applications(str(file), data())
    assert offer.options == {"weights": str(file), "family": "MobileNetV3Small"}
    other = tmp_path / "mine.keras"
    other.write_bytes(b"")
    assert pretrained.applications(str(other), data())[0].options == {"weights": str(other)}


def test_families_whose_weights_keras_has_downloaded_are_on_this_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "keras_home", lambda: str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5").write_bytes(b"")
    offers = pretrained.applications("", data())
    assert [offer.name for offer in offers if offer.here] == ["ResNet50V2"]
    assert offers[0].untrained == {"family": "MobileNetV3Small"}


def bands(channels: int, side: int, highest: int) -> Dataset:
    generator = np.random.default_rng(0)
    train = [
        Example(str(index), generator.integers(0, highest + 1, (side, side, channels), dtype=np.uint16), name)
        for index, name in enumerate(["cat", "dog"] * 6)
    ]
    return Dataset(train=train, facts={"classes": ["cat", "dog"], "multi_label": False})


@pytest.mark.slow
@pytest.mark.parametrize("channels", [2, 6])
@pytest.mark.parametrize(("side", "resize"), [(12, "squash"), (70, "letterbox")])
def test_images_of_any_channels_and_depth_are_taken_as_they_are(channels, side, resize):
    dataset = bands(channels, side, 4095)
    options = ResidualOptions(width=4, resize=resize)
    pipeline = builders.residual(dataset, options)
    assert (pipeline.codec.channels, pipeline.codec.bits) == (channels, 12)
    assert (pipeline.options.channels, pipeline.options.bits) == (channels, 12)
    assert pipeline.options.color_jitter == 0
    inputs = batch_of(pipeline, dataset)[0]
    assert inputs.shape[-1] == channels
    assert inputs.max() > 250
    assert pipeline.network.input.shape[-1] == channels
    assert pipeline.codec.encode(dataset.train[0].input).shape == inputs.shape[1:]
    assert type(pipeline.codec).from_json(pipeline.codec.to_json()) == pipeline.codec


@pytest.mark.slow
def test_the_user_chooses_channels_and_bits():
    pipeline = builders.residual(data(), ResidualOptions(width=4, channels=1, bits=9))
    assert (pipeline.codec.channels, pipeline.codec.bits) == (1, 9)
    assert batch_of(pipeline, data())[0].shape[-1] == 1
    photograph = builders.residual(data(70, 70), ResidualOptions(width=4, channels=1))
    assert batch_of(photograph, data(70, 70))[0].shape[-1] == 1


def test_what_needs_colors_is_refused_without_them():
    with pytest.raises(
        UserError, match="model.color_jitter changes colors, but images of 5 channels have none"
    ):
        builders.residual(bands(5, 12, 4095), ResidualOptions(width=4, color_jitter=0.5))
    with pytest.raises(UserError, match="a network of keras.applications takes 3 channels, not 5"):
        builders.applications(bands(5, 12, 4095), ApplicationsOptions(weights="none"))
    with pytest.raises(UserError, match="a preset takes 3 channels, not 5"):
        preset_builder.build(bands(5, 12, 4095), PresetOptions(load_weights=False))
