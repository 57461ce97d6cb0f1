//! From the bytes of a service file to lines and words.

/// The longest piece that fgets(3) gives to libpam before 1.6.1 at once.
const PIECE: usize = 1023;

/// A line as libpam sees it: continued lines are one, comments and blank lines are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logical {
    /// The line of the file on which it begins, from 1.
    pub number: usize,
    pub text: Vec<u8>,
    /// The rest of a line that was too long to be read at once.
    pub rest: bool,
}

/// The lines of a file.
#[derive(Debug, Default)]
pub struct Lines {
    pub lines: Vec<Logical>,
    /// Lines of the file that libpam before 1.6.1 cuts in pieces.
    pub too_long: Vec<usize>,
    /// The line that ends in a backslash with nothing behind it, or is too long once its parts are
    /// joined: libpam gives up on the file there.
    pub broken: Option<usize>,
}

/// Takes a file apart.
pub fn lines(bytes: &[u8]) -> Lines {
    let mut found = Lines::default();
    let mut input = Input {
        rest: bytes,
        number: 1,
        inside: false,
    };
    loop {
        match assemble(&mut input, &mut found.too_long) {
            Assembled::Line(line) => found.lines.push(line),
            Assembled::End => return found,
            Assembled::Broken(number) => {
                found.broken = Some(number);
                return found;
            }
        }
    }
}

enum Assembled {
    Line(Logical),
    End,
    Broken(usize),
}

struct Input<'a> {
    rest: &'a [u8],
    /// The line of the file at which `rest` begins.
    number: usize,
    /// Whether `rest` begins inside of that line.
    inside: bool,
}

impl<'a> Input<'a> {
    /// As fgets(3) with room for so many bytes.
    fn piece(&mut self, room: usize) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let window = &self.rest[..room.min(self.rest.len())];
        let end = window.iter().position(|byte| *byte == b'\n');
        let (piece, rest) = self.rest.split_at(end.map_or(window.len(), |end| end + 1));
        self.rest = rest;
        self.inside = end.is_none();
        self.number += usize::from(end.is_some());
        Some(piece)
    }
}

/// Reads one line, with those that continue it.
fn assemble(input: &mut Input<'_>, too_long: &mut Vec<usize>) -> Assembled {
    let mut text: Vec<u8> = Vec::new();
    let mut begin = None;
    loop {
        let (number, rest) = (input.number, input.inside);
        let first = *begin.get_or_insert((number, rest));
        let room = PIECE.saturating_sub(text.len());
        if room == 0 {
            return Assembled::Broken(first.0);
        }
        let Some(piece) = input.piece(room) else {
            return if text.is_empty() {
                Assembled::End
            } else {
                Assembled::Broken(first.0)
            };
        };
        let cut = input.inside && !matches!(input.rest, [] | [b'\n', ..]);
        if cut && too_long.last() != Some(&number) {
            too_long.push(number);
        }
        // C strings end at a NUL.
        let piece = piece.split(|byte| *byte == 0).next().unwrap_or_default();
        let Some(start) = piece.iter().position(|byte| !is_blank(*byte)) else {
            begin = if text.is_empty() { None } else { begin };
            continue;
        };
        if piece[start] == b'#' {
            begin = if text.is_empty() { None } else { begin };
            continue;
        }
        let comment = piece.iter().position(|byte| *byte == b'#');
        let kept = &piece[..comment.unwrap_or(piece.len())];
        let end = kept.iter().rposition(|byte| !is_blank(*byte));
        match end {
            Some(end) if comment.is_none() && kept[end] == b'\\' => {
                text.extend_from_slice(&kept[..end]);
                text.push(b' ');
            }
            _ => {
                text.extend_from_slice(kept);
                let (number, rest) = first;
                return Assembled::Line(Logical { number, text, rest });
            }
        }
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

/// The words of a line. What stands in brackets is one word, without them; `\]` is a `]` there.
pub struct Words<'a> {
    rest: &'a [u8],
    /// Whether the last word began with a bracket that nothing closes.
    pub unclosed: bool,
}

impl<'a> Words<'a> {
    pub fn of(text: &'a [u8]) -> Words<'a> {
        Words {
            rest: text,
            unclosed: false,
        }
    }
}

impl Iterator for Words<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let start = self.rest.iter().position(|byte| !is_blank(*byte))?;
        let text = &self.rest[start..];
        if text[0] == b'[' {
            return Some(self.bracketed(&text[1..]));
        }
        let end = text.iter().position(|byte| is_blank(*byte));
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        self.rest = rest;
        Some(word.to_vec())
    }
}

impl<'a> Words<'a> {
    fn bracketed(&mut self, mut text: &'a [u8]) -> Vec<u8> {
        let mut word = Vec::new();
        loop {
            match text {
                [] => {
                    self.unclosed = true;
                    break;
                }
                [b']', rest @ ..] => {
                    text = rest;
                    break;
                }
                [b'\\', b']', rest @ ..] => {
                    word.push(b']');
                    text = rest;
                }
                [byte, rest @ ..] => {
                    word.push(*byte);
                    text = rest;
                }
            }
        }
        self.rest = text;
        word
    }
}
