// The tables of whoever signed in: choosing one, asking for it, showing what comes.
//
// What costs CleverTap nothing (columns, chart, what it would take) follows every choice at once. Rows of days that are
// not kept are loaded when somebody says so.

import { concernsOf, firstOf } from "./asking.js";
import { count, duration, element, fill, number, refusal, say } from "./elements.js";
import { fieldsOf, words } from "./fields.js";
import * as panels from "./panels.js";
import { Shelf } from "./shelf.js";

const PREVIEW = 50;
// Measuring makes the whole file once; beyond this many rows only when somebody wants it.
const MEASURED_UNASKED = 200_000;
// Parameters that stay when another table is chosen.
const LASTING = ["event", "range", "from", "to"];
// The words of its period.
const PERIOD = ["range", "from", "to"];

export class Explorer {
  constructor(place, asking, base, { accounts, tables }) {
    Object.assign(this, { place, asking, base, accounts, tables });
    this.account = accounts.length > 1 ? accounts[0].name : null;
    this.events = new Map();
    this.tool = "power-bi";
    this.restore();
  }

  // ---- what is chosen -------------------------------------------------------------------------------------------

  // The choice stands behind the `#`, so that it can be bookmarked and sent. The key never does.
  restore() {
    const said = new URLSearchParams(location.hash.slice(1));
    const table = this.tables.find((table) => table.table === said.get("table"));
    this.table = table ?? this.tables.find((table) => table.table === "events") ?? this.tables[0];
    said.delete("table");
    if (this.accounts.some((account) => account.name === said.get("account"))) this.account = said.get("account");
    said.delete("account");
    this.said = table ? said : new URLSearchParams();
  }

  remember() {
    const said = new URLSearchParams([["table", this.table.table], ...this.parameters()]);
    history.replaceState(null, "", `#${said}`);
  }

  get isView() {
    return this.table.table.startsWith("views.");
  }

  get path() {
    return this.isView ? `v1/views/${this.table.table.slice("views.".length)}` : `v1/${this.table.table}`;
  }

  // Pairs as a request has them.
  parameters() {
    const pairs = this.account ? [["account", this.account]] : [];
    for (const field of this.fields ?? []) pairs.push(...field.read());
    return pairs;
  }

  query(more = []) {
    const query = new URLSearchParams(this.parameters());
    for (const [name, value] of more) query.set(name, value);
    return query.toString();
  }

  // ---- the frame ------------------------------------------------------------------------------------------------

  async show() {
    this.content = element("div", { class: "content" });
    this.shelf = new Shelf({
      asking: this.asking, tables: this.tables, accounts: this.accounts, account: this.account,
      onTable: (table) => this.choose(table),
      onAccount: (account) => this.change(account),
    });
    fill(this.place, this.shelf.element, this.content);
    await this.choose(this.table, { isFirst: true });
    this.lookAround();
  }

  stop() {
    this.isStopped = true;
    this.running?.abort();
    this.looking?.abort();
    this.shelf?.stop();
    fill(this.place);
  }

  // The same table of another account, asked in the same way.
  async change(account) {
    this.said = new URLSearchParams(this.parameters().filter(([name]) => name !== "account"));
    this.account = account;
    this.shelf.stop();
    await this.choose(this.table, { isFirst: true });
    if (this.account === account) this.lookAround();
  }

  lookAround() {
    if (this.isStopped) return;
    const event = this.parameters().find(([name]) => name === "event")?.[1];
    this.shelf.lookAround({ account: this.account, event, known: this.events.get(this.account ?? "") });
  }

  // ---- one table ------------------------------------------------------------------------------------------------

