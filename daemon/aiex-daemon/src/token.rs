//! Random names and secrets, and comparing secrets without telling how much of them was right.

use std::fs::File;
use std::io::{self, Read as _};

/// `bytes` random bytes from the system, in hexadecimal.
pub(crate) fn random_hex(bytes: usize) -> io::Result<String> {
    let mut buffer = vec![0; bytes];
    File::open("/dev/urandom")?.read_exact(&mut buffer)?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether two secrets are equal. The digests are compared in constant time.
pub(crate) fn is_equal(a: &str, b: &str) -> bool {
    blake3::hash(a.as_bytes()) == blake3::hash(b.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_long_enough_and_differ() {
        let (a, b) = (random_hex(16).unwrap(), random_hex(16).unwrap());
        assert_eq!(a.len(), 32);
        assert!(!is_equal(&a, &b));
        assert!(is_equal(&a, &a.clone()));
    }
}
