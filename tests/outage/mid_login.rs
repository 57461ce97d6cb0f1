//! A server that dies in the middle of a login.

use crate::common::directory::{USERS, user_dn};
use crate::common::pam::{PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED, PAM_SUCCESS};
use crate::common::slapd::Slapd;
use crate::fixture::{ALICE, Rig, proxies, servers, uris};
use crate::proxy::{Break, Fault, Moment, Proxy};

const SERVER: &str = "connect_timeout = \"400ms\"\noperation_timeout = \"400ms\"\n\
                      deadline = \"3s\"\nretry_after = \"0s\"";
const BREAKS: [Break; 4] = [Break::Reset, Break::Close, Break::Die, Break::Hang];

/// A login with a search for the user, and one that knows the DN.
fn rigs(proxies: &[Proxy]) -> [(&'static str, Rig); 2] {
    let template = format!("[user]\ndn_template = \"uid={{user}},{USERS}\"\n");
    [
        ("search", Rig::new(&uris(proxies), SERVER)),
        ("template", Rig::with(&uris(proxies), SERVER, &template)),
    ]
}

/// How often the password of this user was offered, at all these servers.
fn binds(proxies: &[Proxy], user: &str) -> usize {
    let dn = user_dn(user);
    proxies.iter().map(|proxy| proxy.binds_as(&dn)).sum()
}

#[test]
fn a_server_that_dies_in_the_bind_leads_to_one_more_bind_elsewhere() {
    let dn = user_dn("alice");
    for moment in [Moment::Bind(dn.clone()), Moment::BindAnswer(dn.clone())] {
        for how in BREAKS {
            let proxies = proxies();
            for (title, rig) in rigs(&proxies) {
                let case = format!("{moment:?} {how:?} {title}");
                proxies[0].set(Fault::At(moment.clone(), how));
                let before = binds(&proxies, "alice");
                let second = proxies[1].binds_as(&dn);
                let login = rig.login(ALICE);
                assert_eq!(login.code, PAM_SUCCESS, "{case}");
                assert_eq!(binds(&proxies, "alice") - before, 2, "{case}");
                assert_eq!(proxies[1].binds_as(&dn) - second, 1, "{case}");
            }
        }
    }
}

#[test]
fn a_password_is_offered_to_two_servers_at_most() {
    for how in BREAKS {
        let first = proxies();
        let third = Proxy::start(servers()[0].port());
        let [first, second] = first;
        let proxies = [first, second, third];
        for count in [2, 3] {
            for (title, rig) in rigs(&proxies[..count]) {
                let case = format!("{how:?} {title}, {count} servers");
                for proxy in &proxies {
                    proxy.set(Fault::At(Moment::Bind(user_dn("alice")), how));
                }
                let before = binds(&proxies, "alice");
                let login = rig.login(ALICE);
                assert_eq!(login.code, PAM_AUTHINFO_UNAVAIL, "{case}");
                assert_eq!(binds(&proxies, "alice") - before, 2, "{case}");
            }
        }
    }
}

#[test]
fn a_server_that_answers_nonsense_to_the_bind_does_not_pass_the_password_on() {
    let proxies = proxies();
    let [_, (_, rig)] = rigs(&proxies);
    for fault in [
        Fault::Answer(51),
        Fault::Answer(52),
        Fault::Answer(10),
        Fault::Answer(80),
        Fault::Garbage,
    ] {
        proxies[0].set(fault.clone());
        let before = binds(&proxies, "alice");
        assert_eq!(rig.login(ALICE).code, PAM_AUTHINFO_UNAVAIL, "{fault:?}");
        assert_eq!(binds(&proxies, "alice") - before, 1, "{fault:?}");
    }
    assert_eq!(proxies[1].binds_as(&user_dn("alice")), 0);
}

#[test]
fn a_wrong_password_whose_answer_is_lost_is_offered_once_more() {
    let dn = user_dn("alice");
    let proxies = proxies();
    for (title, rig) in rigs(&proxies) {
        proxies[0].set(Fault::At(Moment::BindAnswer(dn.clone()), Break::Reset));
        let before = binds(&proxies, "alice");
        assert_eq!(rig.login(("alice", "wrong")).code, PAM_AUTH_ERR, "{title}");
        assert_eq!(binds(&proxies, "alice") - before, 2, "{title}");
    }
}

#[test]
fn a_wrong_password_is_offered_once_whatever_the_server_does_next() {
    let proxies = proxies();
    let answered = Moment::BindAnswered(user_dn("alice"));
    let mut faults = vec![Fault::None];
    faults.extend(BREAKS.map(|how| Fault::At(answered.clone(), how)));
    for (title, rig) in rigs(&proxies) {
        for fault in &faults {
            proxies[0].set(fault.clone());
            let before = binds(&proxies, "alice");
            let login = rig.login(("alice", "wrong"));
            assert_eq!(login.code, PAM_AUTH_ERR, "{fault:?} {title}");
            assert_eq!(binds(&proxies, "alice") - before, 1, "{fault:?} {title}");
        }
    }
    assert_eq!(
        proxies[1].connections(),
        0,
        "nobody asked the second server"
    );
}

#[test]
fn a_server_that_dies_behind_the_bind_leaves_the_gates_to_another_one() {
    for how in BREAKS {
        for (user, code) in [("alice", PAM_SUCCESS), ("carol", PAM_PERM_DENIED)] {
            let proxies = proxies();
            for (title, rig) in rigs(&proxies) {
                let case = format!("{how:?} {user} {title}");
                proxies[0].set(Fault::At(Moment::BindAnswered(user_dn(user)), how));
                let before = binds(&proxies, user);
                let login = rig.login((user, &format!("{user}-secret")));
                assert_eq!(login.code, code, "{case}");
                assert_eq!(binds(&proxies, user) - before, 1, "{case}");
            }
        }
    }
}

#[test]
fn gates_that_no_server_answers_about_are_shut_and_the_password_is_offered_once() {
    for how in [Break::Die, Break::Hang] {
        let [first, second] = proxies();
        let proxies = [first, second];
        for (title, rig) in rigs(&proxies) {
            let case = format!("{how:?} {title}");
            let answered = Moment::BindAnswered(user_dn("carol"));
            proxies[0].set(Fault::At(answered, how));
            proxies[1].set(match how {
                Break::Die => Fault::Refuse,
                _ => Fault::Swallow,
            });
            let before = binds(&proxies, "carol");
            let code = rig.login(("carol", "carol-secret")).code;
            // carol may not enter. Where the gates were asked about before the bind, that is known.
            assert!(
                [PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED].contains(&code),
                "{case}: {code}"
            );
            assert_eq!(binds(&proxies, "carol") - before, 1, "{case}");
        }
    }
}

#[test]
fn a_server_that_dies_at_any_other_request_is_left_for_the_next() {
    for how in BREAKS {
        let proxies = proxies();
        for (title, rig) in rigs(&proxies) {
            for number in 1..=8 {
                let case = format!("request {number} {how:?} {title}");
                proxies[0].set(Fault::At(Moment::Request(number), how));
                let before = binds(&proxies, "alice");
                let login = rig.login(ALICE);
                assert_eq!(login.code, PAM_SUCCESS, "{case}");
                assert!(binds(&proxies, "alice") - before <= 2, "{case}");
            }
        }
    }
}

#[test]
fn the_account_phase_moves_to_another_server_too() {
    for how in BREAKS {
        let proxies = proxies();
        for (title, rig) in rigs(&proxies) {
            for number in 1..=6 {
                let case = format!("request {number} {how:?} {title}");
                proxies[0].set(Fault::At(Moment::Request(number), how));
                assert_eq!(rig.account("alice").code, PAM_SUCCESS, "{case}");
                proxies[0].set(Fault::At(Moment::Request(number), how));
                assert_eq!(rig.account("carol").code, PAM_PERM_DENIED, "{case}");
            }
        }
    }
}

/// Not a proxy: the very process ends while the bind waits in it.
#[test]
fn a_real_server_that_is_killed_in_the_bind_is_left_for_the_next() {
    let first = Slapd::start(&crate::fixture::options());
    let proxy = Proxy::start(first.port());
    let second = servers()[1];
    let rig = Rig::new(&[proxy.uri(), second.uri()], SERVER);
    proxy.set(Fault::Delay(crate::fixture::ms(60)));
    let watched = user_dn("bob");
    let code = std::thread::scope(|scope| {
        let login = scope.spawn(|| rig.login(("bob", "bob-secret")).code);
        while proxy.binds_as(&watched) == 0 {
            std::thread::sleep(crate::fixture::ms(1));
        }
        first.stop();
        login.join().expect("no panic")
    });
    assert_eq!(code, PAM_SUCCESS);
}
