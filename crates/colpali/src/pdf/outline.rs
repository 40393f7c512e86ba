//! A file's outline: its headings, which viewers show beside the pages, and the page that each leads to.

use std::collections::{HashMap, HashSet};

use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier, String as PdfString};
use hayro::hayro_syntax::xref::XRef;

use super::page_tree::{Leaf, leaves};
use super::refused::Refused;
use super::text_string;

/// The most headings that are read of a file, and names of places in it.
pub(super) const MOST: usize = 20_000;
/// How deep headings may stand below others.
const DEEPEST: usize = 64;

/// A heading of a file's outline.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PdfHeading {
    /// How deep it stands below others, from 1.
    pub level: usize,
    /// Its title.
    pub title: String,
    /// The page that it leads to, from 1.
    pub page: usize,
}

impl PdfHeading {
    pub(super) fn new(level: usize, title: String, page: usize) -> Self {
        Self { level, title, page }
    }
}

/// The headings, in order; none of a file without an outline. Those that lead to no page are left out.
pub(super) fn of(pdf: &Pdf) -> Result<Vec<PdfHeading>, Refused> {
    let xref = pdf.xref();
    let catalogue = xref.get::<Dict<'_>>(xref.root_id());
    let Some((catalogue, root)) = catalogue.and_then(|it| Some((it.clone(), it.get::<Dict<'_>>(b"Outlines")?))) else {
        return Ok(Vec::new());
    };
    let places = Places::new(pdf, &catalogue)?;
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    // What comes next on each level.
    let mut next = vec![root.get_ref(b"First")];
    while let Some(item) = next.pop() {
        let Some(item) = item.filter(|item| seen.len() < MOST && seen.insert(*item)) else { continue };
        let Some(item) = xref.get::<Dict<'_>>(item.into()) else { continue };
        next.push(item.get_ref(b"Next"));
        let level = next.len();
        if level < DEEPEST {
            next.push(item.get_ref(b"First"));
        }
        let title = item.get::<PdfString<'_>>(b"Title").map(|title| text_string::decoded(title.as_bytes()));
        let title = title.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(page) = places.page(&item).filter(|_| !title.is_empty()) {
            found.push(PdfHeading::new(level, title, page));
        }
    }
    Ok(found)
}

/// Where headings lead to.
struct Places<'a> {
    pages: HashMap<ObjectIdentifier, usize>,
    names: HashMap<Vec<u8>, Object<'a>>,
}

impl<'a> Places<'a> {
    fn new(pdf: &'a Pdf, catalogue: &Dict<'a>) -> Result<Self, Refused> {
        let number = |(at, leaf)| match leaf {
            Leaf::Page { id: Some(id), .. } => Some((id, at + 1)),
            _ => None,
        };
        let pages = leaves(pdf)?.into_iter().enumerate().filter_map(number).collect();
        let tree = catalogue.get::<Dict<'a>>(b"Names").and_then(|names| names.get::<Dict<'a>>(b"Dests"));
        let mut names = tree.map(|tree| named(tree, pdf.xref())).unwrap_or_default();
        if let Some(old) = catalogue.get::<Dict<'a>>(b"Dests") {
            let place = |name: Name<'a>| Some((name.to_vec(), old.get::<Object<'a>>(&*name)?));
            names.extend(old.keys().take(MOST).filter_map(place));
        }
        Ok(Self { pages, names })
    }

    /// The page that an item leads to.
    fn page(&self, item: &Dict<'a>) -> Option<usize> {
        let place = item.get::<Object<'a>>(b"Dest").or_else(|| {
            let action = item.get::<Dict<'a>>(b"A")?;
            (action.get::<Name<'a>>(b"S").as_deref() == Some(b"GoTo")).then(|| action.get::<Object<'a>>(b"D"))?
        })?;
        match &place {
            Object::Name(name) => self.page_at(self.names.get(&**name)?),
            Object::String(name) => self.page_at(self.names.get(name.as_bytes())?),
            _ => self.page_at(&place),
        }
    }

    /// The page of a place that is written out.
    fn page_at(&self, place: &Object<'a>) -> Option<usize> {
        let array = match place {
            Object::Array(array) => array.clone(),
            Object::Dict(place) => place.get::<Array<'a>>(b"D")?,
            _ => return None,
        };
        match array.raw_iter().next()? {
            MaybeRef::Ref(page) => self.pages.get(&page.into()).copied(),
            MaybeRef::NotRef(_) => None,
        }
    }
}

/// The places that a tree of names has.
fn named<'a>(root: Dict<'a>, xref: &'a XRef) -> HashMap<Vec<u8>, Object<'a>> {
    let (mut names, mut seen, mut nodes) = (HashMap::new(), HashSet::new(), vec![root]);
    while let Some(node) = nodes.pop() {
        if let Some(pairs) = node.get::<Array<'a>>(b"Names") {
            let mut pairs = pairs.iter::<Object<'a>>();
            while let (Some(name), Some(place)) = (pairs.next(), pairs.next()) {
                if let Object::String(name) = name
                    && names.len() < MOST
                {
                    names.insert(name.as_bytes().to_vec(), place);
                }
            }
        }
        for kid in node.get::<Array<'a>>(b"Kids").iter().flat_map(Array::raw_iter) {
            if let MaybeRef::Ref(kid) = kid
                && seen.len() < MOST
                && seen.insert(kid)
            {
                nodes.extend(xref.get::<Dict<'a>>(kid.into()));
            }
        }
    }
    names
}
