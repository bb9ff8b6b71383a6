//! Who is this, and what may they see?
//!
//! In: the credentials that a request shows ([`Shown`]). Out: a [`Granted`], which only this room can make, or an
//! [`AuthError`]. Beside it the rules for personal columns: [`Policy`] says what happens to a column in a caller's
//! view, [`PiiHasher`] does the hashing.
//!
//! The check itself is synchronous and knows nothing of a web server, so a guard can run before anything else of the
//! request is looked at. `extract` is the half that speaks actix; `jwks` is the only part that calls out. How a
//! refusal is worded on the wire is left to `error`.

mod authenticator;
mod claims;
mod extract;
mod globs;
mod granted;
mod hasher;
mod jwks;
mod keys;
mod members;
mod personal;
mod policy;
mod shown;
#[cfg(test)]
mod testing;
mod token;
mod verifying;

pub use self::authenticator::{AuthError, AuthSetupError, Authenticator, Refusal};
pub use self::extract::{authorize, challenges, guard};
pub use self::globs::Globs;
pub use self::granted::{Granted, View};
pub use self::hasher::{KeyTooShort, PiiHasher};
pub use self::members::{Members, may_hold_members};
pub use self::policy::{Cell, HashRule, Policy};
pub use self::shown::{Shown, Way};
pub use self::token::TokenRefusal;
