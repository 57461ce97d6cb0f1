//! Lengths and depths that no honest message has.

use super::ber::{self, tag};
use super::case::{Case, Ending, run, says};
use super::server::{Point, USER_DN, found};

const KIB: usize = 1024;

/// The largest message that is read, with its header.
pub const LARGEST_MESSAGE: usize = 256 * KIB;

/// Where a message is looked at: one point of each operation, before and after the password.
pub const POINTS: [Point; 4] = [
    Point::ServiceBind,
    Point::Search,
    Point::UserBind,
    Point::Gate,
];

/// What a length is called that cannot be right.
const WILD: &[&str] = &["too_large", "protocol"];

const PROTOCOL: &[&str] = &["protocol"];
const TOO_LARGE: &[&str] = &["too_large"];

#[test]
fn a_wild_length_is_refused_at_its_header() {
    let lengths: [(&str, Vec<u8>); 8] = [
        ("indefinite", vec![0x80]),
        ("0x84 7fffffff", vec![0x84, 0x7f, 0xff, 0xff, 0xff]),
        ("0x84 ffffffff", vec![0x84, 0xff, 0xff, 0xff, 0xff]),
        ("2^63", vec![0x88, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        (
            "2^64 - 1",
            vec![0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
        (
            "2^64, which wraps to 0",
            vec![0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        ),
        ("127 octets of length", [&[0xff][..], &[0x11; 127]].concat()),
        (
            "126 octets of length",
            [&[0xfe][..], &[0; 125], &[12]].concat(),
        ),
    ];
    let mut cases = Vec::new();
    for at in POINTS {
        for (name, length) in lengths.clone() {
            let outer = length.clone();
            let title = format!("length {name}");
            cases.push(Case::unavailable_after(title, at, WILD, move |request| {
                let content = ber::message(request.id, ber::result(request.reply_tag(), 0));
                ber::tlv_of_length(tag::SEQUENCE, &outer, &content[2..])
            }));
            let title = format!("length {name}, of the operation");
            cases.push(Case::unavailable_after(title, at, WILD, move |request| {
                let content = ber::result(request.reply_tag(), 0);
                let inner = ber::tlv_of_length(request.reply_tag(), &length, &content[2..]);
                ber::message(request.id, inner)
            }));
        }
        cases.push(Case::unavailable_after(
            "a header of 256 KiB + 1, alone",
            at,
            TOO_LARGE,
            |_| [&[tag::SEQUENCE][..], &ber::length(LARGEST_MESSAGE + 1)].concat(),
        ));
    }
    run(&cases);
}

/// A small thread's. An honest login needs more than 128 KiB of it while the module is built
/// without optimization, whatever the server sends.
const SMALL_STACK: usize = if cfg!(debug_assertions) { 192 } else { 128 } * KIB;

fn nesting_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let deep = &["too_deep"];
    for levels in [33, 1_000, 50_000] {
        for at in POINTS {
            let title = format!("{levels} levels in place of the operation");
            cases.push(Case::unavailable_after(title, at, deep, move |request| {
                ber::message(request.id, ber::nested(tag::SEQUENCE, levels))
            }));
        }
        let title = format!("{levels} levels among the attributes");
        cases.push(Case::unavailable_after(
            title,
            Point::Search,
            deep,
            move |request| {
                let entry = [ber::octets(USER_DN), ber::nested(tag::SEQUENCE, levels)];
                ber::message(request.id, ber::of(tag::SEARCH_ENTRY, &entry))
            },
        ));
        let title = format!("{levels} levels among the referrals");
        cases.push(Case::unavailable_after(
            title,
            Point::UserBind,
            deep,
            move |request| {
                let code = ber::number(tag::ENUMERATED, 0);
                let parts = [
                    code,
                    ber::octets(""),
                    ber::octets(""),
                    ber::nested(tag::REFERRAL, levels),
                ];
                ber::message(request.id, ber::of(tag::BIND_RESPONSE, &parts))
            },
        ));
        let title = format!("{levels} levels of controls");
        cases.push(Case::unavailable_after(
            title,
            Point::Gate,
            deep,
            move |request| {
                let result = ber::result(tag::SEARCH_DONE, 0);
                ber::message_with(request.id, result, ber::nested(tag::CONTROLS, levels))
            },
        ));
    }
    // Nesting cannot get so deep within 256 KiB: both bounds are broken.
    for at in POINTS {
        let causes = &["too_deep", "too_large"];
        cases.push(Case::unavailable_after(
            "100,000 levels",
            at,
            causes,
            |request| ber::message(request.id, ber::nested(tag::SEQUENCE, 100_000)),
        ));
        cases.push(Case::unavailable_after(
            "100,000 levels and nothing else",
            at,
            causes,
            |_| ber::nested(tag::SEQUENCE, 100_000),
        ));
    }
    cases
}

#[test]
fn deep_nesting_is_unavailable() {
    run(&nesting_cases());
}

#[test]
fn deep_nesting_is_unavailable_on_a_small_stack() {
    let small = |case: Case| case.on_a_stack_of(SMALL_STACK);
    run(&nesting_cases().into_iter().map(small).collect::<Vec<_>>());
}

#[test]
fn elements_that_do_not_fit_each_other_are_unavailable() {
    let mut cases = Vec::new();
    for at in POINTS {
        let mut add = |name: &str, bytes: fn(i64, u8) -> Vec<u8>| {
            cases.push(Case::unavailable_after(
                name,
                at,
                PROTOCOL,
                move |request| bytes(request.id, request.reply_tag()),
            ));
        };
        add("an inner element longer than the outer", |id, tag| {
            let inner = ber::result(tag, 0);
            let length = [inner[1] + 5];
            ber::message(id, ber::tlv_of_length(tag, &length, &inner[2..]))
        });
        add("a string longer than its result", |id, tag| {
            let code = ber::number(tag::ENUMERATED, 0);
            ber::message(
                id,
                ber::result_of(tag, code, ber::octets(""), vec![tag::OCTETS, 9]),
            )
        });
        add("bytes behind the operation", |id, tag| {
            ber::message_with(id, ber::result(tag, 0), vec![0; 3])
        });
        add("half a header at the end", |id, tag| {
            ber::message_with(id, ber::result(tag, 0), vec![tag::CONTROLS])
        });
        add("an empty SEQUENCE", |_, _| vec![tag::SEQUENCE, 0]);
        add("a message id alone", |id, _| {
            ber::of(tag::SEQUENCE, &[ber::number(tag::INTEGER, id)])
        });
        add("a SET in place of the SEQUENCE", |id, tag| {
            ber::of(
                tag::SET,
                &[ber::number(tag::INTEGER, id), ber::result(tag, 0)],
            )
        });
        add("a primitive SEQUENCE", |id, tag| {
            let content = [ber::number(tag::INTEGER, id), ber::result(tag, 0)].concat();
            ber::tlv(0x10, &content)
        });
        add("a tag in the long form", |id, tag| {
            let mut operation = ber::result(tag, 0);
            operation.splice(..1, [0x7f, tag & 0x1f]);
            ber::message(id, operation)
        });
        add("a tag of endless octets", |id, _| {
            ber::message(id, [&[0x7f][..], &[0xff; 100]].concat())
        });
        add("an operation without content", |id, tag| {
            ber::message(id, vec![tag, 0])
        });
    }
    run(&cases);
}

#[test]
fn lengths_in_the_long_form_are_read() {
    // Active Directory writes every length of a constructed element in four octets.
    let long = |tag: u8, content: &[u8]| {
        let length = (content.len() as u32).to_be_bytes();
        ber::tlv_of_length(tag, &[&[0x84][..], &length].concat(), content)
    };
    let mut cases = Vec::new();
    for at in Point::ANSWERED {
        cases.push(Case::ends(
            "lengths of 0x84",
            at,
            &[Ending::Granted],
            says(move |request| {
                let id = ber::number(tag::INTEGER, request.id);
                let result = ber::result(request.reply_tag(), 0);
                let result = long(request.reply_tag(), &result[2..]);
                let answer = long(tag::SEQUENCE, &[id.clone(), result].concat());
                if request.tag != tag::SEARCH_REQUEST {
                    return answer;
                }
                let entry = long(tag::SEARCH_ENTRY, &found(request)[2..]);
                [long(tag::SEQUENCE, &[id, entry].concat()), answer].concat()
            }),
        ));
    }
    run(&cases);
}
