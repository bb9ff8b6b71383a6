//! The rows of a set: a page of them, their number, one by its key.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use percent_encoding::{CONTROLS, percent_decode_str, utf8_percent_encode};
use uuid::Uuid;

use super::sets::Set;
use super::subject::{Built, Subject, Words};
use super::{Asked, PERIOD, PREFERENCE_APPLIED, finish};
use crate::encode::{self, EntityFrame, Format, Layout, TextOptions};
use crate::error::{ApiError, Code};
use crate::freshness::{Origin, Ready};
use crate::http::answer::{self, AnswerFacts, CacheStatus};
use crate::http::fingerprint::Fingerprint;
use crate::http::service::cache_status;
use crate::odata::{self, Continuation, EntityType, Key, KeyValue, Place};
use crate::period::day_number;
use crate::query::Choice;
use crate::request::{Expression, Kind, Literal, Operator};
use crate::table::ColumnType;
use crate::telemetry::{ServerTiming, Stage};

/// A page.
pub(super) async fn rows(asked: &Asked<'_>, set: &Set<'_>) -> Result<HttpResponse, ApiError> {
    let form = asked.json_form()?;
    let words = Words::of(asked, set)?;
    let digest = words.digest(asked, set);
    let today = day_of(asked.state.clock.now());
    let token = asked.options.skiptoken.as_deref();
    let before = token.map(|token| asked.state.sealer.open(token, digest, today)).transpose()?;
    let timing = ServerTiming::of(asked.request);
    let subject = timing.measure(Stage::Plan, words.plan(asked, before.as_ref().map(|before| &before.data))).await?;
    let readies = match &before {
        None => timing.measure(Stage::Fetch, subject.ensure(asked)).await?,
        Some(before) => subject.pinned(asked, &before.data).await?,
    };
    let Built { entity, entities, is_repeatable } = subject.entities(asked, &set.name, &readies).await?;

    let selection = &words.selection;
    let (most, preferred) = asked.page_rows();
    let page_rows = before.as_ref().map_or(most, |before| before.page.min(most));
    let rows_left = before.as_ref().map_or(selection.top, |before| before.rows_left);
    let place = before.as_ref().map_or(Place::Offset(selection.skip), |before| before.place.clone());
    let counted = before.as_ref().and_then(|before| before.count);
    let wants_count = asked.options.count;

    let chosen = chosen(&words, &entity);
    let context = odata::context(&asked.base, &set.name, chosen.as_deref(), false);
    let frame = Arc::new(EntityFrame {
        integers_as_text: form.ieee754,
        ..EntityFrame::new((!form.bare).then(|| context.clone()), subject.zone().clone())
    });
    let address = next_address(asked, &set.name);

    let mut fingerprint = Fingerprint::default();
    let said = (&set.name, &context, &address, form, &place, rows_left, page_rows, wants_count, counted, today);
    (format!("{said:?}"), digest).hash(&mut fingerprint);
    subject.hash(&mut fingerprint, &readies);
    if !is_repeatable {
        Uuid::now_v7().hash(&mut fingerprint);
    }
    let facts = AnswerFacts {
        fingerprint: fingerprint.finish_128(),
        server_timing: timing.header(),
        entities: Some(frame.clone()),
        ..facts(asked, &subject, &readies, is_repeatable)
    };
    let build = || async {
        let count = match (wants_count, counted) {
            (true, None) => Some(asked.state.engine.count_entities(&entities, selection.condition.as_ref()).await?),
            (_, counted) => counted,
        };
        if let Some(count) = count {
            let _ = frame.count.set(count);
        }
        // One row more than the page has room for tells whether there is a next one.
        let room = page_rows.saturating_add(1);
        let choice = Choice {
            condition: selection.condition.as_ref(),
            order: &selection.order,
            properties: selection.columns.as_deref(),
            place: &place,
            rows: Some(rows_left.map_or(room, |left| left.min(room))).filter(|rows| *rows < u64::MAX),
        };
        let page = asked.state.engine.read_entities(entities, choice)?;
        let columns = page.columns.clone();
        let next = Continuation {
            made_on: today,
            digest,
            data: subject.pin(&readies),
            place: match &place {
                Place::Offset(rows) => Place::Offset(rows.saturating_add(page_rows)),
                // Replaced by the place of the last row.
                after => after.clone(),
            },
            rows_left: rows_left.map(|left| left.saturating_sub(page_rows)),
            page: page_rows,
            count,
        };
        let sealer = asked.state.sealer.clone();
        let batches = page.cut(page_rows.min(rows_left.unwrap_or(u64::MAX)), move |last| {
            let next = Continuation { place: last.unwrap_or(next.place), ..next };
            // `$top` may end where the page does.
            if next.rows_left != Some(0) {
                let _ = frame.next.set(format!("{address}{}", sealer.seal(&next)));
            }
        });
        Ok((columns, batches))
    };
    let mut response = answer::respond(asked.request, &asked.state.answers, facts, build).await?;
    if response.headers().contains_key(CONTENT_TYPE) {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    }
    if let Some(Ok(applied)) = preferred.map(|_| HeaderValue::try_from(format!("odata.maxpagesize={page_rows}"))) {
        response.headers_mut().insert(PREFERENCE_APPLIED, applied);
    }
    about(&mut response, &subject, &words);
    Ok(response)
}

