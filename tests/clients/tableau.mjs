// Opens the web data connector in Chromium as Tableau does, with a stand-in for Tableau's library, and prints what it gave
// as JSON.
//
//     FLATTAP_TEST_CHROMIUM=… node tests/clients/tableau.mjs BASE KEY CHOICE
//
// CHOICE is JSON: {"table", "fields": {label: value}, "columns": [names] or null, "increment": "2026-11-05 10:00:00"}.
// Phases: the page outside of Tableau, the form inside it, the hidden fetch of what was chosen, an incremental one, and one
// with a wrong key. Beside what Tableau would have got: problems in the console, what the page asked of other hosts, and what
// axe finds serious.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [base, key, given] = process.argv.slice(2);
const choice = JSON.parse(given);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LIBRARY = "https://connectors.tableau.com/libs/tableauwdc-2.4.latest.js";

// What the page finds as `tableau`. Calls come one after the other, as from Tableau.
const STAND_IN = `(() => {
  const say = (name, value) => window.said.push([name, value]);
  const state = window.state;
  window.said = [];
  const gather = (connector) => connector.getSchema((tables) => {
    say("schema", tables);
    const table = { tableInfo: tables[0], incrementValue: state.increment ?? "", appendRows: (rows) => say("rows", rows) };
    connector.getData(table, () => say("done"));
  });
  window.tableau = {
    ...state.kept,
    phase: state.phase,
    phaseEnum: { interactivePhase: "interactive", authPhase: "auth", gatherDataPhase: "gatherData" },
    authTypeEnum: { none: "none", basic: "basic", custom: "custom" },
    makeConnector: () => ({}),
    registerConnector: (connector) => setTimeout(() => connector.init(() => {
      say("init", window.tableau.authType);
      if (state.phase === "gatherData" && !window.said.some(([name]) => name.startsWith("abort"))) gather(connector);
    })),
    submit() {
      const { connectionName, connectionData, username, password } = window.tableau;
      say("submit", { connectionName, connectionData, username, password });
    },
    abortForAuth: (message) => say("abortForAuth", message),
    abortWithError: (message) => say("abortWithError", message),
    reportProgress: (message) => say("progress", message),
    log: (message) => say("log", message),
  };
})();`;

const browser = await chromium.launch({ executablePath: process.env.FLATTAP_TEST_CHROMIUM, args: ["--no-sandbox"] });
const problems = [];
const foreign = [];

async function open(state) {
  const context = await browser.newContext({ viewport: { width: 1000, height: 760 } });
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  await context.route(
    (url) => url.origin !== new URL(base).origin,
    (route) => {
      foreign.push(route.request().url());
      return route.request().url() === LIBRARY ? route.fulfill({ contentType: "text/javascript", body: STAND_IN }) : route.abort();
    },
  );
  if (state) {
    await page.addInitScript((state) => {
      window.tableauVersionBootstrap = {};
      window.state = state;
    }, state);
  }
  await page.goto(`${base}/connect/tableau/`);
  return page;
}

async function serious(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
}

const said = (page, names) =>
  page.waitForFunction((names) => window.said?.some(([name]) => names.includes(name)) && window.said, names, { timeout: 120_000 })
    .then((found) => found.jsonValue());

async function gather(kept, increment) {
  const page = await open({ phase: "gatherData", kept, increment });
  const heard = await said(page, ["done", "abortForAuth", "abortWithError"]);
  await page.context().close();
  const all = (name) => heard.filter(([known]) => known === name).map(([, value]) => value);
  return { schema: all("schema")[0]?.[0], rows: all("rows").flat(), progress: all("progress"), aborted: [...all("abortForAuth"), ...all("abortWithError")],
    by: heard.map(([name]) => name).filter((name) => name.startsWith("abort")) };
}

// Outside of Tableau: something to read, and nothing from elsewhere.
const outside = await open(null);
await outside.getByText("The REST API Connector").first().waitFor();
const findings = await serious(outside);
const outsideAsked = foreign.length;
if (process.env.SHOTS) await outside.screenshot({ path: `${process.env.SHOTS}/tableau-outside.png`, fullPage: true });
await outside.context().close();

// The form. A wrong key first.
const form = await open({ phase: "interactive", kept: {} });
await form.getByLabel("Key", { exact: true }).fill("wrong");
await form.getByRole("button", { name: "Use this key" }).click();
await form.getByText("The key is not valid").waitFor();
await form.getByLabel("Key", { exact: true }).fill(key);
await form.getByRole("button", { name: "Use this key" }).click();
await form.getByLabel("Table", { exact: true }).selectOption(choice.table);
for (const [label, value] of Object.entries(choice.fields)) {
  const control = form.getByLabel(label, { exact: true });
  await control.waitFor();
  if ((await control.evaluate((element) => element.tagName)) === "SELECT") await control.selectOption(value);
  else await control.fill(value);
}
if (choice.columns) {
  await form.getByRole("button", { name: "Choose columns" }).click();
  await form.getByRole("button", { name: "None" }).click({ timeout: 120_000 });
  for (const name of choice.columns) await form.locator(`input[value="${name}"]`).check();
}
findings.push(...(await serious(form)));
if (process.env.SHOTS) await form.screenshot({ path: `${process.env.SHOTS}/tableau-form.png`, fullPage: true });
await form.getByRole("button", { name: "Give it to Tableau" }).click();
const submitted = (await said(form, ["submit"])).find(([name]) => name === "submit")[1];
await form.context().close();
const whole = await gather(submitted, undefined);
const later = choice.increment ? await gather(submitted, choice.increment) : null;
const refused = await gather({ ...submitted, password: "wrong" }, undefined);
const missing = await gather({ ...submitted, password: "" }, undefined);
await browser.close();
// The browser itself writes down every refusal: those of the wrong key, and those of data that is still loading.
const unexpected = problems.filter((text) => !/status of (401|503)/.test(text));

console.log(JSON.stringify({
  submitted, whole, later, refused, missing, findings, unexpected,
  outsideAsked, foreign: [...new Set(foreign)],
}));
