//! Headings of Markdown and reStructuredText.

#[cfg(test)]
mod commonmark;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::Section;
use super::outline::{Anchors, Outline};

/// The sections of a Markdown text: its headings, as CommonMark has them, but for those in quotes and lists, which end with
/// these. What stands between `---` or `+++` at its start is no part of it.
pub(super) fn markdown(text: &str) -> Vec<Section> {
    let mut outline = Outline::new(Anchors::Markdown);
    let behind = front_matter(text);
    let mut heading: Option<Heading> = None;
    // How many quotes, lists and pictures are open.
    let (mut containers, mut pictures) = (0usize, 0usize);
    for (event, range) in Parser::new_ext(&text[behind..], Options::ENABLE_STRIKETHROUGH).into_offset_iter() {
        match (event, &mut heading) {
            (Event::Start(Tag::BlockQuote(_) | Tag::Item), _) => containers += 1,
            (Event::End(TagEnd::BlockQuote(_) | TagEnd::Item), _) => containers -= 1,
            (Event::Start(Tag::Heading { level, .. }), _) => {
                heading = Some(Heading { level: level as usize, start: behind + range.start, ..Heading::default() });
            }
            (Event::End(TagEnd::Heading(_)), _) => {
                if let Some(Heading { level, start, text, linked }) = heading.take() {
                    let anchor = outline.anchor(&linked);
                    if containers == 0 {
                        outline.heading_at(level, &text, start, anchor);
                    }
                }
            }
            (Event::Start(Tag::Image { .. }), _) => pictures += 1,
            (Event::End(TagEnd::Image), _) => pictures -= 1,
            (Event::Text(part) | Event::Code(part), Some(heading)) => heading.push(&part, pictures == 0),
            (Event::SoftBreak | Event::HardBreak, Some(heading)) => heading.push("\n", true),
            _ => {}
        }
    }
    outline.into_sections()
}

#[derive(Default)]
struct Heading {
    level: usize,
    start: usize,
    text: String,
    /// What its anchor is made of: its text without what stands for pictures.
    linked: String,
}

impl Heading {
    fn push(&mut self, part: &str, is_linked: bool) {
        self.text += part;
        self.linked += if is_linked { part } else { "" };
    }
}

/// How much of a text its front matter takes: lines of settings between two of `---` or `+++`, or up to one of `...`.
/// Two such lines may as well part paragraphs.
fn front_matter(text: &str) -> usize {
    let mut lines = lines(text).map(|(start, line)| (start + line.len(), line.trim_end()));
    let Some((_, open @ ("---" | "+++"))) = lines.next() else { return 0 };
    let lines: Vec<_> = lines.collect();
    let Some(last) = lines.iter().position(|(_, line)| *line == open || (*line == "..." && open == "---")) else {
        return 0;
    };
    let settings = &lines[..last];
    let is_setting = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let Some(first) = settings.iter().map(|(_, line)| *line).find(is_setting) else { return 0 };
    let are_settings = match open {
        "---" => (has_key(first) || first.starts_with('{')) && settings.iter().all(|(_, line)| may_be_yaml(line)),
        // Its longer texts may be of any lines.
        _ => first.contains('=') || first.starts_with('['),
    };
    // A line that parts paragraphs has another one below it.
    if are_settings && !settings[0].1.is_empty() { lines[last].0 } else { 0 }
}

/// Whether a line may stand in settings of YAML: what is not indented has a key, or is of a list or a comment.
fn may_be_yaml(line: &str) -> bool {
    line.is_empty()
        || line.starts_with([' ', '\t', '#', '{', '}', '[', ']'])
        || has_key(line)
        || line.strip_prefix('-').is_some_and(|item| item.is_empty() || item.starts_with([' ', '\t']))
}

fn has_key(line: &str) -> bool {
    line.split_once(':').is_some_and(|(_, value)| value.is_empty() || value.starts_with([' ', '\t']))
}

/// The sections of a reStructuredText: lines above a line of marks as long, whose levels are as their marks first come.
pub(super) fn restructured(text: &str) -> Vec<Section> {
    const MARKS: &str = "=-~^\"'`#*+.:_<>";
    let mut outline = Outline::new(Anchors::Docutils);
    let mut levels: Vec<char> = Vec::new();
    let mut before: Option<(usize, &str)> = None;
    for (start, line) in lines(text) {
        let bare = line.trim_end();
        let mark = bare.chars().next().filter(|mark| MARKS.contains(*mark) && bare.chars().all(|c| c == *mark));
        match (mark, before) {
            (Some(mark), Some((at, heading))) if bare.len() >= 2 && bare.len() >= heading.chars().count() => {
                let level = levels.iter().position(|known| *known == mark).unwrap_or_else(|| {
                    levels.push(mark);
                    levels.len() - 1
                });
                outline.heading(level + 1, heading, at);
                before = None;
            }
            (Some(_), _) => before = None,
            (None, _) => before = (!bare.is_empty() && !bare.starts_with(' ')).then_some((start, bare)),
        }
    }
    outline.into_sections()
}

