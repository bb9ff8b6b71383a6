// Opens the pages in Chromium as visitors of other kinds do, and prints what they saw as JSON.
//
//     node tests/clients/visitors.mjs BASE KEY EMPTY OPEN CHROMIUM
//
// BASE has two accounts, which KEY sees and EMPTY does not. OPEN is a server that answers without a key.

import { chromium } from "playwright-core";

const [base, key, empty, open, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
});
const problems = [];

async function visit(address) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && problems.push(`${page.url()}: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(address);
  return page;
}

async function signIn(page, key, button) {
  await page.getByLabel("Key", { exact: true }).fill(key);
  await page.getByRole("button", { name: button }).click();
}

// Several accounts: the second one, its events, its service.
const page = await visit(`${base}/`);
await signIn(page, key, "Sign in");
await page.getByLabel("Days", { exact: true }).selectOption("yesterday");
await page.getByLabel("Account", { exact: true }).selectOption("second");
await page.waitForFunction(() => location.hash.includes("account=second"));
await page.getByRole("tab", { name: "OData" }).click();
const several = {
  hash: await page.evaluate(() => location.hash),
  events: await page.getByLabel("Event", { exact: true }).locator("option").allTextContents(),
  zone: await page.locator(".shelf small").textContent(),
  service: await page.locator(".recipe pre").textContent(),
};
await page.getByRole("button", { name: "Load and show rows" }).click();
await page.locator(".rows tbody tr").first().waitFor();
await page.context().close();

const files = await visit(`${base}/connect/powerbi`);
await signIn(files, key, "Use this key");
const late = async (route) => {
  await new Promise((resolve) => setTimeout(resolve, 1500));
  // Whoever asked may have given up.
  await route.continue().catch(() => {});
};
// Whoever goes on choosing while the other account's events are asked for gets what is then chosen.
await files.route(/event_catalog.*account=second/, late);
await files.getByLabel("Account", { exact: true }).selectOption("second");
await files.getByLabel("Event", { exact: true }).selectOption("Charged");
await files.getByLabel("Period", { exact: true }).selectOption("yesterday");
// What is being made is given up for another choice.
await files.route(/web\.pq.*range=last_7_days/, late);
await files.getByLabel("Period", { exact: true }).selectOption("last_7_days");
await files.getByRole("button", { name: "Make the files" }).click();
await files.locator("#made .loading").waitFor();
await files.getByLabel("Period", { exact: true }).selectOption("yesterday");
several.given_up = await files.locator("#made > *").count();
await files.waitForTimeout(2500);
several.still = await files.locator("#made > *").count();
await files.getByRole("button", { name: "Make the files" }).click();
await files.locator("#made .code").nth(2).waitFor();
several.web = await files.locator("#made .code pre").nth(0).textContent();
several.text = await files.locator("#made .code pre").nth(2).textContent();
await files.context().close();

// A key that may read nothing.
const nothing = await visit(`${base}/`);
await signIn(nothing, empty, "Sign in");
const told = nothing.getByText("This key may read no table.");
await told.waitFor();
const width = (await told.boundingBox()).width;
await nothing.context().close();

// No key.
const free = await visit(`${open}/connect/powerbi`);
await free.getByLabel("Event", { exact: true }).waitFor();
const events = await free.getByLabel("Event", { exact: true }).locator("option").count();
await free.context().close();

await browser.close();
console.log(JSON.stringify({ problems, several, width, events }));
