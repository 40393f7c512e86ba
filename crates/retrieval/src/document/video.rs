//! Frames of videos, by `ffmpeg`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use embedkit_core::{Error, ImageInput};

use super::reader::{InputFile, Reader, Wanted};
use super::{Document, Documents};

/// Reads videos, a document a frame, sampled evenly: where `ffmpeg` and `ffprobe` are installed. A frame is decoded when it
/// is embedded, and not kept, so that memory does not grow with a video's length. A video of more than 100,000 frames, or as
/// many as [`frames`](Self::frames) says, is refused: at one every five seconds, that is one of six days.
#[derive(Clone, Debug)]
pub struct Video {
    seconds: f64,
    frames: u64,
    programs: Programs,
}

/// Frames of a video, unless it is said otherwise: as many as a PDF file may have pages.
const FRAMES: u64 = 100_000;

/// The programs that know videos.
#[derive(Clone, Debug)]
struct Programs {
    ffmpeg: PathBuf,
    ffprobe: PathBuf,
}

impl Default for Programs {
    fn default() -> Self {
        Self { ffmpeg: "ffmpeg".into(), ffprobe: "ffprobe".into() }
    }
}

impl Video {
    /// A frame every so many seconds.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for what is no number above 0.
    pub fn every(seconds: f64) -> Result<Self, Error> {
        match seconds.is_finite() && seconds > 0.0 {
            true => Ok(Self { seconds, frames: FRAMES, programs: Programs::default() }),
            false => Err(Error::option("frame-seconds", format!("must be a number above 0, not {seconds}"))),
        }
    }

    /// The most frames of a video: what files say of their length need not be true. Default: 100,000.
    #[must_use]
    pub fn frames(mut self, frames: u64) -> Self {
        self.frames = frames;
        self
    }

    /// Other programs than those that the system finds by the names `ffmpeg` and `ffprobe`.
    #[must_use]
    pub fn programs(mut self, ffmpeg: impl Into<PathBuf>, ffprobe: impl Into<PathBuf>) -> Self {
        self.programs = Programs { ffmpeg: ffmpeg.into(), ffprobe: ffprobe.into() };
        self
    }
}

impl Reader for Video {
    fn kinds(&self) -> &[&str] {
        &["mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ogv"]
    }

    fn gives(&self) -> Wanted {
        Wanted::IMAGES
    }

    fn takes_bytes(&self) -> bool {
        false
    }

    fn settings(&self) -> String {
        format!("a frame every {} s", self.seconds)
    }

    fn read(&self, file: InputFile<'_>, _: Vec<u8>) -> Result<Documents, String> {
        let duration = self.programs.duration(file.path)?;
        // The last moment has no frame behind it.
        let count = (duration / self.seconds).ceil().max(1.0);
        if count > self.frames as f64 {
            return Err(format!(
                "is a video of {duration} s, of which {count} frames would be read, more than {}; a larger `frame-seconds` \
                 takes fewer",
                self.frames
            ));
        }
        let frame = |at: usize| {
            let time = at as f64 * self.seconds;
            let (programs, path) = (self.programs.clone(), file.path.to_owned());
            let image = ImageInput::deferred(format!("{} at {time} s", file.name), move || programs.frame(&path, time));
            Document { time: Some(time), ..Document::of_image(image) }
        };
        Ok(Documents { documents: (0..count as usize).map(frame).collect(), refused: Vec::new() })
    }
}

/// The frame of a video at a time in seconds, by the `ffmpeg` that the system finds.
///
/// # Errors
/// [`Error::InvalidInput`]: no `ffmpeg`, no such video, no frame there.
pub fn video_frame(path: impl AsRef<Path>, time: f64) -> Result<ImageInput, Error> {
    Programs::default().frame(path.as_ref(), time)
}

impl Programs {
    /// Seconds of a video.
    fn duration(&self, path: &Path) -> Result<f64, String> {
        let mut probe = Command::new(&self.ffprobe);
        probe.args(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"]).arg(named(path));
        let told = run(probe, &self.ffprobe)?;
        let text = String::from_utf8_lossy(&told.stdout).trim().to_owned();
        text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0).ok_or_else(|| {
            let seen = if text.is_empty() { "nothing" } else { &text };
            format!("is a video of unknown length: ffprobe says {seen}")
        })
    }

