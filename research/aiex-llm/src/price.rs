//! What answers cost. A price that nobody named is unknown, and unknown is never taken for nothing.
//!
//! Prices change and this table does not know when: it says its date, and the user's own entries go before it.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use serde::Deserialize;

use crate::{Provider, Usage};

/// The table that is built in.
const BUILT_IN: &str = include_str!("prices.toml");

/// What a number of tokens costs, in micro-dollars (millionths of a US dollar).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// So much; a local model costs `Known(0)`.
    Known(u64),
    /// At least so much: for a part of it no price is known.
    AtLeast(u64),
}

impl Cost {
    /// Nothing.
    pub const FREE: Self = Self::Known(0);
    /// No price is known for any of it.
    pub const UNKNOWN: Self = Self::AtLeast(0);

    /// The part that is known, in micro-dollars.
    pub fn known_part(self) -> u64 {
        match self {
            Self::Known(micro) | Self::AtLeast(micro) => micro,
        }
    }

    /// Whether that is all of it.
    pub fn is_known(self) -> bool {
        matches!(self, Self::Known(_))
    }
}

impl Default for Cost {
    fn default() -> Self {
        Self::FREE
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let sum = self.known_part().saturating_add(other.known_part());
        if self.is_known() && other.is_known() {
            Self::Known(sum)
        } else {
            Self::AtLeast(sum)
        }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::FREE, Add::add)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(0) => f.write_str("unknown"),
            Self::Known(micro) | Self::AtLeast(micro) => {
                let least = if self.is_known() { "" } else { "at least " };
                write!(f, "{least}${}.{:04}", micro / 1_000_000, micro % 1_000_000 / 100)
            }
        }
    }
}

/// What a model's tokens cost, in US dollars a million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// The prompt's tokens.
    pub input: f64,
    /// The prompt's tokens that the provider had in its cache.
    pub cached_input: f64,
    /// The answer's tokens, thoughts included.
    pub output: f64,
}

impl Rate {
    const FREE: Self = Self {
        input: 0.0,
        cached_input: 0.0,
        output: 0.0,
    };

    /// What `usage` costs, rounded up. A count that the provider left out makes the cost unknown, unless the
    /// tokens cost nothing.
    pub fn cost(&self, usage: &Usage) -> Cost {
        if *self == Self::FREE {
            return Cost::FREE;
        }
        let cached = usage.cached_tokens.unwrap_or(0);
        let fresh = usage.prompt_tokens.unwrap_or(0).saturating_sub(cached);
        let sum = micro(fresh, self.input)
            + micro(cached, self.cached_input)
            + micro(usage.answer_tokens.unwrap_or(0), self.output);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "prices and counts are not negative, and the conversion saturates"
        )]
        // A hair less, so that 3 × 0.1 does not become a whole micro-dollar more.
        let sum = (sum - 1e-6).ceil() as u64;
        if usage.prompt_tokens.is_some() && usage.answer_tokens.is_some() {
            Cost::Known(sum)
        } else {
            Cost::AtLeast(sum)
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "no prompt has 2^52 tokens")]
fn micro(tokens: u64, dollars_a_million: f64) -> f64 {
    tokens as f64 * dollars_a_million
}

/// A table of prices.
#[derive(Debug, Clone)]
pub struct Prices {
    /// The user's first.
    entries: Vec<Entry>,
    /// Of when the built-in prices are.
    dated: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The model; names that continue with a date or `latest` are the same model.
    model: String,
    /// Only of the provider of this name.
    #[serde(default)]
    provider: Option<String>,
    /// Only at this host: others ask other prices for models of the same name.
    #[serde(default)]
    host: Option<String>,
    input: f64,
    #[serde(default)]
    cached_input: Option<f64>,
    output: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    dated: String,
    #[serde(default, rename = "price")]
    prices: Vec<Entry>,
}

/// A table of prices that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// It is not TOML of the known shape.
    #[error("the price table cannot be read: {0}")]
    Unreadable(String),
    /// A price that is none.
    #[error("the price of `{model}` is negative or no number")]
    Impossible {
        /// The model it was given for.
        model: String,
    },
}

