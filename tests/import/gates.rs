//! Whatever restricts who may log in and cannot be told keeps the gates shut: exit status 1, a TODO,
//! and a configuration that the module refuses (which [`import`] asserts of every answer with a TODO).

use crate::command::{Answer, import, import_with};

const HEAD: &str = "\
import ldap, os
from os import environ
from django_auth_ldap.config import *
AUTH_LDAP_SERVER_URI = 'ldaps://dir.ficus.example'
AUTH_LDAP_USER_SEARCH = LDAPSearch('ou=people,o=x', ldap.SCOPE_SUBTREE, '(uid=%(user)s)')
AUTH_LDAP_GROUP_TYPE = GroupOfNamesType()
AUTH_LDAP_USER_FLAGS_BY_GROUP = {'is_active': 'cn=on,o=x'}
AUTH_LDAP_REQUIRE_GROUP = 'cn=in,o=x'
AUTH_LDAP_DENY_GROUP = 'cn=out,o=x'
";

fn with(lines: &str) -> Answer {
    import("ldap_config.py", format!("{HEAD}{lines}\n"))
}

#[test]
fn the_file_itself_is_complete() {
    let answer = with("");
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(answer.value("flags.is_active"), Some("\"cn=on,o=x\""));
    assert_eq!(answer.value("access.require"), Some("\"cn=in,o=x\""));
    assert_eq!(answer.value("access.deny"), Some("\"cn=out,o=x\""));
}

