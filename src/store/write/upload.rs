//! Bytes to an object of unknown length: in one request when it stays small, else in parts, a few at a time.
//!
//! `object_store`'s own buffered writer can leave parts behind when the last of them fails, and cannot be withdrawn
//! any more then; parts without an object cost money and are seen by nobody.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt};
use tokio::task::JoinSet;

use crate::store::StoreError;

/// Above the 5 MiB that S3 asks of all parts but the last; 10,000 of them are 80 GB.
const PART: usize = 8 << 20;
const PARTS_IN_FLIGHT: usize = 3;

pub(super) struct Upload {
    objects: Arc<dyn ObjectStore>,
    target: Path,
    /// Not sent yet, less than a part.
    rest: BytesMut,
    parts: Option<Box<dyn MultipartUpload>>,
    in_flight: JoinSet<Result<(), Error>>,
}

impl Upload {
    pub fn new(objects: Arc<dyn ObjectStore>, target: Path) -> Self {
        Self { objects, target, rest: BytesMut::new(), parts: None, in_flight: JoinSet::new() }
    }

    pub async fn send(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.rest.extend_from_slice(&bytes);
        while self.rest.len() >= PART {
            let part = self.rest.split_to(PART).freeze();
            self.send_part(part).await?;
        }
        Ok(())
    }

    /// The object is there when this returns, and durable.
    pub async fn finish(&mut self) -> Result<(), StoreError> {
        let rest = self.rest.split().freeze();
        if self.parts.is_none() {
            self.objects.put(&self.target, rest.into()).await.map_err(failed)?;
            return Ok(());
        }
        if !rest.is_empty() {
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

    async fn send_part(&mut self, part: Bytes) -> Result<(), StoreError> {
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
        self.in_flight.spawn(parts.put_part(part.into()));
        Ok(())
    }
}

fn arrived(sent: Result<Result<(), Error>, tokio::task::JoinError>) -> Result<(), StoreError> {
    sent.map_err(|error| StoreError::internal(format!("writing a day: {error}")))?.map_err(failed)
}

fn failed(error: Error) -> StoreError {
    StoreError::sort("writing a day", &error)
}
