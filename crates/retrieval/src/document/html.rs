//! The text of HTML: what a browser shows, a paragraph a block.

use html5gum::{DefaultEmitter, Token, Tokenizer};

use super::outline::{Anchors, Outline};
use super::{Document, SourceMap};

/// Elements whose content is not read.
const UNREAD: [&[u8]; 8] = [b"script", b"style", b"noscript", b"template", b"svg", b"iframe", b"select", b"nav"];
/// Elements that stand in a line of text.
const INLINE: [&[u8]; 26] = [
    b"a", b"abbr", b"b", b"bdi", b"bdo", b"cite", b"code", b"data", b"del", b"dfn", b"em", b"font", b"i", b"img",
    b"ins", b"kbd", b"mark", b"q", b"s", b"samp", b"small", b"span", b"strong", b"sub", b"sup", b"u",
];

/// The text of a page, with its title and sections.
pub(super) fn document(html: &str) -> Document {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    // What stands in scripts and styles is no markup.
    emitter.naively_switch_states(true);
    let mut page = Page { outline: Outline::new(Anchors::Own), ..Page::default() };
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let id = tag.attributes.get(&b"id"[..]).map(|id| String::from_utf8_lossy(&id.value).into_owned());
                page.start(&tag.name, tag.self_closing, id.unwrap_or_default());
            }
            Token::EndTag(tag) => page.end(&tag.name),
            Token::String(text) => {
                page.text(&String::from_utf8_lossy(&text.value), text.span.start..text.span.end);
            }
            _ => {}
        }
    }
    page.finish()
}

#[derive(Default)]
struct Page {
    text: String,
    map: SourceMap,
    outline: Outline,
    title: String,
    /// The element that is not read, and how many of its kind are open.
    unread: Option<(Vec<u8>, usize)>,
    in_title: bool,
    preformatted: usize,
    /// The level of the heading that is open, where it began, and its id.
    heading: Option<(usize, usize, String)>,
    /// Line breaks that are due before more text.
    breaks: usize,
    /// Whether a blank is due.
    blank: bool,
}

impl Page {
    fn start(&mut self, name: &[u8], self_closing: bool, id: String) {
        if let Some((open, depth)) = &mut self.unread {
            *depth += usize::from(open == name && !self_closing);
            return;
        }
        if UNREAD.contains(&name) && !self_closing {
            self.unread = Some((name.to_vec(), 1));
            return;
        }
        match name {
            b"title" => self.in_title = true,
            b"br" => self.breaks = self.breaks.max(1),
            b"pre" => {
                self.preformatted += 1;
                self.breaks = 2;
            }
            b"td" | b"th" => self.blank = true,
            b"li" | b"tr" | b"dt" | b"dd" => self.breaks = self.breaks.max(1),
            _ if INLINE.contains(&name) => {}
            _ => self.breaks = 2,
        }
        if let Some(level) = level(name) {
            self.heading = Some((level, self.text.len() + self.due().len(), id));
        }
    }

    fn end(&mut self, name: &[u8]) {
        if let Some((open, depth)) = &mut self.unread {
            if open == name {
                *depth -= 1;
                if *depth == 0 {
                    self.unread = None;
                }
            }
            return;
        }
        if level(name).is_some()
            && let Some((level, start, id)) = self.heading.take()
            && let Some(heading) = self.text.get(start..)
        {
            self.outline.heading_at(level, heading, start, id);
        }
        match name {
            b"title" => self.in_title = false,
            b"pre" => {
                self.preformatted = self.preformatted.saturating_sub(1);
                self.breaks = 2;
            }
            b"td" | b"th" => self.blank = true,
            b"li" | b"tr" | b"dt" | b"dd" => self.breaks = self.breaks.max(1),
            _ if INLINE.contains(&name) => {}
            _ => self.breaks = 2,
        }
    }

    fn text(&mut self, text: &str, file: std::ops::Range<usize>) {
        if self.unread.is_some() {
            return;
        }
        if self.in_title {
            self.title += text;
            return;
        }
        if self.preformatted > 0 {
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
            self.blank |= bare.len() < word.len();
            at += word.len();
        }
    }

    /// What stands between the text so far and more of it.
    fn due(&self) -> &'static str {
        match (self.text.is_empty(), self.breaks, self.blank) {
            (true, ..) | (_, 0, false) => "",
            (_, 0, true) => " ",
            (_, 1, _) => "\n",
            _ => "\n\n",
        }
    }

    fn append(&mut self, text: &str, file: std::ops::Range<usize>) {
        let due = self.due();
        self.text += due;
        (self.breaks, self.blank) = (0, false);
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

/// The level of a heading's element.
fn level(name: &[u8]) -> Option<usize> {
    match name {
        [b'h', digit @ b'1'..=b'6'] => Some(usize::from(digit - b'0')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<!doctype html><html><head><title>My\n page</title><style>p{}</style></head><body><nav>Menu</nav>\
        <h1>Top</h1><p>A <b>bold</b>\n word &amp; more.</p><script>if (a < b) \"</p>\"</script><h2 id=next-one>Next</h2><ul><li>one<li>two</ul>\
        <pre>a\n  b</pre><table><tr><td>x<td>y</table>";

    #[test]
    fn the_text_is_what_a_browser_shows() {
        let document = document(PAGE);
        assert_eq!(document.title, "My page");
        assert_eq!(document.text, "Top\n\nA bold word & more.\n\nNext\n\none\ntwo\n\na\n  b\n\nx y");
        let paths: Vec<_> =
            document.sections.iter().map(|s| (&document.text[s.start..][..4], s.path.as_str())).collect();
        assert_eq!(paths, [("Top\n", "Top"), ("Next", "Top › Next")]);
        assert_eq!(document.sections.iter().map(|s| s.anchor.as_str()).collect::<Vec<_>>(), ["", "next-one"]);
    }

    #[test]
    fn bytes_are_those_of_the_file() {
        let document = document(PAGE);
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
        assert_eq!(document("<p>a<p").text, "a");
        assert_eq!(document("<script>never closed").text, "");
        assert_eq!(document("no markup").text, "no markup");
        assert_eq!(document("").text, "");
    }
}
