//! A file that appears under its name when it is complete, or a stream.

mod place;
pub(crate) mod temporary;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Seek, SeekFrom, Stdout, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempPath;

use place::Place;

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
    /// Copying a temporary file to a stream, which the format could not be written to.
    Copy(Box<Target>),
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

    /// As [`open`](Self::open), for formats of bytes that go back to their beginning. A terminal has no use for them.
    pub(crate) fn open_seekable(path: Option<&PathBuf>) -> Result<Self> {
        let target = Self::open(path)?;
        if matches!(target.end, End::Rename { .. }) {
            return Ok(target);
        }
        if target.is_terminal() {
            return Err(Failure::Usage(
                "this format is not for a terminal: name a file with --output, or leave --format out".to_owned(),
            ));
        }
        let file = tempfile::tempfile().map_err(Failure::io("a temporary file"))?;
        Ok(Self::new(Handle::File(file), End::Copy(Box::new(target))))
    }

    /// A whole file, in one step.
    pub(crate) fn write_file(path: &PathBuf, bytes: &[u8]) -> Result<()> {
        let mut target = Self::open(Some(path))?;
        target.write_all(bytes).map_err(|error| target.failure(error))?;
        target.commit()
    }

    fn is_terminal(&self) -> bool {
        match self.writer.get_ref() {
            Handle::Stdout(stdout) => stdout.is_terminal(),
            Handle::File(file) => file.is_terminal(),
        }
    }

    /// Opens a file to write at its end, where it is seen at once.
    pub(crate) fn append(path: Option<&PathBuf>) -> Result<Self> {
        let Some(path) = path.filter(|path| !is_standard_stream(Some(path))) else {
            return Err(Failure::Usage("--resume needs a file: name it with --output".to_owned()));
        };
        let label = path.display().to_string();
        let file = File::options().append(true).create(true).open(path).map_err(Failure::io(&label))?;
        Ok(Self::new(Handle::File(file), End::Stream(label)))
    }

    fn new(handle: Handle, end: End) -> Self {
        Self { writer: BufWriter::with_capacity(1 << 16, handle), end, flushed: Instant::now() }
    }

    fn file(path: &Path) -> Result<Self> {
        let label = path.display().to_string();
        match Place::of(path)? {
            Place::Stdout => Ok(Self::new(Handle::Stdout(io::stdout()), End::Stream("standard output".to_owned()))),
            Place::Stream(file) => Ok(Self::new(Handle::File(file), End::Stream(label))),
            Place::File(to) => {
                let replaced = match File::options().write(true).open(&to) {
                    Ok(file) => Some(file.metadata().map_err(Failure::io(&label))?),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                    Err(error) => return Err(Failure::io(label)(error)),
                };
                let temporary = temporary::beside(&to, replaced.as_ref());
                let (file, from) = temporary.map_err(|error| no_folder(error, &to))?.into_parts();
                Ok(Self::new(Handle::File(file), End::Rename { from, to }))
            }
        }
    }

    /// Lets results out that have waited long enough.
    pub(crate) fn let_out_what_waited(&mut self) -> Result<()> {
        if self.flushed.elapsed() > PATIENCE { self.let_out() } else { Ok(()) }
    }

    /// Lets results out to whoever reads a stream.
    pub(crate) fn let_out(&mut self) -> Result<()> {
        if matches!(self.end, End::Stream(_)) && !self.writer.buffer().is_empty() {
            self.flushed = Instant::now();
            self.writer.flush().map_err(|error| self.end.failure(error))?;
        }
        Ok(())
    }

    /// The bytes that were written, of a file.
    #[cfg(feature = "parquet")]
    pub(crate) fn length(&mut self) -> Result<u64> {
        self.writer.flush().map_err(|error| self.end.failure(error))?;
        match self.writer.get_ref() {
            Handle::File(file) => Ok(file.metadata().map_err(|error| self.end.failure(error))?.len()),
            Handle::Stdout(_) => Ok(0),
        }
    }

    /// How errors name it.
    pub(crate) fn label(&self) -> String {
        match &self.end {
            End::Stream(label) => label.clone(),
            End::Copy(_) => "a temporary file".to_owned(),
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
                from.persist(&to).map_err(|error| kept(error, &to))
            }
            (Handle::File(mut file), End::Copy(mut stream)) => {
                file.seek(SeekFrom::Start(0)).map_err(Failure::io("a temporary file"))?;
                io::copy(&mut file, &mut *stream).map_err(|error| stream.failure(error))?;
                stream.commit()
            }
            (mut handle, end) => handle.flush().map_err(|error| end.failure(error)),
        }
    }
}

/// The failure to make a file; the temporary one's name would tell nobody anything.
fn no_folder(error: io::Error, file: &Path) -> Failure {
    let label = file.display().to_string();
    match file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        Some(folder) => Failure::Failed(format!("{label}: there is no folder {}", folder.display())),
        None => Failure::io(label)(error),
    }
}

/// The failure to give a whole file its name: hours of work stay where they are.
fn kept(error: tempfile::PathPersistError, to: &Path) -> Failure {
    let what = match error.path.keep() {
        Ok(path) => format!("{} (the results are in {})", to.display(), path.display()),
        Err(_) => to.display().to_string(),
    };
    Failure::io(what)(error.error)
}

impl End {
    fn failure(&self, error: io::Error) -> Failure {
        match self {
            Self::Stream(_) if error.kind() == io::ErrorKind::BrokenPipe => Failure::OutputClosed,
            Self::Stream(label) => Failure::io(label)(error),
            Self::Copy(_) => Failure::io("a temporary file")(error),
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
