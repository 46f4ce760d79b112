//! Things in a tree that are not source files, or hardly.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::tree::{Tree, assert_lines, exhaustive};
use crate::world::{World, let_pass};

/// Fills `odd/` with what no indexer should stumble over.
fn fill(tree: &Tree) -> UnixListener {
    let odd = tree.root.join("odd");
    fs::create_dir_all(&odd).unwrap();
    symlink("b", odd.join("a")).unwrap();
    symlink("a", odd.join("b")).unwrap();
    symlink(".", odd.join("itself")).unwrap();
    symlink("/", odd.join("everything")).unwrap();
    symlink("/etc/passwd", odd.join("passwd.md")).unwrap();
    symlink("../core/part0.rs", odd.join("alias.rs")).unwrap();
    symlink("nowhere", odd.join("dangling.rs")).unwrap();
    let made = Command::new("mkfifo").arg(odd.join("pipe.rs")).status().unwrap();
    assert!(made.success());
    let listener = UnixListener::bind(odd.join("socket.rs")).unwrap();

    let folder = odd.join(OsStr::from_bytes(b"fold\xffer"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("inside.rs"), "pub fn odd_folder() {}\n").unwrap();
    fs::write(
        odd.join(OsStr::from_bytes(b"na\xfe\xffme.rs")),
        "pub fn odd_name() {}\n",
    )
    .unwrap();
    fs::write(
        odd.join("line\nbreak \x1b[31m.rs"),
        "pub fn odd_line_break() {}\n",
    )
    .unwrap();

    let big = fs::File::create(odd.join("big.rs")).unwrap();
    big.set_len(100 << 20).unwrap();
    let mut line = fs::File::create(odd.join("line.js")).unwrap();
    line.write_all(&b"var a=1;".repeat(200_000)).unwrap();
    fs::write(odd.join("zeros.rs"), vec![0; 4096]).unwrap();
    fs::write(odd.join("empty.rs"), "").unwrap();

    let closed = odd.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::write(closed.join("inside.rs"), "pub fn odd_closed() {}\n").unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let unreadable = odd.join("unreadable.rs");
    fs::write(&unreadable, "pub fn odd_unreadable() {}\n").unwrap();
    fs::set_permissions(&unreadable, fs::Permissions::from_mode(0o000)).unwrap();
    listener
}

#[test]
fn links_pipes_sockets_and_strange_files_hurt_nobody() {
    let world = World::new();
    let mut tree = Tree::new(world.path("tree"), 20);
    let _listener = fill(&tree);
    tree.add(&world);
    let regular = |world: &World| {
        exhaustive(world, &tree.root)
            .into_iter()
            .filter(|line| !line.0.starts_with("odd/"))
            .collect::<Vec<_>>()
    };
    assert_lines(&tree.lines(), &regular(&world));
    let odd: Vec<_> = exhaustive(&world, &tree.root)
        .into_iter()
        .filter(|line| line.0.starts_with("odd/"))
        .collect();
    for forbidden in [
        "everything",
        "passwd",
        "itself",
        "alias",
        "pipe",
        "socket",
        "big",
        "zeros",
    ] {
        assert!(
            !odd.iter().any(|line| line.0.contains(forbidden)),
            "{forbidden}: {odd:?}"
        );
    }
    // Not worth an index, but a line that a pattern is found on.
    assert!(odd.iter().any(|line| line.0.ends_with("line.js")), "{odd:?}");
    // Names that are not text are indexed like any other, or left out with a reason.
    let skipped = world.ok(&tree.root, &["status", "--skipped", "--json"]).stdout;
    for word in ["odd_folder", "odd_name", "odd_line_break"] {
        let place = match word {
            "odd_folder" => "fold",
            "odd_name" => "na\\\\x",
            _ => "break",
        };
        assert!(
            odd.iter().any(|line| line.2.contains(word)) || skipped.contains(place),
            "{word} is neither found nor listed: {odd:?}\n{skipped}"
        );
    }
    for listed in ["big.rs", "zeros.rs"] {
        assert!(skipped.contains(listed), "{listed}: {skipped}");
    }
    // Nothing of what a name holds reaches a terminal as it is.
    let shown = world.ok(&tree.root, &["search", "odd_line_break"]);
    assert!(!shown.stdout.contains('\x1b'), "{:?}", shown.stdout);
    world.ok(&tree.root, &["status", "--skipped"]);

    // It all works with the watcher as well.
    let pid = world.pid();
    fs::remove_file(tree.root.join("odd/pipe.rs")).unwrap();
    tree.put("core/part0.rs", "pub fn changed_among_oddities() {}\n");
    world.ok(
        &tree.root,
        &["search", "changed_among_oddities", "--wait-fresh=60s", "--json"],
    );
    let found: Vec<_> = exhaustive(&world, &tree.root)
        .into_iter()
        .filter(|line| !line.0.starts_with("odd/"))
        .collect();
    assert_lines(&tree.lines(), &found);
    assert_eq!(world.pid(), pid);
    fs::set_permissions(tree.root.join("odd/closed"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_file_that_grows_all_the_time_holds_up_nobody() {
    let world = World::new();
    let mut tree = Tree::new(world.path("tree"), 30);
    tree.put("growing.py", "# it begins\n");
    let is_over = AtomicBool::new(false);
    let mut whole = tree.files["growing.py"].clone();
    std::thread::scope(|scope| {
        let (root, text, over) = (&tree.root, &mut whole, &is_over);
        scope.spawn(move || {
            let mut file = fs::File::options()
                .append(true)
                .open(root.join("growing.py"))
                .unwrap();
            let mut number = 0;
            while !over.load(Ordering::Relaxed) && number < 5_000 {
                let line = format!("grown_{number} = {number}\n");
                file.write_all(line.as_bytes()).unwrap();
                text.push_str(&line);
                number += 1;
                let_pass(Duration::from_millis(3));
            }
        });
        let guard = Over(&is_over);
        world.ok(&tree.root, &["repos", "add", "--yes"]);
        for round in 0..10 {
            let text = format!("pub fn beside_{round}() {{}}\n");
            fs::write(tree.root.join("core/part0.rs"), &text).unwrap();
            let word = format!("beside_{round}");
            let found = world.ok(
                &tree.root,
                &[
                    "search",
                    "--literal",
                    &word,
                    "--wait-fresh=60s",
                    "--json",
                    "--timeout",
                    "90s",
                ],
            );
            assert_eq!(found.paths(), ["core/part0.rs"]);
        }
        drop(guard);
    });
    tree.files.insert("growing.py".to_owned(), whole);
    tree.files
        .insert("core/part0.rs".to_owned(), "pub fn beside_9() {}\n".to_owned());
    tree.assert_fresh(&world);
}

/// Ends the writer even when the test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
