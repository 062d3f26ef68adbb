"""Small charts as SVG: axes with lines, bands and bars.

They are drawn here, and not by a plotting library, because the host must be small, and because they take
their colors from the page that they are on: light, dark or printed. Text stays text. Colors are those of
Okabe and Ito (2008), which people with any color vision can tell apart, lighter on a dark page. Drawing is
a pure function: equal data, equal bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from suite.wording import shortened

STYLE = (
    ".chart{--ink:#1b1f24;--quiet:#6a737d;--rule:#d9dee3;--paper:#fff;--c0:#0072b2;--c1:#d55e00;--c2:#009e73;"
    "--c3:#cc79a7;--c4:#b8860b;--c5:#56b4e9;--c6:#7a5195;--c7:#5f6b76;"
    "font:11px system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}"
    ".chart text{fill:var(--ink)}.chart .quiet{fill:var(--quiet)}.chart .light{fill:var(--paper)}"
    "@media screen and (prefers-color-scheme:dark){.chart{--ink:#e6e9ec;--quiet:#99a3ad;--rule:#363d45;"
    "--paper:#14181c;--c0:#5aaee0;--c1:#f0894a;--c2:#35c29a;--c3:#e3a3c6;--c4:#e0b040;--c5:#8fd0f5;"
    "--c6:#b795d6;--c7:#a7b1bb}}"
)
COLORS = 8


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a chart.

    Attributes:
        name: for the legend; a line named "" is not in the legend.
        x: horizontal positions; a point whose y is not finite breaks the line.
        y: vertical positions.
        color: 0 to 7, or None for a quiet gray.
        dashed: whether it is dashed.
    """

    name: str
    x: Sequence[float] | np.ndarray
    y: Sequence[float] | np.ndarray
    color: int | None = 0
    dashed: bool = False


@dataclass(frozen=True, kw_only=True)
class Band:
    """The area between two lines of a chart, shaded: an interval, say.

    Attributes:
        name: for the legend; a band named "" is not in the legend.
        x: horizontal positions; a point of which a number is not finite breaks the band.
        low: vertical positions of the lower edge.
        high: vertical positions of the upper edge.
        color: 0 to 7, or None for a quiet gray.
    """

    name: str
    x: Sequence[float] | np.ndarray
    low: Sequence[float] | np.ndarray
    high: Sequence[float] | np.ndarray
    color: int | None = 0


