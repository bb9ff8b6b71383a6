// /connect/tableau/: a web data connector of version 2.
//
// Tableau opens this page twice: visibly, to choose (interactive), and hidden, to fetch (gatherData). Between the two it
// keeps what was chosen, and the key as its password. Its library comes from its own documented address and is loaded
// inside Tableau only.

import { Asking, concernsOf, linesOf } from "./asking.js";
import { Chooser, forgetKey, isOpen, keptKey, progress, root, showRefusal, signIn } from "./connect.js";
import { element, fill } from "./elements.js";

// Tableau's browser is that of 2020.
if (!Element.prototype.replaceChildren) {
  Element.prototype.replaceChildren = function (...children) {
    this.textContent = "";
    this.append(...children);
  };
}

const LIBRARY = "https://connectors.tableau.com/libs/tableauwdc-2.4.latest.js";
const CHUNK = 5000;
const TYPES = { text: "string", json: "string", integer: "int", number: "float", boolean: "bool", date: "date" };
// Where rows only ever come behind those that were fetched: what an incremental refresh goes by.
const STEPS = { events: "event_time", event_items: "event_time", event_counts: "period_start", event_trends: "period_start",
  profile_counts: "period_start", message_reports: "report_date" };

const inside = document.getElementById("inside");
const outside = document.getElementById("outside");
const form = document.getElementById("choose");
const columnsPlace = document.getElementById("columns");
const place = document.getElementById("made");

// Tableau's own marks: the first in older versions, the second in newer ones.
if (window.tableauVersionBootstrap || window.qt?.webChannelTransport) load();
else {
  outside.hidden = false;
  document.getElementById("load").addEventListener("click", load);
}

function load() {
  outside.hidden = true;
  const script = element("script", { src: LIBRARY });
  script.addEventListener("load", () => whenReady(0));
  script.addEventListener("error", () => {
    outside.hidden = false;
    showRefusal(document.getElementById("refused-outside"), new Error("Tableau's library could not be loaded from connectors.tableau.com."));
  });
  document.head.append(script);
}

// The library makes its object a moment after it is loaded.
function whenReady(tries) {
  if (window.tableau?.makeConnector) register();
  else if (tries < 100) setTimeout(() => whenReady(tries + 1), 100);
  else showRefusal(document.getElementById("refused-outside"), new Error("Tableau's library does not answer."));
}

// ---- what Tableau calls -----------------------------------------------------------------------------------------------

function register() {
  const connector = tableau.makeConnector();
  connector.init = (done) => {
    init().then(done, (error) => tableau.abortWithError(inWords(error)));
  };
  connector.getSchema = (done) => {
    try {
      done([schemaOf(chosen())]);
    } catch (error) {
      tableau.abortWithError(inWords(error));
    }
  };
  connector.getData = (table, done) => {
    fetchRows(table, chosen()).then(done, (error) => tableau.abortWithError(inWords(error)));
  };
  tableau.registerConnector(connector);
}

async function init() {
  tableau.authType = tableau.authTypeEnum.basic;
  if (tableau.phase === tableau.phaseEnum.gatherDataPhase) {
    // Only here Tableau can be told to ask for the key again.
    if (!tableau.password && !isOpen) return tableau.abortForAuth("flattap needs your key.");
    try {
      await new Asking(root, tableau.password).json("v1/");
    } catch (error) {
      if (error.status === 401) tableau.abortForAuth("flattap does not take this key any more.");
      else if (error.status === undefined) throw error;
    }
    return;
  }
  inside.hidden = false;
  const given = tableau.password || (keptKey() ?? (isOpen ? "" : null));
  if (tableau.phase === tableau.phaseEnum.authPhase) return askForKey((key) => submit(key, null), null);
  askForKey((key, asking) => choose(key, asking), given);
}

function chosen() {
  return JSON.parse(tableau.connectionData);
}

function submit(key, choice) {
  tableau.username = "key";
  tableau.password = key;
  if (choice) {
    tableau.connectionName = `flattap: ${choice.title}`;
    tableau.connectionData = JSON.stringify(choice);
  }
  tableau.submit();
}

// ---- the form ---------------------------------------------------------------------------------------------------------

function askForKey(next, given) {
  const keyForm = document.getElementById("sign-in");
  const input = document.getElementById("key");
  const refused = document.getElementById("refused");
  const enter = async (key) => {
    fill(refused);
    try {
      const asking = await signIn(key);
      keyForm.hidden = true;
      await next(key, asking);
    } catch (error) {
      if (error.status === 401) forgetKey();
      keyForm.hidden = false;
      showRefusal(refused, error);
    }
  };
  keyForm.hidden = false;
  keyForm.addEventListener("submit", (event) => {
    event.preventDefault();
    enter(input.value.trim());
  });
  if (given !== null) enter(given);
}

async function choose(key, asking) {
  let columns = null;
  let running = new AbortController();
  // What is asked for would be of another choice.
  const chooser = new Chooser(document.getElementById("fields"), asking, () => {
    running.abort();
    columns = null;
    fill(columnsPlace);
    fill(place);
  });
  await chooser.show();
  form.hidden = false;
  const begin = async () => {
    await chooser.ready();
    running.abort();
    running = new AbortController();
    // Fields that have just come were not looked at yet.
    if (!form.reportValidity()) throw new DOMException("Something is missing", "AbortError");
    return running.signal;
  };
  document.getElementById("show-columns").addEventListener("click", () => guarded(async () => {
    columns = await askColumns(asking, chooser, await begin());
    fill(columnsPlace, columnsField(columns));
  }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    guarded(async () => {
      const signal = await begin();
      columns = columns ?? (await askColumns(asking, chooser, signal));
      const boxes = [...columnsPlace.querySelectorAll("input[type=checkbox]")];
      const wanted = boxes.length === 0 ? columns : columns.filter((_, at) => boxes[at].checked);
      if (wanted.length === 0) throw new Error("Choose at least one column.");
      const event = chooser.pairs().find(([name]) => name === "event")?.[1];
      const table = chooser.table.table;
      submit(key, { table, account: chooser.account, path: chooser.path, pairs: chooser.pairs(), columns: wanted, title: event ? `${table}, ${event}` : table,
        description: chooser.table.description });
    });
  });
}

