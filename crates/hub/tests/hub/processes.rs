//! Several processes at one cache, and processes that die.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::*;
use embedkit_fixtures::hub::{Fault, sha256};

/// What [`fetch_in_a_process_of_its_own`] is told.
const ENDPOINT: &str = "EMBEDKIT_TEST_ENDPOINT";
const CACHE: &str = "EMBEDKIT_TEST_CACHE";

#[test]
#[ignore = "the other tests here run it, in a process of its own"]
fn fetch_in_a_process_of_its_own() {
    let (Ok(endpoint), Ok(cache)) = (std::env::var(ENDPOINT), std::env::var(CACHE)) else { return };
    let mut options = patient_options();
    (options.endpoint, options.cache_dir) = (Some(endpoint), Some(cache.into()));
    assert_complete(&Hub::new(options).unwrap().fetch(&request()).unwrap());
}

/// That test's name, after the test program's own.
fn name() -> String {
    format!("{}::fetch_in_a_process_of_its_own", module_path!().split_once("::").unwrap().1)
}

fn spawn(server: &Server, cache: &Path) -> Child {
    command(server, cache).spawn().unwrap()
}

fn command(server: &Server, cache: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", &name()]).env(ENDPOINT, &server.url).env(CACHE, cache);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The hub of that process was told that there are none.
#[test]
fn the_processs_variables_do_not_matter() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let mut command = command(&server, cache.path());
    for (variable, value) in
        [("HF_TOKEN", "hf_secret"), ("HTTP_PROXY", "http://127.0.0.1:1"), ("HF_ENDPOINT", "http://127.0.0.1:1")]
    {
        command.env(variable, value);
    }
    assert!(command.status().unwrap().success());
    assert!(server.seen().iter().all(|seen| !seen.headers.contains_key("authorization")), "{:?}", server.seen());
}

#[test]
fn two_processes_download_once() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.fault("GET", "model.onnx", 9, Fault::Trickle(Duration::from_micros(500)));
    let children = [spawn(&server, cache.path()), spawn(&server, cache.path())];
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(server.count("GET", "model.onnx"), 1);
    assert_complete(&offline_hub(cache.path()).fetch(&request()).unwrap());
}

#[test]
fn threads_download_once() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.fault("GET", "model.onnx", 9, Fault::Trickle(Duration::from_micros(200)));
    let (options, events) = events(options(&server, cache.path()));
    let hub = Hub::new(options).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_complete(&hub.fetch(&request()).unwrap()));
        }
    });
    assert_eq!(server.count("GET", "model.onnx"), 1);
    assert!(events.lock().unwrap().iter().any(|event| matches!(event, HubEvent::Waiting { .. })));
}

#[test]
fn a_killed_download_goes_on_where_it_stopped() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    server.fault("GET", "model.onnx", 1, Fault::Trickle(Duration::from_millis(5)));
    let mut child = spawn(&server, cache.path());
    let part = cache.path().join(format!("models--org--model/blobs/{}.incomplete", sha256(&weights())));
    let received = || std::fs::metadata(&part).map_or(0, |meta| meta.len());
    let start = Instant::now();
    while received() < 50_000 {
        assert!(start.elapsed() < Duration::from_secs(20), "the download does not begin");
        std::thread::sleep(Duration::from_millis(2));
    }
    // On Unix, this is SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    let left = received();
    assert!((50_000..300_000).contains(&left), "{left}");
    assert!(!hub(&server, cache.path()).is_cached(&request()).unwrap(), "half a file is no file");

    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
    assert_eq!(ranges(&server), [None, Some(format!("bytes={left}-"))]);
}

/// A limit on files is as near to a full disk as a test can get.
#[cfg(unix)]
#[test]
fn what_the_disk_refuses_is_kept_so_far_and_not_retried() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let mut shell = Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 200; exec \"$0\" --ignored --exact \"$1\"";
    let output = shell.args(["-c", script]).arg(std::env::current_exe().unwrap()).arg(name());
    let output = output.env(ENDPOINT, &server.url).env(CACHE, cache.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("FileTooLarge"), "{text}");
    assert_eq!(server.count("GET", "model.onnx"), 1);
    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
    assert!(ranges(&server)[1].is_some());
}
