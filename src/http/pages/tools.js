// The line or text for each tool, made of an address. Nothing here touches the page.
//
// In: `base` (with its final slash), `path` (`v1/events`), `parameters` (pairs, without the key), `columns` (name and
// type, as far as known), `table`, `set` (the OData entity set, or null). A key stands in none of them; where a tool
// takes it from nowhere else there is a placeholder.

const PLACEHOLDER = "YOUR_KEY";

function address({ base, path, parameters }, format, more = []) {
  const query = new URLSearchParams([...parameters, ...more]).toString().replaceAll("+", "%20");
  return `${base}${path}.${format}${query ? `?${query}` : ""}`;
}

const withKey = (url, key) => `${url}${url.includes("?") ? "&" : "?"}api_key=${key}`;
const inDouble = (text) => JSON.stringify(text);
const inSingle = (text) => `'${text.replaceAll("'", "''")}'`;
const inShell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const inM = (text) => `"${text.replaceAll("#(", "#(#)(").replaceAll('"', '""')}"`;
const inFormula = (text) => `"${text.replaceAll('"', '""')}"`;

// Column names are letters, digits and `_` in any script; M takes others than plain ones in `#""`.
const nameInM = (name) => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `#${inM(name)}`);

const TYPES_IN_M = {
  integer: "Int64.Type",
  number: "type number",
  boolean: "type logical",
  timestamp: "type datetimezone",
  date: "type date",
};

// Times on the project's own clock. All others are in UTC and end in Z.
const LOCAL_TIMES = ["event_time", "scheduled_on", "start_time"];

function typeInM({ name, type }) {
  return type === "timestamp" && LOCAL_TIMES.includes(name) ? "type datetime" : TYPES_IN_M[type];
}

function powerQuery(asked) {
  const grouped = new Map();
  for (const [name, value] of asked.parameters) grouped.set(name, [...(grouped.get(name) ?? []), value]);
  const query = [...grouped].map(([name, values]) => {
    const texts = values.map(inM);
    return `${nameInM(name)} = ${texts.length === 1 ? texts[0] : `{${texts.join(", ")}}`}`;
  });
  const types = asked.columns
    .filter(typeInM)
    .map((column) => `        {${inM(column.name)}, ${typeInM(column)}}`);
  const steps = [
    `    Source = Web.Contents(${inM(asked.base)}, [\n        RelativePath = ${inM(`${asked.path}.csv`)},\n` +
      `        Query = [${query.join(", ")}],\n        Timeout = #duration(0, 0, 2, 0)\n    ])`,
    "    Rows = Csv.Document(Source, [Delimiter = \",\", Encoding = 65001, QuoteStyle = QuoteStyle.Csv])",
    "    Named = Table.PromoteHeaders(Rows, [PromoteAllScalars = true])",
  ];
  if (types.length > 0) {
    steps.push(`    Typed = Table.TransformColumnTypes(Named, {\n${types.join(",\n")}\n    }, "en-US")`);
  }
  return `let\n${steps.join(",\n")}\nin\n    ${types.length > 0 ? "Typed" : "Named"}`;
}

function odata({ base, set, parameters }) {
  const periods = ["range", "from", "to", "account"];
  const kept = parameters.filter(([name]) => periods.includes(name));
  const query = new URLSearchParams(kept).toString();
  return `${base}odata/${set}${query ? `?${query}` : ""}`;
}

const times = (asked) => asked.columns.filter((column) => column.type === "timestamp").map((column) => column.name);
const variable = (asked) => asked.table.replace(/^views\./, "").replace(/[^a-z0-9_]/gi, "_");
const noSet = (asked) => `OData has no set for \`${asked.table}\`, because it needs more than a period. Use the CSV.`;

