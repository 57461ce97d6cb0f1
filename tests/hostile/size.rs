//! Answers that are larger than any login needs, and answers that are just not too large.

use super::ber::{self, tag};
use super::case::{Case, Ending, run, says};
use super::framing::{LARGEST_MESSAGE, POINTS};
use super::server::{Point, USER_DN, USERS_DN, alice, honest_answer};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

const TOO_LARGE: &[&str] = &["too_large"];

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

/// The start of a message that ends with 64 MiB of content of its innermost element. Each layer,
/// from the inside out, is a tag and what comes in it before the layer inside.
fn start_of_64_mib(layers: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let wrap = |inside: Vec<u8>, (tag, before): &(u8, Vec<u8>)| {
        let content = [&before[..], &inside].concat();
        [
            &[*tag][..],
            &ber::length(content.len() + 64 * MIB),
            &content,
        ]
        .concat()
    };
    layers.iter().fold(Vec::new(), wrap)
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
        Case::unavailable("a value of 64 MiB", at, TOO_LARGE, |wire, request| {
            let (string, set, sequence) = (tag::OCTETS, tag::SET, tag::SEQUENCE);
            wire.send(&start_of_64_mib(&[
                (string, vec![]),
                (set, vec![]),
                (sequence, ber::octets("photo")),
                (sequence, vec![]),
                (tag::SEARCH_ENTRY, ber::octets(USER_DN)),
                (sequence, ber::number(tag::INTEGER, request.id)),
            ]));
            wire.flood(&[b'a'; 64 * KIB]);
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
            for batch in 0.. {
                let entries = (0..1000).map(|number| {
                    let dn = format!("uid=u{number},ou=b{batch},{USERS_DN}");
                    ber::message(request.id, ber::entry(dn, &[("uid", &["alice"])]))
                });
                if !wire.send(&entries.collect::<Vec<_>>().concat()) {
                    break;
                }
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
        cases.push(Case::unavailable(
            "a result of 64 MiB",
            at,
            TOO_LARGE,
            |wire, request| {
                let code = ber::number(tag::ENUMERATED, 0);
                wire.send(&start_of_64_mib(&[
                    (tag::OCTETS, vec![]),
                    (request.reply_tag(), [code, ber::octets("")].concat()),
                    (tag::SEQUENCE, ber::number(tag::INTEGER, request.id)),
                ]));
                wire.flood(&[b'a'; 64 * KIB]);
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
