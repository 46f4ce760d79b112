//! A value before its key says what it should be.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::quantity::{parse_duration, parse_size};

/// A value before its key says what it should be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    /// From a variable or a flag, where nothing tells a number from a text.
    Plain(&'a str),
    /// A string of the file.
    Text(&'a str),
    /// An integer of the file.
    Integer(i64),
    /// Another number of the file.
    Float(f64),
    /// A truth value of the file.
    Boolean(bool),
    /// A list of strings of the file.
    List(Vec<&'a str>),
    /// What no key takes: a table, another list, a date.
    Other(&'static str),
}

impl Scalar<'_> {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Plain(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(*value),
            Self::Plain("true" | "1") => Some(true),
            Self::Plain("false" | "0") => Some(false),
            _ => None,
        }
    }

    pub(super) fn integer<T: TryFrom<i64> + PartialOrd>(&self, allowed: RangeInclusive<T>) -> Option<T> {
        let value = match self {
            Self::Integer(value) => *value,
            Self::Plain(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        T::try_from(value).ok().filter(|value| allowed.contains(value))
    }

    /// A finite number.
    pub(super) fn number(&self) -> Option<f32> {
        let value = match self {
            Self::Integer(value) => *value as f32,
            Self::Float(value) => *value as f32,
            Self::Plain(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        value.is_finite().then_some(value)
    }

    pub(super) fn duration(&self, allowed: RangeInclusive<Duration>) -> Option<Duration> {
        let value = match self {
            Self::Integer(0) => Duration::ZERO,
            _ => parse_duration(self.text()?)?,
        };
        allowed.contains(&value).then_some(value)
    }

    pub(super) fn size(&self, allowed: RangeInclusive<u64>) -> Option<u64> {
        parse_size(self.text()?).filter(|value| allowed.contains(value))
    }

    /// The address of a service.
    pub(super) fn url(&self) -> Option<String> {
        let text = self.text()?.trim().trim_end_matches('/');
        let host = text
            .strip_prefix("http://")
            .or_else(|| text.strip_prefix("https://"))?;
        (!host.is_empty() && !host.contains(char::is_whitespace)).then(|| text.to_owned())
    }

    /// A list: of the file, or with commas where everything is text.
    pub(super) fn list(&self) -> Option<Vec<&str>> {
        let items: Vec<&str> = match self {
            Self::List(items) => items.clone(),
            Self::Plain(text) => text.split(',').collect(),
            _ => return None,
        };
        let named = items.into_iter().map(str::trim);
        Some(named.filter(|item| !item.is_empty()).collect())
    }

    /// Millionths of a number that is not negative: `0.25` is 250000.
    pub(super) fn millionths(&self, most: f64) -> Option<u64> {
        let value = match self {
            Self::Integer(value) => *value as f64,
            Self::Float(value) => *value,
            Self::Plain(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        let value = (0.0..=most).contains(&value).then_some(value)?;
        Some((value * 1e6).round() as u64)
    }

    /// For messages.
    pub(super) fn show(&self) -> String {
        match self {
            Self::Plain(text) | Self::Text(text) => format!("{text:?}"),
            Self::Integer(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::List(_) => "a list".to_owned(),
            Self::Other(what) => (*what).to_owned(),
        }
    }
}
