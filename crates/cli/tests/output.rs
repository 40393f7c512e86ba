//! Results in every format: complete or not there at all.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use std::io::Read;
use std::process::Stdio;

use common::subject::STATIC;
use common::{embedkit, run, run_with};

const TEXTS: [&str; 3] = ["a cat", "the stock market", "snow in the mountains"];

fn embed(more: &[&str]) -> common::Outcome {
    run(&[&["embed"], &TEXTS[..], more].concat())
}

/// The header's text and the values' bytes.
fn npy(bytes: &[u8]) -> (String, &[u8]) {
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    (String::from_utf8(bytes[10..10 + length].to_vec()).unwrap(), &bytes[10 + length..])
}

#[test]
fn arrays_hold_what_lines_hold() {
    let vectors = embed(&[]).vectors();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors.npy");
    assert_eq!(embed(&["--format", "npy", "--output", file.to_str().unwrap()]).code, 0);
    let in_file = std::fs::read(&file).unwrap();
    assert_eq!(embed(&["--format", "npy"]).stdout, in_file, "standard output and a file get the same");
    let (header, values) = npy(&in_file);
    assert!(header.contains("'<f4'") && header.contains("(3, 256)"), "{header}");
    let values: Vec<f32> = values.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    assert_eq!(values, vectors.concat());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");

    for (encoding, descr, width, bytes) in
        [("f16", "'<f2'", 256, 512), ("int8", "'|i1'", 256, 256), ("binary", "'|u1'", 32, 32)]
    {
        let outcome = embed(&["--format", "npy", "--encoding", encoding]);
        let (header, values) = npy(&outcome.stdout);
        assert!(header.contains(descr) && header.contains(&format!("(3, {width})")), "{header}");
        assert_eq!(values.len(), 3 * bytes);
        let lines = embed(&["--encoding", encoding]).vectors();
        assert_eq!((lines.len(), lines[0].len()), (3, width));
        match encoding {
            "int8" => assert_eq!(lines.concat(), values.iter().map(|&v| f32::from(v as i8)).collect::<Vec<_>>()),
            "binary" => assert_eq!(lines.concat(), values.iter().map(|&v| f32::from(v)).collect::<Vec<_>>()),
            _ => assert!(lines.concat().iter().zip(vectors.concat()).all(|(a, b)| (a - b).abs() < 1e-3)),
        }
    }
}

#[test]
fn int8_takes_its_ranges_from_a_file_of_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sample.jsonl");
    assert_eq!(embed(&["--output", file.to_str().unwrap()]).code, 0);
    let bytes = embed(&["--encoding", "int8", "--calibration", file.to_str().unwrap()]).vectors().concat();
    let (lowest, highest) = (bytes.iter().copied().fold(0.0, f32::min), bytes.iter().copied().fold(0.0, f32::max));
    assert_eq!((lowest, highest), (-128.0, 127.0), "the sample itself fills its range");
    assert_eq!(embed(&["--output", file.to_str().unwrap(), "--encoding", "int8"]).code, 0);
    let again = embed(&["--encoding", "int8", "--calibration", file.to_str().unwrap()]);
    again.assert_fails(1, "whole numbers alone");
    std::fs::write(&file, "{}").unwrap();
    embed(&["--encoding", "int8", "--calibration", file.to_str().unwrap()]).assert_fails(1, "line 1");
}

