//! `rsldapctl` against real servers: what it prints, as text and as JSON, and how it ends.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/private_host.rs"]
mod private_host;

mod cache;
mod check_certificates;
mod check_directory;
mod check_files;
mod check_groups;
mod check_member_of;
mod check_secrets;
mod check_servers;
mod check_terminal;
mod exits;
mod explain;
mod explain_agreement;
mod explain_gates;
mod explain_host;
mod explain_password;
mod explain_policy;
mod explain_servers;
mod fixture;
mod json;
#[path = "../common/rsldapctl.rs"]
mod rsldapctl;
mod status;
mod terminal;
#[path = "../common/terminal.rs"]
mod typing;
mod usage;
