//! Backups of real files, written to meanwhile, damaged, and brought back.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use aiex_backup::restore::{plan, restore};
use aiex_backup::verify;
use aiex_backup::write::{Stamp, Written, backups, write};
use aiex_backup::{BackupError, manifest};
use aiex_config::{DaemonLock, Home};
use rusqlite::Connection;
use tempfile::TempDir;

/// A home with a thing of every kind, and a place for backups.
struct World {
    dir: TempDir,
    home: Home,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(&dir.path().join("home"));
        home.create().unwrap();
        let world = Self { dir, home };
        fs::write(&world.home.config_file, "[search]\nlimit = 7\n").unwrap();
        fs::create_dir_all(world.home.keys_dir()).unwrap();
        fs::write(world.home.keys_dir().join("sealed"), "sealed bytes").unwrap();
        fs::write(world.home.keys_dir().join(".sealed.x1"), "half").unwrap();
        fs::create_dir_all(world.home.index_dir()).unwrap();
        fs::write(world.home.index_dir().join("repos.json"), "[]").unwrap();
        world.add(&["a", "b"]);
        world
    }

    fn sessions(&self) -> PathBuf {
        self.home.state.join("sessions.db")
    }

    fn add(&self, notes: &[&str]) {
        let db = Connection::open(self.sessions()).unwrap();
        db.pragma_update(None, "journal_mode", "wal").unwrap();
        db.pragma_update(None, "user_version", 2).unwrap();
        db.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL)", [])
            .unwrap();
        for note in notes {
            db.execute("INSERT INTO notes VALUES (?1)", [note]).unwrap();
        }
    }

    fn notes(&self, file: &Path) -> Vec<String> {
        let db = Connection::open(file).unwrap();
        let version: u32 = db
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, 2);
        let mut all = db.prepare("SELECT text FROM notes ORDER BY rowid").unwrap();
        let notes = all.query_map([], |row| row.get(0)).unwrap();
        notes.collect::<Result<_, _>>().unwrap()
    }

    fn shelf(&self) -> PathBuf {
        self.dir.path().join("backups")
    }

    fn write(&self, keep: Option<usize>) -> Written {
        let stamp = Stamp {
            aiex: "0.0.1".to_owned(),
            made_at_ms: 1,
            note: "before the move".to_owned(),
        };
        write(&self.home, &self.shelf(), stamp, keep).unwrap()
    }
}

