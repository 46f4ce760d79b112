//! `aiex refs`, `aiex outline` and `aiex symbols`.

use std::path::PathBuf;

use crate::world::World;

const QUEUE_RS: &str = "\
/// Holds work.
pub struct TaskQueue {
    items: Vec<String>,
}

pub fn drain_queue(queue: &mut TaskQueue) -> usize {
    let next_task = queue.next_task();
    next_task.len() + queue.next_task().len()
}

impl TaskQueue {
    /// Takes one out.
    pub fn next_task(&mut self) -> String {
        // next_task is not next_tasks
        self.items.remove(0)
    }
}
";

const QUEUE_PY: &str = "\
class TaskQueue:
    def next_task(self):
        return self.items.pop()

    def size(self):
        return len(self.items)
";

const QUEUE_TS: &str = "\
export interface TaskQueue {
  size: number;
}

export function loadTaskQueue(url: string): TaskQueue {
  return next_task(url);
}
";

const QUEUE_GO: &str = "\
package queue

func LoadQueue() int {
\treturn NEXT_TASK
}
";

fn tree(world: &World) -> PathBuf {
    world.repo(
        "queues",
        &[
            ("src/queue.rs", QUEUE_RS),
            ("py/queue.py", QUEUE_PY),
            ("web/queue.ts", QUEUE_TS),
            ("go/queue.go", QUEUE_GO),
            ("logo.bin", "\0\0\0\0binary\0\0\0"),
        ],
    )
}

#[test]
fn refs_find_every_whole_word_in_every_language() {
    let world = World::new();
    let repo = tree(&world);
    let outcome = world.ok(&repo, &["refs", "next_task", "--complete"]);
    insta::assert_snapshot!(outcome.stdout, @r"
    py/queue.py:2  TaskQueue > next_task  method defined here
          def next_task(self):
    src/queue.rs:13  TaskQueue > next_task  method defined here
          pub fn next_task(&mut self) -> String {

    src/queue.rs
         7 let next_task = queue.next_task();  in drain_queue
         8 next_task.len() + queue.next_task().len()  in drain_queue
        14 // next_task is not next_tasks  in TaskQueue > next_task

    web/queue.ts
         6 return next_task(url);  in loadTaskQueue
    ");
    insta::assert_snapshot!(outcome.stderr, @"2 definitions, 6 uses, all of them shown");
}

#[test]
fn refs_are_rows_for_programs() {
    let world = World::new();
    let repo = tree(&world);
    let rows = world
        .ok(&repo, &["refs", "next_task", "--complete", "--json"])
        .rows();
    let places: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["is_definition"].as_bool().unwrap(),
                row["path"].as_str().unwrap(),
                row["line"].as_u64().unwrap(),
                row["columns"].as_array().unwrap().len(),
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            (true, "py/queue.py", 2, 1),
            (true, "src/queue.rs", 13, 1),
            (false, "src/queue.rs", 7, 2),
            (false, "src/queue.rs", 8, 2),
            (false, "src/queue.rs", 14, 1),
            (false, "web/queue.ts", 6, 1),
        ]
    );
    assert_eq!(rows[1]["symbol"], "TaskQueue > next_task");
    assert_eq!(rows[1]["kind"], "method");
    assert_eq!(rows[2]["symbol"], "drain_queue");
    assert_eq!(rows[2]["text"], "    let next_task = queue.next_task();");
    assert_eq!(rows[5]["symbol"], "loadTaskQueue");
}

