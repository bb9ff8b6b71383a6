//! The way of every request: who is it, is there a slot, what goes wrong, what is the answer.

use std::sync::atomic::Ordering;

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::rt::time::sleep;
use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use memchr::memmem;

use super::answer::Answer;
use super::connection::take_line;
use super::delivery::{Delivery, Held};
use super::endpoint::{Endpoint, Route};
use super::faults::Fault;
use super::log::Call;
use super::question::{Method, Question, Subject};
use super::walks::Claim;
use super::world::{Project, World};

/// Answers any request to any path.
pub async fn serve(request: HttpRequest, body: Bytes, world: Data<World>) -> HttpResponse<Delivery> {
    if world.stopped.load(Ordering::SeqCst) {
        return cut(Delivery::nothing(take_line(&request)));
    }
    let question = Question {
        method: match request.method().as_str() {
            "GET" => Method::Get,
            "POST" => Method::Post,
            _ => Method::Other,
        },
        path: request.path().to_owned(),
        params: url::form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect(),
        body,
    };
    let endpoint = match Endpoint::route(&question) {
        Route::Found(endpoint) => endpoint,
        Route::OtherMethod => return send(Answer::method_not_allowed(), Held::default()),
        Route::Nowhere => return send(Answer::empty(), Held::default()),
    };
    if let Some(outage) = world.faults.play_outage() {
        return out_of_order(&request, &world, endpoint, outage).await;
    }
    match who(&request, &world) {
        Ok(project) => answer(&request, &world, project, endpoint, question).await,
        Err(refusal) => {
            let number = world.log.came(Call::new(endpoint, &Subject::default()));
            world.log.answered(number, refusal.status);
            send(refusal, Held::default())
        }
    }
}

async fn answer(
    request: &HttpRequest,
    world: &Data<World>,
    project: &Project,
    endpoint: Endpoint,
    question: Question,
) -> HttpResponse<Delivery> {
    let slot = world.slots.take(&project.account_id, endpoint.api());
    let mut subject = endpoint.subject(world, project, &question);
    let refused = slot.in_flight > world.config.max_in_flight;
    let not_ready = if refused { None } else { endpoint.not_ready(world, project, &question, &subject) };
    let fault =
        if refused || not_ready.is_some() { None } else { world.faults.play(endpoint, &project.account_id, &subject) };
    let number = world.log.came(Call {
        account_id: Some(project.account_id.clone()),
        in_flight: slot.in_flight,
        faulty: fault.is_some(),
        ..Call::new(endpoint, &subject)
    });
    if refused {
        world.log.answered(number, 429);
        return send(Answer::too_many_requests(), Held { slot: Some(slot), claim: None });
    }
    let latency = world.config.latency + endpoint.slowness(world, &subject);
    if !latency.is_zero() {
        sleep(latency).await;
    }
    let answer = match &fault {
        Some(Fault::ConnectionClosed) => return cut(Delivery::nothing(take_line(request))),
        Some(Fault::ConnectionReset) => {
            return cut(Delivery::nothing(take_line(request).map(|line| line.end_with_reset())));
        }
        Some(Fault::Hang(time)) => {
            drop((slot, subject));
            sleep(*time).await;
            return cut(Delivery::nothing(take_line(request)));
        }
        Some(Fault::Delay(time)) => {
            sleep(*time).await;
            None
        }
        Some(Fault::CursorExpired) => {
            if let Some(Claim::Granted(granted)) = &subject.claim {
                world.walks.expire(granted.id);
            }
            Some(Answer::cursor_invalidated())
        }
        Some(fault) => fault.instead(&subject),
        None => not_ready,
    };
    let answer = match answer {
        Some(answer) => answer,
        None if endpoint.takes_long(&question) => computed(world, project, endpoint, question, fault.clone()).await,
        None => endpoint.answer(world, project, &question, &subject, fault.as_ref()),
    };
    world.log.answered(number, answer.status);
    deliver(request, answer, fault, Held { slot: Some(slot), claim: subject.claim.take() })
}

/// The true answer, worked out where it holds up nobody else.
async fn computed(
    world: &Data<World>,
    project: &Project,
    endpoint: Endpoint,
    question: Question,
    fault: Option<Fault>,
) -> Answer {
    let (world, account_id) = (Data::clone(world), project.account_id.clone());
    let answer = web::block(move || {
        let project = world.project(&account_id)?;
        // What takes long belongs to no walk.
        Some(endpoint.answer(&world, project, &question, &Subject::default(), fault.as_ref()))
    });
    answer.await.ok().flatten().unwrap_or_else(|| Answer::html(500))
}

/// CleverTap is down: nobody is asked who they are.
async fn out_of_order(
    request: &HttpRequest,
    world: &World,
    endpoint: Endpoint,
    outage: Fault,
) -> HttpResponse<Delivery> {
    let subject = Subject::default();
    let number = world.log.came(Call { faulty: true, ..Call::new(endpoint, &subject) });
    match outage {
        Fault::ConnectionClosed => cut(Delivery::nothing(take_line(request))),
        Fault::ConnectionReset => cut(Delivery::nothing(take_line(request).map(|line| line.end_with_reset()))),
        Fault::Hang(time) => {
            sleep(time).await;
            cut(Delivery::nothing(take_line(request)))
        }
        outage => {
            // `Faults::outage` accepts no fault that needs a true answer.
            let answer = outage.instead(&subject).unwrap_or_else(|| Answer::html(503));
            world.log.answered(number, answer.status);
            send(answer, Held::default())
        }
    }
}

fn who<'a>(request: &HttpRequest, world: &'a World) -> Result<&'a Project, Answer> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let project = world.project(header("X-CleverTap-Account-Id")).ok_or_else(Answer::unknown_account)?;
    if project.accepts(header("X-CleverTap-Passcode")) { Ok(project) } else { Err(Answer::invalid_credentials()) }
}

fn deliver(request: &HttpRequest, answer: Answer, fault: Option<Fault>, held: Held) -> HttpResponse<Delivery> {
    let Answer { status, content_type, body } = answer;
    let delivery = match fault {
        Some(Fault::TruncatedBody) => Delivery::whole(body.slice(..body.len() * 2 / 3), held),
        Some(Fault::CutBody) => Delivery::half(body, take_line(request), held),
        Some(Fault::ResetBody) => Delivery::half(body, take_line(request).map(|line| line.end_with_reset()), held),
        Some(Fault::SlowBody { pieces, pause }) => Delivery::slow(body, pieces, pause, held),
        Some(Fault::Giant { bytes }) => {
            const RECORDS: &[u8] = b"\"records\":[";
            let at = memmem::find(&body, RECORDS).map_or(1, |at| at + RECORDS.len());
            Delivery::giant(body, at, bytes, held)
        }
        _ => Delivery::whole(body, held),
    };
    respond(status, content_type, delivery)
}

fn send(answer: Answer, held: Held) -> HttpResponse<Delivery> {
    respond(answer.status, answer.content_type, Delivery::whole(answer.body, held))
}

fn cut(delivery: Delivery) -> HttpResponse<Delivery> {
    respond(200, "application/json", delivery)
}

fn respond(status: u16, content_type: &'static str, delivery: Delivery) -> HttpResponse<Delivery> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::with_body(status, delivery);
    let value = actix_web::http::header::HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, value);
    response
}
