//! The chart of rows per day, from what is kept. Nothing is loaded and CleverTap is not asked.

use crate::auth::Granted;
use crate::catalog::{self, Filling, TableSpec};
use crate::error::{ApiError, Code};
use crate::freshness::Kept;
use crate::http::chart;
use crate::http::state::AppState;
use crate::plan;
use crate::request::TableRequest;

/// A picture, and whether it shows every day that has begun.
pub struct Chart {
    pub svg: String,
    pub complete: bool,
}

/// `spec` is visible to the caller; accounts and events are still to be judged.
///
/// Errors: the table is not kept day by day, or the request wants only a part of a day's rows, which are not counted.
pub async fn draw_chart(
    state: &AppState,
    granted: &Granted,
    spec: &'static TableSpec,
    asked: &TableRequest,
) -> Result<Chart, ApiError> {
    if spec.filling != Filling::Events {
        let offered = catalog::tables().iter().filter(|table| table.filling == Filling::Events);
        let detail = format!("There is no chart of `{}`: its rows are not kept day by day.", spec.name);
        let offered = offered.filter(|table| granted.sees_table(table.name)).map(|table| table.name);
        return Err(ApiError::new(Code::RequestBadParameter, detail).parameter("table").available(offered));
    }
    let plan = state.in_world(|world| plan::read(world, granted, spec, asked))?;
    let selection = &asked.selection;
    let narrowing = [
        ("filter", selection.condition.is_some()),
        ("top", selection.top.is_some()),
        ("skip", selection.skip > 0),
        ("from", plan.window.is_some()),
    ];
    if let Some((parameter, _)) = narrowing.into_iter().find(|(_, is_given)| *is_given) {
        let detail = match parameter {
            "from" => "The chart counts whole days, so the period must begin and end at midnight.".to_owned(),
            other => format!("The chart counts all rows of a day, so it takes no `{other}`."),
        };
        return Err(ApiError::new(Code::RequestBadParameter, detail).parameter(parameter));
    }
    let days = state.freshness.kept_days(&plan).await?;
    let subject = asked.events.join(" + ");
    Ok(Chart {
        svg: chart::rows_per_day(&subject, &days).map_err(ApiError::internal)?,
        complete: days.iter().all(|day| matches!(day.kept, Kept::Whole | Kept::Future)),
    })
}
