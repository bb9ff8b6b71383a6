//! For each tool what to paste and where, in the tool's own language.
//!
//! The README and the page show these, made for the address in question. A key stands in none of them: programs take
//! it from a variable, and where a tool has no other place for it there is a placeholder. Each says whether it was run
//! with the tool against a gateway, or follows the tool's documentation only.

use serde::Serialize;
use utoipa::ToSchema;

use super::powerbi::{self, Rows};
use super::{Address, KEY, VARIABLE};
use crate::table::ColumnType;

/// What one tool is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Recipe {
    /// A short name of the tool that stays the same.
    #[schema(example = "curl")]
    pub tool: &'static str,
    /// The tool, for people.
    #[schema(example = "curl")]
    pub name: &'static str,
    /// What to do, in order. Pieces between backquotes are to be typed or chosen as they stand.
    pub steps: Vec<String>,
    /// What the text is.
    #[schema(example = "Shell")]
    pub label: &'static str,
    /// The language of the text, as in a Markdown fence; `text` for what is typed into a form.
    #[schema(example = "sh")]
    pub language: &'static str,
    /// What to paste. `YOUR_KEY` stands for the key where the tool has no other place for it.
    #[schema(example = "curl -fsS --compressed -H \"X-API-Key: $FLATTAP_KEY\" …")]
    pub text: String,
    /// A page of this server with more, below its address.
    #[schema(example = "connect/powerbi")]
    pub page: Option<&'static str>,
    /// Whether the text was run with the tool against a gateway; otherwise it follows the tool's documentation.
    pub is_tested: bool,
}

/// The OData service that has these rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service<'a> {
    /// Its address, with all sets.
    pub root: String,
    /// The entity set with the rows, if there is one.
    pub set: Option<&'a str>,
    /// Whether its rows are those of a period.
    pub is_periodic: bool,
    /// Words of the request that have no place in a service's address.
    pub left_out: Vec<&'a str>,
}

impl Service<'_> {
    /// What is other than under the address of the rows.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.is_periodic {
            notes.push(
                "The days are those of a filter on `event_date`; without one, or where there is no such column, they are \
                 the last 30."
                    .to_owned(),
            );
        }
        if !self.left_out.is_empty() {
            let words: Vec<String> = self.left_out.iter().map(|word| format!("`{word}`")).collect();
            notes.push(format!("{} is not part of it: choose columns and rows in the tool.", words.join(", ")));
        }
        notes
    }
}

