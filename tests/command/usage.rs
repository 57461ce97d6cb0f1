//! The command line itself: completions, help, and what is no command.

use std::process::{Command, Output};

fn rsldapctl(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rsldapctl"))
        .args(arguments)
        .output()
        .expect("rsldapctl")
}

#[test]
fn shells_get_a_script_that_knows_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let output = rsldapctl(&["completions", shell]);
        assert!(output.status.success(), "{shell}");
        let script = String::from_utf8(output.stdout).expect("UTF-8");
        for word in [
            "check",
            "explain",
            "status",
            "stack",
            "keys",
            "cache",
            "flush",
            "password-stdin",
            "offline",
        ] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

/// Calls what the script has registered as bash does when TAB is pressed, for each line of words, of
/// which the last is not finished. Prints what it offers, a line for each.
const PRESS_TAB: &str = r#"
    source <("$1" completions bash) && read -ra registered < <(complete -p rsldapctl) || exit
    offer=${registered[-2]}
    while read -ra COMP_WORDS; do
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
        "$offer" rsldapctl "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
        echo "${COMPREPLY[*]}"
    done"#;

#[test]
fn bash_completes_commands_options_and_values() {
    let expected = [
        ("rsldapctl che", "check"),
        ("rsldapctl st", "stack status"),
        ("rsldapctl cache f", "flush"),
        ("rsldapctl cache flush alice --r", "--refusals"),
        ("rsldapctl explain alice --p", "--password-stdin"),
        ("rsldapctl import x --from net", "netbox netbox-docker"),
        ("rsldapctl completions f", "fish"),
        ("rsldapctl stack sshd --root /et", "/etc"),
        ("rsldapctl nonsense", ""),
    ];
    let lines: Vec<_> = expected.iter().map(|(words, _)| *words).collect();
    let script = format!("{PRESS_TAB} <<'END'\n{}\nEND\n", lines.join("\n"));
    let command = env!("CARGO_BIN_EXE_rsldapctl");
    let output = Command::new("bash")
        .args(["--norc", "-c", &script, "bash", command])
        .output()
        .expect("bash");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let offered = String::from_utf8(output.stdout).expect("UTF-8");
    let answers: Vec<_> = expected.iter().map(|(_, answer)| *answer).collect();
    assert_eq!(offered.lines().collect::<Vec<_>>(), answers);
}

#[test]
fn help_of_a_command_is_what_the_command_says_itself() {
    for command in [
        &[][..],
        &["check"],
        &["explain"],
        &["stack"],
        &["status"],
        &["cache"],
        &["cache", "list"],
        &["cache", "flush"],
        &["keys"],
        &["import"],
        &["completions"],
    ] {
        let help = rsldapctl(&[&["help"], command].concat());
        assert_eq!(help.status.code(), Some(0), "{command:?}");
        let itself = rsldapctl(&[command, &["--help"]].concat());
        assert_eq!(itself.status.code(), Some(0), "{command:?}");
        assert_eq!(help.stdout, itself.stdout, "{command:?}");
        let short = rsldapctl(&[command, &["-h"]].concat());
        assert!(short.stdout.len() < itself.stdout.len(), "{command:?}");
    }
}

#[test]
fn a_slip_of_the_hand_is_answered_with_the_word_that_was_meant() {
    for (words, meant) in [
        (&["chekc"][..], "'check'"),
        (&["cache", "lst"], "'list'"),
        (&["check", "--ofline"], "'--offline'"),
        (
            &["explain", "alice", "--pasword-stdin"],
            "'--password-stdin'",
        ),
        (&["import", "x", "--from", "ssd"], "'sssd'"),
        (&["completions", "bahs"], "'bash'"),
    ] {
        let output = rsldapctl(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        let tip = error.lines().find(|line| line.starts_with("  tip: "));
        assert!(tip.is_some_and(|tip| tip.ends_with(meant)), "{error}");
    }
}

#[test]
fn what_is_no_command_ends_with_2_and_prints_nothing_on_standard_output() {
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["explain"],
        &["check", "--onlin"],
        &["cache"],
        &["cache", "empty"],
        &["cache", "list", "--refusals"],
    ] {
        let output = rsldapctl(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}
