use std::net::IpAddr;

use super::server::{A, Asked, CNAME, SRV, reply, srv};
use crate::transport::resolve::message::{self, Query, Reply};

/// A valid answer with an alias, and the question it answers.
fn answer(query: &Query<IpAddr>) -> Vec<u8> {
    let asked = Asked::parse(&query.message().unwrap());
    let alias = b"\x04real\x07example\x03org\x00";
    let records: &[(&str, u16, &[u8])] = &[
        (&asked.name, CNAME, alias),
        ("real.example.org", A, &[192, 0, 2, 1]),
    ];
    reply(&asked, 0, records)
}

/// Spoils a valid answer in many ways.
fn mutate<R>(query: &Query<R>, valid: &[u8]) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    let mut still_answers = 0;
    for _ in 0..20_000 {
        let mut message = valid.to_vec();
        for _ in 0..=random() % 4 {
            let at = random() % message.len();
            message[at] = random() as u8;
        }
        message.truncate(message.len() - random() % 2 * (random() % message.len()));
        still_answers += usize::from(query.judge(&message).is_some());
    }
    // Enough of them get past the check of the question to try the rest.
    assert!(still_answers > 500, "{still_answers}");
}

#[test]
fn mutations_of_a_valid_answer_never_panic() {
    let query = Query::new(0x1234, "dc.example.org", &message::A).unwrap();
    let valid = answer(&query);
    assert!(matches!(query.judge(&valid), Some(Reply::Records(list)) if list.len() == 1));
    mutate(&query, &valid);

    let query = Query::new(0x1234, "_ldap._tcp.example.org", &message::SRV).unwrap();
    let asked = Asked::parse(&query.message().unwrap());
    let data = [
        srv(1, 2, 636, "dc.example.org"),
        // A pointer to example.org in the question.
        b"\0\0\0\0\x02\x7c\x02dc\xc0\x17".to_vec(),
    ];
    let records = [0, 1].map(|at| (asked.name.as_str(), SRV, data[at].as_slice()));
    let valid = reply(&asked, 0, &records);
    assert!(matches!(query.judge(&valid), Some(Reply::Records(list))
        if list[0].target == "dc.example.org" && list[1].target == list[0].target));
    mutate(&query, &valid);
}

#[test]
fn records_of_every_type_with_random_contents_never_panic() {
    fn judge_all<R>(query: &Query<R>) {
        let asked = Asked::parse(&query.message().unwrap());
        for kind in 0..=300_u16 {
            for fill in [0, 1, 0x40, 0xc0, 0xff] {
                for length in [0, 1, 2, 4, 6, 7, 8, 15, 16, 40] {
                    let data = vec![fill; length];
                    let _ = query.judge(&reply(&asked, 0, &[(&asked.name, kind, &data)]));
                }
            }
        }
    }
    judge_all(&Query::new(7, "dc.example.org", &message::A).unwrap());
    judge_all(&Query::new(7, "dc.example.org", &message::SRV).unwrap());
}

#[test]
fn long_chains_of_pointers_end_soon() {
    let address = |_| [0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 6, 6, 6, 6].to_vec();
    judge_chains(
        &Query::new(7, "dc.example.org", &message::A).unwrap(),
        address,
    );
    // The name of the record and that of the target.
    let service = |target: u16| {
        let mut record = [0, 33, 0, 1, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 2, 0x7c].to_vec();
        record.extend(target.to_be_bytes());
        record
    };
    judge_chains(
        &Query::new(7, "dc.example.org", &message::SRV).unwrap(),
        service,
    );
}

fn judge_chains<R>(query: &Query<R>, record: impl Fn(u16) -> Vec<u8>) {
    let mut message = reply(&Asked::parse(&query.message().unwrap()), 0, &[]);
    message[6..8].copy_from_slice(&1000_u16.to_be_bytes());
    // An unknown record full of pointers, each to the one before, then names that enter them.
    message.extend([0, 0xff, 0, 0, 1, 0, 0, 0, 0]);
    let pointers = 7000_u16;
    message.extend((pointers * 2).to_be_bytes());
    let mut target = 12_u16;
    for _ in 0..pointers {
        let here = message.len() as u16;
        message.extend((0xc000 | target).to_be_bytes());
        target = here;
    }
    for _ in 1..1000 {
        message.extend((0xc000 | target).to_be_bytes());
        message.extend(record(0xc000 | target));
    }
    let start = std::time::Instant::now();
    assert!(matches!(query.judge(&message), Some(Reply::Records(list)) if list.len() == 999));
    let took = start.elapsed();
    println!("{took:?}");
    assert!(took < std::time::Duration::from_secs(20), "{took:?}");
}

#[test]
fn promised_records_that_are_not_there_are_no_answer() {
    let query = Query::new(7, "dc.example.org", &message::A).unwrap();
    let mut message = answer(&query);
    message[6..8].copy_from_slice(&[0xff, 0xff]);
    assert_eq!(query.judge(&message), None);
}
