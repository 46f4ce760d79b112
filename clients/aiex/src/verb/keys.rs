//! `aiex keys`: keys of providers and search engines, kept by the system or in an encrypted file.
//!
//! A key is typed without being shown, or piped in; it is never an argument, which other users and the shell's history
//! would see, and never an output.

mod list;

use aiex_protocol::keys::{
    ForgetKey, Hidden, KeyFileState, KeyPlace, KeyReport, KeyState, KeyStatus, SetKey, UnlockKeys,
};
use aiex_protocol::{Call, Event};
use clap::{Args, Subcommand, ValueEnum};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::hidden_input;
use crate::interrupt::Interrupt;
use crate::printer::Printer;
use crate::session::Session;
use crate::snippet::displayable;

pub(crate) use list::source_words;

const EXAMPLES: &str = "\
Examples:
  aiex keys set openai                       type or paste the key; nothing is shown
  pass show serper | aiex keys set serper    or take it from another program
  aiex keys list
  aiex keys unlock                           once for as long as the daemon lives
";

/// Keep the keys of providers and search engines
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct KeysVerb {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Keep a key, typed at the terminal or piped in
    Set {
        /// The name of a provider or web engine of the settings, or `embedder`
        name: String,
        /// Where: the encrypted file, or the system's own store (on Linux it forgets at every start of the machine)
        #[arg(long = "in", value_enum, value_name = "PLACE")]
        place: Option<Place>,
    },
    /// Show which keys there are and where, never a key
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep a key no longer, wherever it is
    Forget {
        /// The name under which it is kept
        name: String,
    },
    /// Open the encrypted file until it is locked or the daemon ends
    Unlock,
    /// Lock the encrypted file
    Lock,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Place {
    /// The system's own store
    System,
    /// The encrypted file
    File,
}

/// A conversation about keys.
struct Desk<'a> {
    session: &'a Session,
    printer: &'a Printer,
    interrupt: &'a mut Interrupt,
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: KeysVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let session = Session::open(false, printer, interrupt).await?;
    let mut desk = Desk {
        session: &session,
        printer,
        interrupt,
    };
    let outcome = match verb.action {
        Action::Set { name, place } => desk.set(name.trim(), place).await,
        Action::List { json } => desk.list(json).await,
        Action::Forget { name } => desk.forget(name.trim()).await,
        Action::Unlock => desk.unlock().await,
        Action::Lock => desk.lock().await,
    };
    session.close().await;
    outcome.map(|()| ExitCode::Ok)
}

