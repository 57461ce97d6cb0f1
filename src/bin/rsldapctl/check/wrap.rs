//! Lines that are no longer than the terminal is wide, broken between words.

/// Narrower terminals break lines where they will.
const LEAST: usize = 40;

/// A text that begins behind `used` columns, and goes on below itself `indent` columns in. Without a
/// terminal it stays one line, for grep(1) and mail.
pub fn wrap(text: &str, used: usize, indent: usize, columns: Option<usize>) -> String {
    let Some(columns) = columns.filter(|columns| *columns >= LEAST) else {
        return text.to_owned();
    };
    let mut wrapped = String::new();
    let mut at = used;
    for word in text.split(' ') {
        let width = word.chars().count();
        if !wrapped.is_empty() {
            if at + 1 + width > columns {
                wrapped.push('\n');
                wrapped.push_str(&" ".repeat(indent));
                at = indent;
            } else {
                wrapped.push(' ');
                at += 1;
            }
        }
        wrapped.push_str(word);
        at += width;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_only_where_the_terminal_ends() {
        let text = "one two three four five six seven";
        assert_eq!(wrap(text, 30, 2, None), text);
        assert_eq!(wrap(text, 0, 2, Some(33)), text);
        let wrapped = wrap(text, 30, 2, Some(40));
        assert_eq!(wrapped, "one two\n  three four five six seven");
        let long = "x".repeat(50);
        assert_eq!(wrap(&long, 2, 2, Some(40)), long);
    }
}
