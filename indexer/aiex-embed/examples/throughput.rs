//! How many chunks a second the built-in model embeds on one core: `throughput <folder>`.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use aiex_embed::Embedder;
use aiex_embed::static_model::StaticModel;

/// What a chunk of the index holds on average.
const CHUNK: usize = 650;
/// Enough for a stable figure, and still in memory.
const MAX_BYTES: usize = 256 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: throughput <folder>")?;
    let mut texts = Vec::new();
    collect(Path::new(&folder), &mut texts, &mut 0)?;
    let chunks: Vec<&str> = texts.iter().flat_map(|text| chunks(text)).collect();
    let bytes: usize = chunks.iter().map(|chunk| chunk.len()).sum();
    let loading = Instant::now();
    let model = StaticModel::built_in()?;
    let loaded = loading.elapsed();
    let mut vectors = Vec::new();
    let embedding = Instant::now();
    for batch in chunks.chunks(model.max_batch()) {
        vectors.clear();
        model.embed_documents(batch, &mut vectors)?;
    }
    let seconds = embedding.elapsed().as_secs_f64();
    writeln!(
        std::io::stdout(),
        "{}: loaded in {loaded:.1?}; {} chunks, {:.1} MB in {seconds:.2} s: {:.0} chunks/s, {:.1} MB/s",
        model.id(),
        chunks.len(),
        bytes as f64 / 1e6,
        chunks.len() as f64 / seconds,
        bytes as f64 / 1e6 / seconds,
    )?;
    Ok(())
}

fn collect(folder: &Path, texts: &mut Vec<String>, bytes: &mut usize) -> Result<(), Box<dyn Error>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if *bytes > MAX_BYTES {
            break;
        } else if path.is_dir() && !path.is_symlink() {
            collect(&path, texts, bytes)?;
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            *bytes += text.len();
            texts.push(text);
        }
    }
    Ok(())
}

/// Pieces of about [`CHUNK`] bytes that end at a character.
fn chunks(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = (CHUNK.min(rest.len())..=rest.len()).find(|&at| rest.is_char_boundary(at));
        let (chunk, tail) = rest.split_at(end.unwrap_or(rest.len()));
        rest = tail;
        (!chunk.is_empty()).then_some(chunk)
    })
}
