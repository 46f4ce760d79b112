//! Every message as it was first shipped: `schemas/fixtures/v1/`, one file for each kind of frame and event.
//!
//! A file is never edited once it is released; a new kind gets a new file. Set `AIEX_WRITE_FIXTURES=1` to
//! write the files of kinds that have none yet.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod samples;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use aiex_protocol::research::{ResearchArgs, RunState};
use aiex_protocol::search::SearchArgs;
use aiex_protocol::source::SourceKind;
use aiex_protocol::{Call, ClientFrame, DaemonInfo, ErrorCode, Event, RefusalReason, ServerFrame, schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/v1")
}

/// Checks the message against its file, both ways.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, message: &T) {
    let path = folder().join(format!("{name}.json"));
    let written = format!("{}\n", serde_json::to_string_pretty(message).unwrap());
    if !path.exists() && std::env::var_os("AIEX_WRITE_FIXTURES").is_some() {
        fs::create_dir_all(folder()).unwrap();
        fs::write(&path, &written).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(written, stored, "{name} is not written as it used to be");
    assert_eq!(
        &serde_json::from_str::<T>(&stored).unwrap(),
        message,
        "{name} is not read as it used to be"
    );
}

/// The names of the kinds that a schema lists under this tag.
fn kinds_in_schema(file: &str, tag: &str) -> BTreeSet<String> {
    fn collect(value: &Value, tag: &str, kinds: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                if let Some(kind) = map
                    .get("properties")
                    .and_then(|p| p.get(tag)?.get("const")?.as_str())
                {
                    kinds.insert(kind.to_owned());
                }
                map.values().for_each(|value| collect(value, tag, kinds));
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, tag, kinds)),
            _ => {}
        }
    }
    let (_, schema) = schema::all().into_iter().find(|(name, _)| *name == file).unwrap();
    let mut kinds = BTreeSet::new();
    collect(schema.as_value(), tag, &mut kinds);
    kinds
}

#[test]
fn client_frames_are_written_and_read_as_ever() {
    for (name, frame) in samples::client_frames() {
        check(&format!("client-{name}"), &frame);
    }
}

#[test]
fn server_frames_are_written_and_read_as_ever() {
    for (name, frame) in samples::server_frames() {
        check(&format!("server-{name}"), &frame);
    }
}

#[test]
fn the_info_file_is_written_and_read_as_ever() {
    check("daemon-info", &samples::daemon_info());
}

#[test]
fn every_kind_of_frame_request_and_event_has_a_fixture() {
    let value_of = |frame: &dyn Fn() -> Value, tag: &str| frame()[tag].as_str().map(str::to_owned);
    let mut seen_client = BTreeSet::new();
    let mut seen_verbs = BTreeSet::new();
    for (_, frame) in samples::client_frames() {
        let value = || serde_json::to_value(&frame).unwrap();
        seen_client.extend(value_of(&value, "type"));
        seen_verbs.extend(value_of(&value, "verb"));
    }
    let mut seen_server = BTreeSet::new();
    let mut seen_events = BTreeSet::new();
    for (_, frame) in samples::server_frames() {
        let value = || serde_json::to_value(&frame).unwrap();
        seen_server.extend(value_of(&value, "type"));
        seen_events.extend(value_of(&value, "event"));
    }
    assert_eq!(seen_client, kinds_in_schema("client-frame.v1.json", "type"));
    assert_eq!(seen_verbs, kinds_in_schema("client-frame.v1.json", "verb"));
    assert_eq!(seen_server, kinds_in_schema("server-frame.v1.json", "type"));
    assert_eq!(seen_events, kinds_in_schema("server-frame.v1.json", "event"));
}

#[test]
fn every_kind_of_journal_entry_has_a_fixture() {
    let seen: BTreeSet<String> = samples::server_frames()
        .iter()
        .filter_map(|(_, frame)| match frame {
            ServerFrame::Event(envelope) => match &envelope.event {
                Event::RunEntry(entry) => Some(serde_json::to_value(entry).unwrap()),
                _ => None,
            },
            _ => None,
        })
        .map(|entry| entry["kind"].as_str().unwrap().to_owned())
        .collect();
    let known = schemars::schema_for!(aiex_protocol::journal::RunEvent);
    let known: BTreeSet<String> = known.as_value()["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind["properties"]["kind"]["const"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(seen, known);
}

#[test]
fn every_file_is_a_fixture_that_is_checked() {
    let mut names: BTreeSet<String> = BTreeSet::from(["daemon-info.json".to_owned()]);
    names.extend(
        samples::client_frames()
            .into_iter()
            .map(|(name, _)| format!("client-{name}.json")),
    );
    names.extend(
        samples::server_frames()
            .into_iter()
            .map(|(name, _)| format!("server-{name}.json")),
    );
    let files: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files, names);
}

