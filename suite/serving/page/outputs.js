// How predictions are shown: one maker for each kind of output widget.
//
// A maker takes the widget and `{model, input, url}`: the model, the text or file that was given, and an
// address at which the page has the file. It returns `element` and `update(prediction, complete)`.

import { makeChart } from "./chart.js";
import { button, clock, element, folded, number, percent, svg } from "./dom.js";

const MAX_BARS = 5;
const COLORS = 8;
const TAG_SIZE = 13; // pixels of the letters beside a box

/** What shows predictions as a widget says. */
export function makeOutput(widget, context) {
  const make = { labels, boxes, transcript, text, series, json }[widget.kind] || json;
  return make(widget, context);
}

/** A field of a prediction: "" is the prediction itself, null none. */
function field(prediction, name) {
  if (name === null || name === undefined) return undefined;
  return name === "" ? prediction : prediction?.[name];
}

function list(value) {
  return Array.isArray(value) ? value : [];
}

// Classes

function labels(widget) {
  const made = element("div", { class: "labels" });
  const update = (prediction) => {
    const label = field(prediction, widget.label);
    const names = Array.isArray(label) ? label : [label];
    const scores = Object.entries(field(prediction, widget.scores) || {}).sort((a, b) => b[1] - a[1]);
    const of = new Map(scores);
    const title = names.length
      ? names.map((name) => element("span", { class: "label", dir: "auto" }, String(name)))
      : [element("span", { class: "quiet" }, "no label")];
    const rows = scores.map(([name, share]) => bar(name, share, names.includes(name)));
    const first = Math.max(MAX_BARS, names.filter((name) => of.has(name)).length);
    made.replaceChildren(element("p", { class: "headline" }, ...title));
    if (rows.length) made.append(element("ol", { class: "bars" }, ...rows.slice(0, first)));
    if (rows.length > first) {
      made.append(folded(`${rows.length - first} more`, element("ol", { class: "bars" }, ...rows.slice(first))));
    }
  };
  return { element: made, update };
}

function bar(name, share, chosen) {
  const filled = element("span", { class: "filled" });
  filled.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return element(
    "li",
    { class: chosen ? "chosen" : null },
    element("span", { class: "name", dir: "auto" }, name),
    element("span", { class: "share" }, percent(share)),
    element("span", { class: "bar", "aria-hidden": "true" }, filled),
  );
}

// Boxes

function boxes(widget, { model, input, url }) {
  const isVideo = input instanceof Blob && input.type.startsWith("video/");
  const image = element("img", { alt: "the image that was given" });
  const drawn = svg("svg", { class: "drawn", "aria-hidden": "true" });
  const picture = element("div", { class: "picture" }, image, drawn);
  const summary = element("p", { class: "headline" });
  const rows = element("ul", { class: "found", tabindex: "0", "aria-label": "Boxes" });
  const made = element("div", { class: "boxes" }, picture, summary, rows);
  let resized = new ResizeObserver(() => {});
  const update = (prediction) => {
    const found = detections(widget, prediction, model);
    const draw = () => {
      const { naturalWidth: width, naturalHeight: height } = image;
      picture.hidden = !width;
      if (!width) return;
      picture.style.width = `min(100%, ${((34 * width) / height).toFixed(2)}rem)`;
      const scale = width / (picture.clientWidth || width);
      drawBoxes(drawn, found, width, height, TAG_SIZE * scale);
    };
    image.onload = draw;
    resized.disconnect();
    resized = new ResizeObserver(draw);
    resized.observe(picture);
    image.onerror = () => {
      picture.hidden = true;
      summary.append(element("span", { class: "quiet" }, " (this browser cannot show the image itself)"));
    };
    if (url && !isVideo) image.src = url;
    else picture.hidden = true;
    summary.textContent = counted(found);
    rows.replaceChildren(...found.map((box) => foundRow(box, drawn)));
    slider(made, found, drawn, rows, summary);
  };
  return { element: made, update };
}

function detections(widget, prediction, model) {
  const names = list(field(prediction, widget.labels));
  const scores = list(field(prediction, widget.scores));
  const order = [...new Set([...(model.classes || []), ...names])];
  return list(field(prediction, widget.boxes)).map((corners, index) => ({
    corners,
    index,
    label: names[index] ?? "",
    score: scores[index],
    color: Math.max(0, order.indexOf(names[index])) % COLORS,
  }));
}