async function guarded(action) {
  try {
    await action();
  } catch (error) {
    if (error.name !== "AbortError") showRefusal(place, error);
  }
}

// The columns are asked together with rows: those of an event that nobody has read yet are known only when a day of it is
// loaded. A table sends no row for it; a view, which is a report already, sends its own.
async function askColumns(asking, chooser, signal) {
  const view = chooser.table.table.startsWith("views.");
  const more = view ? [["shape", "envelope"]] : [["shape", "envelope"], ["top", "0"]];
  const answer = await asking.askUntilLoaded(`${chooser.path}.json?${chooser.query(more)}`, { onProgress: progress(place), signal, concerns: chooser.concerns() });
  const { schema } = await answer.json();
  fill(place);
  return schema.map(({ name, type }) => ({ name, type }));
}

function columnsField(columns) {
  const boxes = columns.map(({ name, type }) =>
    element("li", {}, element("label", {}, element("input", { type: "checkbox", checked: true, name: "column", value: name }), element("span", {}, name, " ", element("small", {}, type)))));
  const all = (checked) => () => columnsPlace.querySelectorAll("input").forEach((box) => (box.checked = checked));
  return element("fieldset", { class: "columns-to-choose" }, element("legend", {}, `${columns.length} columns`),
    element("div", { class: "actions" },
      element("button", { type: "button", class: "button small", onclick: all(true) }, "All"),
      element("button", { type: "button", class: "button small", onclick: all(false) }, "None")),
    element("ul", {}, boxes));
}

// ---- the rows ---------------------------------------------------------------------------------------------------------

function schemaOf(choice) {
  const step = stepOf(choice);
  return {
    id: idOf(choice.table, 0),
    alias: choice.title,
    description: choice.description,
    incrementColumnId: step ? idOf(step.name, choice.columns.indexOf(step)) : undefined,
    columns: choice.columns.map((column, at) => ({
      id: idOf(column.name, at),
      alias: column.name,
      dataType: typeOf(column),
      columnRole: isMeasure(column) ? "measure" : "dimension",
    })),
  };
}

// Ids are ASCII letters, digits and `_`; names can have letters of every language.
function idOf(name, at) {
  return /^[a-zA-Z0-9_]+$/.test(name) ? name : `column_${at}`;
}

function typeOf({ type }) {
  return type.startsWith("timestamp") ? "datetime" : (TYPES[type] ?? "string");
}

function isMeasure({ name, type }) {
  return (type === "integer" || type === "number") && !/^ts$|(^|_)(id|index)$/.test(name);
}

function stepOf(choice) {
  const by = (choice.pairs.find(([name]) => name === "by") ?? [])[1];
  if (by !== undefined && by !== "day") return undefined;
  return choice.columns.find(({ name }) => name === STEPS[choice.table]);
}

async function fetchRows(table, choice) {
  const asking = new Asking(root, tableau.password);
  const pairs = [...choice.pairs];
  if (!choice.table.startsWith("views.")) pairs.push(["select", choice.columns.map(({ name }) => name).join(",")]);
  const step = stepOf(choice);
  // Empty when everything is wanted.
  if (step && table.incrementValue) pairs.push(["filter", `${step.name} gt ${asLiteral(table.incrementValue, typeOf(step))}`]);
  const query = new URLSearchParams(pairs).toString();
  const onProgress = ({ days_done: done, days_total: total }) => tableau.reportProgress(`Loading from CleverTap: ${done} of ${total} days`);
  const events = pairs.filter(([name]) => name === "event").map(([, value]) => value);
  const concerns = concernsOf({ table: choice.table, account: choice.account, events });
  const answer = await asking.askUntilLoaded(`${choice.path}.ndjson?${query}`, { onProgress, concerns });
  let rows = [];
  let count = 0;
  const pass = () => {
    table.appendRows(rows);
    count += rows.length;
    rows = [];
    tableau.reportProgress(`${count} rows`);
  };
  for await (const line of linesOf(answer)) {
    const row = JSON.parse(line);
    rows.push(choice.columns.map((column) => cellOf(row[column.name], column)));
    if (rows.length === CHUNK) pass();
  }
  if (rows.length > 0 || count === 0) pass();
}

// Times as Tableau reads them: a space, no zone, no more than milliseconds.
function cellOf(value, column) {
  if (value === null || value === undefined || typeOf(column) !== "datetime") return value ?? null;
  return value.replace("T", " ").replace(/Z$/, "").replace(/(\.\d{3})\d+$/, "$1");
}

// What Tableau kept as the largest value, as our filter has it.
function asLiteral(kept, type) {
  const text = kept.trim();
  if (type === "date") return text.slice(0, 10);
  const time = text.replace(" ", "T").replace(/Z$/, "");
  return time.length === 10 ? `${time}T00:00:00` : time;
}

function inWords(error) {
  const { detail, hint } = error.problem ?? {};
  return [detail ?? error.message, hint].filter(Boolean).join(" ");
}
