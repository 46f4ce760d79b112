//! What to make of a daemon that answered: a decision without side effects.

use aiex_protocol::hello::Build;
use aiex_protocol::{CONTRACT, Welcome};

/// The decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It will do.
    Use,
    /// Ask it to exit and start ours. The words complete "restarted the daemon: …".
    Replace(String),
    /// It speaks a contract that this program does not know.
    TooNew,
}

/// Compares the daemon with what this program would have started. A newer daemon is never replaced: the
/// client that started it would start it again.
pub(crate) fn judge(ours: &Build, our_config: Option<&str>, theirs: &Welcome) -> Verdict {
    if theirs.contract > CONTRACT {
        return Verdict::TooNew;
    }
    let build = &theirs.build;
    if theirs.contract < CONTRACT || build.is_older_than(ours) {
        return Verdict::Replace(differing_builds(build, ours));
    }
    if ours.is_older_than(build) {
        // Its settings are not compared: another version may have other keys.
        return Verdict::Use;
    }
    if build.digest != ours.digest {
        return Verdict::Replace(differing_builds(build, ours));
    }
    match our_config {
        Some(config) if config != theirs.config_digest => {
            Verdict::Replace("its settings were not the ones in force now".to_owned())
        }
        _ => Verdict::Use,
    }
}

/// "it ran 0.1.0 (ab12cd34), this is 0.1.1 (ef56ab78)"
pub(crate) fn differing_builds(theirs: &Build, ours: &Build) -> String {
    let show = |build: &Build| {
        let digest: String = build.digest.chars().take(8).collect();
        format!("{} ({digest})", build.version)
    };
    format!("it ran {}, this is {}", show(theirs), show(ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(version: &str, digest: &str) -> Build {
        Build {
            version: version.into(),
            digest: digest.into(),
        }
    }

    #[test]
    fn decisions() {
        struct Case {
            theirs: Build,
            contract: u32,
            config: &'static str,
            verdict: fn(&Verdict) -> bool,
        }
        let ours = build("0.2.0", "aaaa");
        let is_use: fn(&Verdict) -> bool = |v| *v == Verdict::Use;
        let is_replace: fn(&Verdict) -> bool = |v| matches!(v, Verdict::Replace(_));
        let case = |version, digest, contract, config, verdict| Case {
            theirs: build(version, digest),
            contract,
            config,
            verdict,
        };
        let cases = [
            case("0.2.0", "aaaa", CONTRACT, "c", is_use),
            case("0.1.9", "bbbb", CONTRACT, "c", is_replace),
            case("0.2.0", "bbbb", CONTRACT, "c", is_replace),
            case("0.2.0", "aaaa", CONTRACT, "d", is_replace),
            case("0.3.0", "bbbb", CONTRACT, "c", is_use),
            case("0.3.0", "bbbb", CONTRACT, "d", is_use),
            case("0.10.0", "bbbb", CONTRACT, "d", is_use),
            case("0.2.0", "aaaa", CONTRACT - 1, "c", is_replace),
            case("0.3.0", "bbbb", CONTRACT + 1, "c", |v| *v == Verdict::TooNew),
        ];
        for Case {
            theirs,
            contract,
            config,
            verdict,
        } in cases
        {
            let welcome = Welcome {
                contract,
                build: theirs,
                capabilities: vec![],
                config_digest: config.into(),
                pid: 1,
            };
            let decided = judge(&ours, Some("c"), &welcome);
            assert!(verdict(&decided), "{welcome:?}: {decided:?}");
        }
    }

    #[test]
    fn the_reason_names_both_builds() {
        let text = differing_builds(&build("0.1.0", "ab12cd34ef"), &build("0.1.1", "12"));
        assert_eq!(text, "it ran 0.1.0 (ab12cd34), this is 0.1.1 (12)");
    }
}
