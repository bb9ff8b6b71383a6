// /connect/powerbi: the files of one table, made by the server for the visitor's key.

import { Chooser, code, here, progress, showRefusal, withKey } from "./connect.js";
import { element, fill } from "./elements.js";

const TEXTS = [
  ["web.pq", "Power Query", "For the advanced editor of a blank query, in Power BI and Excel."],
  ["incremental.pq", "Power Query, incremental refresh", "Needs the parameters RangeStart and RangeEnd (below)."],
  ["odata.pq", "Power Query, OData", "Power BI chooses columns and rows by itself."],
];
const FILES = [
  ["web.pbids", "CSV source"],
  ["odata.pbids", "OData source"],
];

const form = document.getElementById("choose");
const fields = document.getElementById("fields");
const place = document.getElementById("made");

withKey(async (asking) => {
  let running = new AbortController();
  // What is being made would be of another choice.
  const chooser = new Chooser(fields, asking, () => {
    running.abort();
    fill(place);
  });
  await chooser.show();
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      progress(place);
      await chooser.ready();
      // Fields that have just come were not looked at yet.
      if (!form.reportValidity()) return;
      running.abort();
      running = new AbortController();
      const { signal } = running;
      const shown = await make(asking, chooser, signal);
      if (!signal.aborted) fill(place, shown);
    } catch (error) {
      if (error.name !== "AbortError") showRefusal(place, error);
    }
  });
});

async function make(asking, chooser, signal) {
  const onProgress = progress(place);
  const address = (file) => `v1/connect/powerbi/${chooser.table.table}/${file}?${chooser.query()}`;
  // The first one loads what is needed to know the columns.
  const first = await asking.askUntilLoaded(address("web.pq"), { onProgress, signal, concerns: chooser.concerns() });
  const texts = [element("p", { class: "note" }, TEXTS[0][2]), code(TEXTS[0][1], here(await first.text()))];
  for (const [file, label, note] of TEXTS.slice(1)) {
    const text = await whereThereIsOne(asking, address(file), signal);
    if (text !== null) texts.push(element("p", { class: "note" }, note), code(label, here(text)));
  }
  const buttons = [];
  for (const [file, label] of FILES) {
    const text = await whereThereIsOne(asking, address(file), signal);
    if (text !== null) buttons.push(download(label, `${chooser.table.table}-${file}`, here(text)));
  }
  return [element("div", { class: "actions" }, buttons), ...texts];
}

// Not every table has every file; the server says which.
async function whereThereIsOne(asking, address, signal) {
  try {
    return await (await asking.ask(address, { signal })).text();
  } catch (error) {
    if (error.status === 404 || error.status === 400) return null;
    throw error;
  }
}

function download(label, name, text) {
  const button = element("button", { type: "button", class: "button" }, `Download .pbids, ${label}`);
  button.addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
    element("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  });
  return button;
}
