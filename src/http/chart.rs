//! Rows per day as an SVG: kept days as bars, days that are not loaded as hatched ground.
//!
//! In: the days as `freshness` knows them. Out: the text of the picture, whose title, description and `data-` attributes
//! hold the same numbers. It has no size of its own: places along the days are percentages, so it fills whatever holds it
//! while its letters stay as large as they are. It takes its colour from its surroundings (`currentColor`); a page that
//! shows it can colour the parts by their classes.

use askama::Template;
use jiff::civil::Date;

use crate::freshness::{Kept, KeptDay};

/// Heights in pixels: the top of the plot, its ground, the whole picture.
const TOP: f64 = 22.0;
const GROUND: f64 = 188.0;
const HEIGHT: u32 = 220;
/// Part of a day's width that its bar takes.
const BAR: f64 = 0.72;
/// Room for the numbers of the scale at the left, in hundredths of the width.
const MARGIN: f64 = 5.0;
/// Up to so many days each bar has its number above it, and there is no scale.
const NUMBERED: usize = 10;
/// More dates than these would run into each other on a phone.
const DATES: usize = 5;

#[derive(Template)]
#[template(path = "chart.svg")]
struct Picture {
    height: u32,
    ground: String,
    /// The height of the plot.
    depth: String,
    top: String,
    title: String,
    description: String,
    lines: Vec<Line>,
    bars: Vec<Bar>,
    dates: Vec<DateMark>,
}

/// A line of the scale.
struct Line {
    y: String,
    label_y: String,
    label: String,
}

/// One day.
struct Bar {
    day: String,
    rows: String,
    /// `kept`, `partly`, `missing`, `loading` or `future`.
    state: &'static str,
    is_open: bool,
    /// The ground that answers to the pointer, and is hatched for a day that is not loaded.
    left: String,
    breadth: String,
    x: String,
    width: String,
    y: String,
    height: String,
    text: String,
    number: Option<Number>,
}

/// How many rows, above a bar.
struct Number {
    x: String,
    y: String,
    text: String,
}

struct DateMark {
    x: String,
    anchor: &'static str,
    text: String,
}

/// The picture. `subject` is what the rows are of, in the words of the request.
pub fn rows_per_day(subject: &str, days: &[KeptDay]) -> Result<String, askama::Error> {
    let most = days.iter().map(|day| day.rows).max().unwrap_or(0);
    let step = step(most);
    let top_of_scale = (most.div_ceil(step) * step).max(step);
    let is_numbered = days.len() <= NUMBERED;
    let margin = if is_numbered { 0.0 } else { MARGIN };
    let share = (100.0 - margin) / days.len().max(1) as f64;
    let height_of = |rows: u64| (GROUND - TOP) * rows as f64 / top_of_scale as f64;
    let bars = days.iter().enumerate().map(|(at, day)| {
        let left = margin + share * at as f64;
        let is_kept = matches!(day.kept, Kept::Whole | Kept::Partly);
        // A kept day without rows still shows that it is kept.
        let height = if is_kept { height_of(day.rows).max(1.0) } else { 0.0 };
        Bar {
            day: day.day.to_string(),
            rows: day.rows.to_string(),
            state: state(day),
            is_open: day.is_open,
            left: percent(left),
            breadth: percent(share),
            x: percent(left + share * (1.0 - BAR) / 2.0),
            width: percent(share * BAR),
            y: pixels(GROUND - height),
            height: pixels(height),
            text: tooltip(day),
            number: (is_numbered && is_kept).then(|| Number {
                x: percent(left + share / 2.0),
                y: pixels(GROUND - height - 6.0),
                text: short(day.rows),
            }),
        }
    });
    let count = if is_numbered || most == 0 { 0 } else { top_of_scale / step };
    let lines = (1..=count).map(|at| Line {
        y: pixels(GROUND - height_of(at * step)),
        label_y: pixels(GROUND - height_of(at * step) - 5.0),
        label: short(at * step),
    });
    Picture {
        height: HEIGHT,
        ground: pixels(GROUND),
        depth: pixels(GROUND - TOP),
        top: pixels(TOP),
        title: title(subject, days),
        description: description(days),
        lines: lines.collect(),
        bars: bars.collect(),
        dates: dates(days, margin, share),
    }
    .render()
}

