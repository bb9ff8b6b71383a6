// The parts of the explorer that show something: numbers, chart, rows, columns, tools. They are given data and give
// elements; what is asked when is for explorer.js.

import { ago, copyButton, count, duration, element, fill, marked, number, size } from "./elements.js";

// Longer texts are cut for the eye; files have them whole.
const LONGEST_CELL = 300;

export function scroll(label, table, more = "") {
  return element("div", { class: `scroll ${more}`, role: "region", "aria-label": label, tabIndex: 0 }, table);
}

export function tableOf(heads, rows) {
  const head = element("thead", {}, element("tr", {}, heads));
  return element("table", {}, head, element("tbody", {}, rows));
}

const head = (name, properties = {}, ...children) => element("th", { scope: "col", ...properties }, name, children);

// Rows, days, age, completeness and size, as far as they are known.
export function facts({ explained, complete, asOf, bytes, onMeasure }) {
  const facts = [];
  const add = (name, value, note) =>
    facts.push(
      element("div", {}, element("dt", {}, name), element("dd", {}, value, note ? element("small", {}, note) : null)),
    );
  if (explained) {
    const { days } = explained;
    const begun = days.total - days.future;
    const isOfDays = begun > 1;
    add("Rows kept", number(days.rows), isOfDays ? (days.cold > 0 ? "of the days that are kept" : "of these days") : null);
    add(isOfDays ? "Up to date" : "Loaded", isOfDays ? `${days.warm} of ${begun} days` : days.warm > 0 ? "yes" : "no", isOfDays ? loadedNote(days) : null);
  }
  const at = asOf ?? explained?.days.as_of;
  add("Last checked", at ? ago(at) : "never", at ? new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" }) : "with CleverTap");
  if (complete !== null) add("Complete", complete ? "yes" : "no", complete ? "nothing is missing" : "days are missing");
  if (bytes !== null) add("As CSV", size(bytes), "unpacked");
  else if (onMeasure) {
    const button = element("button", { type: "button", class: "button small", onclick: onMeasure }, "Measure");
    add("As CSV", button, null);
  }
  return element("dl", { class: "card facts" }, facts);
}

function loadedNote(days) {
  const notes = [];
  if (days.loading > 0) notes.push(`${days.loading} loading`);
  if (days.open > 0) notes.push(`${days.open} may still change`);
  if (days.future > 0) notes.push(`${days.future} to come`);
  return notes.join(", ") || null;
}

// The server's picture, and its numbers as a table for whoever reads rather than looks.
export function chart(svgText) {
  const svg = new DOMParser().parseFromString(svgText, "image/svg+xml").documentElement;
  const days = [...svg.querySelectorAll("[data-day]")].map((day) => day.dataset);
  const states = { kept: "loaded", partly: "loaded in part", missing: "not loaded", loading: "loading", future: "to come" };
  const rows = days.map((day) => {
    const rows = day.state === "kept" || day.state === "partly" ? number(Number(day.rows)) : "–";
    const state = states[day.state] + (day.open !== undefined && day.state === "kept" ? ", may still change" : "");
    return element("tr", {}, element("th", { scope: "row" }, day.day), element("td", {}, rows), element("td", {}, state));
  });
  const missing = days.filter((day) => ["missing", "loading"].includes(day.state)).length;
  return [
    document.importNode(svg, true),
    missing > 0 ? element("p", { class: "legend" }, `Hatched: ${count(missing, "day")} not loaded yet. They are counted once somebody asks for their rows.`) : null,
    element("details", { class: "numbers" }, element("summary", {}, "As numbers"),
      scroll("Rows per day", tableOf([head("Day"), head("Rows"), head("State")], rows))),
  ];
}

export function rows(records, columns, label) {
  const names = records.length > 0 ? Object.keys(records[0]) : columns.map((column) => column.name);
  const types = new Map(columns.map((column) => [column.name, column.type]));
  const isNumber = (name) => ["integer", "number"].includes(types.get(name)) && name !== "ts";
  const heads = names.map((name) =>
    head(name, { class: isNumber(name) ? "number" : null }, types.has(name) ? element("small", {}, types.get(name)) : null),
  );
  const lines = records.map((record) =>
    element("tr", {}, names.map((name) => cell(record[name], isNumber(name)))),
  );
  return scroll(label, tableOf(heads, lines), "rows");
}

function cell(value, isNumber) {
  if (value === null || value === undefined) return element("td", { class: isNumber ? "number" : null }, element("span", { class: "null" }, "null"));
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const shown = text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL)}…` : text;
  return element("td", { class: isNumber ? "number" : null, dir: "auto" }, shown);
}

export function columnsTable(columns, wanted) {
  const needle = wanted.trim().toLowerCase();
  const found = columns.filter((column) => `${column.name} ${column.source} ${column.description}`.toLowerCase().includes(needle));
  const lines = found.map((column) =>
    element("tr", {},
      element("td", {}, element("span", {}, column.name), column.is_personal ? element("em", { class: "tag" }, "personal") : null),
      element("td", {}, column.type, notes(column).map((note) => element("small", {}, note))),
      element("td", { class: "source" }, column.source || "–"),
      element("td", {}, marked(column.description)),
    ),
  );
  if (lines.length === 0) return element("div", { class: "empty" }, element("p", {}, "No column is like that."));
  const heads = ["Column", "Type", "In CleverTap's answer", "Meaning"].map((name) => head(name));
  return scroll("List of columns", tableOf(heads, lines), "columns");
}

function notes({ nullable, time_zone: zone }) {
  const clock = zone && (zone === "project" ? "project time" : zone);
  return [clock, nullable ? null : "never null"].filter(Boolean);
}

// How far loading is.
export function progress() {
  const words = element("p", {}, "Loading from CleverTap…");
  const bar = element("progress", { "aria-label": "Days loaded" });
  const note = element("p", { class: "note" }, "Loading goes on if you leave. What is loaded is kept.");
  const shown = element("div", { class: "progress" }, words, bar, note);
  const show = ({ days_done, days_total, rows, seconds_left }) => {
    // A bar without a value moves by itself: of one day nobody knows how far it is.
    if (days_total > 1) Object.assign(bar, { max: days_total, value: days_done });
    const left = seconds_left ? `, about ${duration(seconds_left)} left` : "";
    const days = days_total > 1 ? `${days_done} of ${days_total} days, ` : "";
    words.textContent = `Loading from CleverTap: ${days}${count(rows, "row")} so far${left}.`;
    return words.textContent;
  };
  return { shown, show };
}

// Tabs: one tool each. `recipes` are the server's, `base` the address at which the visitor reaches it.
export function tools(recipes, base, chosen, onChoose) {
  // This recipe's text is the address that the others are made with.
  const made = recipes.find((recipe) => recipe.tool === "looker-studio").text;
  const here = (text) => text.replaceAll(made, base);
  const recipe = element("div", { class: "recipe", role: "tabpanel", id: "recipe", tabIndex: 0 });
  const tabs = recipes.map((tool) =>
    element("button", { type: "button", role: "tab", id: `tool-${tool.tool}`, "aria-controls": "recipe" }, tool.name),
  );
  const show = (at, focus) => {
    const tool = recipes[at];
    tabs.forEach((tab, place) => {
      tab.setAttribute("aria-selected", place === at ? "true" : "false");
      tab.tabIndex = place === at ? 0 : -1;
    });
    if (focus) tabs[at].focus();
    recipe.setAttribute("aria-labelledby", tabs[at].id);
    const text = here(tool.text);
    fill(recipe,
      element("ol", {}, tool.steps.map((step) => element("li", {}, marked(here(step))))),
      element("div", { class: "code" },
        element("div", { class: "top" }, element("span", {}, tool.label), copyButton(`${tool.name}: ${tool.label}`, () => text)),
        element("pre", { role: "region", "aria-label": `${tool.name}: ${tool.label}`, tabIndex: 0 }, element("code", {}, text)),
      ),
      tool.page ? element("p", {}, element("a", { href: tool.page }, "More for this tool")) : null,
      tool.is_tested ? null : element("p", { class: "note" }, "Made by the tool's documentation; the tool itself was not run with it."),
    );
    onChoose(tool.tool);
  };
  const list = element("div", { class: "tabs", role: "tablist", "aria-label": "Tools" }, tabs);
  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(document.activeElement);
    const steps = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
    if (at < 0 || !(event.key in steps)) return;
    event.preventDefault();
    show((steps[event.key] + tabs.length) % tabs.length, true);
  });
  tabs.forEach((tab, at) => tab.addEventListener("click", () => show(at, false)));
  show(Math.max(0, recipes.findIndex((recipe) => recipe.tool === chosen)), false);
  return element("div", { class: "tools" }, list, recipe);
}
