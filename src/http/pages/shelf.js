// The list of tables beside the explorer: which one is open, of which account, and what is kept of each.

import { ago, element } from "./elements.js";
import { words } from "./fields.js";

// What the tables about people read when nothing is said.
const USUAL_EVENT = "App Launched";

export class Shelf {
  constructor({ asking, tables, accounts, account, onTable, onAccount }) {
    Object.assign(this, { asking, tables });
    this.buttons = new Map();
    this.summary = element("summary", {}, "Table");
    const lists = [
      ["Tables", tables.filter((table) => !table.table.startsWith("views."))],
      ["Saved queries", tables.filter((table) => table.table.startsWith("views."))],
    ];
    const parts = lists.filter(([, tables]) => tables.length > 0).flatMap(([title, tables]) => {
      const items = tables.map((table) => element("li", {}, this.button(table, onTable)));
      return [element("h2", {}, title), element("ul", {}, items)];
    });
    const which = accounts.length > 1 ? accountField(accounts, account, onAccount) : null;
    this.wide = matchMedia("(min-width: 64rem)");
    this.element = element("details", { class: "shelf", open: this.wide.matches }, this.summary, element("nav", { "aria-label": "Tables" }, which, parts));
    this.wide.addEventListener("change", () => (this.element.open = this.wide.matches));
  }

  button(table, onTable) {
    const state = element("span", { class: "state" });
    const name = element("span", { class: "name" }, table.table.replace(/^views\./, ""));
    const button = element("button", { type: "button", onclick: () => onTable(table) }, name, state);
    this.buttons.set(table.table, { button, state });
    return button;
  }

  // Where there is little room, the list makes way for what was chosen in it.
  mark(table) {
    if (!this.wide.matches) this.element.open = false;
    for (const [name, { button }] of this.buttons) {
      if (name === table.table) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    this.summary.textContent = `Table: ${table.table}`;
  }

  stop() {
    this.looking?.abort();
  }

  // What is kept of every table for its usual period, one after the other: nothing is loaded by it. `event` is the one
  // that is chosen, `known` are those of the account.
  async lookAround({ account, event, known }) {
    this.stop();
    this.looking = new AbortController();
    const { signal } = this.looking;
    for (const { state } of this.buttons.values()) Object.assign(state, { textContent: "", className: "state" });
    for (const table of this.tables) {
      if (table.table.startsWith("views.")) continue;
      const required = words(table.required);
      const needs = required.filter((word) => word !== "event");
      if (needs.length > 0) {
        this.buttons.get(table.table).state.textContent = `needs ${needs.join(", ")}`;
        continue;
      }
      const query = new URLSearchParams(account ? { account } : {});
      if (required.includes("event")) {
        if (!event) continue;
        query.set("event", event);
      }
      const isAboutPeople = !required.includes("event") && words(table.optional).includes("event");
      if (isAboutPeople && known && !known.some((event) => event.event_name === USUAL_EVENT)) continue;
      try {
        const explained = await this.asking.json(`v1/tables/${table.table}/explain?${query}`, { signal });
        this.show(table.table, explained);
      } catch (error) {
        if (error.name === "AbortError" || error.status === 401 || error.status === 429) return;
      }
    }
  }

  show(name, { days }) {
    const shown = this.buttons.get(name)?.state;
    if (!shown) return;
    const begun = days.total - days.future;
    const isKept = days.warm > 0 || days.as_of;
    shown.className = `state ${!isKept ? "" : days.cold === 0 ? "here" : "part"}`;
    if (!isKept) shown.textContent = "not loaded";
    else if (days.cold > 0 && begun > 1) shown.textContent = `${days.warm} of ${begun} days up to date`;
    else shown.textContent = days.as_of ? `checked ${ago(days.as_of)}` : "loaded";
  }
}

function accountField(accounts, chosen, onAccount) {
  const options = accounts.map(({ name }) => element("option", { value: name, selected: name === chosen }, name));
  const select = element("select", { id: "account-name" }, options);
  const zone = element("small");
  const show = () => (zone.textContent = `Days in ${accounts.find(({ name }) => name === select.value).timezone}`);
  select.addEventListener("change", () => {
    show();
    onAccount(select.value);
  });
  show();
  return element("div", { class: "field" }, element("label", { htmlFor: "account-name" }, "Account"), select, zone);
}
