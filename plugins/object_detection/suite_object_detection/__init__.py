"""Object detection: boxes around the objects of an image. Importing it imports nothing heavy."""

from suite_object_detection.declaration import suite_data_loaders as suite_data_loaders
from suite_object_detection.declaration import suite_evaluators as suite_evaluators
from suite_object_detection.declaration import suite_model_builders as suite_model_builders
from suite_object_detection.declaration import suite_tasks as suite_tasks
