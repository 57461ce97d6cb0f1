//! The machine of these tests: that of the suite `system`, with more groups here and in the directory.

use std::fs;

use crate::common::directory::{self, user_dn};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::machine::Machine;
use crate::private_host::PrivateHost;

/// Groups of `/etc/group` besides those of the machine: name, gid, members.
pub const GROUPS: [(&str, u32, &str); 12] = [
    ("sudo", 27, ""),
    ("adm", 4, ""),
    ("audio", 29, "sue"),
    ("web", 62001, ""),
    ("db", 62002, ""),
    ("ops", 62003, ""),
    ("zoë", 62004, ""),
    ("low", 900, ""),
    ("dot.ted-dash_", 62005, ""),
    ("docker", 62010, ""),
    ("lxd", 62011, ""),
    ("lonely", 62012, ""),
];

/// Groups of the directory, each with sue and alice in it. Here, some are below `min_gid`, privileged,
/// the group of an account, spelt otherwise, or no groups at all.
pub const IN_THE_DIRECTORY: [&str; 17] = [
    "web",
    "db",
    "zoë",
    "dot.ted-dash_",
    "low",
    "nowhere",
    "Ops",
    "root",
    "sudo",
    "docker",
    "lxd",
    "shadow",
    "disk",
    "adm",
    "bob",
    "a b",
    "*",
];

/// A private host with these groups, and the directory that it asks.
pub fn run<T: Send>(body: impl FnOnce(&Machine) -> T + Send) -> T {
    let mut ldif = directory::standard();
    let [sue, alice] = ["sue", "alice"].map(user_dn);
    for name in IN_THE_DIRECTORY {
        let dn = format!("cn={},{}", directory::hex_escaped(name), directory::GROUPS);
        let attributes = [
            ("objectClass", "groupOfNames"),
            ("cn", name),
            ("member", &sue),
            ("member", &alice),
        ];
        ldif.entry(&dn, &attributes);
    }
    // Outside: see Machine::run.
    let slapd = Slapd::start(&SlapdOptions {
        ldif: ldif.text().to_owned(),
        ..SlapdOptions::default()
    });
    PrivateHost::run(&crate::common::module(), |host| {
        let machine = Machine {
            host,
            slapd: &slapd,
        };
        machine.set_up();
        add_groups(&GROUPS);
        body(&machine)
    })
}

/// Writes groups into the private `/etc/group`.
pub fn add_groups(groups: &[(&str, u32, &str)]) {
    let old = fs::read_to_string("/etc/group").expect("a private file");
    let others = old.lines().filter(|line| {
        let name = line.split(':').next().unwrap_or_default();
        !groups.iter().any(|(new, _, _)| *new == name)
    });
    let mut text: String = others.flat_map(|line| [line, "\n"]).collect();
    for (name, gid, members) in groups {
        text.push_str(&format!("{name}:x:{gid}:{members}\n"));
    }
    fs::write("/etc/group", text).expect("the private file is writable");
}
