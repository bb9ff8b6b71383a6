//! `serde_json` is the judge of what is JSON and of what it says; the reader must agree on both, on any text.

use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::*;

/// Reads a value of any shape and says it again without white space.
fn say(reader: &mut Reader<'_>, first: u8, out: &mut String) -> Result<(), NotJson> {
    let (mut place, mut buffer) = (Place::First, String::new());
    match first {
        b'{' => {
            out.push('{');
            while let Some(key) = reader.key(&mut place, &mut buffer)? {
                out.push_str(&serde_json::to_string(&*key).unwrap());
                out.push(':');
                let first = reader.byte()?;
                say(reader, first, out)?;
                out.push(',');
            }
            out.push('}');
        }
        b'[' => {
            out.push('[');
            while let Some(first) = reader.element(&mut place)? {
                say(reader, first, out)?;
                out.push(',');
            }
            out.push(']');
        }
        b'"' => out.push_str(&serde_json::to_string(&*reader.string(&mut buffer)?).unwrap()),
        b'-' | b'0'..=b'9' => out.push_str(reader.number(first)?.text),
        b't' => reader.literal("rue").map(|()| out.push_str("true"))?,
        b'f' => reader.literal("alse").map(|()| out.push_str("false"))?,
        b'n' => reader.literal("ull").map(|()| out.push_str("null"))?,
        _ => return Err(reader.fault()),
    }
    Ok(())
}

fn read(text: &str) -> Option<String> {
    let mut reader = Reader::new(text);
    let mut out = String::new();
    let first = reader.byte().ok()?;
    say(&mut reader, first, &mut out).ok()?;
    reader.end().ok()?;
    Some(out)
}

/// The same by `serde_json`.
fn expected(text: &str) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let raw: Box<RawValue> = serde_json::from_str(text).ok()?;
    let raw = raw.get();
    Some(match raw.as_bytes()[0] {
        b'"' => serde_json::to_string(&serde_json::from_str::<String>(raw).ok()?).unwrap(),
        b'[' => {
            let elements: Vec<Box<RawValue>> = serde_json::from_str(raw).ok()?;
            let elements = elements.iter().map(|raw| Some(expected(raw.get())? + ","));
            format!("[{}]", elements.collect::<Option<String>>()?)
        }
        // Keys that come twice are kept by neither side's map, so objects here have one key at most.
        b'{' => {
            let members: std::collections::BTreeMap<String, Box<RawValue>> = serde_json::from_str(raw).ok()?;
            let member = |key: &String, raw: &RawValue| {
                Some(format!("{}:{},", serde_json::to_string(key).unwrap(), expected(raw.get())?))
            };
            format!("{{{}}}", members.iter().map(|(key, raw)| member(key, raw)).collect::<Option<String>>()?)
        }
        _ => raw.to_owned(),
    })
}

/// JSON, and what comes close.
fn nearly_json() -> impl Strategy<Value = String> {
    let number = "-?[0-9]{0,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?";
    let escape = "\\\\([\"\\\\/bfnrtxu]|u[0-9a-fA-F]{3,4}|ud8[0-9a-f]{2}(\\\\ud[c-f][0-9a-f]{2})?)";
    let string = prop::collection::vec(prop_oneof![4 => "[ -~é日🙂]{0,9}", 2 => escape, 1 => "\\PC|[\x00-\x1f]"], 0..4);
    let leaf = prop_oneof![
        2 => number,
        4 => string.prop_map(|parts| format!("\"{}\"", parts.concat())),
        1 => prop::sample::select(vec!["true", "false", "null", "nul", "truee", "", "NaN"]).prop_map(String::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            ("[ \t\r\n]{0,2}", prop::collection::vec(inner.clone(), 0..4), prop_oneof![20 => Just(""), 1 => Just(",")])
                .prop_map(|(space, list, end)| format!(
                    "[{space}{}{space}{end}]",
                    list.join(&format!("{space},{space}"))
                )),
            ("[ \t\r\n]{0,2}", "[a-c]", inner, prop_oneof![20 => Just(":"), 1 => Just("")]).prop_map(
                |(space, key, value, colon)| format!("{{{space}\"{key}\"{space}{colon}{space}{value}{space}}}")
            ),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_serde_json_reads_is_read_alike_and_nothing_else(text in nearly_json(), other in "[\\[\\]{},:\"0-9a-z\\\\ .-]{0,12}") {
        prop_assert_eq!(read(&text), expected(&text), "{}", text);
        prop_assert_eq!(read(&other).is_some(), expected(&other).is_some(), "{}", other);
    }
}

#[test]
fn an_expected_key_is_read_only_where_it_stands_and_only_as_it_is() {
    let read = |text: &str, mut place: Place, key: &str| {
        let mut reader = Reader::new(text);
        (reader.expect(&mut place, &member(key)), reader.offset(), matches!(place, Place::First))
    };
    assert_eq!(read(r#""ab":1}"#, Place::First, "ab"), (true, 5, false));
    assert_eq!(read(r#","ab":1}"#, Place::Further, "ab"), (true, 6, false));
    for (text, key) in
        [(r#","ab":1}"#, "ab"), (r#""ab":1}"#, "a"), (r#""a":1}"#, "ab"), (r#""ab" :1}"#, "ab"), ("}", "")]
    {
        assert_eq!(read(text, Place::First, key), (false, 0, true), "{text} {key:?}");
    }
    assert_eq!(read(r#""ab":1}"#, Place::Further, "ab"), (false, 0, false), "a comma is due");
    assert_eq!(read("", Place::Further, "ab"), (false, 0, false));
    assert_eq!(read(r#""":1}"#, Place::First, ""), (true, 3, false), "an empty key is a key");
    for key in ["a\"b", "a\\b", "a\nb"] {
        assert!(member(key).is_empty(), "{key:?} is not written as it is");
    }
}

#[test]
fn the_end_of_a_string_is_found_wherever_it_lies() {
    for length in 0..40 {
        for ending in ['"', '\\', '\u{0}', '\u{1f}'] {
            let plain: String = ['a', '\u{7f}', 'é', '!', ' ', '#', '['].into_iter().cycle().take(length).collect();
            let text = format!("{plain}{ending}aaaaaaaaaaaa\"");
            assert_eq!(special(text.as_bytes(), 0), plain.len(), "{text:?}");
            assert_eq!(special(plain.as_bytes(), 0), plain.len());
            assert_eq!(special_of_words(text.as_bytes(), 0), plain.len(), "{text:?}");
            assert_eq!(special_of_words(plain.as_bytes(), 0), plain.len());
        }
    }
}
