//! The evaluator against the library that it describes.

use std::ffi::c_int;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::common::pam::{Client, PAM_CRED_ERR, PAM_PERM_DENIED, PAM_SUCCESS, Stack};
use crate::libpam::code::Code;
use crate::libpam::dispatch::{self, Jumps, Walked};
use crate::libpam::line::{Facility, Line};
use crate::libpam::read::{self, Service};
use crate::libpam::tree::Tree;
use crate::random::{Random, files};

const CASES: usize = 6_000;

/// What pam_debug, pam_deny and pam_permit answer, and libpam for a file that is not there.
fn answer(line: &Line, event: &str) -> Code {
    let code = |word: &[u8]| Code::from_keyword(word).expect("a return code");
    match (line.name().as_str(), event) {
        ("pam_permit", _) => Code::SUCCESS,
        ("pam_deny", "cred") => Code::CRED_ERR,
        ("pam_deny", "open_session" | "close_session") => code(b"session_err"),
        ("pam_deny", _) => Code::AUTH_ERR,
        ("pam_no_such_module", _) => Code::MODULE_UNKNOWN,
        ("pam_debug", _) => {
            let word = line
                .arguments()
                .iter()
                .find_map(|argument| argument.strip_prefix(format!("{event}=").as_bytes()));
            word.map_or(Code::SUCCESS, code)
        }
        (name, _) => panic!("{name}"),
    }
}

fn walk(
    service: &Service,
    facility: Facility,
    event: &str,
    earlier: Option<(&Walked, Jumps)>,
) -> Walked {
    let earlier = earlier.map(|(walked, jumps)| (walked.asked.as_slice(), jumps));
    let lines = service.lines(facility);
    dispatch::walk(lines, earlier, |_, line| answer(line, event))
}

/// All five calls of an application, in its order.
fn expected(service: &Service, jumps: Jumps) -> [Code; 5] {
    let auth = walk(service, Facility::Auth, "auth", None);
    let cred = walk(service, Facility::Auth, "cred", Some((&auth, jumps)));
    let account = walk(service, Facility::Account, "acct", None);
    let open = walk(service, Facility::Session, "open_session", None);
    let close = walk(
        service,
        Facility::Session,
        "close_session",
        Some((&open, jumps)),
    );
    [auth, cred, account, open, close].map(|walked| walked.result)
}

fn measured(client: &mut Client) -> [c_int; 5] {
    [
        client.authenticate(0),
        client.setcred(0),
        client.acct_mgmt(0),
        client.open_session(0),
        client.close_session(0),
    ]
}

/// What the installed library does with a jump in the second walk: Debian changes that.
fn installed() -> Jumps {
    let stack = Stack::new();
    let text =
        "auth [default=1] pam_debug.so auth=ignore cred=cred_err\nauth required pam_deny.so\n";
    stack.service("s", text);
    let mut client = Client::start(&stack, "s", "root");
    client.authenticate(0);
    match client.setcred(0) {
        PAM_CRED_ERR => Jumps::Vote,
        PAM_PERM_DENIED => Jumps::AreSilent,
        code => panic!("pam_setcred returned {code}"),
    }
}

/// The service and what both make of it, or how they differ.
fn compare(seed: u64, jumps: Jumps) -> Result<(Service, [c_int; 5]), String> {
    let stack = Stack::new();
    let files = files(&mut Random::new(seed), stack.path());
    for (name, text) in &files {
        stack.service(name, text);
    }
    let service = read::read(&Tree::only(stack.path()), "s").map_err(|e| e.to_string())?;
    let expected = expected(&service, jumps).map(|code| c_int::try_from(code.number()).unwrap());
    let measured = measured(&mut Client::start(&stack, "s", "root"));
    if measured == expected {
        return Ok((service, measured));
    }
    let names = ["auth", "cred", "account", "open", "close"];
    Err(format!(
        "{names:?}: libpam {measured:?}, evaluator {expected:?}\n{files:#?}\n{service:#?}"
    ))
}

#[test]
fn thousands_of_random_stacks_end_as_in_libpam() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = u64::try_from(now.as_nanos() & u128::from(u32::MAX)).unwrap() << 20;
    let jumps = installed();
    println!("seeds {seed:#x} and up; jumps in the second walk: {jumps:?}");
    let mut shapes = [0; 6];
    for case in 0..CASES {
        let seed = seed + 2 * u64::try_from(case).unwrap();
        let (service, codes) =
            compare(seed, jumps).unwrap_or_else(|why| panic!("seed {seed:#x}: {why}"));
        let lines = || Facility::ALL.into_iter().flat_map(|f| service.lines(f));
        shapes[0] += usize::from(lines().count() > 5);
        shapes[1] += usize::from(lines().any(|line| line.level > 0));
        shapes[2] += usize::from(service.readings.iter().any(|r| r.parent.is_some()));
        shapes[3] += usize::from(!service.problems.is_empty());
        shapes[4] += usize::from(codes[0] == PAM_SUCCESS);
        shapes[5] += usize::from(codes[2] == PAM_SUCCESS);
    }
    println!(
        "{CASES} stacks; long, with substacks, with includes, with bad lines; auth and account succeed: {shapes:?}"
    );
    assert!(shapes.iter().all(|count| *count > CASES / 20), "{shapes:?}");
}
