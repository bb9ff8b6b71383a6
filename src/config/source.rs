//! From the file and the variables to one table of values.
//!
//! The variable wins. Its text is read by what stands at its key: a text as it is, a number, a list or a section as
//! TOML. Keys that nobody knows are refused here, with the nearest known one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::error::{ConfigError, Problem};
use super::nearest::nearest;
use super::shape::{ELEMENT, Shape, all_keys, shape_at};

/// Every variable of the configuration begins with it; two underscores stand between levels.
pub const PREFIX: &str = "FLATTAP__";

/// A configuration file, read.
#[derive(Clone)]
pub struct ConfigFile {
    pub path: PathBuf,
    pub text: String,
}

impl ConfigFile {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    /// The file's values. Errors name line and column but never quote the line: it may hold a passcode.
    pub(super) fn table(&self) -> Result<Table, ConfigError> {
        self.text.parse::<Table>().map(dates_as_text).map_err(|error| {
            let before = error.span().and_then(|span| self.text.get(..span.start)).unwrap_or_default();
            let line_start = before.rfind('\n').map_or(0, |at| at + 1);
            ConfigError::Syntax {
                place: self.place(),
                line: before.matches('\n').count() + 1,
                column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
                reason: error.message().to_owned(),
            }
        })
    }
}

/// TOML has dates of its own; ours are texts.
fn dates_as_text(table: Table) -> Table {
    fn converted(value: Value) -> Value {
        match value {
            Value::Datetime(date) => Value::String(date.to_string()),
            Value::Array(values) => Value::Array(values.into_iter().map(converted).collect()),
            Value::Table(table) => Value::Table(dates_as_text(table)),
            other => other,
        }
    }
    table.into_iter().map(|(key, value)| (key, converted(value))).collect()
}

/// The merged values, and where each came from.
pub(super) struct Merged {
    pub table: Table,
    /// By key path, the variable that set it.
    variables: BTreeMap<String, String>,
    file: String,
}

impl Merged {
    /// Reads file and variables into the shape of `T`.
    pub fn read<T: DeserializeOwned>(
        file: Option<&ConfigFile>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let table = file.map(ConfigFile::table).transpose()?.unwrap_or_default();
        let place = file.map_or_else(|| "the configuration".to_owned(), ConfigFile::place);
        let mut merged = Self { table, variables: BTreeMap::new(), file: place };
        merged.refuse_unknown::<T>()?;
        let mut variables: Vec<_> = variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
        // A section given as a whole comes before its single keys.
        variables.sort_by_key(|(name, _)| (name.matches("__").count(), name.clone()));
        for (name, text) in variables {
            merged.overlay::<T>(&name, text)?;
        }
        merged.refuse_unknown::<T>()?;
        Ok(merged)
    }

    /// The error with the place where its key was written.
    pub fn place(&self, problem: Problem) -> ConfigError {
        ConfigError::Wrong { place: self.place_of(&problem.key), key: problem.key, problem: problem.text }
    }

    fn place_of(&self, key: &str) -> String {
        let is_part_of =
            |whole: &str| key.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        match self.variables.iter().rev().find(|(whole, _)| is_part_of(whole)) {
            Some((_, name)) => format!("variable {name}"),
            None => self.file.clone(),
        }
    }

    fn overlay<T: DeserializeOwned>(&mut self, name: &str, text: String) -> Result<(), ConfigError> {
        let words: Vec<String> =
            name.strip_prefix(PREFIX).unwrap_or_default().split("__").map(str::to_lowercase).collect();
        let mut path: Vec<String> = Vec::new();
        let mut shape = shape_at::<T>(&[]);
        for word in &words {
            // Names that the user chose are written in the file as they are; a variable cannot show case or dashes.
            let step = match shape {
                Some(Shape::Named) => self.name_in_file(&path, word),
                _ => word.clone(),
            };
            path.push(step);
            shape = shape_at::<T>(&borrowed(&path));
        }
        let key = path.join(".");
        let value = match shape {
            None => {
                return Err(ConfigError::UnknownKey {
                    place: format!("variable {name}"),
                    nearest: nearest_key::<T>(&borrowed(&path)).map(|key| variable_of(&key)),
                    key,
                });
            }
            Some(Shape::Text) => Value::String(text),
            Some(Shape::Plain) => toml_value(&text).unwrap_or(Value::String(text)),
            Some(Shape::List) => match toml_value(&text) {
                Some(list @ Value::Array(_)) => list,
                _ => return Err(wrong(name, key, "expected a TOML list, such as `[\"events\", \"event_*\"]`")),
            },
            Some(Shape::Keys(_) | Shape::Named) => match toml_value(&text) {
                Some(section @ Value::Table(_)) => section,
                _ => return Err(wrong(name, key, "expected a TOML table, such as `{ key = \"value\" }`")),
            },
        };
        insert(&mut self.table, &path, value).map_err(|()| {
            wrong(name, key.clone(), "lies inside something that the file does not write as a section")
        })?;
        self.variables.insert(key, name.to_owned());
        Ok(())
    }