/// Which keys there are, for whoever wants to show it.
pub(crate) async fn fetch(
    session: &Session,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<KeyReport, Failure> {
    let mut desk = Desk {
        session,
        printer,
        interrupt,
    };
    desk.report().await
}

impl Desk<'_> {
    async fn report(&mut self) -> Result<KeyReport, Failure> {
        self.ask(Call::KeysList {}).await
    }

    async fn ask(&mut self, call: Call) -> Result<KeyReport, Failure> {
        self.session
            .fetch(call, self.printer, self.interrupt, |event| match event {
                Event::Keys(report) => Some(report),
                _ => None,
            })
            .await
    }

    async fn set(&mut self, name: &str, place: Option<Place>) -> Result<(), Failure> {
        let before = self.report().await?;
        let place = place
            .map(KeyPlace::from)
            .or_else(|| status(&before, name)?.kept_in.first().copied())
            .unwrap_or(before.usual_place);
        if place == KeyPlace::File {
            self.open_file(&before).await?;
        }
        let key = if hidden_input::is_piped() {
            hidden_input::piped(self.interrupt).await?
        } else {
            let question = format!("key of {}: ", displayable(name));
            hidden_input::typed(&question, self.printer, self.interrupt).await?
        };
        let call = Call::KeysSet(SetKey {
            name: name.to_owned(),
            key,
            place: Some(place),
        });
        let after = self.ask(call).await?;
        self.tell_set(name, place, &after);
        Ok(())
    }

    fn tell_set(&self, name: &str, place: KeyPlace, after: &KeyReport) {
        let shown = displayable(name);
        let place_words = list::place_words(place);
        self.printer
            .notice(&format!("kept the key of `{shown}` {place_words}"));
        if place == KeyPlace::System && cfg!(target_os = "linux") {
            self.printer.notice(
                "the system forgets it when the machine is started anew; `--in file` keeps it for good",
            );
        }
        let Some(status) = status(after, name) else { return };
        if status.used_by.is_empty() {
            let named: Vec<String> = after
                .keys
                .iter()
                .filter(|status| !status.used_by.is_empty())
                .map(|status| displayable(&status.name))
                .collect();
            let named = if named.is_empty() {
                "the settings have no [[provider]] and no [[web.engine]] yet".to_owned()
            } else {
                format!("the settings name {}", named.join(", "))
            };
            self.printer.warning(&format!(
                "nothing in the settings is called `{shown}`, so nothing uses this key; {named}"
            ));
        }
        if status.state == KeyState::Variable {
            let variables = status.variables.join(", ");
            self.printer.warning(&format!(
                "the settings name the variable {variables}, which is set and goes before what is kept"
            ));
        }
        if place == KeyPlace::System && status.kept_in.contains(&KeyPlace::File) {
            self.printer.warning(
                "an older key is still in the key file, which is locked; it is used when the system has none",
            );
        }
    }

    async fn list(&mut self, json: bool) -> Result<(), Failure> {
        let report = self.report().await?;
        if json {
            self.printer.json(&report)
        } else {
            self.printer.data(&list::render(&report, self.printer.palette))
        }
    }

    async fn forget(&mut self, name: &str) -> Result<(), Failure> {
        let before = self.report().await?;
        let places = status(&before, name).map(|status| status.kept_in.clone());
        if places.is_some_and(|places| places.contains(&KeyPlace::File)) {
            self.open_file(&before).await?;
        }
        let call = Call::KeysForget(ForgetKey {
            name: name.to_owned(),
        });
        self.ask(call).await?;
        let shown = displayable(name);
        self.printer.notice(&format!("forgot the key of `{shown}`"));
        Ok(())
    }

    async fn unlock(&mut self) -> Result<(), Failure> {
        let before = self.report().await?;
        if before.file == KeyFileState::Unlocked && !hidden_input::is_piped() {
            self.printer.notice("the key file is unlocked already");
            return Ok(());
        }
        let create = before.file == KeyFileState::Absent;
        let passphrase = match (hidden_input::is_piped(), create) {
            (true, _) => hidden_input::piped(self.interrupt).await?,
            (false, true) => self.chosen_passphrase().await?,
            (false, false) => self.passphrase().await?,
        };
        self.open_with(passphrase, create).await?;
        self.printer.notice(if create {
            "made the key file; it is unlocked for as long as the daemon lives"
        } else {
            "the key file is unlocked for as long as the daemon lives"
        });
        Ok(())
    }

    async fn lock(&mut self) -> Result<(), Failure> {
        self.ask(Call::KeysLock {}).await?;
        self.printer.notice("the key file is locked");
        Ok(())
    }

    /// Sees to it that the file can be changed, asking for the passphrase where somebody can be asked.
    async fn open_file(&mut self, report: &KeyReport) -> Result<(), Failure> {
        let create = match report.file {
            KeyFileState::Unlocked => return Ok(()),
            KeyFileState::Absent => true,
            // What cannot be read is told by the attempt to open it, before anybody types a key.
            KeyFileState::Locked | KeyFileState::Unreadable => false,
        };
        if !hidden_input::is_possible(self.printer) {
            let message = if create {
                "there is no key file yet, and nobody here to choose its passphrase"
            } else {
                "the key file is locked, and nobody here to type its passphrase"
            };
            return Err(Failure::new(ExitCode::Usage, message).hint(
                "run `aiex keys unlock` first (it takes the passphrase from a pipe too), name a file with it in \
                 AIEX_KEYS_PASSPHRASE_FILE where the daemon is started, or use `--in system`",
            ));
        }
        let passphrase = if create {
            self.chosen_passphrase().await?
        } else {
            self.passphrase().await?
        };
        self.open_with(passphrase, create).await
    }

    async fn open_with(&mut self, passphrase: Hidden, create: bool) -> Result<(), Failure> {
        let call = Call::KeysUnlock(UnlockKeys { passphrase, create });
        self.ask(call).await.map(drop)
    }

    async fn passphrase(&mut self) -> Result<Hidden, Failure> {
        hidden_input::typed("passphrase of the key file: ", self.printer, self.interrupt).await
    }

    /// A new passphrase, typed twice: one that was mistyped would never open the file again.
    async fn chosen_passphrase(&mut self) -> Result<Hidden, Failure> {
        let question = "choose a passphrase for the new key file: ";
        let first = hidden_input::typed(question, self.printer, self.interrupt).await?;
        let again = hidden_input::typed("the same again: ", self.printer, self.interrupt).await?;
        if first != again {
            return Err(Failure::new(ExitCode::Usage, "the two passphrases differ")
                .hint("nothing was made; try again"));
        }
        Ok(first)
    }
}

impl From<Place> for KeyPlace {
    fn from(place: Place) -> Self {
        match place {
            Place::System => Self::System,
            Place::File => Self::File,
        }
    }
}

fn status<'a>(report: &'a KeyReport, name: &str) -> Option<&'a KeyStatus> {
    report.keys.iter().find(|status| status.name == name)
}
