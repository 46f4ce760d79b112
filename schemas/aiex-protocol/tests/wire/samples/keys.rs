//! Samples of what is said about keys.

use aiex_protocol::keys::{
    ForgetKey, Hidden, KeyFileState, KeyPlace, KeyReport, KeyState, KeyStatus, SetKey, UnlockKeys,
};
use aiex_protocol::{Call, Event};

pub(crate) fn calls() -> Vec<(&'static str, Call)> {
    vec![
        (
            "request-keys-set",
            Call::KeysSet(SetKey {
                name: "openai".into(),
                key: Hidden::new("sk-sample".into()),
                place: Some(KeyPlace::File),
            }),
        ),
        ("request-keys-list", Call::KeysList {}),
        (
            "request-keys-forget",
            Call::KeysForget(ForgetKey {
                name: "openai".into(),
            }),
        ),
        (
            "request-keys-unlock",
            Call::KeysUnlock(UnlockKeys {
                passphrase: Hidden::new("correct horse".into()),
                create: true,
            }),
        ),
        ("request-keys-lock", Call::KeysLock {}),
    ]
}

pub(crate) fn events() -> Vec<(&'static str, Event)> {
    let status = |name: &str, state, kept_in: &[KeyPlace]| KeyStatus {
        name: name.into(),
        used_by: vec!["provider".into()],
        variables: Vec::new(),
        kept_in: kept_in.to_vec(),
        state,
        hint: None,
    };
    let missing = KeyStatus {
        used_by: vec!["web engine".into()],
        variables: vec!["SERPER_KEY".into()],
        hint: Some("aiex keys set serper".into()),
        ..status("serper", KeyState::Missing, &[])
    };
    vec![(
        "keys",
        Event::Keys(KeyReport {
            keys: vec![
                status("openai", KeyState::Locked, &[KeyPlace::File]),
                status("local", KeyState::None, &[]),
                missing,
            ],
            file: KeyFileState::Locked,
            path: "/home/ada/.local/state/aiex/keys/sealed".into(),
            usual_place: KeyPlace::File,
        }),
    )]
}