    /// The name in this section that the variable's word means, or the word itself when there is none yet.
    fn name_in_file(&self, section: &[String], word: &str) -> String {
        let fold = |name: &str| name.to_lowercase().replace(['-', '.'], "_");
        let mut table = &self.table;
        for step in section {
            match table.get(step) {
                Some(Value::Table(inner)) => table = inner,
                _ => return word.to_owned(),
            }
        }
        table.keys().find(|name| fold(name) == fold(word)).cloned().unwrap_or_else(|| word.to_owned())
    }

    fn refuse_unknown<T: DeserializeOwned>(&self) -> Result<(), ConfigError> {
        match first_unknown::<T>(&mut Vec::new(), &self.table) {
            None => Ok(()),
            Some(path) => {
                let key = displayed(&path);
                Err(ConfigError::UnknownKey {
                    place: self.place_of(&key),
                    nearest: nearest_key::<T>(&borrowed(&path)),
                    key,
                })
            }
        }
    }
}

fn wrong(variable: &str, key: String, text: &str) -> ConfigError {
    ConfigError::Wrong { place: format!("variable {variable}"), key, problem: text.to_owned() }
}

fn borrowed(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

/// `auth.keys[].name`: a step into a list is no key of its own.
fn displayed(path: &[String]) -> String {
    path.join(".").replace(&format!(".{ELEMENT}"), ELEMENT)
}

/// A list is one variable as a whole.
fn variable_of(key: &str) -> String {
    let whole = key.split(ELEMENT).next().unwrap_or(key);
    format!("{PREFIX}{}", whole.to_uppercase().replace('.', "__"))
}

/// Reads one TOML value, or `None` when the text is not exactly one.
fn toml_value(text: &str) -> Option<Value> {
    let mut table = dates_as_text(format!("value = {text}").parse::<Table>().ok()?);
    let value = table.remove("value")?;
    table.is_empty().then_some(value)
}

fn insert(table: &mut Table, path: &[String], value: Value) -> Result<(), ()> {
    match path {
        [] => Err(()),
        [key] => {
            table.insert(key.clone(), value);
            Ok(())
        }
        [key, rest @ ..] => match table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new())) {
            Value::Table(inner) => insert(inner, rest, value),
            _ => Err(()),
        },
    }
}

/// The path of the first key that `T` does not know. Values of the wrong kind are left to the reading itself.
fn first_unknown<T: DeserializeOwned>(path: &mut Vec<String>, table: &Table) -> Option<Vec<String>> {
    for (key, value) in table {
        path.push(key.clone());
        if shape_at::<T>(&borrowed(path)).is_none() {
            return Some(path.clone());
        }
        let sections: Vec<&Table> = match value {
            Value::Table(inner) => vec![inner],
            Value::Array(values) => values.iter().filter_map(Value::as_table).collect(),
            _ => Vec::new(),
        };
        let is_list = value.is_array();
        if is_list {
            path.push(ELEMENT.to_owned());
        }
        for section in sections {
            // A table where a text belongs is a wrong value, not an unknown key.
            if matches!(shape_at::<T>(&borrowed(path)), Some(Shape::Keys(_) | Shape::Named))
                && let Some(unknown) = first_unknown::<T>(path, section)
            {
                return Some(unknown);
            }
        }
        if is_list {
            path.pop();
        }
        path.pop();
    }
    None
}

/// The known key that was probably meant: one of the same section, else one of the same name in another.
fn nearest_key<T: DeserializeOwned>(path: &[&str]) -> Option<String> {
    let owned = |path: &[&str]| displayed(&path.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>());
    // A wrong word in the middle of a path: correct that one, keep the rest if the result exists.
    for (at, word) in path.iter().enumerate() {
        let (before, after) = (path.get(..at)?, path.get(at + 1..)?);
        if shape_at::<T>(&path[..=at]).is_some() {
            continue;
        }
        if let Some(Shape::Keys(names)) = shape_at::<T>(before)
            && let Some(name) = nearest(word, names.iter().copied())
        {
            let whole = [before, &[name], after].concat();
            let known = if shape_at::<T>(&whole).is_some() { whole } else { [before, &[name]].concat() };
            return Some(owned(&known));
        }
        break;
    }
    let last = path.last()?;
    all_keys::<T>().iter().find(|key| key.last() == Some(last)).map(|key| owned(key))
}