export const TOOLS = [
  {
    id: "power-bi",
    name: "Power BI, Excel",
    steps: () => [
      "Get data → Blank query → Advanced editor, and paste this.",
      "As credentials choose Basic: any user name, the key as password.",
    ],
    label: "Power Query",
    text: powerQuery,
    link: ["connect/powerbi", "Files to open, and incremental refresh"],
  },
  {
    id: "odata",
    name: "OData",
    steps: (asked) =>
      asked.set
        ? [`Connect to the service \`${asked.base}odata/\` and choose \`${asked.set}\`, or open this one feed.`, "Basic: any user name, the key as password."]
        : [noSet(asked)],
    label: "Feed",
    text: (asked) => (asked.set ? odata(asked) : address(asked, "csv")),
  },
  {
    id: "tableau",
    name: "Tableau",
    steps: (asked) => [
      "Connect → To a server → OData, with this address as server.",
      asked.set ? `Username and password: any name, the key as password. Then choose \`${asked.set}\`.` : noSet(asked),
    ],
    label: "Server",
    text: (asked) => `${asked.base}odata/`,
    link: ["connect/tableau/", "Web data connector, and the REST connector of Tableau Exchange"],
  },
  {
    id: "looker-studio",
    name: "Looker Studio",
    steps: (asked) => [
      "Install the connector once; its page says how.",
      `Give it this address and the key, and choose the table \`${asked.table}\`.`,
    ],
    label: "Address",
    text: (asked) => asked.base,
    link: ["connect/looker-studio", "The connector"],
  },
  {
    id: "sheets",
    name: "Google Sheets",
    steps: () => [
      `Paste this into a cell, with the key instead of \`${PLACEHOLDER}\`: a formula cannot send it in another way.`,
      "Whoever opens the sheet can read the key. Use one of its own, for these tables only.",
    ],
    label: "Formula",
    text: (asked) => {
      const more = [["datetime", "space"], ["newlines", "space"], ["escape", "formulas"]];
      return `=IMPORTDATA(${inFormula(withKey(address(asked, "csv", more), PLACEHOLDER))})`;
    },
  },
  {
    id: "pandas",
    name: "pandas",
    steps: () => ["The key comes from the variable `FLATTAP_KEY`."],
    label: "Python",
    text: (asked) => {
      const dates = times(asked);
      const lines = [
        `    ${inDouble(address(asked, "csv"))},`,
        '    storage_options={"X-API-Key": os.environ["FLATTAP_KEY"]},',
        ...(dates.length > 0 ? [`    parse_dates=${JSON.stringify(dates).replaceAll(",", ", ")},`] : []),
      ];
      return `import os\nimport pandas as pd\n\n${variable(asked)} = pd.read_csv(\n${lines.join("\n")}\n)`;
    },
  },
  {
    id: "polars",
    name: "Polars",
    steps: () => ["Reads only the columns and pieces that the query needs. The key comes from the variable `FLATTAP_KEY`."],
    label: "Python",
    text: (asked) =>
      `import os\nimport polars as pl\n\n${variable(asked)} = pl.scan_parquet(\n` +
      `    ${inDouble(withKey(address(asked, "parquet"), ""))} + os.environ["FLATTAP_KEY"]\n)`,
  },
  {
    id: "duckdb",
    name: "DuckDB",
    steps: () => [`Once a session, with the key instead of \`${PLACEHOLDER}\`; then the query.`],
    label: "SQL",
    text: (asked) =>
      `CREATE SECRET flattap (TYPE http, BEARER_TOKEN ${inSingle(PLACEHOLDER)}, SCOPE ${inSingle(asked.base)});\n\n` +
      `SELECT * FROM read_parquet(${inSingle(address(asked, "parquet"))});`,
  },
  {
    id: "r",
    name: "R",
    steps: () => ["The key comes from the variable `FLATTAP_KEY`, as in `.Renviron`."],
    label: "R",
    text: (asked) =>
      `${variable(asked)} <- readr::read_csv(paste0(\n  ${inDouble(withKey(address(asked, "csv"), ""))},\n  Sys.getenv("FLATTAP_KEY")\n))`,
  },
  {
    id: "grafana",
    name: "Grafana",
    steps: () => [
      "Infinity data source: authentication Bearer token, the key as token, this server as allowed host.",
      "Query: type JSON, parser Backend, source URL, and this address.",
    ],
    label: "URL",
    text: (asked) => address(asked, "json"),
  },
  {
    id: "qlik",
    name: "Qlik",
    steps: () => ["REST connector: method GET, this URL, authentication Basic (any user name, the key as password), pagination None."],
    label: "URL",
    text: (asked) => address(asked, "json"),
  },
  {
    id: "curl",
    name: "curl",
    steps: () => ["The key comes from the variable `FLATTAP_KEY`. Another format: another extension."],
    label: "Shell",
    text: (asked) =>
      `curl -fsS --retry 5 --compressed -H "X-API-Key: $FLATTAP_KEY" \\\n  ${inShell(address(asked, "csv"))} \\\n  -o ${variable(asked)}.csv`,
  },
];
