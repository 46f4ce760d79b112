//! Which layer wins, and what is said of wrong settings.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::environment::MapEnvironment;
use crate::settings::{EmbedderKind, EngineKind, ProviderKind, StagePolicy};

/// Loads with this file and these variables.
fn load(
    file: &str,
    vars: &[(&str, &str)],
    flags: &[Override],
) -> Result<(Settings, Vec<Warning>), ConfigError> {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("config.toml");
    fs::write(&path, file).unwrap();
    Settings::load_file(&path, &MapEnvironment::new(vars.iter().copied()), flags)
}

fn flag(key: &str, value: &str) -> Override {
    Override {
        key: key.into(),
        value: value.into(),
        flag: format!("--set {key}"),
    }
}

#[test]
fn the_defaults_have_every_key_and_no_other() {
    let mut warnings = Vec::new();
    file::apply(&mut keys::blank(), DEFAULTS, None, &mut warnings).unwrap();
    assert_eq!(warnings, []);

    let table: toml::Table = toml::from_str(DEFAULTS).unwrap();
    let written: BTreeSet<String> = table
        .iter()
        .flat_map(|(section, keys)| {
            keys.as_table()
                .unwrap()
                .keys()
                .map(move |key| format!("{section}.{key}"))
        })
        .collect();
    let known: BTreeSet<String> = keys().map(|key| key.name.to_owned()).collect();
    assert_eq!(written, known);
    let shown: BTreeSet<String> = Settings::default()
        .entries()
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(shown, known);
}

#[test]
fn the_commented_tables_are_valid_ones_with_the_defaults_they_claim() {
    let uncommented: String = DEFAULTS
        .lines()
        .filter_map(|line| {
            line.strip_prefix('#')
                .filter(|rest| rest.starts_with(|c: char| c != ' '))
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let (settings, warnings) = load(&uncommented, &[], &[]).unwrap();
    assert_eq!(warnings, []);
    let [provider] = &settings.providers[..] else {
        panic!("{uncommented}")
    };
    let blank = keys::blank_provider();
    assert_eq!(provider.context_tokens, blank.context_tokens);
    assert_eq!(provider.max_output_tokens, blank.max_output_tokens);
    assert_eq!(provider.key_env, blank.key_env);
    assert_eq!(
        (provider.requests_per_minute, provider.tokens_per_minute),
        (blank.requests_per_minute, blank.tokens_per_minute)
    );
    assert_eq!(
        (provider.first_byte, provider.idle, provider.total),
        (blank.first_byte, blank.idle, blank.total)
    );
    let [engine] = &settings.web.engines[..] else {
        panic!("{uncommented}")
    };
    let blank = keys::blank_engine();
    assert_eq!(engine.weight, blank.weight);
    assert_eq!(
        (engine.requests_per_minute, engine.parallel),
        (blank.requests_per_minute, blank.parallel)
    );
    assert_eq!(settings.web.trust.len(), 2);
    assert_eq!(engine.kind.as_str(), engine.name);
}

#[test]
fn a_later_layer_wins() {
    let file = "[daemon]\nidle_exit = \"1h\"\n";
    let vars = [("AIEX_IDLE_EXIT", "2h")];
    let flags = [flag("daemon.idle_exit", "3h")];
    let empty = [("AIEX_IDLE_EXIT", "")];
    struct Case<'a> {
        file: &'a str,
        vars: &'a [(&'a str, &'a str)],
        flags: &'a [Override],
        minutes: u64,
    }
    let cases = [
        Case {
            file: "",
            vars: &[],
            flags: &[],
            minutes: 30,
        },
        Case {
            file,
            vars: &[],
            flags: &[],
            minutes: 60,
        },
        Case {
            file,
            vars: &vars,
            flags: &[],
            minutes: 120,
        },
        Case {
            file,
            vars: &empty,
            flags: &[],
            minutes: 60,
        },
        Case {
            file,
            vars: &vars,
            flags: &flags,
            minutes: 180,
        },
        Case {
            file: "",
            vars: &[],
            flags: &flags,
            minutes: 180,
        },
    ];
    for case in cases {
        let (settings, warnings) = load(case.file, case.vars, case.flags).unwrap();
        assert_eq!(settings.daemon.idle_exit, Duration::from_secs(60 * case.minutes));
        assert_eq!(warnings, []);
    }
}

#[test]
fn the_file_is_found_through_aiex_home() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("config.toml"), "[search]\nlimit = 3\n").unwrap();
    let environment = MapEnvironment::new([("AIEX_HOME", place.path())]);
    assert_eq!(Settings::load(&environment, &[]).unwrap().0.search.limit, 3);

    let environment = MapEnvironment::new([("AIEX_HOME", Path::new("relative")), ("HOME", place.path())]);
    let (settings, warnings) = Settings::load(&environment, &[]).unwrap();
    assert_eq!(settings.search.limit, 10);
    assert!(matches!(&warnings[..], [Warning::HomeIgnored { .. }]));
    assert_eq!(
        warnings[0].to_string(),
        "AIEX_HOME is ignored: `relative` is not an absolute path"
    );
}