#[test]
fn python_that_cannot_be_told_opens_nothing() {
    for lines in [
        // From elsewhere.
        "from .site import AUTH_LDAP_DENY_GROUP",
        "from .site import *",
        "try:\n  from .site import *\nexcept ImportError:\n  pass",
        "from site import GROUP as AUTH_LDAP_REQUIRE_GROUP",
        "GROUP = 'cn=a,o=x'\nfrom site import GROUP\nAUTH_LDAP_REQUIRE_GROUP = GROUP",
        "AUTH_LDAP_REQUIRE_GROUP = site.GROUP",
        // The environment.
        "AUTH_LDAP_REQUIRE_GROUP = environ['GROUP']",
        "AUTH_LDAP_REQUIRE_GROUP = environ.get('GROUP')",
        "AUTH_LDAP_REQUIRE_GROUP = environ.get('GROUP', 'cn=all,o=x')",
        "AUTH_LDAP_DENY_GROUP = os.environ.get('GROUP', '')",
        "AUTH_LDAP_DENY_GROUP = os.getenv('GROUP', None)",
        "GROUP = environ.get('GROUP', 'all')\nAUTH_LDAP_REQUIRE_GROUP = f'cn={GROUP},o=x'",
        "GROUP = environ.get('GROUP', 'all')\nAUTH_LDAP_REQUIRE_GROUP = 'cn=%s,o=x' % GROUP",
        "AUTH_LDAP_REQUIRE_GROUP = 'cn={},o=x'.format(environ.get('GROUP', 'all'))",
        "AUTH_LDAP_USER_FLAGS_BY_GROUP['is_active'] = environ.get('GROUP', 'cn=all,o=x')",
        "if environ.get('LOOSE', ''):\n  AUTH_LDAP_DENY_GROUP = None",
        "AUTH_LDAP_DENY_GROUP = None\nif environ.get('STRICT', ''):\n  AUTH_LDAP_DENY_GROUP = 'cn=out,o=x'",
        "AUTH_LDAP_DENY_GROUP = 'cn=out,o=x' if environ.get('STRICT', '') else None",
        "AUTH_LDAP_USER_SEARCH = LDAPSearch('o=x', 2, environ.get('FILTER', '(uid=%(user)s)'))",
        // Conditions, loops, exceptions.
        "if DEBUG:\n  AUTH_LDAP_REQUIRE_GROUP = None",
        "if DEBUG:\n  AUTH_LDAP_USER_FLAGS_BY_GROUP.update(is_active='cn=all,o=x')",
        "if DEBUG:\n  del AUTH_LDAP_DENY_GROUP",
        "if ldap.SCOPE_BASE:\n  AUTH_LDAP_DENY_GROUP = 'cn=other,o=x'",
        "if 1 == True:\n  AUTH_LDAP_DENY_GROUP = 'cn=other,o=x'",
        "if ['a'] == ['a']:\n  AUTH_LDAP_DENY_GROUP = 'cn=other,o=x'",
        "if b'a' == 'a':\n  AUTH_LDAP_DENY_GROUP = None",
        "for AUTH_LDAP_DENY_GROUP in groups: pass",
        "for g in groups:\n  AUTH_LDAP_USER_FLAGS_BY_GROUP[g] = g",
        "while x:\n  AUTH_LDAP_DENY_GROUP = None",
        "match x:\n  case 1:\n    AUTH_LDAP_DENY_GROUP = None",
        "try:\n  x = secret()\n  AUTH_LDAP_DENY_GROUP = None\nexcept Exception:\n  pass",
        "try:\n  pass\nexcept Exception as AUTH_LDAP_DENY_GROUP:\n  pass",
        "with open('x') as AUTH_LDAP_DENY_GROUP:\n  pass",
        "with suppress(KeyError):\n  x = y['z']\n  AUTH_LDAP_DENY_GROUP = None",
        // Assignments that do not look like one.
        "(AUTH_LDAP_DENY_GROUP := None)",
        "x = (AUTH_LDAP_DENY_GROUP := None)",
        "print(AUTH_LDAP_DENY_GROUP := None)",
        "*AUTH_LDAP_DENY_GROUP, y = [1, 2, 3]",
        "(a, (AUTH_LDAP_DENY_GROUP, b)) = f()",
        "DEBUG and AUTH_LDAP_USER_FLAGS_BY_GROUP.clear()",
        "x = AUTH_LDAP_USER_FLAGS_BY_GROUP.pop('is_active')",
        "[AUTH_LDAP_USER_FLAGS_BY_GROUP.pop(k) for k in ['is_active']]",
        "edit(AUTH_LDAP_USER_FLAGS_BY_GROUP)",
        "edit(flags=AUTH_LDAP_USER_FLAGS_BY_GROUP)",
        "operator.setitem(AUTH_LDAP_USER_FLAGS_BY_GROUP, 'is_active', 'cn=all,o=x')",
        "AUTH_LDAP_USER_FLAGS_BY_GROUP[key] = 'cn=all,o=x'",
        "AUTH_LDAP_USER_FLAGS_BY_GROUP |= more",
        "AUTH_LDAP_USER_FLAGS_BY_GROUP = {**more, 'is_active': 'cn=on,o=x'}",
        // The same dictionary by another name.
        "flags = AUTH_LDAP_USER_FLAGS_BY_GROUP\nflags['is_active'] = 'cn=all,o=x'",
        "flags = AUTH_LDAP_USER_FLAGS_BY_GROUP\nflags |= {'is_active': 'cn=all,o=x'}",
        "a = b = {}\nAUTH_LDAP_USER_FLAGS_BY_GROUP = a\nb['is_active'] = 'cn=on,o=x'",
        "a = {'f': AUTH_LDAP_USER_FLAGS_BY_GROUP}\na['f']['is_active'] = 'cn=all,o=x'",
        "g = ['cn=a,o=x']\nAUTH_LDAP_USER_FLAGS_BY_GROUP['is_active'] = g\ng.append('cn=all,o=x')",
        // Functions and classes.
        "def f():\n  global AUTH_LDAP_DENY_GROUP\n  AUTH_LDAP_DENY_GROUP = None\nf()",
        "def f():\n  AUTH_LDAP_USER_FLAGS_BY_GROUP['is_active'] = 'cn=all,o=x'\nf()",
        "def f():\n  FLAGS.update(is_active='cn=all,o=x')\nFLAGS = {'is_active': 'cn=on,o=x'}\nf()\nAUTH_LDAP_USER_FLAGS_BY_GROUP = FLAGS",
        "class A:\n  AUTH_LDAP_USER_FLAGS_BY_GROUP['is_active'] = 'cn=all,o=x'",
        "class A:\n  AUTH_LDAP_USER_FLAGS_BY_GROUP |= {'is_active': 'cn=all,o=x'}",
        "a = AUTH_LDAP_USER_FLAGS_BY_GROUP\nclass A:\n  a['is_active'] = 'cn=all,o=x'",
        "a = AUTH_LDAP_USER_FLAGS_BY_GROUP\ndef f(): a.update(more)",
        "if DEBUG:\n  a = AUTH_LDAP_USER_FLAGS_BY_GROUP\na.update(is_active='cn=all,o=x')",
        "AUTH_LDAP_REQUIRE_GROUP = in_groups('all')",
        "def LDAPGroupQuery(dn): return everybody\nAUTH_LDAP_REQUIRE_GROUP = LDAPGroupQuery('cn=in,o=x')",
        "class LDAPGroupQuery: pass\nAUTH_LDAP_REQUIRE_GROUP = LDAPGroupQuery('cn=in,o=x')",
        "def f(): globals().update(x)",
        "exec(open('x').read())",
        "setattr(settings, 'AUTH_LDAP_DENY_GROUP', None)",
        // Values of a kind that is not to be foreseen.
        "AUTH_LDAP_REQUIRE_GROUP = LDAPGroupQuery('cn=a,o=x', _negated=True)",
        "AUTH_LDAP_REQUIRE_GROUP = LDAPGroupQuery('cn=a,o=x') ^ LDAPGroupQuery('cn=b,o=x')",
        "AUTH_LDAP_REQUIRE_GROUP = LDAPGroupQuery()",
        "AUTH_LDAP_REQUIRE_GROUP = LDAPGroupQuery(*groups)",
        "AUTH_LDAP_DENY_GROUP = b'cn=out,o=x'",
        "AUTH_LDAP_DENY_GROUP = 7",
        "AUTH_LDAP_DENY_GROUP = []",
        "AUTH_LDAP_DENY_GROUP = lambda: 'cn=out,o=x'",
        "AUTH_LDAP_DENY_GROUP = 'a,b'.split(',', maxsplit=1)",
        "G = 'cn=a'\nAUTH_LDAP_DENY_GROUP = f'{G=},o=x'",
        "AUTH_LDAP_USER_FLAGS_BY_GROUP = {'FILL_IN': 'cn=all,o=x'}\nAUTH_LDAP_REQUIRE_GROUP = a.b",
        "AUTH_LDAP_GROUP_TYPE = MyGroupType()",
        "AUTH_LDAP_USER_SEARCH = LDAPSearch('o=x', 2, base + '(uid=%(user)s)')",
        "AUTH_LDAP_USER_SEARCH = LDAPSearchUnion(*searches)",
    ] {
        let answer = with(lines);
        assert_eq!(answer.code, 1, "{lines}\n{}", answer.text);
    }
}

