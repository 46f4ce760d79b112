//! What the quote says under a condition, as a maybe or within a bound, said without it. A model may clear these: what is left
//! out is often harmless. Code vouches for none.

use fastrand::Rng;

use super::{Case, PACKAGES, THINGS, pick, told};

/// A passage, a sentence that has what it depends on, and one that has not.
fn case(random: &mut Rng, family: &'static str, [passage, truth, planted]: [String; 3]) -> Case {
    // Something else stands around it that the sentence does not take.
    let passage = match random.u32(..4) {
        0 => format!("It is small. {passage} Nothing else is done."),
        1 => format!("{passage} If nobody waits, it sleeps."),
        2 => format!("It is empty when the server starts. {passage}"),
        _ => passage,
    };
    let (run, quote) = told(random, &passage);
    Case {
        family,
        run,
        quote,
        truth,
        planted,
    }
}

pub fn dropped_condition(random: &mut Rng) -> Case {
    const BEHIND: &[&str] = &[
        "when the checksum does not match",
        "if the disk is full",
        "unless a caller waits",
        "until the server starts",
        "only if the disk is full",
        "only when a caller asks for it",
        "except on read-only disks",
        "as long as a caller waits",
        "provided that a caller waits",
        "whenever the disk is full",
        "once the disk is full",
        "while a caller waits",
        "in case the disk is full",
        "depending on the settings",
        "on Windows",
        "in debug builds",
        "with the `sync` feature",
        "for small files only",
        "since 1.4.0",
    ];
    let (thing, package) = (pick(random, THINGS), pick(random, PACKAGES));
    let condition = *pick(random, BEHIND);
    let main = format!("{package} drops the {thing}");
    let cut = format!("{main}.");
    let may_lead =
        !condition.starts_with("only") && !condition.ends_with("only") && !condition.starts_with("except");
    let texts = match random.u32(..4) {
        0 if may_lead => {
            let whole = format!("{}{}, {main}", condition[..1].to_uppercase(), &condition[1..]);
            [
                format!("{whole}, and tells its callers."),
                format!("{whole}."),
                cut,
            ]
        }
        1 => [
            format!("The {package} crate keeps a journal, and it drops the {thing} {condition}."),
            format!("It drops the {thing} {condition}."),
            format!("It drops the {thing}."),
        ],
        2 => [
            format!("{main} and its index {condition}; callers are told."),
            format!("{main} and its index {condition}."),
            cut,
        ],
        _ => [
            format!("{main} {condition}, and tells its callers."),
            format!("{main} {condition}."),
            cut,
        ],
    };
    case(random, "dropped condition", texts)
}

pub fn dropped_modality(random: &mut Rng) -> Case {
    const VERBS: &[(&str, &str)] = &[
        ("may drop", "drops"),
        ("can drop", "drops"),
        ("might drop", "drops"),
        ("could drop", "drops"),
        ("should drop", "drops"),
        ("would drop", "drops"),
        ("usually drops", "drops"),
        ("often drops", "drops"),
        ("sometimes drops", "drops"),
        ("typically drops", "drops"),
        ("rarely drops", "drops"),
        ("by default drops", "drops"),
        ("optionally drops", "drops"),
        ("in most cases drops", "drops"),
    ];
    let (thing, package) = (pick(random, THINGS), pick(random, PACKAGES));
    let (verb, bare) = *pick(random, VERBS);
    let says = |verb: &str| format!("{package} {verb} the oldest entries of the {thing}.");
    let texts = match random.u32(..3) {
        0 => [
            format!("{package} {verb} the oldest entries of the {thing}, and tells its callers."),
            says(verb),
            says(bare),
        ],
        1 => [
            format!("The {package} crate keeps a journal, but it {verb} the oldest entries of the {thing}."),
            format!("It {verb} the oldest entries of the {thing}."),
            format!("It {bare} the oldest entries of the {thing}."),
        ],
        _ => [
            says(verb),
            says(verb).replace("of the", "of this"),
            format!("{package} {bare} the oldest entries."),
        ],
    };
    case(random, "dropped modality", texts)
}

pub fn dropped_bound(random: &mut Rng) -> Case {
    const BOUNDS: &[&str] = &[
        "at most",
        "at least",
        "up to",
        "no more than",
        "no less than",
        "more than",
        "fewer than",
        "over",
        "under",
        "about",
        "roughly",
        "nearly",
        "a maximum of",
        "a minimum of",
    ];
    let (thing, package) = (pick(random, THINGS), pick(random, PACKAGES));
    let value = random.u32(13..900);
    let bound = *pick(random, BOUNDS);
    let says =
        |bound: &str| format!("The {thing} of {package} holds {bound} {value} entries.").replace("  ", " ");
    let texts = match random.u32(..3) {
        0 => [
            format!("The {thing} of {package} holds {bound} {value} entries, and the others wait."),
            says(bound),
            says(""),
        ],
        1 => [
            format!("The {thing} of {package} holds {bound} {value} entries of 4 KiB."),
            format!("A {thing} of {package} holds {bound} {value} entries of 4 KiB."),
            says(""),
        ],
        _ => [says(bound), says(bound).replacen("The", "A", 1), says("")],
    };
    case(random, "dropped bound", texts)
}
