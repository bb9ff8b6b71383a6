// The fields of a table: which event, which days, and whatever else it takes. Each gives its elements, and reads
// itself as pairs of a request.

import { element } from "./elements.js";

const RANGES = [
  ["today", "Today"],
  ["yesterday", "Yesterday"],
  ["last_7_days", "Last 7 days"],
  ["last_7_days_and_today", "Last 7 days and today"],
  ["last_30_days", "Last 30 days"],
  ["last_90_days", "Last 90 days"],
  ["this_week", "This week"],
  ["last_week", "Last week"],
  ["this_month", "This month"],
  ["last_month", "Last month"],
  ["this_quarter", "This quarter"],
  ["last_quarter", "Last quarter"],
  ["this_year", "This year"],
  ["last_year", "Last year"],
  ["", "From … to …"],
];

export const words = (list) => (list ?? "").split(", ").filter((word) => word !== "");

// What a table asks for and takes, in the order of a form; the last one is for everything else.
//
// `said` are the words to begin with, `lasting` those that are kept for other tables.
export function fieldsOf({ table, events, said, lasting, onChange }) {
  const required = words(table.required);
  const optional = words(table.optional);
  const taken = new Set(["account"]);
  const asked = { said, onChange };
  const fields = [];
  for (const word of required) {
    if (word === "event") fields.push(eventField(asked, events, true));
    else if (word.includes(" or ")) fields.push(choiceField(asked, word.split(" or ")));
    else fields.push(textField(asked, word, true));
    word.split(" or ").forEach((name) => taken.add(name));
  }
  if (!taken.has("event") && optional.includes("event")) {
    fields.push(eventField(asked, events, false));
    taken.add("event");
  }
  if (optional.includes("range")) {
    fields.push(periodField(asked, table.table.startsWith("views.")));
    ["range", "from", "to"].forEach((name) => taken.add(name));
  }
  fields.push(moreField(asked, optional.filter((name) => !taken.has(name)), [...said].filter(([name]) => !taken.has(name) && !lasting.includes(name))));
  return fields;
}

function eventField({ said, onChange }, events, isRequired) {
  const wanted = said.get("event");
  let input;
  if (events.length > 0) {
    const named = events.map((event) => event.event_name);
    const byRows = [...events].sort((a, b) => (b.rows ?? 0) - (a.rows ?? 0));
    const usual = named.includes("Charged") ? "Charged" : byRows[0].event_name;
    const chosen = wanted !== null && named.includes(wanted) ? wanted : isRequired ? usual : "";
    const options = named.map((name) => element("option", { value: name, selected: name === chosen }, name));
    if (!isRequired) options.unshift(element("option", { value: "", selected: chosen === "" }, "as usual"));
    input = element("select", { id: "field-event" }, options);
  } else {
    input = element("input", { id: "field-event", value: wanted ?? "", required: isRequired, placeholder: isRequired ? "Charged" : "as usual", autocomplete: "off" });
  }
  input.addEventListener("change", onChange);
  return { elements: [labelled("Event", input)], read: () => (input.value ? [["event", input.value]] : []) };
}

function textField({ said, onChange }, name, isRequired) {
  const input = element("input", { id: `field-${name}`, value: said.get(name) ?? "", required: isRequired, autocomplete: "off" });
  input.addEventListener("change", onChange);
  return { elements: [labelled(name.replaceAll("_", " "), input)], read: () => (input.value ? [[name, input.value]] : []) };
}

function choiceField({ said, onChange }, names) {
  const wanted = names.find((name) => said.has(name)) ?? names[0];
  const select = element("select", { id: "field-choice" }, names.map((name) => element("option", { value: name, selected: name === wanted }, name.replaceAll("_", " "))));
  const input = element("input", { id: "field-chosen", value: said.get(wanted) ?? "", required: true, autocomplete: "off" });
  for (const part of [select, input]) part.addEventListener("change", onChange);
  return {
    elements: [labelled("Look up by", select), labelled("Value", input)],
    read: () => (input.value ? [[select.value, input.value]] : []),
  };
}

// A saved query has a period of its own.
const USUAL = ["usual", "As the query has it"];

function periodField({ said, onChange }, isView) {
  const isCustom = said.has("from");
  const chosen = isCustom ? "" : said.get("range") ?? (isView ? USUAL[0] : "last_7_days");
  const ranges = isView ? [USUAL, ...RANGES] : RANGES;
  const known = ranges.some(([value]) => value === chosen) ? ranges : [[chosen, chosen], ...ranges];
  const select = element("select", { id: "field-range" }, known.map(([value, text]) => element("option", { value, selected: value === chosen }, text)));
  const from = element("input", { id: "field-from", type: "date", value: said.get("from") ?? "" });
  const to = element("input", { id: "field-to", type: "date", value: said.get("to") ?? "" });
  const ends = [labelled("From", from), labelled("To", to)];
  const showEnds = () => {
    ends.forEach((end) => (end.hidden = select.value !== ""));
    from.required = select.value === "";
  };
  showEnds();
  select.addEventListener("change", () => {
    showEnds();
    if (select.value !== "" || from.value) onChange();
    else from.focus();
  });
  for (const end of [from, to]) end.addEventListener("change", onChange);
  const read = () => {
    if (select.value === USUAL[0]) return [];
    if (select.value !== "") return [["range", select.value]];
    return [["from", from.value], ["to", to.value]].filter(([, value]) => value !== "");
  };
  return { elements: [labelled("Days", select), ...ends], read };
}

// Whatever else the table takes, as in an address, but plain: only an ampersand inside a value is written `%26`.
function moreField({ onChange }, names, rest) {
  const value = rest.map(([name, value]) => `${name}=${value.replaceAll("&", "%26")}`).join("&");
  const input = element("input", {
    id: "field-more", value, placeholder: "filter=prop_amount gt 50&orderby=event_time desc",
    autocomplete: "off", spellcheck: false, "aria-describedby": "more-note",
  });
  input.addEventListener("change", onChange);
  const note = element("small", { id: "more-note" }, names.length > 0 ? `As in an address. It takes ${names.join(", ")}.` : "As in an address.");
  const field = element("div", { class: "field" }, element("label", { htmlFor: "field-more" }, "More parameters"), input, note);
  const details = element("details", { class: "more", open: rest.length > 0 }, element("summary", {}, "More parameters"), field);
  const read = () =>
    input.value.split("&").filter((part) => part.trim() !== "").map((part) => {
      const at = part.indexOf("=");
      return at < 0 ? [part.trim(), ""] : [part.slice(0, at).trim(), part.slice(at + 1).replaceAll("%26", "&")];
    });
  return { elements: [details], read };
}

function labelled(text, input) {
  return element("div", { class: "field" }, element("label", { htmlFor: input.id }, text), input);
}
