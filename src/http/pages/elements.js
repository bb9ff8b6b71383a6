// Elements and words. Text becomes text nodes and nothing else, whatever stands in it.

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [property, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (property === "class") made.className = value;
    else if (property.startsWith("on")) made.addEventListener(property.slice(2), value);
    else if (property in made && property !== "list" && property !== "form") made[property] = value;
    else made.setAttribute(property, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return parent;
}

// `code` marks in a text of ours become elements.
export function marked(text) {
  return text.split("`").map((piece, at) => (at % 2 === 1 ? element("code", {}, piece) : piece));
}

// For whoever does not see the page change.
export function say(text) {
  document.getElementById("said").textContent = text;
}

const numbers = new Intl.NumberFormat("en");

export function number(value) {
  return numbers.format(value);
}

export function count(value, one, several = `${one}s`) {
  return `${number(value)} ${value === 1 ? one : several}`;
}

export function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  let value = bytes;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

export function duration(seconds) {
  if (seconds < 60) return count(Math.max(1, Math.round(seconds)), "second");
  if (seconds < 5400) return count(Math.round(seconds / 60), "minute");
  if (seconds < 129600) return count(Math.round(seconds / 3600), "hour");
  return count(Math.round(seconds / 86400), "day");
}

// How long ago an instant was.
export function ago(instant) {
  const seconds = (Date.now() - Date.parse(instant)) / 1000;
  return seconds < 60 ? "just now" : `${duration(seconds)} ago`;
}

export function refusal(error) {
  const problem = error.problem;
  const lines = [element("strong", {}, problem ? problem.title : "That did not work")];
  const detail = problem ? problem.detail : error.message;
  if (detail) lines.push(element("p", {}, marked(detail)));
  if (problem?.hint && problem.hint !== detail) lines.push(element("p", {}, marked(problem.hint)));
  if (problem?.code) {
    const where = element("a", { href: `docs/errors#${problem.code}` }, problem.code);
    lines.push(element("p", { class: "note" }, where, problem.request_id ? ` · request ${problem.request_id}` : ""));
  }
  return element("div", { class: "notice bad" }, lines);
}

// A button that copies a text. Where the browser has no clipboard (plain HTTP from another host), by a selection.
export function copyButton(label, text) {
  const button = element("button", { type: "button", class: "button small", "aria-label": `Copy ${label}` }, "Copy");
  button.addEventListener("click", async () => {
    const copied = await copy(text());
    button.textContent = copied ? "Copied" : "Not copied";
    say(copied ? `${label} copied` : `${label} could not be copied`);
    setTimeout(() => (button.textContent = "Copy"), 1600);
  });
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element("textarea", { class: "unseen", value: text, tabIndex: -1 });
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}
