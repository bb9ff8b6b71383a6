//! The table of contents: every address, one line each, grouped by who calls it.
//!
//! Registering a handler here also writes it into the OpenAPI document. Handlers are thin: who asks, what do they ask,
//! do it, say it.

pub mod admin;
pub mod connect;
pub mod connect_pages;
pub mod docs;
mod fixed;
pub mod index;
pub mod jobs;
pub mod odata;
pub mod page;
pub mod refresh;
pub mod sql;
pub mod tables;
mod unknown;

use actix_web::web;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

/// Everything on the BI listener.
pub fn public(config: &mut ServiceConfig) {
    config
        .service(scope("/v1").configure(v1))
        .service(scope("/odata").configure(odata))
        .configure(documentation)
        .default_service(web::to(unknown::public));
}

/// Everything on the admin listener.
pub fn admin(config: &mut ServiceConfig) {
    config.configure(operations).default_service(web::to(unknown::admin));
}

/// Everything on one listener, when both are the same.
pub fn public_and_admin(config: &mut ServiceConfig) {
    config
        .service(scope("/v1").configure(v1))
        .service(scope("/odata").configure(odata))
        .configure(documentation)
        .configure(operations)
        .default_service(web::to(unknown::public_and_admin));
}

/// Below `/v1`: needs a caller. BI tools and scripts.
pub fn v1(config: &mut ServiceConfig) {
    config
        .service(index::show_index)
        .map(|plain| plain.service(index::without_slash()))
        // One after the other is compared with the path, so what is asked for most comes early. Before it those that it
        // would match as well.
        .service(tables::list_tables_as)
        .service(sql::run_sql)
        .service(tables::read_table)
        .service(sql::send_sql)
        .service(tables::list_tables)
        .service(tables::describe_table_as)
        .service(tables::describe_table)
        .service(tables::explain_table)
        .service(tables::chart_table)
        .service(jobs::list_jobs)
        .service(jobs::show_job)
        .service(refresh::refresh_table)
        .map(|plain| plain.service(web::resource("/refresh").to(unknown::public)))
        .service(sql::read_view)
        .service(connect::show_powerbi_file)
        .service(connect::list_recipes)
        // After all others of one word.
        .service(tables::negotiate_table)
        .default_service(web::to(unknown::public));
}

/// Below `/odata`: needs a caller. Power BI, Excel, Tableau.
fn odata(config: &mut ServiceConfig) {
    config
        .service(odata::show_service)
        // Before `/{set}`, which would match it as well.
        .service(odata::show_metadata)
        .service(odata::count_set)
        .service(odata::read_set)
        .default_service(web::to(odata::any));
}

/// Without a key. People, and tools that read descriptions.
fn documentation(config: &mut ServiceConfig) {
    config
        .service(page::show_page)
        .map(|plain| plain.service(page::files()))
        .service(connect_pages::show_powerbi)
        .service(connect_pages::show_tableau)
        .map(|plain| plain.service(connect_pages::tableau_without_slash()))
        .service(connect_pages::show_looker_studio)
        .service(connect_pages::show_looker_studio_file)
        .service(docs::show_openapi)
        .service(docs::show_docs)
        .service(docs::show_errors)
        .map(|plain| plain.service(docs::swagger_ui()));
}

/// Without a key, on a listener of their own. Whoever runs the server.
fn operations(config: &mut ServiceConfig) {
    config.service(admin::show_liveness).service(admin::show_readiness).service(admin::show_metrics);
}

#[cfg(test)]
mod tests;