    fn frame(&self, path: &Path, time: f64) -> Result<ImageInput, Error> {
        let mut decode = Command::new(&self.ffmpeg);
        decode.args(["-nostdin", "-v", "error", "-ss", &time.to_string(), "-i"]).arg(named(path));
        decode.args(["-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-"]);
        let png = run(decode, &self.ffmpeg).map_err(|reason| Error::input(format!("{} {reason}", path.display())))?;
        match png.stdout.is_empty() {
            true => Err(Error::input(format!("{} has no frame at {time} s", path.display()))),
            false => Ok(ImageInput::bytes(png.stdout)),
        }
    }
}

/// A path that is taken for no option and no address.
fn named(path: &Path) -> PathBuf {
    if path.is_absolute() { path.to_owned() } else { Path::new(".").join(path) }
}

/// What a program tells, or why it does not, in words that follow the file's name.
fn run(mut command: Command, program: &Path) -> Result<Output, String> {
    let name = program.display();
    let output = command.stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("is a video, and {name} is not installed"),
        _ => format!("is a video, and {name} does not start: {error}"),
    })?;
    match output.status.success() {
        true => Ok(output),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("cannot be read by {name}: {}", said.lines().next_back().unwrap_or("it does not say why")))
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use embedkit_core::ImageSource;

    use super::*;

    /// Programs that answer as ffmpeg does: with a length, and with an image that names the time.
    fn stand_ins(folder: &Path) -> Video {
        let program = |name: &str, script: &str| {
            let path = folder.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        let probe = program(
            "probe",
            "case \"$7\" in *broken*) echo 'moov atom not found' >&2; exit 1;; *endless*) echo 9000000000000; exit;; esac\necho 12.5",
        );
        let decode = program("decode", "printf 'frame at %s of %s' \"$5\" \"$7\"");
        Video::every(5.0).unwrap().programs(decode, probe)
    }

    fn read(video: &Video, name: &str) -> Result<Documents, String> {
        video.read(InputFile { name, path: Path::new(name), wanted: Wanted::IMAGES }, Vec::new())
    }

    #[test]
    fn frames_are_sampled_and_decoded_when_they_are_needed() {
        let folder = tempfile::tempdir().unwrap();
        let documents = read(&stand_ins(folder.path()), "film.mp4").unwrap().documents;
        assert_eq!(documents.iter().map(|frame| frame.time).collect::<Vec<_>>(), [Some(0.0), Some(5.0), Some(10.0)]);
        let ImageSource::Deferred { name, make } = documents[1].image.as_ref().unwrap().0.source() else { panic!() };
        assert_eq!(&**name, "film.mp4 at 5 s");
        let ImageSource::Bytes(bytes) = make().unwrap().source().clone() else { panic!() };
        assert_eq!(String::from_utf8_lossy(&bytes), "frame at 5 of ./film.mp4");
        assert_eq!(documents[1].record("film.mp4", 0, 1, 0..0).id, "film.mp4:5s");
    }

    #[test]
    fn what_is_missing_or_broken_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let broken = read(&stand_ins(folder.path()), "broken.mp4").unwrap_err();
        assert!(broken.contains("moov atom not found"), "{broken}");
        let missing = read(&Video::every(1.0).unwrap().programs("no-ffmpeg", "no-ffprobe"), "film.mp4").unwrap_err();
        assert!(missing.contains("no-ffprobe is not installed"), "{missing}");
        let endless = read(&stand_ins(folder.path()), "endless.mp4").unwrap_err();
        assert!(endless.contains("1800000000000 frames") && endless.contains("frame-seconds"), "{endless}");
        let few = stand_ins(folder.path()).frames(2);
        assert!(read(&few, "film.mp4").unwrap_err().contains("3 frames would be read, more than 2"));
        assert_eq!(read(&few.frames(3), "film.mp4").unwrap().documents.len(), 3);
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Video::every(wrong).is_err(), "{wrong}");
        }
    }
}
