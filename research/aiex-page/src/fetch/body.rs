//! Taking an answer's bytes in: decompression with a limit on what comes out, so that a small answer cannot
//! become a large one. It knows nothing of HTTP beyond `Content-Encoding`.

use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// What the client can undo, for `Accept-Encoding`.
pub(crate) const ACCEPTED: &str = "gzip, deflate, br, zstd";

/// The largest window that a zstd frame may ask for, as a power of two: what RFC 9659 allows in HTTP.
const ZSTD_WINDOW: u32 = 23;

/// Brotli's buffer between the decoder and the sink, in bytes.
const BROTLI_BUFFER: usize = 16 << 10;

/// What is done with an answer that is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overflow {
    /// Nothing of it is kept.
    Refuse,
    /// What fits is kept.
    Cut,
}

/// Why a body could not be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLarge,
    Broken(String),
}

/// A body on its way in.
pub(crate) struct Body {
    decoder: Decoder,
    overflow: Overflow,
    started: bool,
}

enum Decoder {
    Plain(Sink),
    Gzip(Box<MultiGzDecoder<Sink>>),
    /// `deflate` before its first bytes are known: servers send it with and without zlib's header.
    Deflate(Option<Sink>),
    Zlib(Box<ZlibDecoder<Sink>>),
    RawDeflate(Box<DeflateDecoder<Sink>>),
    Brotli(Box<DecompressorWriter<Sink>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Sink>>),
}

