//! Rows waiting for their types.
//!
//! A day's column types are known only when its last page was seen, so its rows wait: in memory up to a bound, then
//! in a file of the spill folder. Batches may differ in schema; they come back as they went in, in that order, as
//! often as wanted. The file is Arrow IPC (LZ4), a length and one whole stream per batch, and it is gone with the
//! value. It lives no longer than the process, so its form is nobody else's business.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatchOptions};
use arrow::datatypes::DataType;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow::record_batch::RecordBatch;
use tempfile::NamedTempFile;

use crate::store::StoreError;

/// Batches in the order of their arrival. Calls may use the disk: keep them off async workers when rows are many.
pub struct Staging {
    folder: PathBuf,
    bound: usize,
    /// Batches that came after those in the file.
    waiting: Vec<RecordBatch>,
    waiting_bytes: usize,
    /// Buffers of `waiting` that are counted already: many batches share the text of one page.
    counted: HashSet<usize>,
    file: Option<Arc<NamedTempFile>>,
    file_bytes: u64,
}

impl Staging {
    /// `folder` is [`super::Store::spill_dir`]; `memory` is the bound in bytes.
    pub fn new(folder: &Path, memory: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            bound: memory,
            waiting: Vec::new(),
            waiting_bytes: 0,
            counted: HashSet::new(),
            file: None,
            file_bytes: 0,
        }
    }

    /// Takes a batch. Errors: `DiskFull`, or what else befell the file; what was taken before stays readable.
    pub fn push(&mut self, batch: RecordBatch) -> Result<(), StoreError> {
        for column in batch.columns() {
            self.waiting_bytes += newly_held(column, &mut self.counted);
        }
        self.waiting.push(batch);
        if self.waiting_bytes > self.bound { self.spill() } else { Ok(()) }
    }

    /// Bytes held: in memory as they are, in the file compressed.
    pub fn bytes(&self) -> u64 {
        self.waiting_bytes as u64 + self.file_bytes
    }

    /// Whether any of it had to go to disk.
    pub fn is_spilled(&self) -> bool {
        self.file.is_some()
    }

    /// All batches from the first one on. The reader lives by itself and sees what was there when it was made.
    pub fn read(&self) -> Result<StagedBatches, StoreError> {
        let file = match &self.file {
            Some(file) => Some(Section { input: BufReader::new(file.reopen()?), left: self.file_bytes }),
            None => None,
        };
        Ok(StagedBatches { file, waiting: self.waiting.clone().into_iter() })
    }

    fn spill(&mut self) -> Result<(), StoreError> {
        let file = match self.file.take() {
            Some(file) => file,
            None => Arc::new(NamedTempFile::new_in(&self.folder)?),
        };
        let written = append(file.as_file(), self.file_bytes, &self.waiting);
        self.file = Some(file);
        self.file_bytes = written?;
        self.waiting.clear();
        self.waiting_bytes = 0;
        self.counted.clear();
        Ok(())
    }
}

impl std::fmt::Debug for Staging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Staging").field("bytes", &self.bytes()).field("spilled", &self.is_spilled()).finish()
    }
}

