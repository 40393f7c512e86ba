//! What a file's code says, apart from tests: the names it defines, the paths it writes, the modules it declares.

use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, ImplItem, Item, ItemMod, ItemUse, Meta, Token, TraitItem, UseTree};

use crate::failure::Failure;

/// `a::b::c`, as it stands in the code. One that begins with `::` has an empty first segment, and `$crate` is `crate`.
pub(super) type NamePath = Vec<String>;

/// The code of one module, without that of the modules inside it.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// Names of the items that are defined here.
    pub(super) items: Vec<String>,
    /// Names of macros defined here: the modules inside know them without a path.
    pub(super) macros: Vec<String>,
    /// Those of them that stand at the crate's root.
    pub(super) exported_macros: Vec<String>,
    /// Names that stand for a path: imports, re-exports, `extern crate`.
    pub(super) aliases: Vec<(String, NamePath)>,
    /// Modules of which every name is taken in.
    pub(super) globs: Vec<NamePath>,
    /// Every path that is written, imports among them.
    pub(super) paths: Vec<NamePath>,
    /// The modules inside.
    pub(super) modules: Vec<Declared>,
}

/// A module inside another.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    /// What `#[path = "…"]` says.
    pub(super) path: Option<String>,
    /// The code, if it stands in the same file.
    pub(super) inline: Option<Code>,
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Code, Failure> {
    let wrong = |what: String| Failure(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    Code::parse(&text).map_err(|e| wrong(e.to_string()))
}

impl Code {
    pub(super) fn parse(text: &str) -> syn::Result<Self> {
        Ok(Self::of(&syn::parse_file(text)?.items))
    }

    fn of(items: &[Item]) -> Self {
        let mut reader = Reader { code: Self::default(), depth: 0 };
        items.iter().for_each(|item| reader.visit_item(item));
        reader.code
    }

    fn define(&mut self, name: &Ident) {
        self.items.push(text(name));
    }

    /// Notes what a `use` brings in below a prefix.
    fn import(&mut self, prefix: &NamePath, tree: &UseTree) {
        let below = |ident: &Ident| [prefix.as_slice(), &[text(ident)]].concat();
        match tree {
            UseTree::Path(path) => self.import(&below(&path.ident), &path.tree),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(prefix, tree)),
            UseTree::Glob(_) => {
                self.globs.push(prefix.clone());
                self.paths.push(prefix.clone());
            }
            UseTree::Name(name) if name.ident == "self" => {
                self.alias(prefix.last().cloned().unwrap_or_default(), prefix.clone());
            }
            UseTree::Name(name) => self.alias(text(&name.ident), below(&name.ident)),
            UseTree::Rename(rename) if rename.ident == "self" => self.alias(text(&rename.rename), prefix.clone()),
            UseTree::Rename(rename) => self.alias(text(&rename.rename), below(&rename.ident)),
        }
    }

    fn alias(&mut self, name: String, path: NamePath) {
        self.paths.push(path.clone());
        self.aliases.push((name, path));
    }

    /// Notes every path in tokens: the body of a macro or what one is given.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path: NamePath = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(text(&ident));
                    colons = 0;
                }
                other => {
                    self.end(&mut path);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.scan(group.stream());
                    }
                }
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut NamePath) {
        if !path.is_empty() {
            self.paths.push(std::mem::take(path));
        }
    }
}

/// Walks through the items of a module.
struct Reader {
    code: Code,
    /// How many items the present one is inside of: only the outermost are names of the module.
    depth: usize,
}

impl Reader {
    fn declare(&mut self, module: &ItemMod) {
        self.code.modules.push(Declared {
            name: text(&module.ident),
            path: module.attrs.iter().find_map(path_attribute),
            inline: module.content.as_ref().map(|(_, items)| Code::of(items)),
        });
    }

