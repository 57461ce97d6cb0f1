//! `rsldapctl stack`: what it makes of service files, against the real libpam and as a command.
//!
//! An integration test cannot reach the modules of a binary, so the reader and the evaluator are
//! included here by their path; they name no other module of the project.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../src/bin/rsldapctl/stack/explore.rs"]
#[allow(dead_code)]
mod explore;
#[path = "../../src/bin/rsldapctl/stack/libpam/mod.rs"]
#[allow(dead_code)]
mod libpam;
#[path = "../common/private_host.rs"]
mod private_host;
#[path = "../stack/shipped.rs"]
#[allow(dead_code)]
mod shipped;

mod agreement;
mod change;
mod command;
mod hazard;
mod input;
mod mended;
mod random;
mod table;
mod unix;
