//! What is in the sheet, seen by unpacking it; that other people's readers read it, the client tests show.

use std::io::Read;

use super::*;
use crate::encode::testing::{Cells, table};
use crate::encode::{Format, OutputColumn, TextOptions, write};
use crate::table::ColumnType;

/// The unpacked part of this name: the parts are stored one after the other, each behind its name.
fn part(workbook: &[u8], name: &str) -> String {
    let mut at = 0;
    while workbook.get(at..at + 4) == Some(b"PK\x03\x04") {
        let short =
            |from: usize| usize::from(u16::from_le_bytes(workbook[at + from..at + from + 2].try_into().unwrap()));
        let (names, extra) = (short(26), short(28));
        let found = &workbook[at + 30..at + 30 + names];
        let mut packed = flate2::bufread::DeflateDecoder::new(&workbook[at + 30 + names + extra..]);
        let mut text = Vec::new();
        packed.read_to_end(&mut text).unwrap();
        if found == name.as_bytes() {
            return String::from_utf8(text).unwrap();
        }
        let end = at + 30 + names + extra + usize::try_from(packed.total_in()).unwrap();
        let next = workbook[end..].windows(4).position(|four| four == b"PK\x03\x04");
        at = end + next.unwrap_or_else(|| panic!("no part {name}"));
    }
    panic!("no part {name}")
}

fn workbook(cells: &[Cells]) -> Vec<u8> {
    let (columns, batch) = table(cells);
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(Format::Xlsx, columns, TextOptions::default());
    let mut out = Vec::new();
    let mut xlsx = Box::new(Xlsx::new(&layout, Some(Scratch::unlimited(folder.path())), &mut out).unwrap());
    xlsx.rows(&batch).unwrap();
    xlsx.finish().unwrap();
    out
}

fn sheet(cells: &[Cells]) -> String {
    part(&workbook(cells), "xl/worksheets/sheet1.xml")
}

#[track_caller]
fn has(sheet: &str, what: &str) {
    assert!(sheet.contains(what), "no {what} in {sheet}");
}

#[test]
fn cells_have_types_and_text_is_never_a_formula() {
    let sheet = sheet(&[
        Cells::Text(vec![Some("=1+1".into()), Some(" <a> & \u{1} ".into()), Some(String::new()), None]),
        Cells::Integer(vec![Some(-7), Some(20_261_101_124_711), Some(9_007_199_254_740_993), None]),
        Cells::Number(vec![Some(0.1), Some(f64::NAN), Some(1e300), None]),
        Cells::Boolean(vec![Some(true), Some(false), None, None]),
    ]);
    has(&sheet, "<t>=1+1</t>");
    assert!(!sheet.contains("<f>"), "{sheet}");
    has(&sheet, "<t xml:space=\"preserve\"> &lt;a&gt; &amp; _x0001_ </t>");
    has(&sheet, "<v>-7</v>");
    has(&sheet, "<v>20261101124711</v>");
    has(&sheet, "<t>9007199254740993</t>");
    has(&sheet, "<v>0.1</v>");
    has(&sheet, "t=\"b\"><v>1</v>");
    has(&sheet, "t=\"b\"><v>0</v>");
    for empty in ["r=\"A4\"", "r=\"C3\"", "r=\"A5\"", "r=\"B5\""] {
        assert!(!sheet.contains(empty), "{empty} in {sheet}");
    }
}

#[test]
fn days_are_days_of_excel_where_its_calendar_is_right_and_text_elsewhere() {
    let days = |days: &[i32]| Cells::Date(days.iter().map(|day| Some(*day)).collect());
    // 1970-01-01, 1900-03-01, 1900-02-28, 9999-12-31, 10000-01-01
    let sheet = sheet(&[
        days(&[0, -25_508, -25_509, 2_932_896, 2_932_897]),
        Cells::Timestamp(vec![Some(43_200_000_000), None, None, None, Some(-62_135_596_800_000_000)]),
    ]);
    for (cell, value) in [("A2", "25569"), ("A3", "61"), ("A5", "2958465"), ("B2", "25569.5")] {
        let at = sheet.find(&format!("r=\"{cell}\"")).unwrap();
        assert!(sheet[at..].split("</c>").next().unwrap().contains(&format!("<v>{value}</v>")), "{cell}: {sheet}");
    }
    has(&sheet, "<t>1900-02-28</t>");
    has(&sheet, "<t>0001-01-01T00:00:00</t>");
    assert!(sheet.contains("10000-01-01</t>"), "{sheet}");
}

