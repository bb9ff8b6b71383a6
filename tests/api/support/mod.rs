//! What tests share: a gateway to talk to, answers to look into, and what they must say.

pub mod answer;
pub mod expectation;
pub mod folders;
pub mod gateway;
pub mod program;
pub mod slow;
pub mod tools;

pub use answer::{Answer, Rows};
pub use expectation::Expectation;
pub use gateway::{Setup, TestGateway, hours, minutes};
