//! The text of a page, as its content stream has it: lines as they were set, and a blank line where there is a gap.

use std::collections::HashSet;

use hayro::hayro_interpret::font::{Glyph, GlyphRun};
use hayro::hayro_interpret::hayro_cmap::BfString;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, SoftMask, TransformExt as _, interpret_page,
};
use hayro::hayro_syntax::page::Page;
use hayro::kurbo::{Affine, BezPath, Point, Rect};

/// Units of a glyph's own coordinates in its size.
const UNITS_PER_EM: f64 = 1000.0;
/// Shares of a glyph's size: from which gap on there is a blank, another line, another paragraph.
const BLANK: f64 = 0.15;
const LINE: f64 = 0.5;
const PARAGRAPH: f64 = 1.9;
/// Glyphs whose places differ by less than a part of a unit of the page are at one place.
const PLACES: f64 = 10.0;

/// The text of a page; glyphs of which no character is known are left out.
pub(super) fn of_page(page: &Page<'_>) -> String {
    let (width, height) = page.render_dimensions();
    let bounds = Rect::new(0.0, 0.0, width.into(), height.into());
    let cache = InterpreterCache::new();
    let transform = page.initial_transform(true).to_kurbo();
    let mut context = Context::new(transform, bounds, &cache, page.xref(), InterpreterSettings::default());
    let mut text = Text::default();
    interpret_page(page, &mut context, &mut text);
    text.text
}

/// Collects the glyphs of a page.
#[derive(Default)]
struct Text {
    text: String,
    /// Where the last glyph ended.
    last: Option<End>,
    /// The characters that are filled, by their places.
    filled: HashSet<([i64; 2], String)>,
}

/// The end of a glyph on its line, and its size.
struct End {
    at: Point,
    size: f64,
}

impl Text {
    fn glyph(&mut self, glyph: &Glyph<'_>, place: Affine, is_outline: bool) {
        let characters: String = match glyph.as_unicode() {
            Some(BfString::Char(character)) => letters(&character.to_string()),
            Some(BfString::String(characters)) => letters(&characters),
            None => return,
        };
        let advance = match glyph {
            Glyph::Outline(glyph) => glyph.advance_width(),
            Glyph::Type3(glyph) => glyph.advance_width(),
        };
        let start = place * Point::ORIGIN;
        let size = (place * Point::new(0.0, UNITS_PER_EM) - start).hypot();
        let end = place * Point::new(f64::from(advance.unwrap_or(0.0)), 0.0);
        if !(start.is_finite() && end.is_finite() && size.is_finite()) {
            return;
        }
        // The outline of a letter that is filled as well is no other letter.
        let here = ([start.x, start.y].map(|along| (along * PLACES).round() as i64), characters.clone());
        if !is_outline {
            self.filled.insert(here);
        } else if self.filled.contains(&here) {
            return;
        }
        if let Some(last) = &self.last {
            let size = size.max(last.size);
            let (across, down) = (start.x - last.at.x, (start.y - last.at.y).abs());
            let gap = if down > PARAGRAPH * size {
                "\n\n"
            } else if down > LINE * size {
                "\n"
            } else if across > BLANK * size || across < -size {
                " "
            } else {
                ""
            };
            if !characters.trim().is_empty() && !self.text.ends_with(char::is_whitespace) || gap.contains('\n') {
                self.separate(gap);
            }
        }
        self.text.extend(characters.chars().filter(|character| !character.is_control()));
        self.last = Some(End { at: end, size });
    }

    fn separate(&mut self, gap: &str) {
        if gap.contains('\n') {
            self.text.truncate(self.text.trim_end_matches(' ').len());
            // A word that was divided at the end of a line.
            let is_divided = gap == "\n" && self.text.ends_with('-') && {
                let mut before = self.text.chars().rev().skip(1);
                before.next().is_some_and(char::is_alphabetic)
            };
            if is_divided {
                self.text.pop();
                return;
            }
        }
        if !self.text.is_empty() {
            self.text.push_str(gap);
        }
    }
}

/// Characters as they are written and searched for: of a ligature, its letters.
fn letters(characters: &str) -> String {
    let mut letters = String::with_capacity(characters.len());
    for character in characters.chars() {
        match character {
            '\u{fb00}' => letters.push_str("ff"),
            '\u{fb01}' => letters.push_str("fi"),
            '\u{fb02}' => letters.push_str("fl"),
            '\u{fb03}' => letters.push_str("ffi"),
            '\u{fb04}' => letters.push_str("ffl"),
            '\u{fb05}' | '\u{fb06}' => letters.push_str("st"),
            other => letters.push(other),
        }
    }
    letters
}

impl<'a> Device<'a> for Text {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}

    fn push_clip_path(&mut self, _: &ClipPath) {}

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        let is_outline = matches!(mode, DrawMode::Stroke(_));
        for glyph in run.glyphs() {
            self.glyph(glyph, props.transform * glyph.transform(), is_outline);
        }
    }

    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {}

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ligatures_are_their_letters() {
        assert_eq!(
            letters("\u{fb00} \u{fb01} \u{fb02} \u{fb03} \u{fb04} \u{fb05} \u{fb06} é"),
            "ff fi fl ffi ffl st st é"
        );
    }
}
