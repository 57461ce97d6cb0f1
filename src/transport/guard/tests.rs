use super::*;
use crate::transport::ber::MAX_DEPTH;

/// An element: tag, definite length, content.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match content.len() {
        length @ 0..0x80 => bytes.push(u8::try_from(length).unwrap()),
        length => {
            bytes.push(0x84);
            bytes.extend(u32::try_from(length).unwrap().to_be_bytes());
        }
    }
    bytes.extend(content);
    bytes
}

fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&tlv(0x02, &[id]), operation].concat())
}

/// LDAPResult with this tag and result code.
fn result(tag: u8, code: u8) -> Vec<u8> {
    tlv(
        tag,
        &[tlv(0x0a, &[code]), tlv(0x04, b""), tlv(0x04, b"")].concat(),
    )
}

fn attribute(name: &[u8], values: &[&[u8]]) -> Vec<u8> {
    let values: Vec<u8> = values.iter().flat_map(|value| tlv(0x04, value)).collect();
    tlv(0x30, &[tlv(0x04, name), tlv(0x31, &values)].concat())
}

fn entry(dn: &[u8], attributes: &[u8]) -> Vec<u8> {
    tlv(0x64, &[tlv(0x04, dn), tlv(0x30, attributes)].concat())
}

/// A guard that waits for the answers to a bind (1) and a search (2).
fn waiting() -> Guard {
    let mut guard = Guard::default();
    guard.request(&message(1, &tlv(0x60, b""))).unwrap();
    guard.request(&message(2, &tlv(0x63, b""))).unwrap();
    guard
}

#[test]
fn proper_answers_pass_byte_for_byte_however_they_are_cut() {
    let answers = [
        message(
            2,
            &entry(b"uid=a,o=x", &attribute(b"uid", &[b"a", b"\xff"])),
        ),
        message(2, &tlv(0x73, &tlv(0x04, b"ldap://other/"))),
        message(1, &result(0x61, 49)),
        message(2, &result(0x65, 0)),
    ]
    .concat();
    let mut guard = waiting();
    assert_eq!(guard.response(&answers), Ok(answers.clone()));
    let mut guard = waiting();
    let passed: Vec<u8> = answers
        .iter()
        .flat_map(|byte| guard.response(&[*byte]).unwrap())
        .collect();
    assert_eq!(passed, answers);
}

#[test]
fn an_answer_must_be_of_the_kind_that_was_asked_for() {
    for tag in 0x40..=0xff_u8 {
        if tag & 0x1f == 0x1f {
            continue;
        }
        for (id, fitting) in [(1, &[0x61][..]), (2, &[0x65])] {
            let passed = waiting().response(&message(id, &result(tag, 0))).is_ok();
            assert_eq!(
                passed,
                fitting.contains(&tag),
                "tag {tag:#x} for request {id}"
            );
        }
    }
}

#[test]
fn an_answer_is_taken_once_and_only_to_an_open_request() {
    let answer = message(1, &result(0x61, 0));
    let mut guard = waiting();
    assert!(guard.response(&answer).is_ok());
    assert!(guard.response(&answer).is_err(), "a second time");
    assert!(
        waiting().response(&answer.repeat(2)).is_err(),
        "twice at once"
    );
    assert!(
        waiting().response(&message(3, &result(0x61, 0))).is_err(),
        "never asked"
    );
    assert!(
        Guard::default().response(&answer).is_err(),
        "before the request"
    );
}

#[test]
fn message_0_is_the_end() {
    let notice = message(0, &result(0x78, 52));
    assert_eq!(
        waiting().response(&notice),
        Err(Violation::Disconnection(52))
    );
    assert!(matches!(
        waiting().response(&message(0, &result(0x61, 0))),
        Err(Violation::Protocol(_))
    ));
}

#[test]
fn lengths_are_definite_short_and_true() {
    for bytes in [
        &b"\x30\x80"[..],
        b"\x30\x85\0\0\0\0\x05",
        b"\x30\x88\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x30\xff",
        b"\x30\x84\x7f\xff\xff\xff",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x83\x04\0\x01",
        b"\xff\xff",
        b"\x02\x01\x01",
        b"HTTP/1.1 400 Bad Request\r\n",
    ] {
        assert!(waiting().response(bytes).is_err(), "{bytes:x?}");
    }
    // Inner lengths that do not add up.
    for bytes in [
        &b"\x30\x05\x02\x01\x01\x61\x05"[..],
        b"\x30\x03\x02\x05\x01",
        b"\x30\x00",
        b"\x30\x01\x02",
    ] {
        assert!(waiting().response(bytes).is_err(), "{bytes:x?}");
    }
    assert_eq!(
        waiting().response(b"\x30\x84\x00\x04"),
        Ok(Vec::new()),
        "the length is not there yet"
    );
}