#[test]
fn the_header_stays_in_view_and_filters_all_rows_also_when_there_are_none() {
    let full = workbook(&[Cells::TimestampUtc(vec![Some(0), Some(1)]), Cells::Text(vec![None, Some("x".into())])]);
    let sheet_of_two = part(&full, "xl/worksheets/sheet1.xml");
    has(&sheet_of_two, "state=\"frozen\"");
    has(&sheet_of_two, "<autoFilter ref=\"A1:B3\"/>");
    has(&sheet_of_two, "<t>c1</t>");
    let styles = part(&full, "xl/styles.xml");
    has(&styles, "yyyy-mm-dd hh:mm:ss&quot;Z&quot;");
    has(&styles, "<b/>");
    let empty = sheet(&[Cells::Integer(vec![]), Cells::Text(vec![])]);
    has(&empty, "<autoFilter ref=\"A1:B1\"/>");
    has(&empty, "<t>c1</t>");
    assert!(!empty.contains("r=\"2\""));
}

#[test]
fn what_a_sheet_cannot_hold_is_refused_and_not_cut() {
    let mut book = Workbook::new();
    let (columns, batch) = table(&[Cells::Integer((0..11).map(Some).collect())]);
    let mut ten = Sheet::begin(book.add_worksheet(), &columns, 10).unwrap();
    let page = book.worksheet_from_index(0).unwrap();
    ten.rows(page, &batch.slice(0, 10)).unwrap();
    let error = ten.rows(page, &batch.slice(10, 1)).unwrap_err();
    assert!(matches!(&error, EncodeError::Unfit(Unfit::Rows { most: 10 })), "{error}");

    let text = |length: usize| table(&[Cells::Text(vec![Some("ok".into()), Some("é".repeat(length))])]);
    let layout = |columns: Vec<OutputColumn>| Layout::new(Format::Xlsx, columns, TextOptions::default());
    let (columns, batch) = text(32_767);
    write(&layout(columns), &[batch], &mut Vec::new()).unwrap();
    let (columns, batch) = text(32_768);
    let error = write(&layout(columns), &[batch], &mut Vec::new()).unwrap_err();
    assert!(matches!(&error, EncodeError::Unfit(Unfit::Text { row: 2, .. })), "{error}");
    assert!(error.to_string().contains("`c0`") && error.to_string().contains("32767"), "{error}");

    let column = |at| OutputColumn { name: format!("c{at}"), source: String::new(), kind: ColumnType::Text };
    let error = write(&layout((0..16_385).map(column).collect()), &[], &mut Vec::new()).unwrap_err();
    assert!(matches!(error, EncodeError::Unfit(Unfit::Columns { found: 16_385, .. })), "{error}");
}

#[test]
fn the_same_rows_are_the_same_bytes() {
    let cells = [Cells::Text(vec![Some("x".into())]), Cells::Date(vec![Some(1)])];
    assert_eq!(workbook(&cells), workbook(&cells));
}

#[test]
fn a_full_disk_is_told_from_a_mistake_of_ours() {
    let on_write =
        |kind: io::ErrorKind| guarded::<()>(move || panic!("Couldn't write to XML file: {:?}", io::Error::from(kind)));
    let full = on_write(io::ErrorKind::StorageFull);
    assert!(matches!(full, Err(EncodeError::Scratch(why)) if why.kind() == io::ErrorKind::StorageFull));
    assert!(matches!(guarded::<()>(|| panic!("on purpose")), Err(EncodeError::Thread)));
}
