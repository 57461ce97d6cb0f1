//! Message ids and controls: answers to nobody's question, and envelopes that are not right.

use super::ber::{self, Request, tag};
use super::case::{Case, Ending, run, says};
use super::server::{Point, found, honest_answer};

const PROTOCOL: &[&str] = &["protocol"];

/// The points where an answer is an entry and an end.
const SEARCHES: [Point; 2] = [Point::Search, Point::Gate];

/// An honest answer under an id that is encoded as given.
fn under(id: &[u8], request: &Request) -> Vec<u8> {
    let wrap = |operation| ber::of(tag::SEQUENCE, &[id.to_vec(), operation]);
    let end = wrap(ber::result(request.reply_tag(), 0));
    if request.tag == tag::SEARCH_REQUEST {
        return [wrap(found(request)), end].concat();
    }
    end
}

/// An honest answer, the first message of which has these controls.
fn with_controls(request: &Request, controls: Vec<u8>) -> Vec<u8> {
    let end = ber::result(request.reply_tag(), 0);
    if request.tag == tag::SEARCH_REQUEST {
        let entry = ber::message_with(request.id, found(request), controls);
        return [entry, ber::message(request.id, end)].concat();
    }
    ber::message_with(request.id, end, controls)
}

fn notice_of_disconnection() -> Vec<u8> {
    let name = ber::tlv(0x8a, b"1.3.6.1.4.1.1466.20036");
    let parts = [
        ber::number(tag::ENUMERATED, 52),
        ber::octets(""),
        ber::octets("bye"),
        name,
    ];
    ber::message(0, ber::of(tag::EXTENDED_RESPONSE, &parts))
}

#[test]
fn a_message_id_that_is_none_is_unavailable() {
    let ids: [(&str, &[u8]); 8] = [
        ("that is an OCTET STRING", b"\x04\x01\x01"),
        ("that is a BOOLEAN", b"\x01\x01\x01"),
        ("of no octets", b"\x02\x00"),
        ("of -1", b"\x02\x01\xff"),
        ("of five octets", b"\x02\x05\x00\x00\x00\x00\x01"),
        ("of 2^31", b"\x02\x05\x00\x80\x00\x00\x00"),
        ("of 2^32 + 1", b"\x02\x05\x01\x00\x00\x00\x01"),
        (
            "of nine octets",
            b"\x02\x09\x01\x00\x00\x00\x00\x00\x00\x00\x01",
        ),
    ];
    let mut cases = Vec::new();
    for at in Point::ANSWERED {
        for (name, id) in ids {
            let name = format!("a message id {name}");
            cases.push(Case::unavailable_after(
                name,
                at,
                PROTOCOL,
                move |request| under(id, request),
            ));
        }
        // Cut to 32 bits this is the id of the request.
        cases.push(Case::unavailable_after(
            "our id + 2^32",
            at,
            PROTOCOL,
            |request| under(&ber::number(tag::INTEGER, request.id + (1 << 32)), request),
        ));
    }
    run(&cases);
}

#[test]
fn an_answer_to_no_question_is_unavailable() {
    let mut cases = Vec::new();
    for at in Point::ANSWERED {
        cases.push(Case::unavailable_after(
            "an unknown message id",
            at,
            PROTOCOL,
            |request| under(&ber::number(tag::INTEGER, request.id + 1000), request),
        ));
        cases.push(Case::unavailable_after(
            "message id 0",
            at,
            PROTOCOL,
            |request| under(&ber::number(tag::INTEGER, 0), request),
        ));
        let bye = &["closed", "busy", "protocol"];
        cases.push(Case::unavailable_after(
            "a notice of disconnection",
            at,
            bye,
            |_| notice_of_disconnection(),
        ));
        if at != Point::ServiceBind {
            cases.push(Case::unavailable_after(
                "the id of a finished operation",
                at,
                PROTOCOL,
                |request| under(&ber::number(tag::INTEGER, request.id - 1), request),
            ));
        }
    }
    run(&cases);
}

#[test]
fn an_answer_before_its_question_is_unavailable() {
    let mut cases = vec![
        Case::unavailable(
            "bind answers 1 to 20 at once",
            Point::Accept,
            PROTOCOL,
            |wire, _| {
                for id in 1..=20 {
                    wire.send(&ber::message(id, ber::result(tag::BIND_RESPONSE, 0)));
                }
            },
        ),
        Case::unavailable(
            "a bind answer 2 at once",
            Point::Accept,
            PROTOCOL,
            |wire, _| {
                wire.send(&ber::message(2, ber::result(tag::BIND_RESPONSE, 0)));
            },
        ),
    ];
    for at in [Point::ServiceBind, Point::Search, Point::UserBind] {
        for ahead in [2, 3, 7] {
            let name = format!("the answer to the {ahead}th request to come");
            cases.push(Case::unavailable_after(
                name,
                at,
                PROTOCOL,
                move |request| {
                    let early = ber::result(tag::BIND_RESPONSE, 0);
                    [
                        honest_answer(request),
                        ber::message(request.id + ahead, early),
                    ]
                    .concat()
                },
            ));
        }
    }
    run(&cases);
}