#[test]
fn values_of_every_type_are_read() {
    let (settings, warnings) = load(
        "[daemon]\ntcp = true\ntcp_port = 0x1F90\nidle_exit = 0\n[index]\nmax_file_size = \"1MB\"\n\
         [search]\nhistory = false\n\
         [embedder]\nkind = \"ollama\"\nurl = \"http://localhost:11434/\"\n\
         [vector]\nurl = \"http://localhost:6334/\"\nkey_env = \"Q_KEY\"\nprefix = \"mine-\"\n[ranking]\ndefinition = 2\npath = 0.5\n",
        &[("AIEX_WORKERS", "3")],
        &[flag("search.limit", "7")],
    )
    .unwrap();
    assert_eq!(warnings, []);
    assert_eq!((settings.daemon.tcp, settings.daemon.tcp_port), (true, 8080));
    assert_eq!(settings.daemon.idle_exit, Duration::ZERO);
    assert_eq!(settings.index.max_file_size, 1_000_000);
    assert_eq!(settings.embedder.kind, EmbedderKind::Ollama);
    assert_eq!(settings.embedder.url, "http://localhost:11434");
    assert_eq!(settings.vector.url, "http://localhost:6334");
    assert_eq!(
        (settings.vector.key_env.as_str(), settings.vector.prefix.as_str()),
        ("Q_KEY", "mine-")
    );
    assert_eq!((settings.index.workers, settings.search.limit), (3, 7));
    assert!(!settings.search.history && Settings::default().search.history);
    assert_eq!(
        settings.ranking.into_iter().collect::<Vec<_>>(),
        [("definition".to_owned(), 2.0), ("path".to_owned(), 0.5)]
    );
}

#[test]
fn providers_keep_their_order() {
    let (settings, _) = load(
        "[[provider]]\nname = \"a\"\nkind = \"openai\"\nurl = \"https://x/v1\"\nmodel = \"m\"\nkey_env = \"X_KEY\"\n\
         [[provider]]\nname = \"b\"\nkind = \"ollama\"\nurl = \"http://y\"\nmodel = \"n\"\ncontext_tokens = 4096\n\
         requests_per_minute = 2\ntokens_per_minute = 9000\nfirst_byte = \"5m\"\nidle = \"90s\"\ntotal = \"1h\"\n\
         tokenizer = \"~/n/tokenizer.json\"\n",
        &[],
        &[],
    )
    .unwrap();
    let [a, b] = &settings.providers[..] else { panic!() };
    assert_eq!(
        (a.name.as_str(), a.kind, a.key_env.as_str()),
        ("a", ProviderKind::OpenAi, "X_KEY")
    );
    assert_eq!(
        (b.name.as_str(), b.kind, b.context_tokens),
        ("b", ProviderKind::Ollama, 4096)
    );
    assert_eq!((a.requests_per_minute, a.tokens_per_minute), (0, 0));
    assert_eq!((b.requests_per_minute, b.tokens_per_minute), (2, 9000));
    assert_eq!(
        (a.tokenizer.as_str(), b.tokenizer.as_str()),
        ("", "~/n/tokenizer.json")
    );
    let seconds = [b.first_byte, b.idle, b.total].map(|time| time.as_secs());
    assert_eq!(seconds, [300, 90, 3600]);
}

