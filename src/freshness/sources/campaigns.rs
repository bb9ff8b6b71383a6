//! Campaigns, their reports, and the reports of messages.

use std::collections::VecDeque;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::World;
use crate::clevertap::{Campaign, CampaignReport, MessageQuery};
use crate::flatten::records::{self, Dated, MessagesBy, Placed, Report, ReportOf, Target};
use crate::freshness::job::FillError;
use crate::period::Days;
use crate::plan::Question;

/// Reports asked for at once; how many are in flight is for the account's slots to say.
const REPORTS_AT_ONCE: usize = 8;

/// The records of these days, a page or several.
///
/// A row is kept under its own day. When CleverTap sends one that has none, or another than those asked for (its clock
/// need not be the project's), the days are asked for one by one: then the question says which day it is.
pub(super) async fn records(world: &World<'_>, days: Days) -> Result<VecDeque<Vec<u8>>, FillError> {
    if matches!(world.source.question, Question::CampaignReport { .. }) || days.count() == 1 {
        return Ok(VecDeque::from([ask(world, days, Placed::On(days.last)).await?.page]));
    }
    let whole = ask(world, days, Placed::Within(days)).await?;
    if whole.undated.is_empty() && whole.outside == 0 {
        return Ok(VecDeque::from([whole.page]));
    }
    tracing::info!(
        undated = whole.undated.len(),
        outside = whole.outside,
        table = world.source.key.table,
        "rows that name no day of those asked for: the days are asked for one by one"
    );
    let mut pages = VecDeque::new();
    for day in days.iter() {
        pages.push_back(ask(world, Days::one(day), Placed::On(day)).await?.page);
    }
    Ok(pages)
}

async fn ask(world: &World<'_>, days: Days, placed: Placed) -> Result<Dated, FillError> {
    let (client, zone) = (&world.feed.client, &world.feed.settings.timezone);
    Ok(match &world.source.question {
        Question::Campaigns => {
            let campaigns = client.campaigns(days, world.rank.clone()).await?;
            records::campaigns(campaigns.iter().map(target), zone, placed)
        }
        Question::CampaignReports => {
            let campaigns = client.campaigns(days, world.rank.clone()).await?;
            let reports: Vec<(Campaign, CampaignReport)> = stream::iter(campaigns)
                .map(|campaign| async move {
                    let report = client.campaign_report(&campaign.id, world.rank.clone()).await?;
                    Ok::<_, FillError>((campaign, report))
                })
                .buffered(REPORTS_AT_ONCE)
                .try_collect()
                .await?;
            let reports =
                reports.iter().map(|(campaign, report)| ReportOf { target: target(campaign), report: said(report) });
            records::campaign_reports(reports, zone, placed)
        }
        Question::CampaignReport { id } => {
            let report = client.campaign_report(id, world.rank.clone()).await?;
            let target = Target { id, ..Target::default() };
            records::campaign_reports([ReportOf { target, report: said(&report) }], zone, placed)
        }
        Question::Messages { daily, lists } => {
            let query = MessageQuery { days, daily: *daily, lists: lists.clone() };
            let messages = client.message_reports(&query, world.rank.clone()).await?;
            records::messages(&messages, if *daily { MessagesBy::Day } else { MessagesBy::Total }, zone, placed)?
        }
        _ => return Err(FillError::Aborted),
    })
}

/// A campaign as CleverTap lists it.
fn target(campaign: &Campaign) -> Target<'_> {
    let Campaign { id, name, status, scheduled_on } = campaign;
    Target { id, name: name.as_deref(), status: status.as_deref(), scheduled_on: scheduled_on.as_deref() }
}

fn said(report: &CampaignReport) -> Report<'_> {
    match report {
        CampaignReport::Ready(metrics) => Report::Ready(metrics),
        CampaignReport::NotCompleted(reason) => Report::NotCompleted(reason),
        CampaignReport::NoResult(reason) => Report::NoResult(reason),
        CampaignReport::Error(reason) => Report::Error(reason),
    }
}
