//! pam_rsldap: LDAP login for Linux hosts, as a PAM module.

pub mod config;
pub mod directory;
pub mod log;
pub mod login;
pub mod module;
pub mod names;
pub mod outcome;
pub mod policy;
pub mod secret;
pub mod session;
pub mod sys;
pub mod template;
pub mod transaction;
pub mod transport;
mod wipe;
