//! Answers of the wrong kind, and results that are not what they seem.

use super::ber::{self, Request, tag};
use super::case::{Case, Ending, run, says};
use super::server::{Point, alice, honest_answer};

const PROTOCOL: &[&str] = &["protocol"];
const BINDS: [Point; 3] = [Point::ServiceBind, Point::UserBind, Point::Rebind];

/// A successful result under each of these tags answers nothing that was asked.
const KINDS: [(&str, u8); 11] = [
    ("a BindResponse", tag::BIND_RESPONSE),
    ("a SearchResultDone", tag::SEARCH_DONE),
    ("a SearchResultEntry", tag::SEARCH_ENTRY),
    ("a ModifyResponse", 0x67),
    ("a CompareResponse", tag::COMPARE_RESPONSE),
    ("an ExtendedResponse", tag::EXTENDED_RESPONSE),
    ("an IntermediateResponse", tag::INTERMEDIATE_RESPONSE),
    ("an unknown operation", 0x7e),
    ("a SEQUENCE", tag::SEQUENCE),
    ("a context tag", 0xa1),
    ("a request", tag::BIND_REQUEST),
];

#[test]
fn an_answer_of_another_kind_is_unavailable() {
    let mut cases = Vec::new();
    for at in Point::ANSWERED {
        let own = match at {
            Point::Search => tag::SEARCH_DONE,
            Point::Compare => tag::COMPARE_RESPONSE,
            _ => tag::BIND_RESPONSE,
        };
        for (name, kind) in KINDS {
            // A search may be answered by an entry; this one is not an entry, see entries.rs.
            if kind == own || (at == Point::Search && kind == tag::SEARCH_ENTRY) {
                continue;
            }
            for code in [0, 6] {
                let name = format!("{name} of result code {code}");
                cases.push(Case::unavailable_after(
                    name,
                    at,
                    PROTOCOL,
                    move |request| ber::message(request.id, ber::result(kind, code)),
                ));
            }
        }
        cases.push(Case::unavailable_after(
            "an OCTET STRING",
            at,
            PROTOCOL,
            |request| ber::message(request.id, ber::octets("success")),
        ));
        cases.push(Case::unavailable_after(
            "its kind, but primitive",
            at,
            PROTOCOL,
            |request| {
                let mut result = ber::result(request.reply_tag(), 0);
                result[0] &= !0x20;
                ber::message(request.id, result)
            },
        ));
    }
    for kind in [
        tag::BIND_RESPONSE,
        tag::COMPARE_RESPONSE,
        tag::EXTENDED_RESPONSE,
    ] {
        let name = format!("a right entry, then {kind:#x} for the end");
        cases.push(Case::unavailable_after(
            name,
            Point::Search,
            PROTOCOL,
            move |request| {
                [alice(), ber::result(kind, 0)]
                    .map(|part| ber::message(request.id, part))
                    .concat()
            },
        ));
    }
    run(&cases);
}

/// Result codes that look like 0 or 6 to somebody who reads them carelessly.
fn strange_codes(code: u8) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("0x0100000000 and more", vec![0x0a, 5, 1, 0, 0, 0, code]),
        (
            "0x0100 and more, 64 bits further",
            vec![0x0a, 9, 1, 0, 0, 0, 0, 0, 0, 0, code],
        ),
        ("of no octets", vec![0x0a, 0]),
        ("that is negative", vec![0x0a, 1, 0xff]),
        ("that is negative and long", vec![0x0a, 4, 0x80, 0, 0, code]),
        ("that is an INTEGER", vec![0x02, 1, code]),
        ("that is a BOOLEAN", vec![0x01, 1, code]),
        ("that is an OCTET STRING", vec![0x04, 1, code]),
        ("that is constructed", vec![0x2a, 3, 0x0a, 1, code]),
        ("that is absent", vec![]),
    ]
}

