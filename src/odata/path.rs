//! Addresses below `/odata`: which service root, and what of it.
//!
//! `/odata/` is the root of the account that the caller sees, `/odata/a/{account}/` that of one by name, and below each
//! `t/{set}/` is a root with that one set, so that a tool need not read of all others. A set's rows are at its name,
//! their number at `{set}/$count`, one of them at `{set}('key')`.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What has to be encoded in a segment or a fragment of an address.
pub const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A place below `/odata`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub root: Root,
    pub resource: Resource,
}

/// Where a service begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Root {
    pub account: Option<String>,
    /// The only set of this root.
    pub set: Option<String>,
}

impl Root {
    /// Below the base of our links, without a leading slash, with a final one.
    pub fn path(&self) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
        let account = self.account.as_deref().map(|account| format!("a/{}/", encoded(account)));
        let set = self.set.as_deref().map(|set| format!("t/{}/", encoded(set)));
        format!("odata/{}{}", account.unwrap_or_default(), set.unwrap_or_default())
    }
}

/// What of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    ServiceDocument,
    Metadata,
    Rows { set: String },
    Count { set: String },
    Entity { set: String, key: Key },
}

impl Resource {
    /// The set it is about.
    pub fn set(&self) -> Option<&str> {
        match self {
            Self::ServiceDocument | Self::Metadata => None,
            Self::Rows { set } | Self::Count { set } | Self::Entity { set, .. } => Some(set),
        }
    }
}

/// The key of an entity as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// `('x')`
    Single(KeyValue),
    /// `(a='x',b=1)`
    Named(Vec<(String, KeyValue)>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyValue {
    Text(String),
    Integer(i64),
}

/// Why an address is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("there is nothing here")]
    Unknown,
    /// OData has it, and we do not.
    #[error("`{0}` is not implemented")]
    Unsupported(String),
    #[error("the key `({0})` cannot be read; a text stands in single quotes")]
    BadKey(String),
}

/// Segments of OData's own that we do not serve.
const UNSUPPORTED: [&str; 10] =
    ["$batch", "$all", "$entity", "$ref", "$value", "$crossjoin", "$each", "$query", "$links", "$filter"];

impl Address {
    /// Reads what follows `/odata`, still percent-encoded where a slash would otherwise be one.
    pub fn parse(path: &str) -> Result<Self, PathError> {
        let mut segments = Vec::new();
        for segment in path.trim_start_matches('/').split('/') {
            let decoded = percent_decode_str(segment).decode_utf8().map_err(|_| PathError::Unknown)?;
            segments.push(decoded.into_owned());
        }
        // A slash at the end means nothing.
        if segments.last().is_some_and(String::is_empty) {
            segments.pop();
        }
        let mut rest = segments.as_slice();
        let mut root = Root::default();
        if let [letter, account, more @ ..] = rest
            && letter == "a"
        {
            root.account = Some(account.clone());
            rest = more;
        }
        if let [letter, set, more @ ..] = rest
            && letter == "t"
        {
            root.set = Some(set.clone());
            rest = more;
        }
        let resource = Resource::of(rest)?;
        match (&root.set, resource.set()) {
            (Some(only), Some(set)) if only != set => Err(PathError::Unknown),
            _ => Ok(Self { root, resource }),
        }
    }
}

impl Resource {
    fn of(segments: &[String]) -> Result<Self, PathError> {
        let [first, rest @ ..] = segments else { return Ok(Self::ServiceDocument) };
        let unsupported = |name: &String| UNSUPPORTED.iter().any(|known| name.split('(').next() == Some(known));
        if let Some(name) = segments.iter().find(|name| unsupported(name)) {
            return Err(PathError::Unsupported(name.clone()));
        }
        if first == "$metadata" && rest.is_empty() {
            return Ok(Self::Metadata);
        }
        let (set, key) = match first.split_once('(') {
            None => (first.clone(), None),
            Some((set, key)) => {
                let inner = key.strip_suffix(')').ok_or(PathError::Unknown)?;
                (set.to_owned(), Some(Key::parse(inner)?))
            }
        };
        if set.is_empty() || set.starts_with('$') {
            return Err(PathError::Unknown);
        }
        match (key, rest) {
            (None, []) => Ok(Self::Rows { set }),
            (None, [count]) if count == "$count" => Ok(Self::Count { set }),
            (Some(key), []) => Ok(Self::Entity { set, key }),
            (Some(_), [property]) if !property.starts_with('$') => {
                Err(PathError::Unsupported(format!("one property by itself (/{property})")))
            }
            _ => Err(PathError::Unknown),
        }
    }
}

impl Key {
    fn parse(text: &str) -> Result<Self, PathError> {
        let bad = || PathError::BadKey(text.chars().take(60).collect());
        let mut values = Vec::new();
        for part in parts(text) {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) if !name.contains('\'') => (Some(name.trim().to_owned()), value),
                _ => (None, part),
            };
            values.push((name, KeyValue::parse(value.trim()).ok_or_else(bad)?));
        }
        match values.as_slice() {
            [(None, _)] => values.pop().map(|(_, value)| Self::Single(value)).ok_or_else(bad),
            _ => {
                let named = values.into_iter().map(|(name, value)| Some((name?, value)));
                named.collect::<Option<Vec<_>>>().map(Self::Named).ok_or_else(bad)
            }
        }
    }
}

