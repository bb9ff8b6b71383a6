//! What keeps data from being there, in codes: [`NotReady`], [`FillError`] and the store's failures.

use std::error::Error;
use std::io;
use std::sync::Arc;

use super::api_error::ApiError;
use super::code::Code;
use super::problem::Progress;
use crate::freshness::{FillError, NotReady};
use crate::store::StoreError;

impl From<NotReady> for ApiError {
    fn from(error: NotReady) -> Self {
        match error {
            NotReady::Loading { job, rest } => {
                let far = job.progress();
                let progress = Progress {
                    days_done: u64::try_from(far.days_done).unwrap_or(u64::MAX),
                    days_total: u64::try_from(far.days_total).unwrap_or(u64::MAX),
                    rows: far.rows,
                };
                let detail = format!(
                    "{} of {} days are read, {} rows so far.",
                    progress.days_done, progress.days_total, progress.rows
                );
                Self::new(Code::TableLoading, detail).progress(progress, job.id).retry_after(rest)
            }
            NotReady::Failed(error) => error.into(),
            NotReady::Store(error) => error.into(),
            NotReady::Unsettled => Self::internal(error),
        }
    }
}

impl From<FillError> for ApiError {
    fn from(error: FillError) -> Self {
        match error {
            FillError::Upstream(error) => error.into(),
            FillError::Store(error) => error.into(),
            FillError::Flatten(_) | FillError::OutsideWalk { .. } | FillError::OutsidePeriods { .. } => {
                let detail = "CleverTap sent records that cannot be what was asked for. Nothing of them was kept.";
                Self::new(Code::UpstreamMalformed, detail).caused_by(error)
            }
            FillError::UnknownProperty { parameter, property, near } => {
                let short: String = property.chars().take(80).collect();
                let detail = format!("CleverTap has no property `{short}` for this event, or not of this kind.");
                let hint = match &near {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => {
                        "Names of properties are written exactly as CleverTap shows them; `property_type` says whose \
                             property it is."
                            .to_owned()
                    }
                };
                Self::new(Code::RequestBadParameter, detail).parameter(parameter).near(near).hint(hint)
            }
            FillError::NoList { event, property, near } => {
                let short: String = property.chars().take(80).collect();
                let detail = format!("No row of `{event}` so far has a property `{short}` that is a list.");
                let hint = match &near {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => "The names of the event's properties are in the `source` of \
                             /v1/tables/events/schema?event=…; a list is of the type json."
                        .to_owned(),
                };
                Self::new(Code::RequestBadParameter, detail).parameter("property").near(near).hint(hint)
            }
            FillError::Filter(error) => Self::new(Code::RequestBadParameter, error.to_string()).parameter("where"),
            FillError::Aborted => Self::internal(error),
        }
    }
}

impl From<Arc<StoreError>> for ApiError {
    fn from(error: Arc<StoreError>) -> Self {
        let code = if is_full(&*error) { Code::StoreFull } else { Code::StoreUnavailable };
        Self::new(code, code.entry().meaning).caused_by(error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Arc::new(error).into()
    }
}

/// Whether somewhere down the chain the disk had no room.
fn is_full(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);

    #[test]
    fn a_full_disk_is_told_from_a_broken_one() {
        assert!(is_full(&Outer(io::ErrorKind::StorageFull.into())));
        assert!(!is_full(&Outer(io::ErrorKind::NotFound.into())));
    }

    #[test]
    fn what_clevertap_did_wrong_is_not_our_fault() {
        assert_eq!(ApiError::from(FillError::Aborted).code(), Code::Internal);
        let outside = FillError::OutsideWalk { asked: "2026-11-01".into(), found: jiff::civil::date(2026, 1, 1) };
        assert_eq!(ApiError::from(outside).code(), Code::UpstreamMalformed);
    }
}