/// The distance of the scale's lines: 1, 2 or 5 and zeros, so that there are two to four of them.
fn step(most: u64) -> u64 {
    let mut unit: u64 = 1;
    loop {
        for step in [unit, unit * 2, unit * 5] {
            if most <= step.saturating_mul(4) {
                return step;
            }
        }
        match unit.checked_mul(10) {
            Some(next) if next <= u64::MAX / 50 => unit = next,
            _ => return unit * 5,
        }
    }
}

fn state(day: &KeptDay) -> &'static str {
    match day.kept {
        Kept::Whole => "kept",
        Kept::Partly => "partly",
        Kept::Nothing if day.is_loading => "loading",
        Kept::Nothing => "missing",
        Kept::Future => "future",
    }
}

fn tooltip(day: &KeptDay) -> String {
    let date = day.day.strftime("%a %-d %b %Y");
    let rows = rows(day.rows);
    match day.kept {
        Kept::Whole if day.is_open => format!("{date}: {rows}, may still change"),
        Kept::Whole => format!("{date}: {rows}"),
        Kept::Partly => format!("{date}: {rows} so far, not every event is loaded"),
        Kept::Nothing if day.is_loading => format!("{date}: loading now"),
        Kept::Nothing => format!("{date}: not loaded yet"),
        Kept::Future => format!("{date}: has not begun"),
    }
}

fn title(subject: &str, days: &[KeptDay]) -> String {
    match (days.first(), days.last()) {
        (Some(first), Some(last)) => format!("{subject}: rows per day, {} to {}", first.day, last.day),
        _ => format!("{subject}: rows per day"),
    }
}

fn description(days: &[KeptDay]) -> String {
    let whole: Vec<&KeptDay> = days.iter().filter(|day| day.kept == Kept::Whole).collect();
    let past = days.iter().filter(|day| day.kept != Kept::Future).count();
    let sum: u64 = whole.iter().map(|day| day.rows).sum();
    let mut text = format!("{} of {past} days are loaded, with {}.", whole.len(), rows(sum));
    if let (Some(least), Some(most)) =
        (whole.iter().min_by_key(|day| day.rows), whole.iter().max_by_key(|day| day.rows))
    {
        text += &format!(
            " The fewest on {} ({}), the most on {} ({}).",
            least.day,
            grouped(least.rows),
            most.day,
            grouped(most.rows)
        );
    }
    for (words, kept) in [("Not loaded yet", Kept::Nothing), ("Loaded in part", Kept::Partly)] {
        let runs = runs(days.iter().filter(|day| day.kept == kept).map(|day| day.day));
        if !runs.is_empty() {
            text += &format!(" {words}: {}.", runs.join(", "));
        }
    }
    text
}

/// Neighbouring days as one stretch each.
fn runs(days: impl Iterator<Item = Date>) -> Vec<String> {
    let mut runs: Vec<(Date, Date)> = Vec::new();
    for day in days {
        match runs.last_mut() {
            Some((_, last)) if last.tomorrow().is_ok_and(|next| next == day) => *last = day,
            _ => runs.push((day, day)),
        }
    }
    let said = |(first, last): (Date, Date)| match first == last {
        true => first.to_string(),
        false => format!("{first} to {last}"),
    };
    runs.into_iter().map(said).collect()
}

/// The first and the last day, and a few between at distances as equal as can be.
fn dates(days: &[KeptDay], margin: f64, share: f64) -> Vec<DateMark> {
    let Some(last) = days.len().checked_sub(1) else { return Vec::new() };
    let most = last.clamp(1, DATES - 1);
    let gaps = (2..=most).rev().find(|gaps| last.is_multiple_of(*gaps)).unwrap_or(most);
    let with_year = days.first().map(|day| day.day.year()) != days.last().map(|day| day.day.year());
    let mark = |at: usize| {
        let day = days.get(at)?.day;
        let (x, anchor) = match at {
            at if days.len() <= NUMBERED => (share * (at as f64 + 0.5), "middle"),
            0 => (margin, "start"),
            at if at == last => (100.0, "end"),
            at => (margin + share * (at as f64 + 0.5), "middle"),
        };
        let text = day.strftime(if with_year { "%b %Y" } else { "%-d %b" }).to_string();
        Some(DateMark { x: percent(x), anchor, text })
    };
    let mut places: Vec<usize> = (0..=gaps).map(|gap| gap * last / gaps).collect();
    places.dedup();
    places.into_iter().filter_map(mark).collect()
}

fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{} rows", grouped(count)) }
}