function counted(found) {
  if (!found.length) return "Nothing was found.";
  const counts = new Map();
  for (const { label } of found) counts.set(label, (counts.get(label) || 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  return sorted.map(([label, count]) => `${count} ${label || "boxes"}`).join(", ");
}

function drawBoxes(drawn, found, width, height, size) {
  const hidden = new Set([...drawn.querySelectorAll(".gone")].map(({ dataset }) => dataset.index));
  drawn.setAttribute("viewBox", `0 0 ${width} ${height}`);
  // The surest box last, above the others.
  drawn.replaceChildren(...[...found].reverse().map((box) => drawnBox(box, size, width)));
  for (const box of drawn.children) box.classList.toggle("gone", hidden.has(box.dataset.index));
}

function drawnBox({ corners: [x1, y1, x2, y2], label, score, color, index }, size, width) {
  const text = [label, score === undefined ? "" : percent(score)].filter(Boolean).join(" ");
  const tag = Math.min(text.length * size * 0.6 + size, width);
  const left = Math.min(Math.max(0, x1), width - tag);
  const top = y1 >= 1.5 * size ? y1 - 1.5 * size : y1;
  return svg(
    "g",
    { class: `box c${color}`, "data-index": index },
    svg("rect", { class: "edge", x: x1, y: y1, width: Math.max(0, x2 - x1), height: Math.max(0, y2 - y1) }),
    text ? svg("rect", { class: "tag", x: left, y: top, width: tag, height: 1.5 * size }) : null,
    text ? svg("text", { x: left + size / 2, y: top + 1.08 * size, "font-size": size }, text) : null,
  );
}

function foundRow({ label, score, color, corners, index }, drawn) {
  const light = (on) => drawn.querySelector(`[data-index="${index}"]`)?.classList.toggle("lit", on);
  const rounded = corners.map((value) => Math.round(value));
  return element(
    "li",
    { "data-index": index, onpointerenter: () => light(true), onpointerleave: () => light(false) },
    element("span", { class: `dot c${color}`, "aria-hidden": "true" }),
    element("span", { class: "name", dir: "auto" }, label || "box"),
    score === undefined ? null : element("span", { class: "share" }, percent(score)),
    element("span", { class: "quiet corners" }, `${rounded[0]}, ${rounded[1]} to ${rounded[2]}, ${rounded[3]}`),
  );
}

function slider(made, found, drawn, rows, summary) {
  made.querySelector(".slider")?.remove();
  const scores = found.map(({ score }) => score).filter((score) => score !== undefined);
  if (scores.length < 2 || Math.max(...scores) - Math.min(...scores) < 0.01) return;
  const least = Math.floor(Math.min(...scores) * 100);
  const value = element("output", {}, `${least} %`);
  const range = element("input", {
    type: "range",
    step: 0.5,
    min: least,
    max: Math.ceil(Math.max(...scores) * 100),
    value: least,
    oninput: () => {
      value.textContent = `${range.value} %`;
      const hidden = new Set(found.filter(({ score }) => score * 100 < range.value).map(({ index }) => String(index)));
      for (const part of [...drawn.children, ...rows.children]) {
        part.classList.toggle("gone", hidden.has(part.dataset.index));
      }
      summary.textContent = counted(found.filter(({ index }) => !hidden.has(String(index))));
    },
  });
  rows.before(element("label", { class: "slider" }, "Shown from ", range, value));
}

// Transcripts

function transcript(widget, { url }) {
  const player = url ? element("audio", { controls: true, src: url, preload: "metadata" }) : null;
  const said = element("p", { class: "said", dir: "auto" });
  const times = element("tbody");
  const table = folded(
    "Words and their times",
    element("div", { class: "scroll" }, element("table", {}, row("th", "from", "to", "word", "confidence"), times)),
  );
  const made = element("div", { class: "transcript" }, said, player, table);
  let spans = [];
  const play = (seconds) => {
    if (!player) return;
    player.currentTime = seconds;
    player.play();
  };
  if (player) {
    player.addEventListener("timeupdate", () => {
      for (const { span, start, end } of spans) {
        span.classList.toggle("now", !player.paused && player.currentTime >= start && player.currentTime < end);
      }
    });
  }
  const update = (prediction) => {
    const whole = String(field(prediction, widget.text) ?? "");
    const words = list(field(prediction, widget.words));
    spans = [];
    table.hidden = !words.length;
    if (!whole.trim()) said.replaceChildren(element("span", { class: "quiet" }, "Nothing is said."));
    else said.replaceChildren(...spoken(whole, words, spans, play));
    times.replaceChildren(
      ...words.map(({ text: word, start, end, confidence }) =>
        row("td", seconds(start), seconds(end), wordButton(word, start, play, player), Number.isFinite(confidence) ? percent(confidence) : ""),
      ),
    );
  };
  return { element: made, update };
}

function seconds(value) {
  const hundredths = Math.round(value * 100);
  return `${clock(Math.floor(hundredths / 100))}.${String(hundredths % 100).padStart(2, "0")}`;
}

function row(cell, ...values) {
  const made = element("tr", {}, ...values.map((value) => element(cell, {}, value)));
  return cell === "th" ? element("thead", {}, made) : made;
}

function wordButton(word, start, play, player) {
  return player ? button(word, () => play(start), { class: "plain", title: "Play from here" }) : word;
}

/** The text, in which each word that has a time can be clicked; what is between the words stays as it is. */
function spoken(whole, words, spans, play) {
  const parts = [];
  let at = 0;
  for (const { text: word, start, end, confidence } of words) {
    const found = whole.indexOf(word, at);
    if (found < 0 || !word) return [whole]; // the words are written differently from the text
    const doubtful = Number.isFinite(confidence) && confidence < 0.5;
    const span = element(
      "span",
      { class: doubtful ? "word doubtful" : "word", title: `${seconds(start)}${Number.isFinite(confidence) ? `, ${percent(confidence)}` : ""}`, onclick: () => play(start) },
      word,
    );
    parts.push(whole.slice(at, found), span);
    spans.push({ span, start, end });
    at = found + word.length;
  }
  return [...parts, whole.slice(at)];
}

// Texts

function text(widget, { input }) {
  const before = element("span", { class: "before" });
  const written = element("span", { class: "written" });
  const body = element("p", { class: "text", dir: "auto" }, before, written);
  const others = element("div");
  const copy = button("Copy", () => navigator.clipboard?.writeText(written.textContent), { class: "plain copy" });
  const made = element("div", { class: "writing" }, body, copy, others);
  if (widget.continues && typeof input === "string") before.textContent = input;
  const update = (prediction, complete) => {
    const value = field(prediction, widget.text);
    written.textContent = typeof value === "string" ? value : JSON.stringify(value ?? "");
    written.classList.toggle("growing", !complete);
    copy.hidden = !complete || !written.textContent;
    if (complete && !written.textContent && !before.textContent) {
      body.replaceChildren(element("span", { class: "quiet" }, "The text is empty."));
    }
    const rest = list(field(prediction, widget.alternatives)).slice(1);
    others.replaceChildren(
      ...(rest.length ? [folded(`${rest.length} more`, ...rest.map((other) => element("p", { class: "text", dir: "auto" }, other)))] : []),
    );
  };
  return { element: made, update };
}

// Series

function series(widget, { input }) {
  const made = element("div", { class: "series" });
  const update = (prediction) => {
    const values = list(field(prediction, widget.values));
    const forecast = {
      values: Array.isArray(values[0]) ? values : [values],
      levels: list(field(prediction, widget.levels)),
      start: field(prediction, widget.start),
      frequency: field(prediction, widget.frequency) || "",
      name: field(prediction, widget.name) || "",
    };
    made.replaceChildren(...makeChart(forecast, input));
  };
  return { element: made, update };
}

// Anything else

function json() {
  const made = element("div", { class: "fields" });
  const update = (prediction) => made.replaceChildren(shown(prediction));
  return { element: made, update };
}

function shown(value) {
  if (value === null || typeof value !== "object") return element("span", { dir: "auto" }, plain(value));
  const entries = Object.entries(value);
  const simple = entries.every(([, inner]) => inner === null || typeof inner !== "object");
  if (Array.isArray(value) && (simple || entries.length > 50)) {
    return element("span", { class: "values" }, value.map(plain).join(", ") || "none");
  }
  return element(
    "dl",
    {},
    entries.map(([name, inner]) => element("div", {}, element("dt", {}, name), element("dd", {}, shown(inner)))),
  );
}

function plain(value) {
  if (typeof value === "number") return number(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}
