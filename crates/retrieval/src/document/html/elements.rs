//! What the elements of HTML are, by the rules of its standard: rendering, and what ends what.

/// Names of elements.
type Names = &'static [&'static [u8]];

/// Elements whose content is not read: what a browser does not show, what it shows only in place of something else, what no
/// one reads as text (`select`, and `progress`, whose content is for older browsers), and links to other pages (`nav`).
const UNREAD: Names = &[
    b"annotation",
    b"annotation-xml",
    b"applet",
    b"audio",
    b"canvas",
    b"datalist",
    b"iframe",
    b"meter",
    b"nav",
    b"noembed",
    b"noframes",
    b"noscript",
    b"object",
    b"progress",
    b"rp",
    b"script",
    b"select",
    b"style",
    b"svg",
    b"template",
    b"video",
];

/// Elements that stand in lines of their own, between others. All others, also those that nobody knows, stand in a line.
const BLOCKS: Names = &[
    b"address",
    b"article",
    b"aside",
    b"blockquote",
    b"body",
    b"caption",
    b"center",
    b"col",
    b"colgroup",
    b"details",
    b"dialog",
    b"dir",
    b"div",
    b"dl",
    b"fieldset",
    b"figcaption",
    b"figure",
    b"footer",
    b"form",
    b"frameset",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"head",
    b"header",
    b"hgroup",
    b"hr",
    b"html",
    b"legend",
    b"listing",
    b"main",
    b"menu",
    b"nav",
    b"ol",
    b"p",
    b"plaintext",
    b"pre",
    b"search",
    b"section",
    b"summary",
    b"table",
    b"tbody",
    b"tfoot",
    b"thead",
    b"title",
    b"ul",
    b"xmp",
];

/// Elements that never have content.
const VOID: Names = &[
    b"area",
    b"base",
    b"basefont",
    b"bgsound",
    b"br",
    b"col",
    b"embed",
    b"frame",
    b"hr",
    b"img",
    b"input",
    b"keygen",
    b"link",
    b"meta",
    b"param",
    b"source",
    b"track",
    b"wbr",
];

/// Blocks before which a paragraph does not end.
const IN_PARAGRAPHS: Names = &[
    b"body",
    b"caption",
    b"col",
    b"colgroup",
    b"frameset",
    b"head",
    b"html",
    b"legend",
    b"tbody",
    b"tfoot",
    b"thead",
    b"title",
];

/// Parts of tables, which only a table's own tags end.
const TABLE_PARTS: Names = &[b"caption", b"colgroup", b"tbody", b"td", b"tfoot", b"th", b"thead", b"tr"];

/// What stands between an element and the text around it, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    Nothing,
    Blank,
    Line,
    Paragraph,
}

/// What parts an element from the text around it.
pub(super) fn gap(name: &[u8]) -> Gap {
    match name {
        b"td" | b"th" => Gap::Blank,
        b"br" | b"li" | b"tr" | b"dt" | b"dd" => Gap::Line,
        _ if BLOCKS.contains(&name) => Gap::Paragraph,
        _ => Gap::Nothing,
    }
}

/// Whether an element's content is never read.
pub(super) fn is_unread(name: &[u8]) -> bool {
    UNREAD.contains(&name)
}

/// Whether an element has no content and no end.
pub(super) fn is_void(name: &[u8]) -> bool {
    VOID.contains(&name)
}

/// Whether an element is of another language inside of HTML, where a tag that ends in `/>` has no content.
pub(super) fn is_foreign(name: &[u8]) -> bool {
    matches!(name, b"svg" | b"math")
}

/// Whether blanks and ends of lines count in an element.
pub(super) fn is_preformatted(name: &[u8]) -> bool {
    matches!(name, b"pre" | b"listing" | b"xmp" | b"plaintext")
}

/// The level of a heading's element.
pub(super) fn level(name: &[u8]) -> Option<usize> {
    match name {
        [b'h', digit @ b'1'..=b'6'] => Some(usize::from(digit - b'0')),
        _ => None,
    }
}

/// The open elements of the first names that end where an element begins, if no other element of the second names is nearer.
pub(super) fn ended_by_start(name: &[u8]) -> Option<(Names, Names)> {
    Some(match name {
        b"li" => (&[b"li"], &[b"ul", b"ol", b"menu", b"dir"]),
        b"dt" | b"dd" => (&[b"dt", b"dd"], &[b"dl"]),
        b"td" | b"th" => (&[b"td", b"th"], &[b"tr", b"table"]),
        b"tr" => (&[b"tr", b"caption", b"colgroup"], &[b"table"]),
        b"tbody" | b"thead" | b"tfoot" => (&[b"tbody", b"thead", b"tfoot", b"caption", b"colgroup"], &[b"table"]),
        b"rt" | b"rp" => (&[b"rt", b"rp"], &[b"ruby"]),
        b"body" => (&[b"head"], &[]),
        _ => return None,
    })
}

/// Whether a paragraph that is open ends where an element begins.
pub(super) fn ends_paragraph(name: &[u8]) -> bool {
    matches!(name, b"li" | b"dt" | b"dd") || (BLOCKS.contains(&name) && !IN_PARAGRAPHS.contains(&name))
}

/// What an end tag does not look beyond for its element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Barrier {
    Table,
    ListOrTable,
    ButtonOrTable,
    Block,
}

impl Barrier {
    /// In the order of their numbers.
    pub(super) const ALL: [Self; 4] = [Self::Table, Self::ListOrTable, Self::ButtonOrTable, Self::Block];

    /// That of an end tag; none of what is not read, which ends where it says so.
    pub(super) fn of(end: &[u8]) -> Option<Self> {
        match end {
            _ if is_unread(end) => None,
            _ if is_of_table(end) => Some(Self::Table),
            b"li" => Some(Self::ListOrTable),
            _ if gap(end) != Gap::Nothing => Some(Self::ButtonOrTable),
            _ => Some(Self::Block),
        }
    }

    /// Whether an element is one.
    pub(super) fn has(self, open: &[u8]) -> bool {
        match self {
            Self::Table => open == b"table",
            Self::ListOrTable => matches!(open, b"ul" | b"ol" | b"menu" | b"dir") || is_of_table(open),
            Self::ButtonOrTable => open == b"button" || is_of_table(open),
            Self::Block => gap(open) != Gap::Nothing,
        }
    }
}

fn is_of_table(name: &[u8]) -> bool {
    name == b"table" || TABLE_PARTS.contains(&name)
}
