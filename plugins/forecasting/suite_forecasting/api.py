"""What another package needs to add a network or a format to forecasting.

A format: `Rows` of a file, of any order, go into a `Gathering`, which finds the frequency, sorts, and names
gaps, duplicates and other frequencies; `dataset_of` cuts its series into windows. `columns_of`, `layout_of`
and `rows_of` read a table. The options derive from `SeriesOptions`, or from `SplitOptions` if `Series` are
made without rows.

A network: `survey` reads the data, and `pipeline` adds codec, batches, loss and recipe to the bodies of one
or several members. `ForecastCodec` and `WindowBatches` fit any network with the inputs and the output that
the codec documents.
"""

from __future__ import annotations

from suite_forecasting.baseline import naive_forecast as naive_forecast
from suite_forecasting.batches import WindowBatches as WindowBatches
from suite_forecasting.builders import pipeline as pipeline
from suite_forecasting.codec import ForecastCodec as ForecastCodec
from suite_forecasting.contract import check as check
from suite_forecasting.encoding import scaled as scaled
from suite_forecasting.examples import Windows as Windows
from suite_forecasting.examples import history_of as history_of
from suite_forecasting.frequencies import Frequency as Frequency
from suite_forecasting.frequencies import frequency_of as frequency_of
from suite_forecasting.frequencies import texts as texts
from suite_forecasting.options import ForecastModelOptions as ForecastModelOptions
from suite_forecasting.options import SeriesOptions as SeriesOptions
from suite_forecasting.options import SplitOptions as SplitOptions
from suite_forecasting.options import TableOptions as TableOptions
from suite_forecasting.reading.columns import Columns as Columns
from suite_forecasting.reading.columns import columns_of as columns_of
from suite_forecasting.reading.layout import Layout as Layout
from suite_forecasting.reading.layout import layout_of as layout_of
from suite_forecasting.reading.problems import SeriesProblems as SeriesProblems
from suite_forecasting.reading.rows import rows_of as rows_of
from suite_forecasting.reading.series import Gathering as Gathering
from suite_forecasting.reading.series import Rows as Rows
from suite_forecasting.reading.series import Series as Series
from suite_forecasting.recipes import recipe_for as recipe_for
from suite_forecasting.splits import dataset_of as dataset_of
from suite_forecasting.survey import Survey as Survey
from suite_forecasting.survey import survey as survey
from suite_forecasting.types import Facts as Facts
from suite_forecasting.types import Forecast as Forecast
from suite_forecasting.types import History as History
from suite_forecasting.types import Target as Target