#[test]
fn numbers_are_neither_negative_nor_long_nor_missing() {
    for id in [&b""[..], &[0xff], &[0, 0, 0, 0, 1]] {
        let bytes = tlv(0x30, &[tlv(0x02, id), result(0x61, 0)].concat());
        assert!(waiting().response(&bytes).is_err(), "message id {id:x?}");
    }
    for code in [&b""[..], &[0x80], &[1, 0, 0, 0, 0]] {
        let result = tlv(
            0x61,
            &[tlv(0x0a, code), tlv(0x04, b""), tlv(0x04, b"")].concat(),
        );
        assert!(
            waiting().response(&message(1, &result)).is_err(),
            "result code {code:x?}"
        );
    }
}

#[test]
fn results_are_complete_and_text_is_utf_8() {
    let parts = |parts: &[Vec<u8>]| message(1, &tlv(0x61, &parts.concat()));
    let (code, empty) = (tlv(0x0a, &[0]), tlv(0x04, b""));
    for wrong in [
        parts(&[]),
        parts(std::slice::from_ref(&code)),
        parts(&[code.clone(), empty.clone()]),
        parts(&[tlv(0x02, &[0]), empty.clone(), empty.clone()]),
        parts(&[code.clone(), tlv(0x04, b"\xff"), empty.clone()]),
        parts(&[code.clone(), empty.clone(), tlv(0x04, b"\xff")]),
        parts(&[code.clone(), empty.clone(), empty.clone(), tlv(0x04, b"")]),
        parts(&[
            code.clone(),
            empty.clone(),
            empty.clone(),
            tlv(0xa3, &tlv(0x04, b"\xff")),
        ]),
        parts(&[
            code.clone(),
            empty.clone(),
            empty.clone(),
            tlv(0x8a, b"1.2"),
        ]),
    ] {
        assert!(waiting().response(&wrong).is_err(), "{wrong:x?}");
    }
    let referral = parts(&[
        tlv(0x0a, &[10]),
        empty.clone(),
        empty,
        tlv(0xa3, &tlv(0x04, b"ldap://o/")),
    ]);
    assert!(waiting().response(&referral).is_ok());
}

#[test]
fn entries_have_the_shape_of_entries() {
    for wrong in [
        entry(b"\xff", b""),
        entry(b"o=x", &tlv(0x30, b"")),
        entry(b"o=x", &tlv(0x30, &tlv(0x04, b"uid"))),
        entry(b"o=x", &attribute(b"\xff", &[])),
        entry(
            b"o=x",
            &tlv(
                0x30,
                &[tlv(0x04, b"uid"), tlv(0x31, &tlv(0x02, b"\x01"))].concat(),
            ),
        ),
        tlv(0x64, b""),
        tlv(
            0x64,
            &[tlv(0x04, b"o=x"), tlv(0x30, b""), tlv(0x04, b"")].concat(),
        ),
    ] {
        assert!(
            waiting().response(&message(2, &wrong)).is_err(),
            "{wrong:x?}"
        );
    }
}

#[test]
fn controls_are_well_formed() {
    let with = |controls: &[u8]| {
        tlv(
            0x30,
            &[tlv(0x02, &[1]), result(0x61, 0), controls.to_vec()].concat(),
        )
    };
    let control = |parts: &[Vec<u8>]| with(&tlv(0xa0, &tlv(0x30, &parts.concat())));
    let oid = tlv(0x04, b"1.3.6.1.4.1.42.2.27.8.5.1");
    for right in [
        control(std::slice::from_ref(&oid)),
        control(&[oid.clone(), tlv(0x01, &[0xff])]),
        control(&[oid.clone(), tlv(0x01, &[0]), tlv(0x04, b"\x30\0")]),
        control(&[oid.clone(), tlv(0x04, b"\x30\0")]),
        with(&tlv(0xa0, b"")),
    ] {
        assert!(waiting().response(&right).is_ok(), "{right:x?}");
    }
    for wrong in [
        control(&[]),
        control(&[tlv(0x04, b"\xff")]),
        control(&[oid.clone(), tlv(0x01, &[])]),
        control(&[oid.clone(), tlv(0x02, &[1])]),
        control(&[oid.clone(), tlv(0x04, b""), tlv(0x04, b"")]),
        with(&tlv(0xa1, b"")),
        with(&[tlv(0xa0, b""), tlv(0xa0, b"")].concat()),
    ] {
        assert!(waiting().response(&wrong).is_err(), "{wrong:x?}");
    }
}

#[test]
fn nesting_ends_at_32_levels_however_deep_it_goes() {
    let nested = |levels: usize| {
        let mut bytes = Vec::new();
        for _ in 0..levels {
            bytes = tlv(0x30, &bytes);
        }
        bytes
    };
    // The message itself and the entry take two of the levels.
    let message = move |levels| message(2, &tlv(0x64, &nested(levels)));
    let small_stack = std::thread::Builder::new().stack_size(64 * 1024);
    let test = move || {
        assert_eq!(
            waiting().response(&message(MAX_DEPTH)),
            Err(Violation::TooDeep)
        );
        assert_eq!(
            waiting().response(&message(20_000)),
            Err(Violation::TooDeep)
        );
        assert_ne!(
            waiting().response(&message(MAX_DEPTH - 2)),
            Err(Violation::TooDeep)
        );
    };
    small_stack.spawn(test).unwrap().join().unwrap();
}

