//! `keys.*`: keeping keys, looking where they are, opening and locking their file.

use std::sync::Arc;

use aiex_llm::Secret;
use aiex_protocol::keys::{ForgetKey, SetKey, UnlockKeys};
use aiex_protocol::{ErrorCode, Event, WireError};

use super::Running;
use crate::keys::{KeyProblem, Keys, LONGEST_PASSPHRASE};

/// No key is longer, in bytes; the tokens of some clouds come near.
const LONGEST_KEY: usize = 4096;
/// In characters.
const LONGEST_NAME: usize = 64;

/// Keeps a key.
pub(super) async fn set(running: &Arc<Running>, args: SetKey) -> Result<(), WireError> {
    running.enter("keeping the key");
    let SetKey { name, key, place } = args;
    let name = checked_name(&name)?;
    let key = checked_key(key.expose())?;
    let keeping = move |keys: &Keys| keys.set(&name, &key, place).map(drop);
    changed(running, keeping).await
}

/// Which keys there are.
pub(super) async fn list(running: &Arc<Running>) -> Result<(), WireError> {
    running.enter("looking where the keys are");
    tell(running).await
}

/// Keeps a key no longer.
pub(super) async fn forget(running: &Arc<Running>, args: ForgetKey) -> Result<(), WireError> {
    running.enter("forgetting the key");
    let name = checked_name(&args.name)?;
    let sought = name.clone();
    let was_there = work(running, move |keys| keys.forget(&sought)).await?;
    if !was_there {
        let error = WireError::new(ErrorCode::NotFound, format!("no key is kept as `{name}`"));
        return Err(error.with_hint("`aiex keys list` shows which are"));
    }
    tell(running).await
}

/// Opens the file of keys.
pub(super) async fn unlock(running: &Arc<Running>, args: UnlockKeys) -> Result<(), WireError> {
    running.enter("opening the key file");
    let UnlockKeys { passphrase, create } = args;
    let passphrase = checked_passphrase(passphrase.expose())?;
    changed(running, move |keys| keys.unlock(passphrase, create)).await
}

/// Locks the file of keys, and lets go of everything that was built with a key.
pub(super) async fn lock(running: &Arc<Running>) -> Result<(), WireError> {
    running.enter("locking the key file");
    work(running, |keys| {
        keys.lock();
        Ok(())
    })
    .await?;
    running.handle.research.close_keys();
    tell(running).await
}

async fn changed(
    running: &Arc<Running>,
    change: impl FnOnce(&Keys) -> Result<(), KeyProblem> + Send + 'static,
) -> Result<(), WireError> {
    work(running, change).await?;
    let repositories = running.handle.repositories.clone();
    // Nobody waits for it: the embedder's service may take its time.
    tokio::task::spawn_blocking(move || repositories.keys_changed());
    tell(running).await
}

async fn work<T: Send + 'static>(
    running: &Arc<Running>,
    work: impl FnOnce(&Keys) -> Result<T, KeyProblem> + Send + 'static,
) -> Result<T, WireError> {
    let keys = running.handle.keys.clone();
    running
        .blocking(move |_| work(&keys))
        .await?
        .map_err(|problem| problem.told())
}

async fn tell(running: &Arc<Running>) -> Result<(), WireError> {
    let handle = running.handle.clone();
    let report = running
        .blocking(move |_| handle.keys.report(&handle.settings))
        .await?;
    running.stream.tell(Event::Keys(report));
    Ok(())
}

fn refused(message: String, hint: &str) -> WireError {
    WireError::new(ErrorCode::InvalidRequest, message).with_hint(hint)
}

fn checked_name(name: &str) -> Result<String, WireError> {
    let name = name.trim();
    let is_name =
        !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control);
    if is_name {
        return Ok(name.to_owned());
    }
    Err(refused(
        format!("a name has 1 to {LONGEST_NAME} characters and no control characters"),
        "give the name of a [[provider]] or [[web.engine]] of the settings, or `embedder`",
    ))
}

/// A key as it is kept: without white space around it. What no header can carry is refused now, and not by a provider.
fn checked_key(text: &str) -> Result<Secret, WireError> {
    let key = Secret::new(text);
    let again = "paste the key alone; nothing was kept";
    if key.expose().len() > LONGEST_KEY {
        return Err(refused(
            format!("the key is longer than {LONGEST_KEY} bytes"),
            again,
        ));
    }
    let mut keys = key.expose().split(',').map(str::trim).peekable();
    if keys.clone().any(str::is_empty) {
        let message = if key.is_empty() {
            "the key is empty"
        } else {
            "one of the keys between the commas is empty"
        };
        return Err(refused(message.to_owned(), again));
    }
    if keys.any(|key| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Err(refused(
            "the key contains blanks, line breaks or characters that no key has".to_owned(),
            again,
        ));
    }
    Ok(key)
}

fn checked_passphrase(text: &str) -> Result<Secret, WireError> {
    let passphrase = Secret::new(text);
    if passphrase.is_empty() {
        return Err(refused(
            "the passphrase is empty".to_owned(),
            "several words are easier to remember than signs",
        ));
    }
    if passphrase.expose().len() as u64 > LONGEST_PASSPHRASE {
        return Err(refused(
            format!("the passphrase is longer than {LONGEST_PASSPHRASE} bytes"),
            "several words are enough",
        ));
    }
    Ok(passphrase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_without_what_surrounds_it_and_refused_when_no_header_can_carry_it() {
        assert_eq!(checked_key("  sk-1\n").unwrap().expose(), "sk-1");
        assert_eq!(checked_key("sk-1, sk-2").unwrap().expose(), "sk-1, sk-2");
        let long = "k".repeat(LONGEST_KEY + 1);
        for (wrong, why) in [
            ("", "is empty"),
            (" \n", "is empty"),
            ("sk-1,", "between the commas"),
            ("sk-1\nsk-2", "line breaks"),
            ("sk 1", "blanks"),
            ("sk-\u{e9}", "characters that no key has"),
            (&long, "longer than 4096 bytes"),
        ] {
            let error = checked_key(wrong).unwrap_err();
            assert!(error.message.contains(why), "{wrong:?}: {error}");
            assert!(wrong.is_empty() || !error.message.contains("sk"), "{error}");
        }
    }

    #[test]
    fn a_name_is_one_line_that_is_not_long() {
        assert_eq!(checked_name(" my provider ").unwrap(), "my provider");
        for wrong in ["", "  ", "a\nb", "a\u{1b}b", &"n".repeat(LONGEST_NAME + 1)] {
            assert!(checked_name(wrong).is_err(), "{wrong:?}");
        }
    }
}
