//! Pages for people: the one at `/`, the errors, the frame around Swagger UI, and the files they are made of.
//!
//! They are files in the binary, without a build step and without anything from another host. Pages hold no data and need
//! no key: what they show of an account is fetched by their script, with the key that the visitor gave. Their policy
//! allows scripts and styles from here only, and none inside the page.

pub mod connect;

use askama::Template;

use crate::catalog::{self, TableSpec, needs};
use crate::error::{Code, Entry, Fault, RETIRED, catalogue};
use crate::http::links::Links;

/// What a page may load. `connect-src` is for the tables.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                          connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the pages.
pub struct PageFile {
    pub name: &'static str,
    pub media_type: &'static str,
    pub text: &'static str,
}

macro_rules! files {
    ($($name:literal $media_type:expr;)*) => {
        static FILES: &[PageFile] = &[$(PageFile {
            name: $name,
            media_type: $media_type,
            text: include_str!(concat!("pages/", $name)),
        },)*];
    };
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

files! {
    "style.css" CSS;
    "home.css" CSS;
    "errors.css" CSS;
    "docs.css" CSS;
    "docs.js" SCRIPT;
    "home.js" SCRIPT;
    "asking.js" SCRIPT;
    "elements.js" SCRIPT;
    "explorer.js" SCRIPT;
    "fields.js" SCRIPT;
    "panels.js" SCRIPT;
    "shelf.js" SCRIPT;
    "connect.css" CSS;
    "connect.js" SCRIPT;
    "powerbi.js" SCRIPT;
    "tableau.js" SCRIPT;
    "looker.js" SCRIPT;
    "icon.svg" "image/svg+xml";
}

/// The file of this name.
pub fn file(name: &str) -> Option<&'static PageFile> {
    FILES.iter().find(|file| file.name == name)
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    root: &'static str,
    here: &'static str,
    version: &'static str,
    /// The base of addresses to copy; empty when the browser knows it best.
    base: &'a str,
    /// A key that everybody may use, which only a demo has.
    offered_key: Option<&'a str>,
    /// Whether requests without any key are answered.
    is_open: bool,
    tables: &'static [&'static TableSpec],
}

/// The page at `/`.
pub fn home(links: &Links, offered_key: Option<&str>, is_open: bool) -> Result<String, askama::Error> {
    let base = if links.base().starts_with('/') { "" } else { links.base() };
    Home {
        root: "",
        here: "home",
        version: env!("CARGO_PKG_VERSION"),
        base,
        offered_key,
        is_open,
        tables: catalog::tables(),
    }
    .render()
}

#[derive(Template)]
#[template(path = "docs.html")]
struct Docs {
    root: &'static str,
    here: &'static str,
}

/// The frame around Swagger UI.
pub fn docs() -> Result<String, askama::Error> {
    Docs { root: "../", here: "docs" }.render()
}

#[derive(Template)]
#[template(path = "errors.html")]
struct Errors {
    root: &'static str,
    here: &'static str,
    groups: Vec<Group>,
    retired: &'static [(&'static str, &'static str)],
}

/// Codes with the same first word.
struct Group {
    name: &'static str,
    heading: &'static str,
    entries: Vec<&'static Entry>,
}

/// The page of errors, from the same table as the answers. Each code has an anchor; the `type` of a refusal leads there.
pub fn errors() -> Result<String, askama::Error> {
    let mut groups: Vec<Group> = Vec::new();
    for entry in catalogue() {
        let name = entry.name.split('_').next().unwrap_or(entry.name);
        match groups.last_mut() {
            Some(group) if group.name == name => group.entries.push(entry),
            _ => groups.push(Group { name, heading: heading(name), entries: vec![entry] }),
        }
    }
    Errors { root: "../", here: "errors", groups, retired: RETIRED }.render()
}

fn heading(group: &str) -> &'static str {
    match group {
        "auth" => "Who is asking",
        "request" => "The request itself",
        "table" => "Tables, accounts, events",
        "upstream" => "CleverTap",
        "store" => "The store",
        _ => "This server",
    }
}

fn who_acts(entry: &Entry) -> &'static str {
    match (entry.fault, entry.code) {
        (_, Code::UpstreamUnauthorized) => "Whoever keeps the CleverTap account's settings has to act",
        (Fault::Caller, _) => "Whoever sends the request has to change it",
        (Fault::CleverTap, _) => "The cause is on CleverTap's side",
        (Fault::Gateway, _) => "Whoever runs this server has to act",
        (Fault::Nobody, _) => "It passes by waiting",
    }
}

/// What a table cannot be asked without, in pieces.
fn needed(table: &TableSpec) -> Vec<(bool, String)> {
    pieces(&needs(table)).map(|(is_code, piece)| (is_code, piece.to_owned())).collect()
}

/// A text in which `` `code` `` is marked, as pieces: every second one is code.
fn pieces(text: &str) -> impl Iterator<Item = (bool, &str)> {
    text.split('`').enumerate().map(|(at, piece)| (at % 2 == 1, piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages() -> [String; 3] {
        [home(&Links::default(), Some("a-key"), true).unwrap(), errors().unwrap(), docs().unwrap()]
    }

    #[test]
    fn every_code_has_an_anchor() {
        let page = errors().unwrap();
        for entry in catalogue() {
            assert!(page.contains(&format!("id=\"{}\"", entry.name)), "{}", entry.name);
        }
        assert!(!page.contains('`'), "marks became elements");
    }

    #[test]
    fn pages_load_what_is_here_and_hold_no_script_or_style_themselves() {
        let handler = regex::Regex::new(r"<[^>]*\son[a-z]+=").unwrap();
        for page in pages() {
            assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
            assert!(!page.contains("<style") && !page.contains("style=") && !handler.is_match(&page), "{page}");
            for script in page.split("<script").skip(1) {
                assert!(script.contains(" src=\""), "{script}");
            }
            for reference in page.split("assets/").skip(1) {
                let name = reference.split('"').next().unwrap_or_default();
                assert!(file(name).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn scripts_take_no_text_for_markup() {
        for file in FILES.iter().filter(|file| file.media_type == SCRIPT) {
            for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "localStorage"] {
                assert!(!file.text.contains(way), "{} has {way}", file.name);
            }
            for import in file.text.split(" from \"./").skip(1) {
                let name = import.split('"').next().unwrap_or_default();
                assert!(super::file(name).is_some(), "{} imports {name}", file.name);
            }
        }
    }

    #[test]
    fn the_key_is_offered_by_a_demo_only() {
        assert!(!home(&Links::default(), None, false).unwrap().contains("data-offered-key"));
        let hostile = home(&Links::default(), Some("\"><script>"), false).unwrap();
        assert!(!hostile.contains("\"><script>"), "{hostile}");
    }

    #[test]
    fn addresses_begin_with_the_public_one_where_it_is_known() {
        let url = "https://bi.example.com/flattap/".parse().unwrap();
        assert!(
            home(&Links::new(Some(&url)), None, false)
                .unwrap()
                .contains("data-base=\"https://bi.example.com/flattap/\"")
        );
    }
}
