//! Headings of Markdown and reStructuredText.

use super::Section;
use super::outline::{Anchors, Outline};

/// The sections of a Markdown text: headings behind `#`, and lines above `===` and `---`, outside of fenced code.
pub(super) fn markdown(text: &str) -> Vec<Section> {
    let mut outline = Outline::new(Anchors::Markdown);
    let mut fence: Option<&str> = None;
    let mut before: Option<(usize, &str)> = None;
    for (start, line) in lines(text) {
        let bare = line.trim();
        let marker = ["```", "~~~"].into_iter().find(|marker| bare.starts_with(*marker));
        match (fence, marker) {
            (None, Some(marker)) => fence = Some(marker),
            (Some(open), Some(marker)) if open == marker => fence = None,
            _ => {}
        }
        if fence.is_some() || marker.is_some() {
            before = None;
            continue;
        }
        let level = bare.bytes().take_while(|byte| *byte == b'#').count();
        let underline = ["=", "-"].iter().position(|mark| bare.len() >= 2 && bare.replace(*mark, "").is_empty());
        if (1..=6).contains(&level) && bare[level..].starts_with([' ', '\t']) {
            outline.heading(level, bare[level..].trim().trim_end_matches('#'), start);
            before = None;
        } else if let (Some(level), Some((at, heading))) = (underline, before) {
            outline.heading(level + 1, heading, at);
            before = None;
        } else {
            before = (!bare.is_empty()).then_some((start, bare));
        }
    }
    outline.into_sections()
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
    fn restructured_levels_are_as_they_come() {
        let text = "Top\n~~~\n\nA\n==\n\ntext\n\nB\n==\n\nC\n~~\n";
        let found = restructured(text);
        assert_eq!(found.iter().map(|s| s.path.as_str()).collect::<Vec<_>>(), ["Top", "Top › A", "Top › B", "C"]);
    }
}
