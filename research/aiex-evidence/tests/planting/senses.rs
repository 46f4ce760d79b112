//! The same facts in another sense: numbers that changed places, denials, small words that turn it.

use fastrand::Rng;

use super::{Case, PACKAGES, THINGS, around, pick, told};

pub fn swap(random: &mut Rng) -> Case {
    let (thing, other) = loop {
        let (a, b) = (pick(random, THINGS), pick(random, THINGS));
        if a != b {
            break (a, b);
        }
    };
    let (mine, theirs) = (random.u32(2..90), random.u32(100..900));
    let passage =
        format!("The {thing} is limited to {mine} entries. The {other} is limited to {theirs} entries.");
    let (run, quote) = around(random, &passage, "");
    let says = |value: u32| format!("The {thing} is limited to {value} entries.");
    Case {
        family: "swap",
        run,
        quote,
        truth: says(mine),
        planted: says(theirs),
    }
}

pub fn negation(random: &mut Rng) -> Case {
    let (thing, package) = (pick(random, THINGS), pick(random, PACKAGES));
    let passage = format!("In {package} the {thing} is never shared between two clients at the same time.");
    let (run, quote) = around(random, &passage, "");
    let truth = format!("The {thing} of {package} is not shared between clients at the same time.");
    let planted = format!("The {thing} of {package} is shared between clients at the same time.");
    Case {
        family: "negation",
        run,
        quote,
        truth,
        planted,
    }
}

/// A true sentence in other words, and the same denied. Half of the time a comment says it and not a page.
pub fn denied(random: &mut Rng) -> Case {
    let (thing, package) = (pick(random, THINGS), pick(random, PACKAGES));
    let passage = format!("The {thing} of {package} drops an entry after a write, if the disk is full.");
    let (run, quote) = told(random, &passage);
    let (says, denies) = match random.u32(..5) {
        0 => (
            "drops an entry after a write",
            "does not drop an entry after a write",
        ),
        1 => ("drops an entry after a write", "drops no entry after a write"),
        2 => (
            "drops an entry after a write",
            "never drops an entry after a write",
        ),
        3 => (
            "drops an entry after a write, if the disk is full",
            "drops an entry after a write, if the disk is not full",
        ),
        _ => (
            "drops an entry after a write",
            "doesn’t drop an entry after a write",
        ),
    };
    Case {
        family: "denied",
        run,
        quote,
        truth: format!("The {thing} of {package} {says}."),
        planted: format!("The {thing} of {package} {denies}."),
    }
}

/// What is said of one case is said of that case alone.
pub fn only(random: &mut Rng) -> Case {
    let (thing, package) = (pick(random, THINGS), pick(random, PACKAGES));
    let passage = format!("When the {thing} is full, {package} drops the oldest entries after a write.");
    let (run, quote) = told(random, &passage);
    let (truth, planted) = match random.u32(..4) {
        0 => (
            "drops the oldest entries after a write".to_owned(),
            "drops the oldest entries only after a write".to_owned(),
        ),
        1 => (
            "drops the oldest entries after a write".to_owned(),
            "only drops the oldest entries after a write".to_owned(),
        ),
        2 => (
            "drops the oldest entries after a write".to_owned(),
            "drops the oldest entries solely after a write".to_owned(),
        ),
        _ => (
            format!("loses the oldest entries when the {thing} is full"),
            format!("loses the oldest entries only when the {thing} is full"),
        ),
    };
    Case {
        family: "only",
        run,
        quote,
        truth: format!("{package} {truth}."),
        planted: format!("{package} {planted}."),
    }
}

/// `from` and `to`, `up to` and `over`, `under` and `above` in each other's place.
pub fn preposition(random: &mut Rng) -> Case {
    let thing = pick(random, THINGS);
    let value = random.u32(13..900);
    let (passage, truth, planted) = match random.u32(..4) {
        0 => (
            format!("The {thing} retries every upload from the old host to the new host."),
            format!("The {thing} retries from the old host to the new host."),
            format!("The {thing} retries to the old host from the new host."),
        ),
        1 => (
            format!("The {thing} takes up to {value} pages and stays under the limit."),
            format!("The {thing} takes at most {value} pages."),
            format!("The {thing} takes over {value} pages."),
        ),
        2 => (
            format!("The {thing} takes {value} pages and stays under the limit."),
            format!("The {thing} stays under the limit."),
            format!("The {thing} stays above the limit."),
        ),
        _ => (
            format!("The {thing} is emptied before the server starts."),
            format!("Before the server starts, the {thing} is emptied."),
            format!("The {thing} is emptied after the server starts."),
        ),
    };
    let (run, quote) = told(random, &passage);
    Case {
        family: "preposition",
        run,
        quote,
        truth,
        planted,
    }
}
