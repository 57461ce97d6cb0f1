//! What can be told of a Python file without running it.

use crate::command::{Answer, import};

const REST: &str = "
from django_auth_ldap.config import LDAPSearch
import ldap
AUTH_LDAP_USER_SEARCH = LDAPSearch('ou=people,dc=ficus,dc=example', ldap.SCOPE_SUBTREE, '(uid=%(user)s)')
AUTH_LDAP_USER_FLAGS_BY_GROUP = {'is_active': 'cn=on,dc=ficus,dc=example'}
";

/// A file with what is required, and these lines.
fn with(lines: &str) -> Answer {
    import("ldap_config.py", format!("{REST}{lines}\n"))
}

/// The URIs of a file that sets them in this way.
fn uris(lines: &str) -> String {
    let answer = with(lines);
    assert_eq!(answer.code, 0, "{lines}\n{}", answer.text);
    answer.value("server.uris").expect("uris").to_owned()
}

#[test]
fn what_is_made_of_literals_is_computed() {
    const EXPECTED: &str = r#"["ldaps://dc1.ficus.example:3269"]"#;
    for lines in [
        "AUTH_LDAP_SERVER_URI = 'ldaps://dc1.ficus.example:3269'",
        "AUTH_LDAP_SERVER_URI = \"ldaps://\" 'dc1' \".ficus.example:3269\"",
        "AUTH_LDAP_SERVER_URI = ('ldaps://'\n  + 'dc1.ficus.example'  # the first\n  + ':3269')",
        "HOST = 'dc1'\nAUTH_LDAP_SERVER_URI = f'ldaps://{HOST}.ficus.example:{3269}'",
        "AUTH_LDAP_SERVER_URI = 'ldaps://%s.ficus.example:%d' % ('dc1', 3269)",
        "AUTH_LDAP_SERVER_URI = 'ldaps://%(h)s.ficus.example:3269' % {'h': 'dc1'}",
        "AUTH_LDAP_SERVER_URI = 'ldaps://{}.{domain}:{1}'.format('dc1', 3269, domain='ficus.example')",
        "AUTH_LDAP_SERVER_URI: str = r'ldaps://dc1.ficus.example:3269'",
        "AUTH_LDAP_SERVER_URI = u'LDAPS://DC1.ficus.example:3269'.lower()",
        "AUTH_LDAP_SERVER_URI = ':'.join(['ldaps', '//dc1.ficus.example', '3269'])",
        "A = B = 'ldaps://dc1.ficus.example:3269'\nAUTH_LDAP_SERVER_URI = B",
        "A, B = 'x', 'ldaps://dc1.ficus.example:3269'\nAUTH_LDAP_SERVER_URI = B",
        "S = {'uri': ['ldaps://dc1.ficus.example:3269']}\nAUTH_LDAP_SERVER_URI = S['uri'][0]",
        "AUTH_LDAP_SERVER_URI = 'ldaps://dc1'\nAUTH_LDAP_SERVER_URI += '.ficus.example:3269'",
        "AUTH_LDAP_SERVER_URI = 'no' if False else 'ldaps://dc1.ficus.example:3269'",
        "if 1 == 2:\n  AUTH_LDAP_SERVER_URI = 'no'\nelif not None:\n  AUTH_LDAP_SERVER_URI = 'ldaps://dc1.ficus.example:3269'\nelse:\n  AUTH_LDAP_SERVER_URI = 'no'",
        "try:\n  import nothing\n  AUTH_LDAP_SERVER_URI = 'ldaps://dc1.ficus.example:3269'\nexcept ImportError:\n  pass",
        "AUTH_LDAP_SERVER_URI = 'ldaps://\\x64c1.ficus.example:\\\n3269'",
    ] {
        assert_eq!(uris(lines), EXPECTED, "{lines}");
    }
}

#[test]
fn several_servers_may_stand_in_one_string() {
    let uris =
        uris("AUTH_LDAP_SERVER_URI = 'ldaps://a.example, ldaps://b.example ldaps://c.example'");
    assert_eq!(
        uris,
        r#"["ldaps://a.example", "ldaps://b.example", "ldaps://c.example"]"#
    );
}

