//! `GET /1/events.json?cursor=…` and `GET /1/profiles.json?cursor=…`: one page of a walk.

use serde_json::json;

use super::answer::Answer;
use super::cursor::Mark;
use super::endpoint::Api;
use super::faults::Fault;
use super::listing::Listing;
use super::paging::PageSize;
use super::question::{EventQuery, Question, Subject};
use super::walks::{Claim, Expiry, Granted, Walk};
use super::world::{Project, World};

/// The answer to a walk's first request: the cursor of its first page.
pub(super) fn opened(
    world: &World,
    project: &Project,
    question: &Question,
    query: EventQuery,
    listing: Listing,
    fault: Option<&Fault>,
) -> Answer {
    if fault == Some(&Fault::NoCursor) {
        return Answer::value(&json!({"status": "success"}));
    }
    let size = PageSize::from_batch_size(question.param("batch_size"));
    let walk = world.walks.open(Walk::new(&project.account_id, query, listing, size, world.config.clock.now()));
    let cursor = Mark { walk, page: 0, detour: 0 }.encode(world.config.seed);
    Answer::value(&json!({"status": "success", "cursor": cursor}))
}

/// Claims the walk: a second request for it is told "still in progress" while this one is being answered.
pub(super) fn subject(api: Api, world: &World, project: &Project, question: &Question) -> Subject {
    let mark = question.param("cursor").and_then(|cursor| Mark::read(cursor, world.config.seed));
    let Some(mark) = mark else {
        return Subject { claim: Some(Claim::Unreadable), ..Subject::default() };
    };
    let (lifetime, idle) = match api {
        Api::GetProfiles => (world.config.profile_cursor_lifetime, world.config.profile_cursor_lifetime),
        _ => (world.config.cursor_lifetime, world.config.cursor_idle),
    };
    let expiry = Expiry { now: world.config.clock.now(), lifetime, idle };
    let claim = world.walks.claim(mark, api, &project.account_id, expiry);
    let mut subject = Subject { page: Some(mark.page.saturating_add(1)), ..Subject::default() };
    if let Claim::Granted(granted) = &claim {
        let query = &granted.walk.query;
        subject.event = Some(query.event.clone());
        subject.period = Some((query.first, query.last));
        subject.flags = Some(granted.walk.listing.flags());
    }
    subject.claim = Some(claim);
    subject
}

pub(super) fn not_ready(world: &World, subject: &Subject) -> Option<Answer> {
    match &subject.claim {
        Some(Claim::Granted(granted)) => {
            let polls = if granted.page == 0 { world.config.first_page_polls } else { world.config.next_page_polls };
            granted.walk.still_in_progress(granted.page, polls).then(|| Answer::in_progress(200))
        }
        Some(Claim::Busy) => Some(Answer::in_progress(200)),
        Some(Claim::Expired) => Some(Answer::cursor_invalidated()),
        Some(Claim::Unreadable) | None => Some(Answer::incorrect_usage()),
    }
}

pub(super) fn answer(world: &World, subject: &Subject, fault: Option<&Fault>) -> Answer {
    match &subject.claim {
        Some(Claim::Granted(granted)) => page(world.config.seed, granted, fault),
        _ => Answer::incorrect_usage(),
    }
}

fn page(seed: u64, granted: &Granted, fault: Option<&Fault>) -> Answer {
    let walk = &granted.walk;
    let here = Mark { walk: granted.id, page: granted.page, detour: granted.detour };
    let empty = matches!(fault, Some(Fault::EmptyPage | Fault::NoRecordsKey));
    let next = if empty {
        Some(Mark { detour: granted.detour.wrapping_add(1), ..here })
    } else {
        let page = granted.page.saturating_add(1);
        (page < walk.size.pages(walk.listing.total())).then_some(Mark { page, detour: 0, ..here })
    };
    let mut body = br#"{"status":"success""#.to_vec();
    let next = match fault {
        Some(Fault::NextCursorEmpty) => Some(r#""""#.to_owned()),
        Some(Fault::NextCursorNull) => Some("null".to_owned()),
        Some(Fault::NextCursorNumber) => Some("12345".to_owned()),
        Some(Fault::NextCursorRepeated) => Some(format!(r#""{}""#, here.encode(seed))),
        _ => next.map(|next| format!(r#""{}""#, next.encode(seed))),
    };
    if let Some(next) = next {
        body.extend_from_slice(br#","next_cursor":"#);
        body.extend_from_slice(next.as_bytes());
    }
    if empty {
        if fault == Some(&Fault::EmptyPage) {
            body.extend_from_slice(br#","records":[]"#);
        }
    } else {
        write_records(granted, fault, &mut body);
    }
    body.push(b'}');
    Answer::json(200, body)
}

/// `"records":[…]`, or nothing when there are none.
fn write_records(granted: &Granted, fault: Option<&Fault>, body: &mut Vec<u8>) {
    let listing = &granted.walk.listing;
    let mut before: &[u8] = br#","records":["#;
    let mut first = true;
    for row in granted.walk.size.page(granted.page, listing.total()) {
        body.extend_from_slice(before);
        before = b",";
        let start = body.len();
        listing.write(row, body);
        if std::mem::take(&mut first) {
            match fault {
                Some(Fault::OddRecord(oddity)) => {
                    let odd = oddity.apply(&body.split_off(start));
                    body.extend_from_slice(&odd);
                }
                Some(Fault::DuplicateRecord) => {
                    let record = body.split_off(start);
                    body.extend_from_slice(&record);
                    body.push(b',');
                    body.extend_from_slice(&record);
                }
                _ => {}
            }
        }
    }
    if !first {
        body.push(b']');
    }
}
