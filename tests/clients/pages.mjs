// Opens the pages in Chromium as people would, and prints what it saw as JSON.
//
// Arguments: the gateway's address, a key, the browser. With a fourth, a folder, it leaves pictures there.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

import { chromium } from "playwright-core";

const [base, key, executablePath, pictures] = process.argv.slice(2);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
});

async function visit(width, colorScheme) {
  const context = await browser.newContext({
    viewport: { width, height: 900 }, colorScheme, reducedMotion: "reduce", acceptDownloads: true,
  });
  // A busy machine takes its time.
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const seen = { width, colorScheme, console: [], findings: [], wide: [], key_in_url: false, progress: null };
  let isWatched = true;
  page.on("console", (message) => {
    if (isWatched && ["error", "warning"].includes(message.type())) seen.console.push(message.text());
  });
  page.on("pageerror", (error) => seen.console.push(String(error)));
  page.on("request", (request) => {
    if (request.url().includes(key)) seen.key_in_url = true;
  });
  page.on("framenavigated", (frame) => {
    if (frame.url().includes(key)) seen.key_in_url = true;
  });

  const check = async (name) => {
    // `evaluate` runs beside the page's policy.
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    for (const { id, impact, nodes } of violations) {
      if (["serious", "critical"].includes(impact)) {
        seen.findings.push(`${name}: ${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
      }
    }
    const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    if (isWide) seen.wide.push(name);
    if (pictures) await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true });
  };

  // The other pages.
  await page.goto(`${base}/docs/errors`);
  await check("errors");
  await page.goto(`${base}/docs/`);
  await page.locator(".opblock").first().waitFor();
  if (pictures) await page.screenshot({ path: join(pictures, `docs-${width}-${colorScheme}.png`) });
  if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) seen.wide.push("docs");

  // Signing in, with the keyboard alone.
  await page.goto(`${base}/`);
  await page.getByLabel("Key", { exact: true }).waitFor();
  await check("welcome");
  await page.getByLabel("Key", { exact: true }).focus();
  await page.keyboard.type(key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "events" }).waitFor();
  await page.locator(".chart").waitFor();
  await check("cold");

  // A month, which the first visitor finds not loaded.
  await page.getByLabel("Event", { exact: true }).selectOption("Charged");
  await page.getByLabel("Days", { exact: true }).selectOption("last_30_days");
  const rows = page.locator(".rows tbody tr");
  const load = page.getByRole("button", { name: "Load and show rows" });
  await load.or(rows.first()).first().waitFor();
  if (await load.isVisible()) {
    await load.click();
    await page.locator(".progress").waitFor();
    seen.progress = await page.locator(".progress p").first().textContent();
    await check("loading");
  }
  await rows.first().waitFor();
  await page.getByText("As CSV").waitFor();
  seen.rows = await rows.count();
  await check("rows");
  seen.days = await page.locator(".chart .day").count();

  // Each tool, by the arrow keys.
  seen.tools = [];
  const tabs = page.getByRole("tab");
  await tabs.first().focus();
  for (let at = 0; at < (await tabs.count()); at += 1) {
    seen.tools.push(await page.locator(".recipe pre").textContent());
    await page.keyboard.press("ArrowDown");
  }

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download CSV" }).click()]);
  seen.downloaded = download.suggestedFilename();

  // What somebody wrote into their data.
  await page.getByLabel("Days", { exact: true }).selectOption("yesterday");
  await page.getByText("1 row", { exact: true }).waitFor();
  const names = await page.locator(".rows thead th").evaluateAll((heads) => heads.map((head) => head.firstChild.textContent));
  seen.hostile = await page.locator(".rows tbody td").nth(names.indexOf("prop_note")).textContent();

  // Another table, then away again.
  if (width < 1000) await page.locator(".shelf summary").click();
  await page.getByRole("button", { name: /^event_catalog/ }).click();
  await page.getByRole("heading", { level: 1, name: "event_catalog" }).waitFor();
  await rows.first().waitFor();
  await check("catalogue");

  // A saved query, with its own period.
  if (width < 1000) await page.locator(".shelf summary").click();
  await page.getByRole("button", { name: /^revenue_by_day/ }).click();
  await page.getByRole("heading", { level: 1, name: "views.revenue_by_day" }).waitFor();
  seen.period = await page.getByLabel("Days", { exact: true }).inputValue();
  await page.getByRole("button", { name: "Load and show rows" }).click();
  await rows.first().waitFor();
  seen.saved = await page.locator(".rows tbody tr:first-child td").allTextContents();
  await check("saved query");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Key", { exact: true }).waitFor();
  seen.key_kept_after_sign_out = await page.evaluate(
    (key) => JSON.stringify({ ...sessionStorage, ...localStorage, cookie: document.cookie }).includes(key), key);

  // A wrong key. The browser itself writes a refused request into its console.
  isWatched = false;
  await page.getByLabel("Key", { exact: true }).fill("not-the-key");
  await page.keyboard.press("Enter");
  seen.refused = await page.locator("#refused strong").textContent();
  await check("refused");
  await context.close();
  return seen;
}

const visits = [];
try {
  for (const width of [360, 1440]) {
    for (const colorScheme of ["light", "dark"]) visits.push(await visit(width, colorScheme));
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify({ visits, chart: visits[0].days }));