#[test]
fn calibrations_that_cannot_be_are_called_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sample.jsonl");
    let path = file.to_str().unwrap();
    let calibrated = |text: &str| {
        std::fs::write(&file, text).unwrap();
        run_with(&["embed", "--encoding", "int8", "--calibration", path, "--skip-invalid"], b"a cat\na dog\n")
    };
    let line = serde_json::json!({ "embedding": vec![0.5; 256] }).to_string();
    assert_eq!(calibrated(&line).json().len(), 2);
    assert_eq!(calibrated(&format!("\u{feff}{line}\n{line}\n")).json().len(), 2);
    for (text, expected) in [
        ("", "the calibration set has no values"),
        (r#"{"embedding":[]}"#, "the calibration set has no values"),
        (r#"{"embedding":[1,-7]}"#, "whole numbers alone"),
        ("{\"embedding\":[0.5]}\n{\"embedding\":[0.5,1]}", "vector 1: the vector has 2 dimensions"),
        // No input can help it.
        (r#"{"embedding":[0.5,0.25]}"#, "its vectors have 2 dimensions, and the model's 256"),
    ] {
        let outcome = calibrated(text);
        outcome.assert_fails(1, expected);
        outcome.assert_fails(1, path);
    }
}

/// A model of which `hello` has a vector that is beyond f16, and other texts have small ones.
fn loud_model(folder: &std::path::Path) -> Vec<String> {
    let files = folder.join("model");
    common::subject::copy(&STATIC.folder(), &files);
    let tokenizer: serde_json::Value =
        serde_json::from_slice(&std::fs::read(files.join("tokenizer.json")).unwrap()).unwrap();
    let hello = usize::try_from(tokenizer["model"]["vocab"]["hello"].as_u64().unwrap()).unwrap();
    let weights = files.join("model.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    let header = 8 + usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    for (at, cell) in bytes[header..].as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let value = if at / 8 == hello { 1e6 } else { f32::from_le_bytes(*cell) / 100.0 };
        *cell = value.to_le_bytes();
    }
    std::fs::write(weights, bytes).unwrap();
    let mut row = STATIC.row();
    row.normalize = false;
    common::model_args(folder, row, &files)
}

/// A vector that does not fit the encoding is the fault of its input alone.
#[test]
fn a_vector_that_does_not_fit_is_its_inputs_error() {
    let folder = tempfile::tempdir().unwrap();
    let model = loud_model(folder.path());
    let model: Vec<&str> = model.iter().map(String::as_str).collect();
    for (encoding, expected) in [("int8", "--calibration"), ("f16", "beyond what f16 holds")] {
        let args = [&["embed", "--encoding", encoding], &model[..]].concat();
        let outcome = run_with(&args, b"world\nhello\nfrance\n");
        outcome.assert_fails(1, expected);
        outcome.assert_fails(1, "line 2: ");
        let outcome = run_with(&[&args[..], &["--skip-invalid"]].concat(), b"world\nhello\nfrance\n");
        assert!(outcome.stderr.contains("line 2: ") && outcome.stderr.contains(expected), "{outcome:?}");
        let indices: Vec<_> = outcome.json().iter().map(|line| line["index"].as_u64().unwrap()).collect();
        assert_eq!(indices, [0, 2], "{encoding}");
    }
}

/// What a float would make infinite, or nothing, stays as it is written.
#[cfg(feature = "parquet")]
#[test]
fn numbers_beyond_floats_stay_what_they_are_in_parquet() {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::Field;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.parquet");
    let path = file.to_str().unwrap();
    let plain = ["0.5", "-1e300", "5e-324", "0.0e5", "-0e-999", "0.000"];
    let beyond = ["1e400", "-1.5E+309", "1e-400", "0.001e-999"];
    for (first, second) in plain.iter().flat_map(|plain| beyond.iter().flat_map(|x| [(*plain, *x), (*x, *plain)])) {
        let input = format!("{{\"text\":\"a\",\"n\":{first}}}\n{{\"text\":\"b\",\"n\":{second}}}\n");
        assert_eq!(run_with(&["embed", "--keep-fields", "-o", path], input.as_bytes()).code, 0);
        let reader = SerializedFileReader::new(std::fs::File::open(&file).unwrap()).unwrap();
        let numbers: Vec<Field> = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap().into_columns().into_iter().find(|(name, _)| name == "n").unwrap().1)
            .collect();
        assert_eq!(numbers, [first, second].map(|number| Field::Str(number.to_owned())), "{input}");
    }
    let input = plain.map(|number| format!("{{\"text\":\"a\",\"n\":{number}}}\n")).concat();
    assert_eq!(run_with(&["embed", "--keep-fields", "-o", path], input.as_bytes()).code, 0);
    let reader = SerializedFileReader::new(std::fs::File::open(&file).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
    let is_double = |(name, field): (String, Field)| name != "n" || matches!(field, Field::Double(_));
    assert!(rows.into_iter().all(|row| row.into_columns().into_iter().all(is_double)));
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_files_are_complete() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors.parquet");
    let path = file.to_str().unwrap();
    for encoding in ["f32", "f16", "int8", "binary"] {
        let args = ["embed", "--format", "parquet", "--encoding", encoding, "--keep-fields", "--output", path];
        let outcome = run_with(&args, b"{\"text\":\"a\",\"id\":1}\n\"b\"\n");
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let bytes = std::fs::read(&file).unwrap();
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{encoding}");
    }
    assert_eq!(run_with(&["embed", "--format", "parquet", "--output", path], b"").code, 0);
    assert!(std::fs::read(&file).unwrap().ends_with(b"PAR1"));
}

#[test]
fn a_failure_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors");
    let path = file.to_str().unwrap();
    for format in ["jsonl", "npy", "parquet"] {
        std::fs::remove_file(&file).ok();
        let args = ["embed", "--format", format, "--output", path];
        run_with(&args, b"\"a\"\nwrong\n").assert_fails(1, "line 2");
        assert!(!file.exists(), "{format}");
        std::fs::write(&file, "as it was").unwrap();
        run_with(&args, b"\"a\"\nwrong\n").assert_fails(1, "line 2");
        assert_eq!(std::fs::read(&file).unwrap(), b"as it was");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
    }
    run_with(&["embed", "--format", "npy", "--keep-fields"], b"\"a\"").assert_fails(2, "--keep-fields");
}

#[cfg(unix)]
#[test]
fn devices_are_written_to_and_new_files_are_ordinary() {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

    assert_eq!(embed(&["--output", "/dev/null"]).code, 0);
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    let folder = tempfile::tempdir().unwrap();
    let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
    std::fs::write(&plain, "").unwrap();
    assert_eq!(embed(&["--output", ours.to_str().unwrap()]).code, 0);
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&ours), mode(&plain));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("many.txt");
    std::fs::write(&file, "a line of text\n".repeat(5000)).unwrap();
    for verb in ["embed", "tokens"] {
        let mut command = embedkit();
        command.args([verb, "--input", file.to_str().unwrap()]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut beginning = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut beginning).unwrap();
        assert_eq!(&beginning, b"{\"index\":0");
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &output.stderr[..]), (Some(0), &b""[..]), "{verb}");
    }
}