#[test]
fn sizes_end_where_a_login_needs_no_more() {
    let value = vec![b'x'; 200_000];
    let big = message(2, &entry(b"o=x", &attribute(b"jpegPhoto", &[&value])));
    let mut guard = waiting();
    for _ in 0..10 {
        assert_eq!(guard.response(&big).as_ref(), Ok(&big));
    }
    assert!(
        matches!(guard.response(&big), Err(Violation::TooLarge(_))),
        "2 MiB together"
    );

    let value = vec![b'x'; MAX_MESSAGE];
    let bigger = message(2, &entry(b"o=x", &attribute(b"jpegPhoto", &[&value])));
    assert!(
        matches!(
            waiting().response(&bigger[..20]),
            Err(Violation::TooLarge(_))
        ),
        "by its header"
    );

    let values: Vec<&[u8]> = vec![b""; 30_000];
    let many = message(2, &entry(b"o=x", &attribute(b"uid", &values)));
    let mut guard = waiting();
    assert!(guard.response(&many).is_ok());
    assert!(
        matches!(guard.response(&many), Err(Violation::TooLarge(_))),
        "60,000 elements"
    );
}

#[test]
fn requests_are_counted_across_reads_and_foreign_ones_are_not_sent() {
    let mut guard = Guard::default();
    let bind = message(1, &tlv(0x60, b"some content"));
    for byte in &bind {
        guard.request(&[*byte]).unwrap();
    }
    assert!(guard.response(&message(1, &result(0x61, 0))).is_ok());
    assert!(!guard.unbound());
    guard.request(&message(2, &[0x42, 0])).unwrap();
    assert!(guard.unbound());
    let delete = message(3, &[0x4a, 0]);
    assert!(Guard::default().request(&delete).is_err());
}

#[test]
fn no_mutation_of_an_answer_panics_the_guard() {
    let answers = [
        message(2, &entry(b"uid=a,o=x", &attribute(b"uid", &[b"a"]))),
        message(1, &result(0x61, 0)),
        message(2, &result(0x65, 0)),
    ]
    .concat();
    let mut state = 0x9e37_79b9_u32;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize % below
    };
    for _ in 0..50_000 {
        let mut bytes = answers.clone();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            bytes[at] = u8::try_from(random(256)).unwrap();
        }
        bytes.truncate(bytes.len() - random(bytes.len()));
        let mut guard = waiting();
        let cut = random(bytes.len());
        let _ = guard
            .response(&bytes[..cut])
            .and_then(|_| guard.response(&bytes[cut..]));
    }
}

/// A ModifyRequest that adds a value to each of these attributes.
fn modify(attributes: &[&[u8]]) -> Vec<u8> {
    let changes: Vec<u8> = attributes
        .iter()
        .flat_map(|name| tlv(0x30, &[tlv(0x0a, &[0]), attribute(name, &[b"x"])].concat()))
        .collect();
    tlv(
        0x66,
        &[tlv(0x04, b"uid=a,o=x"), tlv(0x30, &changes)].concat(),
    )
}

#[test]
fn a_modify_writes_a_password_or_its_day_and_nothing_else() {
    let send = |request: &[u8]| Guard::default().request(&message(1, request));
    for good in [
        &[&b"unicodePwd"[..], b"unicodePwd"][..],
        &[b"shadowLastChange"],
    ] {
        assert_eq!(send(&modify(good)), Ok(()));
    }
    for wrong in [
        modify(&[b"member"]),
        modify(&[b"unicodePwd", b"userPassword"]),
        modify(&[b"unicodepwd"]),
        tlv(0x66, b""),
        tlv(0x66, &tlv(0x04, b"uid=a,o=x")),
        // add, delete, modifyDN, abandon
        tlv(0x68, b""),
        tlv(0x4a, b"uid=a,o=x"),
        tlv(0x6c, b""),
        tlv(0x50, &[1]),
    ] {
        assert!(send(&wrong).is_err(), "{wrong:x?}");
    }
}

#[test]
fn a_modify_is_answered_by_its_response_only() {
    let mut guard = Guard::default();
    guard
        .request(&message(1, &modify(&[b"unicodePwd"])))
        .unwrap();
    for wrong in [0x61, 0x65, 0x69, 0x6f, 0x78] {
        let answer = message(1, &result(wrong, 0));
        assert!(guard.response(&answer).is_err(), "{wrong:x}");
        guard = Guard::default();
        guard
            .request(&message(1, &modify(&[b"unicodePwd"])))
            .unwrap();
    }
    let answer = message(1, &result(0x67, 0));
    assert_eq!(guard.response(&answer), Ok(answer.clone()));
}
