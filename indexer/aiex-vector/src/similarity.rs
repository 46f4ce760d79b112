//! The arithmetic of 8-bit unit vectors. It knows of no store.
//!
//! A component in −1…1 becomes an integer in −127…127. Between unit vectors the squared Euclidean distance is
//! `2 − 2·cosine`; it does not change when the same offset is added to both sides, which lets an engine that
//! only has unsigned bytes keep `component + 128` and still rank by cosine.

/// The integer that stands for 1.0.
const ONE: f32 = 127.0;
/// What turns a signed component into an unsigned byte.
const OFFSET: i16 = 128;

/// The 8-bit form of a unit vector.
pub fn quantise(vector: &[f32]) -> Vec<i8> {
    vector
        .iter()
        .map(|&component| component_to_byte(component))
        .collect()
}

fn component_to_byte(component: f32) -> i8 {
    // A float that is no number becomes 0 in the cast.
    (component * ONE).round().clamp(-ONE, ONE) as i8
}

/// The squared distance of two 8-bit vectors.
pub(crate) fn squared_distance(left: &[i8], right: &[i8]) -> i32 {
    left.iter()
        .zip(right)
        .map(|(&a, &b)| {
            let difference = i32::from(a) - i32::from(b);
            difference * difference
        })
        .sum()
}

/// The cosine that a squared distance between 8-bit unit vectors stands for.
pub(crate) fn cosine(squared_distance: f32) -> f32 {
    (1.0 - squared_distance / (2.0 * ONE * ONE)).clamp(-1.0, 1.0)
}

/// The engine's form of an 8-bit vector: whole numbers from 1 to 255.
pub(crate) fn unsigned(vector: &[i8]) -> Vec<f32> {
    vector
        .iter()
        .map(|&component| f32::from(i16::from(component) + OFFSET))
        .collect()
}

/// What [`unsigned`] was made of.
pub(crate) fn signed(vector: &[f32]) -> impl Iterator<Item = i8> {
    vector.iter().map(|&byte| (byte as i16 - OFFSET) as i8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_comes_back_from_the_distance() {
        let right = quantise(&[1.0, 0.0]);
        assert_eq!(
            cosine(squared_distance(&right, &quantise(&[1.0, 0.0])) as f32),
            1.0
        );
        assert!(cosine(squared_distance(&right, &quantise(&[0.0, 1.0])) as f32).abs() < 0.01);
        assert_eq!(
            cosine(squared_distance(&right, &quantise(&[-1.0, 0.0])) as f32),
            -1.0
        );
    }

    #[test]
    fn components_out_of_range_or_not_numbers_do_not_wrap() {
        assert_eq!(
            quantise(&[2.0, -2.0, f32::NAN, f32::INFINITY]),
            [127, -127, 0, 127]
        );
        assert_eq!(unsigned(&[-128, -127, 0, 127]), [0.0, 1.0, 128.0, 255.0]);
    }
}
