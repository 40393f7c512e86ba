//! A socket of the file system: made where there is none that is listened on, and removed at the end.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// The file of a socket that this process listens on; it is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    made: Made,
}

/// What tells a file from another that was put in its place: device, number, and when it was made. That of a socket
/// does not change when its owner or its permissions do.
#[derive(Debug, PartialEq, Eq)]
struct Made(u64, u64, i64, i64);

impl SocketFile {
    /// Listens there. A socket on which nobody listens any more is replaced: its server was killed.
    pub(super) async fn listen(path: &Path) -> io::Result<(UnixListener, Self)> {
        if is_abandoned(path).await {
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        Ok((listener, Self { path: path.to_owned(), made: Made::of(path)? }))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Another server may have its own there by now.
        if Made::of(&self.path).is_ok_and(|made| made == self.made)
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the socket stays");
        }
    }
}

impl Made {
    fn of(path: &Path) -> io::Result<Self> {
        let file = std::fs::symlink_metadata(path)?;
        Ok(Self(file.dev(), file.ino(), file.mtime(), file.mtime_nsec()))
    }
}

/// Whether there is a socket on which nobody listens. One that cannot be told, as another user's, is none.
async fn is_abandoned(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    // This does not wait for a server with too much to do, as a connection of the standard library would.
    is_socket && UnixStream::connect(path).await.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}
