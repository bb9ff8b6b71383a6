//! Personal values inside JSON cells: the members of objects are judged by their keys, as columns are by theirs.
//!
//! In: a cell and whose property it is. Out: the cell with personal members hashed, or without them. Everything else
//! stays as it was written, to the byte: numbers keep their digits and members their order.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::hasher::PiiHasher;
use super::personal::Holds;
use super::policy::Policy;
use crate::config::PiiMode;

/// Objects and lists within each other. What is deeper is hashed as a whole, or left out.
const DEEPEST: usize = 64;

/// What the members of a column's cells are judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Members {
    /// What the columns of such members begin with.
    pub(super) prefixes: &'static [&'static str],
    /// Never clear.
    pub(super) mode: PiiMode,
}

impl Policy {
    /// The cell as the caller may see it. Text that is no JSON object or list is returned as it is.
    pub fn mask<'a>(&self, members: Members, cell: &'a str, hasher: &PiiHasher) -> Cow<'a, str> {
        if !may_hold_members(cell) {
            return Cow::Borrowed(cell);
        }
        let Ok(raw) = serde_json::from_str::<&RawValue>(cell) else { return Cow::Borrowed(cell) };
        let mut masking = Masking { policy: self, members, hasher, out: String::new(), touched: false };
        masking.value(raw, 0);
        match masking.touched {
            true => Cow::Owned(masking.out),
            false => Cow::Borrowed(cell),
        }
    }
}

/// Whether the text looks like a JSON object or list.
pub fn may_hold_members(cell: &str) -> bool {
    matches!(cell.trim_ascii_start().as_bytes().first(), Some(b'{' | b'['))
}

struct Masking<'a> {
    policy: &'a Policy,
    members: Members,
    hasher: &'a PiiHasher,
    out: String,
    touched: bool,
}

impl Masking<'_> {
    fn value(&mut self, raw: &RawValue, depth: usize) {
        let text = raw.get();
        if !may_hold_members(text) {
            self.out.push_str(text);
            return;
        }
        if depth == DEEPEST {
            self.touched = true;
            let hidden = if self.members.mode == PiiMode::Drop { "null" } else { &self.quoted_hash(text) };
            self.out.push_str(hidden);
            return;
        }
        if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(text) {
            self.out.push('[');
            for (at, element) in elements.iter().enumerate() {
                self.comma(at);
                self.value(element, depth + 1);
            }
            self.out.push(']');
        } else if let Ok(Pairs(pairs)) = serde_json::from_str(text) {
            self.out.push('{');
            let mut written = 0;
            for (key, value) in pairs {
                let holds = self.policy.member_holds(&key, self.members.prefixes);
                if holds.is_some() && self.members.mode == PiiMode::Drop {
                    self.touched = true;
                    continue;
                }
                self.comma(written);
                written += 1;
                self.out.push_str(&serde_json::Value::from(key).to_string());
                self.out.push(':');
                match holds {
                    Some(holds) => self.hashed(value, holds),
                    None => self.value(value, depth + 1),
                }
            }
            self.out.push('}');
        } else {
            // It was JSON as a whole, so its parts are.
            self.out.push_str(text);
        }
    }

    fn comma(&mut self, before: usize) {
        if before > 0 {
            self.out.push(',');
        }
    }

    /// As the same value would be in a column of its own, so that the two meet.
    fn hashed(&mut self, raw: &RawValue, holds: Holds) {
        self.touched = true;
        let text = raw.get();
        if text == "null" {
            self.out.push_str(text);
            return;
        }
        let content = serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned());
        let hash = match holds {
            Holds::Phone => format!("\"{}\"", self.hasher.hash_phone(&content)),
            Holds::Text | Holds::Identities => self.quoted_hash(&content),
        };
        self.out.push_str(&hash);
    }

    fn quoted_hash(&self, text: &str) -> String {
        format!("\"{}\"", self.hasher.hash_text(text))
    }
}

/// The members of an object as they are written: in their order, also those that stand twice.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::PiiConfig;

    fn masked(mode: PiiMode, cell: &str) -> String {
        let hasher = PiiHasher::new(b"0123456789abcdef0123456789abcdef").unwrap();
        let policy = Policy::new(&PiiConfig { columns: vec!["item_engraving".to_owned()], hash_key: None });
        policy.mask(Members { prefixes: &["prop", "item"], mode }, cell, &hasher).into_owned()
    }

    #[test]
    fn personal_members_are_hashed_as_their_own_columns_would_be() {
        let hasher = PiiHasher::new(b"0123456789abcdef0123456789abcdef").unwrap();
        let (email, phone) = (hasher.hash_text("a@b.c"), hasher.hash_phone("+49 151 5"));
        let cell =
            r#"[{"sku":9007199254740993,"E-mail":"a@b.c","gift":{"to":{"Phone":"49151 5","x":1.50}}},{"e-mail":null}]"#;
        assert_eq!(
            masked(PiiMode::Hash, cell),
            format!(
                r#"[{{"sku":9007199254740993,"E-mail":"{email}","gift":{{"to":{{"Phone":"{phone}","x":1.50}}}}}},{{"e-mail":null}}]"#
            )
        );
        assert_eq!(masked(PiiMode::Drop, cell), r#"[{"sku":9007199254740993,"gift":{"to":{"x":1.50}}},{}]"#);
        assert!(!masked(PiiMode::Hash, r#"{"Engraving":"for Ann"}"#).contains("Ann"), "the configuration names it");
        assert!(!masked(PiiMode::Hash, r#"{"address":{"city":"Pune"}}"#).contains("Pune"));
    }

    #[test]
    fn what_holds_nothing_personal_stays_to_the_byte() {
        for cell in ["", "plain", "{broken", "[1, 2 ,3]", r#"{ "a" : [ {"b":1e400} ] }"#, "[1] 2"] {
            assert_eq!(masked(PiiMode::Hash, cell), cell);
        }
    }

    #[test]
    fn depth_is_bounded_and_hides_nothing_in_clear() {
        let deep = format!("{}{}{}", "[".repeat(5_000), r#"{"email":"a@b.c"}"#, "]".repeat(5_000));
        for mode in [PiiMode::Hash, PiiMode::Drop] {
            assert!(!masked(mode, &deep).contains("a@b.c"));
        }
    }

    proptest! {
        #[test]
        fn no_cell_shows_the_value_of_a_personal_key(key in "[a-z]{1,8}", value in "[A-Z]{12}", wide in 0..4_usize) {
            let cell = format!(r#"{{"{key}":[{}{{"email":"{value}","name":["{value}"]}}]}}"#, "1,".repeat(wide));
            for mode in [PiiMode::Hash, PiiMode::Drop] {
                let masked = masked(mode, &cell);
                prop_assert!(!masked.contains(&value));
                prop_assert!(serde_json::from_str::<serde_json::Value>(&masked).is_ok());
            }
        }
    }
}
