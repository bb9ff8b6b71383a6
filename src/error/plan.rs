//! [`PlanError`] in codes.

use super::api_error::ApiError;
use super::code::Code;
use super::refusals::sentence;
use crate::plan::{PlanError, SqlError};

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
            PlanError::PersonalSum { .. } => Self::new(Code::AuthForbidden, detail)
                .parameter("sum")
                .hint("Use a key with `pii = \"clear\"`, or add up another property."),
            PlanError::Sql(error) => of_sql(error, detail),
            PlanError::UnknownEvent { near, .. } => {
                guess(Self::new(Code::TableUnknownEvent, detail).parameter("event"), near)
            }
        }
    }
}

fn of_sql(error: SqlError, detail: String) -> ApiError {
    match error {
        SqlError::UnknownTable { near, .. } => {
            let error = ApiError::new(Code::TableUnknown, detail).parameter("q");
            let hint = "`/v1/tables` says how each table is called in SQL, such as events.\"Charged\".";
            match near {
                Some(near) => error.hint(format!("Did you mean `{near}`? {hint}")).near([near]),
                None => error.hint(hint),
            }
        }
        _ => ApiError::new(Code::RequestBadSql, detail).parameter("q"),
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
