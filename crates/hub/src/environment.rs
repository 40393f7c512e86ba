//! Variables of the environment, read as Python's client reads them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use crate::HubError;

/// Looks up a variable.
type Lookup = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// Variables of the environment, or what a program puts in their place.
#[derive(Clone)]
pub(crate) struct Environment(Arc<Lookup>);

impl Default for Environment {
    fn default() -> Self {
        Self::new(|name| std::env::var_os(name))
    }
}

impl Environment {
    pub(crate) fn new(lookup: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    /// An environment of these variables alone.
    #[cfg(test)]
    pub(crate) fn of(variables: &'static [(&'static str, &'static str)]) -> Self {
        Self::new(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    /// A variable; an empty one counts as not set.
    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// A variable's text; none when it is no Unicode.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.variable(name)?.into_string().ok()
    }

    /// Whether a variable is 1, TRUE, YES or ON.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        let value = self.text(name).unwrap_or_default();
        ["1", "TRUE", "YES", "ON"].iter().any(|on| value.trim().eq_ignore_ascii_case(on))
    }

    /// A variable that holds a path: a `~` at its start is the home folder, and `$NAME` and `${NAME}` are other
    /// variables (and `%NAME%` on Windows). What is not set stays as it is written.
    ///
    /// # Errors
    /// [`HubError::InvalidOption`] for another user's home, `~name`.
    pub(crate) fn path(&self, name: &str) -> Result<Option<PathBuf>, HubError> {
        let Some(value) = self.variable(name) else { return Ok(None) };
        let Ok(text) = value.clone().into_string() else { return Ok(Some(value.into())) };
        let wrong = |message: &str| HubError::InvalidOption { option: name.to_owned(), message: message.to_owned() };
        let home = || self.home().ok_or_else(|| wrong("`~` stands for the home folder, and HOME is not set"));
        let path = match text.strip_prefix('~') {
            None => self.expand(&text).into(),
            Some("") => home()?,
            Some(rest) if rest.starts_with(std::path::is_separator) => {
                home()?.join(self.expand(rest.trim_start_matches(std::path::is_separator)))
            }
            Some(_) => return Err(wrong("other users' homes are not looked up; write the folder out")),
        };
        Ok(Some(path))
    }

    /// The home folder.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        ["HOME", "USERPROFILE"].iter().find_map(|name| self.variable(name)).map(PathBuf::from)
    }

    fn expand(&self, text: &str) -> String {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(['$', '%']) {
            expanded.push_str(&rest[..start]);
            rest = &rest[start..];
            let length = match reference(rest) {
                Some((name, length)) => {
                    expanded.push_str(&self.text(name).unwrap_or_else(|| rest[..length].to_owned()));
                    length
                }
                None => {
                    expanded.push_str(&rest[..1]);
                    1
                }
            };
            rest = &rest[length..];
        }
        expanded + rest
    }
}

/// The name of the variable that a text begins with, and how long the reference is.
fn reference(text: &str) -> Option<(&str, usize)> {
    if let Some(rest) = text.strip_prefix('%') {
        let name = rest.split_once('%').filter(|_| cfg!(windows))?.0;
        return Some((name, name.len() + 2));
    }
    let rest = text.strip_prefix('$')?;
    if let Some(rest) = rest.strip_prefix('{') {
        let name = rest.split_once('}')?.0;
        return Some((name, name.len() + 3));
    }
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    let name = &rest[..rest.find(|sign| !is_sign(sign)).unwrap_or(rest.len())];
    (!name.is_empty()).then_some((name, name.len() + 1))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What Python's `expandvars(expanduser(…))` gives.
    #[cfg(unix)]
    #[test]
    fn paths_are_expanded_as_in_python() {
        let cases: &[(&'static str, &str)] = &[
            ("/a", "/a"),
            ("~", "/home/u"),
            ("~/m", "/home/u/m"),
            ("a~/b", "a~/b"),
            ("$SCRATCH/hub", "/scratch/hub"),
            ("${SCRATCH}hub", "/scratchhub"),
            ("/x/$SCRATCH-1", "/x//scratch-1"),
            ("~/$SCRATCH", "/scratch"),
            ("$UNSET/hub", "$UNSET/hub"),
            ("${UNSET}", "${UNSET}"),
            ("$", "$"),
            ("$$SCRATCH", "$/scratch"),
            ("${SCRATCH", "${SCRATCH"),
            ("/100%/é$é", "/100%/é$é"),
        ];
        for &(value, expected) in cases {
            let environment = Environment::new(move |name| match name {
                "HF_HOME" => Some(value.into()),
                "HOME" => Some("/home/u".into()),
                "SCRATCH" => Some("/scratch".into()),
                _ => None,
            });
            assert_eq!(environment.path("HF_HOME").unwrap().as_deref(), Some(Path::new(expected)), "{value}");
        }
        let others = Environment::of(&[("HF_HOME", "~other/x"), ("HOME", "/h")]);
        assert!(matches!(others.path("HF_HOME"), Err(HubError::InvalidOption { .. })));
        assert_eq!(Environment::of(&[("HF_HOME", "")]).path("HF_HOME").unwrap(), None);
    }
}
