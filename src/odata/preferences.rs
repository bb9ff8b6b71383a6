//! What a request's headers ask for: the form of the answer, the size of its pages, the newest version understood.

/// The headers that matter, as text; several of a kind are joined by commas.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'a> {
    pub accept: &'a str,
    pub prefer: &'a str,
    pub max_version: Option<&'a str>,
}

/// How JSON is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct JsonForm {
    /// Whether `@odata.context` is left out: `odata.metadata=none`.
    pub bare: bool,
    /// Whether whole numbers are texts, for readers whose numbers are doubles.
    pub ieee754: bool,
}

impl JsonForm {
    /// The `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match (self.bare, self.ieee754) {
            (false, false) => "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8",
            (false, true) => {
                "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=true;charset=utf-8"
            }
            (true, false) => "application/json;odata.metadata=none;odata.streaming=true;charset=utf-8",
            (true, true) => {
                "application/json;odata.metadata=none;odata.streaming=true;IEEE754Compatible=true;charset=utf-8"
            }
        }
    }
}

/// The form of JSON that is wanted; `None` when none that we have would do. `format` is `$format`, which beats the
/// header.
///
/// Of several ranges for JSON that of the greatest weight counts, then the first. `odata.metadata=full` is not offered.
pub fn json_form(shown: Shown<'_>, format: Option<&str>) -> Option<JsonForm> {
    if let Some(format) = format {
        return match format.trim().to_ascii_lowercase().as_str() {
            "json" => Some(JsonForm::default()),
            _ => Range::parse(format).filter(|range| range.is("application", "json")).and_then(|range| range.form()),
        };
    }
    let ranges: Vec<Range> = shown.accept.split(',').filter_map(Range::parse).collect();
    if ranges.is_empty() {
        return shown.accept.trim().is_empty().then(JsonForm::default);
    }
    let named = || ranges.iter().filter(|range| range.is("application", "json"));
    let mut best: Option<(f32, JsonForm)> = None;
    for range in named().filter(|range| range.weight > 0.0) {
        if let Some(form) = range.form()
            && best.is_none_or(|(weight, _)| range.weight > weight)
        {
            best = Some((range.weight, form));
        }
    }
    let any = || ranges.iter().any(|range| range.weight > 0.0 && range.is_wild("application"));
    match best {
        Some((_, form)) => Some(form),
        // Named and refused, or wanted in a form that there is not.
        None if named().next().is_some_and(|range| range.weight == 0.0) => None,
        None => any().then(JsonForm::default),
    }
}

/// Whether `$metadata`, which is XML and nothing else, will do. It is sent whatever a browser or a library usually
/// accepts; only who asks for JSON and nothing else is refused.
pub fn takes_xml(shown: Shown<'_>, format: Option<&str>) -> bool {
    if let Some(format) = format {
        let format = format.trim().to_ascii_lowercase();
        return format == "xml" || format.starts_with("application/xml");
    }
    let mut ranges = shown.accept.split(',').filter_map(Range::parse).peekable();
    ranges.peek().is_none() || ranges.any(|range| range.weight > 0.0 && !range.is("application", "json"))
}

/// The rows that a page is to have at most, as `Prefer` says it.
pub fn page_size(shown: Shown<'_>) -> Option<u64> {
    shown.prefer.split([',', ';']).find_map(|preference| {
        let (name, value) = preference.split_once('=')?;
        let name = name.trim().to_ascii_lowercase();
        let named = name == "odata.maxpagesize" || name == "maxpagesize";
        value.trim().trim_matches('"').parse().ok().filter(|rows: &u64| named && *rows > 0)
    })
}

/// Whether the caller understands nothing as new as what we answer.
pub fn is_version_refused(shown: Shown<'_>) -> bool {
    let version = shown.max_version.and_then(|text| text.trim().split('.').next()?.parse::<u32>().ok());
    version.is_some_and(|major| major < 4)
}

