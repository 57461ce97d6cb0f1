//! Servers that cannot be used, and those that do not let lookups in.

use pam_rsldap::config::{BindIdentity, Scheme, ServerUri};
use pam_rsldap::directory::{Cause, DirectoryError};

use super::finding::{Finding, Severity};
use crate::connection::Connection;

/// A server, or the domain that should name it, cannot be used.
pub fn down(server: &str, error: &DirectoryError, shown: Option<&Connection>) -> Finding {
    let text = error.to_string();
    let problem = text.strip_prefix(&format!("{server}: ")).unwrap_or(&text);
    // What rustls says tells something else only of names.
    let problem = match problem.split_once(" (TLS: ") {
        Some((problem, rest)) if !rest.contains("not valid for name") => problem,
        _ => problem,
    };
    let (problem, better_fix) = match problem.split_once("; make ") {
        Some((problem, rest)) => (problem, Some(format!("make {rest}"))),
        None => (problem, None),
    };
    let what = format!("{server}: {problem}");
    let cause = match error {
        DirectoryError::Unavailable(trouble) => trouble.cause,
        DirectoryError::Config(problem) => {
            let (_, fix) = problem.rsplit_once("; ").unwrap_or_default();
            return Finding::new(Severity::Error, "configuration", what)
                .why("every login that comes to this server ends as config_error")
                .fix(fix);
        }
    };
    let fix = match ServerUri::parse(server) {
        Ok(uri) => fix(cause, uri.scheme(), shown),
        Err(_) => "correct server.srv_domain, its records or the resolver (/etc/resolv.conf), or write server.uris".to_owned(),
    };
    let (id, why) = match cause {
        Cause::TlsExpired
        | Cause::TlsName
        | Cause::TlsUntrusted
        | Cause::TlsProtocol
        | Cause::StarttlsRefused => (
            "server_untrusted",
            "no password is sent to a server that does not prove who it is",
        ),
        _ => (
            "server_down",
            "logins wait for it before they go on to the next, and end as unavailable where there is none",
        ),
    };
    Finding::new(Severity::Error, id, what)
        .why(why)
        .fix(better_fix.unwrap_or(fix))
}

fn fix(cause: Cause, scheme: Scheme, shown: Option<&Connection>) -> String {
    let fix = match (cause, scheme) {
        (Cause::Refused, Scheme::Ldapi) => "start it, or correct the path in server.uris",
        (Cause::Refused, _) => "start it, or correct host and port in server.uris",
        (Cause::Unreachable | Cause::ConnectTimeout, _) => {
            "correct the host in server.uris, or open the way to it: routes, firewalls"
        }
        (Cause::Dns | Cause::DnsTimeout, _) => {
            "correct the host in server.uris, or the resolver (/etc/resolv.conf)"
        }
        (Cause::TlsExpired, _) => "renew it on the server, or set the clock of this host",
        (Cause::TlsName, _) => {
            "write a name into server.uris that the certificate is for, or get one for this name (subjectAltName)"
        }
        (Cause::TlsUntrusted, _) => return trust(shown),
        (Cause::TlsProtocol, _) => {
            "correct the port in server.uris; if it is the right one, openssl s_client -connect HOST:PORT says what the server speaks: TLS 1.2 is the least"
        }
        (Cause::StarttlsRefused, _) => {
            "switch TLS on at the server, or write ldaps:// and take start_tls out"
        }
        (Cause::Timeout | Cause::Closed, Scheme::Ldaps) => {
            "correct the port in server.uris if no TLS is spoken there (start_tls = true is for ldap://), or look at the server's log"
        }
        (Cause::Timeout | Cause::Closed, Scheme::Ldap) => {
            "write ldaps:// if TLS is spoken on this port, or look at the server's log"
        }
        (Cause::Protocol | Cause::TooLarge | Cause::TooDeep, _) => {
            "correct the port in server.uris if what is there is no LDAP server, or look at the server's log"
        }
        (Cause::Referral, _) => "name the server in server.uris that it refers to",
        (Cause::Host, _) => "look at the limits of this process (ulimit -a), and run this again",
        (Cause::Timeout | Cause::Closed | Cause::Busy, _) => "look at the server's load and log",
    };
    fix.to_owned()
}

/// The last certificate that the server sends says whose is missing.
fn trust(shown: Option<&Connection>) -> String {
    let tls = shown.and_then(|connection| connection.tls.as_ref());
    let issuer = tls.map_or("the authority that signed the server's", |tls| {
        tls.chain.last().map_or(&tls.issuer, |end| &end.issuer)
    });
    format!(
        "set tls.ca_file to the certificate of {issuer}, or let the server send it too if another authority signed it"
    )
}

/// A service account that is refused.
pub fn refused(who: &BindIdentity, server: &str, problem: &str) -> Finding {
    let (who, prefix, mut fix) = match who {
        BindIdentity::Anonymous => (
            "an anonymous bind".to_owned(),
            "anonymous bind: ",
            "give [bind] a dn and a password_file".to_owned(),
        ),
        BindIdentity::Simple(dn, _) => (
            format!("the bind as {dn}"),
            "service account's bind: ",
            format!(
                "correct bind.dn or the password; ldapwhoami -x -W -H {server} -D \"{dn}\" asks for one and tries both"
            ),
        ),
        BindIdentity::External => (
            "SASL EXTERNAL".to_owned(),
            "SASL EXTERNAL bind: ",
            "correct tls.client_certificate, or the server's mapping of it".to_owned(),
        ),
    };
    let problem = problem.strip_prefix(prefix).unwrap_or(problem);
    if problem.starts_with("confidentialityRequired") {
        fix = "write ldaps://, or start_tls = true".to_owned();
    }
    let what = format!("{who} is refused: {problem}");
    Finding::new(Severity::Error, "bind_refused", what)
        .why("nobody can be looked up, so every login ends as config_error")
        .fix(fix)
}
