//! The tree of a file's pages.

use std::collections::HashSet;

use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier, Rect};

use super::page_boxes::PageBoxes;
use super::refused::Refused;

/// A leaf of the page tree.
pub(super) enum Leaf<'a> {
    /// A page, in the order of the renderer's.
    Page {
        /// Nothing when the page stands inside of the tree's node.
        id: Option<ObjectIdentifier>,
        page: Dict<'a>,
        shown: Rect,
    },
    /// The tree names an object that the file does not have.
    Missing,
}

/// A node whose kids are being looked at.
struct Node<'a> {
    kids: std::vec::IntoIter<MaybeRef<Object<'a>>>,
    boxes: PageBoxes,
}

impl<'a> Node<'a> {
    fn new(node: &Dict<'a>, boxes: PageBoxes) -> Option<Self> {
        let kids: Vec<_> = node.get::<Array<'a>>(b"Kids")?.raw_iter().collect();
        Some(Self { kids: kids.into_iter(), boxes: boxes.of_child(node) })
    }
}

/// All leaves of the page tree. The renderer walks it the same way, but passes over what is missing, and when the whole tree
/// is missing it takes the pages that it finds; nobody knows then which there were.
pub(super) fn leaves(pdf: &Pdf) -> Result<Vec<Leaf<'_>>, Refused> {
    let no_tree = || Refused::new("its tree of pages is missing: it is damaged, or was cut");
    let xref = pdf.xref();
    let catalogue = xref.get::<Dict<'_>>(xref.root_id()).ok_or_else(no_tree)?;
    let root = catalogue.get::<Dict<'_>>(b"Pages").ok_or_else(no_tree)?;
    let mut seen: HashSet<ObjectIdentifier> = root.obj_id().into_iter().collect();
    let mut nodes = vec![Node::new(&root, PageBoxes::default()).ok_or_else(no_tree)?];
    let mut leaves = Vec::new();
    while let Some(node) = nodes.last_mut() {
        let boxes = node.boxes;
        let Some(kid) = node.kids.next() else {
            nodes.pop();
            continue;
        };
        let (id, kid) = match kid {
            MaybeRef::Ref(reference) if !seen.insert(reference.into()) => continue,
            MaybeRef::Ref(reference) => (Some(reference.into()), xref.get::<Dict<'_>>(reference.into())),
            MaybeRef::NotRef(object) => (None, object.into_dict()),
        };
        let Some(kid) = kid else {
            leaves.push(Leaf::Missing);
            continue;
        };
        if kid.get::<Name<'_>>(b"Type").as_deref() == Some(b"Pages") {
            match Node::new(&kid, boxes) {
                Some(node) => nodes.push(node),
                None => leaves.push(Leaf::Missing),
            }
        } else {
            leaves.push(Leaf::Page { id, shown: boxes.of_child(&kid).shown(), page: kid });
        }
    }
    Ok(leaves)
}