  async choose(table, { isFirst = false } = {}) {
    // A saved query has a period of its own, until another is chosen for it.
    const isOpened = table !== this.table;
    if (isOpened) this.keep();
    this.table = table;
    this.running?.abort();
    this.running = new AbortController();
    this.shelf.mark(table);
    const { signal } = this.running;
    const heading = element("h1", { id: "table-name", tabIndex: -1 }, table.table);
    this.form = element("form", { class: "card asking", "aria-label": "What to ask for" });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.changed({ load: true });
    });
    this.factsPlace = element("div");
    this.chartPlace = element("section", { class: "card panel", "aria-labelledby": "chart-heading", hidden: true });
    this.rowsPlace = element("section", { class: "card panel", "aria-labelledby": "rows-heading" });
    this.toolsPlace = element("section", { class: "card panel", "aria-labelledby": "tools-heading", hidden: true });
    this.columnsPlace = element("section", { class: "card panel", "aria-labelledby": "columns-heading", hidden: true });
    fill(this.content,
      element("div", {}, heading, element("p", { class: "about" }, table.description)),
      this.form, this.factsPlace, this.chartPlace, this.rowsPlace, this.toolsPlace, this.columnsPlace,
    );
    if (!isFirst) heading.focus({ preventScroll: true });
    if (!isFirst) window.scrollTo({ top: 0 });
    const takesEvent = [...words(table.required), ...words(table.optional)].includes("event");
    const events = takesEvent ? await this.knownEvents(signal) : [];
    if (signal.aborted) return;
    const isKept = ([name]) => !(isOpened && this.isView && PERIOD.includes(name));
    this.makeFields(events, new URLSearchParams([...this.said].filter(isKept)));
    await this.changed({ load: false });
  }

  // The event and the period stay when another table is chosen, also past tables that take none.
  keep() {
    const now = this.parameters().filter(([name]) => LASTING.includes(name));
    const groups = [["event"], PERIOD].filter((names) => now.some(([name]) => names.includes(name))).flat();
    const before = [...this.said].filter(([name]) => LASTING.includes(name) && !groups.includes(name));
    this.said = new URLSearchParams([...before, ...now]);
  }

  async knownEvents(signal) {
    const account = this.account ?? "";
    // Without the catalogue names are typed.
    if (!this.tables.some((table) => table.table === "event_catalog")) return [];
    if (!this.events.has(account)) {
      const query = new URLSearchParams(this.account ? { account: this.account } : {});
      try {
        this.events.set(account, await this.asking.json(`v1/event_catalog.json?${query}`, { signal }));
      } catch (error) {
        if (error.status === 401) this.refused(error);
        return [];
      }
    }
    return this.events.get(account) ?? [];
  }

  makeFields(events, said) {
    const onChange = () => this.changed({ load: false });
    this.fields = fieldsOf({ table: this.table, events, said, lasting: LASTING, onChange });
    const submit = element("button", { class: "button main" }, "Show rows");
    fill(this.form, this.fields.slice(0, -1).flatMap((field) => field.elements), submit, this.fields.at(-1).elements);
  }

  // ---- what follows a choice ------------------------------------------------------------------------------------

  async changed({ load }) {
    this.looking?.abort();
    this.looking = new AbortController();
    const { signal } = this.looking;
    Object.assign(this, { explained: null, complete: null, asOf: null, bytes: null });
    this.remember();
    const isMissing = !this.form.checkValidity();
    if (load && isMissing) return;
    this.columns = [];
    this.toolsPlace.hidden = isMissing;
    if (isMissing) {
      fill(this.factsPlace);
      this.chartPlace.hidden = true;
      return this.showEmpty([element("p", {}, "Fill in what the table needs.")]);
    }
    if (this.isView) {
      fill(this.factsPlace);
      try {
        await this.showTools(signal);
      } catch (error) {
        return this.refused(error, signal);
      }
      if (signal.aborted) return;
      if (load) return this.load(signal);
      return this.offerRows("A saved query runs when it is asked for.");
    }
    try {
      const query = this.query();
      const [explained, columns] = await Promise.all([
        this.asking.json(`v1/tables/${this.table.table}/explain?${query}`, { signal }),
        this.asking.json(`v1/tables/${this.table.table}/schema.json?${query}`, { signal }),
        this.drawChart(signal),
        this.showTools(signal),
      ]);
      if (signal.aborted) return;
      Object.assign(this, { explained, columns });
      this.showFacts();
      this.showColumns();
      const { days } = explained;
      // The catalogue is read anyway, for the names of events.
      if (load || days.cold === 0 || this.table.table === "event_catalog") return await this.load(signal);
      const rest = explained.upstream;
      const takes = [
        rest.calls ? `about ${count(rest.calls, "request")} to CleverTap` : null,
        rest.seconds ? `about ${duration(rest.seconds)}` : null,
      ].filter(Boolean);
      const begun = days.total - days.future;
      const state = days.as_of ? "up to date" : "loaded yet";
      const none = days.cold === begun ? `None of the ${begun} days is ${state}.` : `${days.cold} of ${begun} days are not ${state}.`;
      const what = begun === 1 ? `This is not ${state}.` : none;
      this.offerRows(`${what}${takes.length > 0 ? ` Loading takes ${takes.join(", ")}.` : ""} What is loaded is kept for everybody.`);
    } catch (error) {
      this.refused(error, signal);
    }
  }

  offerRows(text) {
    const button = element("button", { type: "button", class: "button", onclick: () => this.changed({ load: true }) }, "Load and show rows");
    this.showEmpty([element("p", {}, text), button]);
  }

  async drawChart(signal) {
    if (this.table.table !== "events") return;
    const parameters = this.parameters().filter(([name]) => ["account", "event", "from", "to", "until", "range", "where"].includes(name));
    try {
      const answer = await this.asking.ask(`v1/tables/events/chart.svg?${new URLSearchParams(parameters)}`, { signal });
      const drawn = panels.chart(await answer.text());
      if (signal.aborted) return;
      const isPart = this.parameters().some(([name]) => ["filter", "top", "skip"].includes(name));
      const note = isPart ? element("p", {}, "All rows of each day, without the filter") : null;
      fill(this.chartPlace, header("chart-heading", "Rows per day", note), drawn);
      this.chartPlace.hidden = false;
    } catch (error) {
      this.chartPlace.hidden = true;
      // What is wrong with the request is said by the others that ask with it.
      if (error.status === 401) throw error;
    }
  }

  async load(signal) {
    const progress = panels.progress();
    let isShown = false;
    let spoken = 0;
    let drawn = 0;
    const onProgress = (seen) => {
      if (!isShown) this.showRows(progress.shown);
      isShown = true;
      // The chart fills up as days come in.
      if (seen.days_done > drawn) this.drawChart(signal).catch(() => {});
      drawn = seen.days_done;
      const text = progress.show(seen);
      if (Date.now() - spoken > 5000) {
        spoken = Date.now();
        say(text);
      }
    };
    if (!this.rowsPlace.querySelector("table")) this.showRows(element("div", { class: "empty" }, element("p", {}, "Asking…")));
    try {
      // A saved query takes no `top`: its first lines are read, and no more.
      const path = this.isView ? `${this.path}.ndjson?${this.query()}` : `${this.path}.json?${this.query([["top", PREVIEW]])}`;
      const answer = await this.asking.askUntilLoaded(path, { onProgress, signal, concerns: this.concerns() });
      const records = this.isView ? await firstOf(answer, PREVIEW) : await answer.json();
      if (signal.aborted) return;
      this.complete = answer.headers.get("Flattap-Complete") !== "false";
      this.asOf = answer.headers.get("Flattap-As-Of");
      if (this.isView) this.columns = columnsOf(records);
      else await this.lookAgain(signal);
      if (signal.aborted) return;
      this.showRecords(records);
      this.showFacts();
      if (!this.isView && this.explained.days.rows <= MEASURED_UNASKED) await this.measure(signal);
    } catch (error) {
      this.refused(error, signal);
    }
  }

  concerns() {
    const events = this.parameters().filter(([name]) => name === "event").map(([, value]) => value);
    return concernsOf({ table: this.table.table, account: this.account ?? this.accounts[0]?.name, events });
  }

  // After loading there are more columns, days and rows than before.
  async lookAgain(signal) {
    const query = this.query();
    const [explained, columns] = await Promise.all([
      this.asking.json(`v1/tables/${this.table.table}/explain?${query}`, { signal }),
      this.asking.json(`v1/tables/${this.table.table}/schema.json?${query}`, { signal }),
      this.drawChart(signal),
    ]);
    const isNew = columns.length !== this.columns.length;
    Object.assign(this, { explained, columns });
    if (isNew) {
      this.showColumns();
      await this.showTools(signal);
    }
    this.shelf.show(this.table.table, explained);
  }

  // The size of the whole file: a part of one byte tells it.
  async measure(signal) {
    try {
      const path = `${this.path}.csv?${this.query()}`;
      const answer = await this.asking.askUntilLoaded(path, { signal, headers: { Range: "bytes=0-0" } });
      const total = (answer.headers.get("Content-Range") ?? "").split("/")[1];
      this.bytes = total ? Number(total) : null;
      this.showFacts();
    } catch (error) {
      this.refused(error, signal);
    }
  }

  async download(format, button) {
    const { signal } = this.looking;
    const name = button.textContent;
    button.disabled = true;
    button.textContent = "Making…";
    say(`${name} is being made`);
    try {
      const path = `${this.path}.${format}?${this.query([["download", "1"]])}`;
      const answer = await this.asking.askUntilLoaded(path, {
        signal,
        concerns: this.concerns(),
        onProgress: ({ days_done, days_total }) => (button.textContent = `${days_done} of ${days_total} days…`),
      });
      const file = URL.createObjectURL(await answer.blob());
      const named = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "");
      element("a", { href: file, download: named ? named[1] : `${this.table.table}.${format}` }).click();
      setTimeout(() => URL.revokeObjectURL(file), 60_000);
      say(`${name} downloaded`);
    } catch (error) {
      if (error.name !== "AbortError") {
        if (error.status === 401) return this.refused(error);
        this.rowsPlace.querySelector(".failed")?.remove();
        this.rowsPlace.append(element("div", { class: "failed", role: "alert" }, refusal(error)));
      }
    } finally {
      button.disabled = false;
      button.textContent = name;
    }
  }

  // ---- showing --------------------------------------------------------------------------------------------------

  showFacts() {
    const { explained, complete, asOf, bytes } = this;
    const isMeasurable = complete !== null && !(explained && explained.days.rows <= MEASURED_UNASKED);
    const onMeasure = isMeasurable ? () => this.measure(this.looking.signal) : null;
    fill(this.factsPlace, panels.facts({ explained, complete, asOf, bytes, onMeasure }));
  }

  showRows(...parts) {
    fill(this.rowsPlace, header("rows-heading", "Preview"), parts);
  }

  showEmpty(parts) {
    this.showRows(element("div", { class: "empty" }, parts));
  }

  showRecords(records) {
    const total = this.explained?.days.rows;
    const text = records.length < PREVIEW ? count(records.length, "row") : `The first ${number(records.length)} rows`;
    const buttons = [["csv", "CSV"], ["xlsx", "Excel"], ["parquet", "Parquet"]].map(([format, name]) => {
      const button = element("button", { type: "button", class: "button small", "aria-label": `Download ${name}` }, name);
      button.addEventListener("click", () => this.download(format, button));
      return button;
    });
    const actions = element("div", { class: "actions", role: "group", "aria-label": "Downloads" }, buttons);
    const shown = records.length === 0
      ? element("div", { class: "empty" }, element("p", {}, "There are no rows. Everything is loaded; nothing like this happened."))
      : panels.rows(records, this.columns, `Preview of ${this.table.table}`);
    fill(this.rowsPlace, header("rows-heading", "Preview", element("p", {}, text), actions), shown);
    say(`${text} shown${total ? ` of ${number(total)}` : ""}`);
  }

  showColumns() {
    const place = element("div");
    const input = element("input", { type: "search", placeholder: "Find a column", "aria-label": "Find a column" });
    const show = () => fill(place, panels.columnsTable(this.columns, input.value));
    input.addEventListener("input", show);
    show();
    const title = header("columns-heading", "Columns", element("p", {}, number(this.columns.length)), element("div", { class: "field search" }, input));
    fill(this.columnsPlace, title, place);
    this.columnsPlace.hidden = false;
  }

  // The server's own recipes, so that they are the same everywhere. They load nothing.
  async showTools(signal) {
    try {
      const recipes = await this.asking.json(`v1/connect/${this.table.table}?${this.query()}`, { signal });
      if (signal.aborted) return;
      fill(this.toolsPlace, header("tools-heading", "Use it in"), panels.tools(recipes, this.base, this.tool, (tool) => (this.tool = tool)));
      this.toolsPlace.hidden = false;
    } catch (error) {
      this.toolsPlace.hidden = true;
      // What is wrong with the request is said by the others that ask with it.
      if (error.status === 401) throw error;
    }
  }

  refused(error, signal) {
    if (error.name === "AbortError" || signal?.aborted) return;
    if (error.status === 401) {
      this.place.dispatchEvent(new CustomEvent("signedout", { detail: error }));
      return;
    }
    fill(this.factsPlace);
    this.showRows(element("div", { role: "alert" }, refusal(error)));
  }
}

function header(id, text, ...more) {
  return element("header", {}, element("h2", { id }, text), more);
}

// Of a saved query only its rows are known.
function columnsOf(records) {
  const kinds = { number: "number", boolean: "boolean" };
  return Object.keys(records[0] ?? {}).map((name) => {
    const value = records.map((record) => record[name]).find((value) => value !== null);
    return { name, type: kinds[typeof value] ?? "text" };
  });
}
