//! The pages below `/connect/`: what to do in a tool, and a form for what is made for one table.

use askama::Template;

use crate::catalog::events;
use crate::connect::powerbi::{self, Rows};
use crate::connect::{Address, looker};
use crate::http::links::Links;

/// The policy of Tableau's page: it alone may load a script from elsewhere, Tableau's own library, and does so inside
/// Tableau only.
pub const TABLEAU_POLICY: &str = "default-src 'none'; script-src 'self' https://connectors.tableau.com; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "connect_powerbi.html")]
struct PowerBi<'a> {
    root: &'static str,
    here: &'static str,
    tool: &'static str,
    is_open: bool,
    base: &'a str,
    made: &'a str,
    sample: String,
    parameters: [(&'static str, &'static str); 2],
}

#[derive(Template)]
#[template(path = "connect_tableau.html")]
struct Tableau<'a> {
    root: &'static str,
    here: &'static str,
    tool: &'static str,
    is_open: bool,
    base: &'a str,
    made: &'a str,
}

#[derive(Template)]
#[template(path = "connect_looker.html")]
struct Looker<'a> {
    root: &'static str,
    here: &'static str,
    tool: &'static str,
    is_open: bool,
    base: &'a str,
    made: &'a str,
    files: &'static [(&'static str, &'static str)],
}

/// Bases of the addresses on a page.
pub struct Bases<'a> {
    /// What the configuration says; empty when the visitor's browser knows it best.
    pub public: &'a str,
    /// What texts are made with: the same, or the address of the listener.
    pub made: &'a str,
    /// Whether requests without any key are answered.
    pub is_open: bool,
}

impl<'a> Bases<'a> {
    pub fn new(links: &'a Links, made: &'a Links, is_open: bool) -> Self {
        Self { public: if links.base().starts_with('/') { "" } else { links.base() }, made: made.base(), is_open }
    }
}

/// `/connect/powerbi`.
pub fn powerbi(bases: &Bases<'_>) -> Result<String, askama::Error> {
    let words = vec![("event".to_owned(), "Charged".to_owned()), ("range".to_owned(), "last_30_days".to_owned())];
    let address = Address::of_table(bases.made, &events::TABLE, words);
    let shown = ["event_time", "event_date", "identity"];
    let columns: Vec<_> = events::fixed_columns()
        .into_iter()
        .filter(|column| shown.contains(&column.name.as_str()))
        .map(|column| (column.name, column.kind))
        .collect();
    let sample = powerbi::web_query(&address, &columns, Rows::AsAsked);
    let (base, made, is_open) = (bases.public, bases.made, bases.is_open);
    let parameters = powerbi::PARAMETERS;
    PowerBi { root: "../", here: "connect", tool: "powerbi", is_open, base, made, sample, parameters }.render()
}

/// `/connect/tableau/`.
pub fn tableau(bases: &Bases<'_>) -> Result<String, askama::Error> {
    let (base, made, is_open) = (bases.public, bases.made, bases.is_open);
    Tableau { root: "../../", here: "connect", tool: "tableau", is_open, base, made }.render()
}

/// `/connect/looker-studio`.
pub fn looker_studio(bases: &Bases<'_>) -> Result<String, askama::Error> {
    let (base, made, is_open) = (bases.public, bases.made, bases.is_open);
    Looker { root: "../", here: "connect", tool: "looker-studio", is_open, base, made, files: looker::FILES }.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(links: &Links) -> Vec<String> {
        let listener: url::Url = "http://127.0.0.1:8080/".parse().unwrap();
        let absolute = if links.base() == "/" { Links::new(Some(&listener)) } else { links.clone() };
        let bases = Bases::new(links, &absolute, false);
        vec![powerbi(&bases).unwrap(), tableau(&bases).unwrap(), looker_studio(&bases).unwrap()]
    }

    #[test]
    fn pages_hold_no_script_and_no_style_and_refer_to_files_that_are_there() {
        for page in pages(&Links::default()) {
            assert!(!page.contains("<style") && !page.contains("style=") && !page.contains(" onclick"), "{page}");
            assert!(!page.contains("data-open") && page.matches("aria-current=\"page\"").count() == 1, "{page}");
            for script in page.split("<script").skip(1) {
                assert!(script.contains(" src=\"../"), "{script}");
            }
            for reference in page.split("assets/").skip(1) {
                let name = reference.split('"').next().unwrap_or_default();
                assert!(super::super::file(name).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn addresses_are_the_public_ones_where_they_are_known() {
        let url = "https://bi.example.com/flattap/".parse().unwrap();
        for page in pages(&Links::new(Some(&url))) {
            assert!(page.contains("data-base=\"https://bi.example.com/flattap/\""), "{page}");
            assert!(!page.contains("127.0.0.1"), "{page}");
        }
        for page in pages(&Links::default()) {
            assert!(page.contains("data-base=\"\"") && page.contains("data-made=\"http://127.0.0.1:8080/\""), "{page}");
        }
    }

    #[test]
    fn one_host_more_is_in_one_policy_only() {
        let usual = super::super::POLICY;
        assert_eq!(TABLEAU_POLICY.replace(" https://connectors.tableau.com", ""), usual);
    }
}
