//! `campaigns` and `campaign_reports` (reference 6.2 and 6.3).
//!
//! A row's own day is that on which the campaign is scheduled. `scheduled_on` is 12 digits of the project's wall clock, 10
//! digits of Unix seconds, or text; `scheduled_on_raw` keeps what was sent.
//!
//! Every value of a report is a column by its path, except metrics that are written as not there (`"N/A"`, `"-"`);
//! `report_json` keeps the whole report untouched.

use jiff::tz::TimeZone;

use super::sheet::{Row, Sheet, key_of, object};
use super::value::metrics;
use super::{Dated, Placed, Undated, dates};
use crate::flatten::paths::LEVELS;

/// What CleverTap said when it was asked for a campaign's report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report<'a> {
    /// The report, JSON text.
    Ready(&'a str),
    /// The campaign is not completed yet; CleverTap's words.
    NotCompleted(&'a str),
    /// There is no result (yet); CleverTap's words.
    NoResult(&'a str),
    /// The question was refused, for example for a wrong id; CleverTap's words.
    Error(&'a str),
}

/// The `report_status` of a campaign that has a report.
pub const READY: &str = "ready";

impl Report<'_> {
    fn status(&self) -> &'static str {
        match self {
            Self::Ready(_) => READY,
            Self::NotCompleted(_) => "not_completed",
            Self::NoResult(_) => "no_result",
            Self::Error(_) => "error",
        }
    }
}

/// A campaign of CleverTap's list; numbers as they are written, texts without their quotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target<'a> {
    pub id: &'a str,
    pub name: Option<&'a str>,
    pub status: Option<&'a str>,
    pub scheduled_on: Option<&'a str>,
}

/// A campaign and its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportOf<'a> {
    /// Its id alone when no more is known.
    pub target: Target<'a>,
    pub report: Report<'a>,
}

/// The campaigns of a list.
pub fn campaigns<'a>(targets: impl IntoIterator<Item = Target<'a>>, zone: &TimeZone, placed: Placed) -> Dated {
    let mut listing = Listing::new(zone, placed);
    for target in targets {
        if let Some(row) = listing.row(target) {
            row.end(&[]);
        }
    }
    listing.finish()
}

/// Campaigns with their reports.
pub fn campaign_reports<'a>(reports: impl IntoIterator<Item = ReportOf<'a>>, zone: &TimeZone, placed: Placed) -> Dated {
    let mut listing = Listing::new(zone, placed);
    for ReportOf { target, report } in reports {
        let Some(mut row) = listing.row(target) else { continue };
        row.text("report_status", Some(report.status()));
        match report {
            Report::Ready(report) => {
                row.json("report_json", Some(report));
                let report = match report.starts_with('{') {
                    true => metrics(report, LEVELS).into_owned(),
                    false => object([("result", report)]),
                };
                row.end(&[("result", &report)]);
            }
            Report::NotCompleted(reason) | Report::NoResult(reason) | Report::Error(reason) => {
                row.text("report_reason", Some(reason).filter(|reason| !reason.is_empty()));
                row.end(&[]);
            }
        }
    }
    listing.finish()
}

/// Records that begin with the columns of `campaigns`.
struct Listing<'z> {
    zone: &'z TimeZone,
    placed: Placed,
    sheet: Sheet,
    undated: Vec<Undated>,
    outside: usize,
}

impl<'z> Listing<'z> {
    fn new(zone: &'z TimeZone, placed: Placed) -> Self {
        Self { zone, placed, sheet: Sheet::new(0), undated: Vec::new(), outside: 0 }
    }

