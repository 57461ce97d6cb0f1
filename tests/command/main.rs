//! `rsldapctl` against real servers: what it prints, as text and as JSON, and how it ends.

#[path = "../common/mod.rs"]
mod common;
mod explain;
mod fixture;
