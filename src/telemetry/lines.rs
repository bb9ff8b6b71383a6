//! Log lines as JSON objects, one a line.
//!
//! The shape is that of `tracing_subscriber`'s own JSON, flattened: time, level, the event's fields, target, and the span
//! around it. That one keeps a span's fields as a text, reads it back for every field that is added and again for every
//! line, which was most of what a request from memory allocated. Here they are kept as the inside of an object, to which
//! fields are added at the end.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes events.
pub(super) struct Lines;

/// Writes a span's fields as members of an object: `"method":"GET","status":200`.
pub(super) struct Members;

/// More than a request's span has, and no more to add up to in steps.
const USUAL: usize = 256;
/// Less than most fields take.
const LITTLE: usize = 48;

impl<'writer> FormatFields<'writer> for Members {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut members = String::with_capacity(USUAL);
        written(&mut members, &fields)?;
        writer.write_str(&members)
    }

    fn add_fields(&self, current: &'writer mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        if current.fields.capacity() - current.fields.len() < LITTLE {
            current.fields.reserve(USUAL);
        }
        written(&mut current.fields, fields)
    }
}

impl<S> FormatEvent<S, Members> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, Members>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let about = event.metadata();
        line.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut line)?;
        write!(line, "\",\"level\":\"{}\"", about.level())?;
        let mut members = Members::of(&mut line, false);
        event.record(&mut members);
        let target = members.target.take();
        members.done?;
        line.write_str(",\"target\":")?;
        text(&mut line, target.as_deref().unwrap_or(about.target()))?;
        let span = event.parent().and_then(|id| context.span(id)).or_else(|| context.lookup_current());
        if let Some(span) = span {
            line.write_str(",\"span\":{")?;
            if let Some(fields) =
                span.extensions().get::<FormattedFields<Members>>().filter(|fields| !fields.is_empty())
            {
                line.write_str(fields)?;
                line.write_char(',')?;
            }
            line.write_str("\"name\":")?;
            text(&mut line, span.name())?;
            line.write_char('}')?;
        }
        line.write_str("}\n")
    }
}

/// Adds the members of these fields.
fn written(out: &mut String, fields: &impl RecordFields) -> fmt::Result {
    let is_first = out.is_empty();
    let mut members = Members::of(out, is_first);
    fields.record(&mut members);
    members.done
}

impl Members {
    fn of<W: Write>(out: &mut W, is_first: bool) -> Writing<'_, W> {
        Writing { out, is_first, target: None, done: Ok(()) }
    }
}

struct Writing<'a, W> {
    out: &'a mut W,
    is_first: bool,
    /// Where a line of the `log` crate comes from.
    target: Option<String>,
    done: fmt::Result,
}

impl<W: Write> Writing<'_, W> {
    fn member(&mut self, field: &Field, value: impl FnOnce(&mut W) -> fmt::Result) {
        // What the `log` crate says of a line's place.
        if self.done.is_err() || field.name().starts_with("log.") {
            return;
        }
        self.done = self.begun(field.name()).and_then(|()| value(self.out));
    }

    fn begun(&mut self, name: &str) -> fmt::Result {
        if !std::mem::take(&mut self.is_first) {
            self.out.write_char(',')?;
        }
        text(self.out, name.strip_prefix("r#").unwrap_or(name))?;
        self.out.write_char(':')
    }
}

impl<W: Write> Visit for Writing<'_, W> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "log.target" {
            self.target = Some(value.to_owned());
        }
        self.member(field, |out| text(out, value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, |out| write!(out, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, |out| write!(out, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, |out| write!(out, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field, |out| match value.is_finite() {
            true => write!(out, "{value}"),
            false => out.write_str("null"),
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.member(field, |out| {
            out.write_char('"')?;
            write!(Escaped(out), "{value:?}")?;
            out.write_char('"')
        });
    }
}

/// A string of JSON.
fn text(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    Escaped(out).write_str(text)?;
    out.write_char('"')
}

/// The inside of one.
struct Escaped<'a, W>(&'a mut W);

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let is_special = |letter: char| matches!(letter, '"' | '\\') || letter < ' ';
        let mut rest = text;
        while let Some((plain, special, after)) = rest.find(is_special).and_then(|at| {
            let (plain, from) = rest.split_at_checked(at)?;
            let mut letters = from.chars();
            Some((plain, letters.next()?, letters.as_str()))
        }) {
            self.0.write_str(plain)?;
            match special {
                '"' | '\\' => write!(self.0, "\\{special}")?,
                '\n' => self.0.write_str("\\n")?,
                control => write!(self.0, "\\u{:04x}", u32::from(control))?,
            }
            rest = after;
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing::field::Empty;
    use tracing_subscriber::fmt::{self, MakeWriter};
    use tracing_subscriber::prelude::*;

    use super::{Lines, Members};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'w> MakeWriter<'w> for Written {
        type Writer = Self;

        fn make_writer(&'w self) -> Self {
            self.clone()
        }
    }

    /// What is said while both forms listen: ours, and that of the library.
    fn said(say: impl Fn()) -> (Vec<Value>, Vec<Value>) {
        let (ours, theirs) = (Written::default(), Written::default());
        let own = fmt::layer().fmt_fields(Members).event_format(Lines).with_writer(ours.clone());
        let json = fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(theirs.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(own).with(json), say);
        let read = |written: Written| {
            let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
            let line = |line: &str| {
                let mut line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                assert!(line["timestamp"].as_str().is_some_and(|time| time.parse::<jiff::Timestamp>().is_ok()));
                line["timestamp"] = Value::Null;
                line
            };
            text.lines().map(line).collect()
        };
        (read(ours), read(theirs))
    }

    #[test]
    fn a_line_says_what_the_librarys_says() {
        let (ours, theirs) = said(|| {
            tracing::info!("nothing around it");
            let span = tracing::info_span!("request", method = "GET", caller = Empty, status = Empty, took = Empty);
            let inner = span.in_scope(|| tracing::warn_span!("inner"));
            span.record("caller", "a \"quoted\" one\r\n\t\u{1} with \\ and größe");
            tracing::info!(parent: &span, rows = 7_u64, off = -3, ratio = 0.25, good = true, "within");
            span.record("status", 200);
            span.record("took", 1.5);
            let error = io::Error::other("a \"cause\"");
            inner.in_scope(|| tracing::error!(%error, debugged = ?Some("x\ny"), "the innermost span counts"));
            tracing::debug!(parent: &span, not_a_number = f64::NAN, "later");
        });
        assert_eq!(ours.len(), 4);
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs);
        }
        assert_eq!(
            ours[3]["span"],
            json!({
                "method": "GET", "caller": "a \"quoted\" one\r\n\t\u{1} with \\ and größe", "status": 200, "took": 1.5,
                "name": "request"
            })
        );
    }
}
