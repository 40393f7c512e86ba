//! What a page draws, and whether all of it is there.
//!
//! The renderer passes over what it cannot find. In a file that was cut, which is still read as far as it goes, that makes
//! white pages.

use std::borrow::Cow;
use std::collections::HashSet;

use flate2::{Decompress, FlushDecompress, Status};
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::content::ops::TypedInstruction;
use hayro::hayro_syntax::content::{TypedIter, UntypedIter};
use hayro::hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page, Resources};
use hayro::hayro_syntax::xref::XRef;

use super::refused::Refused;

/// How deep forms may stand in forms to be drawn by the renderer.
const DEEPEST_FORM: usize = 50;

/// Refuses a page of whose content something is missing: its own streams, or images, forms, fonts, patterns and shadings
/// that it, or a form in it, names.
pub(super) fn check(page: &Page<'_>) -> Result<(), Refused> {
    let missing = || Refused::new("its content is missing: the file is damaged, or was cut");
    let xref = page.xref();
    match page.raw().get_raw::<Object<'_>>(b"Contents").map(|contents| resolved(contents, xref)) {
        // A page may be empty.
        None if !page.raw().contains_key(b"Contents") => {}
        Some(Some(Object::Null(_))) => {}
        Some(Some(Object::Stream(stream))) => check_stream(&stream)?,
        Some(Some(Object::Array(streams))) => check_streams(&streams, xref)?,
        _ => return Err(missing()),
    }
    let content = page.page_stream().unwrap_or_default();
    if is_garbage(content) {
        return Err(Refused::new("its content draws nothing that is known: the file is damaged, or of another kind"));
    }
    check_resources(content, page.resources(), xref)
}

fn resolved<'a>(object: MaybeRef<Object<'a>>, xref: &'a XRef) -> Option<Object<'a>> {
    match object {
        MaybeRef::Ref(reference) => xref.get(reference.into()),
        MaybeRef::NotRef(object) => Some(object),
    }
}

fn check_streams(streams: &Array<'_>, xref: &XRef) -> Result<(), Refused> {
    for stream in streams.raw_iter() {
        match resolved(stream, xref) {
            Some(Object::Stream(stream)) => check_stream(&stream)?,
            Some(Object::Null(_)) => {}
            _ => return Err(Refused::new("a part of its content is missing: the file is damaged, or was cut")),
        }
    }
    Ok(())
}

/// Whether a content that is not blank has no instruction of those that a page may have. One among others is passed over, as
/// by every viewer.
fn is_garbage(content: &[u8]) -> bool {
    let mut instructions = TypedIter::new(content);
    let mut is_blank = true;
    while let Some(instruction) = instructions.next() {
        if !matches!(instruction, TypedInstruction::Fallback(_)) {
            return false;
        }
        is_blank = false;
    }
    !is_blank
}

fn check_stream(stream: &Stream<'_>) -> Result<(), Refused> {
    let filters = stream.filters();
    if filters.len() != stated_filters(stream) {
        return Err(Refused::new("its content has a filter that is not known"));
    }
    let whole = filters.first() != Some(&Filter::FlateDecode) || inflates(&stream.raw_data());
    if whole && stream.decoded_data().is_ok() {
        Ok(())
    } else {
        Err(Refused::new("its content cannot be decompressed: the file is damaged, or was cut"))
    }
}

/// How many filters a stream says that it went through.
fn stated_filters(stream: &Stream<'_>) -> usize {
    let filters = [b"F".as_slice(), b"Filter"].into_iter().find_map(|key| stream.dict().get::<Object<'_>>(key));
    match filters {
        Some(Object::Name(_)) => 1,
        Some(Object::Array(filters)) => filters.raw_iter().count(),
        _ => 0,
    }
}

/// Whether compressed data goes on to its end and is what was compressed, as its checksum says. Some writers leave out the
/// checksum, and a few the header too.
fn inflates(data: &[u8]) -> bool {
    const ZLIB_HEADER: usize = 2;
    const CHECKSUM: usize = 4;
    let has_header = |data: &[u8]| match data {
        [method, flags, ..] => method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31),
        _ => false,
    };
    if data.is_empty() {
        return true;
    }
    if !has_header(data) {
        return inflated(data, false).is_some();
    }
    let without_checksum = || inflated(&data[ZLIB_HEADER..], false).is_some_and(|left| left < CHECKSUM);
    inflated(data, true).is_some() || without_checksum()
}

