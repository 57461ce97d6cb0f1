//! Results that are not what they seem, and result codes that no login can use.

use super::ber::{self, Request, tag};
use super::case::{Case, Ending, run, says};
use super::server::{ACTIVE_DN, Point, USER_DN, found, honest_answer};

const PROTOCOL: &[&str] = &["protocol"];
const BINDS: [Point; 3] = [Point::ServiceBind, Point::UserBind, Point::Rebind];

/// Result codes that look like 0 to somebody who reads them carelessly.
fn strange_codes() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("0x0100000000 and more", vec![0x0a, 5, 1, 0, 0, 0, 0]),
        (
            "0x0100 and more, 64 bits further",
            vec![0x0a, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        ),
        ("of no octets", vec![0x0a, 0]),
        ("that is negative", vec![0x0a, 1, 0xff]),
        ("that is negative and long", vec![0x0a, 4, 0x80, 0, 0, 0]),
        ("that is an INTEGER", vec![0x02, 1, 0]),
        ("that is a BOOLEAN", vec![0x01, 1, 0]),
        ("that is an OCTET STRING", vec![0x04, 1, 0]),
        ("that is constructed", vec![0x2a, 3, 0x0a, 1, 0]),
        ("that is absent", vec![]),
    ]
}

#[test]
fn a_result_that_is_none_is_unavailable() {
    let mut cases = Vec::new();
    for at in Point::ANSWERED {
        for (name, code) in strange_codes() {
            let name = format!("a result code {name}");
            cases.push(Case::unavailable_after(
                name,
                at,
                PROTOCOL,
                move |request| {
                    let (tag, empty) = (request.reply_tag(), ber::octets(""));
                    let end = ber::result_of(tag, code.clone(), empty.clone(), empty);
                    with_entry(request, end)
                },
            ));
        }
        let code = || ber::number(tag::ENUMERATED, 0);
        let parts = [
            ("no matchedDN and no diagnosticMessage", vec![code()]),
            ("no diagnosticMessage", vec![code(), ber::octets("")]),
            (
                "an INTEGER for matchedDN",
                vec![code(), ber::number(2, 0), ber::octets("")],
            ),
            (
                "an INTEGER for diagnosticMessage",
                vec![code(), ber::octets(""), ber::number(2, 0)],
            ),
            (
                "a matchedDN that is not UTF-8",
                vec![code(), ber::octets(b"dc=\xff"), ber::octets("")],
            ),
            (
                "a diagnosticMessage that is not UTF-8",
                vec![code(), ber::octets(""), ber::octets(b"\xc3")],
            ),
            (
                "the result code at the end",
                vec![ber::octets(""), ber::octets(""), code()],
            ),
        ];
        for (name, parts) in parts {
            let name = format!("a result with {name}");
            cases.push(Case::unavailable_after(
                name,
                at,
                PROTOCOL,
                move |request| with_entry(request, ber::of(request.reply_tag(), &parts)),
            ));
        }
    }
    run(&cases);
}

/// The end of an answer; a search gets its entry before it.
fn with_entry(request: &Request, end: Vec<u8>) -> Vec<u8> {
    let end = ber::message(request.id, end);
    if request.tag == tag::SEARCH_REQUEST {
        return [ber::message(request.id, found(request)), end].concat();
    }
    end
}

/// An otherwise honest answer of this result code.
pub fn with_code(code: i64) -> impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static {
    move |request| with_entry(request, ber::result(request.reply_tag(), code))
}

#[test]
fn a_server_that_is_busy_is_unavailable_even_with_a_partial_answer() {
    let mut cases = Vec::new();
    for at in Point::ANSWERED {
        for code in [51, 52] {
            let name = format!("result code {code}");
            cases.push(Case::unavailable_after(
                name,
                at,
                &["busy"],
                with_code(code),
            ));
        }
    }
    for at in [Point::Search, Point::Gate] {
        for code in [3, 11] {
            let name = format!("result code {code}");
            let causes = &["busy", "too_large", "timeout"];
            cases.push(Case::unavailable_after(name, at, causes, with_code(code)));
        }
    }
    // sizeLimitExceeded for a search that permits two entries: there are more.
    let no = &[Ending::Unavailable, Ending::UnknownUser];
    cases.push(Case::ends(
        "result code 4",
        Point::Search,
        no,
        says(with_code(4)),
    ));
    let no = &[Ending::Unavailable];
    cases.push(Case::ends(
        "result code 4",
        Point::Gate,
        no,
        says(with_code(4)),
    ));
    run(&cases);
}

#[test]
fn an_unknown_result_code_is_no_success() {
    let no = &[Ending::Unavailable, Ending::ConfigError];
    let mut cases = Vec::new();
    for code in [1, 2, 9, 80, 127, 128, 255, 256, 4242, 65536, 0x7fff_ffff] {
        for at in Point::ANSWERED {
            let name = format!("result code {code}");
            // Of the user's bind and of a gate an error is an error of the server.
            let server = matches!(at, Point::UserBind | Point::Gate);
            let endings = if server { &no[..1] } else { no };
            cases.push(Case::ends(name, at, endings, says(with_code(code))));
        }
    }
    for at in BINDS {
        cases.push(Case::ends(
            "saslBindInProgress",
            at,
            no,
            says(with_code(14)),
        ));
        cases.push(Case::ends(
            "compareTrue to a bind",
            at,
            no,
            says(with_code(6)),
        ));
    }
    run(&cases);
}

/// An answer to a gate's question: these operations, then an end of this result code.
fn gate(
    name: &str,
    endings: &[Ending],
    operations: fn(&Request) -> Vec<Vec<u8>>,
    code: i64,
) -> Case {
    let answer = move |request: &Request| {
        let mut operations = operations(request);
        operations.push(ber::result(tag::SEARCH_DONE, code));
        let message = |operation| ber::message(request.id, operation);
        operations
            .into_iter()
            .map(message)
            .collect::<Vec<_>>()
            .concat()
    };
    Case::ends(name, Point::Gate, endings, says(answer))
}

#[test]
fn only_the_group_itself_found_without_error_is_a_membership() {
    let refused = &[Ending::Refused];
    let no = &[Ending::Refused, Ending::Unavailable];
    let nothing = |_: &Request| vec![];
    let group = |request: &Request| vec![found(request)];
    run(&[
        gate("no entry", refused, nothing, 0),
        Case::ends(
            "every group but is_active",
            Point::Gate,
            refused,
            says(|request| {
                if request.dn == ACTIVE_DN {
                    return ber::message(request.id, ber::result(tag::SEARCH_DONE, 0));
                }
                honest_answer(request)
            }),
        ),
        gate("another entry", no, |_| vec![ber::entry(USER_DN, &[])], 0),
        gate(
            "an entry without a DN",
            no,
            |_| vec![ber::entry("", &[])],
            0,
        ),
        gate("a DN that is none", no, |_| vec![ber::entry("x", &[])], 0),
        gate("noSuchObject", no, nothing, 32),
        gate("the group, then noSuchObject", no, group, 32),
        gate("insufficientAccessRights", no, nothing, 50),
        gate("the group, then insufficientAccessRights", no, group, 50),
        gate("the group, then invalidCredentials", no, group, 49),
        gate("the group, then compareTrue", no, group, 6),
        gate("the group, then compareFalse", no, group, 5),
        gate("the group, then unwillingToPerform", no, group, 53),
    ]);
}
