//! Which records of a page have a cell of one column: a flag per record, or the numbers of those few that have one,
//! whichever is smaller.

use arrow::array::BooleanBufferBuilder;

use crate::flatten::raw::writer::Rows;

/// Begun with the first gap: as long as the cells are those of the first records, there is nothing to note.
#[derive(Default)]
pub(super) struct Presence {
    begun: bool,
    /// Whether `flags` is used, which goes up to the last record with a cell; else `few`.
    flagged: bool,
    flags: Option<BooleanBufferBuilder>,
    few: Vec<u32>,
}

impl Presence {
    /// Notes a record behind a gap, and from then on every one; `count` records before it have a cell.
    #[inline]
    pub fn push(&mut self, row: u32, count: u32) {
        if !self.begun {
            self.begin(row, count);
        } else if self.flagged && Rows::are_few(count, row / 2) {
            self.list();
        } else if !self.flagged && !Rows::are_few(count, row) {
            self.flag();
        }
        match &mut self.flags {
            Some(flags) if self.flagged => {
                let gap = (row as usize).saturating_sub(flags.len());
                if gap > 0 {
                    flags.append_n(gap, false);
                }
                flags.append(true);
            }
            _ => self.few.push(row),
        }
    }

    #[cold]
    fn begin(&mut self, row: u32, count: u32) {
        self.begun = true;
        if Rows::are_few(count, row) {
            self.few.extend(0..count);
            return;
        }
        self.flag();
        if let Some(flags) = &mut self.flags {
            flags.append_n(count as usize, true);
        }
    }

    /// From numbers to flags.
    #[cold]
    fn flag(&mut self) {
        self.flagged = true;
        let flags = self.flags.get_or_insert_with(|| BooleanBufferBuilder::new(0));
        flags.resize(self.few.last().map_or(0, |last| *last as usize + 1));
        self.few.iter().for_each(|row| flags.set_bit(*row as usize, true));
        self.few.clear();
    }

    /// From flags to numbers.
    #[cold]
    fn list(&mut self) {
        self.flagged = false;
        if let Some(flags) = &mut self.flags {
            self.few.extend(flags.finish().set_indices_u32());
        }
    }

    /// Of `records` records, `count` of which have a cell.
    pub fn rows(&mut self, count: u32, records: u32) -> Rows<'_> {
        if count == records {
            return Rows::All;
        }
        if !self.begun {
            self.begin(records, count);
        }
        if self.flagged && Rows::are_few(count, records) {
            self.list();
        } else if !self.flagged && !Rows::are_few(count, records) {
            self.flag();
        }
        match &mut self.flags {
            Some(flags) if self.flagged => {
                flags.append_n((records as usize).saturating_sub(flags.len()), false);
                Rows::Flags(flags)
            }
            _ => Rows::Few(&self.few),
        }
    }

    pub fn clear(&mut self) {
        (self.begun, self.flagged) = (false, false);
        self.few.clear();
        if let Some(flags) = &mut self.flags {
            flags.truncate(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(rows: Rows<'_>, records: u32) -> Vec<u32> {
        match rows {
            Rows::All => (0..records).collect(),
            Rows::Few(rows) => rows.to_vec(),
            Rows::Flags(flags) => {
                assert_eq!(flags.len(), records as usize);
                flags.finish_cloned().set_indices_u32().collect()
            }
        }
    }

    /// Stretches of records that are dense, sparse, or without any.
    fn page() -> impl Strategy<Value = Vec<bool>> {
        let stretch = prop_oneof![Just((0.999, 90)), Just((0.5, 90)), Just((0.02, 600)), Just((0.001, 3_000))];
        let stretch =
            stretch.prop_flat_map(|(share, most)| prop::collection::vec(prop::bool::weighted(share), 0..most));
        prop::collection::vec(stretch, 1..5).prop_map(|stretches| stretches.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn the_records_with_a_cell_are_found_again(pages in prop::collection::vec(page(), 1..4)) {
            let mut presence = Presence::default();
            for page in pages {
                let expected: Vec<u32> = (0..).zip(&page).filter(|(_, has)| **has).map(|(row, _)| row).collect();
                for (count, row) in (0..).zip(&expected) {
                    if *row != count {
                        presence.push(*row, count);
                    }
                }
                let records = page.len() as u32;
                prop_assert_eq!(found(presence.rows(expected.len() as u32, records), records), expected);
                presence.clear();
            }
        }
    }

    #[test]
    fn few_cells_among_very_many_records_take_little_memory() {
        let mut presence = Presence::default();
        // As flags first, then far from there.
        for (count, row) in [(1, 2), (2, 4), (3, 100_000_000), (4, 200_000_000)] {
            presence.push(row, count);
        }
        assert!(presence.flags.as_ref().is_none_or(|flags| flags.capacity() < 10_000));
        assert_eq!(found(presence.rows(5, 300_000_000), 300_000_000), [0, 2, 4, 100_000_000, 200_000_000]);
    }
}
