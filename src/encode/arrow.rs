//! Arrow IPC, streaming format: the schema, one message a piece of rows, the end mark.
//!
//! Not packed inside: not every reader unpacks it, and HTTP packs it for those who ask. A stream that breaks off lacks
//! its end mark.

use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::{
    DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions, StreamWriter, write_message,
};
use arrow::record_batch::RecordBatch;

use super::conform::{conform, schema};
use super::rows::RowEncoder;
use super::{EncodeError, Layout};

pub(super) struct Arrow {
    schema: SchemaRef,
    /// The schema message.
    opening: Vec<u8>,
    /// The end mark.
    closing: Vec<u8>,
}

impl Arrow {
    /// Errors: none that columns of ours can cause.
    pub(super) fn new(layout: &Layout) -> Result<Self, EncodeError> {
        let schema = schema(&layout.columns);
        let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
        let opening = std::mem::take(writer.get_mut());
        let closing = writer.into_inner()?;
        Ok(Self { schema, opening, closing })
    }
}

impl RowEncoder for Arrow {
    fn open(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.opening);
    }

    fn rows(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let batch = conform(batch, &self.schema)?;
        let options = IpcWriteOptions::default();
        let mut no_dictionaries = DictionaryTracker::new(true);
        let mut context = IpcWriteContext::default();
        let (_, message) = IpcDataGenerator::default().encode(&batch, &mut no_dictionaries, &options, &mut context)?;
        write_message(out, message, &options)?;
        Ok(())
    }

    fn between(&self) -> &'static [u8] {
        b""
    }

    fn close(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.closing);
    }
}

#[cfg(test)]
mod tests;
