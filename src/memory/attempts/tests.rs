use super::*;
use crate::login::Identity;
use crate::names::Dn;
use crate::store::offline::Verifier;

const DAY: u64 = 86_400;
const YEAR: u64 = 365 * DAY;
const BEGIN: u64 = 1_795_500_000;

fn moment(boot: &str, seconds: u64) -> Moment {
    Moment {
        boot: boot.to_owned(),
        at: Duration::from_secs(seconds),
    }
}

/// Granted at [`BEGIN`], a thousand seconds after the machine was started.
fn kept() -> Kept {
    Kept {
        identity: Identity {
            dn: Dn::parse("uid=alice,o=x").unwrap(),
            flags: Default::default(),
            attributes: Default::default(),
            groups: Default::default(),
        },
        session: String::new(),
        verifier: Verifier {
            memory: 8,
            passes: 1,
            lanes: 1,
            salt: Vec::new(),
            tag: Vec::new(),
        },
        grants: vec![Grant {
            basis: "gates".to_owned(),
            date: BEGIN,
            moment: moment("boot", 1000),
        }],
        seen: BEGIN,
        failures: 0,
        failed: 0,
    }
}

/// So long after [`BEGIN`] by the wall clock, in another boot.
fn after(seconds: u64) -> Times {
    Times {
        now: BEGIN + seconds,
        moment: moment("later boot", 5),
        expire: Duration::from_secs(7 * DAY),
    }
}

fn judged(kept: &Kept, times: &Times) -> Result<(), Denied> {
    judge(kept, &[kept.grants.first()], times)
}

#[test]
fn a_grant_counts_until_it_has_expired() {
    for (seconds, counts) in [
        (0, true),
        (7 * DAY - 1, true),
        (7 * DAY, false),
        (YEAR, false),
    ] {
        let verdict = judged(&kept(), &after(seconds));
        assert_eq!(verdict.is_ok(), counts, "{seconds}: {verdict:?}");
        assert_eq!(is_over(&kept(), &after(seconds)), !counts, "{seconds}");
    }
}

#[test]
fn every_part_of_the_question_has_to_be_granted() {
    let kept = kept();
    let grant = kept.grants.first();
    assert_eq!(
        judge(&kept, &[grant, None], &after(1)),
        Err(Denied::NeverGranted)
    );
    assert_eq!(judge(&kept, &[], &after(1)), Err(Denied::NeverGranted));
    let old = Grant {
        date: BEGIN - 7 * DAY,
        ..kept.grants[0].clone()
    };
    let verdict = judge(&kept, &[grant, Some(&old)], &after(1));
    assert_eq!(verdict, Err(Denied::Expired(old.date)));
    // The other grant is still good for others.
    assert!(!is_over(&kept, &after(1)));
}

#[test]
fn a_clock_that_is_set_back_gives_nobody_more_time() {
    let mut kept = kept();
    kept.seen = BEGIN + 6 * DAY;
    for behind in [1, DAY, 6 * DAY] {
        let verdict = judged(&kept, &after(6 * DAY - behind));
        assert_eq!(verdict, Err(Denied::ClockBehind(kept.seen)), "{behind}");
    }
    let mut year_back = after(0);
    year_back.now -= YEAR;
    assert_eq!(
        judged(&kept, &year_back),
        Err(Denied::ClockBehind(kept.seen))
    );
    // It may be a clock without a battery, before it is set: nothing is thrown away.
    assert!(!is_over(&kept, &year_back));
    assert_eq!(judged(&kept, &after(6 * DAY)), Ok(()));
}

#[test]
fn within_one_boot_the_clock_that_nobody_can_set_counts_too() {
    let mut times = after(DAY);
    times.moment = moment("boot", 1000 + 7 * DAY);
    assert_eq!(judged(&kept(), &times), Err(Denied::Expired(BEGIN)));
    times.moment = moment("boot", 1000 + 7 * DAY - 1);
    assert_eq!(judged(&kept(), &times), Ok(()));
    // A file that came from elsewhere: earlier than it was written.
    times.moment = moment("boot", 1);
    assert_eq!(
        judged(&kept(), &times),
        Ok(()),
        "the wall clock alone decides"
    );
}

#[test]
fn after_five_wrong_passwords_nobody_may_try_for_five_minutes() {
    let mut kept = kept();
    for number in 1..=5 {
        assert_eq!(judged(&kept, &after(10)), Ok(()));
        kept = failed(&kept, BEGIN + 10);
        assert_eq!(kept.failures, number);
        assert_eq!(count(&kept), format!("{number} of 5 in a row"));
    }
    assert_eq!(judged(&kept, &after(10)), Err(Denied::TooMany(300)));
    assert_eq!(judged(&kept, &after(309)), Err(Denied::TooMany(1)));
    assert_eq!(judged(&kept, &after(310)), Ok(()));
    // And then five more.
    let again = failed(&kept, BEGIN + 310);
    assert_eq!((again.failures, again.failed), (1, BEGIN + 310));
    assert_eq!(judged(&again, &after(311)), Ok(()));
    // Setting the clock back is no way out.
    assert_eq!(
        judged(&kept, &after(9)),
        Err(Denied::ClockBehind(BEGIN + 10))
    );
}
