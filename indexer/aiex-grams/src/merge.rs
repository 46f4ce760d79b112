//! One segment from several, without the documents that are gone.

use std::collections::HashSet;
use std::vec::IntoIter;

use crate::document::Document;
use crate::error::GramsError;
use crate::folder::Folder;
use crate::gram::Gram;
use crate::segment::Segment;
use crate::writer::Writer;

/// Writes one segment with the documents of `segments` that `keep` says are still wanted, each once. Nothing when there
/// are none. The segments that it is made of are left as they are.
///
/// Memory: the lists of 128 grams of each segment.
///
/// # Errors
/// When a segment is damaged, the folder cannot be written, or `is_cancelled` says so.
pub fn merge(
    folder: &Folder,
    segments: &[&Segment],
    keep: &dyn Fn(&Document) -> bool,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Option<Segment>, GramsError> {
    let mut seen = HashSet::new();
    let mut kept: Vec<(Document, usize, usize)> = Vec::new();
    for (number, segment) in segments.iter().enumerate() {
        for (place, document) in segment.documents().iter().enumerate() {
            if keep(document) && seen.insert(*document) {
                kept.push((*document, number, place));
            }
        }
    }
    drop(seen);
    if kept.is_empty() {
        return Ok(None);
    }
    kept.sort_by_key(|(document, ..)| document.id);
    let mut inputs: Vec<Input<'_>> = segments.iter().copied().map(Input::new).collect();
    for ((_, number, place), new) in kept.iter().zip(0..) {
        inputs[*number].places[*place] = Some(new);
    }
    let documents = kept.into_iter().map(|(document, ..)| document).collect();
    let mut writer = Writer::create(folder, documents)?;
    let mut places = Vec::new();
    for number in 0_u64.. {
        if number.is_multiple_of(1024) && is_cancelled() {
            return Err(GramsError::Cancelled);
        }
        let mut least: Option<Gram> = None;
        for input in &mut inputs {
            least = match (least, input.gram()?) {
                (Some(least), Some(gram)) => Some(least.min(gram)),
                (least, gram) => least.or(gram),
            };
        }
        let Some(gram) = least else { break };
        places.clear();
        for input in &mut inputs {
            input.take(gram, &mut places);
        }
        if !places.is_empty() {
            places.sort_unstable();
            writer.add(gram, &places)?;
        }
    }
    writer.finish(folder).map(Some)
}

/// A segment that is read from its first gram to its last.
struct Input<'a> {
    segment: &'a Segment,
    /// Where each document stands in the new segment, if it does.
    places: Vec<Option<u32>>,
    next_block: usize,
    lists: IntoIter<(Gram, Vec<u32>)>,
    next: Option<(Gram, Vec<u32>)>,
}

impl<'a> Input<'a> {
    fn new(segment: &'a Segment) -> Self {
        Self {
            segment,
            places: vec![None; segment.documents().len()],
            next_block: 0,
            lists: Vec::new().into_iter(),
            next: None,
        }
    }

    /// The gram that comes next.
    fn gram(&mut self) -> Result<Option<Gram>, GramsError> {
        while self.next.is_none() {
            self.next = self.lists.next();
            if self.next.is_none() {
                if self.next_block == self.segment.num_blocks() {
                    return Ok(None);
                }
                self.lists = self.segment.lists(self.next_block)?.into_iter();
                self.next_block += 1;
            }
        }
        Ok(self.next.as_ref().map(|(gram, _)| *gram))
    }

    /// Adds the documents of `gram`, if it comes next, and goes on behind it.
    fn take(&mut self, gram: Gram, places: &mut Vec<u32>) {
        if let Some((_, list)) = self.next.take_if(|(next, _)| *next == gram) {
            places.extend(list.iter().filter_map(|place| self.places[*place as usize]));
        }
    }
}