#[test]
fn refs_narrow_and_say_when_they_are_not_whole() {
    let world = World::new();
    let repo = tree(&world);
    let only = world.ok(&repo, &["refs", "next_task", "--complete", "--json", "-l", "py"]);
    assert_eq!(only.paths(), ["py/queue.py"]);
    let below = world.ok(&repo, &["refs", "next_task", "--json", "-p", "web/**"]);
    assert_eq!(below.paths(), ["web/queue.ts"]);
    let few = world.ok(&repo, &["refs", "next_task", "-n", "1"]);
    assert_eq!(
        few.stderr,
        "2 definitions, 6 uses, not all of them shown; --limit raises how many are\n"
    );
    let none = world.run(&repo, &["refs", "nowhere_to_be_seen"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(1), ""));
    let wrong = world.run(&repo, &["refs", "two words"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("not one name"), "{}", wrong.stderr);
}

#[test]
fn a_file_is_outlined_as_a_tree() {
    let world = World::new();
    let repo = tree(&world);
    let outcome = world.ok(&repo, &["outline", "src/queue.rs", "--complete"]);
    insta::assert_snapshot!(outcome.stdout, @r"
    src/queue.rs
      struct TaskQueue  1-4
        field items  3
      function drain_queue  6-9
      TaskQueue
        method next_task  12-16
    ");
    // From the folder that we stand in, from the root, and from the root of the file system.
    let absolute = repo.join("src/queue.rs");
    for (folder, path) in [
        (repo.join("src"), "queue.rs"),
        (repo.join("src"), "src/queue.rs"),
        (repo.join("src"), "../src/./queue.rs"),
        (world.home(), absolute.to_str().unwrap()),
    ] {
        assert_eq!(
            world.ok(&folder, &["outline", path]).stdout,
            outcome.stdout,
            "{path}"
        );
    }
}

#[test]
fn folders_are_outlined_by_their_outermost_definitions() {
    let world = World::new();
    let repo = tree(&world);
    let outcome = world.ok(&repo, &["outline", "src", "py", "--complete"]);
    insta::assert_snapshot!(outcome.stdout, @r"
    src/queue.rs
      struct TaskQueue  1-4
      function drain_queue  6-9

    py/queue.py
      class TaskQueue  1-6
    ");
    let rows = world.ok(&repo, &["outline", ".", "--json"]).rows();
    assert!(rows.iter().all(|row| row["container"].is_null()));
    let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names.first(), Some(&"LoadQueue"), "{names:?}");
    let first = &world.ok(&repo, &["outline", "py/queue.py", "--json"]).rows()[1];
    assert_eq!(
        first.to_string(),
        r#"{"path":"py/queue.py","name":"next_task","container":"TaskQueue","kind":"method","language":"python","line":2,"start_line":2,"end_line":3}"#
    );
    let few = world.ok(&repo, &["outline", ".", "-n", "2"]);
    assert!(few.stderr.contains("not every definition"), "{}", few.stderr);
}

#[test]
fn a_file_that_is_not_indexed_is_told_with_the_reason() {
    let world = World::new();
    let repo = tree(&world);
    let missing = world.run(&repo, &["outline", "src/nothing.rs", "--complete"]);
    assert_eq!(missing.code, Some(5));
    insta::assert_snapshot!(world.redact(&missing.stderr), @r"
    error: there is no `src/nothing.rs` in [DIR]/queues
    hint: name the path from this folder or from the repository's root
    ");
    let skipped = world.run(&repo, &["outline", "logo.bin"]);
    assert_eq!(skipped.code, Some(5));
    insta::assert_snapshot!(skipped.stderr, @r"
    error: `logo.bin` is not indexed; it was left out: binary (holds NUL bytes)
    hint: `aiex status --skipped` lists what is left out, and why
    ");
    let outside = world.run(&repo, &["outline", "../elsewhere.rs"]);
    assert_eq!(outside.code, Some(5));
    assert!(
        outside.stderr.contains("is not in the repository"),
        "{}",
        outside.stderr
    );
}

#[test]
fn symbols_are_found_by_name_best_first() {
    let world = World::new();
    let repo = tree(&world);
    let found = |args: &[&str]| -> Vec<String> {
        let mut all = vec!["symbols", "--complete", "--json"];
        all.extend(args);
        let rows = world.run(&repo, &all).rows();
        rows.iter()
            .map(|row| {
                let text = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
                format!("{} {} {}", text("path"), text("name"), text("fit"))
            })
            .collect()
    };
    assert_eq!(
        found(&["TaskQueue"]),
        [
            "py/queue.py TaskQueue exact",
            "src/queue.rs TaskQueue exact",
            "web/queue.ts TaskQueue exact",
            "web/queue.ts loadTaskQueue words",
        ]
    );
    assert_eq!(
        found(&["load"]),
        [
            "go/queue.go LoadQueue prefix",
            "web/queue.ts loadTaskQueue prefix"
        ]
    );
    assert_eq!(found(&["loadqueue"]), ["go/queue.go LoadQueue case"]);
    assert_eq!(found(&["queue", "drain"]), ["src/queue.rs drain_queue words"]);
    assert_eq!(found(&["drian_queue"]), ["src/queue.rs drain_queue typo"]);
    assert_eq!(
        found(&["TaskQueue::next_task", "-l", "rust"]),
        ["src/queue.rs next_task exact"]
    );
    assert_eq!(
        found(&["TaskQueue", "--kind", "struct"]),
        ["src/queue.rs TaskQueue exact"]
    );
    assert_eq!(
        found(&["TaskQueue", "-p", "py", "-n", "1"]),
        ["py/queue.py TaskQueue exact"]
    );
    assert_eq!(found(&["no_such_name_at_all"]), [""; 0]);
}

#[test]
fn all_symbols_are_listed_by_path() {
    let world = World::new();
    let repo = tree(&world);
    let outcome = world.ok(&repo, &["symbols", "--complete"]);
    insta::assert_snapshot!(outcome.stdout, @r"
    go/queue.go:3  LoadQueue  function
    py/queue.py:1  TaskQueue  class
    py/queue.py:2  TaskQueue > next_task  method
    py/queue.py:5  TaskQueue > size  method
    src/queue.rs:2  TaskQueue  struct
    src/queue.rs:3  TaskQueue > items  field
    src/queue.rs:6  drain_queue  function
    src/queue.rs:13  TaskQueue > next_task  method
    web/queue.ts:1  TaskQueue  interface
    web/queue.ts:2  TaskQueue > size  field
    web/queue.ts:5  loadTaskQueue  function
    ");
    let few = world.ok(&repo, &["symbols", "-n", "2"]);
    assert_eq!(few.stdout.lines().count(), 2);
    assert!(few.stderr.contains("2 of "), "{}", few.stderr);
    let none = world.run(&repo, &["symbols", "no_such_name_at_all"]);
    assert_eq!((none.code, none.stderr.as_str()), (Some(1), "nothing found\n"));
}
