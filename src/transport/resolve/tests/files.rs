use super::{ips, resolve};
use crate::transport::resolve::conf::Conf;

#[test]
fn literals_and_localhost_need_no_file() {
    assert_eq!(
        resolve("", None, 1, "192.0.2.9").unwrap(),
        ips(&["192.0.2.9"])
    );
    assert_eq!(
        resolve("", None, 1, "2001:db8::1").unwrap(),
        ips(&["2001:db8::1"])
    );
    assert_eq!(
        resolve("", None, 1, "LocalHost.").unwrap(),
        ips(&["127.0.0.1", "::1"])
    );
}

#[test]
fn hosts_is_asked_first_without_case_with_aliases_and_comments() {
    let hosts = "# 6.6.6.6 dc\n\n2001:db8::7\tdc.example.org DC # other\n192.0.2.7 other dc#x\nrubbish dc\n";
    let found = resolve(hosts, None, 1, "dC").unwrap();
    assert_eq!(found, ips(&["192.0.2.7", "2001:db8::7"]));
    assert_eq!(
        resolve(hosts, None, 1, "dc.example.org.").unwrap(),
        ips(&["2001:db8::7"])
    );
    let trouble = resolve(hosts, None, 1, "x").unwrap_err();
    assert!(trouble.detail.contains("cannot read"), "{trouble:?}");
}

#[test]
fn only_the_first_mebibyte_of_hosts_counts() {
    let hosts = format!("{}\n192.0.2.8 late\n", "#".repeat(1 << 20));
    assert!(resolve(&hosts, None, 1, "late").is_err());
    let hosts = format!("{}\n192.0.2.8 cutoff", "#".repeat((1 << 20) - 14));
    assert!(resolve(&hosts, None, 1, "cut").is_err());
}

#[test]
fn a_name_that_cannot_be_asked_for_is_refused() {
    let long_label = "a".repeat(64);
    let long_name = vec!["a".repeat(49); 6].join(".");
    for name in [
        "",
        ".",
        "a..b",
        ".a",
        "a b",
        "a\\.b",
        "a\n",
        long_label.as_str(),
        &long_name,
    ] {
        let trouble = resolve("", None, 1, name).unwrap_err();
        assert!(
            trouble.detail.contains("not a valid host name"),
            "{trouble:?}"
        );
    }
}

fn conf(text: &str) -> Conf {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("resolv.conf");
    std::fs::write(&path, text).unwrap();
    Conf::read(&path, 53).unwrap()
}

#[test]
fn resolv_conf_has_the_limits_of_the_c_library() {
    let empty = conf("; nothing\n");
    assert_eq!(empty.servers, ["127.0.0.1:53".parse().unwrap()]);
    assert_eq!((empty.timeout.as_secs(), empty.attempts), (5, 2));
    let four = conf(
        "nameserver ::1\nnameserver bad\nnameserver fe80::1%lo\nnameserver 10.0.0.1\nnameserver 10.0.0.2\n",
    );
    assert_eq!(four.servers.len(), 3);
    assert_eq!(four.servers[1].to_string(), "[fe80::1%1]:53");
    let much = conf("options timeout:999 attempts:99\n");
    assert_eq!((much.timeout.as_secs(), much.attempts), (30, 5));
}

#[test]
fn the_search_list_comes_before_or_after_the_name_by_its_dots() {
    let conf = conf("search a.example b.example.\noptions ndots:2\n");
    assert_eq!(
        conf.candidates("x.y"),
        ["x.y.a.example", "x.y.b.example", "x.y"]
    );
    assert_eq!(
        conf.candidates("x.y.z"),
        ["x.y.z", "x.y.z.a.example", "x.y.z.b.example"]
    );
    assert_eq!(conf.candidates("x."), ["x"]);
}
