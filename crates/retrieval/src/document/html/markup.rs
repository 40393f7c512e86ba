//! The tags and texts of a page, as HTML or as XHTML.

use std::cell::Cell;
use std::rc::Rc;

use html5gum::emitters::{Emitter, ForwardingEmitter};
use html5gum::{DefaultEmitter, State, Token, Tokenizer};

/// The language that a page is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Html,
    Xhtml,
}

/// Whether tags are inside of another language, such as SVG, where a browser reads no raw text: whoever takes them says it.
pub(super) type IsForeign = Rc<Cell<bool>>;

/// The tags and texts of a page, with their places.
pub(super) fn tokens(page: &str, language: Language, is_foreign: IsForeign) -> impl Iterator<Item = Token<usize>> {
    let mut inner = DefaultEmitter::new_with_span();
    // What stands in scripts and styles of HTML is no markup; in XHTML it is, if it stands in no CDATA.
    inner.naively_switch_states(language == Language::Html);
    let markup = Markup { inner, language, is_foreign, name: Vec::new() };
    Tokenizer::new_with_emitter(page, markup).map(|token| {
        let Ok(token) = token;
        token
    })
}

struct Markup {
    inner: DefaultEmitter<usize>,
    language: Language,
    is_foreign: IsForeign,
    /// The name of the tag that is read.
    name: Vec<u8>,
}

impl ForwardingEmitter for Markup {
    type Token = Token<usize>;

    fn inner(&mut self) -> &mut impl Emitter<Token = Token<usize>> {
        &mut self.inner
    }

    fn init_start_tag(&mut self) {
        self.name.clear();
        Emitter::init_start_tag(&mut self.inner);
    }

    fn push_tag_name(&mut self, part: &[u8]) {
        self.name.extend(part);
        Emitter::push_tag_name(&mut self.inner, part);
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        let state = Emitter::emit_current_tag(&mut self.inner);
        // `noscript` is markup, so that one that is not closed ends with what it stands in.
        state.filter(|_| !self.is_foreign.get() && self.name != b"noscript")
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        self.language == Language::Xhtml || self.is_foreign.get()
    }
}
