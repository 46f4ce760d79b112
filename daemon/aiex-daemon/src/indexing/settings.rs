//! The settings file, as the engine and the workers take it.

use std::path::Path;
use std::sync::Arc;

use aiex_config::{Home, Settings};
use aiex_files::git;
use aiex_files::rules::RulesOptions;
use aiex_files::watch::{WatchBudget, WatchOptions};
use aiex_index::IndexSettings;
use aiex_vector::Server;

/// The engine's part of the settings.
pub(super) fn index_settings(settings: &Settings, vector_server: Arc<Server>) -> IndexSettings {
    let mut index = IndexSettings {
        vector_server,
        collection_prefix: settings.vector.prefix.clone(),
        ..IndexSettings::default()
    };
    if settings.index.workers > 0 {
        index.workers = settings.index.workers;
    }
    index.disk_reserve = settings.index.disk_reserve;
    index.max_file_bytes = settings.index.max_file_size;
    for (name, value) in &settings.ranking {
        if let Err(known) = index.rank.set(name, *value) {
            tracing::warn!(%name, known = known.join(", "), "the ranking has no such rule; the setting is ignored");
        }
    }
    index
}

/// The rules that hold for every repository of this user.
pub(super) fn rules_options(home: &Home, user_home: Option<&Path>) -> RulesOptions {
    let global_excludes = user_home.and_then(|user_home| {
        let configs = [user_home.join(".gitconfig"), user_home.join(".config/git/config")];
        git::excludes_file(&configs, Some(user_home))
            .or_else(|| Some(user_home.join(".config/git/ignore")).filter(|path| path.exists()))
    });
    RulesOptions {
        global_excludes,
        patterns: Vec::new(),
        exclude: vec![home.cache_dir(), home.state.clone()],
    }
}

/// How every repository of this user is watched.
pub(super) fn watch_options(home: &Home, settings: &Settings, budget: Arc<WatchBudget>) -> WatchOptions {
    WatchOptions {
        poll_interval: settings.index.poll_interval,
        debounce: settings.index.debounce,
        max_wait: settings.index.max_wait,
        self_exclude: vec![home.cache_dir(), home.state.clone()],
        ..WatchOptions::new(budget)
    }
}
