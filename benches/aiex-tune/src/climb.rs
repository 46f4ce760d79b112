//! The search for constants, and what each is worth.

use aiex_index::search::RankSettings;

use crate::{Graded, Outcome, Report};

/// Coordinate ascent: each constant in turn is tried larger and smaller, and keeps what helps. `only` names those
/// that may change, all if it is empty.
///
/// # Errors
/// When a ranking fails.
pub fn climb(
    only: &[String],
    rounds: usize,
    graded: &[Graded],
    mut settings: RankSettings,
    takes: &dyn Fn(&Graded) -> bool,
) -> Outcome<RankSettings> {
    let mut best = Report::of(graded, &settings, takes)?.goal();
    for round in 0..rounds {
        let before = best;
        for (at, name) in RankSettings::NAMES.iter().enumerate() {
            // What the arms were asked with cannot be changed by ranking anew.
            let is_asked = [
                "candidates",
                "lexical_candidates",
                "name_term",
                "similar_other_language",
            ]
            .contains(name);
            if is_asked || !(only.is_empty() || only.iter().any(|chosen| chosen == name)) {
                continue;
            }
            let value = *settings.fields_mut()[at];
            let step = [1.5, 1.25, 1.1][round.min(2)];
            let mut tries = vec![value * step, value / step];
            if value == 0.0 {
                tries = vec![0.1];
            }
            for tried in tries {
                let mut other = settings.clone();
                *other.fields_mut()[at] = tried;
                let goal = Report::of(graded, &other, takes)?.goal();
                // Less than this is noise that would be learnt by heart.
                if goal > best + 1e-4 {
                    eprintln!("round {round}: {name} {value} -> {tried:.4}: {goal:.4}");
                    best = goal;
                    settings = other;
                }
            }
        }
        if best - before < 2e-4 {
            break;
        }
    }
    Ok(settings)
}

/// Tunes on four fifths of the repositories and measures on the rest, five times, and prints what came out.
///
/// # Errors
/// When a ranking fails.
pub fn folds(only: &[String], rounds: usize, graded: &[Graded], settings: &RankSettings) -> Outcome<()> {
    let (mut before, mut after) = (0.0, 0.0);
    for fold in 0..5 {
        let tuned = climb(only, rounds, graded, settings.clone(), &|one| one.fold != fold)?;
        let held_out = |one: &Graded| one.fold == fold;
        let (old, new) = (
            Report::of(graded, settings, &held_out)?,
            Report::of(graded, &tuned, &held_out)?,
        );
        println!("fold {fold}, held out: {:.4} -> {:.4}", old.goal(), new.goal());
        before += old.goal() / 5.0;
        after += new.goal() / 5.0;
    }
    println!("held out, mean: {before:.4} -> {after:.4}");
    Ok(())
}

/// Prints what each signal is worth: the loss when it is switched off.
///
/// # Errors
/// When a ranking fails.
pub fn worth(graded: &[Graded], settings: &RankSettings) -> Outcome<()> {
    let whole = Report::of(graded, settings, &|_| true)?;
    let suites: Vec<&String> = whole.suites.keys().filter(|suite| !suite.contains('/')).collect();
    println!(
        "| signal | worth | {} |",
        suites
            .iter()
            .map(|suite| suite.as_str())
            .collect::<Vec<_>>()
            .join(" | ")
    );
    println!("|---|---|{}", "---|".repeat(suites.len()));
    for (at, name) in RankSettings::NAMES.iter().enumerate() {
        let Some(value) = RankSettings::off(name) else {
            continue;
        };
        let mut without = settings.clone();
        *without.fields_mut()[at] = value;
        let report = Report::of(graded, &without, &|_| true)?;
        let by_suite: Vec<String> = suites
            .iter()
            .map(|suite| format!("{:+.4}", whole.mean(suite) - report.mean(suite)))
            .collect();
        println!(
            "| {name} | {:+.4} | {} |",
            whole.goal() - report.goal(),
            by_suite.join(" | ")
        );
    }
    Ok(())
}
