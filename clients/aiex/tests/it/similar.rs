//! `aiex search --similar`.

use std::path::PathBuf;

use crate::world::World;

const SETTINGS_RS: &str = "\
/// Reads the settings file and parses it.
pub fn load_settings(path: &str) -> Settings {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    Settings::parse(&text)
}
";

const OPTIONS_RS: &str = "\
/// Reads the options file and parses it.
pub fn load_options(path: &str) -> Options {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    Options::parse(&text)
}
";

const OPTIONS_PY: &str = "\
def load_options(path):
    \"\"\"Reads the options file and parses it.\"\"\"
    with open(path) as file:
        return parse(file.read())
";

const PAINT_RS: &str = "\
/// Paints a red circle onto the canvas.
pub fn paint_circle(canvas: &mut Canvas, radius: f64) {
    canvas.stroke(Color::Red, radius * 3.14);
}
";

fn tree(world: &World) -> PathBuf {
    world.repo(
        "alike",
        &[
            ("src/settings.rs", SETTINGS_RS),
            ("src/copy.rs", SETTINGS_RS),
            ("src/options.rs", OPTIONS_RS),
            ("src/paint.rs", PAINT_RS),
            ("py/options.py", OPTIONS_PY),
            ("logo.bin", "\0\0\0\0binary\0\0\0"),
        ],
    )
}

#[test]
fn the_nearest_code_comes_first_and_copies_are_left_out() {
    let world = World::new();
    let repo = tree(&world);
    let outcome = world.ok(
        &repo,
        &["search", "--similar", "src/settings.rs:3", "--complete", "--json"],
    );
    let paths = outcome.paths();
    assert_eq!(paths.first().map(String::as_str), Some("src/options.rs"));
    assert!(
        !paths
            .iter()
            .any(|path| path.ends_with("settings.rs") || path.ends_with("copy.rs")),
        "{paths:?}"
    );
    assert_eq!(outcome.rows()[0]["symbol"], "load_options");
    assert_eq!(outcome.rows()[0]["why"][0], "meaning");

    let python = world.ok(
        &repo,
        &[
            "search",
            "--similar",
            "src/settings.rs:3",
            "--json",
            "-l",
            "python",
        ],
    );
    assert_eq!(python.paths(), ["py/options.py"]);
    let one = world.ok(
        &repo.join("src"),
        &["search", "--similar", "settings.rs:1", "-n", "1"],
    );
    assert!(one.stdout.starts_with("src/options.rs:1-5"), "{}", one.stdout);
    let absolute = format!("{}:2", repo.join("src/settings.rs").display());
    let elsewhere = world.ok(
        &world.home(),
        &["search", "--similar", &absolute, "-n", "1", "--json", "--explain"],
    );
    assert_eq!(elsewhere.paths(), ["src/options.rs"]);
    assert_eq!(elsewhere.rows()[0]["explain"]["route"], "similar");
}

#[test]
fn places_that_cannot_be_asked_about_are_told() {
    let world = World::new();
    let repo = tree(&world);
    let told = |place: &str| {
        let outcome = world.run(&repo, &["search", "--similar", place, "--complete"]);
        assert_eq!(outcome.stdout, "");
        format!("{} {}", outcome.code.unwrap(), world.redact(&outcome.stderr))
    };
    insta::assert_snapshot!(told("src/settings.rs:99"), @r"
    2 error: `src/settings.rs` has 5 lines, and none is numbered 99
    hint: lines are those of the indexed text; `--wait-fresh` waits for recent changes
    ");
    insta::assert_snapshot!(told("src/nothing.rs:1"), @r"
    5 error: there is no `src/nothing.rs` in [DIR]/alike
    hint: name the path from this folder or from the repository's root
    ");
    insta::assert_snapshot!(told("logo.bin:1"), @r"
    5 error: `logo.bin` is not indexed; it was left out: binary (holds NUL bytes)
    hint: `aiex status --skipped` lists what is left out, and why
    ");
    insta::assert_snapshot!(told("src:1"), @r"
    5 error: `src` is a folder
    hint: name a file in it
    ");
    assert!(told("src/settings.rs").starts_with("2 error: invalid value"));
    let both = world.run(&repo, &["search", "words", "--similar", "src/settings.rs:1"]);
    assert_eq!(both.code, Some(2));
}

#[test]
fn without_an_embedder_there_is_nothing_to_compare() {
    let world = World::new();
    world.configure("[embedder]\nkind = \"none\"\n");
    let repo = tree(&world);
    let outcome = world.run(&repo, &["search", "--similar", "src/settings.rs:3", "--complete"]);
    assert_eq!(outcome.code, Some(5), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("no vectors"), "{}", outcome.stderr);
}
