//! The part of a page that is shown.

use hayro::hayro_syntax::object::{Dict, ObjectIdentifier, Rect};

/// What viewers show of a page that has no box: a letter's page.
const LETTER: Rect = Rect::new(0.0, 0.0, 612.0, 792.0);
/// Sides up to this are none, in points; the renderer's own bound.
const NO_SIDE: f64 = 1.0 / 4096.0;

/// A page's boxes, its own or its tree's.
#[derive(Clone, Copy, Default)]
pub(super) struct PageBoxes {
    media: Option<Rect>,
    crop: Option<Rect>,
}

impl PageBoxes {
    /// The boxes of a node of the page tree below one with these.
    pub(super) fn of_child(self, node: &Dict<'_>) -> Self {
        Self { media: node.get::<Rect>(b"MediaBox").or(self.media), crop: node.get::<Rect>(b"CropBox").or(self.crop) }
    }

    /// What is shown of the page: the CropBox within the MediaBox; of boxes that are empty, the next.
    pub(super) fn shown(self) -> Rect {
        let media = self.media.filter(has_area).unwrap_or(LETTER);
        let crop = self.crop.filter(has_area).map(|crop| crop.intersect(media));
        crop.filter(has_area).unwrap_or(media)
    }
}

fn has_area(area: &Rect) -> bool {
    area.width() > NO_SIDE && area.height() > NO_SIDE
}

/// Whether two boxes are the same but for rounding.
pub(super) fn same(a: Rect, b: Rect) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-3 + 1e-6 * a.abs();
    near(a.x0, b.x0) && near(a.y0, b.y0) && near(a.x1, b.x1) && near(a.y1, b.y1)
}

/// A page to be shown otherwise than its boxes say.
pub(super) struct Override<'a> {
    pub(super) id: ObjectIdentifier,
    pub(super) page: Dict<'a>,
    pub(super) shown: Rect,
}

/// The file with other boxes for some pages: an incremental update, as the format has it, after what was there.
///
/// The renderer takes a page's boxes from the file alone. Encrypted files are left as they are, as what is appended would
/// have to be encrypted; nothing when there is no memory for the copy.
pub(super) fn overridden(file: &[u8], root: ObjectIdentifier, overrides: &[Override<'_>]) -> Option<Vec<u8>> {
    if position(file, b"/Encrypt").is_some() {
        return None;
    }
    let mut updated = Vec::new();
    let added: usize = overrides.iter().map(|page| page.page.data().len() + 512).sum();
    updated.try_reserve_exact(file.len() + added + 512).ok()?;
    updated.extend_from_slice(file);
    let mut places = String::new();
    for Override { id, page, shown } in overrides {
        let entries = page.data().strip_suffix(b">>")?;
        let Rect { x0, y0, x1, y1 } = shown;
        updated.push(b'\n');
        places += &format!("{} 1\n{:010} {:05} n \n", id.obj_number, updated.len(), id.gen_number);
        updated.extend_from_slice(format!("{} {} obj\n", id.obj_number, id.gen_number).as_bytes());
        updated.extend_from_slice(entries);
        // Of a key that stands twice, the last is taken.
        let boxes = format!("/MediaBox[{x0} {y0} {x1} {y1}]/CropBox[{x0} {y0} {x1} {y1}]>>\nendobj\n");
        updated.extend_from_slice(boxes.as_bytes());
    }
    let start = updated.len();
    let previous = last_table(file).map(|place| format!("/Prev {place}")).unwrap_or_default();
    let trailer = format!(
        "xref\n{places}trailer\n<</Size 1/Root {} {} R{previous}>>\nstartxref\n{start}\n%%EOF\n",
        root.obj_number, root.gen_number
    );
    updated.extend_from_slice(trailer.as_bytes());
    Some(updated)
}

/// Where the file says that its last table of objects is.
fn last_table(file: &[u8]) -> Option<usize> {
    const KEYWORD: &[u8] = b"startxref";
    let at = file.windows(KEYWORD.len()).rposition(|window| window == KEYWORD)?;
    let digits = file[at + KEYWORD.len()..].trim_ascii_start();
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&digits[..length]).ok()?.parse().ok()
}

fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}
