//! What is no configuration, and what tries to be clever: an answer in words, no crash, in time.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::command::{import, import_file, import_once, import_with, program};

#[test]
fn a_file_that_is_not_there_or_no_file_is_named() {
    let directory = TempDir::new().unwrap();
    let missing = import_file(&directory.path().join("ldap_config.py"), &[]);
    assert_eq!(missing.code, 2);
    assert!(
        missing.errors.contains("No such file"),
        "{}",
        missing.errors
    );
    let not_a_file = import_file(directory.path(), &[]);
    assert!(
        not_a_file.errors.contains("not a regular file"),
        "{}",
        not_a_file.errors
    );
    let fifo = directory.path().join("nslcd.conf");
    let made = Command::new("mkfifo")
        .arg(&fifo)
        .status()
        .expect("mkfifo(1) of coreutils");
    assert!(made.success());
    assert!(
        import_file(&fifo, &[])
            .errors
            .contains("not a regular file")
    );
    assert!(
        import_file(std::path::Path::new("/dev/zero"), &[])
            .errors
            .contains("not a regular file")
    );
}

#[test]
fn binary_files_are_refused() {
    for (bytes, why) in [
        (&b"\x7fELF\0\0\x01"[..], "not a text file"),
        (&b"AUTH_LDAP_SERVER_URI = '\xff\xfe'"[..], "not UTF-8"),
        (&b"\xff\xfeA\0U\0"[..], "not a text file"),
    ] {
        let answer = import("ldap_config.py", bytes);
        assert_eq!(answer.code, 2);
        assert!(answer.errors.contains(why), "{}", answer.errors);
    }
}

