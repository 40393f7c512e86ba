//! The text of HTML: what a browser shows, a paragraph a block.

mod elements;
mod markup;
mod open;

use html5gum::{StartTag, Token};

use self::elements::{Gap, gap, is_foreign, is_unread, is_void, level};
use self::markup::{IsForeign, tokens};
use self::open::Open;
use super::outline::{Anchors, Outline};
use super::{Document, SourceMap};

pub(super) use self::markup::Language;

/// The text of a page, with its title and sections. Links to other pages (`nav`) are left out, unless nobody closed them, and
/// the rest of the page would be left out with them; what is hidden is, unless nothing else is there.
pub(super) fn document(html: &str, language: Language) -> Document {
    let mut wanted = Wanted::default();
    let mut page = Page::read(html, language, wanted);
    if page.is_cut_off {
        wanted.links = true;
        page = Page::read(html, language, wanted);
    }
    if page.hides && page.text.trim().is_empty() {
        wanted.hidden = true;
        page = Page::read(html, language, wanted);
    }
    page.finish()
}

/// What is read of a page beside its text.
#[derive(Clone, Copy, Default)]
struct Wanted {
    /// Links to other pages.
    links: bool,
    /// What the page says not to show, which a script may.
    hidden: bool,
}

struct Page {
    language: Language,
    wanted: Wanted,
    /// Whether something is hidden.
    hides: bool,
    /// Whether links to other pages have no end before the page's.
    is_cut_off: bool,
    text: String,
    map: SourceMap,
    outline: Outline,
    title: String,
    open: Open,
    /// The level of the heading that is open, where it began, and its id.
    heading: Option<(usize, usize, String)>,
    /// What is due before more text.
    gap: Gap,
}

impl Page {
    fn new(language: Language, wanted: Wanted) -> Self {
        Self {
            language,
            wanted,
            hides: false,
            is_cut_off: false,
            text: String::new(),
            map: SourceMap::default(),
            outline: Outline::new(Anchors::Own),
            title: String::new(),
            open: Open::default(),
            heading: None,
            gap: Gap::Nothing,
        }
    }

    fn read(html: &str, language: Language, wanted: Wanted) -> Self {
        let foreign = IsForeign::default();
        let mut page = Self::new(language, wanted);
        for token in tokens(html, language, foreign.clone()) {
            match token {
                Token::StartTag(tag) => page.start(&tag),
                Token::EndTag(tag) => page.end(&tag.name),
                Token::String(text) => {
                    page.text(&String::from_utf8_lossy(&text.value), text.span.start..text.span.end);
                }
                _ => {}
            }
            foreign.set(page.open.within().foreign);
        }
        page.end_of_page();
        page
    }

    fn end_of_page(&mut self) {
        self.is_cut_off |= !self.wanted.links && self.open.has(b"nav");
    }

    fn start(&mut self, tag: &StartTag<usize>) {
        let name: &[u8] = &tag.name;
        let ended = self.open.before(name);
        self.part_from(&ended);
        let is_hidden = !self.wanted.hidden && is_hidden(tag);
        self.hides |= is_hidden;
        let is_unread = (is_unread(name) && !(name == b"nav" && self.wanted.links)) || is_hidden;
        // A `nav` is shown, though it is not read.
        if !self.open.within().unread && (!is_unread || name == b"nav") {
            self.gap = self.gap.max(gap(name));
        }
        let has_own_end = self.language == Language::Xhtml || is_foreign(name) || self.open.within().foreign;
        if is_void(name) || (tag.self_closing && has_own_end) {
            return;
        }
        self.open.begin(name, is_unread);
        if let Some(level) = level(name).filter(|_| !self.open.within().unread) {
            self.heading = Some((level, self.text.len() + self.due().len(), attribute(tag, b"id").unwrap_or_default()));
        }
    }

    fn end(&mut self, name: &[u8]) {
        if matches!(name, b"body" | b"html") {
            self.end_of_page();
        }
        let was_unread = self.open.within().unread;
        let ended = self.open.end(name);
        if level(name).is_some()
            && !was_unread
            && !ended.is_empty()
            && let Some((level, start, id)) = self.heading.take()
            && let Some(heading) = self.text.get(start..)
        {
            self.outline.heading_at(level, heading, start, id);
        }
        // An end without its beginning is an empty paragraph, or a line's.
        if !was_unread && ended.is_empty() && matches!(name, b"p" | b"br") {
            self.gap = self.gap.max(gap(name));
        }
        self.part_from(&ended);
    }

    /// Parts what follows from elements that ended.
    fn part_from(&mut self, ended: &[Vec<u8>]) {
        if self.open.within().unread {
            return;
        }
        for name in ended {
            if level(name).is_some() {
                self.heading = None;
            }
            self.gap = self.gap.max(gap(name));
        }
    }

