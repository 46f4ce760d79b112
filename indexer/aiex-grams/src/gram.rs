//! Three bytes, and the set of those in a text.

/// Three successive bytes, in lower case as far as they are ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gram(u32);

impl Gram {
    /// The gram of three bytes.
    pub fn new(bytes: [u8; 3]) -> Self {
        let [a, b, c] = bytes.map(|byte| u32::from(byte.to_ascii_lowercase()));
        Self(a << 16 | b << 8 | c)
    }

    /// As a number below 2^24, in the order of the bytes.
    pub fn number(self) -> u32 {
        self.0
    }

    /// The gram of a number, if it is one.
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        (number < 1 << 24).then_some(Self(number))
    }

    /// Every gram of a text, repeated as often as it stands there.
    pub fn all(text: &[u8]) -> impl Iterator<Item = Self> {
        let mut window = 0_u32;
        text.iter().enumerate().filter_map(move |(at, byte)| {
            window = (window << 8 | u32::from(byte.to_ascii_lowercase())) & 0xff_ffff;
            (at >= 2).then_some(Self(window))
        })
    }
}

/// Finds the distinct grams of one text after the other, with 2 MiB that are wiped only where they were used.
pub(crate) struct Distinct {
    seen: Vec<u64>,
    grams: Vec<Gram>,
}

impl Distinct {
    pub(crate) fn new() -> Self {
        Self {
            seen: vec![0; (1 << 24) / 64],
            grams: Vec::new(),
        }
    }

    /// The distinct grams of a text, in no order.
    pub(crate) fn of(&mut self, text: &[u8]) -> &[Gram] {
        for gram in self.grams.drain(..) {
            self.seen[gram.0 as usize / 64] = 0;
        }
        for gram in Gram::all(text) {
            let (word, bit) = (gram.0 as usize / 64, 1 << (gram.0 % 64));
            if self.seen[word] & bit == 0 {
                self.seen[word] |= bit;
                self.grams.push(gram);
            }
        }
        &self.grams
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gram_of_a_text_is_found_once_and_in_lower_case() {
        let mut distinct = Distinct::new();
        let abc = Gram::new(*b"abc");
        assert_eq!(distinct.of(b"ABCabc").len(), 3);
        assert!(distinct.of(b"xABCabc").contains(&abc));
        assert!(
            !distinct.of(b"bca").contains(&abc),
            "nothing is left of the text before"
        );
        assert!(distinct.of(b"ab").is_empty());
    }
}
