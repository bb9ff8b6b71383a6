// /connect/looker-studio: the files of the connector, to copy.

import { root, code } from "./connect.js";
import { element, fill } from "./elements.js";

const place = document.getElementById("files");
const names = place.dataset.files.split(" ");

const texts = await Promise.all(
  names.map(async (name) => {
    const answer = await fetch(new URL(`connect/looker-studio/${name}`, root), { credentials: "omit" });
    return answer.ok ? answer.text() : null;
  }),
);
fill(
  place,
  names.map((name, at) => (texts[at] === null ? null : element("details", {}, element("summary", {}, name), code(name, texts[at])))),
);
