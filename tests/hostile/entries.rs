//! Entries that nobody may be logged in by.

use super::ber::{self, tag};
use super::case::{Case, Ending, run, says};
use super::server::{Point, USER_DN, USERS_DN, alice};

const AT: Point = Point::Search;
const PROTOCOL: &[&str] = &["protocol"];

/// These operations, then the end of the search.
fn found(operations: &[Vec<u8>]) -> impl Fn(&ber::Request) -> Vec<u8> + Send + Sync + 'static {
    let operations = [operations, &[ber::result(tag::SEARCH_DONE, 0)]].concat();
    move |request| {
        let messages = operations
            .iter()
            .map(|operation| ber::message(request.id, operation.clone()));
        messages.collect::<Vec<_>>().concat()
    }
}

fn ends(name: &str, endings: &[Ending], operations: &[Vec<u8>]) -> Case {
    Case::ends(name, AT, endings, says(found(operations)))
}

#[test]
fn a_search_that_does_not_name_one_user_finds_nobody() {
    let unknown = &[Ending::UnknownUser];
    let other = format!("uid=alice,ou=more,{USERS_DN}");
    let entry = |uid: &[&str]| ber::entry(USER_DN, &[("uid", uid)]);
    run(&[
        ends("no entry", unknown, &[]),
        ends(
            "two entries",
            unknown,
            &[alice(), ber::entry(&other, &[("uid", &["alice"])])],
        ),
        ends(
            "two entries, one of another name",
            unknown,
            &[alice(), ber::entry(&other, &[("uid", &["bob"])])],
        ),
        ends("a name in another case", unknown, &[entry(&["Alice"])]),
        ends("a name with a space", unknown, &[entry(&["alice "])]),
        ends("a name with a NUL", unknown, &[entry(&["alice\0"])]),
        ends(
            "a name of the same look",
            unknown,
            &[entry(&["\u{430}lice"])],
        ),
        ends("another name", unknown, &[entry(&["bob"])]),
        ends("an empty name", unknown, &[entry(&[""])]),
        ends(
            "no name",
            unknown,
            &[ber::entry(USER_DN, &[("cn", &["alice"])])],
        ),
        ends("no attribute", unknown, &[ber::entry(USER_DN, &[])]),
        ends("a name without values", unknown, &[entry(&[])]),
        ends(
            "one name of two",
            &[Ending::Granted],
            &[entry(&["bob", "alice"])],
        ),
        ends(
            "the attribute in another case",
            &[Ending::Granted],
            &[ber::entry(USER_DN, &[("UID", &["alice"])])],
        ),
    ]);
}

#[test]
fn a_search_that_cannot_be_trusted_is_no_login() {
    let no = &[Ending::Unavailable, Ending::UnknownUser];
    let named = |dn: &[u8]| ber::entry(dn, &[("uid", &["alice"])]);
    let long = format!("{}{USER_DN}", "ou=a,".repeat(40_000));
    let mut cases = vec![
        // With an empty DN a password would be sent in an unauthenticated bind.
        ends("an empty DN", no, &[named(b"")]),
        ends("a DN that is none", no, &[named(b"alice")]),
        ends(
            "a DN with a broken escape",
            no,
            &[named(b"uid=alice\\g0,dc=example")],
        ),
        // A DN names one entry, so this is one.
        ends(
            "the same entry twice",
            &[Ending::Granted, Ending::Unavailable, Ending::UnknownUser],
            &[alice(), alice()],
        ),
        Case::ends(
            "the end before the entry",
            AT,
            no,
            says(|request| {
                let end = ber::message(request.id, ber::result(tag::SEARCH_DONE, 0));
                [end, ber::message(request.id, alice())].concat()
            }),
        ),
        ends(
            "a DN of 40,000 parts",
            &[
                Ending::Granted,
                Ending::BadPassword,
                Ending::Unavailable,
                Ending::UnknownUser,
            ],
            &[named(long.as_bytes())],
        ),
        Case::unavailable("an entry and no end", AT, &["timeout"], |wire, request| {
            wire.send(&ber::message(request.id, alice()));
            wire.be_silent();
        }),
        Case::unavailable("an entry, then closes", AT, &["closed"], |wire, request| {
            wire.send(&ber::message(request.id, alice()));
            wire.close();
        }),
    ];
    for at in [Point::ServiceBind, Point::UserBind] {
        cases.push(Case::unavailable_after(
            "an entry",
            at,
            PROTOCOL,
            |request| ber::message(request.id, alice()),
        ));
    }
    run(&cases);
}