/// Puts a field that nobody knows into every object.
fn with_unknown_fields(value: Value, depth: usize) -> Value {
    match value {
        Value::Object(map) => {
            let mut map: serde_json::Map<_, _> = map
                .into_iter()
                .map(|(key, value)| {
                    // Maps by name hold whatever they are given; a stranger would be an entry.
                    let is_map = key == "arms";
                    let value = if is_map {
                        value
                    } else {
                        with_unknown_fields(value, depth + 1)
                    };
                    (key, value)
                })
                .collect();
            map.insert("from_the_future".to_owned(), json!({ "depth": depth }));
            Value::Object(map)
        }
        Value::Array(values) => Value::Array(
            values
                .into_iter()
                .map(|value| with_unknown_fields(value, depth + 1))
                .collect(),
        ),
        other => other,
    }
}

fn tolerates_unknown_fields<T: Serialize + DeserializeOwned + PartialEq + Debug>(message: &T) {
    let extended = with_unknown_fields(serde_json::to_value(message).unwrap(), 0);
    let read: T = serde_json::from_value(extended.clone()).unwrap_or_else(|e| panic!("{e}: {extended:#}"));
    assert_eq!(&read, message);
}

#[test]
fn fields_from_the_future_are_ignored_everywhere() {
    samples::client_frames()
        .iter()
        .for_each(|(_, frame)| tolerates_unknown_fields(frame));
    samples::server_frames()
        .iter()
        .for_each(|(_, frame)| tolerates_unknown_fields(frame));
    tolerates_unknown_fields(&samples::daemon_info());
}

