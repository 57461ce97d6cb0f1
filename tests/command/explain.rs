//! `rsldapctl explain`: the steps of a login and its end.

use serde_json::Value;

use crate::common::directory::{BASE, GROUPS, SERVICE_DN, USERS, group_dn, password_of, user_dn};
use crate::common::slapd::free_port;
use crate::fixture::{Answer, ask, server};

fn outcome(answer: &Answer) -> &str {
    answer.json["outcome"].as_str().expect("an outcome")
}

/// The values of the groups in a tree, by their names.
fn leaves(tree: &Value) -> Vec<(String, String)> {
    let text = |key: &str| tree[key].as_str().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    if text("part") == "group" {
        found.push((text("name"), text("value")));
    }
    let below = tree["below"].as_array().expect("an array");
    found.extend(below.iter().flat_map(leaves));
    found
}

fn gate<'a>(answer: &'a Answer, name: &str) -> &'a Value {
    let gates = answer.json["gates"].as_array().expect("gates");
    let found = gates.iter().find(|gate| gate["gate"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {gates:#?}"))
}

#[test]
fn a_granted_login_shows_each_step() {
    let server = server();
    let config = server.config(&[]);
    let answer = ask(
        &config,
        &["explain", "alice", "--password-stdin"],
        &format!("{}\n", password_of("alice")),
    );
    assert_eq!((answer.code, outcome(&answer)), (0, "granted"));
    let json = &answer.json;
    assert_eq!(json["dn"], user_dn("alice"));
    assert_eq!(json["server"], server.uri());
    let connection = &json["connections"][0];
    assert_eq!(connection["protection"], "cleartext_loopback");
    assert_eq!(connection["tls"], Value::Null);
    let address = format!("127.0.0.1:{}", server.port());
    assert_eq!(connection["address"], address);
    let searched = &json["search"]["searches"][0];
    assert_eq!(searched["base"], USERS);
    assert_eq!(searched["scope"], "subtree");
    assert_eq!(searched["filter"], "(uid=alice)");
    assert_eq!(searched["entries"], 1);
    assert_eq!(json["search"]["name_matches"], true);
    assert_eq!(json["service_binds"][0]["dn"], SERVICE_DN);
    assert_eq!(json["service_binds"][0]["result"], "success (0)");
    assert_eq!(json["bind"]["verdict"], "right");
    assert_eq!(json["bind"]["dn"], user_dn("alice"));
    assert_eq!(json["account_state"].as_array().map(Vec::len), Some(4));
    assert_eq!(gate(&answer, "is_active")["state"], "open");
    let question = &json["group_questions"][0];
    assert_eq!(question["base"], group_dn("active"));
    assert_eq!(question["filter"], format!("(member={})", user_dn("alice")));
    assert_eq!(json["auth"], "PAM_SUCCESS");
    assert_eq!(json["account"], "PAM_SUCCESS");
    for part in [
        "the password is right",
        "cleartext on loopback",
        "outcome: granted",
        "group cn=active",
    ] {
        answer.line(part);
    }
}

#[test]
fn without_a_password_it_stops_short_of_the_bind_and_says_so() {
    let server = server();
    let config = server.config(&[]);
    let watch = server.watch();
    let answer = ask(&config, &["explain", "alice"], "");
    assert_eq!((answer.code, outcome(&answer)), (0, "granted"));
    assert_eq!(answer.json["bind"], Value::Null);
    assert_eq!(answer.json["auth"], Value::Null);
    assert!(
        answer
            .line("not tried without")
            .contains("--password-stdin")
    );
    assert_eq!(watch.operations().binds_as(&user_dn("alice")), 0);
}

#[test]
fn a_wrong_password_shows_what_the_server_said_and_every_gate_still() {
    let server = server();
    let config = server.config(&[]);
    let answer = ask(
        &config,
        &["explain", "alice", "--password-stdin"],
        "surely-wrong",
    );
    assert_eq!((answer.code, outcome(&answer)), (1, "bad_password"));
    assert_eq!(answer.json["bind"]["verdict"], "wrong");
    assert_eq!(answer.json["bind"]["result"], "invalidCredentials (49)");
    assert_eq!(answer.json["auth"], "PAM_AUTH_ERR");
    assert_eq!(answer.json["account"], Value::Null);
    assert_eq!(gate(&answer, "is_active")["state"], "open");
}

#[test]
fn each_group_of_a_query_is_true_false_missing_or_unreadable() {
    let server = server();
    let [active, staff, missing, unreadable] =
        ["active", "staff", "missing", "unreadable"].map(group_dn);
    let flags = format!("is_active = \"{active}\"\nis_staff = \"{staff}\"");
    let access = format!(
        "require = {{ any = [\"{missing}\", \"is_staff\", \"{unreadable}\"] }}\n\
         deny = {{ not = \"is_active\" }}"
    );
    let config = server.config(&[("flags", &flags), ("access", &access)]);
    let answer = ask(&config, &["explain", "alice"], "");
    assert_eq!((answer.code, outcome(&answer)), (0, "granted"));
    let required = gate(&answer, "access.require");
    assert_eq!(required["state"], "open");
    let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        leaves(&required["tree"]),
        [
            value(&missing, "missing"),
            value(&staff, "true"),
            // Not needed for the decision, and asked all the same.
            value(&unreadable, "unreadable"),
        ]
    );
    let denied = gate(&answer, "access.deny");
    assert_eq!(
        (&denied["state"], &denied["opens_at"]),
        (&"open".into(), &false.into())
    );
    answer.line("there is no such group");

    let bob = ask(&config, &["explain", "bob"], "");
    assert_eq!((bob.code, outcome(&bob)), (1, "refused"));
    assert_eq!(gate(&bob, "is_active")["state"], "shut");
    assert!(
        bob.json["reason"]
            .as_str()
            .is_some_and(|why| why.contains("is_active"))
    );
}

#[test]
fn the_gate_of_the_service_is_asked() {
    let server = server();
    let config = server.config(&[("services.sudo", "require = \"is_superuser\"")]);
    let answer = ask(&config, &["explain", "alice", "--service", "sudo"], "");
    assert_eq!((answer.code, outcome(&answer)), (1, "refused"));
    assert_eq!(gate(&answer, "services.sudo.require")["state"], "shut");
    let answer = ask(&config, &["explain", "sue", "--service", "sudo"], "");
    assert_eq!((answer.code, outcome(&answer)), (0, "granted"));
}

#[test]
fn names_that_stay_local_say_why() {
    let server = server();
    let config = server.config(&[("+user", "exempt = [\"carol\"]")]);
    let watch = server.watch();
    for (name, why) in [
        ("root", "root never"),
        ("daemon", "below user.min_uid (1000)"),
        ("carol", "user.exempt lists"),
    ] {
        let answer = ask(&config, &["explain", name], "");
        assert_eq!((answer.code, outcome(&answer)), (1, "exempt"), "{name}");
        let exempt = answer.json["exempt"].as_str().expect("a reason");
        assert!(exempt.contains(why), "{exempt}");
        assert_eq!(answer.json["auth"], "PAM_IGNORE");
    }
    assert!(watch.operations().searches.is_empty());
}

#[test]
fn unknown_doubled_and_misspelt_users_show_what_was_found() {
    let server = server();
    let search = format!("search = [ {{ base = \"{BASE}\", filter = \"(uid={{user}})\" }} ]");
    let config = server.config(&[("user", &search)]);
    let nobody = ask(&config, &["explain", "nobody-here"], "");
    assert_eq!((nobody.code, outcome(&nobody)), (1, "unknown_user"));
    assert_eq!(nobody.json["search"]["entries"], Value::Array(Vec::new()));
    let twin = ask(&config, &["explain", "twin"], "");
    assert_eq!((twin.code, outcome(&twin)), (1, "unknown_user"));
    let entries = twin.json["search"]["entries"].as_array().expect("entries");
    assert_eq!(entries.len(), 2);
    assert!(twin.text.contains(GROUPS), "{}", twin.text);
    let spelt = ask(&config, &["explain", "wrong"], "");
    assert_eq!((spelt.code, outcome(&spelt)), (1, "unknown_user"));
    assert_eq!(spelt.json["search"]["name_matches"], false);
    spelt.line("byte for byte");
    let impossible = ask(&config, &["explain", "a/b"], "");
    assert_eq!((impossible.code, outcome(&impossible)), (1, "unknown_user"));
    assert_eq!(impossible.json["search"], Value::Null);
}

#[test]
fn the_state_of_the_account_is_shown_family_by_family() {
    let server = server();
    let config = server.config(&[]);
    let answer = ask(&config, &["explain", "old"], "");
    assert_eq!((answer.code, outcome(&answer)), (1, "expired"));
    let families = answer.json["account_state"].as_array().expect("families");
    let shadow = families.iter().find(|family| family["family"] == "shadow");
    assert_eq!(shadow.expect("shadow")["state"], "closed");
    assert_eq!(answer.json["account"], "PAM_ACCT_EXPIRED");
    answer.line("shadow: closed");
}

#[test]
fn a_password_that_must_be_changed_and_one_that_is_over_show() {
    let server = server();
    let config = server.config(&[]);
    let arguments = |user| ["explain", user, "--password-stdin"];
    let stale = ask(&config, &arguments("stale"), &password_of("stale"));
    assert_eq!((stale.code, outcome(&stale)), (1, "must_change"));
    assert_eq!(stale.json["auth"], "PAM_SUCCESS");
    assert_eq!(stale.json["account"], "PAM_NEW_AUTHTOK_REQD");
    assert_eq!(stale.json["bind"]["verdict"], "right");
    stale.line("shadow: must_change");
    let lapsed = ask(&config, &arguments("lapsed"), &password_of("lapsed"));
    assert_eq!((lapsed.code, outcome(&lapsed)), (1, "expired"));
    assert_eq!(lapsed.json["account"], "PAM_AUTHTOK_EXPIRED");
    lapsed.line("shadow: password_expired");
}

#[test]
fn an_entry_that_does_not_list_this_service_says_so() {
    let server = server();
    let config = server.config(&[("access", "service_attribute = \"description\"")]);
    let answer = ask(&config, &["explain", "alice"], "");
    assert_eq!((answer.code, outcome(&answer)), (1, "refused"));
    let why = answer.json["not_listed"][0].as_str().expect("a reason");
    assert!(why.contains("description"), "{why}");
    answer.line("description: the entry has none");
}

#[test]
fn a_session_shows_the_local_groups_that_it_gets() {
    let server = server();
    let config = server.config(&[("session.local_groups", "games = \"is_staff\"")]);
    let answer = ask(&config, &["explain", "alice"], "");
    assert_eq!((answer.code, outcome(&answer)), (0, "granted"));
    assert_eq!(answer.json["local_groups"], serde_json::json!(["games"]));
    answer.line("local groups: games");
}

#[test]
fn an_alias_shows_the_account_that_it_stands_for() {
    let server = server();
    let user = format!(
        "canonical_name = true\nsearch = [{{ base = \"{USERS}\", filter = \"(mail={{user}})\" }}]"
    );
    let config = server.config(&[("user", &user)]);
    let answer = ask(&config, &["explain", "alice@example.com"], "");
    // There is no such account on this host.
    assert_eq!((answer.code, outcome(&answer)), (1, "unknown_user"));
    assert_eq!(answer.json["search"]["name_matches"], false);
    assert_eq!(answer.json["canonical"], Value::Null);
}

#[test]
fn a_server_that_was_passed_over_is_named_and_the_certificate_of_the_other_is_read() {
    let server = server();
    let dead = format!("ldaps://127.0.0.1:{}", free_port());
    let uris = format!("uris = [\"{dead}\", \"{}\"]", server.ldaps_uri());
    let tls = format!("ca_file = \"{}\"", server.ca_file().display());
    let config = server.config(&[("server", &uris), ("tls", &tls)]);
    let answer = ask(&config, &["explain", "alice"], "");
    assert_eq!((answer.code, outcome(&answer)), (0, "granted"));
    assert_eq!(answer.json["passed_over"][0]["server"], dead);
    let tls = &answer.json["connections"][0]["tls"];
    assert_eq!(tls["version"], "TLSv1_3");
    assert_eq!(tls["subject"], "CN=localhost");
    assert_eq!(tls["issuer"], "CN=Test authority");
    assert!(tls["days_left"].as_i64().is_some_and(|days| days > 1000));
    answer.line("passed over");
}

#[test]
fn a_directory_that_is_down_ends_with_3() {
    let server = server();
    let uris = format!("uris = [\"ldap://127.0.0.1:{}\"]", free_port());
    let config = server.config(&[("server", &uris)]);
    let answer = ask(
        &config,
        &["explain", "alice", "--password-stdin"],
        &password_of("alice"),
    );
    assert_eq!((answer.code, outcome(&answer)), (3, "unavailable"));
    assert_eq!(answer.json["cause"], "refused");
    assert_eq!(answer.json["auth"], "PAM_AUTHINFO_UNAVAIL");
    answer.line("this host remembers no refusal");
}

#[test]
fn a_wrong_configuration_ends_with_2() {
    let server = server();
    let config = server.config(&[("bind", &format!("dn = \"{SERVICE_DN}\"\npassword = \"no\""))]);
    let answer = ask(&config, &["explain", "alice"], "");
    assert_eq!((answer.code, outcome(&answer)), (2, "config_error"));
    assert_eq!(
        answer.json["service_binds"][0]["result"],
        "invalidCredentials (49)"
    );
    let broken = server.config(&[("flags", "")]);
    let answer = ask(&broken, &["explain", "alice"], "");
    assert_eq!(answer.code, 2);
    let error = answer.json["error"].as_str().expect("an error");
    assert!(error.contains("flags.is_active"), "{error}");
    assert!(
        answer
            .text
            .starts_with("alice through sshd: config_error: ")
    );
}

#[test]
fn values_that_would_drive_the_terminal_are_made_harmless() {
    let server = server();
    let config = server.config(&[]);
    let answer = ask(&config, &["explain", "evil"], "");
    assert_eq!((answer.code, outcome(&answer)), (0, "granted"));
    assert_eq!(
        answer.json["attributes"]["FIRST_NAME"],
        "\u{1b}[2J\u{9b}31m\u{202e}x"
    );
    answer.line("FIRST_NAME: ?[2J?31m?x");
}

#[test]
fn what_the_stack_does_next_is_told_or_why_it_cannot_be() {
    let server = server();
    let config = server.config(&[]);
    let answer = ask(
        &config,
        &["explain", "alice", "--service", "no such/service"],
        "",
    );
    assert_eq!(answer.json["stack"]["row"], Value::Null);
    assert!(answer.json["stack"]["error"].is_string());
    answer.line("the stack: nothing to say");
    let answer = ask(&config, &["explain", "alice", "--service", "su"], "");
    let stack = &answer.json["stack"];
    assert_eq!(stack["own_file"], true, "{stack:#}");
    assert!(stack["row"]["auth"]["others_yes"].is_array());
}