/// The recipes for the rows of an address with these columns.
pub fn recipes(address: &Address, columns: &[(String, ColumnType)], service: &Service<'_>) -> Vec<Recipe> {
    let base = &address.base;
    // What a program calls the table.
    let name = address.name();
    let csv = address.url("csv", &[]);
    let parquet = address.url("parquet", &[]);
    let json = address.url("json", &[]);
    let no_set = "OData has one entity set for each event and one for each table that needs none. This table needs \
                  more: use its CSV or JSON.";
    vec![
        Recipe {
            tool: "power-bi",
            name: "Power BI, Excel",
            steps: steps([
                "Get data, Blank query, Advanced editor: paste this.",
                "As credentials choose Basic for the address: any user name, the key as password.",
            ]),
            label: "Power Query",
            language: "powerquery",
            text: powerbi::web_query(address, columns, Rows::AsAsked),
            page: Some("connect/powerbi"),
            is_tested: false,
        },
        Recipe {
            tool: "odata",
            name: "OData",
            steps: match service.set {
                Some(set) => steps([
                    &format!("Connect to the service and choose `{set}`."),
                    "Basic: any user name, the key as password.",
                ])
                .into_iter()
                .chain(service.notes())
                .collect(),
                None => steps([no_set]),
            },
            label: "Service",
            language: "text",
            text: service.root.clone(),
            page: None,
            is_tested: true,
        },
        Recipe {
            tool: "tableau",
            name: "Tableau",
            steps: match service.set {
                Some(set) => steps([
                    "Connect, To a server, OData, with this address as server.",
                    &format!("Username and password: any name, the key as password. Then choose `{set}`."),
                    "Tableau reads a set as a whole. For other days or columns make a view, or use the web data connector: \
                     `connect/tableau/` on this server.",
                ]),
                None => steps([no_set, "The web data connector reads it: `connect/tableau/` on this server."]),
            },
            label: "Server",
            language: "text",
            text: service.root.clone(),
            page: Some("connect/tableau/"),
            is_tested: false,
        },
        Recipe {
            tool: "looker-studio",
            name: "Looker Studio",
            steps: steps([
                "Install the connector once.",
                "Give it this address as path, and the key. Then choose table and event.",
            ]),
            label: "Path",
            language: "text",
            text: base.clone(),
            page: Some("connect/looker-studio"),
            is_tested: false,
        },
        Recipe {
            tool: "sheets",
            name: "Google Sheets",
            steps: steps([
                "Into a cell, with the key instead of `YOUR_KEY`: a formula cannot send it in another way.",
                "Whoever opens the sheet can read the key. Make one for it that sees these tables only.",
            ]),
            label: "Formula",
            language: "text",
            text: {
                let form = [("datetime", "space"), ("newlines", "space"), ("escape", "formulas"), ("api_key", KEY)];
                format!("=IMPORTDATA({})", doubled('"', &address.url("csv", &form)))
            },
            page: None,
            is_tested: false,
        },
        Recipe {
            tool: "pandas",
            name: "pandas",
            steps: steps(["The key comes from the variable `FLATTAP_KEY`. `read_parquet` takes the same."]),
            label: "Python",
            language: "python",
            text: format!(
                "import os\nimport pandas\n\n{name} = pandas.read_csv(\n    {},\n    \
                 storage_options={{\"X-API-Key\": os.environ[\"{VARIABLE}\"]}},\n{})",
                quoted(&csv),
                parsed_dates(columns)
            ),
            page: None,
            is_tested: true,
        },
        Recipe {
            tool: "polars",
            name: "Polars",
            steps: steps([
                "Fetches only the columns and pieces that the query needs. Polars sends no headers of its own, so the key \
                 is in the address; it comes from the variable `FLATTAP_KEY`. `scan_csv` takes the same.",
            ]),
            label: "Python",
            language: "python",
            text: format!(
                "import os\nimport polars\n\n{name} = polars.scan_parquet(\n    {} + os.environ[\"{VARIABLE}\"]\n)",
                quoted(&address.url("parquet", &[("api_key", "")]))
            ),
            page: None,
            is_tested: true,
        },
        Recipe {
            tool: "duckdb",
            name: "DuckDB",
            steps: steps([
                "With the extension httpfs. The first statement once a session, with the key instead of `YOUR_KEY`.",
            ]),
            label: "SQL",
            language: "sql",
            text: format!(
                "CREATE SECRET flattap (TYPE http, BEARER_TOKEN '{KEY}', SCOPE {});\n\nSELECT * FROM read_parquet({});",
                doubled('\'', base),
                doubled('\'', &parquet)
            ),
            page: None,
            is_tested: true,
        },
        Recipe {
            tool: "r",
            name: "R",
            steps: steps(["With readr. The key comes from the variable `FLATTAP_KEY`, as in `.Renviron`."]),
            label: "R",
            language: "r",
            text: format!(
                "{name} <- readr::read_csv(paste0(\n  {},\n  Sys.getenv(\"{VARIABLE}\")\n))",
                quoted(&address.url("csv", &[("api_key", "")]))
            ),
            page: None,
            is_tested: true,
        },
        Recipe {
            tool: "grafana",
            name: "Grafana",
            steps: steps([
                "Data source Infinity: authentication Bearer token, the key as token, this server as allowed host.",
                "Query: type JSON, parser Backend, source URL, and this address.",
            ]),
            label: "URL",
            language: "text",
            text: json.clone(),
            page: None,
            is_tested: false,
        },
        Recipe {
            tool: "qlik",
            name: "Qlik",
            steps: steps([
                "REST connector: method GET, this URL, authentication Basic (any user name, the key as password), \
                 pagination None.",
            ]),
            label: "URL",
            language: "text",
            text: json,
            page: None,
            is_tested: false,
        },
        Recipe {
            tool: "curl",
            name: "curl",
            steps: steps(["The key comes from the variable `FLATTAP_KEY`. Another format: another extension."]),
            label: "Shell",
            language: "sh",
            text: format!(
                "curl -fsS --compressed -H \"X-API-Key: ${VARIABLE}\" \\\n  {} \\\n  -o {}",
                shell(&csv),
                shell(&format!("{}.csv", address.title()))
            ),
            page: None,
            is_tested: true,
        },
    ]
}

