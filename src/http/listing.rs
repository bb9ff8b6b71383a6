//! The small tables about tables: `/v1/tables` and the schema pages, in every format.
//!
//! They go through the same encoders as the rows of any table, so a new format writes them too. What may be shown was
//! decided before; here is only how it is laid out.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, VARY};
use arrow::array::{ArrayRef, BooleanArray, StringViewArray};
use arrow::record_batch::RecordBatch;
use jiff::Timestamp;

use crate::catalog::{Parameter, TableSpec};
use crate::encode::{self, About, Escape, Format, Layout, OutputColumn};
use crate::error::ApiError;
use crate::http::links::Links;
use crate::plan::{SavedQuery, sql_name};
use crate::request::{Delivery, OutputOptions, around};
use crate::table::{Column, ColumnType, schema_of};

/// A table that is made whole in memory.
pub struct Listing {
    /// For the name of a download.
    name: String,
    columns: Vec<Column>,
    cells: Vec<ArrayRef>,
}

/// One line of a schema page.
#[derive(Clone, Debug)]
pub struct DescribedColumn {
    pub column: Column,
    /// The type the caller gets: a hashed column is text, whatever it was.
    pub kind: ColumnType,
    pub is_personal: bool,
}

/// The tables and views, one a row.
pub fn tables<'a, 'b>(
    tables: impl Iterator<Item = &'a TableSpec>,
    views: impl Iterator<Item = &'b SavedQuery>,
    links: &Links,
) -> Listing {
    let lines: Vec<[Option<String>; 6]> =
        tables.map(|table| table_line(table, links)).chain(views.map(|view| view_line(view, links))).collect();
    let cells = |at: usize| -> ArrayRef {
        Arc::new(StringViewArray::from_iter(lines.iter().map(|line| line.get(at).and_then(Option::as_deref))))
    };
    let mut columns = text_columns(["table", "description", "required", "optional", "url", "sql"]);
    // A table that no query reads, a view that tells nothing of itself.
    columns.iter_mut().for_each(|column| column.nullable = column.name == "sql");
    Listing { name: "tables".to_owned(), columns, cells: (0..6).map(cells).collect() }
}

fn table_line(table: &TableSpec, links: &Links) -> [Option<String>; 6] {
    [
        Some(table.name.to_owned()),
        Some(format!("{} One row is {}.", table.description, table.row)),
        Some(required(table)),
        Some(names(table.parameters().filter(|parameter| !is_required(table, parameter)))),
        Some(links.to(&format!("v1/{}.csv", table.name))),
        sql_name(table),
    ]
}

fn view_line(view: &SavedQuery, links: &Links) -> [Option<String>; 6] {
    let (optional, required): (Vec<_>, Vec<_>) =
        view.parameters.iter().partition(|parameter| parameter.default.is_some());
    [
        Some(format!("views.{}", view.name)),
        Some(view.description.clone()),
        Some(names(required.into_iter())),
        Some(names(optional.into_iter().chain(around()))),
        Some(links.to(&format!("v1/views/{}.csv", view.name))),
        None,
    ]
}

/// The columns of a table, one a row.
pub fn schema(table: &TableSpec, described: &[DescribedColumn]) -> Listing {
    let text = |cell: &dyn Fn(&DescribedColumn) -> String| column(described.iter().map(cell));
    let boolean = |cell: &dyn Fn(&DescribedColumn) -> bool| -> ArrayRef {
        Arc::new(BooleanArray::from(described.iter().map(cell).collect::<Vec<_>>()))
    };
    Listing {
        name: format!("{}-schema", table.name),
        columns: schema_columns(),
        cells: vec![
            text(&|line| line.column.name.clone()),
            text(&|line| line.kind.name().to_owned()),
            boolean(&|line| line.column.nullable),
            text(&|line| line.column.origin.display()),
            boolean(&|line| line.is_personal),
            text(&|line| table.describe(&line.column)),
            Arc::new(StringViewArray::from_iter(described.iter().map(|line| line.kind.clock()))),
        ],
    }
}

/// The columns of a view. Where its values come from, the view alone knows: whether a cell is personal cannot be told of it.
pub fn schema_of_view(view: &SavedQuery, described: &[OutputColumn]) -> Listing {
    let text = |cell: &dyn Fn(&OutputColumn) -> String| column(described.iter().map(cell));
    let unknown: Vec<Option<bool>> = vec![None; described.len()];
    let mut columns = schema_columns();
    columns.iter_mut().for_each(|column| column.nullable |= column.name == "is_personal");
    Listing {
        name: format!("{}-schema", view.name),
        columns,
        cells: vec![
            text(&|line| line.name.clone()),
            text(&|line| line.kind.name().to_owned()),
            Arc::new(BooleanArray::from(vec![true; described.len()])),
            text(&|_| "sql".to_owned()),
            Arc::new(BooleanArray::from(unknown)),
            text(&|_| "What the view's SQL makes.".to_owned()),
            Arc::new(StringViewArray::from_iter(described.iter().map(|line| line.kind.clock()))),
        ],
    }
}

