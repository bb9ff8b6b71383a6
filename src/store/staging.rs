//! Rows waiting for their types.
//!
//! A day's column types are known only when its last page was seen, so its rows wait: in memory as far as there is
//! room (all loads share some), then in a file of the spill folder. Batches may differ in schema; they come back as they
//! went in, in that order, as often as wanted. The file is Arrow IPC, one whole stream per batch, plain at first and LZ4
//! when it grows large, and it is gone with the value. It lives no longer than the process, so its form is nobody else's
//! business.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatchOptions};
use arrow::datatypes::DataType;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow::record_batch::RecordBatch;
use tempfile::NamedTempFile;

use crate::allocator::{self, Load};
use crate::store::StoreError;

/// Up to here a file is written as it is: compressing what is read again within seconds costs more than writing it.
const PLAIN_UP_TO: u64 = 128 << 20;

/// Bytes in memory that several stagings share.
#[derive(Clone, Debug)]
pub(super) struct Room {
    bound: usize,
    held: Arc<AtomicUsize>,
}

impl Room {
    pub fn new(bound: usize) -> Self {
        Self { bound, held: Arc::default() }
    }

    /// Takes so much of it, or nothing when that much is not left.
    fn take(&self, bytes: usize) -> bool {
        let taken = |held: usize| held.checked_add(bytes).filter(|held| *held <= self.bound);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Batches in the order of their arrival. Calls may use the disk: keep them off async workers when rows are many.
///
/// The first ones stay in memory, as many as there is room for; from the first that does not fit, all go to the file.
/// (To fill memory, empty it into the file and fill it again would take as much room at most and take it anew from the
/// system each time.)
pub struct Staging {
    folder: PathBuf,
    room: Room,
    held: Vec<RecordBatch>,
    held_bytes: usize,
    /// Buffers of `held` that are counted already: many batches share the text of one page.
    counted: HashSet<usize>,
    file: Option<Arc<NamedTempFile>>,
    file_bytes: u64,
    /// What lies in the file, in the order of arrival.
    sections: VecDeque<Section>,
    plain_up_to: u64,
    _load: Load,
}

/// Batches that lie one behind the other.
#[derive(Clone, Copy)]
struct Section {
    start: u64,
    bytes: u64,
    batches: usize,
}

impl Staging {
    /// `folder` is [`super::Store::spill_dir`]; `memory` is the bound in bytes, for this staging alone.
    pub fn new(folder: &Path, memory: usize) -> Self {
        Self::within(folder, Room::new(memory))
    }

    pub(super) fn within(folder: &Path, room: Room) -> Self {
        Self {
            folder: folder.to_owned(),
            room,
            held: Vec::new(),
            held_bytes: 0,
            counted: HashSet::new(),
            file: None,
            file_bytes: 0,
            sections: VecDeque::new(),
            plain_up_to: PLAIN_UP_TO,
            _load: Load::begin(),
        }
    }

    /// Takes a batch. Errors: `DiskFull`, or what else befell the file; what was taken before stays readable.
    pub fn push(&mut self, batch: RecordBatch) -> Result<(), StoreError> {
        allocator::pace();
        if self.file.is_none() {
            let bytes = batch.columns().iter().map(|column| newly_held(column, &mut self.counted)).sum();
            if self.room.take(bytes) {
                self.held_bytes += bytes;
                self.held.push(batch);
                return Ok(());
            }
            // What was counted of it lies in memory no longer, and another buffer may come to lie where it lay.
            self.counted.clear();
        }
        let behind = self.write(&[batch])?;
        match self.sections.back_mut() {
            Some(last) if last.start + last.bytes == behind.start => {
                last.bytes += behind.bytes;
                last.batches += 1;
            }
            _ => self.sections.push_back(behind),
        }
        Ok(())
    }

    /// Puts what is in memory into the file as well. Errors: as [`Staging::push`].
    pub fn spill(&mut self) -> Result<(), StoreError> {
        if !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            let before = match self.write(&held) {
                Ok(before) => before,
                Err(error) => {
                    self.held = held;
                    return Err(error);
                }
            };
            self.sections.push_front(before);
            self.counted.clear();
            self.room.give_back(std::mem::take(&mut self.held_bytes));
        }
        Ok(())
    }

    /// Bytes held: in memory as they are, in the file as they are written.
    pub fn bytes(&self) -> u64 {
        self.held_bytes as u64 + self.file_bytes
    }

    /// Whether any of it had to go to disk.
    pub fn is_spilled(&self) -> bool {
        self.file.is_some()
    }

    /// All batches from the first one on. The reader lives by itself and sees what was there when it was made.
    pub fn read(&self) -> Result<StagedBatches, StoreError> {
        let file = match &self.file {
            Some(file) => Some(BufReader::new(file.reopen()?)),
            None => None,
        };
        Ok(StagedBatches { held: self.held.clone().into_iter(), file, left: 0, sections: self.sections.clone() })
    }

    fn write(&mut self, batches: &[RecordBatch]) -> Result<Section, StoreError> {
        let file = match self.file.take() {
            Some(file) => file,
            None => Arc::new(NamedTempFile::new_in(&self.folder)?),
        };
        let compression = (self.file_bytes >= self.plain_up_to).then_some(CompressionType::LZ4_FRAME);
        let start = self.file_bytes;
        let written = append(file.as_file(), start, batches, compression);
        self.file = Some(file);
        self.file_bytes = written?;
        Ok(Section { start, bytes: self.file_bytes - start, batches: batches.len() })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.room.give_back(self.held_bytes);
    }
}

impl std::fmt::Debug for Staging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Staging").field("bytes", &self.bytes()).field("spilled", &self.is_spilled()).finish()
    }
}

