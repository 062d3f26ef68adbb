"""What another package needs to add one network, or one format of recordings, to speech recognition.

A network:

    class MyOptions(RecognitionOptions, frozen=True):
        units: Annotated[int, Meta(ge=8, description="width of the recurrent layer")] = 128

    def build(dataset: suite.Dataset, options: MyOptions) -> suite.TrainablePipeline:
        return pipeline(dataset, options, network)

    def network(rate: int, symbols: int, options: MyOptions) -> keras.Model:
        audio, samples, x = front(rate, **front_arguments(options))
        x = keras.layers.LSTM(options.units, return_sequences=True)(x)
        x = outputs(x, samples, symbols, frame_samples(rate))
        return keras.Model({"audio": audio, "samples": samples}, x)

Its `suite.ModelBuilder` has `codec=suite.lazy("suite_speech_recognition.api:SpeechCodec.from_json")` and
`prediction_options=TranscriptionOptions`.

A format of recordings:

    def load(path: Path, options: suite.Options) -> suite.Dataset:
        tree = list_files(path)
        utterances = Utterances()
        for file, name in enumerate(tree.names):
            if is_recording(name):
                utterances.add("train", name, file, text=..., speaker=...)
        return utterances.dataset(path, tree)

Importing this module imports neither Keras nor librosa.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from suite_speech_recognition.audio.recordings import Recording as Recording
from suite_speech_recognition.codec import SpeechCodec as SpeechCodec
from suite_speech_recognition.examples import Utterances as Utterances
from suite_speech_recognition.loaders.listing import is_recording as is_recording
from suite_speech_recognition.loaders.listing import list_files as list_files
from suite_speech_recognition.loaders.listing import splits_by_folder as splits_by_folder
from suite_speech_recognition.options import RecognitionOptions as RecognitionOptions
from suite_speech_recognition.options import TranscriptionOptions as TranscriptionOptions
from suite_speech_recognition.types import Facts as Facts
from suite_speech_recognition.types import Target as Target
from suite_speech_recognition.types import Transcript as Transcript
from suite_speech_recognition.types import Word as Word

if TYPE_CHECKING:
    import keras

    from suite.data import Dataset
    from suite.pipeline import TrainablePipeline

__all__ = [
    "Facts", "RecognitionOptions", "Recording", "SpeechCodec", "Target", "Transcript", "TranscriptionOptions",
    "Utterances", "Word", "frame_samples", "front", "front_arguments", "is_recording", "list_files",
    "outputs", "pipeline", "splits_by_folder",
]  # fmt: skip

AnyOptions = TypeVar("AnyOptions", bound=RecognitionOptions)


def pipeline(
    dataset: Dataset,
    options: AnyOptions,
    network: Callable[[int, int, AnyOptions], keras.Model],
    *,
    defaults: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
    frame_samples: int | None = None,
) -> TrainablePipeline:
    """Everything around a network with CTC: the alphabet, the codec, augmentation, batches and the loss.

    Args:
        dataset: as documented in `suite_speech_recognition.types`.
        options: of the builder, with those of `RecognitionOptions`.
        network: `network(rate, symbols, options)` returns a built `keras.Model` from float32 "audio" (batch,
            samples) and int32 "samples" (batch,) to log-probabilities float32 (batch, frames, symbols).
            Symbol 0 is the blank. `options` have no "auto" left.
        defaults: values for options that are "auto", over those of the plugin.
        recipe: values for the training options, over those of the plugin.
        frame_samples: samples from one frame of the output to the next; None if the network begins with
            `front`.

    Raises:
        suite.UserError: if the data has nothing to learn from.
        ValueError: if the network has other inputs or another output.
    """
    from suite_speech_recognition.builders import assemble
    from suite_speech_recognition.recipes import shared_defaults
    from suite_speech_recognition.survey import survey

    def checked(rate: int, symbols: int, resolved: AnyOptions) -> keras.Model:
        model = network(rate, symbols, resolved)
        inputs = {tensor.name: tuple(tensor.shape) for tensor in model.inputs}
        if inputs != {"audio": (None, None), "samples": (None,)}:
            raise ValueError(
                f"the network has the inputs {inputs}, not audio (None, None) and samples (None,)"
            )
        shapes = [tuple(tensor.shape) for tensor in model.outputs]
        if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][2] != symbols:
            raise ValueError(f"the network has outputs of shape {shapes}, not (batch, frames, {symbols})")
        return model

    surveyed = survey(dataset)
    choices, training = shared_defaults(surveyed, options)
    both = ({**choices, **(defaults or {})}, {**training, **(recipe or {})})
    return assemble(surveyed, options, both, checked, frame_samples)


def front(
    rate: int, mels: int, channels: int = 32, masks: dict[str, Any] | None = None
) -> tuple[Any, Any, Any]:
    """The inputs "audio" and "samples" of a network, and features (batch, frames, any).

    The features are those of the log-mel spectrogram, normalized for each recording, masked while training
    (SpecAugment), and taken through two strided convolutions. Those in the padding are zero.
    """
    from suite_speech_recognition.models import ends

    return ends.front(rate, mels, channels, masks)


def front_arguments(options: RecognitionOptions) -> dict[str, Any]:
    """The arguments of `front` that the shared options have: `mels` and `masks`."""
    from suite_speech_recognition.builders import network_arguments

    arguments = network_arguments(options)
    return {"mels": arguments["mels"], "masks": arguments["masks"]}


def outputs(x: Any, samples: Any, symbols: int, step: int) -> Any:
    """Log-probabilities of symbols from (batch, frames, any): what a network ends with.

    Args:
        x: the last features.
        samples: the input "samples".
        symbols: how many, the blank among them.
        step: samples from one frame to the next, see `frame_samples`.
    """
    from suite_speech_recognition.models import ends

    return ends.outputs(x, samples, symbols, step)


def frame_samples(rate: int) -> int:
    """Samples from one frame of a network that begins with `front` to the next."""
    from suite_speech_recognition.models import ends

    return ends.frame_samples(rate)
