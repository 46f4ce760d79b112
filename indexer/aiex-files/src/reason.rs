//! The closed list of reasons for which a path is left out. It knows the names, not the rules behind them.

use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident => $name:literal,)+) => {
        /// Why a path is not indexed. Each is counted and shown to the user.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum SkipReason { $($(#[$doc])* $variant,)+ }

        impl SkipReason {
            /// Every reason, in the order in which they are declared.
            pub const ALL: &[SkipReason] = &[$(SkipReason::$variant,)+];

            /// The stable name, in snake case.
            pub fn name(self) -> &'static str {
                match self { $(SkipReason::$variant => $name,)+ }
            }

            /// The reason of that name.
            pub fn from_name(name: &str) -> Option<SkipReason> {
                match name { $($name => Some(SkipReason::$variant),)+ _ => None }
            }
        }
    };
}

reasons! {
    /// An ignore file or a setting leaves it out.
    Ignored => "ignored",
    /// A symbolic link: never followed.
    Symlink => "symlink",
    /// A pipe, socket or device: never opened.
    Special => "special",
    /// A directory that is a repository, worktree or submodule of its own.
    NestedRepository => "nested_repository",
    /// A copy of somebody else's code.
    Vendored => "vendored",
    /// Written by a program.
    Generated => "generated",
    /// Squeezed for machines: no lines that a person could read.
    Minified => "minified",
    /// Not text.
    Binary => "binary",
    /// Larger than the limit.
    TooLarge => "too_large",
    /// Key material or credentials.
    Secret => "secret",
    /// Empty, or nothing but white space.
    Blank => "blank",
    /// A directory of things that can be made again.
    CacheDir => "cache_dir",
    /// A path that cannot be stored or opened again.
    InvalidPath => "invalid_path",
    /// The operating system does not let it be read.
    Unreadable => "unreadable",
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::SkipReason;

    #[test]
    fn names_go_there_and_back() {
        for reason in SkipReason::ALL {
            assert_eq!(SkipReason::from_name(reason.name()), Some(*reason));
        }
        assert_eq!(SkipReason::from_name("boredom"), None);
    }
}
