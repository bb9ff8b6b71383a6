//! Ready texts for tools: made for the table as the caller gets it, readable by the tools' own parsers, and right.

mod files;
mod looker;
mod pages;
mod programs;