#[test]
fn a_result_that_is_none_is_unavailable() {
    let mut cases = Vec::new();
    for at in Point::ANSWERED {
        for (name, code) in strange_codes(if at == Point::Compare { 6 } else { 0 }) {
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
        let code = move || ber::number(tag::ENUMERATED, if at == Point::Compare { 6 } else { 0 });
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
        return [ber::message(request.id, alice()), end].concat();
    }
    end
}

fn with_code(code: i64) -> impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static {
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
    for at in [Point::Search, Point::Compare] {
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
        Point::Compare,
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
            let server = matches!(at, Point::UserBind | Point::Compare);
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

#[test]
fn only_compare_true_is_a_membership() {
    let no = &[Ending::Refused, Ending::Unavailable];
    let unavailable = &[Ending::Unavailable];
    run(&[
        Case::ends(
            "compareFalse",
            Point::Compare,
            &[Ending::Refused],
            says(with_code(5)),
        ),
        Case::ends("success", Point::Compare, no, says(with_code(0))),
        Case::ends(
            "a referral",
            Point::Compare,
            unavailable,
            says(with_code(10)),
        ),
        Case::ends(
            "invalidCredentials",
            Point::Compare,
            no,
            says(with_code(49)),
        ),
        Case::ends(
            "insufficientAccessRights",
            Point::Compare,
            no,
            says(with_code(50)),
        ),
        Case::ends("noSuchObject", Point::Compare, no, says(with_code(32))),
        Case::ends(
            "noSuchAttribute",
            Point::Compare,
            &[Ending::Refused],
            says(with_code(16)),
        ),
    ]);
}

#[test]
fn a_referral_is_never_followed() {
    let causes = &["referral"];
    let mut cases = Vec::new();
    for at in Point::ANSWERED {
        cases.push(Case::unavailable(
            "a referral",
            at,
            causes,
            |wire, request| {
                let referral = ber::referral(request.reply_tag(), &wire.other_uri());
                wire.send(&ber::message(request.id, referral));
            },
        ));
        cases.push(Case::unavailable_after(
            "a referral to nowhere",
            at,
            &["referral", "protocol"],
            |request| ber::message(request.id, ber::result(request.reply_tag(), 10)),
        ));
    }
    let reference = |uri: String| ber::of(tag::SEARCH_REFERENCE, &[ber::octets(uri)]);
    let at = Point::Search;
    cases.push(Case::unavailable(
        "references and no entry",
        at,
        causes,
        move |wire, request| {
            let id = request.id;
            wire.send(&ber::message(id, reference(wire.other_uri())).repeat(3));
            wire.send(&ber::message(id, ber::result(tag::SEARCH_DONE, 0)));
        },
    ));
    cases.push(Case::ends(
        "references beside the entry",
        at,
        &[Ending::Granted],
        move |wire, request| {
            let id = request.id;
            wire.send(&ber::message(id, reference(wire.other_uri())));
            wire.send(&ber::message(id, alice()));
            wire.send(&ber::message(id, reference("ldap://192.0.2.1/".to_owned())));
            wire.send(&ber::message(id, ber::result(tag::SEARCH_DONE, 0)));
        },
    ));
    run(&cases);
}

#[test]
fn only_a_proper_49_to_the_user_is_a_bad_password() {
    let at = Point::UserBind;
    let bad = &[Ending::BadPassword];
    let refusal = |request: &Request| ber::message(request.id, ber::result(tag::BIND_RESPONSE, 49));
    let cases = [
        Case::ends("a proper 49", at, bad, says(refusal)),
        Case::ends("49, then closes", at, bad, move |wire, request| {
            wire.send(&refusal(request));
            wire.close();
        }),
        Case::unavailable_after("49 to another request", at, PROTOCOL, |request| {
            ber::message(request.id + 1, ber::result(tag::BIND_RESPONSE, 49))
        }),
        Case::unavailable_after("49 in a SearchResultDone", at, PROTOCOL, |request| {
            ber::message(request.id, ber::result(tag::SEARCH_DONE, 49))
        }),
        Case::unavailable_after("2^32 + 49", at, PROTOCOL, with_code((1 << 32) + 49)),
        Case::unavailable_after("2^8 + 49", at, &["protocol", "busy"], with_code(256 + 49)),
        Case::unavailable_after("49 without a text", at, PROTOCOL, |request| {
            let parts = [ber::number(tag::ENUMERATED, 49), ber::octets("")];
            ber::message(request.id, ber::of(tag::BIND_RESPONSE, &parts))
        }),
        Case::ends(
            "49 to the service account",
            Point::ServiceBind,
            &[Ending::ConfigError],
            says(refusal),
        ),
        Case::ends(
            "49 to the service account's second bind",
            Point::Rebind,
            &[Ending::ConfigError],
            says(refusal),
        ),
        Case::ends(
            "49 to a search",
            Point::Search,
            &[Ending::Unavailable, Ending::ConfigError],
            says(with_code(49)),
        ),
        Case::ends(
            "right in pieces",
            at,
            &[Ending::Granted],
            |wire, request| {
                for piece in honest_answer(request).chunks(3) {
                    wire.send(piece);
                }
            },
        ),
    ];
    run(&cases);
}
