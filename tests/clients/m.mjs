// Reads Power Query texts with Microsoft's own parser, and prints what it makes of each as JSON.
//
//     node tests/clients/m.mjs FILE|URL…
//
// A Markdown file is read for its ```powerquery fences. A URL is fetched with the key in FLATTAP_KEY. For each text:
// whether it can be parsed, or why not, and every text literal in it as Power Query understands it.

import { readFile } from "node:fs/promises";
import * as PQ from "@microsoft/powerquery-parser";

async function texts(source) {
  if (/^https?:/.test(source)) {
    const answer = await fetch(source, { headers: { "X-API-Key": process.env.FLATTAP_KEY } });
    if (!answer.ok) throw new Error(`${source}: ${answer.status} ${await answer.text()}`);
    return [[source, await answer.text()]];
  }
  const text = await readFile(source, "utf8");
  if (!source.endsWith(".md")) return [[source, text]];
  const fences = [...text.matchAll(/^ *```powerquery\r?\n([\s\S]*?)^ *```/gm)];
  return fences.map(([, inner], index) => [`${source}#${index + 1}`, inner]);
}

function literals(nodes) {
  const found = [];
  for (const node of nodes.astNodeById.values()) {
    if (node.kind === "LiteralExpression" && node.literalKind === "Text") {
      found.push(PQ.Language.TextUtils.unescape(node.literal.slice(1, -1)));
    }
  }
  return found;
}

async function read(name, text) {
  const task = await PQ.TaskUtils.tryLexParse(PQ.DefaultSettings, text);
  if (!PQ.TaskUtils.isParseStageOk(task)) return { name, problem: task.error?.message ?? task.stage };
  return { name, kind: task.ast.kind, literals: literals(task.nodeIdMapCollection) };
}

// All of them first: a server closes a connection on which nothing comes while they are read.
const all = [];
for (const source of process.argv.slice(2)) all.push(...(await texts(source)));
const results = [];
for (const [name, text] of all) results.push(await read(name, text));
console.log(JSON.stringify(results));
