//! [`PlanError`] in codes.

use super::api_error::ApiError;
use super::code::Code;
use super::refusals::sentence;
use crate::plan::PlanError;

impl From<PlanError> for ApiError {
    fn from(error: PlanError) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            PlanError::Request(error) => error.into(),
            PlanError::UnknownAccount { near, .. } => {
                guess(Self::new(Code::TableUnknownAccount, detail).parameter("account"), near)
            }
            PlanError::NoAccount => Self::new(Code::TableUnknownAccount, detail)
                .hint("Ask whoever runs this server to give the key an account."),
            PlanError::AccountNeeded { visible } => Self::new(Code::RequestMissingParameter, detail)
                .parameter("account")
                .hint(format!("Add `account=` and one of: {}.", visible.join(", ")))
                .available(visible),
            PlanError::PersonalCondition { .. } => Self::new(Code::AuthForbidden, detail)
                .parameter("where")
                .hint("Use a key with `pii = \"clear\"`, or leave the condition out."),
            PlanError::UnknownEvent { near, .. } => {
                guess(Self::new(Code::TableUnknownEvent, detail).parameter("event"), near)
            }
        }
    }
}

fn guess(error: ApiError, near: Vec<String>) -> ApiError {
    match near.first() {
        Some(first) => {
            let hint = format!("Did you mean `{first}`?");
            error.hint(hint).near(near)
        }
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_event_offers_the_near_ones() {
        let error = PlanError::UnknownEvent { asked: "charged".into(), near: vec!["Charged".into(), "Charge".into()] };
        let error = ApiError::from(error);
        assert_eq!(error.code(), Code::TableUnknownEvent);
        assert_eq!(error.detail(), "There is no event `charged`.");
        assert_eq!(error.parts().near, ["Charged", "Charge"]);
    }
}
