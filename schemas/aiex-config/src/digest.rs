//! A short, stable digest: the same on every machine and in every build. Not for secrets.

/// Offset basis and prime of 64-bit FNV-1a (Fowler, Noll, Vo; the published constants).
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// Sixteen hexadecimal digits over the parts and their boundaries.
pub fn digest_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut state = FNV_BASIS;
    let mut eat = |bytes: &[u8]| {
        for byte in bytes {
            state = (state ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
        }
    };
    for part in parts {
        // The length first, so that moving a byte from one part to the next changes the digest.
        eat(&(part.len() as u64).to_le_bytes());
        eat(part);
    }
    format!("{state:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_stable_across_builds() {
        assert_eq!(digest_of([]), "cbf29ce484222325");
        assert_eq!(digest_of([&b"a"[..]]), digest_of([&b"a"[..]]));
    }

    #[test]
    fn sees_boundaries_between_parts() {
        assert_ne!(digest_of([&b"ab"[..], b"c"]), digest_of([&b"a"[..], b"bc"]));
        assert_ne!(digest_of([&b"ab"[..]]), digest_of([&b"ab"[..], b""]));
    }
}
