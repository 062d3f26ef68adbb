// A model's panel: what is given on one side, what it predicts on the other.

import { button, element, folded } from "./dom.js";
import { makeInput } from "./inputs.js";
import { makeOutput } from "./outputs.js";
import { makeOptions } from "./options.js";
import { predict } from "./server.js";
import { usage } from "./usage.js";

const MAX_RESULTS = 60;

/** The panel of a model: `{element, take(files), leave()}`. */
export function makePanel(model) {
  const widgets = model.widgets || {};
  const outputs = widgets.outputs?.length ? widgets.outputs : [{ kind: "json" }];
  let asked = null; // what ends the request that is running
  let addresses = [];

  const status = element("p", { class: "status", role: "status" });
  const results = element("div", { class: "results", "aria-busy": "false" });
  const go = element("button", { type: "submit", class: "primary" }, "Predict");
  const stop = button("Stop", () => asked?.abort(), { hidden: true });
  const input = makeInput(widgets.input || { kind: "file" }, model, (complete) => {
    if (complete) run();
  });
  const options = makeOptions(model);
  const form = element(
    "form",
    {
      class: "give",
      onsubmit: (event) => {
        event.preventDefault();
        run();
      },
    },
    input.element,
    element("div", { class: "actions" }, go, stop, status),
    options.element,
  );
  form.noValidate = true;

  const working = (on) => {
    results.setAttribute("aria-busy", String(on));
    stop.hidden = !on;
  };

  const fail = (message) => {
    status.textContent = "";
    results.replaceChildren(
      element("div", { class: "notice", role: "alert" }, ...message.split("\n").map((line) => element("p", { dir: "auto" }, line))),
    );
  };

  async function run() {
    const given = input.inputs();
    if (!given.length) {
      fail("There is nothing to predict yet.");
      return;
    }
    asked?.abort();
    const own = new AbortController();
    asked = own;
    for (const address of addresses) URL.revokeObjectURL(address);
    addresses = given.map((value) => (value instanceof Blob ? URL.createObjectURL(value) : null));
    const cards = makeCards(model, outputs, given, addresses);
    const started = performance.now();
    working(true);
    status.textContent = "Working…";
    results.classList.add("old");
    const begin = () => {
      if (results.classList.contains("old")) results.replaceChildren();
      results.classList.remove("old");
    };
    let count = 0;
    let failed = 0;
    const onLine = (line, complete) => {
      if (asked !== own) return;
      begin();
      count += complete;
      failed += Boolean(line.error);
      if (count <= MAX_RESULTS) cards.show(results, line, complete);
    };
    try {
      await predict(model.name, given, { options: options.values(), signal: own.signal, stream: (model.gives_partial ?? model.can_stream) || given.some((value) => isMany(value, model)), onLine });
      if (asked !== own) return;
      begin();
      if (count > MAX_RESULTS) {
        results.append(element("p", { class: "quiet" }, `${count - MAX_RESULTS} more predictions are not shown.`));
      }
      status.textContent = ended(count, failed, performance.now() - started);
    } catch (error) {
      if (asked !== own) return;
      if (error.name === "AbortError") {
        cards.close();
        status.textContent = "Stopped.";
        results.classList.remove("old");
      } else {
        fail(error.message);
        if (error.status === 401) form.dispatchEvent(new CustomEvent("refused", { bubbles: true }));
      }
    }
    asked = null;
    working(false);
  }

  const panel = element(
    "div",
    { class: "model" },
    about(model),
    element("div", { class: "columns" }, form, element("section", { class: "answer", "aria-label": "Predictions" }, results)),
    usage(model),
  );
  results.append(element("p", { class: "quiet empty" }, "What the model predicts appears here."));
  return {
    element: panel,
    take: (files) => input.take(files),
    leave: () => {
      input.stop();
      for (const player of panel.querySelectorAll("audio")) player.pause();
    },
  };
}

/** Whether a file holds many inputs, whose predictions come one by one. */
function isMany(value, model) {
  const name = value instanceof Blob ? value.name.toLowerCase() : "";
  const ends = (endings) => (endings || []).some((ending) => name.endsWith(ending));
  return ends(model.inputs?.streams) && !ends(model.inputs?.files);
}

function ended(count, failed, milliseconds) {
  const time = milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
  if (failed && count > 1) return `${count - failed} of ${count} predicted in ${time}.`;
  return count === 1 ? `Done in ${time}.` : `${count} predictions in ${time}.`;
}

function about(model) {
  const classes = model.classes?.length ? [folded(`${model.classes.length} classes`, element("p", { class: "classes", dir: "auto" }, model.classes.join(", ")))] : [];
  return element(
    "header",
    { class: "about" },
    element("h1", {}, model.name),
    element("p", { class: "quiet" }, [model.task, model.builder].filter(Boolean).join(" · ")),
    ...classes,
  );
}

/** The results: a card for each prediction, made when its first part comes. */
function makeCards(model, outputs, given, addresses) {
  const finished = new Map(); // how many of each input
  const growing = new Map(); // the card of each input that is not complete
  let made = 0;

  const ownTitle = outputs.some(({ kind, name }) => kind === "series" && name !== null);
  const titled = (line) => {
    const input = given[line.index];
    if (ownTitle && !line.error && given.length === 1) return null;
    const several = given.length > 1 || made > 1 || (model.inputs?.streams?.length && input instanceof Blob && !input.typed);
    return several && line.name && typeof input !== "string" ? element("h2", { class: "title", dir: "auto" }, line.name) : null;
  };
  const open = (results, line) => {
    made += 1;
    const input = given[line.index] ?? null;
    const url = addresses[line.index] ?? null;
    const parts = outputs.map((output) => makeOutput(output, { model, input, url }));
    const raw = element("pre");
    const image = url && !outputs.some(({ kind }) => kind === "boxes") ? thumbnail(input, url) : null;
    const json = folded("As JSON", raw);
    json.hidden = true;
    const card = element("article", { class: "card" }, titled(line), image, ...parts.map((part) => part.element), json);
    results.append(card);
    return { element: card, parts, raw, json };
  };
  const show = (results, line, complete) => {
    if (line.error) {
      growing.get(line.index)?.element.remove();
      growing.delete(line.index);
      results.append(element("article", { class: "card notice", role: "alert" }, titled(line), element("p", { dir: "auto" }, line.error)));
      return;
    }
    const card = growing.get(line.index) || open(results, line);
    card.last = line.prediction;
    for (const part of card.parts) part.update(line.prediction, complete);
    if (complete) {
      card.raw.textContent = JSON.stringify(line.prediction, null, 2);
      card.json.hidden = false;
      growing.delete(line.index);
      finished.set(line.index, (finished.get(line.index) || 0) + 1);
    } else growing.set(line.index, card);
  };
  const close = () => {
    for (const card of growing.values()) for (const part of card.parts) part.update(card.last, true);
  };
  return { show, close };
}

function thumbnail(file, url) {
  if (!file.type?.startsWith("image/")) return null;
  const image = element("img", { class: "preview", src: url, alt: "the image that was given" });
  image.onerror = () => image.remove();
  return image;
}