/// Writes the batches after the first `end` bytes of the file and returns its new length. A failed attempt leaves
/// bytes behind `end` that the next one overwrites.
fn append(mut file: &File, end: u64, batches: &[RecordBatch]) -> Result<u64, StoreError> {
    let failed = |error: &(dyn std::error::Error + 'static)| StoreError::sort("writing a spill file", error);
    let options = IpcWriteOptions::default()
        .try_with_compression(Some(CompressionType::LZ4_FRAME))
        .map_err(|error| failed(&error))?;
    file.seek(SeekFrom::Start(end))?;
    let mut output = BufWriter::with_capacity(1 << 20, file);
    let mut message = Vec::new();
    let mut length = end;
    for batch in batches {
        message.clear();
        let own = own_text(batch).map_err(|error| failed(&error))?;
        let mut writer = StreamWriter::try_new_with_options(&mut message, own.schema_ref(), options.clone())
            .map_err(|error| failed(&error))?;
        writer.write(&own).and_then(|()| writer.finish()).map_err(|error| failed(&error))?;
        drop(writer);
        output.write_all(&(message.len() as u64).to_le_bytes())?;
        output.write_all(&message)?;
        length += 8 + message.len() as u64;
    }
    output.flush()?;
    Ok(length)
}

/// A batch whose text columns hold their own text only. A view column may refer to a few words of a whole page, and
/// the page would be written with every batch cut from it.
fn own_text(batch: &RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
    let columns = batch
        .columns()
        .iter()
        .map(|column| match column.data_type() {
            DataType::Utf8View => Arc::new(column.as_string_view().gc()) as ArrayRef,
            _ => column.clone(),
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(batch.schema(), columns, &options)
}

/// Bytes of a column's buffers that were not counted yet.
fn newly_held(column: &ArrayRef, counted: &mut HashSet<usize>) -> usize {
    let data = column.to_data();
    let mut parts = vec![&data];
    let mut bytes = 0;
    while let Some(part) = parts.pop() {
        let buffers = part.buffers().iter().chain(part.nulls().map(|nulls| nulls.buffer()));
        bytes +=
            buffers.filter(|b| counted.insert(b.data_ptr().as_ptr() as usize)).map(|b| b.capacity()).sum::<usize>();
        parts.extend(part.child_data());
    }
    bytes
}

/// The batches of a [`Staging`]. An error ends it.
pub struct StagedBatches {
    file: Option<Section>,
    waiting: std::vec::IntoIter<RecordBatch>,
}

struct Section {
    input: BufReader<File>,
    left: u64,
}

impl Section {
    fn next(&mut self) -> Result<RecordBatch, StoreError> {
        let failed = |error: &(dyn std::error::Error + 'static)| StoreError::sort("reading a spill file", error);
        let mut length = [0; 8];
        self.input.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        let mut stream = StreamReader::try_new((&mut self.input).take(length), None).map_err(|error| failed(&error))?;
        let batch = stream.next().ok_or_else(|| StoreError::internal("a spill file ends early"))?;
        let batch = batch.map_err(|error| failed(&error))?;
        // To the end of the stream, where the next length stands.
        std::io::copy(stream.get_mut(), &mut std::io::sink())?;
        self.left = self.left.saturating_sub(8 + length);
        Ok(batch)
    }
}

impl Iterator for StagedBatches {
    type Item = Result<RecordBatch, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.file {
            Some(section) if section.left > 0 => {
                let next = section.next();
                if next.is_err() {
                    self.file = None;
                    self.waiting = Vec::new().into_iter();
                }
                Some(next)
            }
            _ => self.waiting.next().map(Ok),
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringViewArray};
    use arrow::datatypes::{Field, Schema};

    use super::*;

    fn numbers(from: i64) -> RecordBatch {
        let schema = Schema::new(vec![Field::new(format!("n{from}"), DataType::Int64, true)])
            .with_metadata([("walk".to_owned(), from.to_string())].into());
        let values = Int64Array::from_iter_values(from..from + 1_000);
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(values)]).unwrap()
    }

    fn text(rows: usize) -> RecordBatch {
        let schema = Schema::new(vec![Field::new("größe", DataType::Utf8View, true)]);
        let values =
            StringViewArray::from_iter((0..rows).map(|i| (i % 3 > 0).then(|| format!("{i} {}", "x".repeat(90)))));
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(values)]).unwrap()
    }

    fn all(staging: &Staging) -> Vec<RecordBatch> {
        staging.read().unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn batches_come_back_in_order_from_disk_and_memory_with_their_own_schemas() {
        let folder = tempfile::tempdir().unwrap();
        let mut staging = Staging::new(folder.path(), 100_000);
        let mut pushed = Vec::new();
        for round in 0..40 {
            for batch in [numbers(round), text(50), numbers(round).slice(10, 0)] {
                pushed.push(batch.clone());
                staging.push(batch).unwrap();
            }
        }
        assert!(staging.is_spilled());
        pushed.push(numbers(98));
        staging.push(numbers(98)).unwrap();
        assert!(!staging.waiting.is_empty(), "the last ones are still in memory");
        assert_eq!(all(&staging), pushed);
        assert_eq!(all(&staging), pushed, "a second time");
        staging.push(numbers(99)).unwrap();
        assert_eq!(all(&staging).len(), pushed.len() + 1);
    }

    #[test]
    fn small_amounts_never_touch_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut staging = Staging::new(folder.path(), 1 << 20);
        staging.push(text(100)).unwrap();
        assert!(!staging.is_spilled());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(all(&staging), [text(100)]);
    }

    #[test]
    fn text_shared_by_many_batches_is_counted_once_and_not_written_with_each() {
        let folder = tempfile::tempdir().unwrap();
        let page = text(10_000);
        let mut staging = Staging::new(folder.path(), 64 << 20);
        for start in (0..10_000).step_by(100) {
            staging.push(page.slice(start, 100)).unwrap();
        }
        assert!(staging.bytes() < 3 << 20, "{}", staging.bytes());
        staging.spill().unwrap();
        assert!(staging.bytes() < 3 << 20, "{}", staging.bytes());
        assert_eq!(all(&staging).iter().map(RecordBatch::num_rows).sum::<usize>(), 10_000);
    }

    #[test]
    fn the_file_is_gone_with_the_value_and_a_reader_may_outlive_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut staging = Staging::new(folder.path(), 0);
        staging.push(numbers(1)).unwrap();
        staging.push(numbers(2)).unwrap();
        let reader = staging.read().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        drop(staging);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(reader.map(Result::unwrap).collect::<Vec<_>>(), [numbers(1), numbers(2)]);
    }

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let full = std::path::Path::new("/dev/full");
        if !full.exists() {
            return;
        }
        let file = File::options().write(true).open(full).unwrap();
        let failed = append(&file, 0, &[text(10_000)]);
        assert!(matches!(failed, Err(StoreError::DiskFull { .. })), "{failed:?}");
    }
}