/// As the README has them.
pub fn markdown(recipes: &[Recipe]) -> String {
    let part = |recipe: &Recipe| {
        let tried = if recipe.is_tested { "" } else { " *(not run here: it follows the documentation)*" };
        let steps = recipe.steps.join(" ");
        format!("**{}**{tried}. {steps}\n\n```{}\n{}\n```\n", recipe.name, recipe.language, recipe.text.trim_end())
    };
    recipes.iter().map(part).collect::<Vec<_>>().join("\n")
}

fn steps<const N: usize>(steps: [&str; N]) -> Vec<String> {
    steps.map(str::to_owned).into()
}

fn parsed_dates(columns: &[(String, ColumnType)]) -> String {
    let is_moment = |kind| matches!(kind, ColumnType::Timestamp | ColumnType::TimestampUtc);
    let names: Vec<String> =
        columns.iter().filter(|(_, kind)| is_moment(*kind)).map(|(name, _)| quoted(name)).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!("    parse_dates=[{}],\n", names.join(", ")),
    }
}

/// A word of a POSIX shell.
fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A text of Python or R.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A text of SQL or of a spreadsheet, where a quote inside stands twice.
fn doubled(quote: char, text: &str) -> String {
    let once = quote.to_string();
    format!("{quote}{}{quote}", text.replace(quote, &once.repeat(2)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::events;

    fn sample(base: &str, event: &str) -> Vec<Recipe> {
        let words = vec![("event".to_owned(), event.to_owned()), ("range".to_owned(), "last_7_days".to_owned())];
        let address = Address::of_table(base, &events::TABLE, words);
        let columns = [("event_time", ColumnType::Timestamp), ("prop_amount", ColumnType::Number)];
        let service = Service {
            root: format!("{base}odata/a/main/"),
            set: Some("events_charged"),
            is_periodic: true,
            left_out: vec!["filter"],
        };
        recipes(&address, &columns.map(|(name, kind)| (name.to_owned(), kind)), &service)
    }

    fn text<'a>(recipes: &'a [Recipe], tool: &str) -> &'a str {
        &recipes.iter().find(|recipe| recipe.tool == tool).unwrap().text
    }

    #[test]
    fn every_recipe_is_about_the_address_and_holds_no_key() {
        let recipes = sample("https://bi.example.com/", "Charged");
        for recipe in &recipes {
            assert!(recipe.text.contains("https://bi.example.com/"), "{recipe:?}");
            if !matches!(recipe.tool, "power-bi" | "odata" | "tableau" | "looker-studio") {
                assert!(recipe.text.contains("event=Charged&range=last_7_days"), "{recipe:?}");
            }
        }
        assert_eq!(
            text(&recipes, "sheets"),
            "=IMPORTDATA(\"https://bi.example.com/v1/events.csv?event=Charged&range=last_7_days&datetime=space\
             &newlines=space&escape=formulas&api_key=YOUR_KEY\")"
        );
        assert_eq!(text(&recipes, "odata"), "https://bi.example.com/odata/a/main/");
        let odata = recipes.iter().find(|recipe| recipe.tool == "odata").unwrap();
        assert!(odata.steps.iter().any(|step| step.starts_with("`filter` is not part of it")), "{odata:?}");
        assert!(text(&recipes, "pandas").ends_with("    parse_dates=[\"event_time\"],\n)"));
        assert!(text(&recipes, "polars").ends_with("&api_key=\" + os.environ[\"FLATTAP_KEY\"]\n)"));
    }

    #[test]
    fn quotes_end_no_text_early() {
        let recipes = sample("https://x/it's/", "a\"b'c\\d");
        assert!(text(&recipes, "curl").contains("'https://x/it'\\''s/v1/events.csv?event=a%22b%27c%5Cd"));
        assert!(text(&recipes, "duckdb").contains("'https://x/it''s/v1/events.parquet?event=a%22b%27c%5Cd"));
        assert_eq!(quoted("a\"b\\"), "\"a\\\"b\\\\\"");
        assert_eq!(doubled('"', "a\"b"), "\"a\"\"b\"");
    }

    #[test]
    fn the_recipes_of_the_readme_are_these() {
        let readme = include_str!("../../README.md");
        let kept: Vec<Recipe> = sample("https://bi.example.com/", "Charged")
            .into_iter()
            .filter(|recipe| !matches!(recipe.tool, "odata" | "tableau" | "looker-studio"))
            .collect();
        let list = markdown(&kept);
        assert!(readme.contains(&list), "README.md should hold\n\n{list}");
    }
}
