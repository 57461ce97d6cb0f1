//! From the bytes of a service file to lines and words.

/// The longest piece that fgets(3) gives to libpam before 1.6.0 at once.
const PIECE: usize = 1023;

/// In what libpam puts a line together with those that continue it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffer {
    /// 1,024 bytes, before 1.6.0: what does not fit is another line. Blank lines and comments between
    /// the parts of a line are skipped.
    Fixed,
    /// As much as it takes, since 1.6.0. A blank line or a comment ends what was continued.
    #[allow(dead_code, reason = "for the comparison with libpam")]
    Growing,
}

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
    /// Lines of the file that do not fit into the fixed buffer.
    pub too_long: Vec<usize>,
    /// Lines that end in a backslash with a blank line or a comment behind it, which only the fixed
    /// buffer skips.
    pub loose: Vec<usize>,
    /// The line at which libpam gets no further.
    pub broken: Option<(usize, Broken)>,
}

/// What ends the reading of a file before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A backslash with nothing behind it: libpam gives up on the file.
    Unfinished,
    /// A backslash where the fixed buffer is full: libpam reads nothing, for ever.
    Endless,
}

/// Takes a file apart.
pub fn lines(bytes: &[u8], buffer: Buffer) -> Lines {
    let mut found = Lines::default();
    let mut input = Input {
        rest: bytes,
        number: 1,
        inside: false,
    };
    loop {
        let assembled = match buffer {
            Buffer::Fixed => assemble(&mut input, &mut found),
            Buffer::Growing => assemble_growing(&mut input),
        };
        match assembled {
            Assembled::Line(line) => found.lines.push(line),
            Assembled::End => return found,
            Assembled::Broken(number, how) => {
                found.broken = Some((number, how));
                return found;
            }
        }
    }
}

enum Assembled {
    Line(Logical),
    End,
    Broken(usize, Broken),
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

    /// As getline(3).
    fn line(&mut self) -> Option<&'a [u8]> {
        self.piece(usize::MAX)
    }
}

/// Reads one line, with those that continue it, in a [`Buffer::Fixed`].
fn assemble(input: &mut Input<'_>, found: &mut Lines) -> Assembled {
    let mut text: Vec<u8> = Vec::new();
    let mut begin = None;
    loop {
        let (number, rest) = (input.number, input.inside);
        let first = *begin.get_or_insert((number, rest));
        let room = PIECE - text.len();
        if room == 0 {
            return Assembled::Broken(first.0, Broken::Endless);
        }
        let Some(piece) = input.piece(room) else {
            return if text.is_empty() {
                Assembled::End
            } else {
                Assembled::Broken(first.0, Broken::Unfinished)
            };
        };
        if input.inside && !matches!(input.rest, [] | [b'\n', ..]) {
            note(&mut found.too_long, number);
        }
        let piece = c_string(piece);
        let start = piece.iter().position(|byte| !is_blank(*byte));
        if start.is_none_or(|start| piece[start] == b'#') {
            if text.is_empty() {
                begin = None;
            } else {
                note(&mut found.loose, first.0);
            }
            continue;
        }
        let kept = before_comment(piece);
        match backslash(kept) {
            Some(end) if kept.len() == piece.len() => {
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

/// The same in a [`Buffer::Growing`].
fn assemble_growing(input: &mut Input<'_>) -> Assembled {
    // With what may stand behind a NUL, which is not seen in the end.
    let mut text: Vec<u8> = Vec::new();
    let mut begin = None;
    loop {
        let number = input.number;
        let Some(line) = input.line() else {
            return begin.map_or(Assembled::End, |number| {
                Assembled::Broken(number, Broken::Unfinished)
            });
        };
        let number = *begin.get_or_insert(number);
        let backslash = backslash(line);
        let line = backslash.map_or(line.to_vec(), |end| [&line[..end], b" "].concat());
        let start = line.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
        let part = &line[start.unwrap_or(line.len())..];
        let seen = before_comment(c_string(part));
        let comment = part.get(seen.len()) == Some(&b'#');
        if backslash.is_some() && !comment {
            text.extend_from_slice(part);
            continue;
        }
        if !text.is_empty() || !matches!(seen, [] | [b'\n', ..]) {
            text.extend_from_slice(seen);
        }
        text.truncate(c_string(&text).len());
        if !text.is_empty() {
            let rest = false;
            return Assembled::Line(Logical { number, text, rest });
        }
        begin = None;
    }
}

/// C strings end at a NUL.
fn c_string(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn before_comment(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b'#').next().unwrap_or_default()
}

/// Where the backslash is that ends the line, if one does.
fn backslash(line: &[u8]) -> Option<usize> {
    let end = line.iter().rposition(|byte| !is_blank(*byte))?;
    (line[end] == b'\\').then_some(end)
}

fn note(numbers: &mut Vec<usize>, number: usize) {
    if numbers.last() != Some(&number) {
        numbers.push(number);
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