impl PriceError {
    /// What to do next.
    pub fn hint(&self) -> String {
        "Write entries like `[[price]]` with `model`, `input` and `output` in US dollars a million tokens; \
         `cached_input`, `provider` and `host` are optional."
            .to_owned()
    }
}

impl Prices {
    /// The built-in table.
    pub fn built_in() -> Result<Self, PriceError> {
        let table = read(BUILT_IN)?;
        Ok(Self {
            entries: table.prices,
            dated: table.dated,
        })
    }

    /// The built-in table with the user's entries before it.
    pub fn with_user(text: &str) -> Result<Self, PriceError> {
        let built_in = Self::built_in()?;
        let mut entries = read(text)?.prices;
        entries.extend(built_in.entries);
        Ok(Self { entries, ..built_in })
    }

    /// The day of the built-in prices, as `YYYY-MM-DD`.
    pub fn dated(&self) -> &str {
        &self.dated
    }

    /// What the tokens of this provider cost: the user's entry, nothing for a model in the own network, the
    /// built-in entry, or `None` for unknown.
    pub fn rate(&self, provider: &Provider) -> Option<Rate> {
        let target = provider.target();
        self.named(&target.provider, provider.host(), &target.model)
            .or_else(|| provider.is_local().then_some(Rate::FREE))
    }

    fn named(&self, provider: &str, host: &str, model: &str) -> Option<Rate> {
        let fits = |entry: &&Entry| {
            entry.provider.as_deref().is_none_or(|name| name == provider)
                && entry.host.as_deref().is_none_or(|name| name == host)
                && is_named(model, &entry.model)
        };
        self.entries.iter().find(fits).map(|entry| Rate {
            input: entry.input,
            cached_input: entry.cached_input.unwrap_or(entry.input),
            output: entry.output,
        })
    }

    /// What `usage` at this provider costs.
    pub fn cost(&self, provider: &Provider, usage: &Usage) -> Cost {
        self.rate(provider).map_or(Cost::UNKNOWN, |rate| rate.cost(usage))
    }
}

/// Whether `model` is the model `name`, maybe in a dated edition: `gpt-4.1-2025-04-14`, `…-20250514`, `…-latest`.
fn is_named(model: &str, name: &str) -> bool {
    model.strip_prefix(name).is_some_and(|rest| {
        rest.is_empty()
            || rest == "-latest"
            || rest
                .strip_prefix(['-', '@'])
                .is_some_and(|date| date.len() >= 8 && date.chars().all(|c| c.is_ascii_digit() || c == '-'))
    })
}