#[test]
fn an_entry_that_is_none_is_unavailable() {
    let list = |parts: &[Vec<u8>]| {
        let list = ber::of(tag::SEQUENCE, parts);
        ber::of(tag::SEARCH_ENTRY, &[ber::octets(USER_DN), list])
    };
    let attribute = |parts: &[Vec<u8>]| list(&[ber::of(tag::SEQUENCE, parts)]);
    let values = || ber::of(tag::SET, &[ber::octets("alice")]);
    let rows = [
        (
            "a DN that is not UTF-8",
            ber::entry(b"uid=alice,dc=\xff", &[("uid", &["alice"])]),
        ),
        (
            "a DN that is an INTEGER",
            ber::of(
                tag::SEARCH_ENTRY,
                &[ber::number(2, 1), ber::of(tag::SEQUENCE, &[])],
            ),
        ),
        ("no DN", ber::of(tag::SEARCH_ENTRY, &[])),
        (
            "no attribute list",
            ber::of(tag::SEARCH_ENTRY, &[ber::octets(USER_DN)]),
        ),
        (
            "a SET for the attribute list",
            ber::of(tag::SEARCH_ENTRY, &[ber::octets(USER_DN), values()]),
        ),
        (
            "a third part",
            ber::of(
                tag::SEARCH_ENTRY,
                &[
                    ber::octets(USER_DN),
                    ber::of(tag::SEQUENCE, &[]),
                    ber::octets(""),
                ],
            ),
        ),
        (
            "a primitive attribute list",
            ber::of(
                tag::SEARCH_ENTRY,
                &[ber::octets(USER_DN), ber::octets("uid")],
            ),
        ),
        ("an attribute that is a string", list(&[ber::octets("uid")])),
        ("an attribute of no parts", attribute(&[])),
        (
            "an attribute without values",
            attribute(&[ber::octets("uid")]),
        ),
        (
            "an attribute named by a number",
            attribute(&[ber::number(2, 1), values()]),
        ),
        (
            "an attribute name that is not UTF-8",
            attribute(&[ber::octets(b"uid\xff"), values()]),
        ),
        (
            "values in a SEQUENCE",
            attribute(&[
                ber::octets("uid"),
                ber::of(tag::SEQUENCE, &[ber::octets("alice")]),
            ]),
        ),
        (
            "a value that is a number",
            attribute(&[ber::octets("uid"), ber::of(tag::SET, &[ber::number(2, 1)])]),
        ),
        (
            "a value that is a SEQUENCE",
            attribute(&[
                ber::octets("uid"),
                ber::of(tag::SET, &[ber::of(tag::SEQUENCE, &[])]),
            ]),
        ),
        (
            "an attribute of three parts",
            attribute(&[ber::octets("uid"), values(), values()]),
        ),
        (
            "half a value",
            attribute(&[ber::octets("uid"), ber::tlv(tag::SET, b"\x04\x09ali")]),
        ),
    ];
    let mut cases = Vec::new();
    for (name, entry) in rows {
        for at in [AT, Point::Gate] {
            let answer = found(std::slice::from_ref(&entry));
            cases.push(Case::unavailable_after(name, at, PROTOCOL, answer));
        }
    }
    run(&cases);
}
