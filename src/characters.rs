//! What may not be shown of a text from outside.

/// Control characters, and those that change the direction or the look of what is around them.
#[must_use]
pub fn is_harmful(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// A text that cannot drive a terminal: `?` for each of these.
#[must_use]
pub fn printable(text: &str) -> String {
    let harmless = |c| if is_harmful(c) { '?' } else { c };
    text.chars().map(harmless).collect()
}

/// The beginning of a long text, as [`printable`].
#[must_use]
pub fn excerpt(text: &str) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => printable(text.get(..end).unwrap_or_default()) + "...",
        None => printable(text),
    }
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}