    fn text(&mut self, text: &str, file: std::ops::Range<usize>) {
        if self.open.within().unread {
            return;
        }
        if self.open.is_title() {
            self.title += text;
            return;
        }
        if self.open.within().preformatted {
            self.append(text, file);
            return;
        }
        // Words of a run whose characters are the file's are mapped one by one, those of others as a whole.
        let literal = text.len() == file.len();
        let mut at = 0;
        for word in text.split_inclusive(|c: char| c.is_ascii_whitespace()) {
            let bare = word.trim_matches(|c: char| c.is_ascii_whitespace());
            if !bare.is_empty() {
                let place = if literal { file.start + at..file.start + at + bare.len() } else { file.clone() };
                self.append(bare, place);
            }
            if bare.len() < word.len() {
                self.gap = self.gap.max(Gap::Blank);
            }
            at += word.len();
        }
    }

    /// What stands between the text so far and more of it.
    fn due(&self) -> &'static str {
        match self.gap {
            _ if self.text.is_empty() => "",
            Gap::Nothing => "",
            Gap::Blank => " ",
            Gap::Line => "\n",
            Gap::Paragraph => "\n\n",
        }
    }

    fn append(&mut self, text: &str, file: std::ops::Range<usize>) {
        let due = self.due();
        self.text += due;
        self.gap = Gap::Nothing;
        let start = self.text.len();
        self.text += text;
        self.map.push(start..self.text.len(), file);
    }

    fn finish(self) -> Document {
        Document {
            title: self.title.split_whitespace().collect::<Vec<_>>().join(" "),
            sections: self.outline.into_sections(),
            source: self.map,
            ..Document::of_text(self.text)
        }
    }
}

/// Whether a tag says that its element is not shown. A whole page that says so is one that a script shows.
fn is_hidden(tag: &StartTag<usize>) -> bool {
    if matches!(&**tag.name, b"html" | b"body") {
        return false;
    }
    let is_none = |declaration: &str| {
        let (property, value) = declaration.split_once(':').unwrap_or_default();
        let value = value.split('!').next().unwrap_or_default();
        property.trim().eq_ignore_ascii_case("display") && value.trim().eq_ignore_ascii_case("none")
    };
    attribute(tag, b"hidden").is_some_and(|hidden| !hidden.eq_ignore_ascii_case("until-found"))
        || attribute(tag, b"style").is_some_and(|style| style.split(';').any(is_none))
        || (*tag.name == *b"dialog" && attribute(tag, b"open").is_none())
}

