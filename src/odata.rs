//! The words of OData v4, as plain values: addresses, options, names, types, `$metadata`, continuations.
//!
//! In: the text of a path, a query string and a few headers, and the columns of tables as their readers see them. Out:
//! typed values, and the texts of the two documents that describe a service. Nothing here knows the web server, a
//! caller or a row; conditions and orders are parsed by `request`, whose grammar is OData's. We answer version 4.0 and
//! nothing newer, because Excel breaks on more.
//!
//! | file | subject |
//! |---|---|
//! | `path` | service roots, sets, entities by key |
//! | `options` | `$filter`, `$top` … out of a raw query string |
//! | `preferences` | `Accept`, `$format`, `Prefer`, `OData-MaxVersion` |
//! | `names` | identifiers, and those of properties, each once |
//! | `sets` | names of sets, unique and lasting |
//! | `entity` | an entity type: properties, key, Edm types |
//! | `metadata` | `$metadata` and the service document |
//! | `continuation` | what a `$skiptoken` says, signed |

mod continuation;
mod entity;
mod metadata;
mod names;
mod options;
mod path;
mod preferences;
pub mod sets;

pub use continuation::{BadToken, Continuation, Pinned, Place, Sealer};
pub use entity::{EntityType, Property, edm_type};
pub use metadata::{NAMESPACE, context, metadata, service_document};
pub use options::{Options, OptionsError};
pub use path::{Address, Key, KeyValue, PathError, Resource, Root, SEGMENT};
pub use preferences::{JsonForm, Shown, is_version_refused, json_form, page_size, takes_xml};

/// The only version we speak.
pub const VERSION: &str = "4.0";

/// Rows of a page, unless fewer are preferred.
pub const PAGE_ROWS: u64 = 20_000;
