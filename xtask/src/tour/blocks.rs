//! The shell blocks of a page.

use crate::failure::{Failure, failed};

/// Commands that a page shows.
#[derive(Debug, PartialEq)]
pub(super) struct Block {
    pub(super) page: String,
    /// The line of its first command.
    pub(super) line: usize,
    pub(super) script: String,
    pub(super) place: Place,
    /// Why it is left out.
    pub(super) skipped: Option<String>,
    /// Whether only the whole tour runs it.
    pub(super) is_whole: bool,
    /// Whether it starts servers.
    pub(super) has_server: bool,
    /// What it prints, where the page says so.
    pub(super) output: Option<String>,
}

/// Where a block is run.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Place {
    /// In the page's folder, among files such as a user has.
    #[default]
    Folder,
    /// In a clean clone.
    Clone,
}

impl Block {
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.page, self.line)
    }
}

/// The blocks of a page, in order.
pub(super) fn of_page(page: &str, text: &str) -> Result<Vec<Block>, Failure> {
    let lines: Vec<&str> = text.lines().collect();
    let mut blocks: Vec<Block> = Vec::new();
    // The line behind the last block of commands, below which what they print may stand.
    let mut behind = None;
    let mut at = 0;
    while at < lines.len() {
        let Some(language) = lines[at].strip_prefix("```") else {
            if !lines[at].trim().is_empty() {
                behind = None;
            }
            at += 1;
            continue;
        };
        let length = lines[at + 1..].iter().position(|line| *line == "```");
        let length = length.ok_or_else(|| failed(format!("{page}:{}: the block has no end", at + 1)))?;
        let content = lines[at + 1..][..length].join("\n");
        match (language, behind.take()) {
            ("sh", _) => {
                let note = at.checked_sub(1).and_then(|before| note(lines[before]));
                blocks.push(block(page, at + 2, content, note)?);
                behind = Some(at + length + 1);
            }
            ("text", Some(_)) => blocks.last_mut().into_iter().for_each(|last| last.output = Some(content.clone())),
            _ => {}
        }
        at += length + 2;
    }
    Ok(blocks)
}

/// What a comment says to the tour.
fn note(line: &str) -> Option<&str> {
    line.trim().strip_prefix("<!-- tour: ")?.strip_suffix(" -->")
}

fn block(page: &str, line: usize, script: String, note: Option<&str>) -> Result<Block, Failure> {
    let mut block = Block {
        page: page.to_owned(),
        line,
        script,
        place: Place::Folder,
        skipped: None,
        is_whole: false,
        has_server: false,
        output: None,
    };
    let Some(note) = note else { return Ok(block) };
    if let Some(reason) = note.strip_prefix("skip, ") {
        block.skipped = Some(reason.to_owned());
        return Ok(block);
    }
    for word in note.split_whitespace() {
        match word {
            "whole" => block.is_whole = true,
            "clone" => block.place = Place::Clone,
            "server" => block.has_server = true,
            other => return Err(failed(format!("{page}:{line}: the tour knows no note {other:?}"))),
        }
    }
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Page\n\n<!-- tour: server whole -->\n```sh\nserve\n```\n\n```sh\necho a\n```\n\n```text\na\n```\n\n\
        ```rust\nlet a = 1;\n```\n\n<!-- tour: skip, it is long -->\n```sh\nsleep 9\n```\nwords\n```text\nnot its output\n```\n";

    #[test]
    fn blocks_have_their_notes_and_outputs() {
        let blocks = of_page("p.md", PAGE).unwrap();
        let told: Vec<_> = blocks.iter().map(|b| (b.name(), b.script.as_str(), b.output.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("p.md:5".to_owned(), "serve", None),
                ("p.md:9".to_owned(), "echo a", Some("a")),
                ("p.md:22".to_owned(), "sleep 9", None)
            ]
        );
        assert!(blocks[0].has_server && blocks[0].is_whole && !blocks[1].is_whole);
        assert_eq!(blocks[2].skipped.as_deref(), Some("it is long"));
        assert!(of_page("p.md", "<!-- tour: fly -->\n```sh\na\n```").is_err());
        assert!(of_page("p.md", "```sh\na\n").is_err());
    }
}