fn schema_columns() -> Vec<Column> {
    let mut columns = text_columns(["name", "type", "nullable", "source", "is_personal", "description", "time_zone"]);
    for column in &mut columns {
        if column.name == "nullable" || column.name == "is_personal" {
            column.kind = ColumnType::Boolean;
        }
        column.nullable = column.name == "time_zone";
    }
    columns
}

impl Listing {
    pub fn answer(&self, format: Format, options: OutputOptions) -> Result<HttpResponse, ApiError> {
        let batch = RecordBatch::try_new(schema_of(&self.columns), self.cells.clone()).map_err(ApiError::internal)?;
        let columns: Vec<OutputColumn> = self
            .columns
            .iter()
            .map(|column| OutputColumn { name: column.name.clone(), source: column.name.clone(), kind: column.kind })
            .collect();
        let mut body = Vec::new();
        let about = About { as_of: Timestamp::now(), ..About::default() };
        let layout = Layout { format, options: options.text, columns, about, entities: None };
        encode::write(&layout, &[batch], &mut body)?;
        let mut response = HttpResponse::Ok();
        response
            .content_type(format.media_type())
            .insert_header((CACHE_CONTROL, "private, no-cache"))
            .insert_header((VARY, "Accept, Authorization, X-API-Key"));
        if format == Format::Csv && options.text.escape == Escape::Formulas {
            response.insert_header(("X-CSV-Escaped", "formulas"));
        }
        if options.delivery == Delivery::Attachment {
            let name = format!("attachment; filename=\"{}.{}\"", self.name, format.name());
            response.insert_header((CONTENT_DISPOSITION, name));
        }
        Ok(response.body(body))
    }
}

fn text_columns<const N: usize>(names: [&str; N]) -> Vec<Column> {
    names.map(|name| Column::fixed(name, ColumnType::Text, false, "")).into()
}

fn column(cells: impl Iterator<Item = String>) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(cells))
}

/// `event, property`, or where exactly one of several is needed, `identity or email`.
fn required(table: &TableSpec) -> String {
    let choice: Vec<&str> = table.choice.iter().map(|parameter| parameter.name).collect();
    let mut parts: Vec<String> = table.required.iter().map(|parameter| parameter.name.to_owned()).collect();
    if !choice.is_empty() {
        parts.push(choice.join(" or "));
    }
    parts.join(", ")
}

fn is_required(table: &TableSpec, parameter: &Parameter) -> bool {
    table.required.iter().chain(table.choice).any(|required| required.name == parameter.name)
}

fn names<'a>(parameters: impl Iterator<Item = &'a Parameter>) -> String {
    parameters.map(|parameter| parameter.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;

    use super::*;
    use crate::catalog;

    fn cell(listing: &Listing, name: &str, row: usize) -> String {
        let at = listing.columns.iter().position(|column| column.name == name).unwrap();
        listing.cells[at].as_string_view().value(row).to_owned()
    }

    #[test]
    fn the_list_of_tables_says_what_each_needs_and_where_it_is() {
        let url = "https://bi.example.com/".parse().unwrap();
        let listing = tables([&catalog::events::TABLE].into_iter(), [].into_iter(), &Links::new(Some(&url)));
        assert_eq!(cell(&listing, "table", 0), "events");
        assert_eq!(cell(&listing, "required", 0), "event");
        assert!(cell(&listing, "optional", 0).starts_with("where, account, from, to, until, range, select"));
        assert_eq!(cell(&listing, "sql", 0), "events.\"<event>\"");
        assert_eq!(cell(&listing, "url", 0), "https://bi.example.com/v1/events.csv");
    }

    #[test]
    fn a_choice_is_listed_as_one() {
        let listing = tables([&catalog::profile::TABLE].into_iter(), [].into_iter(), &Links::default());
        assert_eq!(cell(&listing, "required", 0), "identity or email or object_id");
        assert!(cell(&listing, "optional", 0).starts_with("account, select"));
    }

    #[test]
    fn a_schema_page_shows_what_the_caller_gets() {
        let column = catalog::events::fixed_columns().remove(11);
        let lines = [DescribedColumn { column, kind: ColumnType::Text, is_personal: true }];
        let listing = schema(&catalog::events::TABLE, &lines);
        assert_eq!(cell(&listing, "name", 0), "all_identities");
        assert_eq!(cell(&listing, "type", 0), "text");
        assert_eq!(cell(&listing, "source", 0), "profile.all_identities");
        assert!(listing.cells[4].as_boolean().value(0));
        assert!(listing.cells[6].is_null(0), "text is on no clock");
        assert!(listing.answer(Format::Json, OutputOptions::default()).is_ok());
    }

    #[test]
    fn no_tables_are_a_table_of_no_rows() {
        let listing = tables([].into_iter(), [].into_iter(), &Links::default());
        let response = listing.answer(Format::Csv, OutputOptions::default()).unwrap();
        assert_eq!(response.headers().get("content-type").unwrap(), Format::Csv.media_type());
    }
}