fn read(text: &str) -> Result<Table, PriceError> {
    let table: Table = toml::from_str(text).map_err(|error| PriceError::Unreadable(error.to_string()))?;
    let impossible = |price: f64| !price.is_finite() || price < 0.0;
    let wrong = table.prices.iter().find(|entry| {
        impossible(entry.input)
            || impossible(entry.output)
            || impossible(entry.cached_input.unwrap_or_default())
    });
    match wrong {
        Some(entry) => Err(PriceError::Impossible {
            model: entry.model.clone(),
        }),
        None => Ok(table),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ProviderConfig, ProviderKind};

    fn provider(name: &str, kind: ProviderKind, url: &str, model: &str) -> Provider {
        Provider::new(ProviderConfig::new(name, kind, url, model)).unwrap()
    }

    fn usage(prompt: u64, cached: u64, answer: u64) -> Usage {
        Usage {
            prompt_tokens: Some(prompt),
            cached_tokens: Some(cached),
            answer_tokens: Some(answer),
        }
    }

    #[test]
    fn the_built_in_table_is_sane() {
        let prices = Prices::built_in().unwrap();
        assert_eq!(prices.dated().len(), 10);
        assert!(prices.entries.len() >= 10);
        for entry in &prices.entries {
            assert!(entry.host.is_some(), "{} has a price at any host", entry.model);
            assert!(entry.input > 0.0 && entry.output > entry.input, "{}", entry.model);
            assert!(entry.cached_input.unwrap() < entry.input, "{}", entry.model);
        }
    }

    #[test]
    fn a_price_belongs_to_its_vendor_and_unknown_is_not_nothing() {
        let prices = Prices::built_in().unwrap();
        let cost = |provider: &Provider| prices.cost(provider, &usage(1_000_000, 0, 0));
        let at = |url: &str, model: &str| provider("p", ProviderKind::OpenAi, url, model);
        let api = "https://api.openai.com/v1";
        assert_eq!(cost(&at(api, "gpt-4.1")), Cost::Known(2_000_000));
        assert_eq!(cost(&at(api, "gpt-4.1-2025-04-14")), Cost::Known(2_000_000));
        assert_eq!(cost(&at(api, "gpt-4.1-mini")), Cost::Known(400_000));
        assert_eq!(cost(&at(api, "gpt-99")), Cost::UNKNOWN);
        assert_eq!(cost(&at("https://proxy.example/v1", "gpt-4.1")), Cost::UNKNOWN);
        assert_eq!(cost(&at("http://127.0.0.1:8080", "anything")), Cost::FREE);
        let gpu = provider("p", ProviderKind::Ollama, "http://gpu.lan:11434", "qwen3:8b");
        assert_eq!(cost(&gpu), Cost::FREE);
        assert_eq!(Cost::UNKNOWN.to_string(), "unknown");
        assert_eq!(
            (Cost::Known(1_234_567) + Cost::UNKNOWN).to_string(),
            "at least $1.2345"
        );
        assert_eq!(Cost::FREE.to_string(), "$0.0000");
    }

    #[test]
    fn the_user_s_entries_go_first() {
        let prices = Prices::with_user(
            "[[price]]\nmodel = \"gpt-4.1\"\nprovider = \"mine\"\ninput = 1\noutput = 2.5\n\
             [[price]]\nmodel = \"big\"\nprovider = \"gpu\"\ninput = 0.1\noutput = 0.1",
        )
        .unwrap();
        let tokens = usage(10, 0, 10);
        let mine = provider(
            "mine",
            ProviderKind::OpenAi,
            "https://proxy.example/v1",
            "gpt-4.1",
        );
        assert_eq!(prices.cost(&mine, &tokens), Cost::Known(35));
        let other = provider("other", ProviderKind::OpenAi, "https://api.openai.com", "gpt-4.1");
        assert_eq!(prices.cost(&other, &tokens), Cost::Known(100));
        let gpu = provider("gpu", ProviderKind::OpenAi, "http://10.0.0.2:8000", "big");
        assert_eq!(prices.cost(&gpu, &tokens), Cost::Known(2));
    }

    #[test]
    fn cached_tokens_cost_less_and_missing_counts_are_unknown() {
        let rate = Rate {
            input: 3.0,
            cached_input: 0.3,
            output: 15.0,
        };
        assert_eq!(rate.cost(&usage(1000, 900, 10)), Cost::Known(300 + 270 + 150));
        let partly = Usage {
            answer_tokens: Some(10),
            ..Usage::default()
        };
        assert_eq!(rate.cost(&partly), Cost::AtLeast(150));
        assert_eq!(Rate::FREE.cost(&partly), Cost::FREE);
    }

    #[test]
    fn a_table_that_cannot_be_right_is_refused() {
        for text in [
            "[[price]]\nmodel = \"a\"\ninput = -1\noutput = 1",
            "[[price]]\nmodel = \"a\"\ninput = nan\noutput = 1",
            "[[price]]\nmodel = \"a\"\ninput = 1",
            "[[price]]\nmodel = \"a\"\ninput = 1\noutput = 1\nouptut = 2",
            "nonsense",
        ] {
            let error = Prices::with_user(text).unwrap_err();
            assert!(error.hint().contains("[[price]]"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn more_tokens_never_cost_less(a in 0u64..1_000_000, b in 0u64..1_000_000, more in 0u64..1000, price in 0.0f64..100.0) {
            let rate = Rate { input: price, cached_input: price / 2.0, output: price * 4.0 };
            let less = rate.cost(&usage(a, 0, b)).known_part();
            prop_assert!(rate.cost(&usage(a + more, 0, b + more)).known_part() >= less);
        }
    }
}