/// What stands between the commas that are in no text.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut in_text) = (0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '\'' => in_text = !in_text,
            ',' if !in_text => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

impl KeyValue {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('\'') {
            Some(rest) => {
                let inner = rest.strip_suffix('\'')?;
                let doubled = inner.replace("''", "");
                (!doubled.contains('\'')).then(|| Self::Text(inner.replace("''", "'")))
            }
            None => text.parse().ok().map(Self::Integer),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn rows(set: &str) -> Resource {
        Resource::Rows { set: set.to_owned() }
    }

    #[rstest]
    #[case("", None, None, Resource::ServiceDocument)]
    #[case("/", None, None, Resource::ServiceDocument)]
    #[case("/$metadata", None, None, Resource::Metadata)]
    #[case("/events_charged", None, None, rows("events_charged"))]
    #[case("/events_charged/", None, None, rows("events_charged"))]
    #[case("/events_%E8%B3%BC", None, None, rows("events_購"))]
    #[case("/a/main", Some("main"), None, Resource::ServiceDocument)]
    #[case("/a/ma%2Fin/campaigns", Some("ma/in"), None, rows("campaigns"))]
    #[case("/t/campaigns/$metadata", None, Some("campaigns"), Resource::Metadata)]
    #[case("/a/x/t/campaigns/campaigns", Some("x"), Some("campaigns"), rows("campaigns"))]
    #[case("/campaigns/$count", None, None, Resource::Count { set: "campaigns".into() })]
    fn an_address_is_a_root_and_what_of_it(
        #[case] path: &str,
        #[case] account: Option<&str>,
        #[case] set: Option<&str>,
        #[case] resource: Resource,
    ) {
        let root = Root { account: account.map(str::to_owned), set: set.map(str::to_owned) };
        assert_eq!(Address::parse(path).unwrap(), Address { root, resource });
    }

    #[rstest]
    #[case("('a')", Key::Single(KeyValue::Text("a".into())))]
    #[case("('O''Neil, (x)=1')", Key::Single(KeyValue::Text("O'Neil, (x)=1".into())))]
    #[case("(7)", Key::Single(KeyValue::Integer(7)))]
    #[case("(row_id='a,b',item_index=0)", Key::Named(vec![
        ("row_id".into(), KeyValue::Text("a,b".into())), ("item_index".into(), KeyValue::Integer(0)),
    ]))]
    fn a_key_is_read_as_it_is_written(#[case] text: &str, #[case] key: Key) {
        let address = Address::parse(&format!("/x{text}")).unwrap();
        assert_eq!(address.resource, Resource::Entity { set: "x".into(), key });
    }

    #[rstest]
    #[case("/t/campaigns/profiles", PathError::Unknown)]
    #[case("/x/y", PathError::Unknown)]
    #[case("/$metadata/x", PathError::Unknown)]
    #[case("/$x", PathError::Unknown)]
    #[case("/x('a", PathError::Unknown)]
    #[case("/x(a)", PathError::BadKey("a".into()))]
    #[case("/x('a'b')", PathError::BadKey("'a'b'".into()))]
    #[case("/x()", PathError::BadKey(String::new()))]
    #[case("/x(a=1,2)", PathError::BadKey("a=1,2".into()))]
    #[case("/$batch", PathError::Unsupported("$batch".into()))]
    #[case("/x/$ref", PathError::Unsupported("$ref".into()))]
    #[case("/$crossjoin(a,b)", PathError::Unsupported("$crossjoin(a,b)".into()))]
    #[case("/%ff", PathError::Unknown)]
    fn what_is_no_address_is_refused(#[case] path: &str, #[case] why: PathError) {
        assert_eq!(Address::parse(path).unwrap_err(), why);
    }

    #[test]
    fn a_root_knows_its_own_path() {
        for path in ["odata/", "odata/a/main/", "odata/t/events_%E8/", "odata/a/x%2Fy/t/z/"] {
            let Ok(address) = Address::parse(path.strip_prefix("odata").unwrap()) else { continue };
            assert_eq!(address.root.path(), path);
        }
    }

    proptest! {
        #[test]
        fn any_path_is_an_address_or_a_refusal(path in "(/(a|t|x|\\$metadata|\\$count|[('=,%)a-z0-9]{0,8})){0,5}") {
            let _ = Address::parse(&path);
        }

        #[test]
        fn any_text_is_a_key(text in "\\PC{0,20}") {
            let quoted = format!("x('{}')", text.replace('\'', "''"));
            let path: String = utf8_percent_encode(&quoted, SEGMENT).to_string();
            let key = Key::Single(KeyValue::Text(text));
            prop_assert_eq!(Address::parse(&path).unwrap().resource, Resource::Entity { set: "x".into(), key });
        }
    }
}
