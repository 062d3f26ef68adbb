// The page: a tab for each model of the server.

import { button, element, newId } from "./dom.js";
import { makePanel } from "./model.js";
import { models, setToken } from "./server.js";

const main = document.getElementById("main");
const tabs = document.getElementById("tabs");

let current = null;

async function start() {
  main.setAttribute("aria-busy", "true");
  try {
    show(await models());
  } catch (error) {
    tabs.hidden = true;
    if (error.status === 401) askForToken(error.message);
    else main.replaceChildren(notice(error.message), button("Try again", start));
  }
  main.setAttribute("aria-busy", "false");
}

function notice(text) {
  return element("p", { class: "notice", role: "alert" }, text);
}

function askForToken(message) {
  const id = newId("token");
  const field = element("input", { id, type: "password", autocomplete: "off", required: true });
  main.replaceChildren(
    element(
      "form",
      {
        class: "token",
        onsubmit: (event) => {
          event.preventDefault();
          setToken(field.value.trim());
          start();
        },
      },
      element("h1", {}, "This server asks for a token"),
      element("p", { class: "quiet" }, message),
      element("label", { for: id }, "Token"),
      element("div", { class: "actions" }, field, element("button", { type: "submit", class: "primary" }, "Go on")),
    ),
  );
  field.focus();
}

function show(found) {
  if (!found.length) {
    main.replaceChildren(notice("The server has no model yet."), button("Look again", start));
    return;
  }
  const entries = found.map((model) => ({ model, tab: null, holder: null, panel: null }));
  for (const entry of entries) {
    const id = newId("model");
    entry.holder = element("div", { id, role: "tabpanel", "aria-label": entry.model.name, hidden: true });
    entry.tab = button(entry.model.name, () => choose(entry), { role: "tab", "aria-controls": id, "aria-selected": "false", tabindex: "-1" });
  }
  const choose = (entry, focus = false) => {
    if (current) {
      current.panel?.leave();
      current.holder.hidden = true;
      current.tab.setAttribute("aria-selected", "false");
      current.tab.tabIndex = -1;
    }
    current = entry;
    if (!entry.panel) {
      entry.panel = makePanel(entry.model);
      entry.holder.append(entry.panel.element);
    }
    entry.holder.hidden = false;
    entry.tab.setAttribute("aria-selected", "true");
    entry.tab.tabIndex = 0;
    entry.tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (focus) entry.tab.focus();
    document.title = `${entry.model.name} · suite`;
    history.replaceState(null, "", `#${encodeURIComponent(entry.model.name)}`);
  };
  tabs.replaceChildren(...entries.map(({ tab }) => tab));
  tabs.hidden = entries.length < 2;
  tabs.onkeydown = (event) => {
    const at = entries.indexOf(current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: entries.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(entries[(to + entries.length) % entries.length], true);
  };
  current = null;
  main.replaceChildren(...entries.map(({ holder }) => holder));
  const wanted = () => entries.find(({ model }) => `#${encodeURIComponent(model.name)}` === location.hash);
  window.onhashchange = () => {
    const entry = wanted();
    if (entry && entry !== current) choose(entry);
  };
  choose(wanted() || entries[0]);
}

// Files may be dropped and pasted anywhere on the page.

function files(transfer) {
  return [...(transfer?.files || [])];
}

addEventListener("dragover", (event) => {
  if (![...event.dataTransfer.types].includes("Files")) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
addEventListener("drop", (event) => {
  document.body.classList.remove("dropping");
  if (!files(event.dataTransfer).length) return;
  event.preventDefault();
  current?.panel?.take(files(event.dataTransfer));
});
addEventListener("paste", (event) => {
  if (!files(event.clipboardData).length) return;
  event.preventDefault();
  current?.panel?.take(files(event.clipboardData));
});
main.addEventListener("refused", () => start());

start();
