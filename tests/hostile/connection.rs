//! Connections that end, stall or carry something that is not LDAP.

use std::time::Duration;

use super::case::{Case, Ending, run, says};
use super::server::{Point, honest_answer};

const MS: Duration = Duration::from_millis(1);

/// What a wrong first octet or a wild length is called.
const NOT_LDAP: &[&str] = &["protocol", "too_large"];

/// Bytes without order, the same at each run (xorshift).
fn noise(mut seed: u64, count: usize) -> Vec<u8> {
    (0..count)
        .map(|_| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed >> 24) as u8
        })
        .collect()
}

#[test]
fn a_connection_that_ends_is_unavailable() {
    let mut cases = vec![
        Case::unavailable("nothing listens", Point::Connect, &["refused"], |_, _| {}),
        Case::unavailable("closes at once", Point::Accept, &["closed"], |wire, _| {
            wire.close()
        }),
        Case::unavailable("RST at once", Point::Accept, &["closed"], |wire, _| {
            wire.reset()
        }),
    ];
    for at in Point::ANSWERED {
        cases.push(Case::unavailable(
            "closes unanswered",
            at,
            &["closed"],
            |wire, _| wire.close(),
        ));
        cases.push(Case::unavailable(
            "RST unanswered",
            at,
            &["closed"],
            |wire, _| wire.reset(),
        ));
        cases.push(Case::unavailable(
            "half an answer, then closes",
            at,
            &["closed"],
            |wire, request| {
                let answer = honest_answer(request);
                wire.send(&answer[..answer.len() / 2]);
                wire.close();
            },
        ));
    }
    // Whatever the password was: without its gates a login is not granted.
    for at in [
        Point::ServiceBind,
        Point::Search,
        Point::UserBind,
        Point::Rebind,
    ] {
        cases.push(Case::unavailable(
            "right answer, then closes",
            at,
            &["closed"],
            |wire, request| {
                wire.send(&honest_answer(request));
                wire.close();
            },
        ));
        cases.push(Case::unavailable(
            "right answer, then RST",
            at,
            &["closed"],
            |wire, request| {
                wire.send(&honest_answer(request));
                wire.reset();
            },
        ));
    }
    run(&cases);
}

#[test]
fn a_connection_that_stalls_ends_by_the_deadline() {
    let timeout = &["timeout"];
    let mut cases = vec![
        Case::unavailable("never answers", Point::Accept, timeout, |wire, _| {
            wire.be_silent()
        }),
        Case::unavailable(
            "never reads, with a shut window",
            Point::Accept,
            timeout,
            |wire, _| {
                wire.shut_the_window();
            },
        ),
        Case::unavailable(
            "a byte each 500 ms",
            Point::ServiceBind,
            timeout,
            |wire, request| {
                wire.drip(&honest_answer(request), 500 * MS);
            },
        ),
        Case::unavailable(
            "a byte each 500 ms",
            Point::Search,
            timeout,
            |wire, request| {
                wire.drip(&honest_answer(request), 500 * MS);
            },
        ),
        Case::unavailable(
            "a byte each 500 ms",
            Point::Gate,
            timeout,
            |wire, request| {
                wire.drip(&honest_answer(request), 500 * MS);
            },
        ),
        Case::unavailable(
            "a long message, a byte each ms",
            Point::Search,
            timeout,
            |wire, _| {
                wire.send(
                    b"\x30\x83\x03\x00\x00\x02\x01\x02\x64\x83\x02\xff\xf0\x04\x83\x02\x00\x00",
                );
                wire.drip(&[b'a'; 100_000], MS);
            },
        ),
    ];
    for at in Point::ANSWERED {
        cases.push(Case::unavailable("no answer", at, timeout, |wire, _| {
            wire.be_silent()
        }));
    }
    cases.push(Case::unavailable(
        "half an answer",
        Point::UserBind,
        timeout,
        |wire, request| {
            wire.send(&honest_answer(request)[..7]);
            wire.be_silent();
        },
    ));
    run(&cases);
}

#[test]
fn a_slow_answer_in_time_is_an_answer() {
    let granted = &[Ending::Granted];
    let mut cases = Vec::new();
    for at in [Point::ServiceBind, Point::UserBind, Point::Rebind] {
        cases.push(Case::ends(
            "a byte each 10 ms",
            at,
            granted,
            |wire, request| {
                wire.drip(&honest_answer(request), 10 * MS);
            },
        ));
    }
    cases.push(Case::ends(
        "a byte each 5 ms",
        Point::Search,
        granted,
        |wire, request| {
            wire.drip(&honest_answer(request), 5 * MS);
        },
    ));
    cases.push(Case::ends(
        "a byte each 2 ms",
        Point::Gate,
        granted,
        |wire, request| {
            wire.drip(&honest_answer(request), 2 * MS);
        },
    ));
    run(&cases);
}

#[test]
fn what_is_not_ldap_is_unavailable() {
    let mut cases = Vec::new();
    for seed in [1, 0x1234_5678_9abc, 0xdead_beef_cafe] {
        cases.push(Case::unavailable(
            "random bytes",
            Point::Accept,
            NOT_LDAP,
            move |wire, _| {
                wire.send(&noise(seed, 4096));
                wire.be_silent();
            },
        ));
    }
    let talk: [(&str, &[u8]); 6] = [
        (
            "HTTP",
            b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        ),
        ("an SSH banner", b"SSH-2.0-OpenSSH_9.2p1\r\n"),
        ("a TLS alert", b"\x15\x03\x01\x00\x02\x02\x28"),
        ("a line feed", b"\n\n"),
        ("zeros", &[0; 64]),
        ("0xff", &[0xff; 4096]),
    ];
    for (name, bytes) in talk {
        cases.push(Case::unavailable(
            name,
            Point::Accept,
            NOT_LDAP,
            move |wire, _| {
                wire.send(bytes);
                wire.be_silent();
            },
        ));
    }
    for at in Point::ANSWERED {
        cases.push(Case::unavailable(
            "random bytes for ever",
            at,
            NOT_LDAP,
            |wire, _| {
                wire.flood(&noise(42, 65536));
            },
        ));
        cases.push(Case::unavailable(
            "0xff for ever",
            at,
            NOT_LDAP,
            |wire, _| {
                wire.flood(&[0xff; 65536]);
            },
        ));
    }
    run(&cases);
}

#[test]
fn what_comes_after_the_unbind_changes_nothing() {
    let granted = &[Ending::Granted];
    run(&[
        Case::ends("0xff", Point::Unbind, granted, says(|_| vec![0xff; 4096])),
        Case::ends(
            "another answer",
            Point::Unbind,
            granted,
            says(honest_answer),
        ),
        Case::ends("silence", Point::Unbind, granted, |wire, _| {
            wire.be_silent()
        }),
        Case::ends("RST", Point::Unbind, granted, |wire, _| wire.reset()),
    ]);
}
