//! The page `/docs/errors`: the catalogue for people, made once from the same table as the answers.
//!
//! One file without scripts and without anything from elsewhere, so that it reads in a closed network. Each code has
//! an anchor; the `type` of a refusal leads there.

use std::fmt::Write;

use super::code::{Code, Entry, Fault, RETIRED, catalogue};

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
article { border-top: 1px solid var(--line); padding: .8rem 0; scroll-margin-top: 1rem; }
article:target { background: var(--soft); }
h3 { font-size: 1rem; margin: 0 0 .3rem; } h3 a { color: inherit; text-decoration: none; }
code { font: .92em ui-monospace, monospace; background: var(--soft); padding: .1em .3em; border-radius: 3px; }
p { margin: .3rem 0; } .facts { opacity: .75; font-size: .9rem; }
";

/// The whole page.
pub fn errors_page() -> String {
    let mut page = String::with_capacity(24 * 1024);
    page.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.push_str("<title>flattap: errors</title>\n<style>");
    page.push_str(STYLE);
    page.push_str("</style>\n</head>\n<body>\n<h1>Errors</h1>\n");
    page.push_str(
        "<p>Every refusal is <code>application/problem+json</code>. Programs look at <code>code</code>, which never \
         changes its meaning; people read <code>detail</code> and <code>hint</code>. <code>request_id</code> finds \
         the request in the server's log.</p>\n",
    );
    let mut group = "";
    for entry in catalogue() {
        let next = group_of(entry.name);
        if next != group {
            group = next;
            push(&mut page, format_args!("<h2>{}</h2>\n", heading(group)));
        }
        article(&mut page, entry);
    }
    if !RETIRED.is_empty() {
        page.push_str("<h2>No longer used</h2>\n");
        for (name, reason) in RETIRED {
            push(&mut page, format_args!("<p id=\"{name}\"><code>{name}</code>: {}</p>\n", text(reason)));
        }
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn article(page: &mut String, entry: &Entry) {
    let name = entry.name;
    push(page, format_args!("<article id=\"{name}\">\n<h3><a href=\"#{name}\"><code>{name}</code></a></h3>\n"));
    push(page, format_args!("<p class=\"facts\">{} · {}</p>\n", entry.status, who_acts(entry)));
    push(page, format_args!("<p><strong>{}.</strong> {}</p>\n", text(entry.title), text(entry.meaning)));
    push(page, format_args!("<p>{}</p>\n</article>\n", text(entry.hint)));
}

fn who_acts(entry: &Entry) -> &'static str {
    match (entry.fault, entry.code) {
        (_, Code::UpstreamUnauthorized) => "whoever keeps the CleverTap account's settings has to act",
        (Fault::Caller, _) => "whoever sends the request has to change it",
        (Fault::CleverTap, _) => "the cause is on CleverTap's side",
        (Fault::Gateway, _) => "whoever runs this server has to act",
        (Fault::Nobody, _) => "it passes by waiting",
    }
}

fn group_of(name: &str) -> &str {
    name.split('_').next().unwrap_or(name)
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

/// Escapes, and turns `code` marks into elements.
fn text(plain: &str) -> String {
    let escaped = plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut html = String::with_capacity(escaped.len());
    for (at, part) in escaped.split('`').enumerate() {
        if at > 0 {
            html.push_str(if at % 2 == 1 { "<code>" } else { "</code>" });
        }
        html.push_str(part);
    }
    html
}

fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = page.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_an_anchor_and_its_marks_are_closed() {
        let page = errors_page();
        for entry in catalogue() {
            assert!(page.contains(&format!("id=\"{}\"", entry.name)), "{}", entry.name);
        }
        assert_eq!(page.matches("<code>").count(), page.matches("</code>").count());
    }

    #[test]
    fn nothing_on_the_page_comes_from_elsewhere() {
        let page = errors_page();
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
    }
}
