//! What is exact is another: a number, its unit, a version, a date, a name, a place.

use fastrand::Rng;

use super::{Case, FEATURES, PACKAGES, THINGS, UNITS, around, other_number, pick};
use crate::standing::Run;

pub fn number(random: &mut Rng) -> Case {
    let thing = pick(random, THINGS);
    let value = random.u32(2..900);
    let (unit, _) = pick(random, UNITS);
    let wrong = other_number(random, value);
    // Half of the time the wrong number stands right beside the quote.
    let beside = if random.bool() {
        format!("The old {thing} had {wrong} {unit}.")
    } else {
        String::new()
    };
    let passage =
        format!("By default the {thing} is limited to {value} {unit}, which can be changed in the settings.");
    let (run, quote) = around(random, &passage, &beside);
    let says = |value: u32| match value % 3 {
        0 => format!("The {thing} has a default limit of {value} {unit}."),
        1 => format!("Unless the settings change it, {value} {unit} is the limit of the {thing}."),
        _ => format!("By default, a {thing} is limited to {value} {unit}."),
    };
    let truth = says(value);
    let planted = truth.replace(&format!(" {value} "), &format!(" {wrong} "));
    Case {
        family: "number",
        run,
        quote,
        truth,
        planted,
    }
}

pub fn thousands(random: &mut Rng) -> Case {
    let thing = pick(random, THINGS);
    let (high, low) = (random.u32(1..99), random.u32(0..1000));
    let passage = format!("The {thing} keeps {high},{low:03} entries before the oldest are dropped.");
    let (run, quote) = around(random, &passage, "");
    let truth = format!(
        "A {thing} keeps {} entries and then drops the oldest.",
        high * 1000 + low
    );
    let planted = format!(
        "A {thing} keeps {} entries and then drops the oldest.",
        high * 100 + low / 10 + 1
    );
    Case {
        family: "thousands",
        run,
        quote,
        truth,
        planted,
    }
}

pub fn unit(random: &mut Rng) -> Case {
    let thing = pick(random, THINGS);
    let value = random.u32(2..500);
    let (right, wrong) = UNITS[random.usize(..4)];
    let passage = format!("Each {thing} takes {value} {right} at most when the load is high.");
    let (run, quote) = around(random, &passage, "");
    let says = |unit: &str| format!("Under high load a {thing} takes at most {value} {unit}.");
    Case {
        family: "unit",
        run,
        quote,
        truth: says(right),
        planted: says(wrong),
    }
}

pub fn version(random: &mut Rng) -> Case {
    let (package, feature) = (pick(random, PACKAGES), pick(random, FEATURES));
    let (major, minor, patch) = (random.u32(0..4), random.u32(1..60), random.u32(0..9));
    let passage = format!(
        "Support for {feature} was added to {package} in {major}.{minor}.{patch} and has been stable since."
    );
    let (run, quote) = around(
        random,
        &passage,
        &format!("The newest release is {major}.{}.0.", minor + 1),
    );
    let says = |minor: u32, patch: u32| match minor % 2 {
        _ if patch == 99 => format!("{package} added support for {feature} in version {major}.{minor}."),
        0 => format!("Since {major}.{minor}.{patch}, {package} has stable support for {feature}."),
        _ => format!("{package} added stable support for {feature} in v{major}.{minor}.{patch}."),
    };
    let patch_said = if random.bool() { patch } else { 99 };
    let planted = match (random.bool(), patch_said) {
        (true, 99) | (false, _) => says(minor + 1 + random.u32(0..2) * 9, patch_said),
        (true, _) => says(minor, patch + 1),
    };
    Case {
        family: "version",
        run,
        quote,
        truth: says(minor, patch_said),
        planted,
    }
}