/// How many rows meet the condition. What chooses among them has no say.
pub(super) async fn count(asked: &Asked<'_>, set: &Set<'_>) -> Result<HttpResponse, ApiError> {
    let words = Words::of(asked, set)?;
    let subject = words.plan(asked, None).await?;
    let readies = subject.ensure(asked).await?;
    let Built { entities, .. } = subject.entities(asked, &set.name, &readies).await?;
    let count = asked.state.engine.count_entities(&entities, words.selection.condition.as_ref()).await?;
    let mut response = small(&readies).content_type("text/plain").body(count.to_string());
    about(&mut response, &subject, &words);
    Ok(response)
}

/// One row.
pub(super) async fn entity(asked: &Asked<'_>, set: &Set<'_>, key: &Key) -> Result<HttpResponse, ApiError> {
    let form = asked.json_form()?;
    let refused = asked.options.of_rows().filter(|option| *option != "$select");
    if let Some(option) = refused {
        return Err(ApiError::new(Code::RequestUnknownParameter, format!("`{option}` has no meaning for one entity."))
            .parameter(option)
            .hint("Only `$select` and `$format` can stand behind a key."));
    }
    let words = Words::of(asked, set)?;
    let subject = words.plan(asked, None).await?;
    let readies = subject.ensure(asked).await?;
    let Built { entity, entities, .. } = subject.entities(asked, &set.name, &readies).await?;
    let condition = is_key(&entity, key)?;
    let choice = Choice {
        condition: Some(&condition),
        order: &[],
        properties: words.selection.columns.as_deref(),
        place: &Place::Offset(0),
        rows: Some(1),
    };
    let page = asked.state.engine.read_entities(entities, choice)?;
    let columns = page.columns.clone();
    let batches = page.all().await?;
    if batches.iter().all(|batch| batch.num_rows() == 0) {
        let detail = format!("`{}` has no row of this key.", set.name);
        return Err(ApiError::new(Code::TableUnknownRow, detail));
    }
    let context = odata::context(&asked.base, &set.name, chosen(&words, &entity).as_deref(), true);
    let frame = EntityFrame {
        is_single: true,
        integers_as_text: form.ieee754,
        ..EntityFrame::new((!form.bare).then_some(context), subject.zone().clone())
    };
    let layout =
        Layout { entities: Some(Arc::new(frame)), ..Layout::new(Format::Json, columns, TextOptions::default()) };
    let mut body = Vec::new();
    encode::write(&layout, &batches, &mut body)?;
    let mut response = small(&readies).content_type(form.media_type()).body(body);
    about(&mut response, &subject, &words);
    Ok(response)
}

/// The properties that were asked for, where not all were.
fn chosen(words: &Words<'_>, entity: &EntityType) -> Option<Vec<String>> {
    let columns = words.selection.columns.as_ref()?;
    let is_all = columns.len() == entity.properties.len()
        && columns.iter().zip(&entity.properties).all(|(column, property)| column.name == property.name);
    (!is_all).then(|| columns.iter().map(|column| column.name.clone()).collect())
}

