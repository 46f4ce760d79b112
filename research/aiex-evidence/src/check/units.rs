//! The same number in another unit: `250 s` where the quote says `250 ms`.

use crate::facts::{Fact, Number, Unit, Value, unit_named};
use crate::words::{parts, words};

use super::ground::Found;

/// How a number that the quotes do not have with its unit stands in them by its digits alone, if it does.
///
/// A bare number may be meant in the unit: `5` in `Duration::from_secs(5)`. Not so where the quotes give the number another
/// unit, or speak of other units of the kind and never of this one: `5` in `from_millis(5)`.
pub(super) fn same_digits(claimed: &Number, said: &[Fact], text: &str) -> Option<Found> {
    let unit = claimed.unit.as_ref()?;
    let alike: Vec<&Number> = said
        .iter()
        .filter_map(|fact| match &fact.value {
            Value::Number(number) if number.digits == claimed.digits => Some(number),
            _ => None,
        })
        .collect();
    let is_bare = alike.iter().any(|number| number.unit.is_none());
    // A number that only ever stands there with another unit is another number.
    if !is_bare {
        return None;
    }
    let is_other = |other: &Unit| is_another(unit, other);
    let has_other = alike
        .iter()
        .any(|number| number.unit.as_ref().is_some_and(is_other));
    let named: Vec<Unit> = words(text)
        .iter()
        .flat_map(|word| parts(word.text))
        .filter_map(unit_named)
        .collect();
    let speaks_of_other = named.iter().any(is_other) && !named.contains(unit);
    Some(if has_other || speaks_of_other {
        Found::OtherUnit
    } else {
        Found::Loosely
    })
}

/// Whether two units measure the same kind of thing and are not one.
fn is_another(unit: &Unit, other: &Unit) -> bool {
    match (unit, other) {
        (Unit::Known(kind, factor), Unit::Known(other, by)) => kind == other && factor.total_cmp(by).is_ne(),
        _ => false,
    }
}
