//! How much a host is worth. A table of ours, and what the user says.

use crate::query::is_below;

/// Factors by host; a name stands for everything below it, and the longest name that fits counts. Primary sources
/// (standards, the makers' own documentation) come first, then where developers answer each other under their names
/// or with votes; sites that retell others come last. The factors only tip the balance between pages of similar
/// rank: with [`fused`](crate::Pool) ranks a step of 0.1 is worth about six places.
const TABLE: &[(&str, f64)] = &[
    // Standards and specifications.
    ("rfc-editor.org", 1.3),
    ("datatracker.ietf.org", 1.3),
    ("w3.org", 1.25),
    ("whatwg.org", 1.25),
    ("unicode.org", 1.2),
    ("tc39.es", 1.25),
    ("open-std.org", 1.2),
    // Documentation by those who make the thing.
    ("doc.rust-lang.org", 1.3),
    ("rust-lang.org", 1.2),
    ("docs.rs", 1.3),
    ("python.org", 1.15),
    ("docs.python.org", 1.3),
    ("developer.mozilla.org", 1.3),
    ("nodejs.org", 1.25),
    ("typescriptlang.org", 1.25),
    ("go.dev", 1.25),
    ("cppreference.com", 1.25),
    ("learn.microsoft.com", 1.15),
    ("docs.oracle.com", 1.15),
    ("postgresql.org", 1.25),
    ("sqlite.org", 1.25),
    ("kernel.org", 1.2),
    ("man7.org", 1.2),
    ("gnu.org", 1.15),
    ("kubernetes.io", 1.2),
    ("docs.docker.com", 1.2),
    ("git-scm.com", 1.25),
    ("readthedocs.io", 1.15),
    ("readthedocs.org", 1.15),
    ("github.io", 1.05),
    // Code, and answers with votes.
    ("github.com", 1.15),
    ("gitlab.com", 1.1),
    ("codeberg.org", 1.1),
    ("stackoverflow.com", 1.15),
    ("stackexchange.com", 1.1),
    ("serverfault.com", 1.1),
    ("users.rust-lang.org", 1.1),
    // Research.
    ("arxiv.org", 1.15),
    ("acm.org", 1.15),
    ("usenix.org", 1.15),
    // Retold, or written by anybody.
    ("medium.com", 0.85),
    ("dev.to", 0.9),
    ("reddit.com", 0.9),
    ("quora.com", 0.6),
    ("geeksforgeeks.org", 0.75),
    ("w3schools.com", 0.75),
    ("tutorialspoint.com", 0.7),
    ("javatpoint.com", 0.65),
    ("programiz.com", 0.75),
    ("baeldung.com", 0.95),
    ("linkedin.com", 0.7),
    ("facebook.com", 0.5),
    ("pinterest.com", 0.4),
    ("scribd.com", 0.5),
    ("slideshare.net", 0.6),
];

/// What a host is worth to this user.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trust {
    /// The user's own factors by host, before the table: 1 is neutral, 0 removes a host from the results.
    pub own: Vec<(String, f64)>,
}

impl Trust {
    /// The factor of `host`, between 0 and 10.
    pub fn of(&self, host: &str) -> f64 {
        let own = self.own.iter().map(|(name, factor)| (name.as_str(), *factor));
        let factor = longest(own, host)
            .or_else(|| longest(TABLE.iter().copied(), host))
            // `docs.example.org` is as a rule what the makers of `example.org` say about it.
            .unwrap_or_else(|| {
                if host.starts_with("docs.") || host.starts_with("doc.") {
                    1.1
                } else {
                    1.0
                }
            });
        if factor.is_nan() {
            1.0
        } else {
            factor.clamp(0.0, 10.0)
        }
    }
}

fn longest<'t>(table: impl Iterator<Item = (&'t str, f64)>, host: &str) -> Option<f64> {
    table
        .filter(|(name, _)| is_below(host, name))
        .max_by_key(|(name, _)| name.len())
        .map(|(_, factor)| factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_counts_and_the_user_before_the_table() {
        let mut trust = Trust::default();
        assert_eq!(trust.of("doc.rust-lang.org"), 1.3);
        assert_eq!(trust.of("blog.rust-lang.org"), 1.2);
        assert_eq!(trust.of("docs.example.org"), 1.1);
        assert_eq!(trust.of("example.org"), 1.0);
        trust.own = vec![
            ("rust-lang.org".into(), 0.0),
            ("corp.example".into(), 99.0),
            ("odd.org".into(), f64::NAN),
        ];
        assert_eq!(trust.of("doc.rust-lang.org"), 0.0);
        assert_eq!(trust.of("wiki.corp.example"), 10.0);
        assert_eq!(trust.of("odd.org"), 1.0);
    }

    #[test]
    fn the_table_names_no_host_twice() {
        let mut names: Vec<_> = TABLE.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }
}
