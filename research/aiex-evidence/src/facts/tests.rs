//! What is read as a fact, and what bears it out.

use super::*;

fn shown(text: &str) -> Vec<String> {
    facts(text)
        .into_iter()
        .map(|fact| match fact.value {
            Value::Number(Number { value, unit, .. }) => match unit {
                Some(Unit::Known(dimension, _)) => format!("{value} {dimension:?}"),
                Some(Unit::Suffix(suffix)) => format!("{value}{suffix}"),
                None => format!("{value}"),
            },
            Value::Version(version) => format!("v{}{}", version.parts.join("."), version.suffix),
            Value::Date(Date { year, month, day }) => {
                format!("{year}/{}/{}", month.unwrap_or(0), day.unwrap_or(0))
            }
            Value::Quoted(words) => format!("“{words}”"),
            Value::Identifier { name, exact } => {
                if exact {
                    format!("`{name}`")
                } else {
                    name
                }
            }
            Value::Place { path, first, last } => format!("{path}:{first}-{last}"),
        })
        .collect()
}

#[test]
fn numbers_are_read_with_separators_units_and_multipliers() {
    assert_eq!(shown("1,000 and 1_000 and 1 000"), ["1000", "1000", "1000"]);
    assert_eq!(
        shown("64 KiB, 64KiB, 1.5 s"),
        ["65536 Bytes", "65536 Bytes", "1.5 Seconds"]
    );
    assert_eq!(
        shown("50% or 50 percent of $5"),
        ["50 Percent", "50 Percent", "5 Money('$')"]
    );
    assert_eq!(shown("10k and 2 million"), ["10000", "2000000"]);
    assert_eq!(shown("5-10 ms"), ["0.005 Seconds", "0.01 Seconds"]);
    assert_eq!(shown("three of 7B"), ["3", "7000000000"]);
    assert_eq!(shown("a 512-thread pool, -5"), ["512", "-5"]);
    assert_eq!(shown("see x86_64 and 0x1f"), ["x86_64", "0x1f"]);
}

#[test]
fn versions_and_dates_are_told_from_numbers() {
    assert_eq!(shown("tokio 1.38.0-rc.1."), ["v1.38.0-rc.1"]);
    assert_eq!(shown("v2 and >=1.2, version 1.10"), ["v2", "v1.2", "v1.10"]);
    assert_eq!(
        shown("on 2024-05-03, 3 May 2024, May 3rd, 2024 and May 2024"),
        ["2024/5/3", "2024/5/3", "2024/5/3", "2024/5/0"]
    );
    assert_eq!(shown("`1.38.0` and `src/a.rs:3-9`"), ["v1.38.0", "src/a.rs:3-9"]);
}

#[test]
fn quotes_names_and_places_are_read() {
    assert_eq!(shown("It “never blocks” \"x\" here."), ["“never blocks”"]);
    assert_eq!(
        shown("`spawn_blocking()` in JoinHandle and foo_bar"),
        ["`spawn_blocking()`", "JoinHandle", "foo_bar"]
    );
    assert_eq!(
        shown("src/lib.rs:10-12@1a2b3c4, and lib.rs#L7"),
        ["src/lib.rs:10-12", "lib.rs:7-7"]
    );
}

#[test]
fn a_source_bears_out_what_it_says_in_other_units_and_with_more_digits() {
    let value = |text: &str| facts(text).remove(0).value;
    let says = |said: &str, claim: &str| value(said).bears_out(&value(claim), false);
    assert!(says("1500 ms", "1.5 s") && says("1,000", "1000") && says("1.38.0", "v1.38"));
    assert!(says("2024-05-03", "May 2024") && says("3 May 2024", "2024"));
    assert!(!says("1.38", "1.38.0") && !says("64 KB", "64 MB") && !says("1.1", "1.10"));
    assert!(!says("May 2024", "3 May 2024") && !says("1.38.0-rc.1", "1.38.0"));
    assert!(value("3.47 ms").bears_out(&value("3.5 ms"), true));
    assert!(!value("3.4 ms").bears_out(&value("3.5 ms"), true));
}

#[test]
fn numbers_in_words_are_read_as_one_with_their_unit() {
    assert_eq!(shown("three hundred milliseconds"), ["0.3 Seconds"]);
    assert_eq!(shown("twenty-five or twelve threads"), ["25", "12"]);
    assert_eq!(
        shown("two thousand five hundred, a hundred and fifty"),
        ["2500", "150"]
    );
    assert_eq!(shown("two three"), ["2", "3"]);
    assert_eq!(shown("two and three, tried four times"), ["2", "3", "4"]);
}

#[test]
fn digits_of_other_widths_and_scripts_are_digits() {
    assert_eq!(shown("２５１ ms"), ["0.251 Seconds"]);
    assert_eq!(
        shown("in retry.rs:７, since v１.２.３"),
        ["retry.rs:7-7", "v1.2.3"]
    );
    assert_eq!(shown("٢٥ and 𝟐𝟓"), ["25", "25"]);
    let text = "a ２５１ b";
    let fact = facts(text).remove(0);
    assert_eq!(&text[fact.range], "２５１");
    assert_eq!(fact.text, "２５１");
}
