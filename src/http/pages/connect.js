// What the pages below /connect/ share: the visitor's key, the choice of one table, texts to copy.

import { Asking, concernsOf } from "./asking.js";
import { copyButton, count, element, fill, refusal } from "./elements.js";

// The same key as on the page at `/`, in this tab.
const KEPT = "flattap.key";
const RANGES = [
  ["last_7_days", "Last 7 days"],
  ["last_7_days_and_today", "Last 7 days and today"],
  ["last_30_days", "Last 30 days"],
  ["last_30_days_and_today", "Last 30 days and today"],
  ["last_90_days", "Last 90 days"],
  ["this_month", "This month"],
  ["last_month", "Last month"],
  ["this_quarter", "This quarter"],
  ["last_quarter", "Last quarter"],
  ["this_year", "This year"],
  ["last_year", "Last year"],
  ["yesterday", "Yesterday"],
  ["today", "Today"],
  ["", "Since a day …"],
];
// A saved query has a period of its own.
const USUAL = ["usual", "As the query has it"];
// What the page sets itself, or every tool in its own way.
const SHARED = new Set(
  ("account from to until range select filter orderby top skip fresh wait partial " +
    "headers datetime newlines escape bom download shape where event").split(" "),
);
const BY = { event_trends: ["day", "week", "month"] };

