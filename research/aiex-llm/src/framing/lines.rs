//! Cuts bytes into lines that end in `\n`, `\r\n` or a lone `\r`.

use super::{LONGEST_MESSAGE, TooLong};

/// The line being read.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    line: Vec<u8>,
    /// The last byte was `\r`: a `\n` that follows belongs to it.
    after_return: bool,
    /// A line was delivered already, so a byte-order mark can no longer come.
    begun: bool,
}

impl Lines {
    /// Takes in more bytes and calls `each` with every line that they end, without its end.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(String) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        while !bytes.is_empty() {
            if self.after_return {
                self.after_return = false;
                if bytes[0] == b'\n' {
                    bytes = &bytes[1..];
                    continue;
                }
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &bytes[..end.unwrap_or(bytes.len())];
            if self.line.len() + part.len() > LONGEST_MESSAGE {
                return Err(TooLong);
            }
            self.line.extend_from_slice(part);
            let Some(end) = end else { break };
            self.after_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            let line = self.take();
            each(line)?;
        }
        Ok(())
    }

    /// What follows the last line end, if anything does.
    pub(super) fn finish(&mut self) -> Option<String> {
        if self.line.is_empty() {
            None
        } else {
            Some(self.take())
        }
    }

    /// The line as text. Decoding whole lines is what makes a code point cut in two harmless.
    fn take(&mut self) -> String {
        let mut line = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        if !self.begun && line.starts_with('\u{feff}') {
            line.remove(0);
        }
        self.begun = true;
        line
    }
}
