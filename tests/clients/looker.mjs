// Runs the Looker Studio connector against a gateway, as Apps Script would, and prints what its functions give as JSON.
//
//     node tests/clients/looker.mjs BASE KEY CALLS [CELLS]
//
// CALLS is a JSON list of [function, request]. For each: {"value": …}, or {"error": …, "debug": …} where the connector
// shows something to the person at the report. The connector asks https://gateway.test/, which leads to BASE here. Of
// Apps Script there is what the connector uses: a synchronous UrlFetchApp (curl), properties, sleep, and the builders
// of DataStudioApp. CELLS replaces the size of a page, so that a small table has several.

import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";

const [base, key, calls, cells] = process.argv.slice(2);
const folder = join(dirname(fileURLToPath(import.meta.url)), "../../connectors/looker-studio");
const HOST = "https://gateway.test/";

class Shown extends Error {
  constructor(text, debug) {
    super(text);
    this.debug = debug;
  }
}

function fetchByCurl(url, { method = "get", headers = {}, muteHttpExceptions = false } = {}) {
  if (!url.startsWith(HOST)) throw new Error(`DNS error: ${url}`);
  const wanted = [...Object.entries(headers)].flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const target = base.replace(/\/?$/, "/") + url.slice(HOST.length);
  const output = execFileSync(
    "curl",
    ["-sS", "--compressed", "--max-time", "60", "-X", method.toUpperCase(), ...wanted, "-D", "-", "-o", "-", target],
    { maxBuffer: 200e6 },
  );
  const end = output.indexOf("\r\n\r\n");
  const [first, ...lines] = output.subarray(0, end).toString("latin1").split("\r\n");
  const status = Number(first.split(" ")[1]);
  const body = output.subarray(end + 4);
  const all = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
  if (!muteHttpExceptions && status >= 400) throw new Error(`Request failed: ${status}`);
  return {
    getResponseCode: () => status,
    getAllHeaders: () => all,
    getContentText: () => body.toString("utf8"),
  };
}

// A builder that keeps what its setters are given.
function builder(type) {
  const made = { type };
  const self = new Proxy(made, {
    get(_, name) {
      if (name === "made") return made;
      if (name === "addOption") return (option) => ((made.options ??= []).push(option.made), self);
      return (value) => ((made[name[3].toLowerCase() + name.slice(4)] = value), self);
    },
  });
  return self;
}

function config() {
  const elements = [];
  const facts = {};
  const add = (type) => () => (elements.push(builder(type)), elements.at(-1));
  return {
    newSelectSingle: add("SELECT_SINGLE"),
    newTextInput: add("TEXTINPUT"),
    newInfo: add("INFO"),
    newOptionBuilder: () => builder("option"),
    setIsSteppedConfig: (value) => (facts.isSteppedConfig = value),
    setDateRangeRequired: (value) => (facts.dateRangeRequired = value),
    build: () => ({ ...facts, configParams: elements.map((element) => element.made) }),
  };
}

function userError() {
  const said = {};
  const self = {
    setText: (text) => ((said.text = text), self),
    setDebugText: (text) => ((said.debug = text), self),
    throwException() {
      throw new Shown(said.text, said.debug);
    },
  };
  return self;
}

const kept = new Map([["flattap.address", HOST], ["flattap.key", key]]);
const sleeps = [];
const properties = {
  getProperty: (name) => kept.get(name) ?? null,
  setProperties: (values) => Object.entries(values).forEach(([name, value]) => kept.set(name, value)),
  deleteProperty: (name) => kept.delete(name),
};
const context = vm.createContext({
  UrlFetchApp: { fetch: fetchByCurl },
  PropertiesService: { getUserProperties: () => properties },
  Utilities: {
    sleep(milliseconds) {
      sleeps.push(milliseconds);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.min(milliseconds, 3000));
    },
  },
  DataStudioApp: { createCommunityConnector: () => ({ getConfig: config, newUserError: userError }) },
});
for (const file of readdirSync(folder).filter((name) => name.endsWith(".js")).sort()) {
  let text = readFileSync(join(folder, file), "utf8");
  if (cells) text = text.replace(/^const (CELLS|LEAST) = \d+/gm, (_, name) => `const ${name} = ${name === "CELLS" ? cells : 1}`);
  vm.runInContext(text, context, { filename: file });
}

const results = JSON.parse(calls).map(([name, request]) => {
  try {
    return { value: context[name](request) };
  } catch (error) {
    if (!(error instanceof Shown)) throw error;
    return { error: error.message, debug: error.debug };
  }
});
console.log(JSON.stringify({ results, sleeps, kept: Object.fromEntries(kept) }));
