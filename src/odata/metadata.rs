//! The two documents that describe a service, and the context that every answer names.

use percent_encoding::utf8_percent_encode;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesStart, Event};
use serde_json::json;

use super::entity::{EntityType, edm_type};
use super::path::SEGMENT;
use crate::table::ColumnType;

/// The namespace of all types.
pub const NAMESPACE: &str = "CleverTap";

const EDMX: &str = "http://docs.oasis-open.org/odata/ns/edmx";
const EDM: &str = "http://docs.oasis-open.org/odata/ns/edm";

/// `$metadata`: every set with its type. No annotations: some readers break on them.
///
/// Errors: none that any name can cause.
pub fn metadata(types: &[EntityType]) -> std::io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    element(&mut xml, "edmx:Edmx", &[("Version", super::VERSION), ("xmlns:edmx", EDMX)], |xml| {
        element(xml, "edmx:DataServices", &[], |xml| {
            element(xml, "Schema", &[("Namespace", NAMESPACE), ("xmlns", EDM)], |xml| {
                types.iter().try_for_each(|entity| entity_type(xml, entity))?;
                element(xml, "EntityContainer", &[("Name", "Container")], |xml| {
                    types.iter().try_for_each(|entity| {
                        let of = format!("{NAMESPACE}.{}", entity.set);
                        empty(xml, "EntitySet", &[("Name", &entity.set), ("EntityType", &of)])
                    })
                })
            })
        })
    })?;
    let mut text = xml.into_inner();
    text.push(b'\n');
    Ok(text)
}

fn entity_type(xml: &mut Writer<Vec<u8>>, entity: &EntityType) -> std::io::Result<()> {
    let mut about = vec![("Name", entity.set.as_str())];
    if entity.open {
        about.push(("OpenType", "true"));
    }
    element(xml, "EntityType", &about, |xml| {
        element(xml, "Key", &[], |xml| {
            entity.key.iter().try_for_each(|name| empty(xml, "PropertyRef", &[("Name", name)]))
        })?;
        for property in &entity.properties {
            let mut about = vec![("Name", property.name.as_str()), ("Type", edm_type(property.kind))];
            if !property.nullable {
                about.push(("Nullable", "false"));
            }
            if matches!(property.kind, ColumnType::Timestamp | ColumnType::TimestampUtc) {
                // Without it a time has no fraction of a second.
                about.push(("Precision", "6"));
            }
            empty(xml, "Property", &about)?;
        }
        Ok(())
    })
}

fn element(
    xml: &mut Writer<Vec<u8>>,
    name: &str,
    attributes: &[(&str, &str)],
    inner: impl FnOnce(&mut Writer<Vec<u8>>) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let start = BytesStart::new(name).with_attributes(attributes.iter().copied());
    let end = start.to_end().into_owned();
    xml.write_event(Event::Start(start))?;
    inner(xml)?;
    xml.write_event(Event::End(end))
}

fn empty(xml: &mut Writer<Vec<u8>>, name: &str, attributes: &[(&str, &str)]) -> std::io::Result<()> {
    xml.write_event(Event::Empty(BytesStart::new(name).with_attributes(attributes.iter().copied())))
}

/// The service document: the sets of a root. `root` is its whole address. Addresses of sets are relative to it.
pub fn service_document<'a>(root: &str, sets: impl Iterator<Item = &'a str>, bare: bool) -> String {
    let sets: Vec<_> = sets
        .map(|set| json!({"name": set, "kind": "EntitySet", "url": utf8_percent_encode(set, SEGMENT).to_string()}))
        .collect();
    let mut document = serde_json::Map::new();
    if !bare {
        document.insert("@odata.context".to_owned(), format!("{root}$metadata").into());
    }
    document.insert("value".to_owned(), sets.into());
    serde_json::Value::Object(document).to_string()
}

/// The context of an answer: the set, and the properties when not all of them were asked for.
pub fn context(root: &str, set: &str, selected: Option<&[String]>, is_single: bool) -> String {
    let properties = selected.map(|names| format!("({})", names.join(","))).unwrap_or_default();
    let entity = if is_single { "/$entity" } else { "" };
    let fragment = format!("{set}{properties}");
    format!("{root}$metadata#{}{entity}", utf8_percent_encode(&fragment, SEGMENT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Key;

    #[test]
    fn a_context_names_the_set_and_what_was_chosen_of_it() {
        let root = "https://bi.example.com/odata/";
        assert_eq!(context(root, "campaigns", None, false), "https://bi.example.com/odata/$metadata#campaigns");
        let names = ["a".to_owned(), "größe".to_owned()];
        assert_eq!(
            context(root, "x", Some(&names), true),
            "https://bi.example.com/odata/$metadata#x(a,gr%C3%B6%C3%9Fe)/$entity"
        );
    }

    #[test]
    fn names_of_any_kind_make_well_formed_xml() {
        let columns = [("a<b&\"c\"".to_owned(), ColumnType::Timestamp, true)];
        let types = [EntityType::new("größe", Key::Made(&[]), &columns, true)];
        let text = String::from_utf8(metadata(&types).unwrap()).unwrap();
        let mut reader = quick_xml::Reader::from_str(&text);
        while reader.read_event().unwrap() != Event::Eof {}
        for line in [
            r#"<EntityType Name="größe" OpenType="true">"#,
            r#"<PropertyRef Name="row_key"/>"#,
            r#"<Property Name="row_key" Type="Edm.String" Nullable="false"/>"#,
            r#"<Property Name="a_b_c" Type="Edm.DateTimeOffset" Precision="6"/>"#,
            r#"<EntitySet Name="größe" EntityType="CleverTap.größe"/>"#,
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
    }
}