class Axes:
    """A plane with two axes to draw on.

    Args:
        label: what it shows, for those who cannot see it.
        x_range: the values at the left and the right end.
        y_range: the values at the bottom and the top.
        x_label: what is under the horizontal axis.
        y_label: what is above the vertical axis.
        height: of the whole chart; the width is 420.
        log_y: whether the vertical axis is logarithmic; its range is positive then.
        whole_x: whether only whole numbers are marked on the horizontal axis.
    """

    WIDTH = 420

    def __init__(
        self,
        label: str,
        *,
        x_range: tuple[float, float],
        y_range: tuple[float, float],
        x_label: str = "",
        y_label: str = "",
        height: int = 276,
        log_y: bool = False,
        whole_x: bool = False,
    ) -> None:
        self.label, self.height, self.log_y = label, height, log_y
        self.x_range, self.y_range = _wide(*x_range), _wide(*y_range)
        self.x_label, self.y_label = x_label, y_label
        y_ticks = _log_ticks(*self.y_range) if log_y else _ticks(*self.y_range)
        self._y_texts = _tick_texts(y_ticks)
        self.left = 14 + 6.2 * max((len(text) for text in self._y_texts), default=0)
        self.right, self.top, self.bottom = self.WIDTH - 10.0, 46.0, height - 36.0
        self._back: list[str] = []
        self._front: list[str] = []
        self._legend: list[tuple[str, str, bool]] = []
        for value, text in zip(y_ticks, self._y_texts, strict=True):
            y = self._y(value)
            self._back.append(f'<path d="M{self.left:.0f} {y:.1f}H{self.right:.0f}" stroke="var(--rule)"/>')
            self._back.append(
                f'<text class="quiet" x="{self.left - 6:.0f}" y="{y + 3.5:.1f}"'
                f' text-anchor="end">{text}</text>'
            )
        x_ticks = [
            tick
            for tick in _ticks(*self.x_range, max_ticks=7)
            if not whole_x or abs(tick - round(tick)) < 1e-9
        ]
        for value, text in zip(x_ticks, _tick_texts(x_ticks), strict=True):
            self._back.append(
                f'<text class="quiet" x="{self._x(value):.1f}" y="{self.bottom + 15:.0f}"'
                f' text-anchor="middle">{text}</text>'
            )

    def line(self, line: Line) -> None:
        """Draw a line; points without a finite position break it, and a lone point is a dot."""
        color = _color(line.color)
        dash = ' stroke-dasharray="4 3"' if line.dashed else ""
        width = 1.8 if line.color is not None else 1
        for run in self._runs(line.x, line.y):
            if len(run) == 1:
                x, y = run[0]
                self._front.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{color}"/>')
                continue
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
            self._front.append(
                f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="{width}"'
                f' stroke-linejoin="round"{dash}/>'
            )
        if line.name:
            self._legend.append((line.name, color, line.dashed))

    def band(self, band: Band) -> None:
        """Shade the area between two lines, behind all lines."""
        color = _color(band.color)
        lower, upper = self._runs(band.x, band.low, band.high), self._runs(band.x, band.high, band.low)
        for low, high in zip(lower, upper, strict=True):
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*low, *reversed(high)])
            self._back.append(f'<polygon points="{points}" fill="{color}" fill-opacity=".22"/>')
        if band.name:
            self._legend.append((band.name, color, False))

    def bar(self, x: tuple[float, float], y: tuple[float, float], color: int | None, opacity: float = 1.0,
            title: str = "") -> None:  # fmt: skip
        """Draw a rectangle between two values of each axis, with a title that shows when pointed at."""
        left, right = self._x(x[0]), self._x(x[1])
        low, high = sorted((self._y(y[0]), self._y(y[1])))
        inner = f"<title>{escape(title)}</title>" if title else ""
        self._front.append(
            f'<rect x="{left:.1f}" y="{low:.1f}" width="{right - left:.1f}" height="{high - low:.1f}"'
            f' fill="{_color(color)}" fill-opacity="{opacity:.2g}">{inner}</rect>'
        )

    def mark(self, x: float, text: str) -> None:
        """Draw a dashed upright line with a few words."""
        at = self._x(x)
        anchor, shift = ("end", -4) if at > (self.left + self.right) / 2 else ("start", 4)
        self._back.append(
            f'<path d="M{at:.1f} {self.top - 12:.0f}V{self.bottom:.0f}" stroke="var(--quiet)"'
            f' stroke-dasharray="2 3"/><text class="quiet" x="{at + shift:.1f}" y="{self.top - 4:.0f}"'
            f' text-anchor="{anchor}">{escape(text)}</text>'
        )

    def svg(self) -> str:
        """The chart so far."""
        elements = [*self._back, *self._front, *self._labels()]
        return drawing(self.WIDTH, self.height, self.label, elements)

    def _labels(self) -> Iterable[str]:
        yield (
            f'<path d="M{self.left:.0f} {self.bottom:.0f}H{self.right:.0f}" stroke="var(--quiet)"/>'
            f'<text class="quiet" x="{self.left:.0f}" y="{self.top - 10:.0f}">{escape(self.y_label)}</text>'
            f'<text class="quiet" x="{self.right:.0f}" y="{self.height - 6}"'
            f' text-anchor="end">{escape(self.x_label)}</text>'
        )
        at = self.left
        for name, color, dashed in self._legend:
            dash = ' stroke-dasharray="4 3"' if dashed else ""
            yield (
                f'<path d="M{at:.0f} 10h16" stroke="{color}" stroke-width="2.5"{dash}/>'
                f'<text x="{at + 21:.0f}" y="14">{escape(shortened(name, 22))}</text>'
            )
            at += 34 + 6.2 * len(shortened(name, 22))

    def _runs(
        self,
        x: Sequence[float] | np.ndarray,
        y: Sequence[float] | np.ndarray,
        *others: Sequence[float] | np.ndarray,
    ) -> list[list[tuple[float, float]]]:
        """Points of (x, y) on the page, in runs without a break: none of `others` is missing there either."""
        runs: list[list[tuple[float, float]]] = [[]]
        for position, *heights in zip(x, y, *others, strict=True):
            if all(map(math.isfinite, (position, *heights))) and not (self.log_y and min(heights) <= 0):
                runs[-1].append((self._x(position), self._y(heights[0])))
            elif runs[-1]:
                runs.append([])
        return [run for run in runs if run]

    def _x(self, value: float) -> float:
        low, high = self.x_range
        return self.left + (value - low) / (high - low) * (self.right - self.left)

    def _y(self, value: float) -> float:
        low, high = self.y_range
        if self.log_y:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        share = min(max((value - low) / (high - low), 0.0), 1.0)
        return self.bottom - share * (self.bottom - self.top)


