//! A file that appears under its name when it is complete, or a stream.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Stdout, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempPath;

use crate::failure::{Failure, Result};
use crate::input::is_standard_stream;

/// Results wait no longer than this in a buffer before a stream's reader.
const PATIENCE: Duration = Duration::from_millis(100);

/// Where results are written.
pub(crate) struct Target {
    writer: BufWriter<Handle>,
    end: End,
    flushed: Instant,
}

enum Handle {
    Stdout(Stdout),
    File(File),
}

/// What is left to do when everything is written.
enum End {
    /// Nothing: it was a stream.
    Stream(String),
    /// Copying a temporary file to standard output, which the format could not be written to.
    Copy,
    /// Giving the temporary file its name.
    Rename { from: TempPath, to: PathBuf },
}

impl Target {
    /// Opens standard output (no path, or `-`) or a file.
    pub(crate) fn open(path: Option<&PathBuf>) -> Result<Self> {
        match path {
            Some(path) if !is_standard_stream(Some(path)) => Self::file(path),
            _ => Ok(Self::new(Handle::Stdout(io::stdout()), End::Stream("standard output".to_owned()))),
        }
    }

    /// As [`open`](Self::open), for formats that go back to their beginning.
    pub(crate) fn open_seekable(path: Option<&PathBuf>) -> Result<Self> {
        if !is_standard_stream(path) {
            return Self::open(path);
        }
        let file = tempfile::tempfile().map_err(Failure::io("a temporary file"))?;
        Ok(Self::new(Handle::File(file), End::Copy))
    }

    fn new(handle: Handle, end: End) -> Self {
        Self { writer: BufWriter::with_capacity(1 << 16, handle), end, flushed: Instant::now() }
    }

    fn file(path: &Path) -> Result<Self> {
        // A link stays a link: what it points to is replaced.
        let to = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let label = path.display().to_string();
        match to.metadata() {
            Ok(meta) if meta.is_dir() => Err(Failure::Failed(format!("{label} is a folder, not a file to write"))),
            Ok(meta) if !meta.is_file() => {
                let file = File::options().write(true).open(&to).map_err(Failure::io(&label))?;
                Ok(Self::new(Handle::File(file), End::Stream(label)))
            }
            _ => {
                let (file, from) = temporary_beside(&to).map_err(Failure::io(label))?.into_parts();
                Ok(Self::new(Handle::File(file), End::Rename { from, to }))
            }
        }
    }

    /// Lets results out that have waited long enough.
    pub(crate) fn pause(&mut self) -> Result<()> {
        if matches!(self.end, End::Stream(_)) && self.flushed.elapsed() > PATIENCE {
            self.flushed = Instant::now();
            self.writer.flush().map_err(|error| self.end.failure(error))?;
        }
        Ok(())
    }

    /// How errors name it.
    pub(crate) fn label(&self) -> String {
        match &self.end {
            End::Stream(label) => label.clone(),
            End::Copy => "a temporary file".to_owned(),
            End::Rename { to, .. } => to.display().to_string(),
        }
    }

    /// An error of writing here, as a failure.
    pub(crate) fn failure(&self, error: io::Error) -> Failure {
        self.end.failure(error)
    }

    /// Makes the results final.
    pub(crate) fn commit(self) -> Result<()> {
        let Self { writer, end, .. } = self;
        let handle = writer.into_inner().map_err(|error| end.failure(error.into_error()))?;
        match (handle, end) {
            (Handle::File(file), End::Rename { from, to }) => {
                file.sync_all().map_err(Failure::io(to.display().to_string()))?;
                drop(file);
                from.persist(&to).map_err(|error| Failure::io(to.display().to_string())(error.error))
            }
            (Handle::File(mut file), End::Copy) => {
                file.seek(SeekFrom::Start(0)).map_err(Failure::io("a temporary file"))?;
                let mut stdout = io::stdout().lock();
                io::copy(&mut file, &mut stdout).and_then(|_| stdout.flush()).map_err(Failure::stdout)
            }
            (mut handle, end) => handle.flush().map_err(|error| end.failure(error)),
        }
    }
}

/// A temporary file with the permissions of an ordinary one.
fn temporary_beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".embedkit-");
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt as _;
        // The process's mask takes off what it must.
        builder.permissions(std::fs::Permissions::from_mode(0o666))
    };
    builder.tempfile_in(folder)
}

impl End {
    fn failure(&self, error: io::Error) -> Failure {
        match self {
            Self::Stream(_) if error.kind() == io::ErrorKind::BrokenPipe => Failure::OutputClosed,
            Self::Stream(label) => Failure::io(label)(error),
            Self::Copy => Failure::io("a temporary file")(error),
            Self::Rename { to, .. } => Failure::io(to.display().to_string())(error),
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Seek for Target {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.writer.flush()?;
        match self.writer.get_mut() {
            Handle::File(file) => file.seek(to),
            Handle::Stdout(_) => Err(io::ErrorKind::NotSeekable.into()),
        }
    }
}

impl Write for Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File(file) => file.flush(),
        }
    }
}