pub fn date(random: &mut Rng) -> Case {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let package = pick(random, PACKAGES);
    let (year, month, day) = (random.u32(2015..2026), random.usize(..12), random.u32(1..28));
    let passage = format!(
        "{package} was released on {day} {} {year} after a long beta phase.",
        MONTHS[month]
    );
    let (run, quote) = around(random, &passage, "");
    let says = |year: u32, month: usize, day: u32| match day % 3 {
        0 => format!(
            "The release of {package} came on {year}-{:02}-{day:02}.",
            month + 1
        ),
        1 => format!("{package} was released on {} {day}, {year}.", MONTHS[month]),
        _ => format!(
            "{package} was released in {} {year}, after its beta phase.",
            MONTHS[month]
        ),
    };
    let planted = match random.u32(..3) {
        0 => says(year + 1, month, day),
        1 => says(year, (month + 1) % 12, day),
        _ if day % 3 == 2 => says(year - 1, month, day),
        _ => says(year, month, day).replace(
            &day.to_string(),
            &format!("{}", if day == 27 { 13 } else { day + 1 }),
        ),
    };
    Case {
        family: "date",
        run,
        quote,
        truth: says(year, month, day),
        planted,
    }
}

pub fn quotation(random: &mut Rng) -> Case {
    let thing = pick(random, THINGS);
    let passage = format!(
        "Note that the {thing} is shared between all clients and must be closed by the last of them."
    );
    let (run, quote) = around(random, &passage, "");
    let words: Vec<&str> = passage.trim_end_matches('.').split(' ').collect();
    let from = random.usize(2..words.len() - 6);
    let span = words[from..from + 5].join(" ");
    let mut wrong: Vec<&str> = words[from..from + 5].to_vec();
    let at = random.usize(1..5);
    wrong[at] = if wrong[at] == "never" { "always" } else { "never" };
    let says = |span: &str| format!("On the {thing} the page says “{span}”.");
    Case {
        family: "quotation",
        run,
        quote,
        truth: says(&span),
        planted: says(&wrong.join(" ")),
    }
}

pub fn lines(random: &mut Rng) -> Case {
    let first = random.u32(1..400);
    let mut run = Run::default();
    let text = "/// The limit.\npub const LIMIT: usize = 64;\n\npub fn limit() -> usize {\n    LIMIT\n}";
    let id = run.code("src/limits.rs", first, text);
    let quote = run.quote(id, "pub const LIMIT: usize = 64;");
    let (from, to) = (first + random.u32(0..3), first + random.u32(4..6));
    let says = |path: &str, from: u32, to: u32| match from % 3 {
        0 => format!("The constant `LIMIT` is 64 ({path}:{from}-{to})."),
        1 => format!("`LIMIT` is a public constant of 64, see `{path}:{from}-{to}@0123456`."),
        _ => format!("`LIMIT` is 64 in {path}#L{from}-L{to}."),
    };
    let planted = match random.u32(..3) {
        0 => says("src/limits.rs", from, to + 3 + random.u32(0..50)),
        1 => says("src/limit.rs", from, to),
        _ => says("src/limits.rs", from + 6, to + 6),
    };
    Case {
        family: "lines",
        run,
        quote,
        truth: says("src/limits.rs", from, to),
        planted,
    }
}

pub fn identifier(random: &mut Rng) -> Case {
    const NAMES: &[&str] = &[
        "max_open",
        "idle_timeout",
        "with_capacity",
        "ReadBuffer",
        "spawn_scoped",
        "Config::load",
    ];
    let thing = pick(random, THINGS);
    let at = random.usize(..NAMES.len());
    let (right, wrong) = (NAMES[at], NAMES[(at + 1) % NAMES.len()]);
    let passage = format!("Set `{right}` to change how the {thing} behaves when it is full.");
    let (run, quote) = around(random, &passage, &format!("See also `{wrong}`."));
    let says = |name: &str| format!("How a full {thing} behaves is changed with `{name}`.");
    Case {
        family: "identifier",
        run,
        quote,
        truth: says(right),
        planted: says(wrong),
    }
}

/// The quote has the number with another unit, and without one besides.
pub fn other_unit(random: &mut Rng) -> Case {
    let thing = pick(random, THINGS);
    let value = random.u32(13..500);
    let (right, wrong) = UNITS[random.usize(..4)];
    let passage =
        format!("The {thing} waits {value} {right} before it tries again; code {value} means that it waits.");
    let (run, quote) = around(random, &passage, "");
    let says = |unit: &str| format!("Before it tries again, the {thing} waits {value} {unit}.");
    Case {
        family: "other unit",
        run,
        quote,
        truth: says(right),
        planted: says(wrong),
    }
}

