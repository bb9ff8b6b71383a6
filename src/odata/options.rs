//! Options out of a raw query string: those of OData's own, and ours.
//!
//! Names may be encoded (`%24filter`). An option of OData's that is unknown is refused, one that is known and not served
//! is told to be that, and none is ever passed over: whoever filters must not get the unfiltered. Options without a `$`
//! are custom ones, which a service may not know; those that mean something under `/v1` but here begin with `$`
//! (`filter`) are refused, because they were meant.

use crate::request::{self, RequestError, nearest, quoted};

/// The options of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub select: Option<String>,
    pub filter: Option<String>,
    pub orderby: Option<String>,
    pub top: Option<String>,
    pub skip: Option<String>,
    pub count: bool,
    pub skiptoken: Option<String>,
    pub format: Option<String>,
    /// In their order, decoded.
    pub custom: Vec<(String, String)>,
}

/// Why the options cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    #[error(transparent)]
    Request(#[from] RequestError),
    /// OData has it, and we do not.
    #[error("`{0}` is not implemented here")]
    Unsupported(String),
    /// An option of OData's without its `$`.
    #[error("`{}` alone means nothing here", .0.trim_start_matches('$'))]
    Bare(&'static str),
}

const SERVED: [&str; 8] = ["$select", "$filter", "$orderby", "$top", "$skip", "$count", "$skiptoken", "$format"];
const UNSUPPORTED: [&str; 10] =
    ["$expand", "$search", "$apply", "$compute", "$levels", "$deltatoken", "$index", "$schemaversion", "$id", "$root"];

impl Options {
    pub fn parse(query: &str) -> Result<Self, OptionsError> {
        let mut options = Self::default();
        let mut given: Vec<&'static str> = Vec::new();
        for (name, value) in request::pairs(query)? {
            if name.starts_with('@') {
                return Err(OptionsError::Unsupported(quoted(&name)));
            }
            if !name.starts_with('$') {
                options.custom(name, value)?;
                continue;
            }
            if UNSUPPORTED.contains(&name.as_str()) {
                return Err(OptionsError::Unsupported(name));
            }
            let Some(known) = SERVED.into_iter().find(|known| *known == name) else {
                let near = nearest(&name, SERVED);
                return Err(RequestError::Unknown { parameter: quoted(&name), near, known: SERVED.to_vec() }.into());
            };
            if given.contains(&known) {
                return Err(RequestError::Repeated { parameter: known, times: 2 }.into());
            }
            given.push(known);
            options.put(known, value)?;
        }
        Ok(options)
    }

    fn put(&mut self, name: &'static str, value: String) -> Result<(), RequestError> {
        let refuse = |expected: &'static str| RequestError::BadValue {
            parameter: name,
            value: quoted(&value),
            expected: expected.into(),
            near: None,
        };
        if value.trim().is_empty() {
            return Err(refuse("it is empty"));
        }
        match name {
            "$select" => self.select = Some(value),
            "$filter" => self.filter = Some(value),
            "$orderby" => self.orderby = Some(value),
            "$top" => self.top = Some(value),
            "$skip" => self.skip = Some(value),
            "$skiptoken" => self.skiptoken = Some(value),
            "$format" => self.format = Some(value),
            _ => {
                self.count = match value.as_str() {
                    "true" => true,
                    "false" => false,
                    _ => return Err(refuse("it takes true or false")),
                }
            }
        }
        Ok(())
    }

    fn custom(&mut self, name: String, value: String) -> Result<(), OptionsError> {
        // OData 4.01 takes the names without `$` as well; in 4.0 they would be passed over, and a condition with them.
        let meant = SERVED.iter().chain(&UNSUPPORTED).find(|known| known.get(1..) == Some(name.as_str()));
        match meant {
            Some(meant) => Err(OptionsError::Bare(meant)),
            None => {
                self.custom.push((name, value));
                Ok(())
            }
        }
    }

    /// The first of those options that choose rows or columns of a set: a description takes none of them.
    pub fn of_rows(&self) -> Option<&'static str> {
        let given = [
            ("$select", self.select.is_some()),
            ("$filter", self.filter.is_some()),
            ("$orderby", self.orderby.is_some()),
            ("$top", self.top.is_some()),
            ("$skip", self.skip.is_some()),
            ("$count", self.count),
            ("$skiptoken", self.skiptoken.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }

    /// A custom option's value; the last one when it stands there several times.
    pub fn custom_value(&self, name: &str) -> Option<&str> {
        self.custom.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn options_are_read_however_their_names_are_encoded() {
        let plain = Options::parse("$filter=a eq 1&$top=5&from=today&$count=true&_=17&x=1+2").unwrap();
        let encoded = Options::parse("%24filter=a%20eq%201&%24top=5&from=today&%24count=true&_=17&x=1%202").unwrap();
        assert_eq!(plain, encoded);
        assert_eq!((plain.filter.as_deref(), plain.top.as_deref(), plain.count), (Some("a eq 1"), Some("5"), true));
        assert_eq!(plain.custom_value("x"), Some("1 2"));
        assert_eq!(Options::parse("$filter=a+eq+'%26%2B'").unwrap().filter.as_deref(), Some("a eq '&+'"));
        assert_eq!(Options::parse("").unwrap(), Options::default());
    }

    #[rstest]
    #[case("$expand=x")]
    #[case("$search=x")]
    #[case("$apply=x")]
    #[case("$filter=a eq @p&@p=1")]
    fn what_odata_has_and_we_do_not_is_told_to_be_that(#[case] query: &str) {
        assert!(matches!(Options::parse(query), Err(OptionsError::Unsupported(_))), "{query}");
    }

    #[rstest]
    #[case("$filtr=x", Some("$filter"))]
    #[case("$Filter=x", Some("$filter"))]
    #[case("$x=1", None)]
    fn unknown_options_are_refused_with_the_one_that_was_meant(#[case] query: &str, #[case] near: Option<&str>) {
        let Err(OptionsError::Request(error)) = Options::parse(query) else { panic!("{query}") };
        assert_eq!(error.near(), near, "{query}");
    }

    #[rstest]
    #[case("filter=x", "$filter")]
    #[case("top=1", "$top")]
    #[case("expand=x", "$expand")]
    fn options_without_their_sign_are_not_passed_over(#[case] query: &str, #[case] meant: &str) {
        let Err(OptionsError::Bare(bare)) = Options::parse(query) else { panic!("{query}") };
        assert_eq!(bare, meant);
    }

    #[rstest]
    #[case("$top=1&%24top=1")]
    #[case("$count=1")]
    #[case("$count=TRUE")]
    #[case("$filter=")]
    #[case("$filter=%zz")]
    #[case("$filter=%ff")]
    fn options_that_cannot_be_read_are_refused(#[case] query: &str) {
        assert!(matches!(Options::parse(query), Err(OptionsError::Request(_))), "{query}");
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused(query in "(?s).{0,120}") {
            let _ = Options::parse(&query);
        }
    }
}
