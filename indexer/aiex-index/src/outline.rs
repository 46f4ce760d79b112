//! What a text consists of, packed: chunks and definitions. Knows neither files nor generations.

pub(crate) mod held;
pub(crate) mod log;
pub(crate) mod source;

use aiex_chunk::{Chunked, Language, SymbolKind};
use serde::{Deserialize, Serialize};

use crate::packed::{pack, unpack};
use crate::snapshot::MAX_CHUNKS_PER_FILE;

/// The level of zstd at which outlines are kept: the quickest halves them.
const ZSTD_LEVEL: i32 = 1;

/// What a packed outline begins with. One that is not packed begins with the length of its language's name, which is less.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// An outline larger than this when unpacked is not one of ours.
const MAX_BYTES: usize = 256 << 20;

/// A piece of an outline's string table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Piece {
    at: u32,
    len: u16,
}

/// A chunk, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First byte in the file.
    pub start: u32,
    /// Behind the last byte.
    pub end: u32,
    /// First line, from 1.
    pub first_line: u32,
    /// Last line, inclusive.
    pub last_line: u32,
    /// Tokens, estimated.
    pub tokens: u32,
    breadcrumb: Piece,
    /// The symbols whose names lie in the chunk: from here…
    first_symbol: u32,
    /// …this many.
    num_symbols: u16,
}

/// A definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    name: Piece,
    container: Piece,
    /// The line of the name, from 1.
    pub line: u32,
    /// The first line of the whole item, with its comment and attributes.
    pub first_line: u32,
    /// The last line of the whole item, inclusive.
    pub last_line: u32,
    /// Bytes of the whole item.
    pub item_bytes: u32,
    kind: u8,
}

/// What a text consists of: chunks and symbols. Depends on the text and its language alone, so
/// equal files share it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outline {
    /// The language's name, or nothing.
    language: Box<str>,
    strings: Box<str>,
    /// In the order of the text, tiling it.
    pub spans: Box<[Span]>,
    definitions: Box<[Definition]>,
}

impl Outline {
    /// Packs what the chunker found in a text.
    pub fn new(text: &str, chunked: &Chunked) -> Self {
        let ends: Vec<usize> = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
        let line_of = |byte: u32| ends.partition_point(|end| *end < byte as usize) as u32 + 1;
        let mut table = Strings::default();
        let mut symbols: Vec<_> = chunked.symbols.iter().collect();
        symbols.sort_by_key(|symbol| symbol.name_bytes.start);
        let definitions: Box<[Definition]> = symbols
            .iter()
            .map(|symbol| Definition {
                name: table.add(&symbol.name),
                container: table.add(&symbol.container),
                line: symbol.name_line,
                first_line: line_of(symbol.item_bytes.start),
                // Some grammars count the line break to the item.
                last_line: line_of(symbol.item_bytes.end.saturating_sub(1)).max(symbol.name_line),
                item_bytes: symbol.item_bytes.end.saturating_sub(symbol.item_bytes.start),
                kind: kind_to_byte(symbol.kind),
            })
            .collect();
        let mut next = 0;
        let spans = chunked
            .chunks
            .iter()
            .take(MAX_CHUNKS_PER_FILE)
            .map(|chunk| {
                let first = next;
                while next < symbols.len() && symbols[next].name_bytes.start < chunk.bytes.end {
                    next += 1;
                }
                Span {
                    start: chunk.bytes.start,
                    end: chunk.bytes.end,
                    first_line: chunk.lines.0,
                    last_line: chunk.lines.1,
                    tokens: chunk.tokens,
                    breadcrumb: table.add(&chunk.breadcrumb),
                    first_symbol: first as u32,
                    num_symbols: (next - first).min(usize::from(u16::MAX)) as u16,
                }
            })
            .collect();
        let language = chunked.language.map_or("", Language::name).into();
        Self {
            language,
            strings: table.text.into_boxed_str(),
            spans,
            definitions,
        }
    }

