//! `profile`: one person, from CleverTap's Get User Profile API.

use crate::catalog::{Filling, Key, Parameter, Period, Repeat, TableSpec, Values, profiles};

pub static TABLE: TableSpec = TableSpec {
    name: "profile",
    description: "One person, looked up by one of their ids, with all properties of their profile as they are now. \
                  No rows when CleverTap knows nobody by it.",
    row: "that person",
    required: &[],
    choice: &[
        Parameter {
            name: "identity",
            values: Values::Text,
            repeat: Repeat::Once,
            default: None,
            example: "5555555555",
            description: "Your own id of the person. Exactly one of `identity`, `email` and `object_id` is needed.",
        },
        Parameter {
            name: "email",
            values: Values::Text,
            repeat: Repeat::Once,
            default: None,
            example: "peter@example.com",
            description: "E-mail address of the person. In an address a `+` is written `%2B`.",
        },
        Parameter {
            name: "object_id",
            values: Values::Text,
            repeat: Repeat::Once,
            default: None,
            example: "a8ffcbc9-a747-4ee3-a791-c5e58ad030aa",
            description: "CleverTap's id of one of the person's devices.",
        },
    ],
    optional: &[],
    period: Period::Unused,
    filling: Filling::Profile,
    columns: profiles::COLUMNS,
    behind: &[],
    stored: profiles::STORED,
    order: &["profile_id"],
    key: Key::Made(&["profile_id"]),
};
