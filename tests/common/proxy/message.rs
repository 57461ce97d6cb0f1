//! As much of LDAP messages (RFC 4511 §4.1.1) as the proxy has to know.

/// Cuts a stream into messages. What does not begin like one, TLS for instance, is left whole.
#[derive(Default)]
pub struct Messages(Vec<u8>);

impl Messages {
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next whole message.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        if self.0.first().is_some_and(|first| *first != 0x30) {
            return Some(std::mem::take(&mut self.0));
        }
        let (_, _, rest) = element(&self.0)?;
        let length = self.0.len() - rest.len();
        Some(self.0.drain(..length).collect())
    }
}

/// What a message is.
#[derive(Debug, PartialEq, Eq)]
pub enum Operation {
    BindRequest { dn: String },
    BindResponse { code: u8 },
    Other { tag: u8 },
}

/// The id and the operation of a message, or `None` where it is no LDAP.
pub fn read(message: &[u8]) -> Option<(Vec<u8>, Operation)> {
    let (0x30, content, _) = element(message)? else {
        return None;
    };
    let (0x02, id, rest) = element(content)? else {
        return None;
    };
    let (tag, content, _) = element(rest)?;
    let operation = match tag {
        0x60 => {
            let (_, _version, rest) = element(content)?;
            let (_, dn, _) = element(rest)?;
            let dn = String::from_utf8_lossy(dn).into_owned();
            Operation::BindRequest { dn }
        }
        0x61 => {
            let (_, code, _) = element(content)?;
            let code = *code.first()?;
            Operation::BindResponse { code }
        }
        tag => Operation::Other { tag },
    };
    Some((id.to_vec(), operation))
}

/// An answer with this result code to a message, or `None` where it needs none.
pub fn answer(request: &[u8], code: u8) -> Option<Vec<u8>> {
    let (id, operation) = read(request)?;
    let tag = match operation {
        Operation::BindRequest { .. } => 0x61,
        Operation::Other { tag: 0x63 } => 0x65,
        Operation::Other { tag: 0x6e } => 0x6f,
        _ => return None,
    };
    let mut content = vec![0x02, u8::try_from(id.len()).ok()?];
    content.extend(id);
    content.extend([tag, 7, 0x0a, 1, code, 4, 0, 4, 0]);
    let mut message = vec![0x30, u8::try_from(content.len()).ok()?];
    message.extend(content);
    Some(message)
}

/// Tag, content and what follows of the first element, or `None` where it is not whole.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = length
            .iter()
            .fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        (length, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}
