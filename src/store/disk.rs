//! The local disk as an object store that survives a power cut.
//!
//! `object_store`'s local file system never syncs: after a power cut a file can be there under its name and be empty.
//! For a log entry that would be a broken table. Here a small object (every log entry is one) is written under a
//! temporary name, synced, and only then given its name; a large one (a data file) is synced after it got its name,
//! which is early enough because nothing names it before the log does. Folders are synced as well, and new ones are
//! for the owner only. Listings come sorted, and neighbouring ranges are read as one.

use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart, coalesce_ranges,
};

/// Ends the name of a file that is being written; listed as any other, and removed by upkeep when left behind.
pub(super) const UNFINISHED: &str = ".tmp";

/// Bytes that may lie between two ranges that are read as one.
const APART: u64 = 4096;

/// A folder as an object store. All paths are below that folder.
#[derive(Debug)]
pub(super) struct DurableDisk {
    inner: LocalFileSystem,
    root: PathBuf,
}

impl DurableDisk {
    /// Creates the folder when it is missing (mode 0700).
    pub fn open(root: &FilePath) -> Result<Self> {
        create_folders(root).map_err(failed)?;
        Ok(Self { inner: LocalFileSystem::new_with_prefix(root)?, root: root.to_owned() })
    }

    /// Makes what is at this path durable: its content, its name, and new folders above it.
    async fn settle(&self, location: &Path) -> Result<()> {
        let path = self.inner.path_to_filesystem(location)?;
        blocking(move || {
            File::open(&path)?.sync_all()?;
            sync_folder(parent(&path)?)
        })
        .await
    }

    async fn make_room(&self, location: &Path) -> Result<()> {
        let path = self.inner.path_to_filesystem(location)?;
        blocking(move || create_folders(parent(&path)?)).await
    }
}

impl std::fmt::Display for DurableDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DurableDisk({})", self.root.display())
    }
}

