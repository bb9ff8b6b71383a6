//! Buffers that come back: the bytes handed to a reader return their memory to the stream that wrote them.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

/// The buffers of one stream that nobody holds at the moment. Gone with the stream and its last chunk.
#[derive(Clone, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

/// Enough for what two threads write and the reader has in hand; further ones are given back.
const IDLE: usize = 4;

impl Buffers {
    /// An empty buffer: one that came back, or a new one with room for so many bytes. Growing in steps would leave behind
    /// memory of every size.
    pub(super) fn take(&self, bytes: usize) -> Vec<u8> {
        self.0.lock().pop().unwrap_or_else(|| Vec::with_capacity(bytes))
    }

    /// The buffer's contents; the buffer itself comes back when the last clone or slice of them is dropped.
    pub(super) fn lend(&self, buffer: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent { buffer, home: self.clone() })
    }
}

struct Lent {
    buffer: Vec<u8>,
    home: Buffers,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let mut idle = self.home.0.lock();
        if idle.len() < IDLE {
            idle.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_when_the_last_slice_of_it_is_dropped() {
        let buffers = Buffers::default();
        let mut chunk = buffers.lend(b"0123456789".to_vec());
        let slice = chunk.split_to(4);
        drop(chunk);
        assert!(buffers.take(0).capacity() < 10, "it came back while a slice was out");
        drop(slice);
        let back = buffers.take(0);
        assert!(back.is_empty() && back.capacity() >= 10);
    }
}
