//! The model file, little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic `AIEXSTAT` |
//! | 4 | version, 1 |
//! | 4 | dimensions |
//! | 4 | whole-word tokens |
//! | 4 | continuation tokens |
//! | 4 + n | length and text of the model's name |
//! | 4 + n | length and text of the vocabulary: whole words, then continuations, one a line |
//! | 4 a token | f32 scale of the token's row |
//! | dimensions a token | int8 row |
//! | 32 | BLAKE3 of everything before |
//!
//! The checksum guards against damage, not against an author.

use crate::EmbedError;

const MAGIC: &[u8] = b"AIEXSTAT";
const VERSION: u32 = 1;
const CHECKSUM: usize = 32;
/// More would not be a model for a laptop; keeps the size computation far from overflow.
const MAX_DIMENSIONS: usize = 4096;

/// The parts of a model file, whole and consistent.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pub(super) name: &'a str,
    pub(super) dimensions: usize,
    pub(super) starts: &'a str,
    pub(super) continuations: &'a str,
    pub(super) scales: Vec<f32>,
    pub(super) rows: &'a [u8],
    /// First 16 hexadecimal digits of the checksum.
    pub(super) checksum: String,
}

fn damaged(what: &str) -> EmbedError {
    EmbedError::StaticModel { what: what.into() }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], EmbedError> {
        let (head, tail) = self
            .0
            .split_at_checked(length)
            .ok_or_else(|| damaged("it ends early"))?;
        self.0 = tail;
        Ok(head)
    }

    fn number(&mut self) -> Result<u32, EmbedError> {
        let bytes = self.take(4)?.try_into().map_err(|_| damaged("it ends early"))?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn text(&mut self) -> Result<&'a str, EmbedError> {
        let length = self.number()? as usize;
        std::str::from_utf8(self.take(length)?).map_err(|_| damaged("a text is not UTF-8"))
    }
}

/// Checks a model file and finds its parts.
pub(super) fn parse(bytes: &[u8]) -> Result<Parts<'_>, EmbedError> {
    let (content, checksum) = bytes
        .split_last_chunk::<CHECKSUM>()
        .ok_or_else(|| damaged("it is shorter than a checksum"))?;
    let mut reader = Reader(content);
    if reader.take(MAGIC.len())? != MAGIC {
        return Err(damaged("it does not start with AIEXSTAT"));
    }
    let version = reader.number()?;
    if version != VERSION {
        return Err(damaged(&format!("version {version} is not {VERSION}")));
    }
    let hash = blake3::hash(content);
    if hash.as_bytes() != checksum {
        return Err(damaged("the checksum differs"));
    }
    let dimensions = reader.number()? as usize;
    if !(1..=MAX_DIMENSIONS).contains(&dimensions) {
        return Err(damaged("the number of dimensions is out of range"));
    }
    let (starts, continuations) = (reader.number()? as usize, reader.number()? as usize);
    let name = reader.text()?;
    let vocabulary = reader.text()?;
    let tokens = starts + continuations;
    if starts == 0 || continuations == 0 || vocabulary.split('\n').count() != tokens {
        return Err(damaged("the vocabulary has another length than announced"));
    }
    let (cut, _) = vocabulary
        .match_indices('\n')
        .nth(starts - 1)
        .ok_or_else(|| damaged("no continuations"))?;
    let scales = reader.take(4 * tokens)?;
    let scales: Vec<f32> = scales
        .as_chunks::<4>()
        .0
        .iter()
        .map(|&scale| f32::from_le_bytes(scale))
        .collect();
    if !scales.iter().all(|scale| scale.is_finite()) {
        return Err(damaged("a scale is not a number"));
    }
    let rows = reader.take(tokens * dimensions)?;
    if !reader.0.is_empty() {
        return Err(damaged("bytes follow the rows"));
    }
    Ok(Parts {
        name,
        dimensions,
        starts: &vocabulary[..cut],
        continuations: &vocabulary[cut + 1..],
        scales,
        rows,
        checksum: hash.to_hex()[..16].to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Vec<u8> {
        let mut bytes = b"AIEXSTAT".to_vec();
        for number in [1_u32, 2, 2, 1, 4] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(b"tiny");
        bytes.extend(5_u32.to_le_bytes());
        bytes.extend(b"a\nb\nc");
        for scale in [1.0_f32, 0.5, 2.0] {
            bytes.extend(scale.to_le_bytes());
        }
        bytes.extend([1, 2, 3, 4, 5, 255]);
        sealed(bytes)
    }

    fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
        let hash = blake3::hash(&bytes);
        bytes.extend(hash.as_bytes());
        bytes
    }

    #[test]
    fn a_whole_file_is_read() {
        let bytes = model();
        let parts = parse(&bytes).unwrap();
        assert_eq!(
            (parts.name, parts.dimensions, parts.starts, parts.continuations),
            ("tiny", 2, "a\nb", "c")
        );
        assert_eq!(parts.rows, [1, 2, 3, 4, 5, 255]);
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let whole = model();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            assert!(parse(&bytes).is_err(), "byte {at}");
        }
    }

    #[test]
    fn every_shortened_or_lengthened_file_is_refused_without_a_panic() {
        let whole = model();
        let content = &whole[..whole.len() - CHECKSUM];
        for length in 0..content.len() {
            assert!(
                parse(&sealed(content[..length].to_vec())).is_err(),
                "{length} bytes"
            );
        }
        let mut longer = content.to_vec();
        longer.push(0);
        assert!(parse(&sealed(longer)).is_err());
    }
}