#[test]
fn an_unknown_key_is_a_warning_that_names_the_nearest() {
    let cases = [
        (
            "[daemon]\nidle_exti = \"1h\"\n",
            2,
            "daemon.idle_exti",
            Some("daemon.idle_exit"),
        ),
        ("\n[demon]\nidle_exit = \"1h\"\n", 2, "demon", Some("daemon")),
        (
            "[daemon]\ndebounce = \"1s\"\n",
            2,
            "daemon.debounce",
            Some("index.debounce"),
        ),
        (
            "[daemon]\nfavourite_colour = 3\n",
            2,
            "daemon.favourite_colour",
            None,
        ),
        ("limit = 3\n", 1, "limit", None),
        (
            "[[provider]]\nname=\"a\"\nkind=\"openai\"\nurl=\"http://x\"\nmodel=\"m\"\nkeyenv=\"K\"\n",
            6,
            "provider.keyenv",
            Some("provider.key_env"),
        ),
    ];
    for (text, expected_line, expected_key, expected_nearest) in cases {
        let (_, warnings) = load(text, &[], &[]).unwrap();
        let [
            Warning::UnknownKey {
                origin: Origin::File { line, .. },
                key,
                nearest,
            },
        ] = &warnings[..]
        else {
            panic!("{text}: {warnings:?}")
        };
        assert_eq!(
            (*line, key.as_str(), nearest.as_deref()),
            (expected_line, expected_key, expected_nearest)
        );
    }
}

#[test]
fn a_wrong_value_names_file_line_key_and_what_is_allowed() {
    let provider = "[[provider]]\nname=\"a\"\nkind=\"openai\"\nurl=\"http://x\"\nmodel=\"m\"\n";
    let twice = format!("{provider}{provider}");
    let hurried = format!("{provider}requests_per_minute = -1\n");
    let leaked = format!("{provider}key_env = \"sk-not-a-name\"\n");
    let never = ["first_byte", "idle", "total"].map(|key| format!("{provider}{key} = 0\n"));
    let cases = [
        (
            "[daemon]\n\nidle_exit = \"soon\"\n",
            ":3: `daemon.idle_exit` cannot be \"soon\"; it must be 0 or a duration",
        ),
        (
            "[daemon]\nidle_exit = 30\n",
            ":2: `daemon.idle_exit` cannot be 30;",
        ),
        (
            "[daemon]\nidle_exit = \"500ms\"\n",
            ":2: `daemon.idle_exit` cannot be \"500ms\"",
        ),
        (
            "[daemon]\ntcp = \"yes\"\n",
            ":2: `daemon.tcp` cannot be \"yes\"; it must be true or false",
        ),
        (
            "[daemon]\ntcp_port = 70000\n",
            ":2: `daemon.tcp_port` cannot be 70000",
        ),
        (
            "[daemon]\nmax_running = -1\n",
            ":2: `daemon.max_running` cannot be -1",
        ),
        (
            "[daemon]\nmax_running = \"4\"\n",
            ":2: `daemon.max_running` cannot be \"4\"",
        ),
        (
            "[index]\nmax_file_size = \"2\"\n",
            ":2: `index.max_file_size` cannot be \"2\"",
        ),
        ("[index]\nworkers = [1]\n", ":2: `index.workers` cannot be a list"),
        (
            "[embedder]\nkind = \"magic\"\n",
            "it must be \"built-in\", \"onnx\"",
        ),
        (
            "[embedder]\nurl = \"localhost\"\n",
            ":2: `embedder.url` cannot be \"localhost\"",
        ),
        (
            "[vector]\nurl = \"127.0.0.1:6334\"\n",
            ":2: `vector.url` cannot be",
        ),
        (
            "[vector]\nprefix = \"a/b\"\n",
            ":2: `vector.prefix` cannot be \"a/b\"",
        ),
        (
            "[ranking]\npath = \"high\"\n",
            ":2: `ranking.path` cannot be \"high\"; it must be a number",
        ),
        ("[ranking]\npath = nan\n", ":2: `ranking.path`"),
        ("daemon = 3\n", ":1: `daemon` cannot be 3; it must be a table"),
        (
            "[provider]\nname = \"a\"\n",
            ":1: `provider` cannot be a table; it must be written as [[provider]]",
        ),
        ("[[provider]]\nname = \"a\"\n", "this provider has no `kind`"),
        (
            &twice,
            ":7: `provider.name` cannot be \"a\"; it must be a name that no other",
        ),
        (&leaked, ":6: `provider.key_env`"),
        (&hurried, ":6: `provider.requests_per_minute` cannot be -1"),
        (
            &never[0],
            ":6: `provider.first_byte` cannot be 0; it must be a duration from \"1s\" to \"1d\"",
        ),
        (&never[1], ":6: `provider.idle` cannot be 0;"),
        (&never[2], ":6: `provider.total` cannot be 0;"),
        (
            "[research]\nmodel_call = 0\n",
            ":2: `research.model_call` cannot be 0; it must be a duration from \"1s\" to \"1d\"",
        ),
        (
            "[web]\nproxy = \"http://me:secret@proxy\"\n",
            "has no password in it",
        ),
        ("[web]\nper_host = 0\n", ":2: `web.per_host` cannot be 0"),
        (
            "[web]\ntrust = 3\n",
            ":2: `web.trust` cannot be 3; it must be written as [web.trust]",
        ),
        (
            "[web.trust]\n\"a.org\" = 11\n",
            ":2: `web.trust.a.org` cannot be 11; it must be the name of a host in quotes",
        ),
        (
            "[web.trust]\na.org = 2\n",
            ":2: `web.trust.a` cannot be a table; it must be the name of a host in quotes",
        ),
        ("[daemon\n", ":1: "),
        ("[daemon]\ntcp = true\ntcp = false\n", ":3: duplicate key"),
    ];
    for (text, expected) in cases {
        let error = load(text, &[], &[]).unwrap_err().to_string();
        assert!(error.contains("config.toml:"), "{error}");
        assert!(error.contains(expected), "{error}\nlacks {expected}");
    }
}

