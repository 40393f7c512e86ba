//! One rendering process, as the asking process sees it.

use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use embedkit_core::{Error, Result};

use super::limits::PdfLimits;
use super::outline::PdfHeading;
use super::process::PdfProcess;
use super::protocol::{self, Opening, PageRequest, Pixels, Wanted};
use super::refused::Refused;

/// Variables that a program may need to start; all others, which may hold secrets, are kept from it.
const KEPT_VARIABLES: [&str; 5] =
    ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "SystemRoot"];
/// How much is read of what a process that ended said on standard error.
const LAST_WORDS: u64 = 4096;

/// A process that has read the file and renders its pages, one at a time.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    errors: ChildStderr,
}

/// Why a process did not answer.
#[derive(Debug)]
pub(super) enum Failure {
    TooLong,
    TooMuchMemory,
    StackOverflow,
    Ended(ExitStatus),
    OtherProgram,
    /// It could not be spoken to, though it did not end.
    Broken(io::Error),
}

impl Failure {
    /// In the words of a message about what was to be rendered.
    pub(super) fn refused(self, limits: &PdfLimits) -> Refused {
        Refused::new(match self {
            Self::TooLong => format!("takes longer than {:?}, the limit `time`, to render", limits.time),
            Self::TooMuchMemory => {
                format!("takes more than {} MiB of memory, the limit `memory`, to render", limits.memory >> 20)
            }
            Self::StackOverflow => "is nested too deeply: it overflowed the stack of the renderer".to_owned(),
            Self::Ended(status) => format!("ended the process that renders it ({status})"),
            Self::OtherProgram => "cannot be rendered: the renderer's answers make no sense".to_owned(),
            Self::Broken(error) => format!("cannot be rendered: no answer comes from the renderer: {error}"),
        })
    }
}

impl Worker {
    /// Starts the program and gives it the file: the worker and the number of pages.
    pub(super) fn start(process: &PdfProcess, limits: &PdfLimits, name: &Path, file: &[u8]) -> Result<(Self, usize)> {
        let mut command = Command::new(&process.program);
        command.args(&process.arguments).env_clear();
        for variable in KEPT_VARIABLES {
            command.envs(std::env::var_os(variable).map(|value| (variable, value)));
        }
        // Ctrl-C is for the asking process, which may want to finish pages.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(Error::io(&process.program))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(Error::io(&process.program)(io::ErrorKind::BrokenPipe.into()));
        };
        let mut worker = Self { child, input, output, errors };
        let opened = worker.within(limits.time, |input, output| {
            // A program that is none of ours may not read; its answer tells.
            let sent = Opening::write(input, limits, file);
            protocol::read_greeting(output)?;
            sent?;
            protocol::read_page_count(output)
        });
        match opened {
            Ok(Ok(pages)) => Ok((worker, pages)),
            Ok(Err(refused)) => Err(refused.file(name)),
            Err(Failure::OtherProgram) => {
                let message =
                    format!("{} is no renderer of PDF pages, or one of another version", process.program.display());
                Err(Error::option("renderer", message))
            }
            Err(failure) => Err(failure.refused(limits).file(name)),
        }
    }

    /// Whether the process can be asked.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Renders a page, counted from 1.
    pub(super) fn render(
        &mut self,
        number: usize,
        dpi: f32,
        limits: &PdfLimits,
    ) -> Result<Result<Pixels, Refused>, Failure> {
        self.within(limits.time, |input, output| {
            PageRequest { number: number as u64, wanted: Wanted::Image { dpi } }.write(input)?;
            protocol::read_page(output, limits)
        })
    }

    /// The text of a page, counted from 1.
    pub(super) fn text(&mut self, number: usize, limits: &PdfLimits) -> Result<Result<String, Refused>, Failure> {
        self.within(limits.time, |input, output| {
            PageRequest { number: number as u64, wanted: Wanted::Text }.write(input)?;
            protocol::read_text(output)
        })
    }

    /// The headings of the file's outline.
    pub(super) fn outline(&mut self, limits: &PdfLimits) -> Result<Result<Vec<PdfHeading>, Refused>, Failure> {
        self.within(limits.time, |input, output| {
            PageRequest { number: 0, wanted: Wanted::Outline }.write(input)?;
            protocol::read_outline(output)
        })
    }

    /// What is said within a time; after that the process is ended, so that neither side waits.
    fn within<R>(
        &mut self,
        time: Duration,
        say: impl FnOnce(&mut ChildStdin, &mut ChildStdout) -> io::Result<R>,
    ) -> Result<R, Failure> {
        let Self { child, input, output, .. } = self;
        let (said, heard) = mpsc::channel::<()>();
        let (result, is_late) = thread::scope(|scope| {
            let watch = move || {
                let is_late = heard.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
                if is_late {
                    // It may have ended by itself.
                    let _ = child.kill();
                }
                is_late
            };
            let watch = thread::Builder::new().spawn_scoped(scope, watch).map_err(Failure::Broken)?;
            let result = say(input, output);
            drop(said);
            Ok((result, watch.join().unwrap_or(false)))
        })?;
        match result {
            Ok(answer) => Ok(answer),
            Err(_) if is_late => Err(Failure::TooLong),
            Err(error) => Err(self.failure(error)),
        }
    }

    /// Why the process is gone, or what else is wrong.
    fn failure(&mut self, error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::InvalidData => return Failure::OtherProgram,
            io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {}
            _ => return Failure::Broken(error),
        }
        // Its pipes are closed, so it has ended or is about to; what it does after that does not count.
        let ended = self.within_grace();
        let mut words = Vec::new();
        let _ = self.errors.by_ref().take(LAST_WORDS).read_to_end(&mut words);
        let words = String::from_utf8_lossy(&words);
        match ended {
            _ if words.contains("memory allocation of") => Failure::TooMuchMemory,
            _ if words.contains("overflowed its stack") => Failure::StackOverflow,
            Some(status) if is_out_of_time(status) => Failure::TooLong,
            Some(status) => Failure::Ended(status),
            None => Failure::Broken(error),
        }
    }

    /// How the process ended, which is waited for a moment and then made so.
    fn within_grace(&mut self) -> Option<ExitStatus> {
        const MOMENTS: u32 = 50;
        for _ in 0..MOMENTS {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        self.child.wait().ok()
    }
}

/// Whether the system ended the process for the processor time that it took.
#[cfg(unix)]
fn is_out_of_time(status: ExitStatus) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(SIGXCPU)
}

/// `SIGXCPU` of Linux on most processors; others say "ended".
#[cfg(unix)]
const SIGXCPU: i32 = 24;

#[cfg(not(unix))]
fn is_out_of_time(_: ExitStatus) -> bool {
    false
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
