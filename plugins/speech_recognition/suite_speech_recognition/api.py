"""What another package needs to add one network, or one format of recordings, to speech recognition.

Frozen as the host's API is. Importing it costs nothing; what it offers imports what it needs when called.

A network:

    class PlainOptions(RecognitionOptions, frozen=True):
        width: Annotated[int, Meta(ge=8, description="width of the recurrent layer")] = 128

    def build(dataset, options):
        return pipeline(dataset, options, network, recipe={"epochs": 30})

    def network(rate, symbols, options):
        audio, samples, x = front(rate, options)
        x = keras.layers.LSTM(options.width, return_sequences=True)(x)
        return keras.Model({"audio": audio, "samples": samples}, outputs(x, samples, rate, symbols))

    suite.ModelBuilder(name="plain", task=TASK, build=build, codec=CODEC, options=PlainOptions,
                       prediction_options=TranscriptionOptions)

A format:

    def load(path, options):
        rows = (Utterance(cells[0], cells[1]) for cells in ...)  # the path of a recording, and its text
        return transcribed_recordings(path, {"train": rows})
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from suite_speech_recognition.declaration import CODEC, TASK
from suite_speech_recognition.options import RecognitionOptions, TranscriptionOptions

if TYPE_CHECKING:
    import keras

    from suite.data import Dataset
    from suite.pipeline import TrainablePipeline

__all__ = [
    "CODEC",
    "TASK",
    "RecognitionOptions",
    "TranscriptionOptions",
    "Utterance",
    "front",
    "outputs",
    "pipeline",
    "transcribed_recordings",
]

ModelOptions = TypeVar("ModelOptions", bound=RecognitionOptions)


class Utterance(NamedTuple):
    """A recording, or a section of one, and what is said in it.

    Attributes:
        recording: the path of a file.
        text: what is said.
        speaker: who speaks; empty if that is not known.
        start: where the section begins, in seconds; None for the beginning.
        end: where it ends; None for the end.
    """

    recording: str
    text: str
    speaker: str = ""
    start: float | None = None
    end: float | None = None


def transcribed_recordings(
    path: Path,
    splits: Mapping[str, Iterable[Utterance]],
    *,
    folder: Path | None = None,
    problems: Sequence[str] = (),
) -> Dataset:
    """The data set of recordings with transcripts, with all checks; nothing is decoded.

    Left out and named as problems: recordings that are not there, empty transcripts, bad time ranges, rows
    that repeat or contradict an earlier one. Speakers, if there are some, are kept together when splits are
    made.

    Args:
        path: the data, as messages name it: what the loader got.
        splits: the utterances by the name of their split: train, validation, test.
        folder: paths are relative to it; None is `path`, a folder or an archive, or the folder that the file
            `path` is in.
        problems: what the loader left out or found odd, a sentence each.

    Raises:
        suite.UserError: if no utterance can be used, or none for training; for a path or a transcript
            that is no text.
        ValueError: for a split of another name.
    """
    from suite import UserError
    from suite.kit import shown
    from suite.sources import is_archive, open_tree
    from suite_speech_recognition.examples import Utterances
    from suite_speech_recognition.loaders.tables import Locations

    if folder is None and path.is_file() and is_archive(path):
        locations = Locations(open_tree(path))
    else:
        locations = Locations(folder or (path if path.is_dir() else path.parent))
    utterances = Utterances()
    for split, rows in splits.items():
        for row, utterance in enumerate(rows, 1):
            recording, text, speaker, start, end = Utterance(*utterance)
            where = f"{split}, row {row}"
            for what, value in (("path of the recording", recording), ("transcript", text)):
                if not isinstance(value, str):
                    raise UserError(f"{path}: {where}: the {what} is {shown(value)}, which is no text")
            file = locations.find(recording)
            if file is None:
                utterances.leave_out("whose recording is not there", f"{where}: {recording}")
            else:
                utterances.add(split, where, file, text, speaker, start, end)
    return utterances.dataset(path, locations.tree(), problems)


def pipeline(
    dataset: Dataset,
    options: ModelOptions,
    network: Callable[[int, int, ModelOptions], keras.Model],
    *,
    defaults: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
    frame_samples: int | None = None,
) -> TrainablePipeline:
    """The pipeline of a network with CTC: with it come the alphabet, the codec, augmentation and the loss.

    Args:
        dataset: as the builder gets it.
        options: as the builder gets it, of a class derived from `RecognitionOptions`.
        network: `network(rate, symbols, options)` builds a Keras model from float32 "audio" (batch, samples)
            and int32 "samples" (batch,), the true numbers of samples, to the log-probabilities of symbols,
            float32 (batch, frames, symbols); symbol 0 is CTC's blank. `options` have no "auto" left.
        defaults: by the name of an option, what "auto" becomes. The shared options that are left out get
            what suits the data.
        recipe: values for the training options (epochs, learning_rate, ...); the user's win over them.
        frame_samples: samples from one frame of the output to the next; None if the network begins with
            `front`.

    Raises:
        suite.UserError: if nothing can be learned from the data.
        ValueError: if the network takes or gives something else.
    """
    from suite_speech_recognition.builders import assemble
    from suite_speech_recognition.recipes import shared_defaults
    from suite_speech_recognition.survey import survey

    def checked(rate: int, symbols: int, resolved: ModelOptions) -> keras.Model:
        model = network(rate, symbols, resolved)
        _check(model, symbols)
        return model

    surveyed = survey(dataset)
    shared, shared_recipe = shared_defaults(surveyed, options)
    choices = {**shared, **(defaults or {})}, {**shared_recipe, **(recipe or {})}
    return assemble(surveyed, options, choices, checked, frame_samples)


def front(rate: int, options: RecognitionOptions, channels: int = 32) -> tuple[Any, Any, Any]:
    """What a network may begin with: from audio to features, 25 frames a second.

    The log-mel spectrogram, normalized for each recording, masked while training (SpecAugment), and two
    strided convolutions.

    Args:
        rate: samples per second.
        options: without "auto"; `mels` and those of the masks are used.
        channels: of the convolutions.

    Returns:
        The inputs "audio" and "samples", and (batch, frames, features), zero in the padding.
    """
    from suite_speech_recognition.builders import network_arguments
    from suite_speech_recognition.models import ends

    arguments = network_arguments(options)
    return ends.front(rate, arguments["mels"], channels, arguments["masks"])


def outputs(x: Any, samples: Any, rate: int, symbols: int) -> Any:
    """What a network that begins with `front` ends with: log-probabilities of symbols.

    Args:
        x: (batch, frames, any), as many frames as `front` gives.
        samples: the input "samples": in the padding the blank is certain.
        rate: samples per second.
        symbols: how many, the blank among them.
    """
    from suite_speech_recognition.models import ends

    return ends.outputs(x, samples, symbols, ends.frame_samples(rate))


def _check(model: keras.Model, symbols: int) -> None:
    """Refuse a network that takes or gives something else than the codec and the loss need."""
    takes = {tensor.name: (tensor.dtype, len(tensor.shape)) for tensor in model.inputs}
    if takes != {"audio": ("float32", 2), "samples": ("int32", 1)}:
        described = ", ".join(
            f"{tensor.dtype} '{tensor.name}' {tuple(tensor.shape)}" for tensor in model.inputs
        )
        raise ValueError(
            f"the network '{model.name}' takes {described}: it must take float32 'audio' (batch, samples) and"
            " int32 'samples' (batch,)"
        )
    gives = [(tensor.dtype, tuple(tensor.shape)) for tensor in model.outputs]
    if len(gives) != 1 or gives[0][0] != "float32" or len(gives[0][1]) != 3 or gives[0][1][2] != symbols:
        described = ", ".join(f"{dtype} {shape}" for dtype, shape in gives)
        raise ValueError(
            f"the network '{model.name}' gives {described}: it must give float32 (batch, frames, {symbols}),"
            " the log-probabilities of the symbols"
        )
