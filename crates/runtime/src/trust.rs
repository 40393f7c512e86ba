//! Who else could change a file before it is run.
//!
//! A library or a program runs with all that its user may do. So it is run only if nobody but that user and root can
//! put another in its place: the file, every folder above it and every link on the way belong to one of the two, and
//! nobody else may write to any. Of folders in which all may write and each may remove only what is their own
//! (`/tmp`), those of root are allowed: what we find there still has to be ours.
//!
//! Windows keeps its permissions in another form, which is not read: there, every file passes.

use std::path::{Path, PathBuf};

/// Why a file is not run: somebody else could have put it there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Untrusted {
    /// A file, a folder or a link on the way to the file belongs to neither this user nor root.
    #[error(
        "{} belongs to user {owner}, and code is run only if it is yours (user {user}) or root's; \
         use a copy in a folder of your own",
        path.display()
    )]
    Foreign {
        /// What belongs to somebody else.
        path: PathBuf,
        /// The number of the user that it belongs to.
        owner: u32,
        /// The number of the user that this process runs as.
        user: u32,
    },
    /// The file, or a folder on the way to it, may be written by others.
    #[error(
        "others may write to {} (mode {mode:03o}); `chmod go-w` it, or use a copy in a folder of your own",
        path.display()
    )]
    Writable {
        /// What may be written to.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Something on the way to the file cannot be looked at, so nothing is known of it.
    #[error("{} cannot be examined ({reason})", path.display())]
    Unknown {
        /// What cannot be looked at.
        path: PathBuf,
        /// The operating system's reason.
        reason: std::io::ErrorKind,
    },
}

/// Checks a file or folder, everything above it, and what links on the way lead to.
///
/// What has passed stays as it is: whoever could change it may do so by right.
#[cfg(unix)]
pub(crate) fn check(path: &Path) -> Result<(), Untrusted> {
    walk::check(path, rustix::process::geteuid().as_raw())
}

/// Nothing is known of other systems' permissions.
#[cfg(not(unix))]
pub(crate) fn check(_: &Path) -> Result<(), Untrusted> {
    Ok(())
}

#[cfg(unix)]
mod walk {
    use std::ffi::OsString;
    use std::fs::Metadata;
    use std::io::ErrorKind;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::{Component, Path, PathBuf};

    use super::Untrusted;

    const ROOT: u32 = 0;
    /// Mode bits: those but the owner that may write, and "each removes only what is their own".
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    const STICKY: u32 = 0o1000;
    /// Links that are followed before they count as endless; Linux has the same bound.
    const MOST_LINKS: usize = 40;

    pub(super) fn check(path: &Path, user: u32) -> Result<(), Untrusted> {
        let unknown = |path: &Path, reason| Untrusted::Unknown { path: path.to_owned(), reason };
        let absolute = std::path::absolute(path).map_err(|error| unknown(path, error.kind()))?;
        let mut here = PathBuf::from("/");
        look_at(&here, user)?;
        // What is still to be walked, the next last.
        let mut ahead = steps(&absolute);
        let mut links = 0;
        while let Some(step) = ahead.pop() {
            if step == ".." {
                here.pop();
                continue;
            }
            let next = here.join(step);
            if !look_at(&next, user)?.is_symlink() {
                here = next;
                continue;
            }
            links += 1;
            if links > MOST_LINKS {
                return Err(unknown(path, ErrorKind::Other));
            }
            let target = std::fs::read_link(&next).map_err(|error| unknown(&next, error.kind()))?;
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            ahead.extend(steps(&target));
        }
        Ok(())
    }

    /// A path's steps, the first last.
    fn steps(path: &Path) -> Vec<OsString> {
        let steps = path.components().rev();
        steps
            .filter(|step| matches!(step, Component::Normal(_) | Component::ParentDir))
            .map(|step| step.as_os_str().to_owned())
            .collect()
    }

    /// Checks one file, folder or link by itself.
    fn look_at(path: &Path, user: u32) -> Result<Metadata, Untrusted> {
        let metadata = path
            .symlink_metadata()
            .map_err(|error| Untrusted::Unknown { path: path.to_owned(), reason: error.kind() })?;
        judge(path, &metadata, user).map(|()| metadata)
    }

    fn judge(path: &Path, metadata: &Metadata, user: u32) -> Result<(), Untrusted> {
        let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
        if owner != ROOT && owner != user {
            return Err(Untrusted::Foreign { path: path.to_owned(), owner, user });
        }
        let is_shared = metadata.is_dir() && owner == ROOT && mode & STICKY != 0;
        // A link's own mode says nothing: who may change it is said by its folder's.
        if mode & WRITABLE_BY_OTHERS != 0 && !metadata.is_symlink() && !is_shared {
            return Err(Untrusted::Writable { path: path.to_owned(), mode });
        }
        Ok(())
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs::{Permissions, create_dir, set_permissions, write};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// A folder of ours below `/tmp`, with `a/b/file`.
    fn tree() -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        for (folder, mode) in [("a", 0o755), ("a/b", 0o700)] {
            create_dir(root.path().join(folder)).unwrap();
            set_mode(&root.path().join(folder), mode);
        }
        let file = root.path().join("a/b/file");
        write(&file, "").unwrap();
        set_mode(&file, 0o644);
        (root, file)
    }

