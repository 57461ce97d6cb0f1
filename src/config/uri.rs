//! Where a server listens: `ldaps://HOST`, `ldap://HOST:PORT` (RFC 4516), `ldapi://SOCKET`.

use std::ffi::OsStr;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use url::{Host, ParseError, Url};

/// Where slapd's socket is when the URI names none: Debian's place.
const DEFAULT_SOCKET: &str = "/var/run/slapd/ldapi";

/// The longest path that fits into a `sockaddr_un` (unix(7)).
const MAX_SOCKET_PATH: usize = 107;

/// The kind of connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// TCP, unencrypted until StartTLS.
    Ldap,
    /// TLS from the first byte.
    Ldaps,
    /// A Unix socket.
    Ldapi,
}

impl Scheme {
    /// The scheme as it is written in front of `://`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Ldap => "ldap",
            Scheme::Ldaps => "ldaps",
            Scheme::Ldapi => "ldapi",
        }
    }
}

/// The place of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUri {
    scheme: Scheme,
    endpoint: Endpoint,
}

/// What to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A TCP port.
    Host {
        /// The host's name or address, in lower case and without brackets.
        name: String,
        /// The same as an address, if it is one.
        address: Option<IpAddr>,
        /// The port.
        port: u16,
    },
    /// A Unix socket.
    Socket(PathBuf),
}

/// Why a text is no URI of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadUri(String);

impl fmt::Display for BadUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ServerUri {
    /// Takes the text of a URI.
    ///
    /// # Errors
    /// Another scheme, no host or an impossible one, and whatever a URI may carry beyond host and
    /// port: it would have no effect here.
    pub fn parse(text: &str) -> Result<Self, BadUri> {
        let bad = |problem: &str| Err(BadUri(problem.to_owned()));
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return bad("a URI has no white space; write one string for each server");
        }
        let url = Url::parse(text).map_err(explain)?;
        let scheme = match url.scheme() {
            "ldap" => Scheme::Ldap,
            "ldaps" => Scheme::Ldaps,
            "ldapi" => Scheme::Ldapi,
            _ => return bad("unknown scheme; write ldaps://HOST, ldap://HOST or ldapi://SOCKET"),
        };
        if !text.contains("://") {
            return bad("\"//\" is missing; write ldaps://HOST");
        }
        if text.contains('@') {
            return bad("no user and no password here; they belong in [bind]");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return bad(
                "nothing may follow the host and port; base, scope and filter belong in user.search",
            );
        }
        if !matches!(url.path(), "" | "/") {
            return bad(match scheme {
                Scheme::Ldapi => {
                    "the socket's path is percent-encoded; write ldapi://%2Frun%2Fslapd%2Fldapi"
                }
                _ => "nothing may follow the host and port; the base belongs in user.search",
            });
        }
        let endpoint = match scheme {
            Scheme::Ldap => host_and_port(&url, 389),
            Scheme::Ldaps => host_and_port(&url, 636),
            Scheme::Ldapi => socket(&url),
        }?;
        Ok(ServerUri { scheme, endpoint })
    }

    /// The kind of connection.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// What to connect to.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Nothing that is sent there leaves this machine: a socket, a loopback address, `localhost`.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match &self.endpoint {
            Endpoint::Host {
                address: Some(address),
                ..
            } => address.to_canonical().is_loopback(),
            Endpoint::Host { name, .. } => name == "localhost",
            Endpoint::Socket(_) => true,
        }
    }
}

impl fmt::Display for ServerUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.name())?;
        match &self.endpoint {
            Endpoint::Host {
                name,
                address,
                port,
            } => {
                match address {
                    Some(IpAddr::V6(address)) => write!(f, "[{address}]")?,
                    _ => f.write_str(name)?,
                }
                match (self.scheme, port) {
                    (Scheme::Ldap, 389) | (Scheme::Ldaps, 636) => Ok(()),
                    _ => write!(f, ":{port}"),
                }
            }
            Endpoint::Socket(path) => path.as_os_str().as_bytes().iter().try_for_each(|byte| {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
                    write!(f, "{}", char::from(*byte))
                } else {
                    write!(f, "%{byte:02X}")
                }
            }),
        }
    }
}

/// Letters, digits, `-` and `_` in labels of 1 to 63 (RFC 1123 §2.1; `_` is common in practice).
/// The last label is no number, or the name would be a broken IPv4 address.
pub(super) fn is_host_name(name: &str) -> bool {
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253 && name.split('.').all(fits) && !last.bytes().all(|b| b.is_ascii_digit())
}

fn explain(error: ParseError) -> BadUri {
    BadUri(match error {
        ParseError::RelativeUrlWithoutBase => "the scheme is missing; write ldaps://HOST".into(),
        ParseError::InvalidPort => {
            "the port is no number up to 65535; write an IPv6 address in brackets".into()
        }
        ParseError::InvalidIpv6Address => "no IPv6 address; write ldaps://[2001:db8::1]".into(),
        other => format!("{other}; write ldaps://HOST"),
    })
}

fn host_and_port(url: &Url, default_port: u16) -> Result<Endpoint, BadUri> {
    let port = url.port().unwrap_or(default_port);
    if port == 0 {
        return Err(BadUri("nothing listens on port 0; leave it out".into()));
    }
    let (name, address) = match url.host() {
        Some(Host::Ipv6(address)) => (address.to_string(), Some(IpAddr::V6(address))),
        Some(Host::Ipv4(address)) => (address.to_string(), Some(IpAddr::V4(address))),
        Some(Host::Domain(name)) if !name.is_empty() => {
            let address = name.parse::<Ipv4Addr>().ok().map(IpAddr::V4);
            if address.is_none() && !is_host_name(name) {
                return Err(BadUri(
                    "no host name; use letters, digits, \"-\" and \".\" (xn--… for others)".into(),
                ));
            }
            (name.to_ascii_lowercase(), address)
        }
        _ => return Err(BadUri("the host is missing; write ldaps://HOST".into())),
    };
    Ok(Endpoint::Host {
        name,
        address,
        port,
    })
}

fn socket(url: &Url) -> Result<Endpoint, BadUri> {
    if url.port().is_some() {
        return Err(BadUri("a socket has no port; leave it out".into()));
    }
    let path = match url.host_str() {
        None | Some("") => DEFAULT_SOCKET.as_bytes().to_vec(),
        Some(encoded) => percent_decoded(encoded)
            .ok_or_else(|| BadUri("\"%\" needs two hexadecimal digits behind it".into()))?,
    };
    if path.first() != Some(&b'/') || path.contains(&0) || path.len() > MAX_SOCKET_PATH {
        return Err(BadUri(
            "no absolute path of at most 107 bytes; write ldapi://%2Frun%2Fslapd%2Fldapi".into(),
        ));
    }
    Ok(Endpoint::Socket(PathBuf::from(OsStr::from_bytes(&path))))
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match *rest {
            [] => return Some(decoded),
            [b'%', high, low, ref after @ ..] => {
                let digit = |d: u8| char::from(d).to_digit(16);
                decoded.push(u8::try_from(digit(high)? << 4 | digit(low)?).ok()?);
                after
            }
            [b'%', ..] => return None,
            [byte, ref after @ ..] => {
                decoded.push(byte);
                after
            }
        };
    }
}
