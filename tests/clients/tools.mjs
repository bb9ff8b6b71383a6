// Makes the lines that the page at `/` shows for each tool, and prints them as JSON.
//
// Arguments: the gateway's address, a key, the query string of the table `events`.

import { DefaultSettings, ResultUtils, TaskUtils } from "@microsoft/powerquery-parser";

const [base, key, query] = process.argv.slice(2);
const headers = { "X-API-Key": key };
const script = await (await fetch(`${base}/assets/tools.js`)).text();
const { TOOLS } = await import(`data:text/javascript,${encodeURIComponent(script)}`);
const columns = await (await fetch(`${base}/v1/tables/events/schema.json?${query}`, { headers })).json();
const asked = {
  base: `${base}/`,
  path: "v1/events",
  parameters: [...new URLSearchParams(query)],
  columns,
  table: "events",
  set: "events_charged",
};
const texts = Object.fromEntries(TOOLS.map((tool) => [tool.id, tool.text(asked)]));

// Names and texts that need their signs written in another way.
const odd = {
  ...asked,
  parameters: [["event", 'a "b" #(lf) \'c\''], ["event", "d"], ["odd name", "1"]],
  columns: [{ name: "profile_größe", type: "integer" }],
};
const parsed = [];
for (const text of [texts["power-bi"], TOOLS[0].text(odd)]) {
  const task = await TaskUtils.tryLexParse(DefaultSettings, text);
  parsed.push(TaskUtils.isParseStageOk(task) ? "ok" : String(task.error?.message ?? ResultUtils.isOk(task)));
}
console.log(JSON.stringify({ texts, parsed, curl: TOOLS.find((tool) => tool.id === "curl").text(odd) }));
