// Reads a set with two OData clients for scripts, with a condition and a choice of columns, and has `$metadata` checked by
// the converter of the OData committee. Prints what they see as JSON.
//
//     node tests/clients/sets.mjs ROOT KEY SET FILTER SELECT
//
//     {"o.js": [{...}, ...], "@odata/client": [{...}, ...], "csdl": {"sets": {...}, "messages": [...]}}

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { o } = require("o.js");
const { OData } = require("@odata/client");
const csdl = require("odata-csdl");

const [root, key, set, filter, select] = process.argv.slice(2);
const headers = { "X-API-Key": key };

const byO = await o(root, { headers }).get(set).query({ $filter: filter, $select: select, $orderby: "event_time" });

const client = OData.New4({ serviceEndpoint: root, fetchProxy: undefined, commonHeaders: headers });
const params = client.newOptions().filter(filter).select(select.split(",")).orderby("event_time", "asc");
const answer = await client.newRequest({ collection: set, params });

const xml = await (await fetch(`${root}$metadata`, { headers })).text();
const messages = [];
const model = csdl.xml2json(xml, { lineNumbers: false, messages });
const sets = {};
for (const [name, member] of Object.entries(model.CleverTap.Container)) {
  if (member.$Type) sets[name] = model.CleverTap[member.$Type.replace("CleverTap.", "")];
}

console.log(JSON.stringify({ "o.js": byO, "@odata/client": answer.value, csdl: { version: model.$Version, sets, messages } }));
