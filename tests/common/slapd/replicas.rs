//! A provider and a consumer (slapd.conf(5): syncrepl; slapo-syncprov(5)).

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::super::directory::BASE;
use super::super::need;
use super::{Slapd, SlapdOptions};

/// Two servers with the same entries: what changes in the first is soon in the second. Waits until
/// the second has everything.
pub fn start_replicas(options: &SlapdOptions) -> [Slapd; 2] {
    let indices = "index entryCSN,entryUUID eq";
    let provider = Slapd::start(&SlapdOptions {
        global: format!("{}\nmoduleload syncprov", options.global),
        database: format!("{indices}\n{}\noverlay syncprov", options.database),
        ..options.clone()
    });
    let syncrepl = format!(
        "syncrepl rid=001 provider={uri} type=refreshAndPersist retry=\"1 +\"\n  \
         searchbase=\"{BASE}\" bindmethod=simple binddn=\"cn=manager,{BASE}\"\n  \
         credentials=manager\nupdateref {uri}",
        uri = provider.uri()
    );
    let consumer = Slapd::start(&SlapdOptions {
        ldif: String::new(),
        database: format!("{indices}\n{syncrepl}\n{}", options.database),
        ..options.clone()
    });
    let entries = options.ldif.lines().filter(is_dn).count();
    let end = Instant::now() + Duration::from_secs(20);
    while count(&consumer) < entries {
        assert!(
            Instant::now() < end,
            "the consumer does not get everything:\n{}",
            consumer.log()
        );
        thread::sleep(Duration::from_millis(10));
    }
    [provider, consumer]
}

/// How many entries a server has.
fn count(server: &Slapd) -> usize {
    let output = Command::new(need("ldapsearch", "ldap-utils"))
        .args(["-x", "-LLL", "-H", &server.uri(), "-b", BASE])
        .args(["-D", &format!("cn=manager,{BASE}"), "-w", "manager", "1.1"])
        .output()
        .expect("ldapsearch runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter(is_dn).count()
}

fn is_dn(line: &&str) -> bool {
    line.starts_with("dn:")
}
