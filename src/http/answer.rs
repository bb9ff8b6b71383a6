//! How a table is said on the wire: from facts about it, and a way to get its rows, to an HTTP response.
//!
//! Conditions first (nothing is built for a 304), then the bytes: from memory, from a spool file, or built now. What
//! fits `cache.answer` is kept as it was sent. What does not is streamed, or, where the length must be known
//! beforehand (`HEAD`, `Range`, HTTP/1.0, formats that are one file), written to a spool file first. The first bytes exist before the head of the
//! response does, so that a failure up to then is a proper refusal; a later one breaks the connection off.
//!
//! `Range` is answered from unpacked bytes unless the caller refuses those, because pieces of a compressed body are of
//! no use to the tools that ask for pieces. Which rows, which format, who may see what: settled before this room.

mod body;
mod budget;
mod cache;
mod conditions;
mod facts;
mod gather;
mod headers;
mod range;
mod spool;
#[cfg(test)]
mod tests;

use std::time::SystemTime;

use actix_web::http::{Method, StatusCode, Version};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};

pub use body::WRITE_AFTER;
pub use cache::{AnswerCache, AnswerLimits};
pub use facts::{AnswerFacts, CacheStatus};
pub(in crate::http) use headers::disposition;

use self::cache::{Key, Need};
use self::conditions::Verdict;
use self::facts::Validators;
use self::gather::Encoded;
use self::range::Part;
use super::compression::{Agreed, agree};
use crate::encode::{self, Coding, OutputColumn, StreamError};
use crate::error::{ApiError, Code};
use crate::table::BatchStream;

/// Bodies below this are sent unpacked: packing would hardly make them smaller.
const WORTH_PACKING: usize = 1024;

/// Answers a request for a table.
///
/// `build` is called at most once, and only when the bytes are not at hand; it is to start the query. Requests for the
/// same bytes at the same time share one call, and one failure.
///
/// Errors: those of `build` and of its rows up to the first bytes; 406, 412, 416; 507 or 503 when a spool file is
/// needed and there is no room for it.
pub async fn respond<B, F, E>(
    request: &HttpRequest,
    answers: &AnswerCache,
    facts: AnswerFacts,
    build: B,
) -> Result<HttpResponse, ApiError>
where
    B: FnOnce() -> F,
    F: Future<Output = Result<(Vec<OutputColumn>, BatchStream<E>), ApiError>>,
    E: Into<ApiError> + Send + 'static,
{
    let is_file = facts.format.is_file();
    let mut agreed = match is_file {
        // Packed inside; packing it again would only take time, and those who read it piece by piece could not.
        true => Agreed { coding: Coding::Identity, plain_allowed: true },
        false => agree(request).map_err(|none| ApiError::no_coding(&none))?,
    };
    let range = range::asked(request);
    if range.is_some() && agreed.plain_allowed {
        agreed.coding = Coding::Identity;
    }
    let validators = Validators::of(&facts, SystemTime::now());
    match conditions::judge(request, &validators, agreed) {
        Verdict::NotModified(coding) => {
            let mut response = HttpResponse::NotModified();
            headers::common(&mut response, &facts, &validators, coding, true);
            return Ok(response.finish());
        }
        Verdict::Failed => {
            let detail = "The answer is not, or no longer, the one that `If-Match` or `If-Unmodified-Since` names.";
            return Err(ApiError::new(Code::RequestPrecondition, detail));
        }
        Verdict::Proceed => {}
    }
    let head_only = request.method() == Method::HEAD;
    let need = match is_file || head_only || range.is_some() || request.version() < Version::HTTP_11 {
        true => Need::Length,
        false => Need::Nothing,
    };
    let key = Key { content: validators.content(), agreed };
    let found = answers.find_or_make(key, need, || encoded(answers, &facts, agreed, build)).await?;

    let coding = found.body.coding();
    let part = match (range, found.body.length()) {
        (Some(range), Some(length)) => range::part(request, &range, length, &validators, coding),
        _ => Part::Whole,
    };
    let mut response = HttpResponse::Ok();
    match &part {
        Part::Beyond(length) => return Err(range::refusal(*length)),
        Part::Bytes { content_range, .. } => {
            response.status(StatusCode::PARTIAL_CONTENT);
            response.insert_header(content_range.clone());
        }
        Part::Whole => {}
    }
    headers::common(&mut response, &facts, &validators, coding, found.hit);
    headers::content(&mut response, &facts, coding);
    Ok(match part {
        Part::Bytes { range, .. } => found.body.send_part(response, range),
        _ if head_only => found.body.send_length(response),
        _ => found.body.send(response),
    })
}

/// Starts the query and writes its rows, packed if it is worth it.
async fn encoded<B, F, E>(
    answers: &AnswerCache,
    facts: &AnswerFacts,
    agreed: Agreed,
    build: B,
) -> Result<Encoded, ApiError>
where
    B: FnOnce() -> F,
    F: Future<Output = Result<(Vec<OutputColumn>, BatchStream<E>), ApiError>>,
    E: Into<ApiError> + Send + 'static,
{
    let (columns, batches) = build().await?;
    let mut plain =
        encode::stream(batches, facts.layout(columns), answers.scratch(), answers.workers()).map_err(refusal).boxed();
    if agreed.coding == Coding::Identity {
        return Ok(Encoded { coding: Coding::Identity, chunks: plain });
    }
    let mut first: Vec<Bytes> = Vec::new();
    if agreed.plain_allowed {
        while first.iter().map(Bytes::len).sum::<usize>() < WORTH_PACKING {
            match plain.try_next().await? {
                Some(chunk) => first.push(chunk),
                None => {
                    let chunks = futures_util::stream::iter(first.into_iter().map(Ok)).boxed();
                    return Ok(Encoded { coding: Coding::Identity, chunks });
                }
            }
        }
    }
    let plain = futures_util::stream::iter(first.into_iter().map(Ok)).chain(plain);
    let packed = encode::compress(plain, agreed.coding, answers.workers()).map_err(refusal).boxed();
    Ok(Encoded { coding: agreed.coding, chunks: packed })
}

fn refusal<E: Into<ApiError>>(error: StreamError<E>) -> ApiError {
    match error {
        StreamError::Source(error) => error.into(),
        StreamError::Encode(error) => error.into(),
    }
}