#[test]
fn a_wrong_variable_or_flag_is_named() {
    let error = load("", &[("AIEX_WORKERS", "many")], &[])
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "AIEX_WORKERS: `index.workers` cannot be \"many\"; it must be a number from 0 to 256"
    );
    let error = load("", &[], &[flag("search.limit", "0")])
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("--set search.limit: `search.limit` cannot be \"0\""),
        "{error}"
    );
    let error = load("", &[], &[flag("search.limt", "1")])
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "--set search.limt: unknown setting `search.limt`; did you mean `search.limit`?"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_a_missing_one_is_none() {
    let place = tempfile::tempdir().unwrap();
    let nowhere = MapEnvironment::default();
    let missing = place.path().join("missing.toml");
    assert_eq!(
        Settings::load_file(&missing, &nowhere, &[]).unwrap().0,
        Settings::default()
    );
    let error = Settings::load_file(place.path(), &nowhere, &[]).unwrap_err();
    assert!(matches!(error, ConfigError::Read { .. }));
}

#[test]
fn the_digest_tells_settings_apart_and_nothing_else() {
    let of = |file: &str| load(file, &[], &[]).unwrap().0.digest();
    assert_eq!(of(""), of("# a comment\n[daemon]\nidle_exit = \"1800s\"\n"));
    let variants = [
        "",
        "[daemon]\nidle_exit = \"31m\"\n",
        "[ranking]\npath = 1\n",
        "[ranking]\npath = 2\n",
        "[embedder]\nmodel = \"x\"\n",
        "[web]\nenabled = true\n",
        "[web]\nallow = [\"docs.rs\"]\n",
        "[web]\nallow = [\"docs.rs\", \"a.org\"]\n",
        "[[web.engine]]\nkind = \"brave\"\n",
        "[[web.engine]]\nkind = \"brave\"\nweight = 2\n",
        "[[web.engine]]\nkind = \"brave\"\nparallel = 1\n",
        "[[web.engine]]\nkind = \"brave\"\nrequests_per_minute = 1\n",
        "[web]\nper_host = 1\n",
        "[web]\nproxy = \"http://proxy:3128\"\n",
        "[web.trust]\n\"docs.rs\" = 2\n",
        "[web.trust]\n\"docs.rs\" = 3\n",
        "[research]\ndollars = 0.5\n",
        "[research]\nwrite = \"best\"\n",
        "[research]\nmodel_call = \"5m\"\n",
        "[cache]\npages = \"1GiB\"\n",
    ];
    let digests: BTreeSet<String> = variants.iter().map(|file| of(file)).collect();
    assert_eq!(digests.len(), variants.len());
}

