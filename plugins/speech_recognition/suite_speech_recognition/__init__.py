"""Speech recognition. What it contributes is in `declaration`; importing it imports nothing heavy."""

from __future__ import annotations

from suite_speech_recognition.declaration import suite_data_loaders as suite_data_loaders
from suite_speech_recognition.declaration import suite_evaluators as suite_evaluators
from suite_speech_recognition.declaration import suite_model_builders as suite_model_builders
from suite_speech_recognition.declaration import suite_tasks as suite_tasks
