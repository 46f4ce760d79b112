//! What facts mean, and when one says what another does.

/// What a fact means, so that `1,000 ms` and `1 s` are one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Number(Number),
    Version(Version),
    Date(Date),
    /// Words in quotation marks, folded and in lower case.
    Quoted(String),
    /// A name from code. `exact` when it was set as code.
    Identifier {
        name: String,
        exact: bool,
    },
    Place {
        path: String,
        first: u32,
        last: u32,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Number {
    pub(crate) value: f64,
    pub(crate) unit: Option<Unit>,
    /// Digits after the point, for rounding.
    pub(crate) decimals: u8,
    /// Whether it was written as a word.
    pub(crate) spelled: bool,
    /// As written, without thousands separators.
    pub(crate) digits: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Unit {
    /// A known unit: its dimension and how many of the dimension's base it is.
    Known(Dimension, f64),
    /// Letters that stand directly behind the digits.
    Suffix(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dimension {
    Seconds,
    Bytes,
    Percent,
    Times,
    Money(char),
    Hertz,
}

/// `1.38.0-rc.1`: its numbers, and what follows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) parts: Vec<String>,
    pub(crate) suffix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: u32,
    pub(crate) month: Option<u32>,
    pub(crate) day: Option<u32>,
}

impl Value {
    /// Whether a source that states `self` bears out a sentence that states `claim`.
    pub(crate) fn bears_out(&self, claim: &Self, rounded: bool) -> bool {
        match (claim, self) {
            (Self::Number(claim), Self::Number(said)) => said.is(claim, rounded),
            // `1.38` of a sentence is said by `1.38.0` of the source, never the other way round.
            (Self::Version(claim), Self::Version(said)) => said.starts_with(claim),
            (Self::Version(claim), Self::Number(said)) => {
                claim.suffix.is_empty() && said.unit.is_none() && claim.parts.join(".") == said.digits
            }
            (Self::Number(claim), Self::Version(said)) => {
                claim.unit.is_none() && said.parts.join(".").starts_with(&claim.digits) && {
                    let rest = said.parts.join(".");
                    rest.get(claim.digits.len()..)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                }
            }
            (Self::Date(claim), Self::Date(said)) => {
                claim.year == said.year
                    && (claim.month.is_none() || claim.month == said.month)
                    && (claim.day.is_none() || claim.day == said.day)
            }
            // A year alone.
            (Self::Number(claim), Self::Date(said)) => {
                claim.unit.is_none() && claim.digits == said.year.to_string()
            }
            (Self::Quoted(claim), Self::Quoted(said)) => claim == said,
            (Self::Identifier { name: claim, .. }, Self::Identifier { name: said, .. }) => claim == said,
            _ => false,
        }
    }
}

impl Number {
    fn is(&self, claim: &Self, rounded: bool) -> bool {
        let same_unit = match (&claim.unit, &self.unit) {
            (None, None) => {
                // Without a unit `1.1` and `1.10` may be versions: their digits must agree.
                if claim.decimals != self.decimals && !rounded {
                    return false;
                }
                true
            }
            (None, _) => true,
            (Some(Unit::Known(claimed, _)), Some(Unit::Known(said, _))) => claimed == said,
            (Some(claimed), Some(said)) => claimed == said,
            (Some(_), None) => false,
        };
        if !same_unit {
            return false;
        }
        let factor = |unit: &Option<Unit>| match unit {
            Some(Unit::Known(_, factor)) => *factor,
            _ => 1.0,
        };
        // A claim without a unit is compared with the number as it is written.
        let said = if claim.unit.is_none() {
            self.value / factor(&self.unit)
        } else {
            self.value
        };
        let scale = said.abs().max(claim.value.abs()).max(f64::MIN_POSITIVE);
        if (said - claim.value).abs() <= scale * 1e-9 {
            return true;
        }
        // "about 3.5 ms" is said by "3.47 ms": the source's number rounded to the claim's digits.
        rounded && {
            let step = factor(&claim.unit) * 10f64.powi(-i32::from(claim.decimals));
            let zeros = claim.digits.len() - claim.digits.trim_end_matches('0').len();
            let step = if claim.decimals == 0 {
                step * 10f64.powi(i32::try_from(zeros).unwrap_or(0))
            } else {
                step
            };
            (said - claim.value).abs() <= step / 2.0
        }
    }
}

impl Version {
    fn starts_with(&self, claim: &Self) -> bool {
        let same = self
            .parts
            .iter()
            .zip(&claim.parts)
            .all(|(said, claimed)| said == claimed);
        let whole = self.parts.len() == claim.parts.len();
        same && self.parts.len() >= claim.parts.len()
            && (self.suffix == claim.suffix || (claim.suffix.is_empty() && !whole))
    }
}
