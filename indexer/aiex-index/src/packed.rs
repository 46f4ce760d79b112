//! Bytes made small, and as they were. Each thread keeps what zstd works with: to make it anew takes as long as to unpack a
//! source file.

use std::cell::RefCell;
use std::io;

use zstd::bulk::{Compressor, Decompressor};

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Packs bytes at a level of zstd.
///
/// # Errors
/// For want of memory only.
pub(crate) fn pack(bytes: &[u8], level: i32) -> io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(Compressor::new(level)?),
        };
        compressor.set_compression_level(level)?;
        compressor.compress(bytes)
    })
}

/// What was packed, if it is sound and not larger than `max` bytes.
pub(crate) fn unpack(packed: &[u8], max: usize) -> Option<Vec<u8>> {
    // It says itself how large it is. Room for the largest would be asked of the system, and given back, for each text.
    let size = zstd::zstd_safe::get_frame_content_size(packed).ok()??;
    let size = usize::try_from(size).ok().filter(|size| *size <= max)?;
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => kept.insert(Decompressor::new().ok()?),
        };
        decompressor.decompress(packed, size).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_back_whatever_failed_before() {
        let text = "pub fn retry() {}\n".repeat(200);
        for level in [3, 1] {
            let packed = pack(text.as_bytes(), level).unwrap();
            assert!(packed.len() < text.len() / 10);
            let mut damaged = packed.clone();
            for byte in damaged.iter_mut().skip(8) {
                *byte ^= 0x55;
            }
            assert_eq!(unpack(&damaged, 1 << 20), None);
            assert_eq!(unpack(&packed, text.len() - 1), None, "too large");
            assert_eq!(unpack(&packed, 1 << 20).as_deref(), Some(text.as_bytes()));
        }
        assert_eq!(unpack(b"not packed", 1 << 20), None);
        assert_eq!(unpack(&pack(b"", 3).unwrap(), 0), Some(Vec::new()));
    }
}
