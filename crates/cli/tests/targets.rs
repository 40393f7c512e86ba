//! Where results go: what is replaced keeps its rights, and nothing that is read is lost.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use common::{embedkit, run};

fn shell(folder: &Path, script: &str) -> (i32, String) {
    let program = env!("CARGO_BIN_EXE_embedkit");
    let output = Command::new("sh")
        .args(["-c", &script.replace("EMBEDKIT", program)])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_that_is_replaced_keeps_its_mode_and_owner() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors");
    for mode in [0o600, 0o640, 0o666] {
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let is_root = std::os::unix::fs::chown(&file, Some(1234), Some(4321)).is_ok();
        assert_eq!(run(&["embed", "a", "-o", file.to_str().unwrap()]).code, 0);
        let meta = fs::metadata(&file).unwrap();
        assert_eq!(meta.mode() & 0o777, mode);
        if is_root {
            assert_eq!((meta.uid(), meta.gid()), (1234, 4321));
        }
        assert!(fs::read_to_string(&file).unwrap().starts_with("{\"index\":0"));
    }
}

#[test]
fn links_are_followed_also_those_that_lead_nowhere_yet() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("data")).unwrap();
    symlink("second", at("first")).unwrap();
    symlink("data/vectors", at("second")).unwrap();
    for _ in 0..2 {
        assert_eq!(run(&["embed", "a", "-o", at("first").to_str().unwrap()]).code, 0);
        assert!(fs::symlink_metadata(at("first")).unwrap().is_symlink());
        assert!(fs::read_to_string(at("data/vectors")).unwrap().starts_with('{'));
    }
    symlink("circle", at("circle")).unwrap();
    run(&["embed", "a", "-o", at("circle").to_str().unwrap()]).assert_fails(1, "circle");
}

#[test]
fn what_the_shell_opened_is_written_to_as_it_opened_it() {
    for (format, begins) in [("jsonl", "{"), ("npy", "\u{93}NUMPY")] {
        for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "-", "link"] {
            if name.starts_with("/proc") && !Path::new(name).exists() {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            symlink("/dev/stdout", folder.path().join("link")).unwrap();
            fs::write(folder.path().join("log"), "before ").unwrap();
            let (code, stderr) = shell(folder.path(), &format!("EMBEDKIT embed a --format {format} -o {name} >>log"));
            assert_eq!(code, 0, "{name}: {stderr}");
            let bytes = fs::read(folder.path().join("log")).unwrap();
            let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
            assert!(text.starts_with(&format!("before {begins}")), "{name}: {text}");
            assert_eq!(names(folder.path()), ["link", "log"]);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("log"), "before ").unwrap();
    assert_eq!(shell(folder.path(), "EMBEDKIT embed a -o /dev/fd/3 3>>log").0, 0);
    assert!(fs::read_to_string(folder.path().join("log")).unwrap().starts_with("before {"));
}

#[test]
fn an_output_that_is_also_the_input_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("t"), "a cat\n").unwrap();
    fs::hard_link(at("t"), at("hard")).unwrap();
    symlink("t", at("soft")).unwrap();
    fs::create_dir(at("d")).unwrap();
    for arguments in [
        "embed -i t -o t",
        "embed -i t -o ./t",
        "embed -i d/../t -o t",
        "embed -i t -o soft",
        "embed -i soft -o t",
        "embed -i t -o hard",
        "embed -i t >>t",
        "embed -i t -o /dev/stdout >>t",
        "embed <t -o t",
        "embed <t >>t",
        "embed -i /dev/stdin -o t <t",
        "embed -i /dev/fd/3 -o t 3<t",
        "embed -i t -o /dev/fd/3 3>>t",
        "embed --encoding int8 --calibration t -o t a",
        "embed --tuning t -o t a",
        "tokens -i t -o t",
        "muvera --dim 4 -i t -o t",
        "tune -i t -o t",
        "rerank --query q -i t -o t",
        "score --query q -i t -o t",
        "explain --query q --image t --png t",
        "--manifest t embed a -o t",
    ] {
        let (code, stderr) = shell(folder.path(), &format!("EMBEDKIT {arguments}"));
        assert_eq!(code, 2, "{arguments}: {stderr}");
        assert!(stderr.contains("is the same file as"), "{arguments}: {stderr}");
        assert_eq!(fs::read_to_string(at("t")).unwrap(), "a cat\n", "{arguments}");
    }
    let (code, stderr) = shell(folder.path(), "EMBEDKIT embed -i t -o other && EMBEDKIT embed a t -o t </dev/null");
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn a_file_that_may_not_be_written_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors");
    fs::write(&file, "kept").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o400)).unwrap();
    if File::options().write(true).open(&file).is_ok() {
        return; // Root may write everything.
    }
    run(&["embed", "a", "-o", file.to_str().unwrap()]).assert_fails(1, "vectors");
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
}

#[test]
fn what_killed_runs_left_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let left = File::create(folder.path().join(".embedkit-abcdefABCDEF.part")).unwrap();
    left.set_modified(SystemTime::now() - Duration::from_secs(600)).unwrap();
    drop(left);
    assert_eq!(run(&["embed", "a", "-o", folder.path().join("vectors").to_str().unwrap()]).code, 0);
    assert_eq!(names(folder.path()), ["vectors"]);
}

#[test]
fn a_run_that_is_killed_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors");
    fs::write(&file, "as it was").unwrap();
    let mut child = embedkit().args(["embed", "-o", file.to_str().unwrap()]).stdin(Stdio::piped()).spawn().unwrap();
    while names(folder.path()).len() < 2 {
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "as it was");
}

#[test]
fn pages_of_explanations_are_whole_or_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let private = folder.path().join("page.html");
    fs::write(&private, "old").unwrap();
    fs::set_permissions(&private, Permissions::from_mode(0o600)).unwrap();
    let fixture = common::fixtures("colbert").join("colbert");
    let golden: serde_json::Value = serde_json::from_slice(&fs::read(fixture.join("golden.json")).unwrap()).unwrap();
    let row = serde_json::from_value(golden["model"].clone()).unwrap();
    let model = common::model_args(folder.path(), row, &fixture);
    let model: Vec<&str> = model.iter().map(String::as_str).collect();
    let explain = ["explain", "--query", "hello", "hello world", "--html", private.to_str().unwrap()];
    assert_eq!(run(&[&explain[..], &model].concat()).code, 0);
    assert_eq!(fs::metadata(&private).unwrap().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&private).unwrap().ends_with("</html>\n"));
}
