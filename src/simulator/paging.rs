//! Which rows are on which page of a walk, and in which order pages carry them.

/// CleverTap spreads a page over this many storage shards.
pub const SHARDS: u64 = 23;
/// Rows of one shard in a page of a walk that asked for "no limit". CleverTap knows no such bound; this one
/// keeps a single answer below some 100 MB.
const NO_LIMIT: u64 = 1000;
/// The most rows of one shard in a page: 4,991 in all.
const MOST: u64 = 217;

/// How many rows a page has, as CleverTap reads `batch_size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize {
    per_shard: u64,
}

impl PageSize {
    /// Rounded down to a multiple of 23; below 23 there is no limit, above 5,000 it is 5,000; without one, 4,991.
    pub fn from_batch_size(batch_size: Option<&str>) -> Self {
        let per_shard = match batch_size.map(str::parse::<u64>) {
            None | Some(Err(_)) => MOST,
            Some(Ok(0..SHARDS)) => NO_LIMIT,
            Some(Ok(size)) => (size / SHARDS).min(MOST),
        };
        Self { per_shard }
    }

    /// How many pages so many rows fill; at least one.
    pub fn pages(self, total: u64) -> u32 {
        let longest = total.div_ceil(SHARDS);
        u32::try_from(longest.div_ceil(self.per_shard)).unwrap_or(u32::MAX).max(1)
    }

    /// The rows of a page (counted from 0), in the order of the wire: shard after shard. Every second shard hands
    /// out its newest rows first, so that neither a page nor a walk is in time order and days come mixed.
    pub fn page(self, page: u32, total: u64) -> impl Iterator<Item = u64> {
        let first = u64::from(page) * self.per_shard;
        (0..SHARDS).flat_map(move |shard| {
            let length = (total + SHARDS - 1 - shard) / SHARDS;
            (first.min(length)..(first + self.per_shard).min(length)).map(move |place| {
                let place = if shard % 2 == 0 { place } else { length - 1 - place };
                place * SHARDS + shard
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_carry_every_row_once_and_are_multiples_of_23() {
        for rows in [0, 1, 22, 23, 24, 46, 47, 1000] {
            let size = PageSize::from_batch_size(Some("50"));
            let pages: Vec<Vec<u64>> = (0..size.pages(rows)).map(|page| size.page(page, rows).collect()).collect();
            let mut all: Vec<u64> = pages.iter().flatten().copied().collect();
            all.sort_unstable();
            assert!(all.iter().copied().eq(0..rows), "{rows}");
            let full = pages.len() - 1;
            assert!(pages.iter().take(full).all(|page| page.len() == 46), "{rows}");
        }
    }

    #[test]
    fn a_batch_size_is_read_as_clevertap_reads_it() {
        let rows = |batch_size| PageSize::from_batch_size(batch_size).page(0, 6000).count();
        assert_eq!(rows(Some("25")), 23);
        assert_eq!(rows(Some("50")), 46);
        assert_eq!(rows(Some("5")), 6000);
        assert_eq!(rows(Some("5000")), 4991);
        assert_eq!(rows(Some("50000")), 4991);
        assert_eq!(rows(None), 4991);
    }
}