/// Numbers as words, of quotes that have them as words or as digits.
pub fn spelled(random: &mut Rng) -> Case {
    const WORDS: &[(&str, u32)] = &[
        ("three", 3),
        ("seven", 7),
        ("twelve", 12),
        ("twenty", 20),
        ("twenty-five", 25),
        ("three hundred", 300),
        ("two thousand five hundred", 2500),
    ];
    let thing = pick(random, THINGS);
    let at = random.usize(..WORDS.len());
    let ((right, value), (wrong, _)) = (WORDS[at], WORDS[(at + 1) % WORDS.len()]);
    let written = if random.bool() {
        right.to_owned()
    } else {
        value.to_string()
    };
    let unit = if random.bool() { "milliseconds" } else { "attempts" };
    let passage = format!("The {thing} gives up after {written} {unit} and tells its callers.");
    let (run, quote) = around(random, &passage, "");
    let says = |word: &str| format!("After {word} {unit} the {thing} gives up.");
    Case {
        family: "spelled",
        run,
        quote,
        truth: says(right),
        planted: says(wrong),
    }
}

/// A line of the span that is cited, but not the one where the name stands.
pub fn wrong_line(random: &mut Rng) -> Case {
    let first = random.u32(1..400);
    let mut run = Run::default();
    let text = "use std::time::Duration;\n\nconst RETRY_MS: u64 = 250;\n\n/// The pause.\nfn pause() -> Duration {\n    \
                Duration::ZERO\n}";
    let id = run.code("src/retry.rs", first, text);
    let quote = run.quote(id, text);
    let (name, right) = if random.bool() {
        ("RETRY_MS", 2)
    } else {
        ("pause()", 5)
    };
    let wrong = match random.u32(..3) {
        0 => 0,
        1 => 6,
        _ => 3,
    };
    let says = |line: u32| match first % 3 {
        0 => format!("`{name}` is at `retry.rs:{}`.", first + line),
        1 => format!("`{name}` is defined in src/retry.rs:{}.", first + line),
        _ => format!("The retry pause `{name}` stands at retry.rs#L{}.", first + line),
    };
    Case {
        family: "wrong line",
        run,
        quote,
        truth: says(right),
        planted: says(wrong),
    }
}

/// Two names and one place, where one of them stands.
pub fn several_names(random: &mut Rng) -> Case {
    let first = random.u32(1..400);
    let mut run = Run::default();
    let text = "use std::time::Duration;\n\nconst RETRY_MS: u64 = 250;\nconst LIMIT: usize = 64;\n\nfn pause() -> Duration {\n    \
                Duration::ZERO\n}\n\nfn limit() -> usize {\n    LIMIT\n}";
    let id = run.code("src/retry.rs", first, text);
    let quote = run.quote(id, text);
    let (names, right, wrong) = match random.u32(..3) {
        0 => ("`RETRY_MS` and `LIMIT`", (2, 3), (2, 2)),
        1 => ("`pause()`, `LIMIT`", (3, 5), (4, 6)),
        _ => ("`LIMIT` and `limit()`", (3, 9), (9, 9)),
    };
    let says = |(from, to): (u32, u32)| match first % 3 {
        0 => format!("{names} are at `retry.rs:{}-{}`.", first + from, first + to),
        1 => format!(
            "{names} are defined in src/retry.rs:{}-{}.",
            first + from,
            first + to
        ),
        _ => format!("src/retry.rs#L{}-L{} has {names}.", first + from, first + to),
    };
    Case {
        family: "several names",
        run,
        quote,
        truth: says(right),
        planted: says(wrong),
    }
}

/// A path made of the parts of two that the quote has.
pub fn mixed_path(random: &mut Rng) -> Case {
    const TYPES: &[&str] = &["Queue", "Pool", "Parser", "Journal", "Segment"];
    const CALLS: &[&str] = &["open", "flush", "resize", "reset", "drain"];
    let (at, other) = (random.usize(..5), random.usize(1..5));
    let (of, others) = (TYPES[at], TYPES[(at + other) % 5]);
    let (call, called) = (CALLS[random.usize(..3)], CALLS[random.usize(3..5)]);
    let passage = format!("`{of}::{called}` comes before `{others}::{call}` when the disk is full.");
    let (run, quote) = around(random, &passage, "");
    let says = |of: &str, call: &str| format!("When the disk is full, `{of}::{call}` comes.");
    Case {
        family: "mixed path",
        run,
        quote,
        truth: says(others, call),
        planted: says(of, call),
    }
}