/// Needs the `kill` program, as every Unix has.
#[cfg(unix)]
#[test]
fn ctrl_c_stops_a_run_that_waits_for_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors.jsonl");
    let mut command = embedkit();
    command.args(["embed", "--output", file.to_str().unwrap()]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Kept open: waiting for the program would close it.
    let input = child.stdin.take();
    // The temporary file appears before the model is loaded; the handler is set after.
    while std::fs::read_dir(folder.path()).unwrap().count() == 0 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    std::thread::sleep(std::time::Duration::from_secs(2));
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let status = child.wait().unwrap();
    drop(input);
    let mut message = String::new();
    child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
    assert_eq!(status.code(), Some(130), "{message}");
    assert!(message.contains("interrupted after 0 inputs"), "{message}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing stays");
}

#[test]
fn a_files_name_tells_its_format() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, more: &[&str]| {
        let file = folder.path().join(name);
        let outcome = embed(&[&["-o", file.to_str().unwrap()], more].concat());
        (outcome.code, outcome.stderr, std::fs::read(file).unwrap_or_default())
    };
    for (name, magic) in [
        ("a.npy", &b"\x93NUMPY"[..]),
        ("a.NPZ", b"PK\x03\x04"),
        ("a.parquet", b"PAR1"),
        ("a.jsonl", b"{\"index\""),
        ("a.txt", b"{\"index\""),
        ("a", b"{\"index\""),
    ] {
        let (code, stderr, bytes) = write(name, &[]);
        assert!(code == 0 && bytes.starts_with(magic), "{name}: {stderr}");
    }
    let (_, _, tensors) = write("a.safetensors", &[]);
    assert_eq!(&tensors[8..10], b"{\"");
    assert!(write("a.csv", &["--format", "npy"]).2.starts_with(b"\x93NUMPY"), "what is said goes before the name");
    for name in ["a.csv", "a.xlsx", "a.feather"] {
        let (code, stderr, _) = write(name, &["--encoding", "f32"]);
        if name != "a.csv" {
            assert!(code == 2 && stderr.contains(".parquet"), "{name}: {stderr}");
        }
    }
    for args in [&["tokens", "a"][..], &["rerank", "--query", "q", "a", "-m", "x"]] {
        let file = folder.path().join("b.parquet");
        run(&[args, &["-o", file.to_str().unwrap()]].concat());
        assert!(!file.exists(), "{args:?}");
    }
    run(&["tokens", "a", "-o", folder.path().join("b.npy").to_str().unwrap()]).assert_fails(2, "JSON Lines");
}

#[test]
fn an_array_of_some_inputs_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let input = b"\"a\"\nwrong\n\"b\"\n";
    let args = ["embed", "--skip-invalid", "-o", at("v.npy").to_str().unwrap()].map(str::to_owned);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    assert_eq!(run_with(&args, input).code, 0);
    let (header, values) = {
        let bytes = std::fs::read(at("v.index.npy")).unwrap();
        let (header, values) = npy(&bytes);
        (header, values.to_vec())
    };
    assert!(header.contains("'<i8'"), "{header}");
    let indices: Vec<i64> = values.chunks(8).map(|eight| i64::from_le_bytes(eight.try_into().unwrap())).collect();
    assert_eq!(indices, [0, 2]);
    run_with(&["embed", "--skip-invalid", "--format", "npy"], input).assert_fails(2, "--output");
    assert_eq!(run_with(&["embed", "--skip-invalid", "--format", "npz"], input).code, 0);
}

