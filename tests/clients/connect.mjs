// Opens the pages below /connect/ in Chromium, uses them, and prints what is wrong with them as JSON.
//
//     FLATTAP_TEST_CHROMIUM=… [SHOTS=folder] node tests/clients/connect.mjs BASE KEY
//
// {"problems": [console errors], "foreign": [requests to other hosts], "findings": [serious ones of axe], "texts": {label: text},
//  "files": {name: text}, "connector": [names]}

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [base, key] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: process.env.FLATTAP_TEST_CHROMIUM, args: ["--no-sandbox"] });
const [problems, foreign, findings] = [[], [], []];

async function open(path, options) {
  const context = await browser.newContext({ acceptDownloads: true, ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: base });
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && problems.push(`${path}: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`${path}: ${error}`));
  page.on("request", (request) => new URL(request.url()).protocol.startsWith("http") && !request.url().startsWith(base) && foreign.push(request.url()));
  await page.goto(`${base}${path}`);
  return page;
}

async function look(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  findings.push(...violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) => `${name} ${id}: ${nodes[0].html}`));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) findings.push(`${name}: ${wide} pixels too wide`);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
}

const narrow = { viewport: { width: 360, height: 740 } };
const looks = [
  ["light", { viewport: { width: 1440, height: 900 }, colorScheme: "light" }],
  ["narrow", { ...narrow, colorScheme: "light" }],
  ["dark", { viewport: { width: 1440, height: 900 }, colorScheme: "dark" }],
  ["narrow-dark", { ...narrow, colorScheme: "dark" }],
];
for (const [look_, options] of looks) {
  for (const [name, path] of [["powerbi", "/connect/powerbi"], ["tableau", "/connect/tableau/"], ["looker", "/connect/looker-studio"]]) {
    const page = await open(path, options);
    await page.waitForLoadState("networkidle");
    await look(page, `${name}-${look_}`);
    await page.context().close();
  }
}

const page = await open("/connect/powerbi", looks[0][1]);
await page.getByLabel("Key", { exact: true }).fill(key);
await page.getByRole("button", { name: "Use this key" }).click();
await page.getByLabel("Event", { exact: true }).selectOption("Charged");
await page.getByLabel("Period", { exact: true }).selectOption("last_7_days");
await page.getByRole("button", { name: "Make the files" }).click();
await page.getByRole("button", { name: "Download .pbids, CSV source" }).waitFor({ timeout: 120_000 });
await look(page, "powerbi-made");
const texts = {};
for (const block of await page.locator("#made .code").all()) {
  texts[await block.locator(".top span").textContent()] = await block.locator("pre").textContent();
}
await page.locator("#made").getByRole("button", { name: "Copy Power Query", exact: true }).click();
const copied = await page.evaluate(() => navigator.clipboard.readText());
const files = {};
for (const source of ["CSV", "OData"]) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: `Download .pbids, ${source} source` }).click()]);
  files[download.suggestedFilename()] = readFileSync(await download.path(), "utf8");
}
const kept = await page.evaluate(() => ({ address: location.href, local: localStorage.length, cookies: document.cookie }));
await look(await reopened(narrow), "powerbi-made-narrow");

// In the same tab's session the key is still there.
async function reopened(options) {
  await page.setViewportSize(options.viewport);
  await page.reload();
  await page.getByRole("button", { name: "Make the files" }).click();
  await page.getByRole("button", { name: "Download .pbids, CSV source" }).waitFor();
  return page;
}

const looker = await open("/connect/looker-studio", looks[0][1]);
await looker.locator("#files details").first().waitFor();
const connector = await looker.locator("#files summary").allTextContents();
await browser.close();
console.log(JSON.stringify({ problems, foreign, findings, texts, copied, files, kept, connector }));