/// One media range of `Accept`.
struct Range {
    main: String,
    sub: String,
    parameters: Vec<(String, String)>,
    weight: f32,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let mut parts = lower.split(';').map(str::trim);
        let (main, sub) = match parts.next()? {
            "*" => ("*", "*"),
            kind => kind.split_once('/')?,
        };
        let mut range = Self { main: main.to_owned(), sub: sub.to_owned(), parameters: Vec::new(), weight: 1.0 };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            match name {
                "q" => range.weight = value.parse().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(1.0),
                _ => range.parameters.push((name.to_owned(), value.to_owned())),
            }
        }
        Some(range)
    }

    fn is(&self, main: &str, sub: &str) -> bool {
        self.main == main && self.sub == sub
    }

    fn is_wild(&self, main: &str) -> bool {
        self.sub == "*" && (self.main == "*" || self.main == main)
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Newer clients leave `odata.` away.
    fn form(&self) -> Option<JsonForm> {
        let bare = match self.parameter("odata.metadata").or_else(|| self.parameter("metadata")) {
            None | Some("minimal") => false,
            Some("none") => true,
            Some(_) => return None,
        };
        Some(JsonForm { bare, ieee754: self.parameter("ieee754compatible") == Some("true") })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// As a server's author logged it of Power Query.
    const POWER_QUERY: &str = "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,\
                               application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7";

    fn form(accept: &str, format: Option<&str>) -> Option<JsonForm> {
        json_form(Shown { accept, ..Shown::default() }, format)
    }

    const MINIMAL: JsonForm = JsonForm { bare: false, ieee754: false };
    const BARE: JsonForm = JsonForm { bare: true, ieee754: false };
    const TEXTS: JsonForm = JsonForm { bare: false, ieee754: true };

    #[rstest]
    #[case("", None, Some(MINIMAL))]
    #[case(POWER_QUERY, None, Some(MINIMAL))]
    #[case("*/*", None, Some(MINIMAL))]
    #[case("text/html, image/gif, *; q=.2, */*; q=.2", None, Some(MINIMAL))]
    #[case("application/json", None, Some(MINIMAL))]
    #[case("Application/JSON;Metadata=None", None, Some(BARE))]
    #[case("application/json;odata.metadata=none;q=0.1,application/json;q=0.2", None, Some(MINIMAL))]
    #[case("application/json;IEEE754Compatible=true;odata.metadata=minimal", None, Some(TEXTS))]
    #[case("application/json;odata.metadata=full,application/json;q=0.5", None, Some(MINIMAL))]
    #[case("application/json;odata.metadata=full,*/*;q=0.1", None, Some(MINIMAL))]
    #[case("application/json;odata.metadata=full", None, None)]
    #[case("application/json;q=0,*/*", None, None)]
    #[case("application/atom+xml", None, None)]
    #[case("text/csv,text/*", None, None)]
    #[case("application/xml", Some("json"), Some(MINIMAL))]
    #[case("", Some("application/json;odata.metadata=none"), Some(BARE))]
    #[case("application/json", Some("xml"), None)]
    #[case("application/json", Some("atom"), None)]
    fn the_form_is_what_is_wanted_most(
        #[case] accept: &str,
        #[case] format: Option<&str>,
        #[case] wanted: Option<JsonForm>,
    ) {
        assert_eq!(form(accept, format), wanted);
    }

    #[rstest]
    #[case("", None, true)]
    #[case(POWER_QUERY, None, true)]
    #[case("application/json, */*", None, true)]
    #[case("text/html", None, true)]
    #[case("application/json", None, false)]
    #[case("application/json", Some("xml"), true)]
    #[case("application/json", Some("application/xml;charset=utf-8"), true)]
    #[case("", Some("json"), false)]
    fn metadata_is_xml_unless_json_alone_will_do(
        #[case] accept: &str,
        #[case] format: Option<&str>,
        #[case] takes: bool,
    ) {
        assert_eq!(takes_xml(Shown { accept, ..Shown::default() }, format), takes);
    }

    #[rstest]
    #[case("odata.maxpagesize=100", Some(100))]
    #[case("respond-async, maxpagesize=\"7\"", Some(7))]
    #[case("odata.continue-on-error; OData.MaxPageSize = 5", Some(5))]
    #[case("odata.maxpagesize=0", None)]
    #[case("odata.maxpagesize=-1", None)]
    #[case("odata.include-annotations=\"*\"", None)]
    fn the_size_of_a_page_is_a_preference(#[case] prefer: &str, #[case] rows: Option<u64>) {
        assert_eq!(page_size(Shown { prefer, ..Shown::default() }), rows);
    }

    #[rstest]
    #[case(None, false)]
    #[case(Some("4.0"), false)]
    #[case(Some("4.01"), false)]
    #[case(Some("3.0"), true)]
    #[case(Some("x"), false)]
    fn who_understands_only_older_versions_is_refused(#[case] version: Option<&str>, #[case] refused: bool) {
        assert_eq!(is_version_refused(Shown { max_version: version, ..Shown::default() }), refused);
    }

    proptest! {
        #[test]
        fn any_headers_are_read(accept in "(?s).{0,80}", prefer in "(?s).{0,80}") {
            let shown = Shown { accept: &accept, prefer: &prefer, max_version: Some(&prefer) };
            let _ = (json_form(shown, None), json_form(shown, Some(&prefer)), takes_xml(shown, None));
            prop_assert!(page_size(shown) != Some(0));
            let _ = is_version_refused(shown);
        }
    }
}