/// Writes the batches after the first `end` bytes of the file and returns its new length. A failed attempt leaves
/// bytes behind `end` that the next one overwrites.
fn append(
    mut file: &File,
    end: u64,
    batches: &[RecordBatch],
    compression: Option<CompressionType>,
) -> Result<u64, StoreError> {
    let failed = |error: &(dyn std::error::Error + 'static)| StoreError::sort("writing a spill file", error);
    let options = IpcWriteOptions::default().try_with_compression(compression).map_err(|error| failed(&error))?;
    file.seek(SeekFrom::Start(end))?;
    let mut output = BufWriter::with_capacity(64 << 10, file);
    for batch in batches {
        let own = own_text(batch).map_err(|error| failed(&error))?;
        let mut writer = StreamWriter::try_new_with_options(&mut output, own.schema_ref(), options.clone())
            .map_err(|error| failed(&error))?;
        writer.write(&own).and_then(|()| writer.finish()).map_err(|error| failed(&error))?;
    }
    output.flush()?;
    Ok(file.stream_position()?)
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
    held: std::vec::IntoIter<RecordBatch>,
    file: Option<BufReader<File>>,
    /// Batches of the section at hand not read yet.
    left: usize,
    sections: VecDeque<Section>,
}

impl StagedBatches {
    fn of_file(&mut self) -> Result<Option<RecordBatch>, StoreError> {
        let Some(file) = &mut self.file else { return Ok(None) };
        while self.left == 0 {
            let Some(section) = self.sections.pop_front() else { return Ok(None) };
            file.seek(SeekFrom::Start(section.start))?;
            self.left = section.batches;
        }
        self.left -= 1;
        read(file).map(Some)
    }
}

impl Iterator for StagedBatches {
    type Item = Result<RecordBatch, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(batch) = self.held.next() {
            return Some(Ok(batch));
        }
        let next = self.of_file();
        if next.is_err() {
            self.file = None;
        }
        next.transpose()
    }
}

/// The batch that [`append`] wrote here.
fn read(input: &mut BufReader<File>) -> Result<RecordBatch, StoreError> {
    let failed = |error: &(dyn std::error::Error + 'static)| StoreError::sort("reading a spill file", error);
    let stream = StreamReader::try_new(input, None).map_err(|error| failed(&error))?;
    // SAFETY: the file is in a private folder of this process, has no name that another would open, and holds what
    // `append` wrote from sound arrays.
    let mut stream = unsafe { stream.with_skip_validation(true) };
    let batch = stream.next().ok_or_else(|| StoreError::internal("a spill file ends early"))?;
    let batch = batch.map_err(|error| failed(&error))?;
    // To the end of the stream, where the next one begins.
    match stream.next().transpose().map_err(|error| failed(&error))? {
        None => Ok(batch),
        Some(_) => Err(StoreError::internal("a spill file holds two batches in one stream")),
    }
}

#[cfg(test)]
mod tests;
