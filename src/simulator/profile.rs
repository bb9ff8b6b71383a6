//! `GET /1/profile.json?identity=…`, `?email=…` or `?objectId=…`: one person.

use serde_json::json;

use super::answer::Answer;
use super::config::UnknownProfile;
use super::question::Question;
use super::shop::LookUp;
use super::shop::day::days_since_epoch;
use super::sweep::look_up;
use super::world::{Project, World};

pub(super) fn answer(world: &World, project: &Project, question: &Question) -> Answer {
    let asked = [question.param("identity"), question.param("email"), question.param("objectId")];
    let wanted = match asked {
        [Some(identity), None, None] => LookUp::Identity(identity),
        [None, Some(email), None] => LookUp::Email(email),
        [None, None, Some(id)] => LookUp::ObjectId(id),
        _ => return Answer::fail(400, "Exactly one of identity, email and objectId is needed", 400),
    };
    let today = days_since_epoch(world.today(project));
    match look_up(&project.shop, &world.given.all(), wanted, today) {
        Some(record) => Answer::json(200, [br#"{"status":"success","record":"#, record.as_slice(), b"}"].concat()),
        None => match world.config.unknown_profile {
            UnknownProfile::NotFound => Answer::fail(404, "Profile not found", 404),
            UnknownProfile::NoRecord => Answer::value(&json!({"status": "success"})),
            UnknownProfile::Refused => Answer::fail(200, "User not found", 404),
        },
    }
}