#[test]
fn ten_megabytes_are_refused_at_once() {
    let begin = Instant::now();
    let answer = import(
        "ldap_config.py",
        "AUTH_LDAP_SERVER_URI = 'x'\n".repeat(400_000),
    );
    assert!(answer.errors.contains("256 KiB"), "{}", answer.errors);
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_compose_file_is_refused_in_words() {
    for name in ["docker-compose.override.yml", "compose.yaml"] {
        let text =
            "services:\n  netbox:\n    environment:\n      AUTH_LDAP_SERVER_URI: ldaps://a\n";
        let answer = import(name, text);
        assert_eq!(answer.code, 2);
        assert!(
            answer.errors.contains("YAML is not read"),
            "{}",
            answer.errors
        );
    }
}

#[test]
fn an_empty_file_is_no_configuration() {
    for name in [
        "ldap_config.py",
        "nslcd.conf",
        "sssd.conf",
        "ldap.conf",
        "netbox.env",
    ] {
        for text in ["", "\n", "# nothing\n", "\u{feff}"] {
            assert_eq!(import(name, text).code, 2, "{name}: {text:?}");
        }
    }
    for format in ["netbox", "netbox-docker", "nslcd", "sssd", "padl"] {
        assert_eq!(
            import_with("x", "", &["--from", format]).code,
            2,
            "{format}"
        );
    }
}

#[test]
fn python_that_is_none_is_refused_with_its_line() {
    for (text, line) in [
        ("a = 1\nAUTH_LDAP_SERVER_URI = 'open\nb = 2\n", 2),
        ("AUTH_LDAP_SERVER_URI = [1, 2\n", 1),
        ("x = 1\ny = = 2\n", 2),
        ("{% raw %}\n", 1),
        ("AUTH_LDAP_SERVER_URI: ldaps://a.example\n", 1),
    ] {
        let answer = import("ldap_config.py", text);
        assert_eq!(answer.code, 2, "{text}");
        assert!(
            answer
                .errors
                .contains(&format!("line {line} is not Python")),
            "{text}: {}",
            answer.errors
        );
    }
}

/// Each of these is short, and would take memory, time or stack without end.
#[test]
fn files_that_ask_for_too_much_get_an_answer() {
    let head = "from x import LDAPGroupQuery as Q\nAUTH_LDAP_SERVER_URI = 'ldaps://a.example'\n";
    let end = "AUTH_LDAP_REQUIRE_GROUP = s\n";
    let nested = |open: &str, close: &str, count: usize| {
        format!(
            "{head}s = {}'x'{}\n{end}",
            open.repeat(count),
            close.repeat(count)
        )
    };
    let blocks = |count: usize| -> String {
        (0..count)
            .map(|depth| format!("{}if x:\n", " ".repeat(depth)))
            .collect()
    };
    for (what, text) in [
        ("parentheses", nested("(", ")", 50_000)),
        ("brackets", nested("[", "]", 50_000)),
        ("braces", nested("{1:", "}", 30_000)),
        ("calls", nested("f(", ")", 50_000)),
        ("negations", nested("not ", "", 40_000)),
        ("lambdas", nested("lambda: ", "", 20_000)),
        ("subscripts", nested("", "[0]", 50_000)),
        ("strings in strings", nested("f'{", "}'", 20_000)),
        (
            "a chain",
            format!("{head}s = 'a'{}\n{end}", "+'b'".repeat(50_000)),
        ),
        (
            "doubling",
            format!(
                "{head}s = 'abcdefgh'\n{}{end}",
                "s = s + s\n".repeat(20_000)
            ),
        ),
        (
            "tripling",
            format!("{head}s = ['a']\n{}{end}", "s = [s, s, s]\n".repeat(15_000)),
        ),
        (
            "augmenting",
            format!("{head}s = ['a']\n{}{end}", "s += s\n".repeat(30_000)),
        ),
        (
            "negating",
            format!("{head}s = Q('cn=a')\n{}{end}", "s = ~s\n".repeat(30_000)),
        ),
        (
            "joining",
            format!(
                "{head}s = 'ab'\n{}{end}",
                "s = s.join([s, s, s])\n".repeat(10_000)
            ),
        ),
        (
            "replacing",
            format!(
                "{head}s = 'aa'\n{}{end}",
                "s = s.replace('a', s)\n".repeat(10_000)
            ),
        ),
        (
            "parts",
            format!("{head}s = {{}}\n{}{end}", "s['a'] = s\n".repeat(20_000)),
        ),
        (
            "targets",
            format!("{head}{}'x'\n{end}", "s = ".repeat(30_000)),
        ),
        (
            "blocks",
            format!("{head}{}{}s = 1\n", blocks(290), " ".repeat(290)),
        ),
        (
            "deep blocks",
            format!("{head}{}{}s = 1\n", blocks(650), " ".repeat(650)),
        ),
        ("open ends", format!("{head}s = {}", "([{'".repeat(40_000))),
        (
            "loops",
            format!(
                "{head}for a in b:\n{}{end}",
                " x[y], z = a\n".repeat(15_000)
            ),
        ),
        (
            "filters",
            format!(
                "{head}AUTH_LDAP_USER_SEARCH = LDAPSearch('o=x', 2, '{}')\n",
                "(!".repeat(50_000)
            ),
        ),
    ] {
        assert!(
            text.len() <= 256 * 1024,
            "{what} is too long to be read at all"
        );
        let begin = Instant::now();
        let answer = import_once("ldap_config.py", text);
        assert!([1, 2].contains(&answer.code), "{what}");
        assert!(answer.text.len() < 300_000, "{what}: {}", answer.text.len());
        // On a machine that has other things to do.
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "{what}: {:?}",
            begin.elapsed()
        );
    }
}

#[test]
fn deep_filters_elsewhere_get_an_answer_too() {
    let deep = format!("{}(a=b){}", "(!".repeat(20_000), ")".repeat(20_000));
    for (name, text) in [
        (
            "nslcd.conf",
            format!(
                "uri ldaps://a\nbase o=x\nthreads 1\npam_authz_search {deep}\nfilter passwd {deep}\n"
            ),
        ),
        (
            "sssd.conf",
            format!(
                "[domain/a]\nid_provider = ldap\naccess_provider = ldap\nldap_access_filter = {deep}\n"
            ),
        ),
    ] {
        assert_eq!(import(name, text).code, 1, "{name}");
    }
}

