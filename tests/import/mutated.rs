//! The fixtures, damaged at random: whatever comes out is an answer, or a configuration that the
//! module's own parser takes.

use std::fs;
use std::path::Path;

use crate::command::import_with;

/// How many damaged files there are of each fixture.
const COUNT: u64 = 40;

/// Numbers without meaning, the same in each run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

const PIECES: [&str; 24] = [
    "(", ")", "[", "]", "{", "}", "'", "\"", "\\", "\n", "\t", "%", "%(user)s", "#", "=", ",",
    "{user}", "$", "\u{e9}", "\u{202e}", "cn=", "None", "lambda: ", "\"\"\"",
];

fn damaged(text: &str, random: &mut Random) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(6) {
        let at = random.below(text.len());
        match random.below(4) {
            0 => drop(text.drain(at..(at + random.below(20)).min(text.len()))),
            1 => {
                let piece = PIECES[random.below(PIECES.len())];
                text.splice(at..at, piece.chars());
            }
            2 => {
                let copy: Vec<char> = text[at..(at + random.below(200)).min(text.len())].to_vec();
                let to = random.below(text.len());
                text.splice(to..to, copy);
            }
            _ => text.truncate(at.max(text.len() / 2)),
        }
    }
    text.into_iter().collect()
}

#[test]
fn damaged_files_get_an_answer() {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/files");
    let mut complete = 0;
    for (name, format) in [
        ("ldap_config.py", "netbox"),
        ("ldap_config_ad.py", "netbox"),
        ("settings.py", "netbox"),
        ("netbox.env", "netbox-docker"),
        ("nslcd.conf", "nslcd"),
        ("sssd.conf", "sssd"),
        ("ldap.conf", "padl"),
    ] {
        let text = fs::read_to_string(files.join(name)).unwrap();
        let text = text
            .replace("@LDAPS@", "ldaps://a.example")
            .replace("@URI@", "ldap://a.example");
        let text = text
            .replace("@LDAPI@", "ldapi://")
            .replace("@CA@", "/a.pem")
            .replace("@PORT@", "389");
        for seed in 1..=COUNT {
            let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let text = damaged(&text, &mut random);
            // Whatever is true of each answer is asserted there.
            let answer = import_with(name, &text, &["--from", format]);
            complete += u64::from(answer.code == 0);
        }
    }
    assert!(
        complete > COUNT / 2,
        "the damage was too great to tell anything: {complete}"
    );
}