/// Lines with where they begin.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(sections: &[Section]) -> Vec<(usize, &str)> {
        sections.iter().map(|section| (section.start, section.path.as_str())).collect()
    }

    #[test]
    fn markdowns_headings_are_found_and_those_in_code_are_not() {
        let text = "Top\n===\n\n## Two ##\n\n```sh\n# no heading\n```\n#hashtag\n\n### Three\n\nNext\n---\n\n---\n";
        let at = |what: &str| text.find(what).unwrap();
        let expected = [
            (0, "Top"),
            (at("## Two"), "Top › Two"),
            (at("### Three"), "Top › Two › Three"),
            (at("Next"), "Top › Next"),
        ];
        assert_eq!(paths(&markdown(text)), expected);
    }

    #[test]
    fn headings_are_those_of_commonmark() {
        for (name, text, expected) in commonmark::CASES {
            let found = markdown(text);
            let headings: Vec<_> = found.iter().map(|s| s.path.rsplit(" › ").next().unwrap_or_default()).collect();
            assert_eq!(headings, *expected, "{name}: {text:?}");
        }
    }

    #[test]
    fn anchors_are_of_the_text_as_it_is_rendered() {
        for (text, path, anchor) in [
            ("# [Link](http://x) and `code` **bold**", "Link and code bold", "link-and-code-bold"),
            ("# C#", "C#", "c"),
            ("# <a name=\"x\"></a>Top &amp; *more* ![logo](a.png)", "Top & more logo", "top--more"),
            ("[ref]: /x\n\n## [A b][ref] ##", "A b", "a-b"),
            ("First line\nsecond line\n===", "First line second line", "first-linesecond-line"),
        ] {
            let found = markdown(text);
            let [section] = &found[..] else { panic!("{text}: {found:?}") };
            assert_eq!((section.path.as_str(), section.anchor.as_str()), (path, anchor), "{text}");
        }
        // Headings of quotes take their anchors, and open no section.
        let found = markdown("> # A\n\n- # A\n\ntext\n\n# A\n");
        assert_eq!(found.iter().map(|s| s.anchor.as_str()).collect::<Vec<_>>(), ["a-2"]);
    }

    #[test]
    fn headings_begin_where_they_stand() {
        let text = "---\ntitle: F\ntags: [a, b]\n---\n\nFirst line\nsecond line\n===\n\nbody\n\n  ## Two\n";
        let at = |what: &str| text.find(what).unwrap();
        assert_eq!(
            paths(&markdown(text)),
            [(at("First"), "First line second line"), (at("## Two"), "First line second line › Two"),]
        );
    }

    #[test]
    fn front_matter_is_settings() {
        for (text, expected) in [
            (
                "---\n# of the site\ntitle: A\n\ntags:\n- b\n- c\nby:\n  name: D\n# more\ntext: >\n  E\n---\n# F\n",
                &["F"][..],
            ),
            ("---\ntitle: A\n...\n# F\n", &["F"]),
            ("---\n{\"title\": \"A\",\n \"b\": []\n}\n---\n# F\n", &["F"]),
            ("+++\ntitle = \"A\"\n\n[b]\nc = \"\"\"\n# d\ne\n\"\"\"\n+++\n# F\n", &["F"]),
            ("---\nSome text\n\n# A\n\nmore\n\n---\n\n# B\n", &["A", "B"]),
            ("---\nNote: some text\n\n# A\n\nmore\n\n---\n\n# B\n", &["A", "B"]),
            ("---\n- one\n- two\n\n# A\n\n---\n", &["A"]),
            ("---\ntitle: A\n\n# B\n", &["B"]),
            ("+++\nSome text\n\n# A\n\n+++\n", &["A"]),
        ] {
            let found = markdown(text);
            let headings: Vec<_> = found.iter().map(|s| s.path.as_str()).collect();
            assert_eq!(headings, expected, "{text:?}");
        }
    }

    #[test]
    fn restructured_levels_are_as_they_come() {
        let text = "Top\n~~~\n\nA\n==\n\ntext\n\nB\n==\n\nC\n~~\n";
        let found = restructured(text);
        assert_eq!(found.iter().map(|s| s.path.as_str()).collect::<Vec<_>>(), ["Top", "Top › A", "Top › B", "C"]);
    }
}