const main = document.getElementById("main");
export const root = new URL(main.dataset.root, location.href.split(/[?#]/)[0]);
// Where others reach this server: what its configuration says, else as this page was reached.
export const base = main.dataset.base || root.href;

// Whether requests without any key are answered.
export const isOpen = main.dataset.open !== undefined;

for (const shown of document.querySelectorAll("[data-fill=base]")) shown.textContent = base;

// A text of the server's with the address that the visitor sees.
export function here(text) {
  return main.dataset.base ? text : text.replaceAll(main.dataset.made, base);
}

const words = (list) => (list ?? "").split(", ").filter((word) => word !== "");

export function keptKey() {
  return sessionStorage.getItem(KEPT);
}

export function forgetKey() {
  sessionStorage.removeItem(KEPT);
}

// An Asking that works, or a refusal. The key is kept in this tab only; an empty one is none.
export async function signIn(key) {
  // A header takes no other characters, and no key has any.
  if (!/^[\x21-\x7e]*$/.test(key)) throw new Error("A key has letters, digits and signs only, and no spaces.");
  const asking = new Asking(root, key);
  await asking.json("v1/");
  sessionStorage.setItem(KEPT, key);
  return asking;
}

let made = 0;

function field(label, control, note = null) {
  control.id = `field-${(made += 1)}`;
  return element("div", { class: "field" }, element("label", { htmlFor: control.id }, label), control, note ? element("small", {}, note) : null);
}

function select(options, chosen) {
  return element("select", {}, options.map(([value, name]) => element("option", { value, selected: value === chosen }, name)));
}

// The choice of one table, its event and its period. Calls `onChange` whenever something is chosen, and again when the
// fields of another table or account are there; `ready` waits for them.
export class Chooser {
  constructor(place, asking, onChange) {
    Object.assign(this, { place, asking, onChange });
    this.fields = [];
    this.events = new Map();
    this.choices = 0;
  }

  async show() {
    const tables = await this.asking.json("v1/tables.json");
    // Which account is asked only where there are several: the key then sees more than one.
    const index = await this.asking.json("v1/");
    this.accounts = (index.accounts ?? []).map((account) => account.name);
    // Looking up one person is no report.
    this.tables = tables.filter((table) => !table.required.includes(" or "));
    if (this.tables.length === 0) throw new Error("This key may read no table. Whoever runs this server can give it some.");
    const names = this.tables.map(({ table }) => [table, table.replace(/^views\./, "view: ")]);
    this.tableSelect = select(names, this.tables.some(({ table }) => table === "events") ? "events" : names[0][0]);
    this.accountSelect = this.accounts.length > 1 ? select(this.accounts.map((name) => [name, name]), this.accounts[0]) : null;
    for (const control of [this.tableSelect, this.accountSelect]) control?.addEventListener("change", () => this.choose());
    this.rest = element("fieldset", { class: "fields" });
    const account = this.accountSelect ? field("Account", this.accountSelect) : null;
    fill(this.place, element("div", { class: "fields" }, field("Table", this.tableSelect), account), this.rest);
    this.choose();
    await this.ready();
  }

  get account() {
    return this.accountSelect?.value ?? this.accounts[0];
  }

  choose() {
    // What is there may not fit any more.
    this.rest.disabled = true;
    this.onChange();
    this.choices += 1;
    this.settled = this.makeFields(this.choices);
    this.settled.catch((error) => showRefusal(this.rest, error));
  }

  // Until the fields are those of what has been chosen.
  async ready() {
    let seen;
    do {
      seen = this.settled;
      await seen;
    } while (seen !== this.settled);
  }

  async makeFields(choice) {
    const { account } = this;
    const table = this.tables.find(({ table }) => table === this.tableSelect.value);
    const required = words(table.required);
    const takes = [...required, ...words(table.optional)];
    // Each account has events of its own.
    const events = takes.includes("event") ? await this.eventsOf(account) : [];
    // Something has been chosen since.
    if (this.choices !== choice) return;
    // Another account is asked in the same way.
    const before = new Map(this.table === table ? this.fields.map(({ name, control }) => [name, control.value]) : []);
    this.table = table;
    this.fields = [];
    const parts = [];
    const add = (name, label, control, note) => {
      control.addEventListener("change", () => this.onChange());
      const value = before.get(name);
      if (value !== undefined && (control.tagName !== "SELECT" || [...control.options].some((option) => option.value === value))) control.value = value;
      this.fields.push({ name, control });
      parts.push(field(label, control, note));
    };
    if (takes.includes("event")) {
      const options = events.map((name) => [name, name]);
      const usual = required.includes("event") ? [] : [["", "App Launched (usual)"]];
      if (options.length > 0) add("event", "Event", select([...usual, ...options], events.includes("Charged") ? "Charged" : undefined));
      else add("event", "Event", element("input", { autocomplete: "off", required: required.includes("event") }), "Exactly as CleverTap shows it.");
    }
    if (takes.includes("range")) {
      const since = element("input", { type: "date" });
      const isView = table.table.startsWith("views.");
      const range = select(isView ? [USUAL, ...RANGES] : RANGES, isView ? USUAL[0] : "last_30_days");
      add("range", "Period", range);
      add("from", "Since", since);
      const sinceField = parts[parts.length - 1];
      sinceField.hidden = range.value !== "";
      range.addEventListener("change", () => {
        sinceField.hidden = range.value !== "";
        if (range.value !== "") since.value = "";
      });
    }
    for (const word of takes.filter((word) => !SHARED.has(word))) {
      const label = word.replaceAll("_", " ");
      if (word === "by") {
        const options = BY[table.table] ?? ["day", "total"];
        add("by", "One row for each", select(options.map((value) => [value, value])));
      } else {
        add(word, `${label[0].toUpperCase()}${label.slice(1)}`, element("input", { autocomplete: "off", required: required.includes(word) }), required.includes(word) ? "Needed." : "Optional.");
      }
    }
    fill(this.rest, parts);
    this.rest.disabled = false;
    this.onChange();
  }

  // Without the catalogue names are typed.
  async eventsOf(account) {
    if (!this.tables.some(({ table }) => table === "event_catalog")) return [];
    if (!this.events.has(account)) {
      const words = { select: "event_name", orderby: "event_name", ...(account ? { account } : {}) };
      try {
        const events = await this.asking.json(`v1/event_catalog.json?${new URLSearchParams(words)}`);
        this.events.set(account, events.map((event) => event.event_name));
      } catch (error) {
        if (error.status === 401) throw error;
        return [];
      }
    }
    return this.events.get(account);
  }

  // As a request has it. What has an id needs no period.
  pairs() {
    const account = this.accountSelect ? [["account", this.account]] : [];
    const pairs = [...account, ...this.fields.map(({ name, control }) => [name, control.value.trim()])].filter(([, value]) => value !== "");
    const hasId = pairs.some(([name]) => name === "id");
    const isLeftOut = ([name, value]) => (name === "range" && value === USUAL[0]) || (hasId && ["range", "from"].includes(name));
    return pairs.filter((pair) => !isLeftOut(pair));
  }

  // Which jobs load what is chosen.
  concerns() {
    const events = this.pairs().filter(([name]) => name === "event").map(([, value]) => value);
    return concernsOf({ table: this.table.table, account: this.account, events });
  }

  query(more = []) {
    return new URLSearchParams([...this.pairs(), ...more]).toString();
  }

  get path() {
    const { table } = this.table;
    return table.startsWith("views.") ? `v1/views/${table.slice("views.".length)}` : `v1/${table}`;
  }
}

export function code(label, text) {
  const pre = element("pre", { tabIndex: 0 }, element("code", {}, text));
  return element("div", { class: "code" }, element("div", { class: "top" }, element("span", {}, label), copyButton(label, () => text)), pre);
}

// How far loading is, as long as it takes.
export function progress(place) {
  const words = element("p", { role: "status" }, "Asking …");
  const bar = element("progress", { "aria-label": "Loading" });
  fill(place, element("div", { class: "notice loading" }, words, bar));
  return ({ days_done: done, days_total: total, rows }) => {
    const days = total > 1 ? `${done} of ${total} days, ` : "";
    words.textContent = `Loading from CleverTap: ${days}${count(rows, "row")} so far.`;
    // A bar without a value moves by itself: of one day nobody knows how far it is.
    if (total > 1) Object.assign(bar, { max: total, value: done });
  };
}

// `docs/errors` is at the root, not beside these pages.
export function showRefusal(place, error) {
  const shown = refusal(error);
  for (const link of shown.querySelectorAll("a[href^=docs]")) link.href = new URL(link.getAttribute("href"), root).href;
  fill(place, shown);
}

// The form for the key, until there is one that works; then `start` with an Asking.
export function withKey(start) {
  const form = document.getElementById("sign-in");
  const input = document.getElementById("key");
  const refused = document.getElementById("refused");
  const enter = async (key) => {
    fill(refused);
    try {
      const asking = await signIn(key);
      form.hidden = true;
      input.value = "";
      await start(asking);
    } catch (error) {
      if (error.status === 401) forgetKey();
      form.hidden = false;
      showRefusal(refused, error);
    }
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    enter(input.value.trim());
  });
  const kept = keptKey() ?? (isOpen ? "" : null);
  if (kept !== null) enter(kept);
}