fn attribute(tag: &StartTag<usize>, name: &[u8]) -> Option<String> {
    tag.attributes.get(name).map(|value| String::from_utf8_lossy(&value.value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<!doctype html><html><head><title>My\n page</title><style>p{}</style></head><body><nav>Menu</nav>\
        <h1>Top</h1><p>A <b>bold</b>\n word &amp; more.</p><script>if (a < b) \"</p>\"</script><h2 id=next-one>Next</h2><ul><li>one<li>two</ul>\
        <pre>a\n  b</pre><table><tr><td>x<td>y</table>";

    fn html(page: &str) -> Document {
        document(page, Language::Html)
    }

    #[test]
    fn the_text_is_what_a_browser_shows() {
        let document = html(PAGE);
        assert_eq!(document.title, "My page");
        assert_eq!(document.text, "Top\n\nA bold word & more.\n\nNext\n\none\ntwo\n\na\n  b\n\nx y");
        let paths: Vec<_> =
            document.sections.iter().map(|s| (&document.text[s.start..][..4], s.path.as_str())).collect();
        assert_eq!(paths, [("Top\n", "Top"), ("Next", "Top › Next")]);
        assert_eq!(document.sections.iter().map(|s| s.anchor.as_str()).collect::<Vec<_>>(), ["", "next-one"]);
    }

    #[test]
    fn bytes_are_those_of_the_file() {
        let document = html(PAGE);
        let place = |text: &str| {
            let start = document.text.find(text).unwrap();
            &PAGE[document.source.place(start..start + text.len())]
        };
        assert_eq!(place("bold"), "bold");
        assert_eq!(place("A bold"), "A <b>bold");
        assert!(place("word & more.").contains("word &amp; more."), "{}", place("word & more."));
        assert_eq!(place("one\ntwo"), "one<li>two");
    }

    #[test]
    fn damaged_pages_are_read() {
        assert_eq!(html("<p>a<p").text, "a");
        assert_eq!(html("<script>never closed").text, "");
        assert_eq!(html("no markup").text, "no markup");
        assert_eq!(html("").text, "");
        let deep = format!("{}a{}<p>b", "<div>".repeat(5000), "</div>".repeat(5000));
        assert_eq!(html(&deep).text, "a\n\nb");
    }

    #[test]
    fn blocks_part_words_and_nothing_else_does() {
        for inline in
            ["wbr", "time", "label", "var", "tt", "big", "button", "ruby", "math", "bdi", "my-word", "unknown"]
        {
            let text = html(&format!("<p>super<{inline}>cali</{inline}>fragi</p>")).text;
            assert_eq!(text, "supercalifragi", "{inline}");
        }
        for block in ["p", "div", "h2", "figure", "figcaption", "summary", "search", "dl", "hr", "center", "form"] {
            let text = html(&format!("<div>a<{block}>b</div>c")).text;
            assert_eq!(text, "a\n\nb\n\nc", "{block}");
        }
        assert_eq!(html("On <time>Monday</time> we<br>rest<p>").text, "On Monday we\nrest");
        assert_eq!(html("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>").text, "漢kan");
        assert_eq!(html("a</p>b<dl><dt>c<dd>d</dl>").text, "a\n\nb\n\nc\nd");
    }

    #[test]
    fn what_is_left_out_ends_where_a_browser_ends_it() {
        for (page, text) in [
            ("<div><nav>menu</div><h1>H</h1><p>body</p>", "H\n\nbody"),
            ("<div><noscript>menu</div><p>body</p>", "body"),
            ("<noscript><p>menu</noscript>body", "body"),
            ("<nav><nav>a</nav>b</nav>c", "c"),
            ("<nav>menu<h1>H</h1><p>body", "menu\n\nH\n\nbody"),
            ("<html><body><nav>menu<h1>H</h1></body></html>", "menu\n\nH"),
            ("<nav>a</nav><nav>b</nav>", ""),
            ("a<nav>menu</nav>b", "a\n\nb"),
            ("<ul><li hidden>a<li>b</ul>", "b"),
            ("<p hidden>a<p>b", "b"),
            ("<p hidden>a<div>b</div>", "b"),
            ("<table><tr hidden><td>a<tr><td>b<td hidden>c<td>d</table>", "b d"),
            ("<div><span hidden>a</div>b", "b"),
            ("<div hidden><b>a</b></i></div>b", "b"),
            ("<div hidden><table><td></div>a</table></div>b", "b"),
            ("a<svg><title>t</title><style/><p>b</p></svg>c", "ac"),
            ("<div><svg/>a<svg><title/></svg>b</div>", "ab"),
        ] {
            assert_eq!(html(page).text, text, "{page}");
        }
    }

    #[test]
    fn what_a_browser_does_not_show_is_left_out() {
        let elements =
            "rp canvas video audio object noembed noframes meter progress iframe dialog datalist template annotation";
        let by_name = elements.split(' ').map(|name| (name.to_owned(), name));
        let by_attribute = [
            ("i hidden", "i"),
            ("div hidden=''", "div"),
            ("span style='color:red; DISPLAY : none !important'", "span"),
        ];
        for (tag, name) in by_name.chain(by_attribute.map(|(tag, name)| (tag.to_owned(), name))) {
            assert_eq!(html(&format!("a <{tag}>secret</{name}> b")).text, "a b", "{tag}");
        }
        for shown in
            ["<i hidden=until-found>", "<dialog open>", "<i style='display:block'>", "<details>", "<i style=''>"]
        {
            assert!(html(&format!("{shown}shown")).text.contains("shown"), "{shown}");
        }
    }

    #[test]
    fn pages_that_scripts_show_are_read() {
        for (page, text) in [
            ("<html hidden><body style='display:none'><p>a<p hidden>b", "a"),
            ("<title>T</title><div style='display:none'><p>a</p><style>p{}</style></div> ", "a"),
            ("<div hidden>a</div><div hidden><nav>b</nav></div>", "a"),
            ("<div hidden>a<nav>b", "a\n\nb"),
            ("<div hidden><script>a</script></div>", ""),
        ] {
            assert_eq!(html(page).text, text, "{page}");
        }
    }

    #[test]
    fn a_slash_ends_elements_of_xhtml_alone() {
        let xhtml = |page: &str| document(page, Language::Xhtml);
        let page = xhtml("<script src=\"a.js\"/><title>X</title><p>a<![CDATA[ < b ]]><i/>c</p><style>p{}</style>");
        assert_eq!((page.title.as_str(), page.text.as_str()), ("X", "a < b c"));
        assert_eq!(xhtml("<title/><nav/><p>a</p>").text, "a");
        assert_eq!(html("<script src=\"x\"/><p>var secret</p></script>a").text, "a");
        assert_eq!(html("<style/>p{}</style><p>b<div/>c").text, "b\n\nc");
        assert_eq!(html("<p>a<![CDATA[b]]>c").text, "ac");
    }
}
