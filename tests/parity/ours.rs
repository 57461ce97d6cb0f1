//! Our side: the module in the real libpam.

use std::collections::BTreeSet;
use std::ffi::c_int;

use pam_rsldap::config;
use pam_rsldap::directory::ldap::LdapDirectory;
use pam_rsldap::login::decide;
use pam_rsldap::notice::Notice;
use pam_rsldap::outcome::Phase;
use pam_rsldap::secret::{NotAPassword, Password};
use pam_rsldap::session::groups::wanted;
use pam_rsldap::transaction::{HostError, Transaction};

use crate::common::directory::SERVICE_PASSWORD;
use crate::common::pam::{
    Client, PAM_ACCT_EXPIRED, PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_AUTHTOK_EXPIRED,
    PAM_MAXTRIES, PAM_NEW_AUTHTOK_REQD, PAM_PERM_DENIED, PAM_SERVICE_ERR, PAM_SUCCESS,
    PAM_USER_UNKNOWN, Stack,
};
use crate::common::slapd::Slapd;
use crate::login::Login;
use crate::policy::{Bind, Mirror, Policy};
use crate::verdict::{Class, Text, Verdict};

/// A stack of the module alone, which reads the configuration of whatever policy is current.
pub struct Module<'a> {
    slapd: &'a Slapd,
    stack: Stack,
    config: String,
}

impl<'a> Module<'a> {
    /// Workers that run at the same time have different numbers.
    pub fn new(slapd: &'a Slapd, worker: usize) -> Module<'a> {
        let config = format!("parity-{worker}.toml");
        let stack = Stack::with_config(slapd.path().join(&config));
        // Where the module says PAM_IGNORE, its neighbour answers with a code that it never gives.
        let text = "auth [success=done ignore=ignore default=die] pam_rsldap.so config=CONFIG config_error=deny\n\
                    auth required pam_debug.so auth=maxtries\n\
                    session required pam_rsldap.so config=CONFIG config_error=deny\n";
        stack.service("login", text);
        Module {
            slapd,
            stack,
            config,
        }
    }

    /// From here on, logins are under this policy.
    pub fn set_policy(&self, policy: &Policy) {
        let (name, password) = match policy.bind {
            Bind::Refused => ("wrong-password", "wrong"),
            Bind::Anonymous | Bind::Service => ("bind-password", SERVICE_PASSWORD),
        };
        let name = format!("{}.{name}", self.config);
        let password = self.slapd.file(&name, 0o600, password);
        let password = password.to_str().expect("a UTF-8 path");
        let text = policy.toml(&self.slapd.uri(), password);
        self.slapd.file(&self.config, 0o600, &text);
    }

    pub fn login(&self, policy: &Policy, login: &Login) -> Verdict {
        let mut client = Client::start(&self.stack, "login", &login.name);
        client.answer(&login.password);
        let class = class(client.authenticate(0), login);
        let mut verdict = Verdict::new(class);
        if class == Class::Granted {
            assert_eq!(client.open_session(0), PAM_SUCCESS, "open_session");
            let environment = client.getenvlist();
            let flags = environment.get("RSLDAP_FLAGS").expect("RSLDAP_FLAGS");
            let flags = flags.split(',').filter(|flag| !flag.is_empty());
            verdict.flags = flags.map(str::to_owned).collect();
            for (key, _) in &policy.attributes {
                let variable = format!("RSLDAP_{}", key.to_ascii_uppercase());
                if let Some(value) = environment.get(&variable) {
                    let value = Text::Utf8(value.clone());
                    verdict.attributes.insert((*key).to_owned(), value);
                }
            }
        }
        if class == Class::Granted && !matches!(policy.mirror, Mirror::Off) {
            verdict.groups = self.mirrored(login);
        }
        verdict
    }

    /// The groups that the session would get if all of them were groups of this host: what libpam's
    /// client sees of them depends on the host, so the library is asked.
    fn mirrored(&self, login: &Login) -> BTreeSet<String> {
        let config = self.slapd.path().join(&self.config);
        let config = config::load(&config).expect("the configuration of the login");
        let mut directory = LdapDirectory::new(&config);
        let subject = (login.name.as_bytes(), b"login".as_slice());
        let mut typed = Typed(&login.password);
        let decision = decide(
            Phase::Auth,
            &config,
            subject,
            None,
            &mut typed,
            &mut directory,
        );
        let identity = decision.expect("a decision").identity.expect("a grant");
        let wanted = wanted(&config.session, &identity.groups);
        wanted.into_iter().map(|group| group.name).collect()
    }
}

/// A transaction in which the password was typed.
struct Typed<'a>(&'a str);

impl Transaction for Typed<'_> {
    fn password(&mut self) -> Result<Result<Password, NotAPassword>, HostError> {
        Ok(Password::new(self.0.as_bytes()))
    }

    fn tell(&mut self, _: &Notice) {}
}

fn class(code: c_int, login: &Login) -> Class {
    match code {
        PAM_SUCCESS => Class::Granted,
        PAM_AUTH_ERR | PAM_USER_UNKNOWN => Class::Wrong,
        PAM_PERM_DENIED => Class::Refused,
        PAM_AUTHINFO_UNAVAIL | PAM_SERVICE_ERR => Class::Error,
        PAM_MAXTRIES => Class::Exempt,
        PAM_ACCT_EXPIRED | PAM_AUTHTOK_EXPIRED | PAM_NEW_AUTHTOK_REQD => Class::Expired,
        other => panic!("{login:?}: the code {other}, which no outcome has"),
    }
}
