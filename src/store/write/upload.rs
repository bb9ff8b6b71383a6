//! Bytes to an object of unknown length: in one request when it stays small, else in parts, a few at a time.
//!
//! `object_store`'s own buffered writer can leave parts behind when the last of them fails, and cannot be withdrawn
//! any more then; parts without an object cost money and are seen by nobody.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::task::JoinSet;

use crate::store::StoreError;

/// Above the 5 MiB that S3 asks of all parts but the last; 10,000 of them are 80 GB.
const PART: usize = 8 << 20;
const PARTS_IN_FLIGHT: usize = 3;

pub(super) struct Upload {
    objects: Arc<dyn ObjectStore>,
    target: Path,
    /// Not sent yet, less than a part; as it came, so that nothing is copied.
    rest: VecDeque<Bytes>,
    rest_bytes: usize,
    parts: Option<Box<dyn MultipartUpload>>,
    in_flight: JoinSet<Result<(), Error>>,
}

impl Upload {
    pub fn new(objects: Arc<dyn ObjectStore>, target: Path) -> Self {
        Self { objects, target, rest: VecDeque::new(), rest_bytes: 0, parts: None, in_flight: JoinSet::new() }
    }

    pub async fn send(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.rest_bytes += bytes.len();
        self.rest.push_back(bytes);
        while self.rest_bytes >= PART {
            let part = self.take(PART);
            self.send_part(part).await?;
        }
        Ok(())
    }

    /// The next so many bytes, or as many as there are.
    fn take(&mut self, bytes: usize) -> PutPayload {
        let mut left = bytes.min(self.rest_bytes);
        self.rest_bytes -= left;
        let mut taken = Vec::new();
        while left > 0
            && let Some(mut first) = self.rest.pop_front()
        {
            if first.len() > left {
                self.rest.push_front(first.split_off(left));
            }
            left -= first.len();
            taken.push(first);
        }
        taken.into_iter().collect()
    }

    /// The object is there when this returns, and durable.
    pub async fn finish(&mut self) -> Result<(), StoreError> {
        let rest = self.take(PART);
        if self.parts.is_none() {
            self.objects.put(&self.target, rest).await.map_err(failed)?;
            return Ok(());
        }
        if rest.content_length() > 0 {
            self.send_part(rest).await?;
        }
        while let Some(sent) = self.in_flight.join_next().await {
            arrived(sent)?;
        }
        match &mut self.parts {
            Some(parts) => parts.complete().await.map(drop).map_err(failed),
            None => Ok(()),
        }
    }

    /// Takes back what was sent.
    pub async fn withdraw(mut self) {
        self.in_flight.shutdown().await;
        if let Some(mut parts) = self.parts.take()
            && let Err(error) = parts.abort().await
        {
            tracing::debug!(%error, object = %self.target, "a broken upload could not be withdrawn");
        }
    }

    async fn send_part(&mut self, part: PutPayload) -> Result<(), StoreError> {
        while self.in_flight.len() >= PARTS_IN_FLIGHT {
            if let Some(sent) = self.in_flight.join_next().await {
                arrived(sent)?;
            }
        }
        let parts = match &mut self.parts {
            Some(parts) => parts,
            None => {
                let started = self.objects.put_multipart(&self.target).await.map_err(failed)?;
                self.parts.insert(started)
            }
        };
        self.in_flight.spawn(parts.put_part(part));
        Ok(())
    }
}

fn arrived(sent: Result<Result<(), Error>, tokio::task::JoinError>) -> Result<(), StoreError> {
    sent.map_err(|error| StoreError::internal(format!("writing a day: {error}")))?.map_err(failed)
}

fn failed(error: Error) -> StoreError {
    StoreError::sort("writing a day", &error)
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn pieces_of_any_size_arrive_whole_and_in_order() {
        for total in [0, 10, PART - 1, PART, PART + 1, 2 * PART + 3] {
            let sent: Vec<u8> = (0..total).map(|at| (at % 251) as u8).collect();
            for piece in [PART / 3 + 1, PART, 5 * PART / 2] {
                let objects = Arc::new(InMemory::new());
                let target = Path::from("a/b");
                let mut upload = Upload::new(objects.clone(), target.clone());
                for bytes in sent.chunks(piece) {
                    upload.send(Bytes::copy_from_slice(bytes)).await.unwrap();
                    assert!(upload.rest_bytes < PART);
                    assert_eq!(upload.rest_bytes, upload.rest.iter().map(Bytes::len).sum::<usize>());
                }
                upload.finish().await.unwrap();
                let arrived = objects.get(&target).await.unwrap().bytes().await.unwrap();
                assert!(arrived == sent, "{total} bytes in pieces of {piece}");
            }
        }
    }
}
