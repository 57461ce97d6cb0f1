//! Random stacks of pam_debug lines.

use std::fmt::Write as _;
use std::path::Path;

use crate::libpam::code::Code;

/// xorshift64*: a stack can be made again from its seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % limit
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// Answers, the usual ones more often; see [`answer`] for the others.
const ANSWERS: [&str; 22] = [
    "success",
    "success",
    "success",
    "success",
    "success",
    "ignore",
    "ignore",
    "ignore",
    "auth_err",
    "auth_err",
    "user_unknown",
    "authinfo_unavail",
    "perm_denied",
    "acct_expired",
    "new_authtok_reqd",
    "maxtries",
    "module_unknown",
    "system_err",
    "abort",
    "authtok_recover_err",
    "authtok_expired",
    "conv_again",
];

const KEYWORDS: [&str; 6] = [
    "required",
    "requisite",
    "sufficient",
    "optional",
    "Required",
    "SUFFICIENT",
];

const ACTIONS: [&str; 14] = [
    "ignore", "ignore", "ok", "ok", "done", "bad", "die", "reset", "reset", "1", "1", "2", "3", "5",
];

/// Controls that libpam cannot read, or reads in its own way. No jump beyond `int`: there the versions
/// differ.
const ODD_CONTROLS: [&str; 15] = [
    "[success=0 default=ok]",
    "[success=ok \\] default=ignore]",
    "[success=ok default]",
    "[nonsense=ok]",
    "[success=okdefault=ignore]",
    "[  success  =  ok   default = die  ]",
    "[default=ignore success=ok]",
    "[default=ok default=bad]",
    "[]",
    "[success=ok default=ignore",
    "[Success=ok default=bad]",
    "[success=OK]",
    "success=ok",
    "bogus",
    "[success=ok\tignore=1 default=bad]",
];

/// Writes the files `s`, `a`, `b` and `c` of one case; each may include those behind it.
pub fn files(random: &mut Random, directory: &Path) -> Vec<(&'static str, String)> {
    let names = ["s", "a", "b", "c"];
    (0..names.len())
        .map(|index| {
            let includes = &names[index + 1..];
            let mut text = "#%PAM-1.0\n".to_owned();
            for _ in 0..random.below(if index == 0 { 24 } else { 10 }) {
                line(random, includes, directory, &mut text);
            }
            // A file that ends in a continued line is refused as a whole.
            text += "session optional pam_debug.so open_session=acct_expired\n";
            (names[index], text)
        })
        .collect()
}

fn line(random: &mut Random, includes: &[&str], directory: &Path, text: &mut String) {
    let facility = random.pick(&[
        "auth", "auth", "account", "account", "password", "password", "session", "PassWord",
    ]);
    let dash = random.pick(&["", "", "", "-"]);
    if random.one_in(5) && !includes.is_empty() {
        let name = random.pick(includes);
        let file = directory.join(name);
        let file = file.display();
        let _ = match random.below(5) {
            0 => writeln!(text, "@include {file}"),
            1 | 2 => writeln!(text, "{facility} include {file}"),
            _ => writeln!(text, "{dash}{facility} SubStack {file}"),
        };
        return;
    }
    let _ = match random.below(150) {
        0 => writeln!(text, "{facility} include {}/missing", directory.display()),
        1 => writeln!(text, "{facility} substack {}/missing", directory.display()),
        2 => writeln!(text, "{facility}"),
        3 => writeln!(text, "{facility} required"),
        4 => writeln!(text, "nonsense required pam_debug.so"),
        5 => writeln!(
            text,
            "{dash}{facility} {} pam_no_such_module.so",
            control(random)
        ),
        6 => writeln!(text, "  # {facility} required pam_deny.so"),
        _ => {
            let ends = ["\n", "\n", "\n", "  # a comment\n", " \\\n\n"];
            let end = random.pick(&ends);
            let gap = random.pick(&[" ", "\t", "   ", " \\\n  "]);
            let (control, module) = (control(random), module(random));
            write!(text, "{dash}{facility}{gap}{control}{gap}{module}{end}")
        }
    };
}

fn control(random: &mut Random) -> String {
    if random.one_in(40) {
        return random.pick(&ODD_CONTROLS).to_owned();
    }
    if random.one_in(2) {
        return random.pick(&KEYWORDS).to_owned();
    }
    let mut words = vec![format!("success={}", random.pick(&ACTIONS))];
    for _ in 0..random.below(4) {
        words.push(format!("{}={}", answer(random), random.pick(&ACTIONS)));
    }
    if !random.one_in(4) {
        words.push(format!("default={}", random.pick(&ACTIONS)));
    }
    format!("[{}]", words.join(" "))
}

/// Every return code there is, and the usual ones more often.
fn answer(random: &mut Random) -> &'static str {
    if random.one_in(6) {
        let any = Code::all().nth(random.below(Code::COUNT));
        return any.map_or("success", Code::keyword);
    }
    random.pick(&ANSWERS)
}

/// What pam_debug can be asked, by the names of its arguments.
const EVENTS: [&str; 7] = [
    "auth",
    "cred",
    "acct",
    "open_session",
    "close_session",
    "prechauthtok",
    "chauthtok",
];

fn module(random: &mut Random) -> String {
    match random.below(60) {
        0..3 => "pam_deny.so".to_owned(),
        3..6 => "pam_permit.so".to_owned(),
        // Names under which libpam finds nothing.
        6 => "pam_debug".to_owned(),
        7 => "pam_debug.so\r".to_owned(),
        other => {
            let name = match other {
                8 => "../security/pam_debug.so",
                _ => "pam_debug.so",
            };
            let mut line = name.to_owned();
            for event in EVENTS {
                if !random.one_in(5) {
                    let answer = answer(random);
                    let _ = match random.below(8) {
                        0 => write!(line, " [{event}={answer}]"),
                        1 => write!(line, " [a\\] b] {event}={answer}"),
                        _ => write!(line, " {event}={answer}"),
                    };
                }
            }
            line
        }
    }
}