    /// Begins the record of a campaign; `None` when it has no place here.
    fn row(&mut self, target: Target<'_>) -> Option<Row<'_>> {
        let Target { id, name, status, scheduled_on } = target;
        let scheduled = scheduled_on.and_then(|text| dates::read_text(text, self.zone));
        let day = match (self.placed, scheduled) {
            (Placed::On(day), _) => day,
            (Placed::Within(_), None) => {
                self.undated.push(Undated { id: id.to_owned(), day: scheduled_on.map(str::to_owned) });
                return None;
            }
            (Placed::Within(_), Some(time)) => {
                let day = self.placed.day(time.date());
                self.outside += usize::from(day.is_none());
                day?
            }
        };
        let mut row = self.sheet.row(day, key_of(&format!("{id:0>16}")));
        row.text("campaign_id", Some(id))
            .text("name", name)
            .text("status", status)
            .local("scheduled_on", scheduled)
            .text("scheduled_on_raw", scheduled_on);
        Some(row)
    }

    fn finish(self) -> Dated {
        Dated { page: self.sheet.finish(), undated: self.undated, outside: self.outside }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};
    use proptest::prelude::*;

    use super::super::testing::{Table, any_json};
    use super::*;
    use crate::period::Days;

    fn table() -> Table {
        Table::of(&[
            "campaign_id",
            "name",
            "status",
            "scheduled_on local",
            "scheduled_on_raw",
            "report_status",
            "report_reason",
            "report_json json",
        ])
    }

    fn zone() -> TimeZone {
        TimeZone::get("Asia/Kolkata").unwrap()
    }

    const DAY: Date = date(2026, 11, 20);

    fn target<'a>(id: &'a str, scheduled_on: &'a str) -> Target<'a> {
        Target { id, scheduled_on: Some(scheduled_on).filter(|text| !text.is_empty()), ..Target::default() }
    }

    #[test]
    fn campaigns_lie_under_the_day_of_their_schedule() {
        let march = Placed::Within(Days::new(date(2016, 3, 1), date(2016, 3, 31)).unwrap());
        let targets = [
            Target { name: Some("B"), status: Some("completed"), ..target("1457432766", "201603081556") },
            target("1457429935", "08 Mar, 2016 15:08:00"),
            target("3", "1457271567"),
            target("4", "201604010000"),
            target("5", "soon"),
            target("6", ""),
        ];
        let dated = campaigns(targets, &zone(), march);
        assert_eq!(
            table().rows(&dated.page),
            [
                "campaign_id=3|scheduled_on=2016-03-06T19:09:27|scheduled_on_raw=1457271567",
                "campaign_id=1457429935|scheduled_on=2016-03-08T15:08:00|scheduled_on_raw=08 Mar, 2016 15:08:00",
                "campaign_id=1457432766|name=B|status=completed|scheduled_on=2016-03-08T15:56:00|scheduled_on_raw=201603081556",
            ]
        );
        let undated = |id: &str, day: Option<&str>| Undated { id: id.into(), day: day.map(String::from) };
        assert_eq!(dated.undated, [undated("5", Some("soon")), undated("6", None)]);
        assert_eq!(dated.outside, 1);
        let whole = campaigns(targets, &zone(), Placed::On(DAY));
        assert_eq!((table().rows(&whole.page).len(), whole.undated.len(), whole.outside), (6, 0, 0));
    }

    #[test]
    fn a_report_is_flattened_and_kept_whole() {
        let ready = r#"{"sent":82,"Android":{"sent":80,"clicked":"N/A"},"labels":["a"],"name":"x"}"#;
        let reports = [
            ("1", Report::Ready(ready)),
            ("2", Report::NotCompleted("This target hasn't been completed")),
            ("3", Report::NoResult("")),
            ("4", Report::Error("Invalid campaign id")),
            ("5", Report::Ready("[1]")),
        ];
        let reports = reports.map(|(id, report)| ReportOf { target: target(id, ""), report });
        let dated = campaign_reports(reports, &zone(), Placed::On(DAY));
        assert_eq!(
            table().rows(&dated.page),
            [
                format!(
                    "campaign_id=1|report_status=ready|report_json={ready}|sent=82|android_sent=80|labels=[\"a\"]|\
                     name_2=x"
                ),
                "campaign_id=2|report_status=not_completed|report_reason=This target hasn't been completed".to_owned(),
                "campaign_id=3|report_status=no_result".to_owned(),
                "campaign_id=4|report_status=error|report_reason=Invalid campaign id".to_owned(),
                "campaign_id=5|report_status=ready|report_json=[1]|result=[1]".to_owned(),
            ]
        );
    }

    proptest! {
        #[test]
        fn anything_is_answered(report in any_json(), text in any::<String>(), day in "[0-9]{8,14}|[0-9]{2} Mar, 201[0-9]") {
            let placed = Placed::Within(Days::new(date(2016, 1, 1), date(2017, 12, 31)).unwrap());
            for scheduled_on in [&text, &day] {
                let target = Target { id: &text, name: Some(&text), status: None, scheduled_on: Some(scheduled_on) };
                let dated = campaigns([target], &zone(), placed);
                prop_assert_eq!(table().rows(&dated.page).len() + dated.undated.len() + dated.outside, 1);
                for report in [Report::Ready(&report), Report::Error(&text)] {
                    let dated = campaign_reports([ReportOf { target, report }], &zone(), Placed::On(DAY));
                    prop_assert_eq!(table().rows(&dated.page).len(), 1);
                }
            }
        }
    }
}