/// Nothing of this is a reason to ask.
#[test]
fn plain_python_is_read_to_its_end() {
    for (lines, key, value) in [
        (
            "flags = {}\nflags['is_active'] = 'cn=a,o=x'\nAUTH_LDAP_USER_FLAGS_BY_GROUP = flags",
            "flags.is_active",
            "\"cn=a,o=x\"",
        ),
        (
            "G = {'a': 'cn=a,o=x'}\nAUTH_LDAP_USER_FLAGS_BY_GROUP['x'] = G['a']\nAUTH_LDAP_REQUIRE_GROUP = G.get('a') if False else G['a']",
            "access.require",
            "\"cn=a,o=x\"",
        ),
        (
            "try:\n  import foo\n  AUTH_LDAP_MIRROR_GROUPS = False\nexcept ImportError:\n  pass",
            "access.require",
            "\"cn=in,o=x\"",
        ),
        (
            "import logging\nlogger = logging.getLogger('x')\nlogger.setLevel(logging.DEBUG)\nprint(AUTH_LDAP_USER_FLAGS_BY_GROUP)",
            "flags.is_active",
            "\"cn=on,o=x\"",
        ),
        (
            "def helper(name, default=None):\n  flags = {}\n  flags[name] = default\n  return open(name).read()\nAUTH_LDAP_BIND_DN = 'cn=a,o=x'\nAUTH_LDAP_BIND_PASSWORD = helper('x')",
            "flags.is_active",
            "\"cn=on,o=x\"",
        ),
        (
            "AUTH_LDAP_START_TLS = environ.get('TLS', 'False').lower() == 'true'",
            "access.deny",
            "\"cn=out,o=x\"",
        ),
        (
            "if 'cn=in,o=x' in ['cn=in,o=x']:\n  AUTH_LDAP_DENY_GROUP = 'cn=other,o=x'",
            "access.deny",
            "\"cn=other,o=x\"",
        ),
    ] {
        let answer = with(lines);
        assert_eq!(answer.code, 0, "{lines}\n{}", answer.text);
        assert_eq!(answer.value(key), Some(value), "{lines}\n{}", answer.text);
    }
}

