//! Campaigns, their reports, and the reports of messages.
//!
//! A campaign has a report when it is over, and that is then what it came to: a report that is kept is not asked for
//! again, unless somebody wishes its days to be read again.

use std::collections::{HashMap, VecDeque};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::World;
use super::derived::{cell, text};
use crate::clevertap::{Campaign, CampaignReport, MessageQuery};
use crate::flatten::records::{self, Dated, MessagesBy, Placed, READY, Report, ReportOf, Target};
use crate::freshness::job::{FillError, Occasion};
use crate::period::Days;
use crate::plan::Question;
use crate::store::StoreError;

/// Reports asked for at once; how many are in flight is for the account's slots to say.
const REPORTS_AT_ONCE: usize = 8;

/// The records of these days, a page or several.
///
/// A row is kept under its own day. When CleverTap sends one that has none, or another than those asked for (its clock
/// need not be the project's), the days are asked for one by one: then the question says which day it is.
pub(super) async fn records(world: &World<'_>, days: Days) -> Result<VecDeque<Vec<u8>>, FillError> {
    let finished = finished(world, days).await;
    if matches!(world.source.question, Question::CampaignReport { .. }) || days.count() == 1 {
        return Ok(VecDeque::from([ask(world, days, Placed::On(days.last), &finished).await?.page]));
    }
    let whole = ask(world, days, Placed::Within(days), &finished).await?;
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
        pages.push_back(ask(world, Days::one(day), Placed::On(day), &finished).await?.page);
    }
    Ok(pages)
}

/// Kept reports by the campaign's id, as CleverTap sent them.
type Finished = HashMap<String, String>;

/// The reports that are kept of these days. One that cannot be read is asked for as if it were not kept.
async fn finished(world: &World<'_>, days: Days) -> Finished {
    let is_report = matches!(world.source.question, Question::CampaignReports | Question::CampaignReport { .. });
    if !is_report || world.occasion == Occasion::Again {
        return Finished::new();
    }
    read_finished(world, days).await.unwrap_or_else(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, "kept reports cannot be read and are asked for again");
        Finished::new()
    })
}

async fn read_finished(world: &World<'_>, days: Days) -> Result<Finished, StoreError> {
    let table = world.store.table(&world.source.key);
    let snapshot = table.snapshot().await?;
    let mut finished = Finished::new();
    for (_, stored) in snapshot.days.range(days.first..=days.last).filter(|(_, stored)| stored.rows > 0) {
        let mut rows = table.rows_of(stored, &["campaign_id", "report_status", "report_json"]).await?;
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            let [ids, statuses, reports] =
                ["campaign_id", "report_status", "report_json"].map(|name| text(&batch, name));
            let ready = (0..batch.num_rows()).filter(|row| cell(&statuses, *row) == Some(READY));
            let kept = ready.filter_map(|row| Some((cell(&ids, row)?.to_owned(), cell(&reports, row)?.to_owned())));
            finished.extend(kept);
        }
    }
    Ok(finished)
}

/// The report of a campaign: the kept one, or what CleverTap says.
async fn report_of(world: &World<'_>, id: &str, finished: &Finished) -> Result<CampaignReport, FillError> {
    match finished.get(id) {
        Some(report) => Ok(CampaignReport::Ready(report.clone())),
        None => Ok(world.feed.client.campaign_report(id, world.rank.clone()).await?),
    }
}

async fn ask(world: &World<'_>, days: Days, placed: Placed, finished: &Finished) -> Result<Dated, FillError> {
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
                    let report = report_of(world, &campaign.id, finished).await?;
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
            let report = report_of(world, id, finished).await?;
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
