//! A collection's folder: what lies in it beside the collection, and who writes to it.

use std::collections::BTreeMap;
use std::path::Path;

use embedkit_retrieval::Pipeline;
use embedkit_retrieval::collection::CollectionFolder;
use embedkit_retrieval::document::Inputs;

use crate::{ANIMALS, documents, index, indexer, write};

/// All files below a folder, with what they say.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(root).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        match path.is_dir() {
            true => files.extend(tree(&path).into_iter().map(|(below, text)| (format!("{name}/{below}"), text))),
            false => drop(files.insert(name, std::fs::read(&path).unwrap())),
        }
    }
    files
}

#[test]
fn what_lies_in_the_folder_beside_a_collection_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, root) = (folder.path().join("docs"), folder.path().join("project"));
    std::fs::create_dir(&docs).unwrap();
    let mine = ["2023/important.txt", "draft.partial/x.txt", "000007/own.txt", "000009.txt", "0000001/x.txt"];
    let mut mine: Vec<String> = mine.iter().map(|path| format!("versions/{path}")).collect();
    mine.extend(["lock".to_owned(), "notes.md".to_owned()]);
    for path in &mine {
        std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        std::fs::write(root.join(path), "mine").unwrap();
    }
    let before = tree(&root);
    let collection = CollectionFolder::new(&root);
    for (at, name) in ["000008", "000009", "000010", "000011"].iter().enumerate() {
        write(&docs, &[("a.txt", &format!("The text number {at}."))]);
        assert_eq!(index(&collection, &docs).version, *name);
    }
    // Of ours, two stay.
    assert_eq!(collection.versions().unwrap(), ["000010", "000011"]);
    let after = tree(&root);
    let stayed: BTreeMap<_, _> = after.into_iter().filter(|(path, _)| before.contains_key(path)).collect();
    assert_eq!(stayed, before);

    // A file that we would replace is not.
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    write(&other, &[("current", "of the river")]);
    let error = indexer(&Pipeline::default()).index(&CollectionFolder::new(&other), &Inputs::new([&docs])).unwrap_err();
    assert!(error.to_string().contains("\"of the river\"") && error.to_string().contains("current"), "{error}");
    assert_eq!(tree(&other), BTreeMap::from([("current".to_owned(), b"of the river".to_vec())]));
}

#[test]
fn what_cannot_be_removed_is_in_nobodys_way() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let (docs, root) = (folder.path().join("a.md"), folder.path().join("notes"));
    let collection = CollectionFolder::new(&root);
    let index = |text: &str| {
        write(folder.path(), &[("a.md", text)]);
        indexer(&Pipeline::default()).keep(1).index(&collection, &Inputs::new([&docs])).unwrap()
    };
    let first = root.join("versions").join(index("One.").version);
    let close = |path: &Path, mode: u32| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    close(&first, 0o500);
    let second = index("Two.");
    assert!(second.is_complete && collection.current().unwrap().as_ref() == Some(&second.version));
    assert_eq!(collection.versions().unwrap(), [second.version], "what is left of the first is no version");
    // Root removes everything at once.
    let left = first.with_extension("partial");
    if left.exists() {
        close(&left, 0o700);
    }
    let third = index("Three.");
    let left: Vec<_> =
        std::fs::read_dir(root.join("versions")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [third.version.as_str()]);
}

#[test]
fn a_collection_among_the_files_is_none_of_them() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("a.md", ANIMALS)]);
    let collection = CollectionFolder::new(folder.path().join("notes"));
    assert_eq!(index(&collection, folder.path()).records, 2);
    assert!(index(&collection, folder.path()).is_unchanged);
}

#[test]
fn files_below_the_collections_folder_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let docs = documents(folder.path(), &[("a.md", ANIMALS)]);
    let indexer = indexer(&Pipeline::default());
    for root in [folder.path().to_owned(), docs.clone(), folder.path().join("docs/../docs/.")] {
        for input in [docs.clone(), docs.join("a.md"), docs.join("*.md"), docs.join(".")] {
            let error = indexer.index(&CollectionFolder::new(&root), &Inputs::new([&input])).unwrap_err().to_string();
            assert!(error.contains("lies in the collection's own folder"), "{root:?} {input:?}: {error}");
        }
    }
    assert_eq!(std::fs::read_dir(&docs).unwrap().count(), 1, "nothing is written");
    // An ordinary file whose name would be no pattern.
    let notes = CollectionFolder::new(folder.path().join("notes"));
    index(&notes, &docs);
    std::fs::rename(docs.join("a.md"), docs.join("a[.md")).unwrap();
    assert_eq!(indexer.index(&notes, &Inputs::new([docs.join("a[.md")])).unwrap().files, 1);
}

#[test]
fn two_processes_do_not_index_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let docs = documents(folder.path(), &[("a.md", ANIMALS)]);
    let root = folder.path().join("notes");
    std::fs::create_dir(&root).unwrap();
    let lock = std::fs::File::create(root.join("lock")).unwrap();
    lock.lock().unwrap();
    let error = indexer(&Pipeline::default()).index(&CollectionFolder::new(&root), &Inputs::new([&docs])).unwrap_err();
    assert!(error.to_string().contains("another process"), "{error}");
    drop(lock);
    index(&CollectionFolder::new(&root), &docs);
}