/// A complete file of each format, and lines that restrict who may log in there.
#[test]
fn rules_of_the_others_that_have_no_equivalent_open_nothing() {
    const NSLCD: &str = "uri ldaps://a.example\nbase o=x\nthreads 1\n\
        pam_authz_search (&(objectClass=posixGroup)(cn=in)(memberUid=$username))\n";
    const SIMPLE: &str = "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a.example\n\
        ldap_search_base = o=x\naccess_provider = simple\nsimple_allow_groups = in\n";
    const ACCESS: &str = "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a.example\n\
        ldap_search_base = o=x\naccess_provider = ldap\nldap_access_filter = (memberOf=cn=in,o=x)\n";
    const PADL: &str = "host a.example\nbase o=x\nssl on\npam_groupdn cn=in,o=x\n";
    const DOCKER: &str = "AUTH_LDAP_SERVER_URI=ldaps://a.example\n\
        AUTH_LDAP_USER_SEARCH_BASEDN=o=x\nAUTH_LDAP_REQUIRE_GROUP_DN=cn=in,o=x\n";
    for (name, head, rules) in [
        (
            "nslcd.conf",
            NSLCD,
            &[
                "pam_authz_search (&(uid=$username)(host=$hostname)(host=$fqdn))",
                "pam_authz_search (&(uid=$username)(&(host=$hostname)(host=\\2a)))",
                "pam_authz_search (&(uid=$username)(|(host=$hostname)(!(host=\\2a))))",
                "pam_authz_search (|(host=$hostname)(host=$fqdn)(host=\\2a))\npam_authz_search (|(place=$hostname)(place=$fqdn)(place=\\2a))",
                "pam_authz_search (|(authorizedService=$service)(authorizedService=*))\npam_authz_search (|(job=$service)(job=*))",
                "pam_authz_search (uid=${username:-x})",
                "pam_authz_search (employeeType=gardener)",
                "pam_authz_search",
                "base passwd ou=a,o=x\nbase shadow ou=b,o=x",
                "map shadow shadowExpire expiresOn\npam_authc_ppolicy yes",
                "map shadow shadowMax \"${shadowMax:-90}\"",
                "map shadow shadowMax \"${a} ${b}\"",
            ][..],
        ),
        (
            "sssd.conf",
            SIMPLE,
            &[
                "simple_deny_users = mallory",
                "simple_deny_groups = out\nsimple_deny_users = mallory",
                "simple_deny_groups = out\nldap_schema = rfc2307bis\nldap_group_search_base = o=x",
                "simple_deny_groups = out\nldap_group_member = inmate",
                "max_id = 20000",
                "ldap_max_id = 20000",
                "access_provider = krb5",
                "ldap_pwd_policy = shadow\nldap_user_shadow_max = daysLeft",
            ],
        ),
        (
            "sssd.conf",
            ACCESS,
            &[
                "ldap_access_filter = (employeeType=gardener)",
                "ldap_access_filter = (&(memberOf=cn=in,o=x)(employeeType=gardener))",
                "ldap_access_filter = (memberOf=cn=in,o=x",
                "ldap_access_filter = (|(memberOf=cn=a,o=x)(memberOf:1.2.840.113556.1.4.1941:=cn=b,o=x))",
                "ldap_access_order = filter, rhost",
                "ldap_access_order = filter, brand_new",
                "ldap_access_order = filter, expire",
                "ldap_access_order = filter, expire\nldap_account_expire_policy = nds",
                "ldap_access_order = filter, expire\nldap_account_expire_policy = shadow\nldap_user_shadow_expire = endsOn",
                "ldap_access_order = filter, expire\nldap_account_expire_policy = ad\nldap_user_ad_account_expires = endsOn",
                "ldap_access_order = filter, expire\nldap_account_expire_policy = ad\nldap_user_ad_user_account_control = bits",
                "ldap_access_order = filter, expire\nldap_account_expire_policy = rhds\nldap_ns_account_lock = locked",
            ],
        ),
        (
            "ldap.conf",
            PADL,
            &["pam_max_uid 20000", "pam_member_attribute memberuid"],
        ),
        (
            "netbox.env",
            DOCKER,
            &[
                "AUTH_LDAP_REQUIRE_GROUP_DN",
                "AUTH_LDAP_REQUIRE_GROUP_DN=${GROUP}",
                "AUTH_LDAP_REQUIRE_GROUP_DN=",
                "AUTH_LDAP_DENY_GROUP_DN=cn=out,o=x",
                "AUTH_LDAP_USER_SEARCH_FILTER=$FILTER",
                "AUTH_LDAP_GROUP_TYPE=OurGroupType",
            ],
        ),
    ] {
        let plain = import(name, head);
        assert_eq!(plain.code, 0, "{}", plain.text);
        for rule in rules {
            let answer = import(name, format!("{head}{rule}\n"));
            assert_eq!(answer.code, 1, "{name}: {rule}\n{}", answer.text);
        }
    }
}

/// `--is-active` opens nothing that is shut for all.
#[test]
fn a_domain_that_lets_nobody_in_stays_shut() {
    for rule in [
        "access_provider = deny",
        "access_provider = ldap",
        "access_provider = ldap\nldap_access_order = expire",
    ] {
        let text = format!(
            "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a.example\nldap_search_base = o=x\n{rule}\n"
        );
        let answer = import_with("sssd.conf", text, &["--is-active", "cn=in,o=x"]);
        assert_eq!(answer.code, 1, "{}", answer.text);
        assert_eq!(answer.value("access.require"), Some("\"FILL_IN\""));
    }
}

