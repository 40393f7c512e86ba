//! Options that a verb or an input has no use for, and what the refusal says.

use std::path::Path;

use crate::common::subject::*;
use crate::common::{model_args, run_with};

/// Options that the verb or the input has no use for, and what the refusal says.
#[test]
fn verbs_and_inputs_refuse_what_they_cannot_use() {
    let folder = tempfile::tempdir().unwrap();
    let subjects = [TRANSFORMER, COLBERT, RERANK];
    let models = subjects.map(|subject| (subject, model_of(subject, folder.path())));
    let model = |wanted: Subject| &models.iter().find(|(subject, _)| *subject == wanted).unwrap().1;
    for (subject, args, message) in [
        (
            TRANSFORMER,
            &["tokens", "--include-extension", "x"][..],
            "--include-extension is for models that give multi-vectors",
        ),
        (TRANSFORMER, &["tokens", "--query-text", "q", "x"], "--query-text is for models that take pairs of texts"),
        (TRANSFORMER, &["tune", "--keep-fields", "-i", "-"], "--keep-fields"),
        (TRANSFORMER, &["tune", "--keep-text", "x"], "--keep-text"),
        (COLBERT, &["embed", "--explain", "x"], "the families that take it: sparse"),
        (COLBERT, &["explain", "--query", "q", "x", "--png", "a.png"], "--image"),
        (COLBERT, &["embed", "x", "--pages", "1"], "--pages is for --pdf"),
        (COLBERT, &["embed", "x", "--dpi", "100"], "--dpi is for --pdf"),
        (RERANK, &["rerank", "--query", "q", "--instruction", "i", "x"], "instruction"),
        (RERANK, &["rerank", "--query", "q", "--dim", "3", "x"], "`dim`: model test/model has no use for it"),
        (RERANK, &["tokens", "x"], "--query-text"),
        (RERANK, &["rerank", "--kind", "dense", "--query", "q", "x"], "--kind dense"),
        (COLBERT, &["rerank", "--query", "q", "x"], "is of the family colbert, and what is asked for is done by"),
        (COLBERT, &["explain", "--query", "q", "--image", "x.png", "--html", "a.html"], "is of the family colbert"),
        (COLBERT, &["similarity", "a", "b"], "dense"),
        (TRANSFORMER, &["embed", "--field", "x", "a text"], "--field"),
        (TRANSFORMER, &["embed", "--format", "npy", "--keep-text", "a"], "--keep-text"),
        (TRANSFORMER, &["embed", "--format", "npy", "--with-usage", "a"], "--with-usage"),
        (COLBERT, &["embed", "--format", "npy", "a"], "npy"),
        (TRANSFORMER, &["embed", "--calibration", "x", "a"], "int8"),
        (TRANSFORMER, &["tokens", "--threads", "2", "a"], "--threads is for verbs that run the model"),
        (TRANSFORMER, &["embed", "--device", "1", "--provider", "cpu", "a"], "--device is for providers"),
    ] {
        let model: Vec<&str> = model(subject).iter().map(String::as_str).collect();
        let outcome = run_with(&[args, &model[..]].concat(), b"a\n");
        assert!(outcome.code == 2 || outcome.code == 1, "{args:?}: {outcome:?}");
        assert!(outcome.stderr.contains(message), "{args:?}: {}", outcome.stderr);
    }
}

/// The arguments that name a subject's model.
fn model_of(subject: Subject, folder: &Path) -> Vec<String> {
    let manifest = folder.join(subject.family);
    let files = manifest.join("model");
    std::fs::create_dir_all(&files).unwrap();
    subject.copy_to(&files);
    model_args(&manifest, subject.row(), &files)
}