    fn name(&mut self, item: &Item) {
        match item {
            Item::Const(item) => self.code.define(&item.ident),
            Item::Enum(item) => self.code.define(&item.ident),
            Item::Fn(item) => self.code.define(&item.sig.ident),
            Item::Static(item) => self.code.define(&item.ident),
            Item::Struct(item) => self.code.define(&item.ident),
            Item::Trait(item) => self.code.define(&item.ident),
            Item::TraitAlias(item) => self.code.define(&item.ident),
            Item::Type(item) => self.code.define(&item.ident),
            Item::Union(item) => self.code.define(&item.ident),
            Item::Macro(item) => {
                if let Some(name) = &item.ident {
                    self.code.define(name);
                    self.code.macros.push(text(name));
                    if item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export")) {
                        self.code.exported_macros.push(text(name));
                    }
                }
            }
            Item::ExternCrate(item) => {
                let name = item.rename.as_ref().map_or(&item.ident, |(_, name)| name);
                self.code.alias(text(name), vec![String::new(), text(&item.ident)]);
            }
            _ => {}
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_for_tests(attributes(item)) {
            return;
        }
        if let Item::Mod(module) = item {
            return self.declare(module);
        }
        if self.depth == 0 {
            self.name(item);
        }
        self.depth += 1;
        visit::visit_item(self, item);
        self.depth -= 1;
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let prefix = item.leading_colon.iter().map(|_| String::new()).collect();
        self.code.import(&prefix, &item.tree);
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            _ => return,
        };
        if !is_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        let attributes = match item {
            TraitItem::Const(item) => &item.attrs,
            TraitItem::Fn(item) => &item.attrs,
            TraitItem::Type(item) => &item.attrs,
            TraitItem::Macro(item) => &item.attrs,
            _ => return,
        };
        if !is_for_tests(attributes) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let leading = path.leading_colon.iter().map(|_| String::new());
        let path_names = leading.chain(path.segments.iter().map(|segment| text(&segment.ident)));
        self.code.paths.push(path_names.collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.visit_path(&called.path);
        self.code.scan(called.tokens.clone());
    }

    // What follows `pub(in …)` says who may look, and is no import; attributes are not ours to read.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// An identifier's text, without the `r#` of a raw one.
fn text(ident: &Ident) -> String {
    ident.unraw().to_string()
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn path_attribute(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    match &pair.value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) if pair.path.is_ident("path") => {
            Some(path.value())
        }
        _ => None,
    }
}

/// Whether attributes leave their item out of everything but tests.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_cfg = attribute.path().is_ident("cfg");
        attribute.path().is_ident("test") || is_cfg && attribute.parse_args().is_ok_and(|meta| needs_test(&meta))
    })
}

/// Whether a `cfg` predicate can hold only in tests.
fn needs_test(predicate: &Meta) -> bool {
    match predicate {
        Meta::Path(path) => path.is_ident("test") || path.is_ident("doctest"),
        Meta::List(list) => {
            let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default();
            if list.path.is_ident("all") {
                parts.iter().any(needs_test)
            } else {
                list.path.is_ident("any") && !parts.is_empty() && parts.iter().all(needs_test)
            }
        }
        Meta::NameValue(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let mut paths: Vec<_> = Code::parse(text).unwrap().paths.iter().map(|path| path.join("::")).collect();
        paths.sort();
        paths
    }

    #[test]
    fn paths_are_found_wherever_they_stand() {
        assert_eq!(paths("use a::{b, c::{self, d as e}, f::*};"), ["a::b", "a::c", "a::c::d", "a::f"]);
        assert_eq!(paths("use ::a::b; extern crate c as _;"), ["::a::b", "::c"]);
        assert_eq!(
            paths("fn f(x: a::B<c::D>) { e::f(x); g! { h::i, 1..2, j } }"),
            ["a::B", "c::D", "e::f", "g", "h::i", "j", "x"]
        );
        assert_eq!(
            paths("macro_rules! m { ($x:expr) => { $crate::a::b($x) } }"),
            ["crate::a::b", "expr", "macro_rules", "x", "x"]
        );
        assert_eq!(paths("#[a::b] pub(in crate::c) struct S;"), [""; 0]);
    }

    #[test]
    fn tests_are_not_read() {
        for left_out in ["test", "all(test, unix)", "all(unix, any(test, doctest))"] {
            assert_eq!(
                paths(&format!("#[cfg({left_out})] mod t {{ use a::b; }} #[cfg({left_out})] use a::b;")),
                [""; 0]
            );
        }
        for kept in ["unix", "not(test)", "any(test, unix)"] {
            assert_eq!(paths(&format!("#[cfg({kept})] use a::b;")), ["a::b"]);
        }
        assert_eq!(paths("struct S; impl S { #[cfg(test)] fn f() { a::b() } }"), ["S"]);
    }
}