/// Where the name is one that is looked at here, too, or nothing is asked of it.
#[test]
fn the_usual_signs_of_an_expired_account_leave_nothing_to_do() {
    let nslcd = "uri ldaps://a.example\nbase o=x\nthreads 1\n\
        pam_authz_search (&(objectClass=posixGroup)(cn=in)(memberUid=$username))\n\
        base passwd ou=a,o=x\nbase shadow ou=A, o=x\nbase shadow o=x\n\
        map shadow shadowExpire shadowExpire\nmap shadow shadowExpire accountExpires\n\
        map shadow shadowLastChange pwdLastSet\nmap shadow shadowWarning x\n";
    let sssd = "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a.example\n\
        ldap_search_base = o=x\naccess_provider = ldap\nldap_access_filter = (memberOf=cn=in,o=x)\n\
        ldap_access_order = filter, expire\nldap_account_expire_policy = shadow\n\
        ldap_user_shadow_expire = shadowexpire\nldap_ns_account_lock = x\nldap_user_shadow_max = x\n";
    for (name, text) in [("nslcd.conf", nslcd), ("sssd.conf", sssd)] {
        let answer = import(name, text);
        assert_eq!(answer.code, 0, "{}", answer.text);
    }
}

/// What only looks like a rule, or counts nowhere, is said to be so.
#[test]
fn what_works_otherwise_is_told() {
    for (name, text, setting, words) in [
        (
            "nslcd.conf",
            "uri ldaps://a\nbase o=x\nthreads 1\nmap shadow shadowExpire expiresOn\n",
            "map",
            "whether an account has expired",
        ),
        (
            "nslcd.conf",
            "uri ldaps://a\nthreads 1\nfilter shadow (a=b)\n",
            "filter",
            "read from the user's own entry",
        ),
        (
            "nslcd.conf",
            "uri ldaps://a\nbase o=x\nthreads 1\nbase shadow ou=a,o=x\n",
            "base",
            "read from the user's own entry",
        ),
        (
            "nslcd.conf",
            "uri ldaps://a\nthreads 1\nfilter hosts (a=b)\n",
            "filter",
            "come from NSS",
        ),
        (
            "nslcd.conf",
            "uri ldaps://a\nthreads 1\nfilter (a=b)\n",
            "filter",
            "names no map",
        ),
        (
            "nslcd.conf",
            "uri ldaps://a\nthreads 1\nmap passwd homeDirectory \"/home/$uid\"\n",
            "map",
            "come from NSS",
        ),
        (
            "nslcd.conf",
            "uri ldaps://a\nthreads 1\nscope children\n",
            "scope",
            "the base itself",
        ),
        (
            "nslcd.conf",
            "uri ldaps://a\nbase o=x\nthreads 1\nvalidnames /^[a-z]+$/\n",
            "validnames",
            "If this kept somebody out",
        ),
        (
            "sssd.conf",
            "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a\nsimple_allow_groups = in\n",
            "simple_allow_groups",
            "access_provider = simple only",
        ),
        (
            "sssd.conf",
            "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a\nldap_access_filter = (a=b)\n",
            "ldap_access_filter",
            "access_provider = ldap only",
        ),
        (
            "sssd.conf",
            "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a\naccess_provider = ldap\nldap_access_order = expire\n",
            "ldap_access_order",
            "there nobody may log in",
        ),
        (
            "sssd.conf",
            "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a\naccess_provider = ldap\nldap_access_order = host\nldap_access_filter = (a=b)\n",
            "ldap_access_filter",
            "where ldap_access_order asks for it",
        ),
        (
            "sssd.conf",
            "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a\naccess_provider = ldap\nldap_access_order = host\nldap_account_expire_policy = shadow\n",
            "ldap_account_expire_policy",
            "always looked at",
        ),
        (
            "sssd.conf",
            "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a\naccess_provider = ldap\nldap_access_order = host\nldap_user_authorized_service = job\n",
            "ldap_user_authorized_service",
            "where ldap_access_order asks for it",
        ),
        (
            "sssd.conf",
            "[pam]\npam_verbosity = 1\n[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a\n",
            "[pam]",
            "pam_verbosity",
        ),
    ] {
        let answer = import(name, text);
        let told = answer.about(setting);
        assert!(told.contains(words), "{text}: {told}");
    }
}
