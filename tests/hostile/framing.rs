//! Lengths, sizes and depths that no honest message has.

use super::ber::{self, tag};
use super::case::{Case, Ending, run, says};
use super::server::{Point, USER_DN, alice, honest_answer};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The largest message that is read, with its header.
const LARGEST_MESSAGE: usize = 256 * KIB;

/// Where a message is looked at: one point of each operation, before and after the password.
const POINTS: [Point; 4] = [
    Point::ServiceBind,
    Point::Search,
    Point::UserBind,
    Point::Compare,
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

/// An entry whose whole message has this size.
fn entry_of_size(id: i64, size: usize) -> Vec<u8> {
    let message = |count: usize| {
        let photo = "a".repeat(count);
        ber::message(
            id,
            ber::entry(USER_DN, &[("uid", &["alice"]), ("photo", &[&photo])]),
        )
    };
    let overhead = message(size).len() - size;
    message(size - overhead)
}

#[test]
fn too_large_an_answer_is_unavailable_and_takes_no_memory() {
    let at = Point::Search;
    let largest = &["too_large", "protocol"];
    let mut cases = vec![
        Case::unavailable_after("a message of 256 KiB + 1", at, TOO_LARGE, |request| {
            // Its content alone is above the bound, whichever of the two is counted.
            entry_of_size(request.id, LARGEST_MESSAGE + 6)
        }),
        Case::unavailable_after("a value of 64 MiB", at, TOO_LARGE, |request| {
            entry_of_size(request.id, 64 * MIB)
        }),
        Case::unavailable_after("a million tiny values", at, TOO_LARGE, |request| {
            let values = [tag::OCTETS, 1, b'a'].repeat(1_000_000);
            let uid = ber::of(
                tag::SEQUENCE,
                &[ber::octets("uid"), ber::tlv(tag::SET, &values)],
            );
            let list = ber::tlv(tag::SEQUENCE, &uid);
            ber::message(
                request.id,
                ber::of(tag::SEARCH_ENTRY, &[ber::octets(USER_DN), list]),
            )
        }),
        Case::unavailable("entries for ever", at, largest, |wire, request| {
            let mut number = 0;
            let mut more = true;
            while more {
                number += 1;
                let dn = format!("uid=u{number},{USER_DN}");
                more = wire.send(&ber::message(
                    request.id,
                    ber::entry(dn, &[("uid", &["alice"])]),
                ));
            }
        }),
        Case::unavailable(
            "100,000 entries, then done",
            at,
            largest,
            |wire, request| {
                let entry = ber::message(request.id, alice());
                wire.send(&entry.repeat(100_000));
                wire.send(&ber::message(request.id, ber::result(tag::SEARCH_DONE, 0)));
            },
        ),
        Case::unavailable("large entries for ever", at, largest, |wire, request| {
            wire.flood(&entry_of_size(request.id, 200 * KIB));
        }),
        Case::unavailable(
            "references for ever",
            at,
            &["too_large", "protocol"],
            |wire, request| {
                let reference = ber::of(tag::SEARCH_REFERENCE, &[ber::octets(wire.other_uri())]);
                wire.flood(&ber::message(request.id, reference).repeat(1000));
            },
        ),
    ];
    for at in POINTS {
        cases.push(Case::unavailable_after(
            "a result of 64 MiB",
            at,
            TOO_LARGE,
            |request| {
                let text = ber::octets("a".repeat(64 * MIB));
                let code = ber::number(tag::ENUMERATED, 0);
                let result = ber::result_of(request.reply_tag(), code, ber::octets(""), text);
                ber::message(request.id, result)
            },
        ));
        cases.push(Case::unavailable(
            "the answer for ever",
            at,
            largest,
            |wire, request| {
                wire.flood(&honest_answer(request).repeat(1000));
            },
        ));
    }
    run(&cases);
}

#[test]
fn what_is_large_but_within_bounds_takes_little_memory() {
    let at = Point::Search;
    let either = &[Ending::Granted, Ending::Unavailable];
    let done = |id| ber::message(id, ber::result(tag::SEARCH_DONE, 0));
    run(&[
        Case::ends(
            "an entry of 200 KiB",
            at,
            &[Ending::Granted],
            says(move |request| [entry_of_size(request.id, 200 * KIB), done(request.id)].concat()),
        ),
        Case::ends(
            "60,000 tiny values",
            at,
            either,
            says(move |request| {
                let values: Vec<_> = (0..60_000_u16)
                    .map(|i| ber::octets(i.to_be_bytes()))
                    .collect();
                let values = ber::of(tag::SET, &[values.concat(), ber::octets("alice")]);
                let list = ber::of(tag::SEQUENCE, &[ber::octets("uid"), values]);
                let list = ber::tlv(tag::SEQUENCE, &list);
                let entry = ber::of(tag::SEARCH_ENTRY, &[ber::octets(USER_DN), list]);
                [ber::message(request.id, entry), done(request.id)].concat()
            }),
        ),
        Case::ends(
            "20,000 attributes",
            at,
            either,
            says(move |request| {
                let one = ber::of(tag::SEQUENCE, &[ber::octets("a"), ber::of(tag::SET, &[])]);
                let uid = ber::of(tag::SET, &[ber::octets("alice")]);
                let uid = ber::of(tag::SEQUENCE, &[ber::octets("uid"), uid]);
                let list = ber::of(tag::SEQUENCE, &[one.repeat(20_000), uid]);
                let entry = ber::of(tag::SEARCH_ENTRY, &[ber::octets(USER_DN), list]);
                [ber::message(request.id, entry), done(request.id)].concat()
            }),
        ),
        Case::ends(
            "80,000 empty elements in a control",
            at,
            either,
            says(move |request| {
                let controls = ber::tlv(tag::CONTROLS, &[tag::SEQUENCE, 0].repeat(80_000));
                let entry = ber::message_with(request.id, alice(), controls);
                [entry, done(request.id)].concat()
            }),
        ),
    ]);
}

/// Small, but more than twice what threads of embedded hosts have.
const SMALL_STACK: usize = 128 * KIB;

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
            Point::Compare,
            deep,
            move |request| {
                let result = ber::result(tag::COMPARE_RESPONSE, 6);
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
        let code = if at == Point::Compare { 6 } else { 0 };
        cases.push(Case::ends(
            "lengths of 0x84",
            at,
            &[Ending::Granted],
            says(move |request| {
                let id = ber::number(tag::INTEGER, request.id);
                let result = ber::result(request.reply_tag(), code);
                let result = long(request.reply_tag(), &result[2..]);
                let answer = long(tag::SEQUENCE, &[id.clone(), result].concat());
                if at != Point::Search {
                    return answer;
                }
                let (_, content, _) = (tag::SEARCH_ENTRY, &alice()[2..], ());
                let entry = long(tag::SEARCH_ENTRY, content);
                [long(tag::SEQUENCE, &[id, entry].concat()), answer].concat()
            }),
        ));
    }
    run(&cases);
}
