//! The control field of a line: what each return code does to the stack.

use super::code::Code;

/// What a return code does, pam.conf(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Ignore,
    Ok,
    Done,
    Bad,
    Die,
    Reset,
    /// Skip so many lines.
    Jump(u32),
}

const ACTIONS: [(&str, Action); 6] = [
    ("ignore", Action::Ignore),
    ("ok", Action::Ok),
    ("done", Action::Done),
    ("bad", Action::Bad),
    ("die", Action::Die),
    ("reset", Action::Reset),
];

/// An action for each return code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control([Action; Code::COUNT]);

impl Control {
    /// Every return code is a failure; what libpam takes for a control that it cannot read.
    pub fn all_bad() -> Control {
        Control([Action::Bad; Code::COUNT])
    }

    /// The four old words, in any case.
    pub fn keyword(word: &[u8]) -> Option<Control> {
        let (good, ignore, default) = match word.to_ascii_lowercase().as_slice() {
            b"required" => (Action::Ok, Action::Ignore, Action::Bad),
            b"requisite" => (Action::Ok, Action::Ignore, Action::Die),
            b"sufficient" => (Action::Done, Action::Ignore, Action::Ignore),
            b"optional" => (Action::Ok, Action::Ignore, Action::Ignore),
            _ => return None,
        };
        let mut control = Control([default; Code::COUNT]);
        control.set(Code::SUCCESS, good);
        control.set(Code::NEW_AUTHTOK_REQD, good);
        control.set(Code::IGNORE, ignore);
        Some(control)
    }

    /// What stands between brackets: `value=action ...`. A value that is not named gets the first
    /// `default`, or `bad`.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn parse(text: &[u8]) -> Result<Control, String> {
        let mut actions = [None; Code::COUNT];
        let mut rest = skip_space(text);
        while !rest.is_empty() {
            let (value, after) = value(rest)?;
            let after = skip_space(after);
            let Some((b'=', after)) = after.split_first() else {
                return Err(format!("there is no \"=\" after \"{}\"", lossy(value)));
            };
            let (action, after) = action(skip_space(after))?;
            match Code::from_keyword(value) {
                Some(code) => actions[code.number()] = Some(action),
                None => actions
                    .iter_mut()
                    .for_each(|unset| *unset = unset.or(Some(action))),
            }
            rest = skip_space(after);
        }
        Ok(Control(actions.map(|a| a.unwrap_or(Action::Bad))))
    }

    pub fn action(&self, code: Code) -> Action {
        self.0[code.number()]
    }

    fn set(&mut self, code: Code, action: Action) {
        self.0[code.number()] = action;
    }
}

/// A return code's word or `default`. No word is the beginning of another, and libpam does not ask
/// for a blank behind it.
fn value(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    Code::all()
        .map(Code::keyword)
        .chain(["default"])
        .find(|word| text.starts_with(word.as_bytes()))
        .map(|word| text.split_at(word.len()))
        .ok_or_else(|| format!("\"{}\" is no return value", first_word(text)))
}

fn action(text: &[u8]) -> Result<(Action, &[u8]), String> {
    for (word, action) in ACTIONS {
        if let Some(rest) = text.strip_prefix(word.as_bytes()) {
            return Ok((action, rest));
        }
    }
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return Err(format!("\"{}\" is no action", first_word(text)));
    }
    match lossy(digits).parse::<i32>().map(u32::try_from) {
        Ok(Ok(0)) => Err("a jump over 0 lines".to_owned()),
        Ok(Ok(count)) => Ok((Action::Jump(count), rest)),
        _ => Err("a jump over too many lines".to_owned()),
    }
}

/// isspace(3) in the C locale.
fn skip_space(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r');
    let start = text.iter().position(|byte| !blank(byte));
    &text[start.unwrap_or(text.len())..]
}

fn first_word(text: &[u8]) -> String {
    let end = text
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || *byte == b'=');
    lossy(&text[..end.unwrap_or(text.len())])
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
