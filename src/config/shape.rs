//! The keys that a configuration type knows, read off its `Deserialize` implementation.
//!
//! The same structs that read the file thereby say which keys exist: for near matches of a misspelt key, for the
//! reading of environment variables (is this a text, a number, a list, a section?), and for the test that the sample
//! file shows every key. Nothing of it is written down twice.

use std::cell::Cell;
use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};

/// What is written at a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A section with these keys.
    Keys(&'static [&'static str]),
    /// A section whose keys are names that the user chooses.
    Named,
    /// A list, of texts or of sections.
    List,
    Text,
    /// A number or a truth value.
    Plain,
}

/// The step into any element of a list.
pub(super) const ELEMENT: &str = "[]";

/// The shape of `T` at this path, or `None` when it has no such key. A step into a list is [`ELEMENT`]; into a
/// section with names of the user's choice any word.
pub(super) fn shape_at<T: DeserializeOwned>(path: &[&str]) -> Option<Shape> {
    let found = Cell::new(None);
    // The probe always ends in an error: it never has a value to give.
    let _ = T::deserialize(Probe { path, found: &found });
    found.get()
}

/// Every key of `T` that holds a value rather than further keys, as paths.
pub(super) fn all_keys<T: DeserializeOwned>() -> Vec<Vec<&'static str>> {
    fn collect<T: DeserializeOwned>(path: &mut Vec<&'static str>, keys: &mut Vec<Vec<&'static str>>) {
        let steps: &[&'static str] = match shape_at::<T>(path) {
            Some(Shape::Keys(names)) => names,
            Some(Shape::Named) => &["*"],
            Some(Shape::List) => match shape_at::<T>(&[path.as_slice(), &[ELEMENT]].concat()) {
                Some(Shape::Keys(_)) => &[ELEMENT],
                _ => &[],
            },
            Some(Shape::Text | Shape::Plain) | None => &[],
        };
        if steps.is_empty() {
            keys.push(path.clone());
        }
        for step in steps {
            path.push(step);
            collect::<T>(path, keys);
            path.pop();
        }
    }
    let mut keys = Vec::new();
    collect::<T>(&mut Vec::new(), &mut keys);
    keys
}

/// A deserializer without data. It walks down the path through what the types ask of it, and notes what the type at
/// the end asks for.
#[derive(Clone, Copy)]
struct Probe<'p> {
    path: &'p [&'p str],
    found: &'p Cell<Option<Shape>>,
}

impl Probe<'_> {
    fn leaf<V>(self, shape: Shape) -> Result<V, Stop> {
        if self.path.is_empty() {
            self.found.set(Some(shape));
        }
        Err(Stop)
    }
}

/// Ends a probe.
#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the probe has ended")
    }
}

impl std::error::Error for Stop {}

impl de::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

macro_rules! leaves {
    ($shape:expr => $($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
            self.leaf($shape)
        })*
    };
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Stop;

    leaves!(Shape::Plain => deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_unit);
    leaves!(Shape::Text => deserialize_any deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_identifier deserialize_ignored_any);

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.path {
            [first, rest @ ..] if *first == ELEMENT => visitor.visit_seq(One { probe: Probe { path: rest, ..self } }),
            _ => self.leaf(Shape::List),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.path {
            [name, rest @ ..] => visitor.visit_map(Entry { name: Some(name), probe: Probe { path: rest, ..self } }),
            [] => self.leaf(Shape::Named),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match self.path {
            [] => self.leaf(Shape::Keys(fields)),
            _ => self.deserialize_map(visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, _: V) -> Result<V::Value, Stop> {
        self.leaf(Shape::Plain)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Stop> {
        self.leaf(Shape::Text)
    }
}

/// A list with one element.
struct One<'p> {
    probe: Probe<'p>,
}

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Stop;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Stop> {
        seed.deserialize(self.probe).map(Some)
    }
}

/// A section with one key.
struct Entry<'p> {
    name: Option<&'p str>,
    probe: Probe<'p>,
}

impl<'de> MapAccess<'de> for Entry<'_> {
    type Error = Stop;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Stop> {
        self.name.take().map(|name| seed.deserialize(name.into_deserializer())).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Stop> {
        seed.deserialize(self.probe)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape is looked at")]
    struct House {
        name: Option<String>,
        floors: u32,
        rooms: BTreeMap<String, Room>,
        tenants: Vec<Room>,
        colours: Vec<String>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape is looked at")]
    struct Room {
        light: bool,
    }

    #[test]
    fn a_type_says_which_keys_it_knows() {
        assert_eq!(shape_at::<House>(&[]), Some(Shape::Keys(&["name", "floors", "rooms", "tenants", "colours"])));
        assert_eq!(shape_at::<House>(&["name"]), Some(Shape::Text));
        assert_eq!(shape_at::<House>(&["floors"]), Some(Shape::Plain));
        assert_eq!(shape_at::<House>(&["rooms"]), Some(Shape::Named));
        assert_eq!(shape_at::<House>(&["rooms", "kitchen"]), Some(Shape::Keys(&["light"])));
        assert_eq!(shape_at::<House>(&["rooms", "kitchen", "light"]), Some(Shape::Plain));
        assert_eq!(shape_at::<House>(&["tenants"]), Some(Shape::List));
        assert_eq!(shape_at::<House>(&["tenants", ELEMENT, "light"]), Some(Shape::Plain));
        assert_eq!(shape_at::<House>(&["cellar"]), None);
        assert_eq!(shape_at::<House>(&["name", "more"]), None);
    }

    #[test]
    fn all_keys_lists_the_leaves() {
        let keys: Vec<String> = all_keys::<House>().iter().map(|key| key.join(".")).collect();
        assert_eq!(keys, ["name", "floors", "rooms.*.light", "tenants.[].light", "colours"]);
    }
}
