//! What a run may use, as it is said on the command line.

use std::time::Duration;

use aiex_protocol::research::Budget;
use clap::Args;

use crate::quantity::{parse_count, parse_dollars, parse_span};

/// Limits of a run, which are never passed.
#[derive(Debug, Args)]
pub(super) struct LimitFlags {
    /// The limits of time, money and tokens in one: `5m,$0.20,100k`
    #[arg(long, value_name = "LIMITS", value_delimiter = ',', value_parser = parse_limit, help_heading = "Limits")]
    budget: Vec<Limit>,

    /// At most this long at work (`90s`, `5m`, `1h`)
    #[arg(long, value_name = "TIME", value_parser = parse_whole_seconds, help_heading = "Limits")]
    max_time: Option<u64>,

    /// At most so many tokens, read and written (`100k`)
    #[arg(long, value_name = "N", value_parser = parse_count, help_heading = "Limits")]
    max_tokens: Option<u64>,

    /// At most so many US dollars (`0.50`)
    #[arg(long, value_name = "USD", value_parser = parse_dollars, help_heading = "Limits")]
    max_cost: Option<u64>,

    /// At most so many pages fetched
    #[arg(long, value_name = "N", help_heading = "Limits")]
    max_fetches: Option<u32>,

    /// At most so many searches
    #[arg(long, value_name = "N", help_heading = "Limits")]
    max_searches: Option<u32>,
}

/// One of the limits that `--budget` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    Seconds(u64),
    MicroDollars(u64),
    Tokens(u64),
}

impl LimitFlags {
    /// What they come to; a flag of its own counts before `--budget`.
    pub(super) fn budget(&self) -> Budget {
        let mut budget = Budget::default();
        for limit in &self.budget {
            match *limit {
                Limit::Seconds(seconds) => budget.wall_seconds = Some(seconds),
                Limit::MicroDollars(micro) => budget.micro_dollars = Some(micro),
                Limit::Tokens(tokens) => budget.tokens = Some(tokens),
            }
        }
        Budget {
            wall_seconds: self.max_time.or(budget.wall_seconds),
            tokens: self.max_tokens.or(budget.tokens),
            micro_dollars: self.max_cost.or(budget.micro_dollars),
            fetches: self.max_fetches,
            searches: self.max_searches,
        }
    }
}

/// Reads `5m`, `$0.20` or `100k`: what it limits is told by its unit.
fn parse_limit(text: &str) -> Result<Limit, String> {
    let text = text.trim();
    if text.starts_with('$') {
        parse_dollars(text).map(Limit::MicroDollars)
    } else if text.starts_with(|c: char| c.is_ascii_digit()) && text.ends_with(['s', 'm', 'h', 'd']) {
        parse_whole_seconds(text).map(Limit::Seconds)
    } else {
        let tokens = parse_count(text).map(Limit::Tokens);
        tokens.map_err(|_| {
            "write a time (`5m`), money (`$0.20`) or tokens (`100k`), with commas between them".to_owned()
        })
    }
}

fn parse_whole_seconds(text: &str) -> Result<u64, String> {
    let time = parse_span(text)?;
    if time < Duration::from_secs(1) {
        return Err("less than a second is no time for research".to_owned());
    }
    Ok(time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_by_its_unit() {
        assert_eq!(parse_limit("5m"), Ok(Limit::Seconds(300)));
        assert_eq!(parse_limit(" $0.20"), Ok(Limit::MicroDollars(200_000)));
        assert_eq!(parse_limit("100k"), Ok(Limit::Tokens(100_000)));
        assert_eq!(parse_limit("2500"), Ok(Limit::Tokens(2_500)));
        for wrong in ["", "much", "$", "m"] {
            assert!(parse_limit(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_flag_of_its_own_counts_before_the_budget() {
        let flags = LimitFlags {
            budget: vec![Limit::Seconds(300), Limit::Tokens(9_000)],
            max_time: Some(60),
            max_tokens: None,
            max_cost: None,
            max_fetches: Some(3),
            max_searches: None,
        };
        let budget = flags.budget();
        assert_eq!((budget.wall_seconds, budget.tokens), (Some(60), Some(9_000)));
        assert_eq!((budget.micro_dollars, budget.fetches), (None, Some(3)));
    }
}
