//! How numbers and lists of them are written.
//!
//! A list holds ascending numbers below a bound that both sides know. One that holds more than an eighth of all is a
//! set of bits; any other is the distances between its numbers, each in as many bytes as it needs.

/// Writes a number in as many bytes as it needs: seven bits each, the lowest first.
pub(crate) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads what [`put`] wrote, and moves on behind it.
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Reads what [`put`] wrote, if it fits.
pub(crate) fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    take(bytes).and_then(|number| u32::try_from(number).ok())
}

/// Cuts a number of bytes off the front.
pub(crate) fn cut<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (front, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(front)
}

fn is_dense(count: usize, bound: u32) -> bool {
    count as u64 * 8 > u64::from(bound)
}

/// Writes a list of ascending numbers below `bound`.
pub(crate) fn put_list(out: &mut Vec<u8>, list: &[u32], bound: u32) {
    if is_dense(list.len(), bound) {
        let start = out.len();
        out.resize(start + bound.div_ceil(8) as usize, 0);
        for number in list {
            out[start + (number / 8) as usize] |= 1 << (number % 8);
        }
        return;
    }
    let mut next = 0;
    for number in list {
        put(out, u64::from(number - next));
        next = number + 1;
    }
}

/// Reads a list of `count` numbers below `bound`; none when the bytes are no such list.
pub(crate) fn take_list(mut bytes: &[u8], count: usize, bound: u32) -> Option<Vec<u32>> {
    if count > bound as usize {
        return None;
    }
    let mut list = Vec::with_capacity(count);
    if is_dense(count, bound) {
        if bytes.len() != bound.div_ceil(8) as usize {
            return None;
        }
        for (at, byte) in (0_u32..).zip(bytes) {
            let mut left = *byte;
            while left != 0 {
                list.push(at * 8 + left.trailing_zeros());
                left &= left - 1;
            }
        }
    } else {
        let mut next = 0_u32;
        for _ in 0..count {
            let number = next.checked_add(take_u32(&mut bytes)?)?;
            list.push(number);
            next = number.checked_add(1)?;
        }
        if !bytes.is_empty() {
            return None;
        }
    }
    let fits = list.len() == count && list.last().is_none_or(|last| *last < bound);
    fits.then_some(list)
}

/// Leaves only those of the ascending `places`, all below `bound`, that a list holds; none when the bytes are no such list.
pub(crate) fn retain_listed(bytes: &[u8], count: usize, bound: u32, places: &mut Vec<u32>) -> Option<()> {
    if is_dense(count, bound) {
        if bytes.len() != bound.div_ceil(8) as usize {
            return None;
        }
        // Looked up where they stand: a common gram is in more documents than are left.
        places.retain(|place| bytes[(place / 8) as usize] >> (place % 8) & 1 == 1);
        return Some(());
    }
    let list = take_list(bytes, count, bound)?;
    let mut rest = list.iter().copied().peekable();
    places.retain(|place| {
        while rest.next_if(|listed| listed < place).is_some() {}
        rest.peek() == Some(place)
    });
    Some(())
}

/// The first bytes of a digest.
pub(crate) fn digest<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let mut short = [0; N];
    short.copy_from_slice(&hasher.finalize().as_bytes()[..N]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            let mut rest = bytes.as_slice();
            assert_eq!(take(&mut rest), Some(number));
            assert!(rest.is_empty());
        }
        assert_eq!(take(&mut [0x80_u8].as_slice()), None);
    }

    #[test]
    fn lists_come_back_whether_they_hold_little_or_much() {
        for (list, bound) in [
            (vec![], 10),
            (vec![0], 1),
            (vec![9], 10),
            (vec![0, 300, 70_000], 100_000),
            ((0..1_000).collect(), 1_000),
            ((0..1_000).step_by(3).collect(), 1_000),
        ] {
            let mut bytes = Vec::new();
            put_list(&mut bytes, &list, bound);
            assert_eq!(take_list(&bytes, list.len(), bound), Some(list.clone()));
            let mut places: Vec<u32> = (0..bound).step_by(2).collect();
            let both: Vec<u32> = places.iter().copied().filter(|at| list.contains(at)).collect();
            retain_listed(&bytes, list.len(), bound, &mut places).unwrap();
            assert_eq!(places, both);
            assert_eq!(
                take_list(&bytes, list.len() + 1, bound),
                None,
                "{} of {bound}",
                list.len()
            );
        }
    }
}