/// At most four signs: `950`, `1.2k`, `12k`, `1.5M`. The exact number is in the text of the bar.
fn short(number: u64) -> String {
    let (unit, sign) = match number {
        0..1_000 => return number.to_string(),
        1_000..1_000_000 => (1_000, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        _ => (1_000_000_000, "G"),
    };
    let tenths = number / (unit / 10);
    match tenths % 10 {
        tenth if tenth > 0 && tenths < 100 => format!("{}.{tenth}{sign}", tenths / 10),
        _ => format!("{}{sign}", tenths / 10),
    }
}

/// `1204` as `1,204`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn percent(value: f64) -> String {
    format!("{value:.3}%")
}

fn pixels(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn kept(day: i8, rows: u64, kept: Kept) -> KeptDay {
        KeptDay { day: date(2026, 11, day), rows, kept, is_open: false, is_loading: false }
    }

    #[test]
    fn the_picture_says_each_day_and_which_are_missing() {
        let days = [kept(1, 1_204, Kept::Whole), kept(2, 0, Kept::Nothing), kept(3, 0, Kept::Nothing)];
        let svg = rows_per_day("Charged", &days).unwrap();
        assert!(svg.contains("Charged: rows per day, 2026-11-01 to 2026-11-03"), "{svg}");
        assert!(svg.contains("1 of 3 days are loaded, with 1,204 rows."), "{svg}");
        assert!(svg.contains("Not loaded yet: 2026-11-02 to 2026-11-03."), "{svg}");
        assert!(svg.contains("data-day=\"2026-11-01\" data-rows=\"1204\" data-state=\"kept\""), "{svg}");
        assert!(svg.contains("Mon 2 Nov 2026: not loaded yet"), "{svg}");
    }

    #[test]
    fn names_are_text_and_nothing_is_styled_inline() {
        let svg = rows_per_day("<script>alert(1)</script>\"&", &[kept(1, 3, Kept::Whole)]).unwrap();
        assert!(!svg.contains("<script") && svg.contains("&#60;script"), "{svg}");
        assert!(!svg.contains("style"), "a page's policy forbids it: {svg}");
    }

    #[test]
    fn the_scale_has_round_steps_and_holds_the_highest_day() {
        for (most, expected) in [(0, 1), (1, 1), (4, 1), (5, 2), (9, 5), (21, 10), (1_204, 500), (8_001, 5_000)] {
            assert_eq!(step(most), expected, "{most}");
        }
        assert!(step(u64::MAX) > 0);
    }

    #[test]
    fn no_day_and_many_days_are_pictures_too() {
        assert!(rows_per_day("x", &[]).is_ok());
        let many: Vec<KeptDay> = (1..=30).map(|day| kept(day, u64::from(day.unsigned_abs()), Kept::Whole)).collect();
        let svg = rows_per_day("x", &many).unwrap();
        assert_eq!(svg.matches("class=\"date\"").count(), DATES);
        assert_eq!(svg.matches("class=\"day ").count(), 30);
    }

    #[test]
    fn dates_are_at_equal_distances_where_there_are_such() {
        let week: Vec<KeptDay> = (1..=7).map(|day| kept(day, 1, Kept::Whole)).collect();
        let texts: Vec<String> = dates(&week, 0.0, 100.0 / 7.0).into_iter().map(|date| date.text).collect();
        assert_eq!(texts, ["1 Nov", "3 Nov", "5 Nov", "7 Nov"]);
        assert_eq!(dates(&week[..1], 0.0, 100.0).len(), 1);
        assert_eq!(dates(&week[..2], 0.0, 50.0).len(), 2);
    }

    #[test]
    fn a_few_bars_have_their_numbers_and_many_have_a_scale() {
        let many: Vec<KeptDay> = (1..=30).map(|day| kept(day, 1_234, Kept::Whole)).collect();
        let few = rows_per_day("x", &many[..7]).unwrap();
        assert_eq!((few.matches(">1.2k<").count(), few.matches("class=\"line\"").count()), (7, 0));
        let many = rows_per_day("x", &many).unwrap();
        assert_eq!((many.matches("class=\"number\"").count(), many.matches("class=\"line\"").count()), (0, 3));
    }

    #[test]
    fn numbers_beside_the_bars_are_short() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1_000, "1k"), (1_299, "1.2k"), (12_900, "12k"), (1_500_000, "1.5M")]
        {
            assert_eq!(short(number), expected);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