#[async_trait]
impl ObjectStore for DurableDisk {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let replace = match opts.mode {
            PutMode::Overwrite => true,
            PutMode::Create => false,
            // The inner store knows how to refuse it.
            PutMode::Update(_) => return self.inner.put_opts(location, payload, opts).await,
        };
        let path = self.inner.path_to_filesystem(location)?;
        let named = location.to_string();
        blocking(move || put(&path, &payload, replace)).await.map_err(|error| match already_exists(&error) {
            true => Error::AlreadyExists { path: named, source: error.into() },
            false => error,
        })?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.make_room(location).await?;
        let upload = self.inner.put_multipart_opts(location, opts).await?;
        let path = self.inner.path_to_filesystem(location)?;
        Ok(Box::new(DurableUpload { upload, path }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    /// What lies side by side comes in one piece of memory: the columns of a row group are taken together and let go
    /// together, and forty pieces of forty sizes leave as many holes.
    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        // A file that ends within a range is an error there, where `get_range` gives what there is.
        let whole = |range: Range<u64>| async move {
            let read = self.inner.get_ranges(location, std::slice::from_ref(&range)).await?;
            Ok(read.into_iter().next().unwrap_or_default())
        };
        coalesce_ranges(ranges, whole, APART).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        sorted(self.inner.list(prefix))
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        sorted(self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.make_room(to).await?;
        self.inner.copy_opts(from, to, options).await?;
        self.settle(to).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.make_room(to).await?;
        self.inner.rename_opts(from, to, options).await?;
        self.settle(to).await
    }
}

/// By path, as buckets list and as the Delta crate expects it; a disk lists in any order.
fn sorted(listed: BoxStream<'static, Result<ObjectMeta>>) -> BoxStream<'static, Result<ObjectMeta>> {
    stream::once(async move {
        let mut found: Vec<ObjectMeta> = listed.try_collect().await?;
        found.sort_unstable_by(|a, b| a.location.cmp(&b.location));
        Ok::<_, Error>(stream::iter(found).map(Ok))
    })
    .try_flatten()
    .boxed()
}

/// A large object on its way.
#[derive(Debug)]
struct DurableUpload {
    upload: Box<dyn MultipartUpload>,
    path: PathBuf,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.upload.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let done = self.upload.complete().await?;
        let path = self.path.clone();
        blocking(move || {
            File::open(&path)?.sync_all()?;
            sync_folder(parent(&path)?)
        })
        .await?;
        Ok(done)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

fn put(path: &FilePath, payload: &PutPayload, replace: bool) -> io::Result<()> {
    let folder = parent(path)?;
    create_folders(folder)?;
    let mut file = tempfile::Builder::new().prefix(".").suffix(UNFINISHED).tempfile_in(folder)?;
    for part in payload {
        file.write_all(part)?;
    }
    file.as_file().sync_all()?;
    match replace {
        true => file.persist(path)?,
        false => file.persist_noclobber(path)?,
    };
    sync_folder(folder)
}

/// Creates a folder and those above it, owner only, and makes each new one durable.
pub(super) fn create_folders(folder: &FilePath) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        create_folders(above)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        // Two writers may create the first day of a table at once.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_folder(parent(folder)?),
    }
}

fn parent(path: &FilePath) -> io::Result<&FilePath> {
    let above = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    Ok(if above.as_os_str().is_empty() { FilePath::new(".") } else { above })
}

/// Makes the names in a folder durable.
#[cfg(unix)]
fn sync_folder(folder: &FilePath) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file; its file system keeps names by its own journal.
#[cfg(not(unix))]
fn sync_folder(_folder: &FilePath) -> io::Result<()> {
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await?.map_err(failed)
}

fn failed(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => Error::NotFound { path: String::new(), source: error.into() },
        io::ErrorKind::PermissionDenied => Error::PermissionDenied { path: String::new(), source: error.into() },
        _ => Error::Generic { store: "DurableDisk", source: error.into() },
    }
}

fn already_exists(error: &Error) -> bool {
    let Error::Generic { source, .. } = error else { return false };
    source.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::AlreadyExists)
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::buffered::BufWriter;
    use std::sync::Arc;
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn creating_twice_is_refused_and_overwriting_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let disk = DurableDisk::open(&folder.path().join("a/b")).unwrap();
        let path = Path::from("x/y/1.json");
        disk.put_opts(&path, "one".into(), PutMode::Create.into()).await.unwrap();
        let again = disk.put_opts(&path, "two".into(), PutMode::Create.into()).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
        assert_eq!(disk.get(&path).await.unwrap().bytes().await.unwrap(), "one");
        disk.put(&path, "three".into()).await.unwrap();
        assert_eq!(disk.get(&path).await.unwrap().bytes().await.unwrap(), "three");
        let names: Vec<_> = std::fs::read_dir(folder.path().join("a/b/x/y")).unwrap().collect();
        assert_eq!(names.len(), 1, "no temporary file stays behind");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn folders_and_files_are_for_the_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let disk = DurableDisk::open(&folder.path().join("lake")).unwrap();
        disk.put(&Path::from("t/1.json"), "x".into()).await.unwrap();
        let mode = |path: &str| std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("lake"), mode("lake/t"), mode("lake/t/1.json")), (0o700, 0o700, 0o600));
    }

    #[tokio::test]
    async fn ranges_come_as_asked_for_whether_side_by_side_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let disk = DurableDisk::open(folder.path()).unwrap();
        let (path, bytes) = (Path::from("t/1.parquet"), Bytes::from_iter((0..100_000_u32).map(|at| (at % 251) as u8)));
        disk.put(&path, bytes.clone().into()).await.unwrap();
        let ranges = [50_000..50_010, 0..10, 10..4_000, 4_000..4_001, 8_097..8_100, 30_000..30_000, 99_999..100_000];
        let read = disk.get_ranges(&path, &ranges).await.unwrap();
        let wanted: Vec<_> = ranges.iter().map(|range| bytes.slice(range.start as usize..range.end as usize)).collect();
        assert_eq!(read, wanted);
        assert!(disk.get_ranges(&path, &[]).await.unwrap().is_empty());
        let beyond = disk.get_ranges(&path, &[99_000..100_000, 100_000..100_010]).await;
        assert!(beyond.is_err(), "a file that ends early is an error and no shorter range");
    }

    #[tokio::test]
    async fn a_large_object_arrives_whole_and_an_aborted_one_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(DurableDisk::open(folder.path()).unwrap());
        let path = Path::from("t/day=1/big.parquet");
        let mut writer = BufWriter::with_capacity(disk.clone(), path.clone(), 1024);
        writer.put(Bytes::from(vec![7; 10_000])).await.unwrap();
        writer.shutdown().await.unwrap();
        assert_eq!(disk.head(&path).await.unwrap().size, 10_000);

        let mut writer = BufWriter::with_capacity(disk.clone(), Path::from("t/day=2/big.parquet"), 1024);
        writer.put(Bytes::from(vec![7; 10_000])).await.unwrap();
        writer.abort().await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path().join("t/day=2")).unwrap().count(), 0);
    }
}