/// Where decompressed bytes go; refuses more than its limit.
struct Sink {
    bytes: Vec<u8>,
    limit: usize,
    full: bool,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.limit - self.bytes.len();
        if bytes.len() <= room {
            self.bytes.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        self.bytes.extend_from_slice(&bytes[..room]);
        self.full = true;
        Err(io::Error::other("too large"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Body {
    /// A body with the given `Content-Encoding`, of at most `limit` bytes. An encoding that is not known, and one
    /// inside of another (which only attackers send), is an error.
    pub(crate) fn new(encoding: &str, limit: usize, overflow: Overflow) -> Result<Self, BodyError> {
        let sink = Sink {
            bytes: Vec::new(),
            limit,
            full: false,
        };
        let mut layers = encoding
            .split(',')
            .map(|layer| layer.trim().to_ascii_lowercase())
            .filter(|layer| !layer.is_empty() && layer != "identity");
        let decoder = match (layers.next().as_deref(), layers.next()) {
            (None, _) => Decoder::Plain(sink),
            (Some("gzip" | "x-gzip"), None) => Decoder::Gzip(Box::new(MultiGzDecoder::new(sink))),
            (Some("deflate"), None) => Decoder::Deflate(Some(sink)),
            (Some("br"), None) => Decoder::Brotli(Box::new(DecompressorWriter::new(sink, BROTLI_BUFFER))),
            (Some("zstd"), None) => {
                let mut decoder = zstd::stream::raw::Decoder::new().map_err(broken)?;
                decoder
                    .set_parameter(zstd::stream::raw::DParameter::WindowLogMax(ZSTD_WINDOW))
                    .map_err(broken)?;
                Decoder::Zstd(Box::new(zstd::stream::write::Decoder::with_decoder(
                    sink, decoder,
                )))
            }
            _ => {
                return Err(BodyError::Broken(format!(
                    "unknown content encoding `{encoding}`"
                )));
            }
        };
        Ok(Self {
            decoder,
            overflow,
            started: false,
        })
    }

    /// Takes the next bytes from the wire. `false`: it is full and wants no more.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<bool, BodyError> {
        if bytes.is_empty() {
            return Ok(true);
        }
        self.started = true;
        if let Decoder::Deflate(waiting) = &mut self.decoder
            && let Some(sink) = waiting.take()
        {
            // Zlib's header names method 8 in its low four bits.
            self.decoder = if bytes[0] & 0x0f == 8 {
                Decoder::Zlib(Box::new(ZlibDecoder::new(sink)))
            } else {
                Decoder::RawDeflate(Box::new(DeflateDecoder::new(sink)))
            };
        }
        let written = match &mut self.decoder {
            Decoder::Plain(sink) => sink.write_all(bytes),
            Decoder::Gzip(decoder) => decoder.write_all(bytes),
            Decoder::Zlib(decoder) => decoder.write_all(bytes),
            Decoder::RawDeflate(decoder) => decoder.write_all(bytes),
            Decoder::Brotli(decoder) => decoder.write_all(bytes),
            Decoder::Zstd(decoder) => decoder.write_all(bytes),
            Decoder::Deflate(_) => Ok(()),
        };
        self.settle(written)
    }

    /// All bytes, decompressed.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, BodyError> {
        if self.started {
            let written = match &mut self.decoder {
                Decoder::Gzip(decoder) => decoder.try_finish(),
                Decoder::Zlib(decoder) => decoder.try_finish(),
                Decoder::RawDeflate(decoder) => decoder.try_finish(),
                Decoder::Brotli(decoder) => decoder.close(),
                Decoder::Zstd(decoder) => decoder.flush(),
                Decoder::Plain(_) | Decoder::Deflate(_) => Ok(()),
            };
            self.settle(written)?;
        }
        Ok(self
            .sink()
            .map(|sink| std::mem::take(&mut sink.bytes))
            .unwrap_or_default())
    }

    fn settle(&mut self, written: io::Result<()>) -> Result<bool, BodyError> {
        let full = self.sink().is_some_and(|sink| sink.full);
        match written {
            _ if full && self.overflow == Overflow::Cut => Ok(false),
            _ if full => Err(BodyError::TooLarge),
            Ok(()) => Ok(true),
            Err(error) => Err(broken(error)),
        }
    }

    fn sink(&mut self) -> Option<&mut Sink> {
        match &mut self.decoder {
            Decoder::Plain(sink) => Some(sink),
            Decoder::Gzip(decoder) => Some(decoder.get_mut()),
            Decoder::Zlib(decoder) => Some(decoder.get_mut()),
            Decoder::RawDeflate(decoder) => Some(decoder.get_mut()),
            Decoder::Brotli(decoder) => Some(decoder.get_mut()),
            Decoder::Zstd(decoder) => Some(decoder.get_mut()),
            Decoder::Deflate(sink) => sink.as_mut(),
        }
    }
}

fn broken(error: io::Error) -> BodyError {
    BodyError::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    fn take(encoding: &str, limit: usize, overflow: Overflow, bytes: &[u8]) -> Result<Vec<u8>, BodyError> {
        let mut body = Body::new(encoding, limit, overflow)?;
        for part in bytes.chunks(700) {
            if !body.push(part)? {
                break;
            }
        }
        body.finish()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).unwrap()
    }

    /// "hello hello hello" in brotli.
    const BROTLI: &[u8] = &[
        0x1b, 0x10, 0x00, 0xf8, 0x8d, 0x94, 0x6e, 0xde, 0x44, 0x55, 0x86, 0x96, 0x6c, 0x20, 0x6f, 0x01, 0x4f,
        0x1c, 0x60, 0x1c,
    ];

    /// 64 MiB of zeros in 106 bytes of brotli.
    const BROTLI_BOMB: &[u8] = &[
        0xcb, 0xff, 0xff, 0x3f, 0xf8, 0x27, 0x00, 0xe2, 0xb1, 0x40, 0x20, 0xf7, 0xfe, 0x8f, 0xff, 0xff, 0x7f,
        0xf0, 0x4f, 0x00, 0xc4, 0x61, 0x11, 0x80, 0xee, 0xfd, 0x1f, 0xff, 0xff, 0xff, 0xe0, 0x9f, 0x00, 0x88,
        0xc3, 0x02, 0x00, 0xdd, 0xfb, 0x3f, 0xfe, 0xff, 0xff, 0xc1, 0x3f, 0x01, 0x10, 0x87, 0x05, 0x00, 0xba,
        0xf7, 0x7f, 0xfc, 0xff, 0xff, 0x83, 0x7f, 0x02, 0x20, 0x0e, 0x0b, 0x00, 0x74, 0xef, 0xff, 0xf8, 0xff,
        0xff, 0x07, 0xff, 0x04, 0x40, 0x1c, 0x16, 0x00, 0xe8, 0xde, 0xff, 0xf1, 0xff, 0xff, 0x0f, 0xfe, 0x09,
        0x80, 0x38, 0x2c, 0x00, 0xd0, 0xbd, 0xff, 0xcb, 0xff, 0xff, 0x3f, 0xfc, 0x13, 0x00, 0x71, 0x58, 0x00,
        0xa0, 0x7b, 0xff, 0x07,
    ];

    #[test]
    fn every_encoding_is_undone() {
        let text = b"hello hello hello".as_slice();
        for (encoding, bytes) in [
            ("", text.to_vec()),
            ("identity", text.to_vec()),
            ("gzip", gzip(text)),
            ("X-GZIP", gzip(text)),
            ("gzip, identity", gzip(text)),
            ("gzip", [gzip(b"hello hello "), gzip(b"hello")].concat()),
            ("deflate", zlib(text)),
            ("deflate", deflate(text)),
            ("br", BROTLI.to_vec()),
            ("zstd", zstd(text)),
        ] {
            let taken = take(encoding, 100, Overflow::Refuse, &bytes);
            assert_eq!(taken, Ok(text.to_vec()), "{encoding}");
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let zeros = vec![0; 16 << 20];
        for (encoding, bomb) in [
            ("gzip", gzip(&zeros)),
            ("deflate", zlib(&zeros)),
            ("br", BROTLI_BOMB.to_vec()),
            ("zstd", zstd(&zeros)),
        ] {
            assert!(bomb.len() < 100_000, "{encoding}: {}", bomb.len());
            assert_eq!(
                take(encoding, 1 << 20, Overflow::Refuse, &bomb),
                Err(BodyError::TooLarge)
            );
            let cut = take(encoding, 1 << 20, Overflow::Cut, &bomb).unwrap();
            assert_eq!(cut.len(), 1 << 20, "{encoding}");
        }
    }

    #[test]
    fn a_zstd_frame_may_not_ask_for_a_huge_window() {
        // Magic number, no content size, a window of 2^31 bytes, and an empty last block.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00];
        assert!(matches!(
            take("zstd", 100, Overflow::Refuse, &frame),
            Err(BodyError::Broken(_))
        ));
    }

    #[test]
    fn layers_unknown_encodings_and_broken_data_are_refused() {
        for encoding in ["gzip, gzip", "br, gzip", "compress", "gzip;q=1"] {
            assert!(
                matches!(
                    Body::new(encoding, 10, Overflow::Refuse),
                    Err(BodyError::Broken(_))
                ),
                "{encoding}"
            );
        }
        let mut short = gzip(b"hello hello hello");
        short.truncate(short.len() - 9);
        for (encoding, bytes) in [
            ("gzip", short.as_slice()),
            ("br", &BROTLI[..9]),
            ("zstd", b"nonsense"),
        ] {
            let taken = take(encoding, 100, Overflow::Refuse, bytes);
            assert!(
                matches!(taken, Err(BodyError::Broken(_))),
                "{encoding}: {taken:?}"
            );
        }
        assert_eq!(take("gzip", 10, Overflow::Refuse, b""), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_exceed_the_limit(
            encoding in prop::sample::select(vec!["", "gzip", "deflate", "br", "zstd"]),
            bytes in prop::collection::vec(any::<u8>(), 0..2000),
            limit in 0_usize..500,
        ) {
            if let Ok(taken) = take(encoding, limit, Overflow::Cut, &bytes) {
                prop_assert!(taken.len() <= limit);
            }
        }
    }
}