/// Bytes that are left when compressed data has come to its end; none where it does not, or its checksum is another.
fn inflated(data: &[u8], with_checksum: bool) -> Option<usize> {
    let (mut inflate, mut part) = (Decompress::new(with_checksum), vec![0; 1 << 16]);
    loop {
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let rest = data.get(usize::try_from(read).ok()?..)?;
        match inflate.decompress(rest, &mut part, FlushDecompress::None) {
            Ok(Status::StreamEnd) => return data.len().checked_sub(usize::try_from(inflate.total_in()).ok()?),
            Ok(_) if (inflate.total_in(), inflate.total_out()) != (read, written) => {}
            _ => return None,
        }
    }
}

/// Refuses content that uses a resource which the file does not have, itself or in a form that it may draw, and content with
/// forms that the renderer leaves out.
fn check_resources<'a>(content: &[u8], resources: &Resources<'a>, xref: &'a XRef) -> Result<(), Refused> {
    check_used(|| content.into(), resources, xref)?;
    let mut seen = HashSet::new();
    let mut level = forms(resources, &mut seen);
    for _ in 0..DEEPEST_FORM {
        let mut below = Vec::new();
        for form in level {
            if let Some(own) = form.dict().get::<Dict<'_>>(b"Resources").map(Resources::new) {
                check_used(|| form.decoded_data().unwrap_or_default(), &own, xref)?;
                below.extend(forms(&own, &mut seen));
            }
        }
        level = below;
    }
    if level.is_empty() {
        Ok(())
    } else {
        Err(Refused::new(format!("forms in it stand in forms more than {DEEPEST_FORM} deep")))
    }
}

/// Forms that have not been looked at.
fn forms<'a>(resources: &Resources<'a>, seen: &mut HashSet<ObjectIdentifier>) -> Vec<Stream<'a>> {
    let form = |name: Name<'a>| {
        let reference = resources.x_objects.get_ref(&*name)?;
        let object = resources.x_objects.get::<Stream<'_>>(&*name)?;
        let is_form = object.dict().get::<Name<'_>>(b"Subtype").as_deref() == Some(b"Form");
        (is_form && seen.insert(reference.into())).then_some(object)
    };
    resources.x_objects.keys().filter_map(form).collect()
}

/// What a content uses by name, and what it is called in messages.
fn used_by_name<'r, 'a>(resources: &'r Resources<'a>) -> [(&'r Dict<'a>, &'static str); 4] {
    [
        (&resources.x_objects, "an image or form"),
        (&resources.fonts, "a font"),
        (&resources.patterns, "a pattern"),
        (&resources.shadings, "a shading"),
    ]
}

/// Names of resources that lead to nothing.
fn dangling<'a>(resources: &Dict<'a>, xref: &'a XRef) -> Vec<Name<'a>> {
    let leads_nowhere = |name: &Name<'a>| {
        let reference = resources.get_ref(&**name);
        reference.is_some_and(|reference| xref.get::<Object<'_>>(reference.into()).is_none())
    };
    resources.keys().filter(leads_nowhere).collect()
}

/// Refuses content that uses what is missing; what is missing and not used does no harm.
fn check_used<'a, 'c>(
    content: impl Fn() -> Cow<'c, [u8]>,
    resources: &Resources<'a>,
    xref: &'a XRef,
) -> Result<(), Refused> {
    for (named, what) in used_by_name(resources) {
        let dangling = dangling(named, xref);
        if !dangling.is_empty() && uses(&content(), &dangling) {
            return Err(Refused::new(format!("{what} in it is missing: the file is damaged, or was cut")));
        }
    }
    Ok(())
}

fn uses(content: &[u8], names: &[Name<'_>]) -> bool {
    let is_one =
        |operand: &Object<'_>| matches!(operand, Object::Name(name) if names.iter().any(|one| **one == **name));
    let mut instructions = UntypedIter::new(content);
    while let Some(instruction) = instructions.next() {
        if instruction.operands().any(is_one) {
            return true;
        }
    }
    false
}