#[test]
fn a_backup_holds_every_part_for_its_owner_alone() {
    let world = World::new();
    let written = world.write(None);
    let names: Vec<&str> = written
        .manifest
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["config.toml", "sessions.db", "repositories.json", "keys/sealed"]
    );
    for file in &written.manifest.files {
        let mode = fs::metadata(written.folder.join(&file.name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{}", file.name);
    }
    assert_eq!(world.notes(&written.folder.join("sessions.db")), ["a", "b"]);
    assert_eq!(verify::backup(&written.folder).unwrap(), written.manifest);
}

#[test]
fn a_backup_of_what_is_written_to_is_one_moment_of_it() {
    let world = World::new();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let db = Connection::open(world.sessions()).unwrap();
            db.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
            for number in 0_u32.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                // Both or none of a pair.
                db.execute_batch(&format!(
                    "BEGIN; INSERT INTO notes VALUES ('{number}'); INSERT INTO notes VALUES ('{number}'); COMMIT"
                ))
                .unwrap();
            }
        });
        for _ in 0..10 {
            let written = world.write(None);
            verify::backup(&written.folder).unwrap();
            let notes = world.notes(&written.folder.join("sessions.db"));
            let pairs = notes[2..].chunks(2).collect::<Vec<_>>();
            assert!(pairs.iter().all(|pair| pair.len() == 2 && pair[0] == pair[1]));
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn what_is_restored_replaces_what_was_there_and_that_is_kept() {
    let world = World::new();
    let written = world.write(None);
    world.add(&["later"]);
    // Somebody died and left a log.
    let open = Connection::open(world.sessions()).unwrap();
    open.execute("INSERT INTO notes VALUES ('in the log')", [])
        .unwrap();
    std::mem::forget(open);
    fs::write(&world.home.config_file, "[search]\nlimit = 9\n").unwrap();
    fs::remove_file(world.home.keys_dir().join("sealed")).unwrap();

    let (_, steps) = plan(&world.home, &written.folder).unwrap();
    let replaces: Vec<bool> = steps.iter().map(|step| step.replaces).collect();
    assert_eq!(replaces, [true, true, true, false]);
    assert!(fs::read_to_string(&world.home.config_file).unwrap().contains('9'));

    let aside = restore(&world.home, &written.folder).unwrap().aside.unwrap();
    assert_eq!(world.notes(&world.sessions()), ["a", "b"]);
    assert!(fs::read_to_string(&world.home.config_file).unwrap().contains('7'));
    assert_eq!(
        fs::read(world.home.keys_dir().join("sealed")).unwrap(),
        b"sealed bytes"
    );
    assert_eq!(
        world.notes(&aside.join("sessions.db")),
        ["a", "b", "later", "in the log"]
    );
    assert!(
        fs::read_to_string(aside.join("config.toml"))
            .unwrap()
            .contains('9')
    );
    // Once more, as after a crash in between.
    let again = restore(&world.home, &written.folder).unwrap();
    assert_ne!(again.aside.unwrap(), aside);
    assert_eq!(world.notes(&world.sessions()), ["a", "b"]);
}

#[test]
fn nothing_is_restored_under_a_daemon_or_from_a_damaged_backup() {
    let world = World::new();
    let written = world.write(None);
    world.add(&["later"]);
    let lock = DaemonLock::try_acquire(&world.home).unwrap().unwrap();
    let refused = restore(&world.home, &written.folder).unwrap_err();
    assert!(matches!(refused, BackupError::DaemonRuns), "{refused}");
    drop(lock);
    for file in &written.manifest.files {
        let path = written.folder.join(&file.name);
        let sound = fs::read(&path).unwrap();
        for damaged in [
            sound[..sound.len() - 1].to_vec(),
            {
                let mut bytes = sound.clone();
                bytes[sound.len() / 2] ^= 1;
                bytes
            },
            Vec::new(),
        ] {
            fs::write(&path, damaged).unwrap();
            let refused = restore(&world.home, &written.folder).unwrap_err();
            assert!(matches!(refused, BackupError::Damaged { .. }), "{refused}");
        }
        fs::remove_file(&path).unwrap();
        assert!(restore(&world.home, &written.folder).is_err());
        fs::write(&path, sound).unwrap();
    }
    assert_eq!(world.notes(&world.sessions()), ["a", "b", "later"]);
    restore(&world.home, &written.folder).unwrap();
}

#[test]
fn a_manifest_can_name_nothing_outside() {
    let world = World::new();
    let written = world.write(None);
    let path = written.folder.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    for name in ["../home/config.toml", "/etc/hostname", "keys/../../x", "."] {
        fs::write(&path, text.replace("\"config.toml\"", &format!("{name:?}"))).unwrap();
        let refused = restore(&world.home, &written.folder).unwrap_err();
        assert!(
            matches!(refused, BackupError::Damaged { .. }),
            "{name}: {refused}"
        );
    }
    fs::write(&path, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
    let refused = verify::backup(&written.folder).unwrap_err();
    assert!(
        matches!(refused, BackupError::Newer { found: 2, .. }),
        "{refused}"
    );
    assert_eq!(manifest::FORMAT, 1);
}

#[test]
fn old_backups_make_room_and_what_others_wrote_stays() {
    let world = World::new();
    for _ in 0..3 {
        world.write(None);
    }
    fs::create_dir(world.shelf().join("aiex-backup-0000")).unwrap();
    fs::write(world.shelf().join("letters"), "mine").unwrap();
    let written = world.write(Some(2));
    assert_eq!(written.deleted.len(), 2);
    let left: Vec<u64> = backups(&world.shelf())
        .unwrap()
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    assert_eq!(left, [0, 3, 4]);
    assert!(world.shelf().join("letters").exists());
}

#[test]
fn a_damaged_part_is_told_and_no_backup_is_made_of_it() {
    let world = World::new();
    let before = world.write(None).folder;
    let mut bytes = fs::read(world.sessions()).unwrap();
    for byte in bytes.iter_mut().skip(100) {
        *byte ^= 0x5a;
    }
    fs::write(world.sessions(), bytes).unwrap();
    let told = verify::home(&world.home).unwrap();
    let faults: Vec<&str> = told
        .iter()
        .filter(|looked| looked.read.is_err())
        .map(|looked| looked.part.what)
        .collect();
    assert_eq!(faults, ["history and bookmarks"]);
    let stamp = Stamp {
        aiex: String::new(),
        made_at_ms: 0,
        note: String::new(),
    };
    assert!(write(&world.home, &world.shelf(), stamp, Some(1)).is_err());
    let left: Vec<PathBuf> = fs::read_dir(world.shelf())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(left, std::slice::from_ref(&before));
    restore(&world.home, &before).unwrap();
    assert_eq!(world.notes(&world.sessions()), ["a", "b"]);
}