#[test]
fn a_second_answer_is_unavailable() {
    let mut cases = Vec::new();
    for at in [
        Point::ServiceBind,
        Point::Search,
        Point::UserBind,
        Point::Rebind,
    ] {
        cases.push(Case::unavailable_after(
            "the answer twice",
            at,
            PROTOCOL,
            |request| honest_answer(request).repeat(2),
        ));
        cases.push(Case::unavailable_after(
            "0xff behind the answer",
            at,
            &["protocol", "too_large"],
            |request| [honest_answer(request), vec![0xff; 64]].concat(),
        ));
    }
    let right_then_wrong = |request: &Request| {
        let results = [0, 49].map(|code| ber::result(tag::BIND_RESPONSE, code));
        results
            .map(|result| ber::message(request.id, result))
            .concat()
    };
    let at = Point::UserBind;
    cases.push(Case::unavailable_after(
        "right, then wrong",
        at,
        PROTOCOL,
        right_then_wrong,
    ));
    // The first answer is a proper one, so it may count; the second never does.
    let no = &[Ending::BadPassword, Ending::Unavailable];
    cases.push(Case::ends(
        "wrong twice",
        at,
        no,
        says(|request| ber::message(request.id, ber::result(tag::BIND_RESPONSE, 49)).repeat(2)),
    ));
    cases.push(Case::ends(
        "wrong, then right",
        at,
        no,
        says(|request| {
            let results = [49, 0].map(|code| ber::result(tag::BIND_RESPONSE, code));
            results
                .map(|result| ber::message(request.id, result))
                .concat()
        }),
    ));
    let no = &[Ending::Refused, Ending::Unavailable];
    cases.push(Case::ends(
        "no member, then a member",
        Point::Gate,
        no,
        says(|request| {
            let end = ber::message(request.id, ber::result(tag::SEARCH_DONE, 0));
            [end, honest_answer(request)].concat()
        }),
    ));
    run(&cases);
}

#[test]
fn broken_controls_are_unavailable() {
    let control = |parts: &[Vec<u8>]| ber::of(tag::CONTROLS, &[ber::of(tag::SEQUENCE, parts)]);
    let oid = || ber::octets("1.2.3.4");
    let boolean = |content: &[u8]| ber::tlv(0x01, content);
    let good = control(&[oid()]);
    let broken = [
        ("an empty BOOLEAN", control(&[oid(), boolean(b"")])),
        (
            "a BOOLEAN of two octets",
            control(&[oid(), boolean(b"\xff\xff")]),
        ),
        (
            "an INTEGER for a control",
            ber::of(tag::CONTROLS, &[ber::number(tag::INTEGER, 1)]),
        ),
        ("no type", control(&[])),
        (
            "a type that is an INTEGER",
            control(&[ber::number(tag::INTEGER, 1)]),
        ),
        (
            "a type that is not UTF-8",
            control(&[ber::octets(b"1.2.\xff")]),
        ),
        (
            "a value that is an INTEGER",
            control(&[oid(), ber::number(tag::INTEGER, 1)]),
        ),
        (
            "a fourth part",
            control(&[oid(), boolean(b"\xff"), ber::octets(""), ber::octets("")]),
        ),
        ("controls twice", good.repeat(2)),
        ("another tag than [0]", ber::tlv(0xa1, &good[2..])),
        ("primitive controls", ber::tlv(0x80, &good[2..])),
        ("half a control", ber::tlv(tag::CONTROLS, b"\x30\x05\x04")),
    ];
    let mut cases = Vec::new();
    for at in Point::ANSWERED {
        for (name, controls) in broken.clone() {
            let name = format!("controls with {name}");
            cases.push(Case::unavailable_after(
                name,
                at,
                PROTOCOL,
                move |request| with_controls(request, controls.clone()),
            ));
        }
    }
    for at in SEARCHES {
        for (name, controls) in broken.clone() {
            let name = format!("controls of the end with {name}");
            cases.push(Case::unavailable_after(
                name,
                at,
                PROTOCOL,
                move |request| {
                    let end = ber::result(tag::SEARCH_DONE, 0);
                    [
                        ber::message(request.id, found(request)),
                        ber::message_with(request.id, end, controls.clone()),
                    ]
                    .concat()
                },
            ));
        }
    }
    run(&cases);
}

#[test]
fn controls_that_nobody_asked_for_are_ignored() {
    let value = || {
        [
            ber::octets("1.2.3.4"),
            ber::tlv(0x01, b"\x00"),
            ber::octets("value"),
        ]
    };
    let case = |at| {
        Case::ends(
            "an unknown control",
            at,
            &[Ending::Granted],
            says(move |request| {
                let controls = ber::of(tag::CONTROLS, &[ber::of(tag::SEQUENCE, &value())]);
                with_controls(request, controls)
            }),
        )
    };
    run(&Point::ANSWERED.map(case));
}