    #[test]
    fn what_only_we_may_write_to_passes() {
        let (root, file) = tree();
        assert_eq!(check(&file), Ok(()));
        assert_eq!(check(&root.path().join("a/../a/b/./file")), Ok(()));
        assert_eq!(check(Path::new("/")), Ok(()));
    }

    #[test]
    fn what_others_may_write_to_is_refused_wherever_on_the_way_it_is() {
        for (step, mode) in
            [("a", 0o777), ("a", 0o775), ("a", 0o757), ("a/b", 0o720), ("a/b/file", 0o666), ("a/b/file", 0o664)]
        {
            let (root, file) = tree();
            let culprit = root.path().join(step);
            set_mode(&culprit, mode);
            assert_eq!(check(&file), Err(Untrusted::Writable { path: culprit, mode }));
        }
    }

    #[test]
    fn both_ends_of_a_link_are_checked() {
        for far_end in ["a/b/file", "a/b"] {
            let (root, file) = tree();
            let links = root.path().join("links");
            create_dir(&links).unwrap();
            set_mode(&links, 0o755);
            symlink(root.path().join(far_end), links.join("absolute")).unwrap();
            symlink(Path::new("..").join(far_end), links.join("relative")).unwrap();
            symlink("absolute", links.join("twice")).unwrap();
            for link in ["absolute", "relative", "twice"] {
                let path = if far_end == "a/b" { links.join(link).join("file") } else { links.join(link) };
                assert_eq!(check(&path), Ok(()), "{link}");
                set_mode(&root.path().join("a"), 0o777);
                let culprit = root.path().join("a");
                assert_eq!(check(&path), Err(Untrusted::Writable { path: culprit, mode: 0o777 }), "{link}");
                set_mode(&root.path().join("a"), 0o755);
                set_mode(&links, 0o777);
                assert_eq!(check(&path), Err(Untrusted::Writable { path: links.clone(), mode: 0o777 }), "{link}");
                set_mode(&links, 0o755);
            }
            assert_eq!(check(&file), Ok(()));
        }
    }

    #[test]
    fn links_in_a_circle_and_to_nowhere_are_refused() {
        let (root, _) = tree();
        for (target, name) in [("one", "two"), ("two", "one"), ("absent", "dangling")] {
            symlink(target, root.path().join(name)).unwrap();
            assert!(matches!(check(&root.path().join("one")), Err(Untrusted::Unknown { .. })), "{name}");
        }
        assert!(matches!(check(&root.path().join("dangling")), Err(Untrusted::Unknown { .. })));
    }

    /// Seen by another user, what is ours is foreign; root's `/tmp` above it is not.
    #[test]
    fn what_belongs_to_somebody_else_is_refused() {
        let (root, file) = tree();
        let owner = root.path().metadata().unwrap().uid();
        if owner == 0 {
            // Root's files are everybody's to run, so one is given away.
            std::os::unix::fs::chown(&file, Some(4321), None).unwrap();
            let foreign = Untrusted::Foreign { path: file.clone(), owner: 4321, user: 0 };
            assert_eq!(walk::check(&file, 0), Err(foreign));
            assert_eq!(walk::check(&file, 4321), Ok(()));
            assert!(matches!(walk::check(&file, 4322), Err(Untrusted::Foreign { owner: 4321, user: 4322, .. })));
        } else {
            let error = walk::check(&file, owner + 1).unwrap_err();
            assert!(matches!(error, Untrusted::Foreign { .. }), "{error}");
        }
        let root_only = walk::check(Path::new("/"), 4321);
        assert_eq!(root_only, Ok(()));
    }

    /// In a folder where all may write, only root's own and ours count, and only if root owns the folder.
    #[test]
    fn a_shared_folder_passes_only_if_it_is_roots_and_sticky() {
        let (root, file) = tree();
        let shared = root.path().join("a");
        for (mode, passes) in [(0o1777, true), (0o777, false)] {
            set_mode(&shared, mode);
            let is_roots = shared.metadata().unwrap().uid() == 0;
            assert_eq!(check(&file).is_ok(), passes && is_roots, "{mode:o}");
        }
    }

    #[test]
    fn the_messages_name_the_path_the_reason_and_the_remedy() {
        let path = PathBuf::from("/shared/lib");
        for (untrusted, parts) in [
            (Untrusted::Writable { path: path.clone(), mode: 0o777 }, ["/shared/lib", "mode 777", "chmod go-w"]),
            (Untrusted::Foreign { path, owner: 7, user: 1000 }, ["/shared/lib", "user 7", "a copy"]),
        ] {
            let text = untrusted.to_string();
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        }
    }
}
