//! `[cache]`: finished answers.

use serde::Deserialize;

use super::error::Problem;
use super::value::Size;

#[derive(Clone, Debug)]
pub struct CacheConfig {
    /// Bytes of encoded answers kept in memory; 0 keeps none. Default 256 MiB.
    pub memory: u64,
    /// Bytes of the largest single answer kept there. Default 16 MiB.
    pub answer: u64,
    /// Bytes on disk for larger answers; 0 spools none. Default 4 GiB.
    pub spool: u64,
}

impl CacheConfig {
    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.memory > 0 && self.answer > self.memory {
            return Err(Problem::at("cache.answer", "must not be larger than `cache.memory`, which has to hold it"));
        }
        Ok(())
    }
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { memory: 256 << 20, answer: 16 << 20, spool: 4 << 30 }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    memory: Option<Size>,
    answer: Option<Size>,
    spool: Option<Size>,
}

impl Written {
    pub fn resolve(self) -> CacheConfig {
        let default = CacheConfig::default();
        let memory = self.memory.map_or(default.memory, |size| size.0);
        // Somebody who only shrinks the memory means both.
        let usual_answer = if memory == 0 { default.answer } else { default.answer.min(memory) };
        CacheConfig {
            memory,
            answer: self.answer.map_or(usual_answer, |size| size.0),
            spool: self.spool.map_or(default.spool, |size| size.0),
        }
    }
}
