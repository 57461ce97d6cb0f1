//! StartTLS (RFC 4511 §4.14), on the socket itself: the LDAP library sees the connection only once it is
//! encrypted. Until then nothing but this one request is sent.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::ber;
use super::connect::Trouble;
use super::guard::{Guard, Violation, tag};
use super::quiet::Quiet;
use crate::directory::Cause;
use crate::directory::result_code::{self, Operation, Reading};

/// LDAPMessage 1: an ExtendedRequest for 1.3.6.1.4.1.1466.20037.
const REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Asks for TLS and waits for the answer. Then the handshake may begin.
///
/// # Errors
/// The server refuses or does not answer as RFC 4511 says. Also if it says more than the answer: what
/// somebody puts behind it in clear would otherwise seem to have come through TLS.
pub async fn start_tls(socket: &mut Quiet<TcpStream>) -> Result<(), Trouble> {
    let broken = |error: std::io::Error| Trouble::io(&error);
    let mut guard = Guard::default();
    guard.request(REQUEST).map_err(Trouble::from)?;
    socket.write_all(REQUEST).await.map_err(broken)?;
    let mut buffer = vec![0; 4096];
    let answer = loop {
        let length = socket.read(&mut buffer).await.map_err(broken)?;
        let bytes = buffer.get(..length).filter(|bytes| !bytes.is_empty());
        let bytes = bytes.ok_or_else(|| {
            Trouble::new(
                Cause::Closed,
                "the server closed the connection in answer to StartTLS",
            )
        })?;
        let answer = guard.response(bytes).map_err(Trouble::from)?;
        if !answer.is_empty() {
            break answer;
        }
    };
    if !guard.is_between_messages() {
        return Err(Trouble::new(
            Cause::Protocol,
            "bytes in clear behind the answer to StartTLS: somebody may be in the middle",
        ));
    }
    let (code, text) = verdict(&answer).map_err(Trouble::from)?;
    match result_code::read(Operation::StartTls, code) {
        Reading::Done => Ok(()),
        _ => Err(Trouble::new(
            Cause::StarttlsRefused,
            format!("the server refuses StartTLS: result code {code}, {text}"),
        )),
    }
}

/// The result code and the diagnostic message of an ExtendedResponse.
fn verdict(message: &[u8]) -> Result<(u32, String), Violation> {
    let (content, _) = ber::take(message, tag::SEQUENCE)?;
    let (_id, operation) = ber::take(content, tag::INTEGER)?;
    let (result, _) = ber::take(operation, tag::EXTENDED_RESPONSE)?;
    let (code, rest) = ber::take(result, tag::ENUMERATED)?;
    let (_matched_dn, rest) = ber::take(rest, tag::OCTET_STRING)?;
    let (text, _) = ber::take(rest, tag::OCTET_STRING)?;
    let text = String::from_utf8_lossy(text).into_owned();
    Ok((ber::unsigned(code)?, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_what_rfc_4511_says() {
        let (content, rest) = ber::take(REQUEST, tag::SEQUENCE).unwrap();
        assert!(rest.is_empty());
        let (id, operation) = ber::take(content, tag::INTEGER).unwrap();
        assert_eq!(id, [1]);
        let (request, rest) = ber::take(operation, tag::EXTENDED_REQUEST).unwrap();
        assert!(rest.is_empty());
        // requestName [0]
        let (name, rest) = ber::take(request, 0x80).unwrap();
        assert_eq!((name, rest), (&b"1.3.6.1.4.1.1466.20037"[..], &b""[..]));
    }

    #[test]
    fn the_verdict_is_code_and_text() {
        let refused = b"\x30\x0e\x02\x01\x01\x78\x09\x0a\x01\x35\x04\x00\x04\x02no";
        assert_eq!(verdict(refused).unwrap(), (53, "no".to_owned()));
    }
}
