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
    let mut options = HubOptions::default().environment(|_| None);
    (options.endpoint, options.cache_dir) = (Some(endpoint), Some(cache.into()));
    assert_complete(&Hub::new(options).unwrap().fetch(&request()).unwrap());
}

fn spawn(server: &Server, cache: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "processes::fetch_in_a_process_of_its_own"])
        .env(ENDPOINT, &server.url)
        .env(CACHE, cache)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
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
    let ranges: Vec<_> = server.seen().into_iter().filter_map(|seen| seen.headers.get("range").cloned()).collect();
    assert_eq!(ranges, [format!("bytes={left}-")]);
}

/// A limit on files is as near to a full disk as a test can get.
#[cfg(unix)]
#[test]
fn what_the_disk_refuses_is_kept_so_far_and_not_retried() {
    let (server, cache) = (served(), tempfile::tempdir().unwrap());
    let mut shell = Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 200; exec \"$0\" --ignored --exact \
                  processes::fetch_in_a_process_of_its_own";
    let output = shell.args(["-c", script]).arg(std::env::current_exe().unwrap());
    let output = output.env(ENDPOINT, &server.url).env(CACHE, cache.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("FileTooLarge"), "{text}");
    assert_eq!(server.count("GET", "model.onnx"), 1);
    assert_complete(&hub(&server, cache.path()).fetch(&request()).unwrap());
    assert!(ranges(&server)[1].is_some());
}
