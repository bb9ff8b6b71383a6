//! The two documents that describe a service root.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG, EntityTag, Header, IF_NONE_MATCH, IfNoneMatch};
use twox_hash::XxHash3_128;

use super::sets::{self, Set};
use super::subject::Words;
use super::{Asked, finish};
use crate::catalog::Key;
use crate::error::{ApiError, Code};
use crate::odata::{self, EntityType};

/// The sets of the root.
pub(super) async fn service_document(asked: &Asked<'_>) -> Result<HttpResponse, ApiError> {
    let form = asked.json_form()?;
    asked.takes_no_rows()?;
    let sets = of_root(asked).await?;
    let names = sets.iter().map(|set| set.name.as_str());
    let document = odata::service_document(&asked.base, names, form.bare);
    Ok(said(asked, form.media_type(), document.into_bytes()))
}

/// The sets of the root and their types.
///
/// Of the root of one set the table is loaded first, so that all of its columns are known. The others are told as far
/// as they are kept: a set that was never loaded is an open type, which may have properties that are not declared.
pub(super) async fn metadata(asked: &Asked<'_>) -> Result<HttpResponse, ApiError> {
    if !odata::takes_xml(asked.shown(), asked.options.format.as_deref()) {
        return Err(ApiError::not_acceptable(["application/xml"]));
    }
    asked.takes_no_rows()?;
    let mut types = Vec::new();
    for set in of_root(asked).await? {
        types.push(match asked.root.set {
            Some(_) => loaded(asked, &set).await?,
            None => kept(asked, &set).await?,
        });
    }
    let document = odata::metadata(&types).map_err(ApiError::internal)?;
    Ok(said(asked, "application/xml", document))
}

async fn of_root<'a>(asked: &'a Asked<'_>) -> Result<Vec<Set<'a>>, ApiError> {
    match &asked.root.set {
        Some(name) => Ok(vec![sets::find(asked, name).await?]),
        None => sets::all(asked).await,
    }
}

async fn loaded(asked: &Asked<'_>, set: &Set<'_>) -> Result<EntityType, ApiError> {
    let subject = Words::of(asked, set)?.plan(asked, None).await?;
    let readies = subject.ensure(asked).await?;
    Ok(subject.entities(asked, &set.name, &readies).await?.entity)
}

/// A set whose table cannot be read must not hide the others: nothing is known of it then.
async fn kept(asked: &Asked<'_>, set: &Set<'_>) -> Result<EntityType, ApiError> {
    let known = async {
        let subject = Words::plain(asked, set)?.plan(asked, None).await?;
        let kept = subject.kept(asked).await?;
        subject.entity_type(asked, &set.name, &kept).await
    };
    match known.await {
        Err(error) if is_its_own(error.code()) => {
            tracing::info!(set = set.name, %error, "a set is described without its columns");
            Ok(EntityType::new(&set.name, Key::Made(&[]), &[], true))
        }
        known => known,
    }
}

/// Whether a failure is about this set alone.
fn is_its_own(code: Code) -> bool {
    !matches!(code, Code::StoreUnavailable | Code::Internal)
}

/// A document with an ETag over its bytes, or 304 when the caller has them.
fn said(asked: &Asked<'_>, media_type: &str, body: Vec<u8>) -> HttpResponse {
    let tag = EntityTag::new_strong(format!("{:032x}", XxHash3_128::oneshot(&body)));
    let is_known = asked.request.headers().contains_key(IF_NONE_MATCH)
        && match IfNoneMatch::parse(asked.request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(&tag)),
            Err(_) => false,
        };
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, tag.to_string())).insert_header((CACHE_CONTROL, "private, no-cache"));
    let mut response = match is_known {
        true => response.finish(),
        false => response.content_type(media_type).body(body),
    };
    let ignored: Vec<String> = match asked.root.set {
        Some(_) => Vec::new(),
        None => asked.options.custom.iter().map(|(name, _)| name.clone()).filter(|name| name != "account").collect(),
    };
    finish(&mut response, &ignored);
    response
}
