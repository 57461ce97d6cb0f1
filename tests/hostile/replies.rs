//! Answers of the wrong kind.

use super::ber::{self, Request, tag};
use super::case::{Case, Ending, run, says};
use super::results::with_code;
use super::server::{Point, found, honest_answer};
use super::wire::Wire;

const PROTOCOL: &[&str] = &["protocol"];

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
        let own: &[u8] = match at {
            // This entry is none, see entries.rs.
            Point::Search | Point::Gate => &[tag::SEARCH_DONE, tag::SEARCH_ENTRY],
            _ => &[tag::BIND_RESPONSE],
        };
        for (name, kind) in KINDS {
            if own.contains(&kind) {
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
    for at in [Point::Search, Point::Gate] {
        for kind in [
            tag::BIND_RESPONSE,
            tag::COMPARE_RESPONSE,
            tag::EXTENDED_RESPONSE,
        ] {
            let name = format!("a right entry, then {kind:#x} for the end");
            cases.push(Case::unavailable_after(
                name,
                at,
                PROTOCOL,
                move |request| {
                    [found(request), ber::result(kind, 0)]
                        .map(|part| ber::message(request.id, part))
                        .concat()
                },
            ));
        }
    }
    run(&cases);
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
    let only_references = |wire: &mut Wire, request: &Request| {
        let id = request.id;
        wire.send(&ber::message(id, reference(wire.other_uri())).repeat(3));
        wire.send(&ber::message(id, ber::result(tag::SEARCH_DONE, 0)));
    };
    for at in [Point::Search, Point::Gate] {
        let name = "references and no entry";
        cases.push(Case::unavailable(name, at, causes, only_references));
        cases.push(Case::ends(
            "references beside the entry",
            at,
            &[Ending::Granted],
            |wire, request| {
                let id = request.id;
                wire.send(&ber::message(id, reference(wire.other_uri())));
                wire.send(&ber::message(id, found(request)));
                wire.send(&ber::message(id, reference("ldap://192.0.2.1/".to_owned())));
                wire.send(&ber::message(id, ber::result(tag::SEARCH_DONE, 0)));
            },
        ));
    }
    run(&cases);
}

/// A SearchResultReference.
fn reference(uri: String) -> Vec<u8> {
    ber::of(tag::SEARCH_REFERENCE, &[ber::octets(uri)])
}

/// What holds for every case is that no password is in the log.
#[test]
fn a_server_that_repeats_a_password_does_not_bring_it_into_the_log() {
    let mut cases = Vec::new();
    for at in [Point::ServiceBind, Point::UserBind, Point::Rebind] {
        let name = "busy, with the password";
        cases.push(Case::unavailable_after(name, at, &["busy"], |request| {
            let text = [b"not \"".as_slice(), &request.password, b"\" now"].concat();
            let code = ber::number(tag::ENUMERATED, 51);
            let parts = (ber::octets(""), ber::octets(text));
            let result = ber::result_of(tag::BIND_RESPONSE, code, parts.0, parts.1);
            ber::message(request.id, result)
        }));
    }
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
