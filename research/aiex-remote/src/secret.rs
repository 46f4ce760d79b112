//! A key that cannot be printed. It does not know where the key was stored.

use std::fmt;

use zeroize::Zeroize as _;

/// An API key. `Debug` and `Display` show `***`; reading it takes a call that is easy to find. Its memory is
/// overwritten when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a key. White space around it is dropped: keys are pasted from web pages and read from files.
    pub fn new(key: impl AsRef<str>) -> Self {
        Self(key.as_ref().trim().to_owned())
    }

    /// The key itself, for the header that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it, as with a variable that is set to nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `text` without the key: some servers quote the key they refuse.
    pub fn scrub(&self, text: &str) -> String {
        if self.0.is_empty() {
            text.to_owned()
        } else {
            text.replace(&self.0, "***")
        }
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_printed() {
        let key = Secret::new(" sk-very-secret\n");
        assert_eq!(format!("{key} {key:?} {key:#?}"), "*** *** ***");
        assert_eq!(key.expose(), "sk-very-secret");
    }

    #[test]
    fn a_quoted_key_is_scrubbed() {
        assert_eq!(Secret::new("sk-1").scrub("wrong key sk-1."), "wrong key ***.");
        assert_eq!(Secret::new(" ").scrub("abc"), "abc");
        assert!(Secret::new(" \n").is_empty());
    }
}
