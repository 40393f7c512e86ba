//! The archive of the program: with its licence, the changes, and completions for shells.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::PROGRAM;
use crate::failure::{Failure, Outcome, failed};
use crate::files::{read_bytes, unusable};
use crate::workspace;

/// Files of the workspace that go with the program.
const BESIDE: [&str; 3] = ["README.md", "CHANGELOG.md", "LICENSE"];
/// Shells, and the files that they look for.
const SHELLS: [(&str, &str); 4] =
    [("bash", "embedkit.bash"), ("zsh", "_embedkit"), ("fish", "embedkit.fish"), ("powershell", "embedkit.ps1")];

/// Writes the archive, whose files are in a folder of this name. The same program gives the same bytes.
pub(super) fn write(path: &Path, name: &str, program: &Path) -> Outcome {
    let file = File::create(path).map_err(unusable(path))?;
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::best()));
    let own = Path::new(PROGRAM).with_extension(std::env::consts::EXE_EXTENSION);
    add(&mut archive, &format!("{name}/{}", own.display()), &read_bytes(program)?, 0o755)?;
    for beside in BESIDE {
        let bytes = read_bytes(&workspace::root().join(beside))?;
        add(&mut archive, &format!("{name}/{beside}"), &bytes, 0o644)?;
    }
    for (shell, file) in SHELLS {
        let script = workspace::output(Command::new(program).args(["completions", shell]))?;
        add(&mut archive, &format!("{name}/completions/{file}"), script.as_bytes(), 0o644)?;
    }
    let ended = archive.into_inner().and_then(GzEncoder::finish);
    ended.map(drop).map_err(unusable(path))
}

fn add(archive: &mut tar::Builder<GzEncoder<File>>, name: &str, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    header.set_mtime(0);
    archive.append_data(&mut header, name, bytes).map_err(|error| failed(format!("{name}: {error}")))
}

/// Unpacks the archive and has the program do something.
pub(super) fn try_out(path: &Path, name: &str) -> Outcome {
    let folder = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
    let file = File::open(path).map_err(unusable(path))?;
    tar::Archive::new(GzDecoder::new(file)).unpack(folder.path()).map_err(unusable(path))?;
    let program = folder.path().join(name).join(PROGRAM).with_extension(std::env::consts::EXE_EXTENSION);
    let told = workspace::output(Command::new(program).args(["similarity", "--json", "a cat", "a kitten"]))?;
    match told.contains("\"similarity\"") {
        true => Ok(()),
        false => Err(failed(format!("the program of {} gives {told:?}", path.display()))),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A program that answers whatever it is asked.
    fn program(folder: &Path, answer: &str) -> std::path::PathBuf {
        let path = folder.join(PROGRAM);
        std::fs::write(&path, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn an_archive_has_everything_and_its_program_is_tried() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one.tar.gz"), folder.path().join("two.tar.gz"));
        let works = program(folder.path(), "{\"similarity\":[]}");
        write(&one, "embedkit-x", &works).unwrap();
        write(&two, "embedkit-x", &works).unwrap();
        assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
        try_out(&one, "embedkit-x").unwrap();
        let mut archive = tar::Archive::new(GzDecoder::new(File::open(&one).unwrap()));
        let names: Vec<String> =
            archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
        for name in ["embedkit", "LICENSE", "README.md", "CHANGELOG.md", "completions/_embedkit"] {
            assert!(names.contains(&format!("embedkit-x/{name}")), "{names:?}");
        }
        write(&one, "embedkit-x", &program(folder.path(), "nothing")).unwrap();
        assert!(try_out(&one, "embedkit-x").is_err());
    }
}