    /// Reads an outline, packed or as it was kept before outlines were packed.
    ///
    /// # Errors
    /// When the bytes are not one: offsets outside of the tables are found here, so that the
    /// accessors need not fail.
    pub fn decode(bytes: &[u8]) -> Result<Self, OutlineDamaged> {
        let unpacked;
        let bytes = if bytes.starts_with(&ZSTD_MAGIC) {
            unpacked = unpack(bytes, MAX_BYTES).ok_or(OutlineDamaged)?;
            &unpacked
        } else {
            bytes
        };
        let outline: Self = postcard::from_bytes(bytes).map_err(|_| OutlineDamaged)?;
        let fits = |piece: Piece| {
            outline
                .strings
                .get(piece.at as usize..piece.at as usize + usize::from(piece.len))
                .is_some()
        };
        let is_sound = outline
            .definitions
            .iter()
            .all(|d| fits(d.name) && fits(d.container))
            && outline.spans.iter().all(|span| {
                fits(span.breadcrumb)
                    && span.start <= span.end
                    && span.first_symbol as usize + usize::from(span.num_symbols) <= outline.definitions.len()
            });
        is_sound.then_some(outline).ok_or(OutlineDamaged)
    }

    /// The text's language, if known.
    pub fn language(&self) -> Option<Language> {
        Language::from_name(&self.language)
    }

    /// Packs the outline.
    ///
    /// # Errors
    /// For want of memory only.
    pub fn encode(&self) -> std::io::Result<Vec<u8>> {
        let plain = postcard::to_stdvec(self).map_err(std::io::Error::other)?;
        pack(&plain, ZSTD_LEVEL)
    }

    /// Bytes that it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.strings.len() + size_of_val(&*self.spans) + size_of_val(&*self.definitions)
    }

    /// Where in the tree of definitions a chunk lies: `Type > function`.
    pub fn breadcrumb(&self, span: &Span) -> &str {
        self.piece(span.breadcrumb)
    }

    /// The definitions whose names lie in a chunk.
    pub fn definitions(&self, span: &Span) -> &[Definition] {
        let first = span.first_symbol as usize;
        &self.definitions[first..first + usize::from(span.num_symbols)]
    }

    /// Every definition, in the order of their names.
    pub fn all_definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// The innermost definition whose item holds a line.
    pub fn enclosing(&self, line: u32) -> Option<&Definition> {
        self.definitions
            .iter()
            .filter(|definition| (definition.first_line..=definition.last_line).contains(&line))
            .min_by_key(|definition| definition.item_bytes)
    }

    /// A definition's name behind those of what it lies in: `Type > function`.
    pub fn qualified(&self, definition: &Definition) -> String {
        let (container, name) = (self.container(definition), self.name(definition));
        if container.is_empty() {
            name.to_owned()
        } else {
            format!("{container} > {name}")
        }
    }

    /// A definition's name.
    pub fn name(&self, definition: &Definition) -> &str {
        self.piece(definition.name)
    }

    /// What a definition lies in, or nothing.
    pub fn container(&self, definition: &Definition) -> &str {
        self.piece(definition.container)
    }

    /// Definitions in all.
    pub fn num_definitions(&self) -> usize {
        self.definitions.len()
    }

    fn piece(&self, piece: Piece) -> &str {
        self.strings
            .get(piece.at as usize..piece.at as usize + usize::from(piece.len))
            .unwrap_or_default()
    }
}

impl Definition {
    /// What is defined.
    pub fn kind(&self) -> SymbolKind {
        kind_from_byte(self.kind)
    }
}

/// A packed outline that is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored outline cannot be read")]
pub struct OutlineDamaged;

/// A string table that holds equal strings once.
#[derive(Default)]
struct Strings {
    text: String,
    known: std::collections::HashMap<String, Piece>,
}

impl Strings {
    fn add(&mut self, string: &str) -> Piece {
        if string.is_empty() {
            return Piece { at: 0, len: 0 };
        }
        // A name longer than this is not one that people search for; it is cut at a character.
        let mut end = string.len().min(512);
        while !string.is_char_boundary(end) {
            end -= 1;
        }
        let string = &string[..end];
        if let Some(piece) = self.known.get(string) {
            return *piece;
        }
        let piece = Piece {
            at: self.text.len() as u32,
            len: string.len() as u16,
        };
        self.text.push_str(string);
        self.known.insert(string.to_owned(), piece);
        piece
    }
}

fn kind_to_byte(kind: SymbolKind) -> u8 {
    SymbolKind::ALL
        .iter()
        .position(|known| *known == kind)
        .unwrap_or(0) as u8
}

fn kind_from_byte(byte: u8) -> SymbolKind {
    SymbolKind::ALL
        .get(usize::from(byte))
        .copied()
        .unwrap_or(SymbolKind::ALL[0])
}