#[test]
fn a_variable_of_the_environment_counts_as_its_default_with_a_note() {
    for call in [
        "import os\nAUTH_LDAP_SERVER_URI = os.environ.get('LDAP_PLACE', 'ldaps://a.example')",
        "from os import environ\nAUTH_LDAP_SERVER_URI = environ.get('LDAP_PLACE', default='ldaps://a.example')",
        "import os\nAUTH_LDAP_SERVER_URI = os.getenv('LDAP_PLACE', 'ldaps://a.example')",
        "from decouple import config\nAUTH_LDAP_SERVER_URI = config('LDAP_PLACE', default='ldaps://a.example')",
    ] {
        let answer = with(call);
        assert_eq!(
            answer.value("server.uris"),
            Some(r#"["ldaps://a.example"]"#),
            "{call}"
        );
        let told = answer.notes("warning").iter().any(|note| {
            note["text"]
                .as_str()
                .is_some_and(|text| text.contains("LDAP_PLACE"))
                && note["line"] == 7
        });
        assert!(told, "{:#?}", answer.json["notes"]);
    }
    let without = with("import os\nAUTH_LDAP_SERVER_URI = os.environ['LDAP_PLACE']");
    assert_eq!(without.code, 1);
    assert!(without.about("AUTH_LDAP_SERVER_URI").contains("LDAP_PLACE"));
}

/// No environment of the command itself counts.
#[test]
fn the_commands_own_environment_is_not_read() {
    let answer =
        with("import os\nAUTH_LDAP_SERVER_URI = os.environ.get('PATH', 'ldaps://a.example')");
    assert_eq!(
        answer.value("server.uris"),
        Some(r#"["ldaps://a.example"]"#)
    );
}

#[test]
fn what_is_not_literal_is_named_with_its_line_and_why() {
    for (lines, why) in [
        (
            "AUTH_LDAP_SERVER_URI = find_server('x')",
            "find_server(...) is not run",
        ),
        (
            "AUTH_LDAP_SERVER_URI = lambda request: 'ldaps://a.example'",
            "a function",
        ),
        (
            "AUTH_LDAP_SERVER_URI = [u for u in 'abc'][0]",
            "a comprehension is not run",
        ),
        (
            "AUTH_LDAP_SERVER_URI = open('/etc/hostname').read()",
            "open(...) is not run",
        ),
        (
            "AUTH_LDAP_SERVER_URI = __import__('os').popen('id').read()",
            "is not run",
        ),
        (
            "AUTH_LDAP_SERVER_URI = elsewhere.URI",
            "comes from elsewhere",
        ),
        (
            "AUTH_LDAP_SERVER_URI = UNSET + 'x'",
            "the name UNSET comes from elsewhere",
        ),
        ("AUTH_LDAP_SERVER_URI = 7", "this is not a text"),
        ("AUTH_LDAP_SERVER_URI = f'{1:>10}'", "a format of its own"),
        (
            "AUTH_LDAP_SERVER_URI = 'x' * 1000000000",
            "an unusual operator",
        ),
        (
            "if socket.gethostname() == 'a':\n  AUTH_LDAP_SERVER_URI = 'ldaps://a.example'",
            "condition on line 6",
        ),
        (
            "AUTH_LDAP_SERVER_URI = 'x'\nfor a in b:\n  AUTH_LDAP_SERVER_URI = a",
            "in a loop",
        ),
        (
            "AUTH_LDAP_SERVER_URI = 'x'\ndel AUTH_LDAP_SERVER_URI",
            "it is deleted",
        ),
        (
            "AUTH_LDAP_SERVER_URI = 'x'\ndef f():\n  global AUTH_LDAP_SERVER_URI\n  AUTH_LDAP_SERVER_URI = 'y'\n",
            "the function on line 7",
        ),
        ("AUTH_LDAP_SERVER_URI = (yield)", "is not run"),
    ] {
        let answer = with(lines);
        assert_eq!(answer.code, 1, "{lines}");
        let text = answer.about("AUTH_LDAP_SERVER_URI");
        assert!(text.contains(why), "{lines}: {text}");
        assert!(answer.text.contains("ldap_config.py:"), "{}", answer.text);
        assert!(answer.line("server.uris").is_none(), "{}", answer.text);
    }
}

#[test]
fn whatever_may_set_something_unseen_is_named() {
    for (lines, word) in [
        ("exec('AUTH_LDAP_START_TLS = True')", "exec"),
        ("from .base import *", ".base"),
        ("globals().update(x=1)", "globals"),
        ("setattr(settings, 'A', 1)", "setattr"),
        ("globals()['AUTH_LDAP_START_TLS'] = True", "globals(...)"),
        (
            "def f():\n  vars()['AUTH_LDAP_START_TLS'] = True",
            "vars(...)",
        ),
        ("if unknown:\n  from .base import *", ".base"),
        ("x = eval('y')", "eval"),
    ] {
        let answer = with(&format!(
            "AUTH_LDAP_SERVER_URI = 'ldaps://a.example'\n{lines}"
        ));
        let told = answer.todo().iter().any(|note| {
            note["line"].as_u64().is_some_and(|line| line >= 7)
                && note["text"]
                    .as_str()
                    .is_some_and(|text| text.contains(word))
        });
        assert!(told, "{lines}: {:#?}", answer.json["notes"]);
    }
}

#[test]
fn nothing_of_the_file_is_run() {
    let directory = tempfile::TempDir::new().unwrap();
    let witness = directory.path().join("witness");
    let path = witness.display();
    for line in [
        format!("open('{path}', 'w').write('x')"),
        format!("import os; os.system('touch {path}')"),
        format!("exec(\"open('{path}', 'w')\")"),
        format!("AUTH_LDAP_SERVER_URI = __import__('os').system('touch {path}')"),
        format!("AUTH_LDAP_SERVER_URI = f\"{{open('{path}', 'w')}}\""),
        format!("x = [open('{path}', 'w') for _ in (1,)]"),
        format!("class A:\n  open('{path}', 'w')"),
        format!("@print(open('{path}', 'w'))\ndef f(): pass"),
    ] {
        with(&line);
        assert!(!witness.exists(), "{line}");
    }
}