#[test]
fn engines_are_read_with_what_their_kind_needs() {
    let (settings, warnings) = load(
        "[web]\nenabled = true\nallow = [\"docs.rs\", \"Rust-Lang.org\"]\nreachable = [\"127.0.0.1:8080\"]\n\
         [[web.engine]]\nkind = \"serper\"\nkey_env = \"X_KEY\"\n\
         [[web.engine]]\nkind = \"json\"\nname = \"own\"\nurl = \"https://x.org/q?{query}\"\n\
         results = \"/items\"\ntitle = \"/name\"\nlink = \"/url\"\n",
        &[],
        &[flag("web.deny", "a.org, b.org")],
    )
    .unwrap();
    assert_eq!(warnings, []);
    assert_eq!(settings.web.allow, ["docs.rs", "rust-lang.org"]);
    assert_eq!(settings.web.deny, ["a.org", "b.org"]);
    assert_eq!(settings.web.reachable, ["127.0.0.1:8080".parse().unwrap()]);
    let [serper, own] = &settings.web.engines[..] else {
        panic!()
    };
    assert_eq!(
        (serper.name.as_str(), serper.kind),
        ("serper", EngineKind::Serper)
    );
    assert_eq!((own.name.as_str(), own.places.link.as_str()), ("own", "/url"));

    for (engine, expected) in [
        ("key_env = \"X\"", "this engine has no `kind`"),
        ("kind = \"searxng\"", "this engine has no `url`"),
        (
            "kind = \"json\"\nurl = \"https://x.org/{query}\"\ntitle = \"/t\"",
            "this engine has no `link`",
        ),
        (
            "kind = \"json\"\ntitle = \"t\"",
            ":3: `web.engine.title` cannot be \"t\"",
        ),
        (
            "kind = \"brave\"\n[[web.engine]]\nkind = \"brave\"",
            "`web.engine.name` cannot be \"brave\"; it must be a name that no other engine has",
        ),
    ] {
        let error = load(&format!("[[web.engine]]\n{engine}\n"), &[], &[])
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}\nlacks {expected}");
    }
    let error = load("[web]\nengine = 3\n", &[], &[]).unwrap_err().to_string();
    assert!(error.contains("written as [[web.engine]]"), "{error}");
}

#[test]
fn a_stage_names_a_policy_or_a_provider_that_is_there() {
    let provider = "[[provider]]\nname=\"big\"\nkind=\"anthropic\"\nurl=\"http://x\"\nmodel=\"m\"\n";
    let stages = "[research]\nplan = \"cheapest\"\nwrite = \"big\"\ndollars = 0.1\n";
    let (settings, _) = load(&format!("{stages}{provider}"), &[], &[]).unwrap();
    let research = &settings.research;
    assert_eq!(research.plan, StagePolicy::Cheapest);
    assert_eq!(research.write, StagePolicy::Named("big".to_owned()));
    assert_eq!(research.micro_dollars, 100_000);
    assert!(
        settings
            .entries()
            .contains(&("research.dollars".to_owned(), "0.1".to_owned()))
    );
    let error = load(stages, &[], &[]).unwrap_err().to_string();
    assert!(
        error.starts_with("`research.write` names the provider `big`, which is not configured"),
        "{error}"
    );
}