def line_chart(
    label: str,
    lines: Sequence[Line],
    *,
    x_label: str = "",
    y_label: str = "",
    whole_x: bool = False,
    mark: tuple[float, str] | None = None,
    bands: Sequence[Band] = (),
) -> str:
    """Lines and shaded bands on axes that fit them.

    A vertical axis that spans more than three decades is logarithmic.
    """
    curves = [(line.x, line.y) for line in lines]
    curves += [(band.x, edge) for band in bands for edge in (band.low, band.high)]
    points = [
        (x, y)
        for curve in curves
        for x, y in zip(*curve, strict=True)
        if math.isfinite(x) and math.isfinite(y)
    ]
    xs = [x for x, _ in points] or [0.0, 1.0]
    ys = [y for _, y in points] or [0.0, 1.0]
    log_y = min(ys) > 0 and max(ys) / min(ys) > 1000
    margin = 0.0 if log_y else 0.04 * (max(ys) - min(ys))
    axes = Axes(
        label,
        x_range=(min(xs), max(xs)),
        y_range=(min(ys) - margin if min(ys) - margin > 0 or min(ys) < 0 else 0.0, max(ys) + margin)
        if not log_y
        else (min(ys), max(ys)),
        x_label=x_label,
        y_label=y_label,
        log_y=log_y,
        whole_x=whole_x,
    )
    if mark is not None:
        axes.mark(*mark)
    for band in bands:
        axes.band(band)
    for line in lines:
        axes.line(line)
    return axes.svg()


def thinned(x: np.ndarray, y: np.ndarray, max_points: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """A curve with about `max_points` of its points, evenly spaced along it; both axes weigh the same."""
    if len(x) <= max_points:
        return x, y
    along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    chosen = np.searchsorted(along, np.linspace(0, along[-1], max_points))
    chosen = np.unique(np.append(np.clip(chosen, 0, len(x) - 1), [0, len(x) - 1]))
    return x[chosen], y[chosen]


def interval_chart(
    label: str, value: float, interval: Sequence[float] | None, reference: float | None, name: str
) -> str:
    """A share between 0 and 1 as a dot on a line, with its interval, and a reference to compare with.

    Args:
        label: what it shows, for those who cannot see it.
        value: where the dot is.
        interval: low and high, drawn as a band.
        reference: the value of the baseline, drawn as a tick.
        name: the text at the dot.
    """
    left, width = 10.0, 540.0

    def at(share: float) -> str:
        return f"{left + share * width:.1f}"

    def words(share: float, y: int, text: str, tone: str) -> str:
        anchor = "start" if share < 0.12 else "end" if share > 0.88 else "middle"
        return f'<text{tone} x="{at(share)}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'

    elements = [
        f'<path d="M{at(0)} 32H{at(1)}" stroke="var(--rule)" stroke-width="4" stroke-linecap="round"/>'
    ]
    if reference is not None:
        elements.append(f'<path d="M{at(reference)} 24v16" stroke="var(--quiet)" stroke-width="2.5"/>')
        elements.append(words(reference, 56, f"baseline {reference:.3f}", ' class="quiet"'))
    if interval:
        low, high = interval
        elements.append(
            f'<path d="M{at(low)} 32H{at(high)}" stroke="var(--c0)" stroke-width="12" stroke-opacity=".35"/>'
        )
    elements.append(f'<circle cx="{at(value)}" cy="32" r="5.5" fill="var(--c0)"/>')
    elements.append(words(value, 17, f"{name} {value:.3f}", ' font-weight="600"'))
    return drawing(560, 62, label, elements)


def drawing(width: int, height: int, label: str, elements: Iterable[str]) -> str:
    """A whole chart: its elements in a picture of that size, with the style that all charts share."""
    wide = " wide" if width > 560 else ""
    return (
        f'<svg class="chart{wide}" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img" aria-label="{escape(label)}"><style>{STYLE}</style>'
        + "".join(elements)
        + "</svg>"
    )


def _color(index: int | None) -> str:
    return "var(--rule)" if index is None else f"var(--c{index % COLORS})"


def _wide(low: float, high: float) -> tuple[float, float]:
    """A range that is wide enough to be divided."""
    greatest = max(abs(low), abs(high))
    if high - low > max(1e-9 * greatest, 1e-100):
        return low, high
    margin = 0.1 * greatest if greatest > 1e-99 else 1.0
    return low - margin, low + margin


def _ticks(low: float, high: float, max_ticks: int = 6) -> list[float]:
    """Round values between `low` and `high`, about `max_ticks`; steps are 1, 2 or 5 times a power of 10."""
    rough = (high - low) / max_ticks
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    stride = max(1, math.ceil((last - first) / 6))
    return [10.0**power for power in range(first, last + 1, stride)]


def _tick_texts(values: Sequence[float]) -> list[str]:
    texts = [f"{value + 0.0:.10g}" for value in values]
    return [text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e") for text in texts]