/// A reader of results asks for their arrays by name, also where there were no inputs.
#[cfg(all(feature = "npz", feature = "retrieval"))]
#[test]
fn files_of_no_inputs_have_the_arrays_of_some() {
    let folder = tempfile::tempdir().unwrap();
    let models: [&[&str]; 3] = [&[], &["-m", "bm25"], &["-m", "embedkit/static-late-en"]];
    let options: [&[&str]; 4] = [&[], &["--encoding", "int8"], &["--encoding", "binary"], &["--with-usage", "--chunk"]];
    for (model, options) in models.iter().flat_map(|model| options.iter().map(move |options| (model, options))) {
        let what = format!("{model:?} {options:?}");
        let file = |format: &str, input: &[u8]| {
            let path = folder.path().join(format!("out.{format}"));
            let outcome = run_with(&[&["embed", "-o", path.to_str().unwrap()], *model, *options].concat(), input);
            (outcome.code == 0).then(|| std::fs::read(path).unwrap())
        };
        let header = |input: &[u8]| {
            let file = file("safetensors", input)?;
            let (length, rest) = file.split_at(8);
            let length = usize::try_from(u64::from_le_bytes(length.try_into().unwrap())).unwrap();
            Some(serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&rest[..length]).unwrap())
        };
        // Weights of terms are not encoded.
        let Some(some) = header(b"hello world\n") else { continue };
        let none = header(b"").unwrap();
        assert_eq!(none.keys().collect::<Vec<_>>(), some.keys().collect::<Vec<_>>(), "{what}");
        let npz = file("npz", b"").unwrap();
        for (name, array) in &none {
            assert_eq!(array["dtype"], some[name]["dtype"], "{what} {name}");
            let (shape, of_some) = (array["shape"].as_array().unwrap(), some[name]["shape"].as_array().unwrap());
            let rows = match name.as_str() {
                "shape" => 2,
                "indptr" | "offsets" => 1,
                _ => 0,
            };
            assert_eq!((shape[0].as_u64(), &shape[1..]), (Some(rows), &of_some[1..]), "{what} {name}");
            let entry = format!("{name}.npy");
            assert!(npz.windows(entry.len()).any(|part| part == entry.as_bytes()), "{what} {name}");
        }
    }
}

/// Needs the `script` program, which gives a process a terminal.
#[cfg(target_os = "linux")]
#[test]
fn bytes_do_not_go_to_a_terminal() {
    let program = env!("CARGO_BIN_EXE_embedkit");
    for format in ["npy", "npz", "safetensors", "parquet"] {
        let command = format!("{program} embed a --format {format}");
        let output = std::process::Command::new("script").args(["-qec", &command, "/dev/null"]).output();
        let Ok(output) = output else { return };
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success() && text.contains("is not for a terminal"), "{format}: {text}");
    }
}

#[test]
fn an_interrupted_run_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors.jsonl");
    let path = file.to_str().unwrap();
    let texts: String = (0..200).map(|number| format!("{{\"text\":\"text {number}\",\"id\":{number}}}\n\n")).collect();
    let resume = ["embed", "--keep-fields", "--resume", "-o", path];
    assert_eq!(run_with(&resume, texts.as_bytes()).code, 0);
    let whole = std::fs::read_to_string(&file).unwrap();
    assert_eq!(whole, run_with(&["embed", "--keep-fields"], texts.as_bytes()).text());
    for kept in [0, 1, 10, whole.len() / 2, whole.len() - 1, whole.len()] {
        std::fs::write(&file, &whole[..kept]).unwrap();
        let outcome = run_with(&resume, texts.as_bytes());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), whole, "{kept}");
    }
    // A line that stops the run keeps what was there before it.
    std::fs::remove_file(&file).unwrap();
    run_with(&resume, b"\"a\"\nwrong\n").assert_fails(1, "line 2");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("{\"index\":0"));
    std::fs::write(&file, "notes\n").unwrap();
    run_with(&resume, b"\"a\"\n").assert_fails(1, "does not end in a result");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "notes\n");
    run_with(&["embed", "--resume"], b"").assert_fails(2, "--output");
    run_with(&["embed", "--resume", "-o", "x.npy"], b"").assert_fails(2, "JSON Lines");
}
