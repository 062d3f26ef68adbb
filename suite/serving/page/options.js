// The options of a model's predictions, asked of the server when they are first looked at.

import { element, folded, newId } from "./dom.js";
import { description } from "./server.js";

/** What shows the options: `{element, values()}`; only what was changed is sent. */
export function makeOptions(model) {
  const fields = new Map();
  const list = element("div", { class: "list" });
  const shown = folded("Options", list);
  shown.className = "options";
  const load = async () => {
    try {
      const { options = [] } = await description(model.name);
      // Those that are texts may name files of the server, which a request may not.
      const open = options.filter(({ type, from_requests = !/\bstr\b/.test(type) }) => from_requests);
      list.replaceChildren(...(open.length ? open.map((option) => field(option, fields)) : ["This model has none."]));
    } catch (error) {
      list.replaceChildren(error.message);
      shown.addEventListener("toggle", load, { once: true });
    }
  };
  shown.addEventListener("toggle", load, { once: true });
  return { element: shown, values: () => Object.fromEntries([...fields].flatMap(([name, input]) => given(name, input))) };
}

function field({ name, type, value, help }, fields) {
  const id = newId("option");
  const input = element("input", { id, autocomplete: "off", spellcheck: "false", placeholder: JSON.stringify(value), "aria-describedby": `${id}-help` });
  fields.set(name, input);
  return element("div", {}, element("label", { for: id }, name.replaceAll("_", " ")), input, element("p", { class: "quiet", id: `${id}-help` }, `${help} (${type})`));
}

function given(name, input) {
  const text = input.value.trim();
  if (!text) return [];
  try {
    return [[name, JSON.parse(text)]];
  } catch {
    return [[name, text]];
  }
}
