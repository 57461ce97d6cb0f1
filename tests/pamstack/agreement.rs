//! The evaluator against the library that it describes.

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::common::own_process::{Errand, OwnProcess};
use crate::common::pam::{Client, PAM_AUTH_ERR, PAM_CRED_ERR, PAM_PERM_DENIED, PAM_SUCCESS, Stack};
use crate::libpam::code::Code;
use crate::libpam::control::Action;
use crate::libpam::dispatch::{self, Jumps, Walked};
use crate::libpam::line::{Facility, Line};
use crate::libpam::problem::ReadError;
use crate::libpam::read::{self, Service};
use crate::libpam::text::Buffer;
use crate::libpam::tree::Tree;
use crate::random::{Random, files};

const CASES: usize = 6_000;

/// The calls of an application, in its order.
const CALLS: [&str; 6] = ["auth", "cred", "account", "open", "close", "chauthtok"];

/// What pam_debug, pam_deny and pam_permit answer, and libpam for a file that is not there.
fn answer(line: &Line, event: &str) -> Code {
    let code = |word: &[u8]| Code::from_keyword(word).expect("a return code");
    if !line.can_be_loaded() {
        return Code::MODULE_UNKNOWN;
    }
    match (line.name().as_str(), event) {
        ("pam_permit", _) => Code::SUCCESS,
        ("pam_deny", "cred") => Code::CRED_ERR,
        ("pam_deny", "open_session" | "close_session") => code(b"session_err"),
        ("pam_deny", "prechauthtok" | "chauthtok") => code(b"authtok_err"),
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

type Walks = Vec<(&'static str, Facility, Walked)>;

/// Every walk of the six calls: the name of the call, its facility, and what came of it. A change of
/// the password is two walks; neither knows of the other.
fn walks(service: &Service, jumps: Jumps) -> Walks {
    let auth = walk(service, Facility::Auth, "auth", None);
    let cred = walk(service, Facility::Auth, "cred", Some((&auth, jumps)));
    let account = walk(service, Facility::Account, "acct", None);
    let open = walk(service, Facility::Session, "open_session", None);
    let again = Some((&open, jumps));
    let close = walk(service, Facility::Session, "close_session", again);
    let mut all = vec![
        ("auth", Facility::Auth, auth),
        ("cred", Facility::Auth, cred),
        ("account", Facility::Account, account),
        ("open", Facility::Session, open),
        ("close", Facility::Session, close),
    ];
    for event in ["prechauthtok", "chauthtok"] {
        let goes_on = all.last().is_some_and(|(call, _, walked)| {
            *call != "chauthtok" || walked.result == Code::SUCCESS
        });
        if goes_on {
            let walked = walk(service, Facility::Password, event, None);
            all.push(("chauthtok", Facility::Password, walked));
        }
    }
    all
}

/// What the application gets for each call. After PAM_INCOMPLETE libpam wants that call again, and
/// answers PAM_ABORT to another.
fn expected(walks: &Walks) -> [Code; 6] {
    let abort = Code::from_keyword(b"abort").unwrap();
    let mut interrupted = false;
    CALLS.map(|call| {
        let mut of_call = walks.iter().filter(|(name, ..)| *name == call);
        let result = of_call.next_back().expect("a walk").2.result;
        let got = if interrupted { abort } else { result };
        interrupted |= result == Code::INCOMPLETE;
        got
    })
}

fn measured(client: &mut Client) -> [c_int; 6] {
    [
        client.authenticate(0),
        client.setcred(0),
        client.acct_mgmt(0),
        client.open_session(0),
        client.close_session(0),
        client.chauthtok(0),
    ]
}

/// In what the versions of libpam differ.
#[derive(Clone, Copy, Debug)]
struct Installed {
    /// What it does with a jump in the second walk: Debian changes that.
    jumps: Jumps,
    buffer: Buffer,
}

impl Installed {
    fn measure() -> Installed {
        let first = "auth [default=1] pam_debug.so auth=ignore cred=cred_err";
        let stack = Stack::new();
        stack.service("s", &format!("{first}\nauth required pam_deny.so\n"));
        let mut client = Client::start(&stack, "s", "root");
        client.authenticate(0);
        let jumps = match client.setcred(0) {
            PAM_CRED_ERR => Jumps::Vote,
            PAM_PERM_DENIED => Jumps::AreSilent,
            code => panic!("pam_setcred returned {code}"),
        };
        let loose = "auth required pam_permit.so \\\n\nauth required pam_deny.so\n";
        stack.service("s", loose);
        let buffer = match Client::start(&stack, "s", "root").authenticate(0) {
            PAM_SUCCESS => Buffer::Fixed,
            PAM_AUTH_ERR => Buffer::Growing,
            code => panic!("pam_authenticate returned {code}"),
        };
        Installed { jumps, buffer }
    }
}

type Files = Vec<(&'static str, String)>;

/// What the evaluator and libpam agree on.
enum Same {
    Walks(Box<Service>, Walks),
    /// The whole service is refused.
    Refused,
    /// libpam hangs.
    Endless,
}

/// What both say, or how they differ.
fn compare(stack: &Stack, files: &Files, installed: Installed) -> Result<Same, String> {
    for (name, text) in files {
        stack.service(name, text);
    }
    let start = || Client::try_start_at(stack.path(), "s", "root");
    let service = match read::read(&Tree::only(stack.path()), "s", installed.buffer) {
        Ok(service) => service,
        Err(ReadError::Endless(_)) if hangs(stack.path()) => return Ok(Same::Endless),
        Err(ReadError::Refused(..)) if start().is_err() => return Ok(Same::Refused),
        Err(error) => return Err(format!("libpam [does not], evaluator: {error}")),
    };
    let walks = walks(&service, installed.jumps);
    let expected = expected(&walks).map(|code| c_int::try_from(code.number()).unwrap());
    let mut client =
        start().map_err(|code| format!("libpam [start {code}], evaluator: a service"))?;
    let measured = measured(&mut client);
    if measured == expected {
        return Ok(Same::Walks(Box::new(service), walks));
    }
    Err(format!(
        "{CALLS:?}: libpam {measured:?}, evaluator {expected:?}"
    ))
}

/// Whether pam_start of the service "s" takes all the processor time there is.
fn hangs(stack: &Path) -> bool {
    let task = [stack.to_str().expect("a UTF-8 path").to_owned()];
    let child = OwnProcess::start(&[], "agreement::child_that_starts", &task);
    let (status, report) = child.end(Duration::from_secs(60));
    assert_eq!(status.success(), report == "started", "{status} {report}");
    status.signal() == Some(libc::SIGXCPU)
}

#[test]
#[ignore = "a child of the tests here"]
fn child_that_starts() {
    let errand = Errand::take();
    let [stack] = errand.lines();
    let second = libc::rlimit {
        rlim_cur: 1,
        rlim_max: 2,
    };
    // SAFETY: setrlimit(2) reads the structure.
    let code = unsafe { libc::setrlimit(libc::RLIMIT_CPU, &raw const second) };
    assert_eq!(code, 0, "setrlimit");
    drop(Client::try_start_at(Path::new(stack), "s", "root"));
    errand.report("started");
}

/// Takes lines out as long as libpam and the evaluator still differ.
fn smallest(stack: &Stack, mut files: Files, installed: Installed) -> String {
    let mut why = String::new();
    let mut smaller = true;
    while smaller {
        smaller = false;
        for file in 0..files.len() {
            let mut line = 0;
            while line < files[file].1.lines().count() {
                let mut fewer = files.clone();
                let kept = files[file].1.split_inclusive('\n').enumerate();
                fewer[file].1 = kept.filter(|(at, _)| *at != line).map(|(_, l)| l).collect();
                match compare(stack, &fewer, installed) {
                    Err(differs) if differs.contains("libpam [") => {
                        (files, why, smaller) = (fewer, differs, true);
                    }
                    _ => line += 1,
                }
            }
        }
    }
    format!("{why}\n{files:#?}")
}

/// What the stacks of a run were like: how often each thing has happened.
#[derive(Default)]
struct Mix(BTreeMap<String, usize>);

impl Mix {
    fn count(&mut self, what: impl Into<String>, happened: bool) {
        *self.0.entry(what.into()).or_default() += usize::from(happened);
    }

    fn add(&mut self, service: &Service, walks: &Walks) {
        for facility in Facility::ALL {
            let lines = service.lines(facility);
            let name = facility.name();
            self.count(format!("shape: long {name}"), lines.len() > 5);
            let deep = lines.iter().any(|line| line.level > 0);
            self.count(format!("shape: {name} with substacks"), deep);
            let included = lines.iter().any(|line| line.reading > 0 && line.level == 0);
            self.count(format!("shape: {name} with includes"), included);
        }
        self.count("shape: bad lines", !service.problems.is_empty());
        for (call, facility, walked) in walks {
            self.count(format!("end: {call} {}", walked.result), true);
            let lines = service.lines(*facility);
            for (index, code) in &walked.asked {
                self.count(format!("answer: {code}"), true);
                let action = match lines[*index].control.action(*code) {
                    Action::Jump(count) => match dispatch::landing(lines, *index, count) {
                        Ok(_) => "jump".to_owned(),
                        Err(_) => "jump too far".to_owned(),
                    },
                    action => format!("{action:?}"),
                };
                self.count(format!("action: {} {action}", facility.name()), true);
            }
        }
    }

    /// Nothing that the evaluator can do, and no answer, may be missing from what was compared.
    fn is_wide(&self) {
        let often = |what: &str| self.0.get(what).copied().unwrap_or_default();
        for code in Code::all() {
            assert!(often(&format!("answer: {code}")) > 50, "{code}");
        }
        for facility in Facility::ALL {
            let name = facility.name();
            for action in [
                "Ignore",
                "Ok",
                "Done",
                "Bad",
                "Die",
                "Reset",
                "jump",
                "jump too far",
            ] {
                let times = often(&format!("action: {name} {action}"));
                assert!(times > 100, "{name} {action}: {times}");
            }
        }
        for call in CALLS {
            let ends = Code::all().filter(|code| often(&format!("end: {call} {code}")) >= 5);
            assert!(ends.count() > 15, "{call} ends in too few ways");
            let succeeds = often(&format!("end: {call} PAM_SUCCESS"));
            assert!(succeeds > CASES / 20, "{call} succeeds {succeeds} times");
        }
        for (what, times) in self.0.iter().filter(|(what, _)| what.starts_with("shape")) {
            assert!(*times > CASES / 20, "{what}: {times}");
        }
    }
}

#[test]
fn thousands_of_random_stacks_end_as_in_libpam() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = u64::try_from(now.as_nanos() & u128::from(u32::MAX)).unwrap() << 20;
    let installed = Installed::measure();
    println!("seeds {seed:#x} and up; {installed:?}");
    let stack = Stack::new();
    let mut mix = Mix::default();
    for case in 0..CASES {
        let seed = seed + 2 * u64::try_from(case).unwrap();
        let files = files(&mut Random::new(seed), stack.path());
        match compare(&stack, &files, installed) {
            Ok(Same::Walks(service, walks)) => mix.add(&service, &walks),
            Ok(Same::Refused) => mix.count("refused", true),
            Ok(Same::Endless) => mix.count("endless", true),
            Err(why) => panic!("{why}\nsmallest: {}", smallest(&stack, files, installed)),
        }
    }
    println!("{CASES} stacks: {:#?}", mix.0);
    mix.is_wide();
}

/// Continued lines about as long as the buffer of libpam before 1.6.0, with all that can come behind.
#[test]
fn lines_as_long_as_the_buffer_end_as_in_libpam() {
    let installed = Installed::measure();
    let stack = Stack::new();
    let (mut walked, mut endless) = (0, Vec::new());
    let line = "auth required pam_permit.so ";
    for backslash in 1016..=1030 {
        for behind in ["\n", "\n\n", "\n x\n", " \n x\n", "\n# x\n\n", "x \\\n x\n"] {
            let filler = "a".repeat(backslash - line.len() - 1);
            let text = format!("{line}{filler}\\{behind}auth required pam_deny.so\n");
            match compare(&stack, &vec![("s", text)], installed) {
                Ok(Same::Walks(..)) => walked += 1,
                Ok(Same::Refused) => panic!("{backslash} {behind:?} is refused"),
                Ok(Same::Endless) => endless.push((backslash, behind)),
                Err(why) => panic!("{backslash} {behind:?}: {why}"),
            }
        }
    }
    println!("{walked} services, endless: {endless:?}");
    assert_eq!(endless.is_empty(), installed.buffer == Buffer::Growing);
    assert!(walked > 70);
}

#[test]
fn a_backslash_at_the_end_of_a_file_ends_as_in_libpam() {
    let installed = Installed::measure();
    let stack = Stack::new();
    let mut refused = 0;
    let line = "auth required pam_deny.so";
    for start in ["", "auth optional pam_permit.so\n", "\\\n", "# x \\\n"] {
        for end in [
            "\\",
            "\\\n",
            "\\ \t\n",
            "\\\n\n",
            "\\\n#\n",
            "# \\\n",
            "\0\\\n",
            "\r\\\r\n",
            "\n\\\n",
            "\n\\\n\n",
            "\n \\\n\0",
            "\\\n\0x\n",
        ] {
            let text = format!("{start}{line} {end}");
            match compare(&stack, &vec![("s", text.clone())], installed) {
                Ok(Same::Walks(..)) => (),
                Ok(Same::Refused) => refused += 1,
                Ok(Same::Endless) => panic!("{text:?}"),
                Err(why) => panic!("{text:?}: {why}"),
            }
        }
    }
    assert!((12..40).contains(&refused), "{refused}");
}
