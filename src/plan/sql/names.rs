//! How tables are called in SQL.
//!
//! Those that are about one event are `events."Charged"`, those about a property of it `event_items."Charged.Items"`, the
//! others go by their plain names; in front of all of them an account's name can stand.

use datafusion::common::TableReference;
use url::form_urlencoded::Serializer;

use super::SqlError;
use crate::catalog::{self, Filling, TableSpec};
use crate::request;

/// What a table's name means.
pub(super) struct Named {
    pub account: Option<String>,
    pub spec: &'static TableSpec,
    /// The part behind the table's own name.
    of: Option<String>,
}

impl Named {
    pub fn split(
        reference: &TableReference,
        is_seen: impl Fn(&TableSpec) -> bool,
        is_account: impl Fn(&str) -> bool,
    ) -> Result<Self, SqlError> {
        let find = |name: &str| catalog::find(name).filter(|spec| is_seen(spec));
        let unknown = |name: &str| {
            let seen = catalog::tables().iter().filter(|spec| is_seen(spec)).map(|spec| spec.name);
            SqlError::UnknownTable {
                asked: reference.to_string(),
                near: request::nearest(name, seen).map(str::to_owned),
            }
        };
        match reference {
            TableReference::Bare { table } => {
                let spec = find(table).ok_or_else(|| unknown(table))?;
                Ok(Self { account: None, spec, of: None })
            }
            TableReference::Partial { schema, table } => match (find(schema), is_account(schema)) {
                (Some(spec), _) => Ok(Self { account: None, spec, of: Some(table.to_string()) }),
                (None, true) => {
                    let spec = find(table).ok_or_else(|| unknown(table))?;
                    Ok(Self { account: Some(schema.to_string()), spec, of: None })
                }
                (None, false) => Err(unknown(schema)),
            },
            TableReference::Full { catalog, schema, table } => {
                let spec = find(schema).filter(|_| is_account(catalog)).ok_or_else(|| unknown(schema))?;
                Ok(Self { account: Some(catalog.to_string()), spec, of: Some(table.to_string()) })
            }
        }
    }

    /// The table's own words of a request for it.
    pub fn query(&self) -> Result<String, SqlError> {
        let mut words = Serializer::new(String::new());
        let spec = self.spec;
        let needs = |of, example| SqlError::NeedsName { table: spec.name, of, example };
        match (spec.filling, &self.of) {
            (Filling::Profile, _) => return Err(SqlError::NotInSql(spec.name)),
            (Filling::EventItems | Filling::PropertyCounts, of) => {
                let example = if spec.filling == Filling::EventItems { "Charged.Items" } else { "Charged.Category" };
                let (event, property) = of
                    .as_deref()
                    .and_then(|of| of.rsplit_once('.'))
                    .filter(|(event, property)| !event.is_empty() && !property.is_empty())
                    .ok_or_else(|| needs("property of an event", example))?;
                words.append_pair("event", event).append_pair("property", property);
            }
            (Filling::Events, of) => {
                words.append_pair("event", of.as_deref().ok_or_else(|| needs("event", "Charged"))?);
            }
            (Filling::EventCounts | Filling::ProfileCounts | Filling::EventTrends, of) => {
                let event = of.as_deref().ok_or_else(|| needs("event", "Charged"))?;
                words.append_pair("event", event).append_pair("by", "day");
            }
            (Filling::Profiles | Filling::ProfileDevices | Filling::ProfileEvents, of) => {
                if let Some(event) = of {
                    words.append_pair("event", event);
                }
            }
            (_, Some(_)) => {
                return Err(SqlError::UnknownTable {
                    asked: format!("{}.{}", spec.name, self.of.as_deref().unwrap_or_default()),
                    near: Some(spec.name.to_owned()),
                });
            }
            (_, None) => {}
        }
        Ok(words.finish())
    }
}

/// How a table is called in SQL, for lists: a name in angle brackets stands for any.
pub fn sql_name(spec: &TableSpec) -> Option<String> {
    Some(match spec.filling {
        Filling::Profile => return None,
        Filling::EventItems | Filling::PropertyCounts => format!("{}.\"<event>.<property>\"", spec.name),
        Filling::Events | Filling::EventCounts | Filling::ProfileCounts | Filling::EventTrends => {
            format!("{}.\"<event>\"", spec.name)
        }
        _ => spec.name.to_owned(),
    })
}
