//! What may leave the machine: no secrets, no names of people, no more than an engine takes. It does not know the
//! engines.

use std::sync::OnceLock;

use regex::Regex;

/// A text fit to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clean {
    pub(crate) text: String,
    /// How many secrets were taken out.
    pub(crate) secrets: usize,
}

/// Takes secrets out of `text`: what the index blots out, and what only a query holds (`Authorization` headers, keys of
/// the search services, long runs of letters and digits drawn by lot), and the user's name out of paths. White space is
/// folded, control characters go.
pub(crate) fn clean(text: &str) -> Clean {
    let mut text = text.to_owned();
    let mut secrets = aiex_files::secret::redact_typed(&mut text).len();
    if let Some(patterns) = patterns() {
        for pattern in &patterns.secrets {
            let mut replaced = 0;
            let out = pattern.replace_all(&text, |found: &regex::Captures<'_>| {
                let kept = found.get(1).map_or("", |part| part.as_str());
                let value = found.get(2).map_or("", |part| part.as_str());
                if looks_drawn(value) {
                    replaced += 1;
                    kept.to_owned()
                } else {
                    found[0].to_owned()
                }
            });
            text = out.into_owned();
            secrets += replaced;
        }
        text = patterns.home.replace_all(&text, "~").into_owned();
        // What was blotted out is no word to search for.
        text = patterns.blots.replace_all(&text, "").into_owned();
    }
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Clean {
        text: text.split_whitespace().collect::<Vec<_>>().join(" "),
        secrets,
    }
}

/// Whether a value reads as drawn by lot: letters and digits mixed. Words, paths and numbers do not.
fn looks_drawn(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    digits >= 3 && letters >= 3
}

struct Patterns {
    /// The first group stays, the second is the secret.
    secrets: Vec<Regex>,
    home: Regex,
    blots: Regex,
}

fn patterns() -> Option<&'static Patterns> {
    static PATTERNS: OnceLock<Option<Patterns>> = OnceLock::new();
    let build = || {
        let secrets = [
            r"(?i)(\b(?:bearer|basic|token)\s+)([a-z0-9+/=_.\-]{12,})",
            r"(?i)(\b(?:x-api-key|api[_-]?key|password|passwd|secret|token)\s*[:=]\s*)([^\s,;]{6,})",
            r"()(\b(?:tvly|exa|brave|BSA|pplx|gsk|xai|r8|key)[-_][A-Za-z0-9_\-]{12,})",
            // 32 and more in one run: hashes, keys in hexadecimal and base64. Nothing that is searched for is so long.
            r"()(\b[A-Za-z0-9+_]{32,}={0,2})",
            r"()(\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b)",
        ];
        let secrets = secrets
            .iter()
            .map(|pattern| Regex::new(pattern))
            .collect::<Result<_, _>>();
        Some(Patterns {
            secrets: secrets.ok()?,
            home: Regex::new(r"(?:/home/|/Users/|[A-Za-z]:\\Users\\)[^/\\\s:~]+").ok()?,
            blots: Regex::new(r"\*{4,}").ok()?,
        })
    };
    PATTERNS.get_or_init(build).as_ref()
}

/// `text` cut to `chars` characters and `words` words, at a word; a single longer word is cut within.
pub(crate) fn fit(text: &str, chars: usize, words: usize) -> String {
    let few: Vec<&str> = text.split_whitespace().take(words).collect();
    crate::markup::words(&few.join(" "), chars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_names_stay_at_home() {
        for (text, sent) in [
            (
                "curl -H 'Authorization: Bearer abc123def456ghi789' fails with 401",
                "curl -H 'Authorization: Bearer ' fails with 401",
            ),
            (
                "why is ghp_abcdefghijklmnopqrstuvwxyz0123456789 refused",
                "why is refused",
            ),
            (
                "serper key 0123456789abcdef0123456789abcdef01234567 rejected",
                "serper key rejected",
            ),
            ("tvly-dev-a1b2c3d4e5f6g7h8 unauthorized", "unauthorized"),
            ("API_KEY=a1b2c3d4e5 not read", "API_KEY= not read"),
            (
                "psql: password=hunter2 is refused for app",
                "psql: password= is refused for app",
            ),
            (
                "no such file /home/alice/app/src/main.rs:3",
                "no such file ~/app/src/main.rs:3",
            ),
        ] {
            let clean = clean(text);
            assert_eq!(clean.text, sent, "{text}");
            assert_eq!(clean.secrets, usize::from(!text.contains("alice")), "{text}");
        }
    }

    #[test]
    fn ordinary_questions_are_sent_as_they_are() {
        for text in [
            "error[E0277]: the trait bound `Vec<u8>: From<&str>` is not satisfied",
            "tokio::task::spawn_blocking vs block_in_place",
            "how are tokens counted in a token bucket",
            "what is password hashing with argon2",
            "use of moved value: `self.connection_manager_for_background_workers`",
            "*const T and 2 ** 8 ==",
        ] {
            assert_eq!(
                clean(text),
                Clean {
                    text: text.to_owned(),
                    secrets: 0
                }
            );
        }
    }

    #[test]
    fn queries_are_cut_at_words() {
        assert_eq!(fit("one two three four", 100, 3), "one two three");
        assert_eq!(fit("one two three four", 8, 50), "one two");
        assert_eq!(fit(&"x".repeat(500), 400, 50).len(), 400);
    }

    proptest::proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(text in ".{0,120}") {
            let once = clean(&text).text;
            proptest::prop_assert_eq!(&clean(&once).text, &once);
        }

        #[test]
        fn what_is_cut_fits(text in "[a-zé ]{0,300}", chars in 1_usize..80, words in 1_usize..20) {
            let cut = fit(&text, chars, words);
            proptest::prop_assert!(cut.chars().count() <= chars && cut.split(' ').count() <= words);
        }
    }
}
