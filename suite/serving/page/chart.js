// A series and how it goes on: the history, the median and intervals around it, and a table of the numbers.

import { element, folded, number, svg } from "./dom.js";
import { historyOf } from "./table.js";
import { stepNames } from "./times.js";

const WIDTH = 720; // pixels, before it is known how wide the page is
const EDGE = { right: 16, top: 14, bottom: 34 };
const LETTER = 7.5; // pixels, about
const BAND = 0.8; // what an interval lets through
const MAX_READ = 2_000_000; // bytes of a file whose history is shown

/** The chart, its legend and the table. `input` is the text or the file that was given. */
export function makeChart(forecast, input) {
  const middle = forecast.levels.indexOf(0.5);
  const median = forecast.values[Math.max(0, middle)] || [];
  const names = stepNames(forecast.start, forecast.frequency, median.length);
  const bands = intervals(forecast);
  const holder = element("div", { class: "holder" });
  let history = [];
  let width = 0;
  const show = () => {
    width = holder.clientWidth || WIDTH;
    holder.replaceChildren(drawn(history, median, bands, names, width));
  };
  show();
  new ResizeObserver(() => {
    if (holder.clientWidth && holder.clientWidth !== width) show();
  }).observe(holder);
  contentOf(input).then((text) => {
    history = historyOf(text, forecast.name).slice(-Math.max(4 * median.length, 48));
    if (history.length) show();
  });
  const title = forecast.name ? element("h3", { dir: "auto" }, forecast.name) : null;
  return [title, holder, legend(bands), table(names, median, bands)].filter(Boolean);
}

async function contentOf(input) {
  if (typeof input === "string") return input;
  const readable = input instanceof Blob && input.size <= MAX_READ && /\.(csv|tsv|txt)$/i.test(input.name || "");
  return readable ? input.text() : "";
}

/** Pairs of levels around the median, the widest first: `{share, low, high}`. */
function intervals({ levels, values }) {
  const found = [];
  for (let low = 0, high = levels.length - 1; low < high; low += 1, high -= 1) {
    if (Math.abs(levels[low] + levels[high] - 1) > 1e-6) return [];
    found.push({ share: Math.round((levels[high] - levels[low]) * 100), low: values[low], high: values[high] });
  }
  return found;
}

function drawn(history, median, bands, names, width) {
  const height = Math.min(320, Math.max(220, width * 0.5));
  const past = history.length;
  const count = past + median.length;
  const all = [...history.map(({ value }) => value), ...median, ...bands.flatMap(({ low, high }) => [...low, ...high])].filter(Number.isFinite);
  const ticks = roundNumbers(Math.min(...all), Math.max(...all));
  const [least, most] = [Math.min(ticks[0], ...all), Math.max(ticks.at(-1), ...all)];
  const left = 12 + LETTER * Math.max(...ticks.map((tick) => number(tick).length));
  const x = (index) => left + ((width - left - EDGE.right) * index) / Math.max(1, count - 1);
  const y = (value) => height - EDGE.bottom - ((height - EDGE.top - EDGE.bottom) * (value - least)) / (most - least || 1);
  const point = (value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`;
  const label = past ? `The last ${past} values and the next ${median.length}` : `The next ${median.length} values`;
  const made = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${label}; the table below has the numbers` });
  for (const tick of ticks) {
    made.append(svg("line", { class: "rule", x1: left, x2: width - EDGE.right, y1: y(tick), y2: y(tick) }));
    made.append(svg("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, number(tick)));
  }
  for (const { at, name, anchor } of marks(history, names, (width - left) / LETTER)) {
    made.append(svg("text", { x: x(at), y: height - 10, "text-anchor": anchor }, name));
  }
  if (past) made.append(svg("line", { class: "now", x1: x(past - 1), x2: x(past - 1), y1: EDGE.top, y2: height - EDGE.bottom }));
  bands.forEach(({ low, high }) => {
    const upper = high.map((value, step) => point(value, past + step));
    const lower = low.map((value, step) => point(value, past + step)).reverse();
    made.append(svg("polygon", { class: "band", points: [...upper, ...lower].join(" ") }));
  });
  made.append(...lines(history, point));
  const last = history.at(-1);
  const start = past && Number.isFinite(last.value) ? [point(last.value, past - 1)] : [];
  made.append(svg("polyline", { class: "median", points: [...start, ...median.map((value, step) => point(value, past + step))].join(" ") }));
  if (median.length === 1) made.append(svg("circle", { class: "dot", cx: x(past), cy: y(median[0]), r: 4 }));
  return made;
}

/** The history, broken where a value is missing. */
function lines(history, point) {
  const found = [[]];
  history.forEach(({ value }, index) => {
    if (Number.isFinite(value)) found.at(-1).push(point(value, index));
    else if (found.at(-1).length) found.push([]);
  });
  return found.filter((points) => points.length).map((points) => svg("polyline", { class: "history", points: points.join(" ") }));
}

/** What is written below: the ends, and where the forecast begins if there is room for it; `room` in letters. */
function marks(history, names, room) {
  if (!names.length) return [];
  const past = history.length;
  const found = [{ at: past + names.length - 1, name: names.at(-1), anchor: "end" }];
  const share = past / (past + names.length);
  const needed = (1.6 * names[0].length) / room;
  if (past && share > needed && share < 1 - needed) found.push({ at: past, name: names[0], anchor: "middle" });
  if (names.length > 1 || past) found.push({ at: 0, name: past ? history[0].name : names[0], anchor: "start" });
  return found;
}

function roundNumbers(least, most) {
  const span = most - least || Math.abs(most) || 1;
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => span / size <= 5);
  const found = [];
  for (let tick = Math.floor(least / step) * step; tick <= most + step * 1.0001; tick += step) found.push(Math.round(tick / step) * step);
  return found.slice(0, found.findIndex((tick) => tick >= most) + 1 || undefined);
}

function legend(bands) {
  const items = bands.map(({ share }, order) => {
    const key = element("span", { class: "key", "aria-hidden": "true" });
    key.style.opacity = 1 - BAND ** (order + 1); // they lie over each other
    return element("li", {}, key, `${share} % interval`);
  });
  return element("ul", { class: "legend" }, element("li", {}, element("span", { class: "key median", "aria-hidden": "true" }), "median"), ...items);
}

function table(names, median, bands) {
  const heads = ["step", "median", ...bands.flatMap(({ share }) => [`${share} % from`, "to"])];
  const rows = names.map((name, step) => [name, number(median[step]), ...bands.flatMap(({ low, high }) => [number(low[step]), number(high[step])])]);
  const cells = (kind, values) => element("tr", {}, ...values.map((value) => element(kind, kind === "th" ? { scope: "col" } : {}, value)));
  return folded(
    "The numbers",
    element("div", { class: "scroll" }, element("table", {}, element("thead", {}, cells("th", heads)), element("tbody", {}, rows.map((values) => cells("td", values))))),
  );
}
