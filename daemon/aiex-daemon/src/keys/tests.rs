//! Where a key comes from when it could come from several places.

use std::fs;
use std::path::Path;

use aiex_config::MapEnvironment;

use super::*;

const PASSPHRASE: &str = "correct horse battery";

fn keys(place: &Path, environment: &[(&str, &str)]) -> Keys {
    let environment = MapEnvironment::new(environment.iter().copied());
    Keys::in_environment(&Home::at(place), Arc::new(environment))
}

/// A file with one key, left locked.
fn sealed(place: &Path) {
    let keys = keys(place, &[]);
    keys.unlock(Secret::new(PASSPHRASE), true).unwrap();
    keys.set("openai", &Secret::new("sk-file"), Some(KeyPlace::File))
        .unwrap();
}

fn exposed(taken: Taken) -> Vec<String> {
    taken.unwrap().iter().map(|key| key.expose().to_owned()).collect()
}

#[test]
fn a_variable_goes_before_what_is_kept_and_what_is_kept_before_a_complaint() {
    let place = tempfile::tempdir().unwrap();
    sealed(place.path());
    let wanted = Wanted::new("openai", "OPENAI_KEY");
    let set = keys(place.path(), &[("OPENAI_KEY", "sk-a, sk-b")]);
    // The file is locked, and need not be opened.
    assert_eq!(exposed(set.of(&wanted)), ["sk-a", "sk-b"]);
    for unset in [
        keys(place.path(), &[]),
        keys(place.path(), &[("OPENAI_KEY", " , ")]),
    ] {
        unset.unlock(Secret::new(PASSPHRASE), false).unwrap();
        assert_eq!(exposed(unset.of(&wanted)), ["sk-file"]);
        let other = Wanted::new("anthropic", "ANTHROPIC_KEY");
        let problem = unset.of(&other).unwrap_err();
        assert_eq!(problem.to_string(), "the variable ANTHROPIC_KEY is not set");
        assert!(
            problem.hint().contains("aiex keys set anthropic"),
            "{}",
            problem.hint()
        );
    }
}

#[test]
fn a_locked_file_is_in_the_way_only_of_those_whose_keys_it_holds() {
    let place = tempfile::tempdir().unwrap();
    sealed(place.path());
    let keys = keys(place.path(), &[]);
    assert_eq!(exposed(keys.of(&Wanted::new("local", ""))), Vec::<String>::new());
    let problem = keys.of(&Wanted::new("openai", "")).unwrap_err();
    assert!(problem.is_locked(), "{problem}");
    assert!(problem.hint().contains("aiex keys unlock"), "{}", problem.hint());
    keys.unlock(Secret::new(PASSPHRASE), false).unwrap();
    assert_eq!(exposed(keys.of(&Wanted::new("openai", ""))), ["sk-file"]);
    keys.lock();
    assert!(keys.of(&Wanted::new("openai", "")).unwrap_err().is_locked());
}

#[test]
fn a_wrong_passphrase_leaves_it_as_it_was() {
    let place = tempfile::tempdir().unwrap();
    sealed(place.path());
    let keys = keys(place.path(), &[]);
    let problem = keys.unlock(Secret::new("wrong"), true).unwrap_err();
    assert!(problem.to_string().contains("does not open"), "{problem}");
    assert!(keys.of(&Wanted::new("openai", "")).unwrap_err().is_locked());
    keys.unlock(Secret::new(PASSPHRASE), false).unwrap();
    keys.unlock(Secret::new("wrong"), false).unwrap_err();
    assert_eq!(exposed(keys.of(&Wanted::new("openai", ""))), ["sk-file"]);
}

#[test]
fn without_a_file_nothing_is_made_unless_somebody_says_so() {
    let place = tempfile::tempdir().unwrap();
    let keys = keys(place.path(), &[]);
    assert_eq!(
        keys.unlock(Secret::new(PASSPHRASE), false),
        Err(KeyProblem::NoFile)
    );
    let kept = keys.set("openai", &Secret::new("sk"), Some(KeyPlace::File));
    assert_eq!(kept, Err(KeyProblem::NoFile));
    assert!(!Home::at(place.path()).keys_dir().join("sealed").exists());
}

#[test]
fn the_environment_opens_the_file_until_somebody_locks_it() {
    let place = tempfile::tempdir().unwrap();
    sealed(place.path());
    let secret = place.path().join("secret");
    fs::write(&secret, format!("{PASSPHRASE}\n")).unwrap();
    let named = secret.to_str().unwrap();
    fs::copy(&secret, place.path().join(CREDENTIALS.1)).unwrap();
    let folder = place.path().to_str().unwrap();
    for (variable, value) in [(PASSPHRASE_FILE, named), (CREDENTIALS.0, folder)] {
        let keys = keys(place.path(), &[(variable, value)]);
        assert_eq!(exposed(keys.of(&Wanted::new("openai", ""))), ["sk-file"]);
        keys.lock();
        assert!(keys.of(&Wanted::new("openai", "")).unwrap_err().is_locked());
    }
    for wrong in ["", "not this", &"p".repeat(2000)] {
        fs::write(&secret, wrong).unwrap();
        let keys = keys(place.path(), &[(PASSPHRASE_FILE, named)]);
        let problem = keys.of(&Wanted::new("openai", "")).unwrap_err();
        assert!(problem.to_string().contains(named), "{problem}");
        assert!(
            wrong.is_empty() || !problem.to_string().contains(wrong),
            "{problem}"
        );
    }
}

#[test]
fn a_file_that_was_put_back_is_read_again() {
    let place = tempfile::tempdir().unwrap();
    sealed(place.path());
    let path = Home::at(place.path()).keys_dir().join("sealed");
    let copy = fs::read(&path).unwrap();
    let keys = keys(place.path(), &[]);
    keys.unlock(Secret::new(PASSPHRASE), false).unwrap();
    keys.set("openai", &Secret::new("sk-new"), None).unwrap();
    assert_eq!(exposed(keys.of(&Wanted::new("openai", ""))), ["sk-new"]);
    fs::write(&path, copy).unwrap();
    assert_eq!(exposed(keys.of(&Wanted::new("openai", ""))), ["sk-file"]);
    fs::remove_file(&path).unwrap();
    assert_eq!(exposed(keys.of(&Wanted::new("openai", ""))), Vec::<String>::new());
}

#[test]
fn the_users_own_folder_has_the_short_name() {
    let environment = MapEnvironment::new([("HOME", "/h/u")]);
    assert_eq!(service(&Home::of_user(Path::new("/h/u")), &environment), "aiex");
    let elsewhere = service(&Home::at(Path::new("/else")), &environment);
    assert_eq!(elsewhere, "aiex /else/state/keys");
}
