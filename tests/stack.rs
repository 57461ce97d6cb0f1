//! The built module through the real libpam: the stacks of `pam.d/`, and what the module does to
//! the process that loads it.
//!
//! The service files come from a private directory (`pam_start_confdir(3)`), so no right on
//! `/etc/pam.d` is needed. The directory is a real slapd; `pam_debug.so` stands where the local
//! password has to be right or wrong at will, and the real `pam_unix.so` where it can.

mod common;

#[path = "stack/arguments.rs"]
mod arguments;
#[path = "stack/conversation.rs"]
mod conversation;
#[path = "stack/faillock.rs"]
mod faillock;
#[path = "stack/handle.rs"]
mod handle;
#[path = "stack/host.rs"]
mod host;
#[path = "stack/lines.rs"]
mod lines;
#[path = "stack/neighbours.rs"]
mod neighbours;
#[path = "stack/object.rs"]
mod object;
#[path = "stack/outcomes.rs"]
mod outcomes;
#[path = "stack/scenario.rs"]
mod scenario;
#[path = "stack/shipped.rs"]
mod shipped;