#[test]
fn many_sections_get_an_answer_soon() {
    let domain = |name: &str| format!("[domain/{name}]\nid_provider=ldap\n");
    let same = domain("x") + &"[domain/x]\na=b\n".repeat(14_000);
    let others: String = (0..6_000).map(|at| domain(&at.to_string())).collect();
    for text in [same, others] {
        let begin = Instant::now();
        assert_eq!(import_once("sssd.conf", text).code, 1);
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "{:?}",
            begin.elapsed()
        );
    }
}

#[test]
fn values_that_the_module_would_refuse_are_said_to_be_so() {
    let text = "uri ldaps://a.example\nbase ou users\nthreads 1\n\
                pam_authz_search (&(cn=in)(memberUid=$username))\n";
    let answer = import("nslcd.conf", text);
    assert_eq!(answer.code, 1);
    assert!(
        answer
            .text
            .contains("the module would refuse this configuration"),
        "{}",
        answer.text
    );
    assert!(answer.text.contains("not a DN"), "{}", answer.text);
}

/// A comment cannot be left, and no key can be smuggled in.
#[test]
fn foreign_text_stays_where_it_belongs() {
    let evil = "x\\n[server]\\nallow_cleartext = true\\n# \\x1b[31m\\u202e\\\"";
    let text = format!(
        "AUTH_LDAP_SERVER_URI = \"ldaps://a.example\"\nAUTH_LDAP_BIND_DN = \"cn={evil}\"\n\
         AUTH_LDAP_USER_FLAGS_BY_GROUP = {{\"is_active\": \"cn=a\", \"{evil}\": \"cn={evil}\"}}\n\
         AUTH_LDAP_USER_ATTR_MAP = {{\"{evil}\": \"{evil}\"}}\nLDAP_CA_CERT_FILE = \"{evil}\"\n"
    );
    let answer = import("ldap_config.py", text);
    assert_eq!(answer.code, 1);
    assert_eq!(answer.value("server.allow_cleartext"), None);
    assert!(!answer.text.contains('\u{202e}') && !answer.text.contains('\u{1b}'));
    assert_eq!(
        answer.text.matches("\n[server]").count(),
        1,
        "{}",
        answer.text
    );
    let odd = import(
        "a\u{1b}[31m\n[server]\nldap_config.py",
        "AUTH_LDAP_SERVER_URI = 'ldaps://a'\n",
    );
    assert_eq!(odd.text.matches("\n[server]").count(), 1, "{}", odd.text);
}

#[test]
fn standard_input_is_read_too() {
    for (bytes, code) in [
        (
            &b"[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a.example\n"[..],
            1,
        ),
        (&b"\0"[..], 2),
        (&b""[..], 2),
    ] {
        let mut child = Command::new(program())
            .args(["import", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(output.stdout.is_empty(), code == 2);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(code == 2 || text.contains("stdin:3 ldap_uri"), "{text}");
    }
}

#[test]
fn wrong_usage_is_an_error() {
    for arguments in [
        &["import"][..],
        &["import", "--from", "kerberos", "/dev/null"],
        &["import", "a", "b"],
    ] {
        let output = Command::new(program())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_source_is_left_alone() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("ldap_config.py");
    fs::write(&file, "AUTH_LDAP_SERVER_URI = 'ldaps://a.example'\n").unwrap();
    let before = fs::metadata(&file).unwrap().modified().unwrap();
    import_file(&file, &[]);
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), before);
    assert_eq!(
        fs::read_dir(directory.path()).unwrap().count(),
        1,
        "no cache, no copy"
    );
}