/// The condition that the row has this key.
fn is_key(entity: &EntityType, key: &Key) -> Result<Expression, ApiError> {
    let refused = |why: &str| {
        let form = entity.key.iter().map(|name| format!("{name}=…")).collect::<Vec<_>>().join(",");
        ApiError::new(Code::RequestBadParameter, format!("The key {why}; it is written `({form})`."))
    };
    let given: Vec<(&str, &KeyValue)> = match (key, entity.key.as_slice()) {
        (Key::Single(value), [only]) => vec![(only.as_str(), value)],
        (Key::Single(_), _) => return Err(refused("has several parts")),
        (Key::Named(values), names) => {
            let mut found = Vec::with_capacity(names.len());
            for name in names {
                let value = values.iter().find(|(given, _)| given == name);
                found.push((name.as_str(), value.map(|(_, value)| value).ok_or_else(|| refused("has other parts"))?));
            }
            match found.len() == values.len() {
                true => found,
                false => return Err(refused("has other parts")),
            }
        }
    };
    let part = |kind| Expression { kind, at: 1 };
    let mut whole: Option<Expression> = None;
    for (name, value) in given {
        let kind = entity.property(name).map(|property| property.kind);
        let literal = match (value, kind) {
            (KeyValue::Text(text), Some(ColumnType::Text | ColumnType::Json)) => Literal::Text(text.clone()),
            (KeyValue::Integer(number), Some(ColumnType::Integer)) => Literal::Integer(*number),
            (_, Some(ColumnType::Text | ColumnType::Json)) => return Err(refused("is a text in single quotes")),
            _ => return Err(refused("is of another type")),
        };
        let column = part(Kind::Column(name.to_owned()));
        let equal = part(Kind::Binary(Box::new(column), Operator::Equal, Box::new(part(Kind::Literal(literal)))));
        whole = Some(match whole {
            None => equal,
            Some(before) => part(Kind::Binary(Box::new(before), Operator::And, Box::new(equal))),
        });
    }
    whole.ok_or_else(|| refused("is missing"))
}

/// The address of the next page up to its token: all that was asked, but for what stands elsewhere or must not be there.
fn next_address(asked: &Asked<'_>, set: &str) -> String {
    let elsewhere = |part: &&str| {
        let name = part.split('=').next().unwrap_or_default();
        let name = percent_decode_str(name).decode_utf8_lossy();
        part.is_empty() || matches!(&*name, "$skiptoken" | "api_key" | "account")
    };
    let kept: Vec<&str> = asked.request.query_string().split('&').filter(|part| !elsewhere(part)).collect();
    let mut query = utf8_percent_encode(&kept.join("&"), CONTROLS).to_string();
    if !query.is_empty() {
        query.push('&');
    }
    format!("{}{}?{query}$skiptoken=", asked.base, utf8_percent_encode(set, odata::SEGMENT))
}

/// What is known of an answer before a row of it is read.
fn facts(asked: &Asked<'_>, subject: &Subject, readies: &[Ready], is_repeatable: bool) -> AnswerFacts {
    let now = asked.state.clock.now();
    let changed = readies.iter().map(|ready| ready.changed_at).max().unwrap_or(Timestamp::UNIX_EPOCH);
    let origin = |wanted: fn(&Origin) -> bool| readies.iter().map(|ready| &ready.origin).find(|origin| wanted(origin));
    let origin = origin(|origin| matches!(origin, Origin::Stale(_)))
        .or_else(|| origin(|origin| matches!(origin, Origin::Upstream)));
    AnswerFacts {
        fingerprint: 0,
        format: Format::Json,
        options: TextOptions::default(),
        last_modified: if is_repeatable { changed.max(subject.moved_at()) } else { now },
        as_of: as_of(readies).unwrap_or(now),
        complete: readies.iter().all(|ready| ready.complete),
        next: None,
        cache_status: origin.map_or(CacheStatus::Store, cache_status),
        max_age: if is_repeatable { max_age(readies) } else { Duration::ZERO },
        download_name: None,
        server_timing: None,
        entities: None,
    }
}

fn as_of(readies: &[Ready]) -> Option<Timestamp> {
    readies.iter().map(|ready| ready.as_of).min()
}

fn max_age(readies: &[Ready]) -> Duration {
    readies.iter().map(|ready| ready.max_age).min().unwrap_or(Duration::from_secs(3600))
}

/// The head of an answer that is made at once and kept nowhere.
fn small(readies: &[Ready]) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, format!("private, max-age={}", max_age(readies).as_secs())));
    if let Some(as_of) = as_of(readies) {
        response.insert_header(("flattap-as-of", as_of.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()));
    }
    let complete = readies.iter().all(|ready| ready.complete);
    response.insert_header(("flattap-complete", if complete { "true" } else { "false" }));
    response
}

/// The days that were looked at, and what had no meaning.
fn about(response: &mut HttpResponse, subject: &Subject, words: &Words<'_>) {
    if let Some(days) = subject.days()
        && let Ok(value) = HeaderValue::try_from(format!("{}/{}", days.first, days.last))
    {
        response.headers_mut().insert(PERIOD, value);
    }
    finish(response, &words.ignored);
}

/// Days since 1970-01-01, UTC.
fn day_of(now: Timestamp) -> u32 {
    u32::try_from(day_number(TimeZone::UTC.to_datetime(now).date())).unwrap_or(0)
}