#[test]
fn an_event_from_the_future_is_an_error_that_leaves_its_header_readable() {
    let text = r#"{"type":"event","id":7,"seq":3,"event":"confetti","data":{"colour":"red"}}"#;
    let error = serde_json::from_str::<ServerFrame>(text).unwrap_err();
    assert!(error.to_string().contains("confetti"), "{error}");
    let header: Value = serde_json::from_str(text).unwrap();
    assert_eq!(
        (&header["type"], &header["id"], &header["seq"]),
        (&json!("event"), &json!(7), &json!(3))
    );

    assert!(serde_json::from_str::<ServerFrame>(r#"{"type":"weather"}"#).is_err());
    assert!(
        serde_json::from_str::<ClientFrame>(r#"{"type":"request","id":1,"verb":"fly","args":{}}"#).is_err()
    );
}

#[test]
fn arguments_that_have_defaults_may_be_left_out() {
    let frames = [
        r#"{"type":"request","id":1,"verb":"search","args":{"query":"q","repo":"/r"}}"#,
        r#"{"type":"request","id":1,"verb":"ask","args":{"search":{"query":"q"}}}"#,
        r#"{"type":"request","id":1,"verb":"outline","args":{"repo":"/r","paths":["a"]}}"#,
        r#"{"type":"request","id":1,"verb":"symbols","args":{"repo":"/r"}}"#,
        r#"{"type":"request","id":1,"verb":"refs","args":{"repo":"/r","name":"n"}}"#,
        r#"{"type":"request","id":1,"verb":"pack","args":{"search":{"query":"q","repo":"/r"}}}"#,
        r#"{"type":"request","id":1,"verb":"similar","args":{"path":"a","line":1}}"#,
        r#"{"type":"request","id":1,"verb":"status","args":{}}"#,
        r#"{"type":"request","id":1,"verb":"skipped","args":{}}"#,
        r#"{"type":"request","id":1,"verb":"add_repo","args":{"path":"/r"}}"#,
        r#"{"type":"request","id":1,"verb":"reindex_repo","args":{"path":"/r"}}"#,
        r#"{"type":"request","id":1,"verb":"move_vectors","args":{"path":"/r","to":"local"}}"#,
        r#"{"type":"request","id":1,"verb":"list_repos","args":{}}"#,
        r#"{"type":"request","id":1,"verb":"search","args":{"query":"q","sources":["docs","web"]}}"#,
        r#"{"type":"request","id":1,"verb":"research.start","args":{"question":"q"}}"#,
        r#"{"type":"request","id":1,"verb":"research.estimate","args":{"question":"q","budget":{"fetches":3}}}"#,
        r#"{"type":"request","id":1,"verb":"research.list","args":{}}"#,
        r#"{"type":"request","id":1,"verb":"research.follow","args":{"run":"r"}}"#,
        r#"{"type":"request","id":1,"verb":"research.approve","args":{"run":"r","plan":{"sub_questions":[{"question":"q"}]}}}"#,
        r#"{"type":"request","id":1,"verb":"research.report","args":{"run":"r"}}"#,
        r#"{"type":"request","id":1,"verb":"research.graph","args":{}}"#,
        r#"{"type":"request","id":1,"verb":"research.templates","args":{}}"#,
        r#"{"type":"request","id":1,"verb":"cache.stats","args":{}}"#,
        r#"{"type":"request","id":1,"verb":"cache.clear","args":{}}"#,
        r#"{"type":"request","id":1,"verb":"search","args":{"query":"q","follow_up":true}}"#,
        r#"{"type":"request","id":1,"verb":"history.list","args":{}}"#,
        r#"{"type":"request","id":1,"verb":"history.clear","args":{}}"#,
        r#"{"type":"request","id":1,"verb":"bookmark.add","args":{"path":"a","first_line":1,"last_line":1}}"#,
        r#"{"type":"request","id":1,"verb":"bookmark.list","args":{}}"#,
        r#"{"type":"request","id":1,"verb":"bookmark.remove","args":{"ids":[1]}}"#,
        r#"{"type":"request","id":1,"verb":"keys.set","args":{"name":"a","key":"k"}}"#,
        r#"{"type":"request","id":1,"verb":"keys.unlock","args":{"passphrase":"p"}}"#,
        r#"{"type":"hello","contract":1,"build":{"version":"0.1.0","digest":"d"},"client":"web"}"#,
    ];
    for frame in frames {
        serde_json::from_str::<ClientFrame>(frame).unwrap_or_else(|error| panic!("{frame}: {error}"));
    }
}

#[test]
fn codes_and_reasons_have_the_names_they_always_had() {
    let codes = [
        (ErrorCode::InvalidRequest, "invalid_request"),
        (ErrorCode::RootRefused, "root_refused"),
        (ErrorCode::NotFound, "not_found"),
        (ErrorCode::DeadlineExceeded, "deadline_exceeded"),
        (ErrorCode::Cancelled, "cancelled"),
        (ErrorCode::Draining, "draining"),
        (ErrorCode::Overloaded, "overloaded"),
        (ErrorCode::Storage, "storage"),
        (ErrorCode::Provider, "provider"),
        (ErrorCode::StreamGone, "stream_gone"),
        (ErrorCode::Internal, "internal"),
    ];
    for (code, name) in codes {
        assert_eq!(serde_json::to_value(code).unwrap(), json!(name));
        assert_eq!(serde_json::from_value::<ErrorCode>(json!(name)).unwrap(), code);
    }
    let reasons = [
        (RefusalReason::ClientTooOld, "client_too_old"),
        (RefusalReason::DaemonTooOld, "daemon_too_old"),
        (RefusalReason::Draining, "draining"),
        (RefusalReason::TokenRejected, "token_rejected"),
        (RefusalReason::OriginRejected, "origin_rejected"),
        (RefusalReason::Overloaded, "overloaded"),
        (RefusalReason::BadHello, "bad_hello"),
    ];
    for (reason, name) in reasons {
        assert_eq!(serde_json::to_value(reason).unwrap(), json!(name));
        assert_eq!(
            serde_json::from_value::<RefusalReason>(json!(name)).unwrap(),
            reason
        );
    }
}

#[test]
fn a_verb_is_called_on_the_wire_what_it_says_it_is() {
    for (_, frame) in samples::client_frames() {
        if let ClientFrame::Request(request) = &frame {
            assert_eq!(
                serde_json::to_value(&frame).unwrap()["verb"],
                json!(request.call.verb())
            );
        }
    }
    assert!(Call::ListRepos {}.is_resendable());
    assert!(
        !Call::Drain {
            reason: String::new()
        }
        .is_resendable()
    );
}

#[test]
fn what_came_later_stands_behind_a_capability() {
    for (name, frame) in samples::client_frames() {
        let ClientFrame::Request(request) = &frame else {
            continue;
        };
        let verb = request.call.verb();
        let needs = match &request.call {
            Call::Search(args) if args.follow_up => Some("sessions"),
            Call::Ask(args) if args.search.follow_up => Some("sessions"),
            Call::Search(args) if !args.after.is_empty() => Some("pages"),
            Call::Search(args) if args.since.is_some() => Some("since"),
            Call::Search(args) if !args.sources.is_empty() => Some("sources"),
            Call::ResearchGraph(args) if args.to.is_some() || !args.kinds.is_empty() => Some("graph"),
            _ if verb.starts_with("research.") => Some("research"),
            _ if verb.starts_with("cache.") => Some("cache"),
            _ if verb.starts_with("keys.") => Some("keys"),
            Call::MoveVectors(_) => Some("vectors"),
            Call::BookmarkAdd(args) if args.target.is_some() => Some("targets"),
            _ if verb.starts_with("history.") || verb.starts_with("bookmark.") => Some("sessions"),
            _ => None,
        };
        assert_eq!(request.call.needs(), needs, "{name}");
    }
}

#[test]
fn what_changes_a_run_is_not_sent_twice() {
    let harmless = [
        "list",
        "show",
        "follow",
        "estimate",
        "report",
        "graph",
        "verify",
        "templates",
    ];
    for (name, frame) in samples::client_frames() {
        let ClientFrame::Request(request) = &frame else {
            continue;
        };
        if let Some(what) = request.call.verb().strip_prefix("research.") {
            assert_eq!(request.call.is_resendable(), harmless.contains(&what), "{name}");
        }
    }
    let with_a_ticket = ResearchArgs {
        ticket: Some("mine".to_owned()),
        ..ResearchArgs::default()
    };
    assert!(Call::ResearchStart(with_a_ticket).is_resendable());
}

#[test]
fn a_search_that_builds_on_an_earlier_one_needs_a_daemon_that_can() {
    let plain = SearchArgs::default();
    let changes: [fn(&mut SearchArgs); 3] = [
        |args| args.follow_up = true,
        |args| args.within_last = true,
        |args| args.refines = Some(1),
    ];
    assert_eq!(Call::Search(plain.clone()).needs(), None);
    for change in changes {
        let mut args = plain.clone();
        change(&mut args);
        assert_eq!(Call::Search(args).needs(), Some("sessions"));
    }
    // A daemon that knows no sessions keeps no history either.
    let quiet = SearchArgs {
        session: "s".into(),
        unrecorded: true,
        ..plain
    };
    assert_eq!(Call::Search(quiet).needs(), None);
}

#[test]
fn a_bookmark_is_not_added_or_removed_twice() {
    for (name, frame) in samples::client_frames() {
        if let ClientFrame::Request(request) = &frame
            && let Some(what) = request.call.verb().strip_prefix("bookmark.")
        {
            assert_eq!(request.call.is_resendable(), what == "list", "{name}");
        }
    }
}

#[test]
fn a_frame_that_carries_a_key_does_not_show_it() {
    for (name, frame) in samples::client_frames() {
        let shown = format!("{frame:?} {frame:#?}");
        for hidden in ["sk-sample", "correct horse"] {
            assert!(!shown.contains(hidden), "{name}: {shown}");
        }
    }
}

#[test]
fn a_run_is_over_when_only_its_user_can_go_on() {
    let over = [
        (RunState::Running, false),
        (RunState::AwaitingApproval, false),
        (RunState::Paused, false),
        (RunState::Done, true),
        (RunState::Failed, true),
        (RunState::Cancelled, true),
    ];
    for (state, is_over) in over {
        assert_eq!(state.is_over(), is_over, "{state:?}");
    }
}

#[test]
fn every_source_is_called_on_the_wire_what_it_says_it_is() {
    for source in SourceKind::ALL {
        assert_eq!(serde_json::to_value(source).unwrap(), json!(source.as_str()));
    }
}

#[test]
fn a_stream_ends_in_done_or_error_and_in_nothing_else() {
    for (name, frame) in samples::server_frames() {
        if let ServerFrame::Event(envelope) = &frame {
            let is_end = matches!(envelope.event, Event::Done { .. } | Event::Error(_));
            assert_eq!(envelope.event.is_last(), is_end, "{name}");
        }
    }
}

#[test]
fn the_info_file_survives_a_newer_writer() {
    let mut value = serde_json::to_value(samples::daemon_info()).unwrap();
    value["http"] = json!("/x.sock");
    assert_eq!(
        serde_json::from_value::<DaemonInfo>(value).unwrap(),
        samples::daemon_info()
    );
}
