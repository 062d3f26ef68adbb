"""Forecasting: how time series go on, with intervals."""

from suite_forecasting.declaration import suite_data_loaders as suite_data_loaders
from suite_forecasting.declaration import suite_evaluators as suite_evaluators
from suite_forecasting.declaration import suite_model_builders as suite_model_builders
from suite_forecasting.declaration import suite_tasks as suite_tasks
