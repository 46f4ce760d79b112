//! Every environment variable that aiex reads, in one table: the reference is rendered from it.

/// One variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnvVar {
    /// Its name.
    pub name: &'static str,
    /// The setting that it overrides, if it overrides one.
    pub key: Option<&'static str>,
    /// What it does.
    pub summary: &'static str,
}

/// All of them. An empty value counts as not set.
pub const ENV_VARS: &[EnvVar] = &[
    EnvVar {
        name: "AIEX_HOME",
        key: None,
        summary: "Moves settings, state and caches to this folder; an absolute path.",
    },
    setting(
        "AIEX_IDLE_EXIT",
        "daemon.idle_exit",
        "How long an unused daemon stays; 0 for ever.",
    ),
    setting("AIEX_LOG_LEVEL", "daemon.log_level", "How much the daemon logs."),
    setting(
        "AIEX_WORKERS",
        "index.workers",
        "Indexing threads; 0 for half of the cores, at most four, and both of two.",
    ),
    setting(
        "AIEX_MEMORY_BUDGET",
        "index.memory_budget",
        "Memory that the daemon aims to stay under.",
    ),
    setting(
        "AIEX_WATCH_BUDGET",
        "index.watch_budget",
        "Folders watched before the rest is polled.",
    ),
    setting(
        "AIEX_POLL_INTERVAL",
        "index.poll_interval",
        "Between looks at the folders that are polled.",
    ),
    setting("AIEX_EMBEDDER", "embedder.kind", "Where vectors come from."),
    setting(
        "AIEX_VECTOR_URL",
        "vector.url",
        "The Qdrant server that keeps the vectors of new repositories.",
    ),
    setting(
        "AIEX_WEB",
        "web.enabled",
        "Whether the web may be searched and read.",
    ),
    EnvVar {
        name: "AIEX_KEYS_PASSPHRASE_FILE",
        key: None,
        summary: "A file with the passphrase of the key file, for machines without anybody to type; an absolute path.",
    },
    EnvVar {
        name: "CREDENTIALS_DIRECTORY",
        key: None,
        summary: "Where a service manager puts credentials; `aiex-keys-passphrase` in it does the same.",
    },
    EnvVar {
        name: "NO_COLOR",
        key: None,
        summary: "Output without colours, if set to anything.",
    },
];

const fn setting(name: &'static str, key: &'static str, summary: &'static str) -> EnvVar {
    EnvVar {
        name,
        key: Some(key),
        summary,
    }
}

/// The table as text for a terminal or a page: a line for each variable.
pub fn render() -> String {
    let width = ENV_VARS.iter().map(|var| var.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for var in ENV_VARS {
        let key = var.key.map(|key| format!(" (setting {key})")).unwrap_or_default();
        text += &format!("{:width$}  {}{key}\n", var.name, var.summary);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    #[test]
    fn every_variable_overrides_a_setting_that_exists() {
        let keys: Vec<String> = Settings::default()
            .entries()
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        for key in ENV_VARS.iter().filter_map(|var| var.key) {
            assert!(keys.iter().any(|known| known == key), "{key}");
        }
    }

    #[test]
    fn the_rendering_has_a_line_for_each() {
        assert_eq!(render().lines().count(), ENV_VARS.len());
        assert!(render().contains("AIEX_IDLE_EXIT"));
    }
}
