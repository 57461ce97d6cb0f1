//! pam_rsldap: LDAP login for Linux hosts, as a PAM module.

pub mod config;
pub mod names;
pub mod outcome;
pub mod secret;
pub mod sys;
pub mod template;
