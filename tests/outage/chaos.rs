//! Two hundred logins through connections that are delayed, dropped and cut at random points.

use std::sync::atomic::AtomicUsize;
use std::time::{Duration, SystemTime};

use crate::crowd::{self, LOGINS, judge, slowest};
use crate::fixture::{Rig, ms, proxies, uris};
use crate::proxy::{Break, Fault, Moment, Proxy, Side};

const DEADLINE: Duration = Duration::from_millis(1500);

#[test]
fn no_login_goes_wrong_through_connections_that_break_at_random() {
    let seed = SystemTime::UNIX_EPOCH
        .elapsed()
        .expect("after 1970")
        .as_nanos() as u64;
    for seed in [1, seed] {
        println!("seed {seed}");
        let proxies = proxies();
        for (place, proxy) in (0..).zip(&proxies) {
            proxy.choose(move |number| at_random(Dice::new(seed, place << 32 | number as u64)));
        }
        let server = "connect_timeout = \"300ms\"\noperation_timeout = \"300ms\"\n\
                      deadline = \"1500ms\"\nretry_after = \"0s\"";
        let rig = Rig::new(&uris(&proxies), server);
        let done = crowd::log_in(&rig, Duration::ZERO, &AtomicUsize::new(0));
        let (right, unavailable) = judge(&done);
        let connections: usize = proxies.iter().map(Proxy::connections).sum();
        println!(
            "{right} right, {unavailable} unavailable, 0 wrong, {connections} connections; \
             slowest {:?}",
            slowest(&done)
        );
        assert!(right > LOGINS / 2, "{right} right with seed {seed}");
        assert!(connections > LOGINS + 20, "hardly anything broke");
        assert!(slowest(&done) < DEADLINE + ms(300), "{:?}", slowest(&done));
        assert_no_password_is_offered_too_often(&proxies, seed);
    }
}

fn assert_no_password_is_offered_too_often(proxies: &[Proxy; 2], seed: u64) {
    let binds: Vec<_> = proxies.iter().flat_map(Proxy::binds).collect();
    for number in 0..LOGINS {
        let dn = crowd::dn(number);
        let answers: Vec<_> = binds
            .iter()
            .filter(|bind| bind.dn == dn)
            .map(|bind| bind.answer)
            .collect();
        assert!(answers.len() <= 2, "{dn}: {answers:?}, seed {seed}");
        // Every answer that arrived settles it: nobody was asked again.
        let settled = answers.iter().flatten().count();
        assert!(settled <= 1, "{dn}: {answers:?}, seed {seed}");
    }
}

/// What happens to a connection.
fn at_random(mut dice: Dice) -> Fault {
    let from = |dice: &mut Dice| [Side::Client, Side::Server][dice.below(2)];
    let how = |dice: &mut Dice| [Break::Reset, Break::Close][dice.below(2)];
    match dice.below(20) {
        0 => Fault::Delay(ms(dice.below(20) as u64)),
        1 => Fault::Swallow,
        2 => Fault::Reset,
        3 => Fault::Close,
        4 => Fault::Trickle(1 + dice.below(30), ms(dice.below(3) as u64)),
        5..8 => Fault::Cut(from(&mut dice), dice.below(400)),
        8..10 => Fault::At(Moment::Request(1 + dice.below(5)), how(&mut dice)),
        _ => Fault::None,
    }
}

/// SplitMix64: numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn new(seed: u64, stream: u64) -> Dice {
        let mut dice = Dice(seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        dice.below(1);
        dice
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) % limit as u64) as usize
    }
}
