//! `flattap openapi`: the OpenAPI document.

use std::process::ExitCode;

use clap::Args;

use super::output::print;
use crate::startup;

/// Print the OpenAPI document
#[derive(Args, Debug)]
pub(super) struct OpenapiArgs {}

pub(super) fn run(_: &OpenapiArgs) -> anyhow::Result<ExitCode> {
    print(&startup::openapi()?)?;
    Ok(ExitCode::SUCCESS)
}
