//! How much is let in: requests at once over all callers, and requests per time of each caller.
//!
//! Beyond the first the answer is 503 at once, because a queue of waiting dashboards helps nobody; beyond the second
//! it is 429. Both say when to come back. A request counts until its last byte is sent.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, web};
use bytes::Bytes;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::auth::Granted;
use crate::config::Limits;
use crate::error::ApiError;

/// Both limits.
pub struct Admission {
    places: Arc<Places>,
    rates: Option<DefaultKeyedRateLimiter<String>>,
    clock: DefaultClock,
}

impl Admission {
    pub fn new(limits: &Limits) -> Self {
        let rates = limits.requests_per_key.and_then(|rate| {
            let quota = Quota::with_period(rate.per.checked_div(rate.requests.get())?)?.allow_burst(rate.requests);
            Some(RateLimiter::keyed(quota))
        });
        Self { places: Places::new(limits.concurrent_requests), rates, clock: DefaultClock::default() }
    }

    fn place(&self) -> Result<Place, ApiError> {
        Place::take(&self.places).ok_or_else(ApiError::busy)
    }

    fn rate(&self, caller: &str) -> Result<(), ApiError> {
        let Some(rates) = &self.rates else { return Ok(()) };
        rates
            .check_key_n(&caller.to_owned(), NonZeroU32::MIN)
            .unwrap_or(Ok(()))
            .map_err(|early| ApiError::rate_limited(early.wait_time_from(self.clock.now())))
    }
}

/// So many requests at once. A number is enough: nobody waits for a place.
struct Places {
    most: usize,
    taken: AtomicUsize,
}

impl Places {
    fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: AtomicUsize::new(0) })
    }
}

/// Goes back when dropped.
struct Place(Arc<Places>);

impl Place {
    fn take(places: &Arc<Places>) -> Option<Self> {
        let one_more = |taken: usize| (taken < places.most).then_some(taken + 1);
        places.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Self(places.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Middleware: a place for every request, kept until its body is sent.
///
/// The refusal is an answer to the request and no bare error, so that it is counted under its route.
pub async fn one_place_each<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let place = match request.app_data::<web::Data<Admission>>().map(|admission| admission.place()) {
        None => None,
        Some(Ok(place)) => Some(place),
        Some(Err(refusal)) => return Ok(request.error_response(refusal).map_into_right_body()),
    };
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| InPlace { body: Box::pin(body), _place: place }).map_into_left_body())
}

/// Middleware: no caller asks more often than it may. Who the caller is was settled before.
pub async fn own_rate<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let judged = match (request.app_data::<web::Data<Admission>>(), request.extensions().get::<Granted>()) {
        (Some(admission), Some(granted)) => admission.rate(granted.caller()),
        _ => Ok(()),
    };
    match judged {
        Ok(()) => next.call(request).await.map(ServiceResponse::map_into_left_body),
        Err(refusal) => Ok(request.error_response(refusal).map_into_right_body()),
    }
}

/// A body that keeps its request's place.
struct InPlace<B> {
    body: Pin<Box<B>>,
    _place: Option<Place>,
}

impl<B: MessageBody> MessageBody for InPlace<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.body.as_mut().poll_next(context)
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        // Boxed and pinned, the body cannot be taken apart; sending it in one piece is the dispatcher's business.
        Err(self)
    }
}
